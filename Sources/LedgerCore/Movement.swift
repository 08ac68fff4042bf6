/// What a movement is. The raw value is what the journal stores and never changes.
public enum MovementKind: UInt8, Sendable, CaseIterable {
    /// Goods come in from a supplier or as an opening balance: +.
    case receipt = 1
    /// Goods leave to a customer: −.
    case sale = 2
    /// Goods leave the shelf for an order: −. Costed as a sale.
    case pick = 3
    /// From a customer +, to a supplier −.
    case `return` = 4
    /// A gain + or a loss −.
    case adjustment = 5
    /// From one location to another, atomically; the quantity is the magnitude.
    case transfer = 6
}

/// A movement as it was recorded: one entry of the journal, with everything that it did.
public struct Movement: Hashable, Sendable {
    public var kind: MovementKind
    public var item: ItemNumber
    public var location: LocationNumber
    /// Base units, signed at `location`: a transfer's is negative here, and its magnitude arrives at the target.
    public var quantity: Int64
    public var reason: String
    public var reference: String?
    public var note: String?
    /// When it happened, if not when it was recorded. A label: costing and order follow the recording.
    public var occurredAt: Instant?
    /// Micro-units per item unit as sent; nil when the ledger chose the cost.
    public var unitCost: Int64?
    /// The receipt that a supplier return refers to.
    public var receipt: ULID?
    /// What the movement added to (+) or took from (−) the value at `location`, in micro-units.
    public var valueChange: Int64
    /// Receipt while negative: settlement − provisional value; supplier return: credit − value removed. Micro-units.
    public var variance: Int64
    /// The pool at `location` afterwards.
    public var after: CostPool
    public var link: HistoryLink
    /// The other leg of a transfer.
    public var target: TransferLeg?

    public init(
        kind: MovementKind, item: ItemNumber, location: LocationNumber, quantity: Int64, reason: String,
        reference: String? = nil, note: String? = nil, occurredAt: Instant? = nil, unitCost: Int64? = nil,
        receipt: ULID? = nil, valueChange: Int64, variance: Int64 = 0, after: CostPool, link: HistoryLink,
        target: TransferLeg? = nil
    ) {
        self.kind = kind
        self.item = item
        self.location = location
        self.quantity = quantity
        self.reason = reason
        self.reference = reference
        self.note = note
        self.occurredAt = occurredAt
        self.unitCost = unitCost
        self.receipt = receipt
        self.valueChange = valueChange
        self.variance = variance
        self.after = after
        self.link = link
        self.target = target
    }
}

/// Where a transfer arrives.
public struct TransferLeg: Hashable, Sendable {
    public var location: LocationNumber
    /// Value that entered, in micro-units. Differs from what left by `variance` when the target was negative.
    public var valueChange: Int64
    /// Settlement − provisional value where the target was negative, in micro-units.
    public var variance: Int64
    /// The pool at the target afterwards.
    public var after: CostPool
    public var link: HistoryLink

    public init(
        location: LocationNumber, valueChange: Int64, variance: Int64, after: CostPool, link: HistoryLink
    ) {
        self.location = location
        self.valueChange = valueChange
        self.variance = variance
        self.after = after
        self.link = link
    }
}

/// A threshold that a movement crossed at one level: `stock.low` or `stock.out` (costing.md, *Thresholds*).
public struct StockAlert: Hashable, Sendable {
    public var item: ItemNumber
    public var location: LocationNumber
    /// Base units before and after the movement.
    public var before: Int64
    public var after: Int64
    /// The item's reorder point at that moment, when it has one.
    public var reorderPoint: Int64?
    /// Seq of the movement that crossed it.
    public var movementSeq: UInt64

    public init(
        item: ItemNumber, location: LocationNumber, before: Int64, after: Int64, reorderPoint: Int64?,
        movementSeq: UInt64
    ) {
        self.item = item
        self.location = location
        self.before = before
        self.after = after
        self.reorderPoint = reorderPoint
        self.movementSeq = movementSeq
    }
}
