import LedgerCore
import Testing

@Suite("thresholds")
struct ThresholdTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var before: Int64
        var change: Int64
        var reorderPoint: Int64?
        var expected: [String]
        var testDescription: String { "\(before) \(change) at \(reorderPoint.map(String.init) ?? "none")" }

        init(_ before: Int64, _ change: Int64, _ reorderPoint: Int64?, _ expected: [String]) {
            self.before = before
            self.change = change
            self.reorderPoint = reorderPoint
            self.expected = expected
        }
    }

    static let rows: [Row] = [
        Row(10, -4, 5, []), Row(10, -5, 5, []), Row(10, -6, 5, ["stock.low"]), Row(5, -1, 5, ["stock.low"]),
        Row(4, -1, 5, []), Row(4, -4, 5, ["stock.out"]), Row(10, -10, 5, ["stock.low", "stock.out"]),
        Row(10, -12, 5, ["stock.low", "stock.out"]), Row(1, -1, nil, ["stock.out"]), Row(2, -1, nil, []),
        Row(2, -3, nil, ["stock.out"]), Row(0, -1, nil, []), Row(0, -1, 0, ["stock.low"]), Row(1, -1, 0, ["stock.out"]),
        Row(-1, -1, 0, []), Row(1, -2, 0, ["stock.low", "stock.out"]), Row(3, 1, 5, []), Row(-3, 3, 5, []),
        Row(-3, 9, 5, []), Row(4, 1, 5, []),
    ]

    @Test("low fires on crossing the reorder point and out on reaching zero, low first", arguments: rows)
    func crossing(_ row: Row) throws {
        var ledger = try TestLedger.stocked(reorderPoint: row.reorderPoint, allowNegative: true)
        try ledger.set(pool(row.before, 0, 0))
        let decision = try ledger.perform(.recordMovement(draft(.adjustment, row.change)))
        #expect(decision.following.map(\.change.type) == row.expected)
        for (index, entry) in decision.following.enumerated() {
            let alert: StockAlert
            switch entry.change {
            case .stockLow(let found), .stockOut(let found): alert = found
            default: throw Unexpected()
            }
            #expect(alert.before == row.before)
            #expect(alert.after == row.before + row.change)
            #expect(alert.reorderPoint == row.reorderPoint)
            #expect(alert.movementSeq == decision.first.seq)
            #expect(entry.seq == decision.first.seq + UInt64(index) + 1)
            #expect(entry.id > decision.first.id)
            #expect(entry.recordedAt == decision.first.recordedAt)
        }
        #expect(ledger.state.head == decision.lastEntry.head)
        #expect(ledger.pool() == decision.first.movement?.after)
    }

    @Test("a level that stays low does not fire again until it has recovered")
    func oncePerCrossing() throws {
        var ledger = try TestLedger.stocked(reorderPoint: 5)
        try ledger.move(draft(.receipt, 6))
        var types: [[String]] = []
        for change: Int64 in [-2, -1, 2, -1, -4, 6, -6] {
            types.append(
                try ledger.perform(.recordMovement(draft(.adjustment, change))).following.map(\.change.type))
        }
        #expect(types == [["stock.low"], [], [], ["stock.low"], ["stock.out"], [], ["stock.low", "stock.out"]])
    }

    @Test("a transfer fires at its source alone, and alerts leave no trace in a level's history")
    func transfer() throws {
        var ledger = try TestLedger.stocked(reorderPoint: 5)
        try ledger.move(draft(.receipt, 6))
        let decision = try ledger.perform(.recordMovement(draft(.transfer, 6, to: "B")))
        #expect(decision.following.map(\.change.type) == ["stock.low", "stock.out"])
        let next = try ledger.move(draft(.receipt, 1))
        #expect(next.link.previous == decision.first.seq)
        #expect(ledger.journal.map(\.seq) == Array(1...UInt64(ledger.journal.count)))
    }

    struct Unexpected: Error {}
}
