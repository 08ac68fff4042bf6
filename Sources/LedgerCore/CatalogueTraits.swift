/// The properties of an item that deciding a movement reads: no strings, so that no reference is counted.
struct ItemTraits {
    var scale: UInt8
    var allowNegative: Bool
    var isArchived: Bool
    var reorderPoint: Int64?

    init(_ item: borrowing Item) {
        scale = item.scale
        allowNegative = item.allowNegative
        isArchived = item.archivedSeq != nil
        reorderPoint = item.reorderPoint
    }
}

/// The properties of a location that deciding a movement reads.
struct LocationTraits {
    var allowNegative: Bool
    var isArchived: Bool
    var isMarketplace: Bool
    var refusesWrites: Bool

    init(_ location: borrowing Location) {
        allowNegative = location.allowNegative
        isArchived = location.archivedSeq != nil
        isMarketplace = location.isMarketplace
        refusesWrites = location.refusesWrites
    }
}
