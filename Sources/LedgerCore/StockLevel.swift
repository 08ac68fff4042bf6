/// One item at one location.
public struct LevelKey: Hashable, Comparable, Sendable {
    public var item: ItemNumber
    public var location: LocationNumber

    public init(item: ItemNumber, location: LocationNumber) {
        self.item = item
        self.location = location
    }

    /// Both numbers in one integer, items first: the order of keys and the primary key of a level.
    public var packed: UInt64 { UInt64(item.rawValue) << 32 | UInt64(location.rawValue) }

    public init(packed: UInt64) {
        self.item = ItemNumber(rawValue: UInt32(packed >> 32))
        self.location = LocationNumber(rawValue: UInt32(truncatingIfNeeded: packed))
    }

    public static func < (lhs: LevelKey, rhs: LevelKey) -> Bool { lhs.packed < rhs.packed }

    public func hash(into hasher: inout Hasher) { hasher.combine(packed) }
}

/// What a cost pool holds: quantity, value and the last average. `value` is the stored truth; the weighted average cost
/// is derived from it (costing.md, *Representation*).
public struct CostPool: Hashable, Sendable {
    /// Base units; negative only where location and item allow it. |onHand| ≤ `Limits.onHand`.
    public var onHand: Int64
    /// Micro-units (10⁻⁶) of the currency. Exactly 0 whenever `onHand` is 0.
    public var value: Int64
    /// Micro-units per item unit: the weighted average cost while on hand was last above 0; 0 without history.
    public var lastWAC: Int64

    public static let empty = CostPool(onHand: 0, value: 0, lastWAC: 0)

    public init(onHand: Int64, value: Int64, lastWAC: Int64) {
        self.onHand = onHand
        self.value = value
        self.lastWAC = lastWAC
    }
}

/// What is on hand of one item at one location, and where its history begins.
public struct StockLevel: Hashable, Sendable {
    public var key: LevelKey
    public var pool: CostPool
    /// Base units promised to orders and not yet shipped, 0 or more. Available = on hand − reserved.
    public var reserved: Int64
    /// The chain of entries that made it what it is.
    public var history: LevelHistory
    /// Behind a reference, since most levels of most ledgers have none and all are in memory.
    private var box: SettingsBox?

    public init(
        key: LevelKey, pool: CostPool = .empty, reserved: Int64 = 0, history: LevelHistory = LevelHistory(),
        settings: StockSettings? = nil
    ) {
        self.key = key
        self.pool = pool
        self.reserved = reserved
        self.history = history
        box = settings.map { SettingsBox(settings: $0) }
    }

    /// nil while nothing was ever set here.
    public var settings: StockSettings? {
        get { box?.settings }
        set { box = newValue.map { SettingsBox(settings: $0) } }
    }

    /// Seq of the last entry that changed anything here, 0 when there is none.
    public var changedSeq: UInt64 { max(history.lastSeq, box?.settings.changedSeq ?? 0) }

    /// Base units that can be offered here.
    public var available: Int64 { pool.onHand &- reserved &- (box?.settings.safetyStock ?? 0) }
}

/// Settings that never change: another value is another box.
private final class SettingsBox: Hashable, Sendable {
    let settings: StockSettings

    init(settings: StockSettings) {
        self.settings = settings
    }

    static func == (lhs: SettingsBox, rhs: SettingsBox) -> Bool { lhs.settings == rhs.settings }

    func hash(into hasher: inout Hasher) { hasher.combine(settings) }
}

/// The head of a level's chain of entries, which are linked backwards so that any past moment is found in O(log n).
///
/// Each entry of a level points to the one before it and, by a skew-binary jump pointer, to one much further back. The
/// level itself keeps the roots of the skew-binary trees that its entries form, newest first: at most log₂ n + 1 of
/// them, which is all that the next entry needs to know its own two pointers. (E. W. Myers, *An applicative
/// random-access stack*, 1983.)
public struct LevelHistory: Hashable, Sendable {
    /// Roots, newest first, each `seq << 6 | rank`, where a tree of rank r holds 2^r − 1 entries.
    public var roots: [UInt64]

    public init(roots: [UInt64] = []) {
        self.roots = roots
    }

    /// Seq of the level's last entry, 0 when it has none.
    public var lastSeq: UInt64 { roots.first.map { $0 >> 6 } ?? 0 }

    /// The pointers that the next entry of this level carries.
    public var nextLink: HistoryLink {
        guard let first = roots.first else { return HistoryLink(previous: 0, jump: 0) }
        if roots.count > 1, first & 63 == roots[1] & 63 {
            return HistoryLink(previous: first >> 6, jump: roots.count > 2 ? roots[2] >> 6 : 0)
        }
        return HistoryLink(previous: first >> 6, jump: first >> 6)
    }

    /// Makes the entry `seq`, which carries `nextLink`, the newest of the chain.
    public mutating func append(_ seq: UInt64) {
        if roots.count > 1, roots[0] & 63 == roots[1] & 63 {
            let rank = (roots[0] & 63) + 1
            roots.remove(at: 0)
            roots[0] = seq << 6 | rank
        } else {
            roots.insert(seq << 6 | 1, at: 0)
        }
    }
}

/// An entry's pointers back along one level's chain; 0 means that there is nothing before.
public struct HistoryLink: Hashable, Sendable {
    /// Seq of the entry just before at the same level.
    public var previous: UInt64
    /// Seq of an entry further back (or the same one): everything between has a larger seq than it.
    public var jump: UInt64

    public init(previous: UInt64, jump: UInt64) {
        self.previous = previous
        self.jump = jump
    }

    /// The pointer to follow from an entry behind which `seq` is sought: the longer one that does not pass it.
    /// Following this until an entry's own seq is `seq` or less finds the last entry of the level up to `seq`, or 0, in
    /// O(log n).
    public func towards(_ seq: UInt64) -> UInt64 { jump >= seq ? jump : previous }
}
