/// Items and locations that a batch has written, by number and by every name they can be found under.
struct CatalogueChanges {
    /// True until the first write: the lookups of a batch that only moves stock stop here.
    var isEmpty = true
    /// Items there are, the batch's own included.
    var itemCount: Int
    var locationCount: Int
    var items: [ItemNumber: Item] = [:]
    /// nil inside: the sku is free again, its item was renamed.
    var skus: [String: ItemNumber?] = [:]
    var itemIDs: [ULID: ItemNumber] = [:]
    var locations: [LocationNumber: Location] = [:]
    var codes: [String: LocationNumber?] = [:]
    var locationIDs: [ULID: LocationNumber] = [:]
    /// Pairs that the batch's locations make with each other and with those before them.
    var joints: [CodeJoint] = []
    /// The default location, if the batch has set one.
    var defaultLocation: LocationNumber?

    init(items: Int, locations: Int) {
        itemCount = items
        locationCount = locations
    }
}

// Lookups, each in what the batch has changed first.
extension LedgerState {
    /// The item with this id or present SKU, archived ones included.
    public func itemNumber(_ reference: ItemReference) -> ItemNumber? {
        switch reference {
        case .sku(let sku):
            if !catalogue.isEmpty, let changed = catalogue.skus[sku] { return changed }
            return base.itemsBySKU[sku]
        case .id(let id):
            if !catalogue.isEmpty, let created = catalogue.itemIDs[id] { return created }
            return base.itemsByID[id]
        }
    }

    /// The location with this id or present code, archived ones included; or the default one.
    public func locationNumber(_ reference: LocationReference) -> LocationNumber? {
        switch reference {
        case .default: return defaultLocation
        case .code(let code):
            if !catalogue.isEmpty, let changed = catalogue.codes[code] { return changed }
            return base.locationsByCode[code]
        case .id(let id):
            if !catalogue.isEmpty, let created = catalogue.locationIDs[id] { return created }
            return base.locationsByID[id]
        }
    }

    /// nil for a number that was never given.
    public func item(_ number: ItemNumber) -> Item? {
        if !catalogue.isEmpty, let changed = catalogue.items[number] { return changed }
        return base.item(number)
    }

    /// As `itemNumber(_:)`, with its record.
    public func item(_ reference: ItemReference) -> Item? { itemNumber(reference).flatMap { item($0) } }

    /// nil for a number that was never given.
    public func location(_ number: LocationNumber) -> Location? {
        if !catalogue.isEmpty, let changed = catalogue.locations[number] { return changed }
        return base.location(number)
    }

    /// As `locationNumber(_:)`, with its record.
    public func location(_ reference: LocationReference) -> Location? {
        locationNumber(reference).flatMap { location($0) }
    }

    /// Where a movement goes that names no location; nil while there is no location at all.
    public var defaultLocation: LocationNumber? { catalogue.defaultLocation ?? base.defaultLocation }

    /// The number of the next item; nil when all are used.
    var nextItemNumber: ItemNumber? { UInt32(exactly: catalogue.itemCount + 1).map { ItemNumber(rawValue: $0) } }

    /// The number of the next location; nil when all are used.
    var nextLocationNumber: LocationNumber? {
        UInt32(exactly: catalogue.locationCount + 1).map { LocationNumber(rawValue: $0) }
    }
}

// Writes of `apply`: each assigns a whole record and keeps the names in step.
extension LedgerState {
    mutating func put(_ item: Item) {
        if let old = self.item(item.number) {
            if old.sku != item.sku, itemNumber(.sku(old.sku)) == item.number {
                catalogue.skus.updateValue(nil, forKey: old.sku)
            }
        } else {
            catalogue.itemCount = max(catalogue.itemCount, Int(item.number.rawValue))
            catalogue.itemIDs[item.id] = item.number
        }
        catalogue.isEmpty = false
        catalogue.items[item.number] = item
        catalogue.skus.updateValue(item.number, forKey: item.sku)
    }

    /// A location that is the default takes the flag from the one that was.
    mutating func put(_ location: Location) {
        if let old = self.location(location.number) {
            if old.code != location.code, locationNumber(.code(old.code)) == location.number {
                catalogue.codes.updateValue(nil, forKey: old.code)
            }
        } else {
            catalogue.locationCount = max(catalogue.locationCount, Int(location.number.rawValue))
            catalogue.locationIDs[location.id] = location.number
        }
        catalogue.isEmpty = false
        if locationNumber(.code(location.code)) != location.number {
            let known = base.locations.map { (code: $0.code, number: $0.number) }
            let own = catalogue.locations.values.map { (code: $0.code, number: $0.number) }
            catalogue.joints += joints(of: location.code, location.number, with: known + own)
        }
        catalogue.locations[location.number] = location
        catalogue.codes.updateValue(location.number, forKey: location.code)
        guard location.isDefault, defaultLocation != location.number else { return }
        if let previous = defaultLocation, var record = self.location(previous) {
            record.isDefault = false
            catalogue.locations[previous] = record
        }
        catalogue.defaultLocation = location.number
    }
}

extension LedgerState {
    /// Traits of an item whose number a lookup has given.
    func traits(of number: ItemNumber) -> ItemTraits? {
        if !catalogue.isEmpty, let changed = catalogue.items[number] { return ItemTraits(changed) }
        let index = Int(number.rawValue) - 1
        return base.itemTraits.indices.contains(index) ? base.itemTraits[index] : nil
    }

    /// Traits of a location whose number a lookup has given.
    func traits(of number: LocationNumber) -> LocationTraits? {
        if !catalogue.isEmpty, let changed = catalogue.locations[number] { return LocationTraits(changed) }
        let index = Int(number.rawValue) - 1
        return base.locationTraits.indices.contains(index) ? base.locationTraits[index] : nil
    }
}
