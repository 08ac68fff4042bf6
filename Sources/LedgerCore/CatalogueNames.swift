/// What an answer says of an item beside its numbers: read for every movement, so without the rest of the record.
public struct ItemName: Hashable, Sendable {
    public var id: ULID
    public var sku: String
    public var scale: UInt8
}

/// What an answer says of a location.
public struct LocationName: Hashable, Sendable {
    public var id: ULID
    public var code: String
}

/// Where a rendering finds the items and locations that an entry names by number.
public protocol CatalogueNames {
    /// nil for a number that was never given.
    func itemName(_ number: ItemNumber) -> ItemName?
    /// nil for a number that was never given.
    func locationName(_ number: LocationNumber) -> LocationName?
}

extension CommittedLedger: CatalogueNames {
    public func itemName(_ number: ItemNumber) -> ItemName? {
        let index = Int(number.rawValue) - 1
        guard items.indices.contains(index) else { return nil }
        return ItemName(id: items[index].id, sku: items[index].sku, scale: items[index].scale)
    }

    public func locationName(_ number: LocationNumber) -> LocationName? {
        let index = Int(number.rawValue) - 1
        guard locations.indices.contains(index) else { return nil }
        return LocationName(id: locations[index].id, code: locations[index].code)
    }
}

extension LedgerState: CatalogueNames {
    public func itemName(_ number: ItemNumber) -> ItemName? {
        if !catalogue.isEmpty, let changed = catalogue.items[number] {
            return ItemName(id: changed.id, sku: changed.sku, scale: changed.scale)
        }
        return base.itemName(number)
    }

    public func locationName(_ number: LocationNumber) -> LocationName? {
        if !catalogue.isEmpty, let changed = catalogue.locations[number] {
            return LocationName(id: changed.id, code: changed.code)
        }
        return base.locationName(number)
    }
}
