import LedgerCore
import Testing

/// A ledger in memory that takes commands one at a time and keeps every entry, for tests.
struct TestLedger {
    let committed: CommittedLedger
    var state: LedgerState
    var journal: [Entry] = []
    var clock: Int64 = 1_700_000_000_000

    init() {
        committed = CommittedLedger()
        state = LedgerState(base: committed)
    }

    /// With locations A (the default) and B, and items X, Y and so on.
    static func stocked(
        items: [String] = ["X"], scale: UInt8 = 0, reorderPoint: Int64? = nil, allowNegative: Bool = false
    ) throws -> TestLedger {
        var ledger = TestLedger()
        for code in ["A", "B"] {
            var draft = LocationDraft(code: code, name: code)
            draft.allowNegative = allowNegative
            try ledger.perform(.createLocation(draft))
        }
        for sku in items {
            var draft = ItemDraft(sku: sku, name: sku)
            draft.scale = scale
            draft.reorderPoint = reorderPoint
            draft.allowNegative = allowNegative
            try ledger.perform(.createItem(draft))
        }
        return ledger
    }

    @discardableResult
    mutating func perform(_ command: Command) throws(Rejection) -> Decision {
        clock += 1
        let decision = try decide(
            command, given: state, at: Moment(now: Instant(milliseconds: clock), actor: nil, random: (7, 7)))
        apply(decision, to: &state)
        journal += decision.entries
        return decision
    }

    /// Performs a movement and returns it as recorded.
    @discardableResult
    mutating func move(_ draft: MovementDraft) throws -> Movement {
        try #require(try perform(.recordMovement(draft)).first.movement)
    }

    /// Why the command is refused; nil when it is not.
    func refusal(of command: Command) -> Rejection? {
        do throws(Rejection) {
            _ = try decide(
                command, given: state, at: Moment(now: Instant(milliseconds: clock), actor: nil, random: (7, 7)))
            return nil
        } catch {
            return error
        }
    }

    func refusal(of draft: MovementDraft) -> Rejection? { refusal(of: .recordMovement(draft)) }

    /// The pool of X (or another item) at a location.
    func pool(_ code: String = "A", of sku: String = "X") -> CostPool {
        guard let item = state.itemNumber(.sku(sku)), let location = state.locationNumber(.code(code)) else {
            return .empty
        }
        return state.level(LevelKey(item: item, location: location))?.pool ?? .empty
    }

    /// Commits what was performed so far.
    mutating func publish() {
        committed.publish(state)
        state = LedgerState(base: committed)
    }
}

extension Entry {
    var movement: Movement? {
        guard case .movementRecorded(let movement) = change else { return nil }
        return movement
    }
}

/// A movement of X at A unless said otherwise. Costs in micro-units.
func draft(
    _ kind: MovementKind, _ quantity: Int64, of sku: String = "X", at code: String = "A", to target: String? = nil,
    unitCost: Int64? = nil, lineTotal: Int64? = nil, receipt: ULID? = nil
) -> MovementDraft {
    var draft = MovementDraft(
        kind: kind, item: .sku(sku), location: .code(code), quantity: quantity, reason: "test")
    draft.target = target.map { .code($0) }
    draft.unitCost = unitCost
    draft.lineTotal = lineTotal
    draft.receipt = receipt
    return draft
}

/// On hand / WAC / value as costing.md writes them, in base units and micro-units.
func pool(_ onHand: Int64, _ wac: Int64, _ value: Int64) -> CostPool {
    CostPool(onHand: onHand, value: value, lastWAC: wac)
}

/// A small seeded generator (xorshift64*), so that a failure can be run again.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed == 0 ? 0x9E37_79B9_7F4A_7C15 : seed
    }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
