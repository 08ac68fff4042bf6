/// A location's place in the order of creation within its realm, from 1.
public struct LocationNumber: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static func < (lhs: LocationNumber, rhs: LocationNumber) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Where stock lies: a warehouse, a shop, a van.
public struct Location: Hashable, Sendable {
    public var number: LocationNumber
    /// `wh_…` on the wire.
    public var id: ULID
    /// Unique in the realm, 1–64 characters, case kept.
    public var code: String
    public var name: String
    /// Free text such as `warehouse` or `store`.
    public var type: String
    public var address: String?
    /// IANA name, such as `Europe/London`.
    public var timeZone: String?
    /// What sells from here, such as `amazon_eu`.
    public var marketplace: String?
    /// As it was set; see `refusesWrites`.
    public var isReadOnly: Bool
    /// When a marketplace last said what lies here.
    public var observedAt: Instant?
    /// Whether an item that allows it too may go below zero here.
    public var allowNegative: Bool
    /// Where a movement goes that names no location. The first location of a realm becomes it; exactly one is it.
    public var isDefault: Bool
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
        number: LocationNumber, id: ULID, code: String, name: String, type: String = "warehouse",
        address: String? = nil, timeZone: String? = nil, marketplace: String? = nil, isReadOnly: Bool = false,
        observedAt: Instant? = nil, allowNegative: Bool = false, isDefault: Bool = false,
        metadata: [UInt8]? = nil, createdAt: Instant, updatedAt: Instant, archivedAt: Instant? = nil,
        createdSeq: UInt64, archivedSeq: UInt64? = nil
    ) {
        self.number = number
        self.id = id
        self.code = code
        self.name = name
        self.type = type
        self.address = address
        self.timeZone = timeZone
        self.marketplace = marketplace
        self.isReadOnly = isReadOnly
        self.observedAt = observedAt
        self.allowNegative = allowNegative
        self.isDefault = isDefault
        self.metadata = metadata
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.archivedAt = archivedAt
        self.createdSeq = createdSeq
        self.archivedSeq = archivedSeq
    }

    /// Whether a marketplace keeps the stock here, so that only its snapshots change it, and no safety stock is held.
    public var isMarketplace: Bool { Location.marketplaceTypes.contains(type) }

    /// Whether movements by anybody but a marketplace are refused here.
    public var refusesWrites: Bool { isReadOnly || isMarketplace }

    /// Types of locations at which a marketplace keeps the stock (contracts, *Seller*).
    public static let marketplaceTypes: Set<String> = ["FBA", "FBS"]
}
