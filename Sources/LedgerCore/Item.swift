/// An item's place in the order of creation within its realm, from 1. Dense, so that it can index and sort.
public struct ItemNumber: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static func < (lhs: ItemNumber, rhs: ItemNumber) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// What is kept in stock: a product at the granularity at which it is counted.
public struct Item: Hashable, Sendable {
    public var number: ItemNumber
    /// `itm_…` on the wire.
    public var id: ULID
    /// Unique in the realm, 1–64 characters, case kept.
    public var sku: String
    public var name: String
    /// Decimals of one unit, 0–6: 2.5 kg at scale 3 is the quantity 2500. Fixed after the first movement.
    public var scale: UInt8
    public var barcode: String?
    /// Selling price of one unit, in micro-units of the currency, 0 or more.
    public var price: Int64?
    /// Weight of one unit, in millionths of the realm's unit of weight, 0 or more.
    public var weight: Int64?
    /// Base units. A stock level that falls from this or more to less is low.
    public var reorderPoint: Int64?
    /// Whether a location that allows it too may go below zero on this item.
    public var allowNegative: Bool
    /// A JSON object exactly as it was sent.
    public var metadata: [UInt8]?
    public var createdAt: Instant
    public var updatedAt: Instant
    public var archivedAt: Instant?
    /// Seq of the entry that created it.
    public var createdSeq: UInt64
    /// Seq of the entry that archived it; nil while it is in use.
    public var archivedSeq: UInt64?

    public init(
        number: ItemNumber, id: ULID, sku: String, name: String, scale: UInt8 = 0, barcode: String? = nil,
        price: Int64? = nil, weight: Int64? = nil, reorderPoint: Int64? = nil, allowNegative: Bool = false,
        metadata: [UInt8]? = nil, createdAt: Instant, updatedAt: Instant, archivedAt: Instant? = nil,
        createdSeq: UInt64, archivedSeq: UInt64? = nil
    ) {
        self.number = number
        self.id = id
        self.sku = sku
        self.name = name
        self.scale = scale
        self.barcode = barcode
        self.price = price
        self.weight = weight
        self.reorderPoint = reorderPoint
        self.allowNegative = allowNegative
        self.metadata = metadata
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.archivedAt = archivedAt
        self.createdSeq = createdSeq
        self.archivedSeq = archivedSeq
    }
}
