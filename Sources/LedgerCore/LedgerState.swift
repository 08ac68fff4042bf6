/// What the journal says about a receipt that a supplier return may refer to.
public struct ReceiptFacts: Hashable, Sendable {
    public var item: ItemNumber
    /// Base units received, above 0.
    public var quantity: Int64
    /// What the whole receipt was worth, in micro-units, whatever part of it settled a shortage.
    public var value: Int64

    /// An entry that exists but is no receipt: a return that refers to it is refused with `receiptMismatch`.
    public static let notAReceipt = ReceiptFacts(item: ItemNumber(rawValue: 0), quantity: 0, value: 0)

    public init(item: ItemNumber, quantity: Int64, value: Int64) {
        self.item = item
        self.quantity = quantity
        self.value = value
    }

    /// The facts of a recorded movement; `notAReceipt` for another kind.
    public init(_ movement: Movement) {
        guard movement.kind == .receipt else {
            self = .notAReceipt
            return
        }
        // Below zero a part of the total became variance; together they are the total, which did fit once.
        self.init(
            item: movement.item, quantity: movement.quantity, value: movement.valueChange &+ movement.variance)
    }
}

/// The state that a batch of commands is decided on: what is committed, and over it what the batch has changed so far.
///
/// It is a value. A copy taken before an atomic group of commands undoes the group when it is put back; taking one
/// costs a few retains, and the first change after it copies what the batch has changed so far. While states over it
/// are in use, `base` may gain and lose *loaded levels*, and nothing else.
public struct LedgerState {
    let base: CommittedLedger
    /// The head of `base` that it was made on, by which `publish` knows that nothing came in between.
    let start: Head
    /// What the next entry follows.
    public internal(set) var head: Head
    /// The levels that the batch has touched, as they are now.
    public internal(set) var changedLevels: [LevelKey: StockLevel] = [:]
    /// Locations at which an item had its first movement in this batch, in that order.
    public internal(set) var newLocationsByItem: [ItemNumber: [LocationNumber]] = [:]
    /// By how much each location has gained (+) or lost (−) levels with on hand ≠ 0.
    var stockedLevels: [LocationNumber: Int] = [:]
    /// Stays empty, and is not looked into, while the batch writes no item and no location.
    var catalogue: CatalogueChanges
    var webhooks: WebhookOverlay
    /// Receipts that supplier returns can refer to: the engine puts in what the footprint asks for, `apply` what the
    /// batch itself receives.
    public var receipts: [ULID: ReceiptFacts] = [:]

    public init(base: CommittedLedger) {
        self.base = base
        self.start = base.head
        self.head = base.head
        self.catalogue = CatalogueChanges(items: base.items.count, locations: base.locations.count)
        self.webhooks = WebhookOverlay(count: base.webhooks.count)
    }
}

// Levels.
extension LedgerState {
    /// The level as it is now; nil when nothing was recorded there, or when it is not in memory (see `hasLevel`).
    public func level(_ key: LevelKey) -> StockLevel? {
        changedLevels[key] ?? base.levels[key]
    }

    /// Whether the level is in memory; cheaper than to take it.
    func isLoaded(_ key: LevelKey) -> Bool {
        base.levels.index(forKey: key) != nil || changedLevels.index(forKey: key) != nil
    }

    /// What deciding a movement reads of a level, without taking hold of its history's memory; nil as in `level`.
    func standing(at key: LevelKey) -> LevelStanding? {
        if let index = changedLevels.index(forKey: key) { return LevelStanding(changedLevels.values[index]) }
        if let index = base.levels.index(forKey: key) { return LevelStanding(base.levels.values[index]) }
        return nil
    }

    /// Whether anything was ever recorded there, in memory or not.
    public func hasLevel(_ key: LevelKey) -> Bool {
        base.hasLevel(key) || (newLocationsByItem[key.item]?.contains(key.location) ?? false)
    }

    /// Whether the item was ever moved anywhere.
    func hasLevels(_ item: ItemNumber) -> Bool {
        let index = Int(item.rawValue) - 1
        if base.locationsByItem.indices.contains(index), !base.locationsByItem[index].isEmpty { return true }
        return newLocationsByItem[item] != nil
    }

    /// Every location at which the item has a level, in order of first movement.
    func forEachLocation(of item: ItemNumber, _ body: (LocationNumber) -> Void) {
        let index = Int(item.rawValue) - 1
        if base.locationsByItem.indices.contains(index) {
            for location in base.locationsByItem[index] { body(location) }
        }
        for location in newLocationsByItem[item] ?? [] { body(location) }
    }

    /// How many levels of the location have on hand ≠ 0.
    func stockedLevels(at location: LocationNumber) -> Int {
        let index = Int(location.rawValue) - 1
        let committed =
            base.stockedLevelsByLocation.indices.contains(index) ? base.stockedLevelsByLocation[index] : 0
        return committed + (stockedLevels[location] ?? 0)
    }
}

/// What deciding a movement needs to know of a level.
struct LevelStanding {
    var pool: CostPool
    var link: HistoryLink

    static let new = LevelStanding(pool: .empty, link: HistoryLink(previous: 0, jump: 0))

    init(pool: CostPool, link: HistoryLink) {
        self.pool = pool
        self.link = link
    }

    init(_ level: borrowing StockLevel) {
        self.init(pool: level.pool, link: level.history.nextLink)
    }
}
