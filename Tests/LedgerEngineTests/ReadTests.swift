import Foundation
import LedgerCore
import LedgerEngine
import LedgerStorage
import Synchronization
import Testing

@Suite("Reads", .timeLimit(.minutes(2)))
struct ReadTests {
    @Test("a read that begins after an acknowledgement sees it, from memory, store, list and reference alike")
    func readYourWrites() async throws {
        let test = try LedgerUnderTest(limits: RecoveryTests.tinyLimits)
        try await test.stock(items: 12, locations: 2)
        let ledger = test.ledger
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 1...6 {
                group.addTask {
                    var onHand: Int64 = 0
                    for number in 1...60 {
                        // Two items for each writer, one of them seldom: it is cold whenever it is looked for.
                        let item = number % 10 == 0 ? writer + 6 : writer
                        let result = await test.write(
                            .receive(1, item: item, reference: "W\(writer)"), .key(UInt64(writer * 1_000 + number)))
                        let seq = try #require(result.decided?.seq)
                        if item == writer { onHand += 1 }
                        #expect(ledger.head.head.seq >= seq)
                        let keys = [LevelKey(UInt32(writer), 1), LevelKey(UInt32(writer + 6), 1), LevelKey(1, 2)]
                        let levels = try ledger.levels(keys)
                        #expect(levels.map(\.pool.onHand) == [onHand, Int64(number / 10), 0])
                        #expect(levels.map(\.key) == keys)
                        #expect(try ledger.references(to: "W\(writer)", before: .max, limit: 1) == [seq])
                        var filter = MovementFilter()
                        filter.item = ItemNumber(rawValue: UInt32(item))
                        #expect(try ledger.movements(filter, before: .max, limit: 1).movements.first?.entry.seq == seq)
                        var history = History(store: test.store)
                        #expect(try history.entry(seq)?.seq == seq)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try test.verify() == nil)
    }

    @Test("levels that are read together belong to one moment: goods in transit are never missing or doubled")
    func oneMoment() async throws {
        var limits = RecoveryTests.tinyLimits
        limits.levelsInMemory = 2
        limits.entriesBetweenPasses = 3
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock(locations: 6, quantity: 1_000)
        let ledger = test.ledger
        let keys = (1...6).map { LevelKey(1, $0) }
        let isDone = Flag()
        let reads = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    while !isDone.isSet {
                        let levels = try ledger.levels(keys)
                        #expect(levels.map(\.pool.onHand).reduce(0, +) == 1_000)
                        reads.add()
                        await Task.yield()
                    }
                }
            }
            group.addTask {
                for number in 0..<1_500 {
                    await test.write(.move(.transfer, 1, location: number % 5 + 1, to: number % 5 + 2))
                }
                isDone.set()
            }
            try await group.waitForAll()
        }
        #expect(reads.value > 100)
        #expect(try ledger.levels(keys).map(\.pool.onHand) == [700, 0, 0, 0, 0, 300])
    }

    @Test("a row that was read is not believed when its level came, changed and went meanwhile")
    func outrun() async throws {
        var limits = RecoveryTests.tinyLimits
        limits.levelsInMemory = 1
        limits.entriesBetweenPasses = 1
        limits.levelsPerCommit = 100
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock(items: 3, locations: 2, quantity: 10)
        await test.write(.move(.transfer, 1, to: 2))
        for _ in 0..<4 { await test.write(.receive(1, item: 3)) }
        let keys = [LevelKey(1, 1), LevelKey(1, 2)]
        let ledger = test.ledger
        #expect(ledger.withCommitted { $0.level(keys[0]) == nil && $0.level(keys[1]) == nil })
        test.store.afterNextLevels {
            // The level is loaded and changed, its row is written, and others push it out of memory.
            let commands = [Command.move(.transfer, 4, to: 2)] + (0..<6).map { _ in .receive(1, item: 3) }
            for command in commands { ReadTests.write(command, ledger) }
        }
        let levels = try ledger.levels(keys)
        #expect(levels.map(\.pool.onHand) == [5, 5])
    }

    /// Writes on a thread that may block.
    private static func write(_ command: Command, _ ledger: RealmLedger) {
        let done = DispatchSemaphore(value: 0)
        ledger.submit(.single(command, nil)) { _ in done.signal() }
        done.wait()
    }

    @Test("a reference whose entries move into a segment between two looks is found once")
    func movingReferences() async throws {
        let test = try LedgerUnderTest(limits: RecoveryTests.tinyLimits)
        try await test.stock()
        var seqs: [UInt64] = []
        for _ in 0..<5 { seqs.append(try #require(await test.write(.receive(1, reference: "R")).decided?.seq)) }
        let ledger = test.ledger
        let covered = try test.store.open().referencedSeq
        test.store.beforeNextReferences {
            for _ in 0..<12 { ReadTests.write(.receive(1, reference: "R"), ledger) }
        }
        #expect(try ledger.references(to: "R", before: .max, limit: 50) == seqs.reversed())
        #expect(try test.store.open().referencedSeq > covered)
        #expect(try ledger.references(to: "R", before: .max, limit: 50).count == 17)
    }

    @Test("a cold level comes from the store, and back into memory where there is room")
    func cold() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(items: 3, quantity: 5)
        test.ledger.close()
        var limits = EngineLimits()
        limits.levelsInMemory = 0
        let tight = try LedgerUnderTest(store: test.store, limits: limits)
        for item in 1...3 as ClosedRange<UInt32> {
            guard case .cold(let key) = tight.ledger.withCommitted({ RealmLedger.level(LevelKey(item, 1), in: $0) })
            else {
                Issue.record("item \(item) should be cold")
                continue
            }
            #expect(try tight.ledger.levels([key])[0].pool.onHand == 5)
        }
        guard case .none = tight.ledger.withCommitted({ RealmLedger.level(LevelKey(1, 9), in: $0) }) else {
            Issue.record("nothing was ever recorded there")
            return
        }
        // Decisions load what they need themselves.
        #expect(await tight.write(.pick(6, item: 2)).decided?.status == 422)
        #expect(await tight.write(.pick(4, item: 2)).decided?.status == 201)
        #expect(try tight.onHand(item: 2) == 1)
        let empty = try tight.ledger.levels([LevelKey(1, 9), LevelKey(2, 1), LevelKey(77, 1)])
        #expect(empty.map(\.pool.onHand) == [0, 1, 0])
    }

    @Test("a supplier return finds its receipt in the journal, in its own batch, and nowhere else")
    func receipts() async throws {
        let test = try LedgerUnderTest(limits: RecoveryTests.tinyLimits)
        try await test.stock(items: 2, quantity: 10)
        let journal = try test.journal()
        let receipt = try #require(journal.last { $0.change.type == "movement.recorded" })
        func give(_ id: ULID, item: Int) -> Command {
            var draft = MovementDraft(
                kind: .return, item: .sku("SKU-\(item)"), location: .code("WH-1"), quantity: -1, reason: "")
            draft.receipt = id
            return .recordMovement(draft)
        }
        try test.reopen()
        #expect(await test.write(give(receipt.id, item: 2)).decided?.status == 201)
        #expect(await test.write(give(receipt.id, item: 1)).decided?.text.contains("receiptMismatch") == true)
        #expect(await test.write(give(journal[0].id, item: 1)).decided?.text.contains("receiptMismatch") == true)
        #expect(
            await test.write(give(ULID(high: 5, low: 5), item: 1)).decided?.text.contains("receiptNotFound") == true)
    }
}
