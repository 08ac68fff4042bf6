import LedgerCore
import Testing

@Suite("costing rules")
struct CostingRuleTests {
    @Test(
        "a division rounds half to even, and gives nil where the result does not fit",
        arguments: [
            (1, 1, 2, 0), (3, 1, 2, 2), (5, 1, 2, 2), (7, 1, 2, 4), (-1, 1, 2, 0), (-3, 1, 2, -2), (-5, 1, 2, -2),
            (-7, 1, 2, -4), (1, 1, 3, 0), (2, 1, 3, 1), (-1, 1, 3, 0), (-2, 1, 3, -1), (0, 5, 7, 0), (6, 7, 1, 42),
            (1, 1, .max, 0), (.max, 1, 1, .max), (.min, 1, 1, .min), (.max, 1, 2, 1 << 62), (.min, 1, 2, -(1 << 62)),
            // Products beyond 64 bits.
            (.max, .max, .max, .max), (.min, .max, .max, .min), (.max, 2, 2, .max), (.max, 3, 2, nil),
            (.min, .min, .max, nil), (.max, 10, 4, nil), (Int64.max / 2, 3, 2, 6_917_529_027_641_081_854),
            (1 << 62, 3, .max, 2), (10_000_000_000, 10_000_000_000, 8_000_000_000, 12_500_000_000),
            (5_000_000_000_000_000_000, 5, 10_000_000_000_000_000, 2_500), (1, 1, 0, nil), (1, 1, -2, nil),
        ] as [(Int64, Int64, Int64, Int64?)])
    func rounding(_ row: (value: Int64, multiplier: Int64, divisor: Int64, expected: Int64?)) {
        #expect(row.value.roundedQuotient(times: row.multiplier, over: row.divisor) == row.expected)
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var rule: String
        var scale: UInt8 = 0
        var before: CostPool
        var draft: MovementDraft
        var after: CostPool
        var valueChange: Int64
        var variance: Int64 = 0
        var testDescription: String { rule }
    }

