import ImportClient
import Testing

@Suite("The demo realm")
struct DemoPlanTests {
    private let plan: DemoPlan

    init() throws {
        plan = try DemoPlan(lastDay: "2026-04-21")
    }

    @Test("the same seed and day give the same plan, another seed another")
    func deterministic() throws {
        #expect(try DemoPlan(lastDay: "2026-04-21").lines == plan.lines)
        #expect(try DemoPlan(seed: 7, lastDay: "2026-04-21").lines != plan.lines)
        #expect(throws: ImportError.self) { try DemoPlan(lastDay: "yesterday") }
    }

    @Test("three warehouses, forty items, ninety days, every type of movement")
    func believable() {
        #expect(plan.catalogue.warehouses.map(\.code) == ["SEA-1", "DEN-1", "ATL-1"])
        #expect(Set(plan.catalogue.products.map(\.sku)).count == 40)
        #expect(plan.catalogue.products.contains { $0.sku == "SKU-0042" })
        #expect(Set(plan.lines.map { $0.occurredAt.prefix(10) }).count == 90)
        #expect(plan.lines.first?.occurredAt.hasPrefix("2026-01-22") == true)
        #expect(plan.lines.last?.occurredAt.hasPrefix("2026-04-21") == true)
        #expect(Set(plan.lines.map(\.kind)) == Set(MovementWord.allCases))
        #expect(plan.lines.map(\.occurredAt) == plan.lines.map(\.occurredAt).sorted())
        #expect((5_000...50_000).contains(plan.lines.count))
    }

    @Test("stock never goes below zero, and some items run low", arguments: [1, 2, 42, 99] as [UInt64])
    func stock(seed: UInt64) throws {
        let plan = try DemoPlan(seed: seed, lastDay: "2026-04-21")
        var onHand: [String: Int64] = [:]
        for (number, line) in plan.lines.enumerated() {
            let change = line.kind == .transfer ? -line.quantity : line.quantity
            onHand["\(line.sku)@\(line.location)", default: 0] += change
            if let target = line.target { onHand["\(line.sku)@\(target)", default: 0] += line.quantity }
            #expect(onHand["\(line.sku)@\(line.location)", default: 0] >= 0, "line \(number)")
            #expect(line.quantity != 0)
            switch line.kind {
            case .receipt, .transfer: #expect(line.quantity > 0)
            case .sale, .pick: #expect(line.quantity < 0)
            case .return, .adjustment: break
            }
        }
        var totals: [String: Int64] = [:]
        for (pair, quantity) in onHand { totals[String(pair.prefix { $0 != "@" }), default: 0] += quantity }
        let low = plan.catalogue.products.filter { totals[$0.sku, default: 0] < $0.reorderPoint }
        #expect((1...20).contains(low.count), "\(low.count) are low")
    }

    @Test("a ledger takes all of it, and loading it again changes nothing")
    func load() async throws {
        let ledger = LedgerDouble()
        let server = try await StubServer { ledger.answer($0) }
        let first = try await DemoLoad.run(plan, url: server.url, apiKey: "k", progress: .silent)
        #expect(first.refused == 0, "\(first.firstRefusal ?? "")")
        #expect(first.recorded == plan.lines.count)
        #expect(first.items == .init(created: 40, existing: 0))
        #expect(ledger.movements.count == plan.lines.count)
        let second = try await DemoLoad.run(plan, url: server.url, apiKey: "k", progress: .silent)
        #expect(second.replayed == plan.lines.count)
        #expect(ledger.movements.count == plan.lines.count)
        await server.stop()
    }
}
