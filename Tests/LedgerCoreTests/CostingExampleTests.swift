import LedgerCore
import Testing

/// The examples of costing.md, step by step: on hand / WAC / value.
@Suite("costing examples")
struct CostingExampleTests {
    @Test("example 1: the average follows receipts and survives depletion")
    func averageAndDepletion() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 3, unitCost: 1_000_000))
        #expect(ledger.pool() == pool(3, 1_000_000, 3_000_000))
        try ledger.move(draft(.receipt, 4, unitCost: 1_100_000))
        #expect(ledger.pool() == pool(7, 1_057_143, 7_400_000))
        #expect(try ledger.move(draft(.sale, -2)).valueChange == -2_114_286)
        #expect(ledger.pool() == pool(5, 1_057_143, 5_285_714))
        #expect(try ledger.move(draft(.sale, -5)).valueChange == -5_285_714)
        #expect(ledger.pool() == pool(0, 1_057_143, 0))
        try ledger.move(draft(.receipt, 10, unitCost: 950_000))
        #expect(ledger.pool() == pool(10, 950_000, 9_500_000))
    }

    @Test("example 2: negative stock settles at the cost of the receipts that cover it")
    func negativeStock() throws {
        var ledger = try TestLedger.stocked(allowNegative: true)
        try ledger.move(draft(.receipt, 4, unitCost: 5_000_000))
        #expect(try ledger.move(draft(.sale, -9)).valueChange == -45_000_000)
        #expect(ledger.pool() == pool(-5, 5_000_000, -25_000_000))
        #expect(try ledger.move(draft(.receipt, 2, unitCost: 6_000_000)).variance == 2_000_000)
        #expect(ledger.pool() == pool(-3, 5_000_000, -15_000_000))
        #expect(try ledger.move(draft(.receipt, 10, unitCost: 5_500_000)).variance == 1_500_000)
        #expect(ledger.pool() == pool(7, 5_500_000, 38_500_000))
    }

    @Test("example 3: returns go at their own cost, adjustments at the average")
    func returnsAndAdjustments() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 8, unitCost: 3_000_000))
        try ledger.move(draft(.receipt, 8, unitCost: 4_000_000))
        #expect(ledger.pool() == pool(16, 3_500_000, 56_000_000))
        #expect(try ledger.move(draft(.sale, -6)).valueChange == -21_000_000)
        let r3 = try ledger.perform(.recordMovement(draft(.receipt, 10, unitCost: 5_000_000))).first.id
        #expect(ledger.pool() == pool(20, 4_250_000, 85_000_000))
        #expect(try ledger.move(draft(.return, 2)).valueChange == 8_500_000)
        #expect(ledger.pool() == pool(22, 4_250_000, 93_500_000))
        let returned = try ledger.move(draft(.return, -5, receipt: r3))
        #expect(returned.valueChange == -25_000_000)
        #expect(returned.variance == 0)
        #expect(ledger.pool() == pool(17, 4_029_412, 68_500_000))
        #expect(try ledger.move(draft(.adjustment, 3)).valueChange == 12_088_235)
        #expect(ledger.pool() == pool(20, 4_029_412, 80_588_235))
        #expect(try ledger.move(draft(.adjustment, -4)).valueChange == -16_117_647)
        #expect(ledger.pool() == pool(16, 4_029_412, 64_470_588))
    }

    @Test("example 4, without its goods receipt: one unit of a landed pool goes out at the landed average")
    func landedCost() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 4, lineTotal: 32_940_000))
        #expect(ledger.pool() == pool(4, 8_235_000, 32_940_000))
        #expect(try ledger.move(draft(.sale, -1)).valueChange == -8_235_000)
        #expect(ledger.pool() == pool(3, 8_235_000, 24_705_000))
    }

    @Test("example 5: a transfer moves value exactly and leaves the item's total as it was")
    func transfer() throws {
        var ledger = try TestLedger.stocked()
        func total() -> CostPool? { CostPool.total(of: [ledger.pool("A"), ledger.pool("B")], scale: 0) }
        try ledger.move(draft(.receipt, 30, at: "A", unitCost: 2_000_000))
        try ledger.move(draft(.receipt, 10, at: "B", unitCost: 3_500_000))
        #expect(total() == pool(40, 2_375_000, 95_000_000))
        let moved = try ledger.move(draft(.transfer, 12, at: "A", to: "B"))
        #expect(moved.quantity == -12)
        #expect(moved.valueChange == -24_000_000)
        #expect(moved.target?.valueChange == 24_000_000)
        #expect(moved.target?.variance == 0)
        #expect(ledger.pool("A") == pool(18, 2_000_000, 36_000_000))
        #expect(ledger.pool("B") == pool(22, 2_681_818, 59_000_000))
        #expect(total() == pool(40, 2_375_000, 95_000_000))
        #expect(try ledger.move(draft(.sale, -20, at: "B")).valueChange == -53_636_364)
        #expect(ledger.pool("B") == pool(2, 2_681_818, 5_363_636))
        #expect(total() == pool(20, 2_068_182, 41_363_636))
    }

    @Test("example 6, without its lots: kilograms at scale 3 are issued at the average")
    func kilograms() throws {
        var ledger = try TestLedger.stocked(scale: 3)
        try ledger.move(draft(.receipt, 2_500, unitCost: 8_000_000))
        try ledger.move(draft(.receipt, 4_000, unitCost: 9_000_000))
        #expect(ledger.pool() == pool(6_500, 8_615_385, 56_000_000))
        #expect(try ledger.move(draft(.sale, -5_000)).valueChange == -43_076_923)
        #expect(ledger.pool() == pool(1_500, 8_615_385, 12_923_077))
        #expect(try ledger.move(draft(.adjustment, -100)).valueChange == -861_538)
        #expect(ledger.pool() == pool(1_400, 8_615_385, 12_061_539))
    }
}