    /// Each row starts from a pool, set up as a loaded level.
    static let rows: [Row] = [
        Row(
            rule: "receipt: the line total counts, not the unit cost", before: .empty,
            draft: draft(.receipt, 12, unitCost: 1_416_667, lineTotal: 17_000_000),
            after: pool(12, 1_416_667, 17_000_000), valueChange: 17_000_000),
        Row(
            rule: "receipt: the unit cost is per item unit, not per base unit", scale: 3, before: .empty,
            draft: draft(.receipt, 2_500, unitCost: 8_000_000),
            after: pool(2_500, 8_000_000, 20_000_000), valueChange: 20_000_000),
        Row(
            rule: "receipt: half a micro-unit rounds to even", scale: 1, before: .empty,
            draft: draft(.receipt, 5, unitCost: 5), after: pool(5, 4, 2), valueChange: 2),
        Row(
            rule: "receipt without cost: at the exact average, not at the rounded one",
            before: pool(3, 333_333, 1_000_000),
            draft: draft(.receipt, 3), after: pool(6, 333_333, 2_000_000), valueChange: 1_000_000),
        Row(
            rule: "receipt without cost at 0 on hand: at the last average", before: pool(0, 2_000_000, 0),
            draft: draft(.receipt, 3), after: pool(3, 2_000_000, 6_000_000), valueChange: 6_000_000),
        Row(
            rule: "receipt without cost and without history: worth 0", before: .empty,
            draft: draft(.receipt, 3), after: pool(3, 0, 0), valueChange: 0),
        Row(
            rule: "receipt after depletion: starts afresh", before: pool(0, 9_000_000, 0),
            draft: draft(.receipt, 2, unitCost: 1_000_000), after: pool(2, 1_000_000, 2_000_000), valueChange: 2_000_000
        ),
        Row(
            rule: "sale: at the average", before: pool(7, 1_057_143, 7_400_000),
            draft: draft(.sale, -2), after: pool(5, 1_057_143, 5_285_714), valueChange: -2_114_286),
        Row(
            rule: "pick: as a sale", before: pool(7, 1_057_143, 7_400_000),
            draft: draft(.pick, -2), after: pool(5, 1_057_143, 5_285_714), valueChange: -2_114_286),
        Row(
            rule: "loss: as a sale", before: pool(7, 1_057_143, 7_400_000),
            draft: draft(.adjustment, -2), after: pool(5, 1_057_143, 5_285_714), valueChange: -2_114_286),
        Row(
            rule: "sale of all: takes the whole value, the average stays", before: pool(3, 333_333, 1_000_000),
            draft: draft(.sale, -3), after: pool(0, 333_333, 0), valueChange: -1_000_000),
        Row(
            rule: "sale below zero: the remaining value, then the last average", before: pool(4, 5_000_000, 20_000_001),
            draft: draft(.sale, -9), after: pool(-5, 5_000_000, -25_000_000), valueChange: -45_000_001),
        Row(
            rule: "sale from zero: at the last average", scale: 3, before: pool(0, 8_000_000, 0),
            draft: draft(.sale, -1_500), after: pool(-1_500, 8_000_000, -12_000_000), valueChange: -12_000_000),
        Row(
            rule: "sale from below zero: at the last average", before: pool(-5, 5_000_000, -25_000_000),
            draft: draft(.sale, -1), after: pool(-6, 5_000_000, -30_000_000), valueChange: -5_000_000),
        Row(
            rule: "sale below zero without history: worth 0", before: .empty,
            draft: draft(.sale, -4), after: pool(-4, 0, 0), valueChange: 0),
        Row(
            rule: "customer return: at the exact average", before: pool(3, 333_333, 1_000_000),
            draft: draft(.return, 3), after: pool(6, 333_333, 2_000_000), valueChange: 1_000_000),
        Row(
            rule: "customer return at 0: at the last average", before: pool(0, 333_333, 0),
            draft: draft(.return, 3), after: pool(3, 333_333, 999_999), valueChange: 999_999),
        Row(
            rule: "supplier return: at the given unit cost", before: pool(10, 4_000_000, 40_000_000),
            draft: draft(.return, -4, unitCost: 5_000_000), after: pool(6, 3_333_333, 20_000_000),
            valueChange: -20_000_000),
        Row(
            rule: "supplier return without cost: at the average", before: pool(10, 4_000_000, 40_000_000),
            draft: draft(.return, -4), after: pool(6, 4_000_000, 24_000_000), valueChange: -16_000_000),
        Row(
            rule: "supplier return: at the average where the value would go below 0",
            before: pool(10, 1_000_000, 10_000_000),
            draft: draft(.return, -4, unitCost: 3_000_000), after: pool(6, 1_000_000, 6_000_000),
            valueChange: -4_000_000,
            variance: 8_000_000),
        Row(
            rule: "supplier return: a credit of exactly the value leaves stock worth 0",
            before: pool(10, 1_000_000, 10_000_000),
            draft: draft(.return, -4, unitCost: 2_500_000), after: pool(6, 0, 0), valueChange: -10_000_000),
        Row(
            rule: "supplier return of all: takes the whole value", before: pool(4, 1_000_000, 4_000_000),
            draft: draft(.return, -4, unitCost: 900_000), after: pool(0, 1_000_000, 0), valueChange: -4_000_000,
            variance: -400_000),
        Row(
            rule: "supplier return below zero: as an issue", before: pool(2, 1_000_000, 2_000_000),
            draft: draft(.return, -5, unitCost: 2_000_000), after: pool(-3, 1_000_000, -3_000_000),
            valueChange: -5_000_000,
            variance: 5_000_000),
        Row(
            rule: "gain: at the given unit cost", before: pool(2, 1_000_000, 2_000_000),
            draft: draft(.adjustment, 2, unitCost: 3_000_000), after: pool(4, 2_000_000, 8_000_000),
            valueChange: 6_000_000),
        Row(
            rule: "gain without cost: at the average", before: pool(3, 333_333, 1_000_000),
            draft: draft(.adjustment, 6), after: pool(9, 333_333, 3_000_000), valueChange: 2_000_000),
        Row(
            rule: "gain without cost at 0: at the last average", before: pool(0, 333_333, 0),
            draft: draft(.adjustment, 2), after: pool(2, 333_333, 666_666), valueChange: 666_666),
        Row(
            rule: "receipt while negative, not enough: provisional value goes, the average stays",
            before: pool(-5, 5_000_000, -25_000_000), draft: draft(.receipt, 2, unitCost: 6_000_000),
            after: pool(-3, 5_000_000, -15_000_000), valueChange: 10_000_000, variance: 2_000_000),
        Row(
            rule: "receipt while negative, to exactly 0: its cost is the last average",
            before: pool(-5, 5_000_000, -25_000_000), draft: draft(.receipt, 5, unitCost: 6_000_000),
            after: pool(0, 6_000_000, 0), valueChange: 25_000_000, variance: 5_000_000),
        Row(
            rule: "receipt while negative, more than enough: the rest stays at its cost",
            before: pool(-3, 5_000_000, -15_000_000), draft: draft(.receipt, 7, lineTotal: 10_000_000),
            after: pool(4, 1_428_572, 5_714_286), valueChange: 20_714_286, variance: -10_714_286),
        Row(
            rule: "gain while negative: settles like a receipt",
            before: pool(-3, 5_000_000, -15_000_000), draft: draft(.adjustment, 4, unitCost: 6_000_000),
            after: pool(1, 6_000_000, 6_000_000), valueChange: 21_000_000, variance: 3_000_000),
        Row(
            rule: "customer return while negative: settles at the last average, so nothing varies",
            before: pool(-3, 5_000_000, -15_000_000), draft: draft(.return, 4),
            after: pool(1, 5_000_000, 5_000_000), valueChange: 20_000_000),
    ]

