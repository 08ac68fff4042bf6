import LedgerCore

/// The rules alone: decide and apply, on a ledger with one level and with ten thousand.
struct LedgerBenchmarks {
    static let batch = 500

    let stopwatch: Stopwatch

    func run() throws -> [Measurement?] {
        try [1, 10_000].flatMap { try run(levels: $0) }
    }

    private func run(levels: Int) throws -> [Measurement?] {
        let ledger = try StockedLedger(levels: levels)
        let count = levels == 1 ? "1 level" : "\(ResultTable.grouped(levels)) levels"
        // In an order that a cache can't foresee; 7,919 is prime to every number of levels here.
        let commands = (0..<Self.batch).map { ledger.sale(of: $0 &* 7_919 % levels) }
        let decisions = try ledger.decisions(on: commands)
        let warm = ledger.state()

        return [
            try stopwatch.measure("decide a sale, \(count)", "decisions", operations: commands.count) {
                var last: Decision?
                for command in commands { last = try decide(command, given: warm, at: ledger.moment) }
                return last
            },
            stopwatch.measure("apply a sale, \(count)", "decisions", operations: decisions.count) {
                var state = ledger.state()
                for decision in decisions { apply(decision, to: &state) }
                return state.head
            },
            try stopwatch.measure(
                "decide and apply a sale in a batch of 500, \(count)", "movements", operations: commands.count
            ) {
                var state = ledger.state()
                for command in commands {
                    apply(try decide(command, given: state, at: ledger.moment), to: &state)
                }
                return state.head
            },
            try stopwatch.measure(
                "decide, apply and publish a batch of 500, \(count)", "movements", operations: commands.count
            ) {
                var state = ledger.state()
                for command in commands {
                    apply(try decide(command, given: state, at: ledger.moment), to: &state)
                }
                ledger.committed.publish(state)
                return ledger.committed.head
            },
        ]
    }
}

/// A ledger in memory with so many items at one location, each with stock that no benchmark sells out.
struct StockedLedger {
    let committed = CommittedLedger()
    let moment = Moment(
        now: Instant(milliseconds: 1_780_000_000_000), actor: ULID(high: 7, low: 7), random: (0x1234, 0x5678_9ABC))

    init(levels: Int) throws(Rejection) {
        var state = LedgerState(base: committed)
        func perform(_ command: Command) throws(Rejection) {
            apply(try decide(command, given: state, at: moment), to: &state)
        }
        try perform(.createLocation(LocationDraft(code: "SEA-1", name: "Seattle")))
        for number in 0..<levels {
            try perform(.createItem(ItemDraft(sku: Self.sku(number), name: "Green tea \(number)")))
            var receipt = MovementDraft(
                kind: .receipt, item: .sku(Self.sku(number)), location: .code("SEA-1"), quantity: 1_000_000_000_000,
                reason: "opening")
            receipt.unitCost = 1_000
            try perform(.recordMovement(receipt))
        }
        committed.publish(state)
    }

    private static func sku(_ number: Int) -> String { "SKU-\(10_000 + number)" }

    func state() -> LedgerState { LedgerState(base: committed) }

    func sale(of number: Int) -> Command {
        var draft = MovementDraft(
            kind: .sale, item: .sku(Self.sku(number)), location: .code("SEA-1"), quantity: -2,
            reason: "order_shipped")
        draft.reference = "ord_\(1_000_000 + number)"
        return .recordMovement(draft)
    }

    /// What the commands come to, one after another.
    func decisions(on commands: [Command]) throws(Rejection) -> [Decision] {
        var state = state()
        var decisions: [Decision] = []
        for command in commands {
            let decision = try decide(command, given: state, at: moment)
            apply(decision, to: &state)
            decisions.append(decision)
        }
        return decisions
    }
}
