extension CommittedLedger {
    /// Takes over what a batch has changed, once it is committed.
    /// - Parameter state: a state over this ledger, on which nothing else was published since it was made.
    public func publish(_ state: LedgerState) {
        // A batch decided on anything else would silently undo what happened in between. No request leads here.
        precondition(state.base === self && state.start == head, "the state was decided on another ledger")
        if !state.catalogue.isEmpty { publish(state.catalogue) }
        for number in state.webhooks.changed.keys.sorted() {
            if let webhook = state.webhooks.changed[number] { put(webhook) }
        }
        for (key, level) in state.changedLevels { levels[key] = level }
        for (item, new) in state.newLocationsByItem {
            let index = Int(item.rawValue) - 1
            if locationsByItem.indices.contains(index) { locationsByItem[index].append(contentsOf: new) }
        }
        for (location, change) in state.stockedLevels { count(change, at: location) }
        head = state.head
    }

    private func publish(_ catalogue: CatalogueChanges) {
        // New ones in the order of their numbers, which are their places in the arrays.
        for index in items.count..<max(items.count, catalogue.itemCount) {
            if let item = catalogue.items[ItemNumber(rawValue: UInt32(index + 1))] { put(item) }
        }
        for index in locations.count..<max(locations.count, catalogue.locationCount) {
            if let location = catalogue.locations[LocationNumber(rawValue: UInt32(index + 1))] { put(location) }
        }
        for item in catalogue.items.values { put(item) }
        for location in catalogue.locations.values { put(location) }
    }

    /// Assigns a whole record and keeps its names in step. In whatever order renamed items come, each name ends with
    /// the item that has it: a name is dropped only by the item that still holds it.
    func put(_ item: Item) {
        let index = Int(item.number.rawValue) - 1
        if index == items.count {
            items.append(item)
            itemTraits.append(ItemTraits(item))
            locationsByItem.append([])
        } else if items.indices.contains(index) {
            let old = items[index].sku
            if old != item.sku, itemsBySKU[old] == item.number { itemsBySKU[old] = nil }
            items[index] = item
            itemTraits[index] = ItemTraits(item)
        } else {
            return
        }
        itemsBySKU[item.sku] = item.number
        itemsByID[item.id] = item.number
    }

    /// The same for a location. One that is the default takes the flag from the one that was.
    func put(_ location: Location) {
        let index = Int(location.number.rawValue) - 1
        if index == locations.count {
            locations.append(location)
            locationTraits.append(LocationTraits(location))
            stockedLevelsByLocation.append(0)
        } else if locations.indices.contains(index) {
            let old = locations[index].code
            if old != location.code, locationsByCode[old] == location.number { locationsByCode[old] = nil }
            locations[index] = location
            locationTraits[index] = LocationTraits(location)
        } else {
            return
        }
        if locationsByCode[location.code] != location.number {
            let known = locations.lazy.map { (code: $0.code, number: $0.number) }
            joints += LedgerCore.joints(of: location.code, location.number, with: known)
        }
        locationsByCode[location.code] = location.number
        locationsByID[location.id] = location.number
        guard location.isDefault else { return }
        // Not only the one before it: rows that a crash has left may be of different moments and show more than one.
        for other in locations.indices where other != index && locations[other].isDefault {
            locations[other].isDefault = false
        }
        defaultLocation = location.number
    }

    func count(_ change: Int, at location: LocationNumber) {
        let index = Int(location.rawValue) - 1
        if stockedLevelsByLocation.indices.contains(index) { stockedLevelsByLocation[index] += change }
    }
}