    @Test("each kind of movement follows its rule", arguments: rows)
    func rule(_ row: Row) throws {
        var ledger = try TestLedger.stocked(scale: row.scale, allowNegative: true)
        try ledger.set(row.before)
        let movement = try ledger.move(row.draft)
        #expect(ledger.pool() == row.after)
        #expect(movement.after == row.after)
        #expect(movement.valueChange == row.valueChange)
        #expect(movement.variance == row.variance)
    }

    @Test("a transfer into a negative location settles there, and its variance stands in the arriving leg")
    func transferIntoNegative() throws {
        var ledger = try TestLedger.stocked(allowNegative: true)
        try ledger.set(pool(10, 6_000_000, 60_000_000), at: "A")
        try ledger.set(pool(-3, 5_000_000, -15_000_000), at: "B")
        let movement = try ledger.move(draft(.transfer, 4, at: "A", to: "B"))
        #expect(movement.after == pool(6, 6_000_000, 36_000_000))
        #expect(movement.valueChange == -24_000_000)
        #expect(movement.variance == 0)
        #expect(ledger.pool("A") == movement.after)
        #expect(ledger.pool("B") == pool(1, 6_000_000, 6_000_000))
        #expect(movement.target?.after == ledger.pool("B"))
        #expect(movement.target?.valueChange == 21_000_000)
        #expect(movement.target?.variance == 3_000_000)
    }

