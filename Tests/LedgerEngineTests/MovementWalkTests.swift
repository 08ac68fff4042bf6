import LedgerCore
import LedgerEngine
import LedgerStorage
import Testing

@Suite("Lists of movements", .timeLimit(.minutes(2)))
struct MovementWalkTests {
    /// A ledger after some trade, with time passing.
    private func trade(seed: UInt64, steps: Int = 250) async throws -> LedgerUnderTest {
        let test = try LedgerUnderTest(limits: RecoveryTests.tinyLimits, seed: seed)
        var trade = RandomTrade(seed: seed)
        for command in RandomTrade.opening { await test.write(command) }
        for _ in 0..<steps {
            if trade.chance(20) { test.clock.advance(milliseconds: Int64(trade.number(1...3_000))) }
            if trade.chance(20) {
                await test.write(group: (0..<trade.number(2...9)).map { _ in SubmittedCommand(trade.movement()) })
            } else {
                await test.write(trade.movement())
            }
        }
        return test
    }

    private func accepts(_ filter: MovementFilter, _ entry: Entry, _ movement: Movement) -> Bool {
        let places = [movement.location, movement.target?.location]
        return (filter.item == nil || filter.item == movement.item)
            && (filter.location == nil || places.contains(filter.location))
            && (filter.kind == nil || filter.kind == movement.kind)
            && (filter.reason == nil || filter.reason == movement.reason)
            && (filter.reference == nil || filter.reference == movement.reference)
            && (filter.from.map { entry.recordedAt >= $0 } ?? true)
            && (filter.until.map { entry.recordedAt < $0 } ?? true)
    }

    @Test("every combination of filters, page by page, gives what a scan gives", arguments: [1, 2, 3] as [UInt64])
    func combinations(seed: UInt64) async throws {
        let test = try await trade(seed: seed)
        let entries = try test.journal()
        let fold = NaiveFold(entries)
        var chance = RandomTrade(seed: seed + 100)
        for combination in 0..<128 * 3 {
            var filter = MovementFilter()
            if combination & 1 != 0 {
                filter.item = ItemNumber(rawValue: UInt32(chance.number(1...RandomTrade.items + 1)))
            }
            if combination & 2 != 0 { filter.location = LocationNumber(rawValue: UInt32(chance.number(1...5))) }
            if combination & 4 != 0 { filter.kind = MovementKind.allCases[chance.number(0...5)] }
            if combination & 8 != 0 { filter.reason = chance.chance(50) ? "trade" : "other" }
            if combination & 16 != 0 { filter.reference = "ORD-\(chance.number(1...RandomTrade.references + 1))" }
            if combination & 32 != 0 { filter.from = entries[chance.number(0...entries.count - 1)].recordedAt }
            if combination & 64 != 0 { filter.until = entries[chance.number(0...entries.count - 1)].recordedAt }
            let expected = fold.movements.filter { accepts(filter, $0.entry, $0.movement) }.map(\.entry).reversed()
            var found: [Entry] = []
            var before: UInt64? = .max
            var pages = 0
            while let position = before, pages < 2_000 {
                let limit = chance.number(1...7)
                let page = try test.ledger.movements(filter, before: position, limit: limit)
                #expect(page.movements.count <= limit)
                #expect(page.next.map { $0 < position } ?? true, "seed \(seed): \(filter)")
                found += page.movements.map(\.entry)
                before = page.next
                pages += 1
            }
            #expect(found.map(\.seq) == expected.map(\.seq), "seed \(seed): \(filter)")
        }
    }

    @Test("bounds at the ends of time and of the ledger give an empty or a whole list, and trap nowhere")
    func bounds() async throws {
        let test = try await trade(seed: 9, steps: 40)
        let count = NaiveFold(try test.journal()).movements.count
        for (from, until, expected) in [
            (Int64.min, Int64.max, count), (.max, .max, 0), (.min, .min, 0), (0, 0, 0), (.min, 0, 0), (0, .max, count),
        ] {
            var filter = MovementFilter()
            filter.from = Instant(milliseconds: from)
            filter.until = Instant(milliseconds: until)
            #expect(try test.ledger.movements(filter, before: .max, limit: 1_000).movements.count == expected)
        }
        for item in [nil, 1] as [UInt32?] {
            for reference in [nil, "ORD-1"] {
                var filter = MovementFilter()
                filter.item = item.map { ItemNumber(rawValue: $0) }
                filter.reference = reference
                for before in [0, 1] as [UInt64] {
                    let page = try test.ledger.movements(filter, before: before, limit: 10)
                    #expect(page.movements.isEmpty && page.next == nil)
                }
                // Not even a limit that makes no sense makes a walk stand still.
                let page = try test.ledger.movements(filter, before: .max, limit: 0)
                #expect(page.next.map { $0 <= test.ledger.head.head.seq } ?? true)
            }
        }
        let empty = try LedgerUnderTest()
        #expect(try empty.ledger.movements(MovementFilter(), before: .max, limit: 10).movements.isEmpty)
    }

    @Test("a walk that writes overtake returns every movement that existed when it began, exactly once")
    func concurrentWrites() async throws {
        let test = try await trade(seed: 4, steps: 150)
        let begin = test.ledger.head.head.seq
        var filters = [MovementFilter(), MovementFilter(), MovementFilter(), MovementFilter()]
        filters[1].item = ItemNumber(rawValue: 2)
        filters[2].reference = "ORD-1"
        filters[3].item = ItemNumber(rawValue: 3)
        filters[3].location = LocationNumber(rawValue: 1)
        let movements = NaiveFold(try test.journal()).movements
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var trade = RandomTrade(seed: 5)
                for _ in 0..<400 { await test.write(trade.movement()) }
            }
            for (number, filter) in filters.enumerated() {
                let expected = movements.filter { accepts(filter, $0.entry, $0.movement) }.map(\.entry.seq)
                group.addTask {
                    for round in 0..<5 {
                        var chance = RandomTrade(seed: UInt64(number * 10 + round))
                        var found: [UInt64] = []
                        var before: UInt64? = begin + 1
                        while let position = before {
                            guard
                                let page = try? test.ledger.movements(
                                    filter, before: position, limit: chance.number(1...5))
                            else {
                                Issue.record("a walk failed")
                                return
                            }
                            found += page.movements.map(\.entry.seq)
                            before = page.next
                            await Task.yield()
                        }
                        #expect(found == expected.reversed(), "filter \(number)")
                    }
                }
            }
        }
    }
}
