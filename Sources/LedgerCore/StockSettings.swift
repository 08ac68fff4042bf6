/// What was set about one item at one location, beside what moved there: the price and cost that a shop shows, whether
/// it sells there, and the stock that it holds back.
public struct StockSettings: Hashable, Sendable {
    /// Selling price of one item unit here, in micro-units, 0 or more; nil: the item's.
    public var price: Int64?
    /// Cost price of one item unit here, in micro-units, 0 or more; nil: the weighted average cost. Goods that are
    /// found here (`StockTarget`) are booked at it.
    public var cost: Int64?
    /// Whether it is for sale here.
    public var isAvailable: Bool
    /// Base units that are never offered, 0 or more; always 0 at a marketplace's location.
    public var safetyStock: Int64
    public var changedAt: Instant
    /// Seq of the entry that says so.
    public var changedSeq: UInt64

    public init(
        price: Int64? = nil, cost: Int64? = nil, isAvailable: Bool = true, safetyStock: Int64 = 0, changedAt: Instant,
        changedSeq: UInt64
    ) {
        self.price = price
        self.cost = cost
        self.isAvailable = isAvailable
        self.safetyStock = safetyStock
        self.changedAt = changedAt
        self.changedSeq = changedSeq
    }
}

/// Settings of a stock level as an entry of the journal says them: all of them, so that a fold is an assignment.
public struct StockSettingsChange: Hashable, Sendable {
    public var level: LevelKey
    public var settings: StockSettings

    public init(level: LevelKey, settings: StockSettings) {
        self.level = level
        self.settings = settings
    }
}

/// Members of a level's settings to change. Money in micro-units, quantities in base units.
public struct StockSettingsChanges: Hashable, Sendable {
    public var price: Patch<Int64> = .keep
    public var cost: Patch<Int64> = .keep
    public var isAvailable: Bool?
    public var safetyStock: Int64?

    public init() {}

    var isEmpty: Bool { self == StockSettingsChanges() }

    /// The settings after the change; nil when they are so already.
    ///
    /// - Parameter isNew: whether they are to be written even when they say nothing.
    func applied(to settings: StockSettings?, at stamp: Stamp, isNew: Bool) -> StockSettings? {
        let before = settings ?? StockSettings(changedAt: stamp.recordedAt, changedSeq: stamp.seq)
        var changed = before
        changed.price = price.applied(to: changed.price)
        changed.cost = cost.applied(to: changed.cost)
        changed.isAvailable = isAvailable ?? changed.isAvailable
        changed.safetyStock = safetyStock ?? changed.safetyStock
        if changed == before, !isNew { return nil }
        changed.changedAt = stamp.recordedAt
        changed.changedSeq = stamp.seq
        return changed
    }
}

/// What a stock level shall be: how much is on hand, and its settings. What it says of already is left alone, so that
/// saying it again records nothing.
public struct StockTarget: Hashable, Sendable {
    public var item: ItemReference
    public var location: LocationReference
    /// Base units that are on hand, 0 or more: the ledger books the difference as an adjustment. nil: as it is.
    public var quantity: Int64?
    /// What the caller believes is on hand: refused when it is not so.
    public var expected: Int64?
    public var reason: String
    public var reference: String?
    public var note: String?
    public var settings = StockSettingsChanges()
    /// When a marketplace saw this quantity. Only such a target may change what lies at a marketplace.
    public var observedAt: Instant?

    public init(item: ItemReference, location: LocationReference, reason: String) {
        self.item = item
        self.location = location
        self.reason = reason
    }
}

/// What can be offered of an item, from its totals (contracts, *Seller*).
public enum StockStatus: UInt8, CaseIterable, Hashable, Sendable {
    case normal
    case low
    case critical
    case outOfStock

    /// - Parameters:
    ///   - onHand, reserved, safetyStock: sums over the item's locations, in base units.
    ///   - reorderPoint: the item's, where it has one.
    public init(onHand: Int64, reserved: Int64, safetyStock: Int64, reorderPoint: Int64?) {
        let free = onHand &- reserved
        let available = free &- safetyStock
        if free <= 0 {
            self = .outOfStock
        } else if available <= 0 {
            self = .critical
        } else if let reorderPoint, available <= reorderPoint {
            self = .low
        } else {
            self = .normal
        }
    }
}
