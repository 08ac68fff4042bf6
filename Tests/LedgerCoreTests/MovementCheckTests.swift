import LedgerCore
import Testing

@Suite("movement checks")
struct MovementCheckTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var name: String
        var draft: MovementDraft
        var expected: Rejection?
        var testDescription: String { name }
    }

    /// X has 5 at A, Y is archived, location C is archived, location B is empty.
    private func ledger() throws -> TestLedger {
        var ledger = try TestLedger.stocked(items: ["X", "Y"])
        try ledger.perform(.archiveItem(.sku("Y")))
        try ledger.perform(.createLocation(LocationDraft(code: "C", name: "C")))
        try ledger.perform(.archiveLocation(.code("C")))
        try ledger.move(draft(.receipt, 5, unitCost: 1_000_000))
        return ledger
    }

    private static let unknown = ULID(high: 1, low: 1)
    private static let over = Limits.quantity + 1

    static let shapes: [Row] = [
        Row(name: "zero", draft: draft(.sale, 0), expected: .quantityZero),
        Row(name: "the largest quantity in", draft: draft(.receipt, Limits.quantity), expected: nil),
        Row(name: "one more", draft: draft(.receipt, over), expected: .quantityOutOfRange),
        Row(
            name: "the largest quantity out", draft: draft(.sale, -Limits.quantity),
            expected: .insufficientStock(sku: "X", code: "A", onHand: 5, requested: Limits.quantity)),
        Row(name: "one more out", draft: draft(.sale, -over), expected: .quantityOutOfRange),
        Row(name: "Int64.min", draft: draft(.adjustment, .min), expected: .quantityOutOfRange),
        Row(name: "Int64.max", draft: draft(.transfer, .max, to: "B"), expected: .quantityOutOfRange),
        Row(name: "a receipt takes", draft: draft(.receipt, -1), expected: .quantitySign(.receipt, expected: 1)),
        Row(name: "a sale adds", draft: draft(.sale, 1), expected: .quantitySign(.sale, expected: -1)),
        Row(name: "a pick adds", draft: draft(.pick, 1), expected: .quantitySign(.pick, expected: -1)),
        Row(
            name: "a transfer of less than nothing", draft: draft(.transfer, -1, to: "B"),
            expected: .quantitySign(.transfer, expected: 1)),
        Row(name: "a sale with a cost", draft: draft(.sale, -1, unitCost: 1), expected: .unitCostNotAllowed(.sale)),
        Row(name: "a pick with a cost", draft: draft(.pick, -1, unitCost: 1), expected: .unitCostNotAllowed(.pick)),
        Row(
            name: "a transfer with a cost", draft: draft(.transfer, 1, to: "B", unitCost: 1),
            expected: .unitCostNotAllowed(.transfer)),
        Row(
            name: "a loss with a cost", draft: draft(.adjustment, -1, unitCost: 1),
            expected: .unitCostNotAllowed(.adjustment)),
        Row(
            name: "a customer return with a cost", draft: draft(.return, 1, unitCost: 1),
            expected: .unitCostNotAllowed(.return)),
        Row(name: "a supplier return with a cost", draft: draft(.return, -1, unitCost: 1), expected: nil),
        Row(name: "a gain with a cost", draft: draft(.adjustment, 1, unitCost: 1), expected: nil),
        Row(name: "a cost below 0", draft: draft(.receipt, 1, unitCost: -1), expected: .unitCostOutOfRange),
        Row(name: "the largest cost", draft: draft(.receipt, 1, unitCost: Limits.money), expected: nil),
        Row(
            name: "a larger cost", draft: draft(.receipt, 1, unitCost: Limits.money + 1),
            expected: .unitCostOutOfRange),
        Row(
            name: "a gain with a line total", draft: draft(.adjustment, 1, lineTotal: 1), expected: .lineTotalNotAllowed
        ),
        Row(name: "a line total below 0", draft: draft(.receipt, 1, lineTotal: -1), expected: .lineTotalNotAllowed),
        Row(
            name: "a line total too large", draft: draft(.receipt, 1, lineTotal: Limits.money + 1),
            expected: .lineTotalNotAllowed),
        Row(
            name: "a receipt that names a receipt", draft: draft(.receipt, 1, receipt: unknown),
            expected: .receiptNotAllowed),
        Row(
            name: "a customer return that names a receipt", draft: draft(.return, 1, receipt: unknown),
            expected: .receiptNotAllowed),
        Row(name: "a transfer to nowhere", draft: draft(.transfer, 1), expected: .targetRequired),
        Row(name: "a sale with a target", draft: draft(.sale, -1, to: "B"), expected: .targetNotAllowed(.sale)),
    ]

    static let names: [Row] = [
        Row(name: "an unknown item", draft: draft(.sale, -1, of: "?"), expected: .itemNotFound(.sku("?"))),
        Row(name: "an empty sku", draft: draft(.sale, -1, of: ""), expected: .itemNotFound(.sku(""))),
        Row(name: "an unknown location", draft: draft(.sale, -1, at: "?"), expected: .locationNotFound(.code("?"))),
        Row(name: "an unknown target", draft: draft(.transfer, 1, to: "?"), expected: .targetNotFound(.code("?"))),
        Row(name: "an archived item", draft: draft(.receipt, 1, of: "Y"), expected: .itemArchived(sku: "Y")),
        Row(name: "an archived location", draft: draft(.receipt, 1, at: "C"), expected: .locationArchived(code: "C")),
        Row(name: "an archived target", draft: draft(.transfer, 1, to: "C"), expected: .targetArchived(code: "C")),
        Row(name: "a transfer to itself", draft: draft(.transfer, 1, to: "A"), expected: .sameLocation(code: "A")),
        Row(
            name: "an unknown receipt", draft: draft(.return, -1, receipt: unknown), expected: .receiptNotFound(unknown)
        ),
    ]

    static let stock: [Row] = [
        Row(name: "all that is there", draft: draft(.sale, -5), expected: nil),
        Row(
            name: "one more", draft: draft(.sale, -6),
            expected: .insufficientStock(sku: "X", code: "A", onHand: 5, requested: 6)),
        Row(
            name: "a pick of more", draft: draft(.pick, -6),
            expected: .insufficientStock(sku: "X", code: "A", onHand: 5, requested: 6)),
        Row(
            name: "a loss of more", draft: draft(.adjustment, -6),
            expected: .insufficientStock(sku: "X", code: "A", onHand: 5, requested: 6)),
        Row(
            name: "a supplier return of more", draft: draft(.return, -6),
            expected: .insufficientStock(sku: "X", code: "A", onHand: 5, requested: 6)),
        Row(
            name: "a transfer of more", draft: draft(.transfer, 6, to: "B"),
            expected: .insufficientStock(sku: "X", code: "A", onHand: 5, requested: 6)),
        Row(
            name: "a sale where nothing ever was", draft: draft(.sale, -1, at: "B"),
            expected: .insufficientStock(sku: "X", code: "B", onHand: 0, requested: 1)),
        Row(
            name: "a value beyond 64 bits", draft: draft(.receipt, Limits.quantity, unitCost: Limits.money),
            expected: .stockOutOfRange(sku: "X", code: "A")),
        Row(name: "a credit that just fits", draft: draft(.return, -5, unitCost: Limits.money), expected: nil),
    ]

    @Test("each check refuses what it is for, and nothing else", arguments: shapes + names + stock)
    func check(_ row: Row) throws {
        #expect(try ledger().refusal(of: row.draft) == row.expected)
    }

    /// Faults in the order of precedence. All from one on are put into one draft at a time; the first one must answer.
    @Test("where several checks fail, the earliest in the documented order answers")
    func precedence() throws {
        var ledger = try ledger()
        let entry = try ledger.perform(.recordMovement(draft(.sale, -1))).first.id
        ledger.state.receipts[entry] = .notAReceipt
        // A supplier return passes through every check that has no target.
        let faults: [(inout MovementDraft) -> Void] = [
            { $0.quantity = 0 },
            { $0.quantity = Self.over },
            { $0.unitCost = -1 },
            { $0.lineTotal = 1 },
            { $0.target = .code("B") },
            { $0.item = .sku("?") },
            { $0.location = .code("?") },
            { $0.item = .sku("Y") },
            { $0.location = .code("C") },
            { $0.receipt = Self.unknown },
            { $0.receipt = entry },
            { $0.quantity = -6 },
        ]
        var answers: [Rejection?] = []
        for first in faults.indices {
            var draft = draft(.return, -6)
            // From the last to the first, so that of two faults in one member the earlier one stands.
            for fault in faults[first...].reversed() { fault(&draft) }
            answers.append(ledger.refusal(of: draft))
        }
        let expected: [Rejection?] = [
            .quantityZero, .quantityOutOfRange, .unitCostOutOfRange, .lineTotalNotAllowed,
            .targetNotAllowed(.return), .itemNotFound(.sku("?")), .locationNotFound(.code("?")),
            .itemArchived(sku: "Y"), .locationArchived(code: "C"), .receiptNotFound(Self.unknown),
            .receiptMismatch(entry), .insufficientStock(sku: "X", code: "A", onHand: 4, requested: 6),
        ]
        #expect(answers == expected)
    }

    @Test("a transfer's checks come in the documented order")
    func transferPrecedence() throws {
        let ledger = try ledger()
        let faults: [(inout MovementDraft) -> Void] = [
            { $0.quantity = -1 },
            { $0.unitCost = 1 },
            { $0.lineTotal = 1 },
            { $0.receipt = Self.unknown },
            { $0.target = nil },
            { $0.item = .sku("?") },
            { $0.location = .code("?") },
            { $0.target = .code("?") },
            { $0.item = .sku("Y") },
            { $0.location = .code("C") },
            { $0.target = .code("C") },
            { $0.target = .code("A") },
            { $0.quantity = 6 },
        ]
        var answers: [Rejection?] = []
        for first in faults.indices {
            var draft = draft(.transfer, 6, to: "B")
            for fault in faults[first...].reversed() { fault(&draft) }
            answers.append(ledger.refusal(of: draft))
        }
        let expected: [Rejection?] = [
            .quantitySign(.transfer, expected: 1), .unitCostNotAllowed(.transfer), .lineTotalNotAllowed,
            .receiptNotAllowed, .targetRequired, .itemNotFound(.sku("?")), .locationNotFound(.code("?")),
            .targetNotFound(.code("?")), .itemArchived(sku: "Y"), .locationArchived(code: "C"),
            .targetArchived(code: "C"), .sameLocation(code: "A"),
            .insufficientStock(sku: "X", code: "A", onHand: 5, requested: 6),
        ]
        #expect(answers == expected)
    }

    @Test("a movement without a location goes to the default, and is refused while there is none")
    func defaultLocation() throws {
        var empty = TestLedger()
        try empty.perform(.createItem(ItemDraft(sku: "X", name: "X")))
        var movement = draft(.receipt, 1)
        movement.location = .default
        #expect(empty.refusal(of: movement) == .noDefaultLocation)
        var ledger = try ledger()
        try ledger.move(movement)
        #expect(ledger.pool("A").onHand == 6)
    }

    @Test("a receipt of another item is a mismatch")
    func receiptOfAnotherItem() throws {
        var ledger = try TestLedger.stocked(items: ["X", "Z"])
        let receipt = try ledger.perform(.recordMovement(draft(.receipt, 5, of: "Z"))).first.id
        try ledger.move(draft(.receipt, 5))
        #expect(ledger.refusal(of: draft(.return, -1, receipt: receipt)) == .receiptMismatch(receipt))
        #expect(ledger.refusal(of: draft(.return, -1, of: "Z", receipt: receipt)) == nil)
    }

    @Test(
        "going below zero needs the leave of both the item and the location",
        arguments: [(false, false), (true, false), (false, true), (true, true)])
    func leaveToGoNegative(_ leave: (item: Bool, location: Bool)) throws {
        var ledger = TestLedger()
        var location = LocationDraft(code: "A", name: "A")
        location.allowNegative = leave.location
        try ledger.perform(.createLocation(location))
        var item = ItemDraft(sku: "X", name: "X")
        item.allowNegative = leave.item
        try ledger.perform(.createItem(item))
        let refusal = ledger.refusal(of: draft(.sale, -1))
        #expect((refusal == nil) == (leave.item && leave.location))
    }

    @Test("on hand may reach the limit in both directions and not pass it")
    func onHandLimit() throws {
        var ledger = try TestLedger.stocked(allowNegative: true)
        try ledger.set(pool(Limits.onHand - 1, 0, 0), at: "A")
        try ledger.set(pool(-Limits.onHand + 1, 0, 0), at: "B")
        #expect(ledger.refusal(of: draft(.receipt, 2)) == .stockOutOfRange(sku: "X", code: "A"))
        #expect(ledger.refusal(of: draft(.sale, -2, at: "B")) == .stockOutOfRange(sku: "X", code: "B"))
        #expect(
            ledger.refusal(of: draft(.transfer, 2, at: "B", to: "A")) == .stockOutOfRange(sku: "X", code: "B"),
            "the location comes before the target")
        try ledger.set(pool(0, 0, 0), at: "B")
        try ledger.move(draft(.receipt, 1))
        #expect(ledger.pool().onHand == Limits.onHand)
        try ledger.move(draft(.receipt, 2, at: "B"))
        #expect(ledger.refusal(of: draft(.transfer, 1, at: "B", to: "A")) == .stockOutOfRange(sku: "X", code: "A"))
    }

    @Test("a credit beyond 64 bits is out of range")
    func creditLimit() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 10, unitCost: 1))
        #expect(ledger.refusal(of: draft(.return, -9, unitCost: Limits.money)) == nil)
        #expect(
            ledger.refusal(of: draft(.return, -10, unitCost: Limits.money)) == .stockOutOfRange(sku: "X", code: "A"))
    }

    @Test("a level that exists but is not in memory is never taken for an empty one")
    func levelNotLoaded() throws {
        var ledger = try ledger()
        ledger.publish()
        let key = LevelKey(item: ItemNumber(rawValue: 1), location: LocationNumber(rawValue: 1))
        let level = try #require(ledger.committed.level(key))
        ledger.committed.evict(key)
        for movement in [draft(.sale, -1), draft(.receipt, 1), draft(.transfer, 1, at: "B", to: "A")] {
            #expect(ledger.refusal(of: movement) == .levelNotLoaded(key))
            #expect(footprint(of: .recordMovement(movement), given: ledger.state).levels == [key])
        }
        #expect(ledger.refusal(of: .archiveItem(.sku("X"))) == .levelNotLoaded(key))
        #expect(footprint(of: .archiveItem(.sku("X")), given: ledger.state).levels == [key])
        ledger.committed.load(level)
        #expect(ledger.refusal(of: draft(.sale, -1)) == nil)
        #expect(footprint(of: .recordMovement(draft(.transfer, 1, to: "B")), given: ledger.state).isEmpty)
    }
}