    @Test("a supplier return goes at its receipt's unit cost, also where that receipt settled a shortage")
    func returnOfSettlingReceipt() throws {
        var ledger = try TestLedger.stocked(allowNegative: true)
        try ledger.move(draft(.receipt, 4, unitCost: 5_000_000))
        try ledger.move(draft(.sale, -9))
        let receipt = try ledger.perform(.recordMovement(draft(.receipt, 10, lineTotal: 65_000_000))).first
        #expect(receipt.movement.map { ReceiptFacts($0).value } == 65_000_000)
        // 5 left, worth 32.50; two of them go back at 6.50 each.
        let returned = try ledger.move(draft(.return, -2, receipt: receipt.id))
        #expect(returned.valueChange == -13_000_000)
        #expect(returned.receipt == receipt.id)
        #expect(ledger.pool() == pool(3, 6_500_000, 19_500_000))
    }

    @Test("a referenced receipt comes before a given unit cost")
    func receiptBeforeUnitCost() throws {
        var ledger = try TestLedger.stocked()
        let receipt = try ledger.perform(.recordMovement(draft(.receipt, 10, unitCost: 2_000_000))).first.id
        let returned = try ledger.move(draft(.return, -1, unitCost: 9_000_000, receipt: receipt))
        #expect(returned.valueChange == -2_000_000)
    }

    @Test("a total over several pools has the average of the whole, and is nil when it does not fit")
    func totals() {
        #expect(CostPool.total(of: [], scale: 0) == .empty)
        #expect(CostPool.total(of: [pool(-5, 5_000_000, -25_000_000)], scale: 0) == pool(-5, 5_000_000, -25_000_000))
        #expect(CostPool.total(of: [pool(2_000, 0, 9), pool(1_000, 0, 3)], scale: 3) == pool(3_000, 4, 12))
        #expect(CostPool.total(of: [pool(1, 1, 1), pool(-1, 1, -1)], scale: 0) == pool(0, 0, 0))
        #expect(CostPool.total(of: [pool(.max, 0, 0), pool(1, 0, 0)], scale: 0) == nil)
        #expect(CostPool.total(of: [pool(1, 0, .max), pool(1, 0, 1)], scale: 0) == nil)
        #expect(CostPool.total(of: [pool(1, 0, .max), pool(0, 0, 0)], scale: 6) == nil)
    }

    @Test("no cost function traps, whatever the pool and the arguments")
    func totality() {
        let numbers: [Int64] = [
            .min, .min + 1, -Limits.onHand - 1, -Limits.onHand, -Limits.quantity, -3, -1, 0, 1, 2, Limits.quantity,
            Limits.money, Limits.onHand, Limits.onHand + 1, .max - 1, .max,
        ]
        var computed = 0
        var wrong: [CostPool] = []
        func check(_ pool: CostPool, _ effect: CostEffect?) {
            guard let effect else { return }
            computed += 1
            let inRange = effect.pool.onHand >= -Limits.onHand && effect.pool.onHand <= Limits.onHand
            if !inRange || effect.pool.value &- pool.value != effect.valueChange { wrong.append(pool) }
        }
        for onHand in numbers {
            for value in numbers {
                for average in [Int64.min, 7, .max] {
                    let pool = CostPool(onHand: onHand, value: value, lastWAC: average)
                    for quantity in numbers {
                        for scale: UInt8 in [0, 255] {
                            check(pool, try? pool.issuing(quantity, scale: scale))
                            _ = try? pool.costAtAverage(of: quantity, scale: scale)
                            for total in [Int64.min, 0, 9, .max] {
                                check(pool, try? pool.receiving(quantity, total: total, scale: scale))
                                check(pool, try? pool.returningToSupplier(quantity, credit: total, scale: scale))
                            }
                        }
                    }
                }
            }
        }
        #expect(wrong.isEmpty)
        #expect(computed > 1_000)
    }
}

extension TestLedger {
    /// Puts X at a location into a state that a store might have loaded.
    mutating func set(_ pool: CostPool, at code: String = "A") throws {
        publish()
        let item = try #require(state.itemNumber(.sku("X")))
        let location = try #require(state.locationNumber(.code(code)))
        committed.load(
            StockLevel(
                key: LevelKey(item: item, location: location), pool: pool, history: LevelHistory(roots: [1 << 6 | 1])))
    }
}
