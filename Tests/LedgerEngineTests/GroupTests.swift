import LedgerCore
import LedgerEngine
import LedgerStorage
import Testing

@Suite("Groups")
struct GroupTests {
    @Test(
        "each line sees the ones before it: of two sixes against ten the second is refused", arguments: [false, true])
    func fold(atomic: Bool) async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let answer = try #require(
            await test.write(
                group: [SubmittedCommand(.pick(6)), SubmittedCommand(.pick(6))], atomic: atomic
            ).decided)
        #expect(answer.kinds == (atomic ? ["notApplied", "refused"] : ["recorded", "refused"]))
        #expect(answer.lines[1].contains("insufficientStock"))
        #expect(try test.onHand() == (atomic ? 10 : 4))
    }

    @Test("lines are written in the order in which they stand, also across the groups of a batch")
    func order() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(items: 3)
        let before = test.store.commits
        test.store.shutGate()
        async let first = test.write(.receive(1))
        await test.commitAtGate(after: before)
        async let second = test.write(
            group: (1...3).map { SubmittedCommand(.receive(1, item: $0, reference: "a\($0)")) })
        await test.queue(holds: 3)
        async let third = test.write(
            group: (1...3).map { SubmittedCommand(.receive(1, item: $0, reference: "b\($0)")) })
        await test.queue(holds: 6)
        test.store.openGate()
        _ = await (first, second, third)
        let references = try test.journal().compactMap { entry in
            if case .movementRecorded(let movement) = entry.change { movement.reference } else { nil }
        }
        #expect(references == ["a1", "a2", "a3", "b1", "b2", "b3"])
        #expect(test.batchSizes.last == 6)
    }

    @Test("a line can use what a line before it has made, and a level that only then has a name")
    func creation() async throws {
        var limits = EngineLimits()
        limits.levelsInMemory = 1
        limits.entriesBetweenPasses = 1
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock(items: 3, quantity: 10)
        // Writes the rows behind, so that the levels of items 1 and 2 leave the memory.
        for _ in 0..<6 { await test.write(.receive(1, item: 3)) }
        #expect(test.ledger.withCommitted { $0.level(LevelKey(1, 1)) == nil })
        var rename = ItemChanges()
        rename.sku = "NEW"
        var draft = MovementDraft(
            kind: .pick, item: .sku("NEW"), location: .code("WH-1"), quantity: -4, reason: "")
        draft.reference = "by its new name"
        let answer = try #require(
            await test.write(
                group: [
                    SubmittedCommand(.updateItem(.sku("SKU-1"), rename)), SubmittedCommand(.recordMovement(draft)),
                    SubmittedCommand(.createItem(ItemDraft(sku: "SKU-1", name: "another"))),
                    SubmittedCommand(.receive(5)),
                ]
            ).decided)
        #expect(answer.kinds == ["recorded", "recorded", "recorded", "recorded"])
        #expect(try test.onHand(item: 1) == 6)
        #expect(try test.onHand(item: 4) == 5)
        #expect(try test.verify() == nil)
    }

    @Test("an atomic group with a refusal leaves nothing: no entry, no level, no catalogue, no key")
    func rollback() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(items: 2, locations: 2, quantity: 10)
        let journal = try test.journal()
        var other = LocationDraft(code: "WH-9", name: "W")
        other.isDefault = true
        let lines = [
            SubmittedCommand(.createLocation(other), identity: .key(1)),
            SubmittedCommand(.move(.transfer, 5, to: 2), identity: .key(2)),
            SubmittedCommand(.createItem(ItemDraft(sku: "SKU-9", name: "I")), identity: .key(3)),
            SubmittedCommand(.receive(1, item: 9), identity: .key(4)),
            SubmittedCommand(.pick(6), identity: .key(5)), SubmittedCommand(.receive(1), identity: .key(6)),
        ]
        let answer = try #require(await test.write(group: lines, atomic: true, .key(100)).decided)
        #expect(answer.kinds == Array(repeating: "notApplied", count: 4) + ["refused", "notApplied"])
        #expect(try test.journal().count == journal.count)
        // The answer is kept under the group's key, and nothing under those of its lines.
        #expect(await test.write(group: lines, atomic: true, .key(100)).replayed == answer)
        #expect(test.ledger.withCommitted { $0.itemNumber(.sku("SKU-9")) == nil && $0.locations.count == 2 })
        #expect(test.ledger.withCommitted { $0.location(.default)?.code } == "WH-1")
        #expect(try test.onHand(location: 2) == 0)
        for (number, line) in lines.enumerated() where number != 4 {
            #expect(await test.write(line.command, line.identity).decided?.status == 201)
        }
        try test.reopen()
        #expect(test.ledger.withCommitted { $0.location(.default)?.code } == "WH-9")
        #expect(try test.verify() == nil)
    }

    @Test("a default that an atomic group moved and gave back, and one that a later group keeps, survive a reopening")
    func displacedDefault() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(locations: 3)
        var change = LocationChanges()
        change.isDefault = true
        let toTwo = SubmittedCommand(.updateLocation(.code("WH-2"), change))
        let toThree = SubmittedCommand(.updateLocation(.code("WH-3"), change))
        await test.write(group: [toTwo, SubmittedCommand(.pick(1))], atomic: true)
        await test.write(group: [toTwo, toThree], atomic: true)
        test.ledger.close()
        try test.reopen()
        #expect(test.ledger.withCommitted { $0.locations.map(\.isDefault) } == [false, false, true])
        #expect(try test.verify() == nil)
    }

    @Test("an accepted atomic group keeps each line's answer under its key")
    func acceptedAtomic() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let lines = (1...3).map { SubmittedCommand(.pick(Int64($0)), identity: .key(UInt64($0))) }
        let answer = try #require(await test.write(group: lines, atomic: true, .key(100)).decided)
        #expect(answer.kinds == ["recorded", "recorded", "recorded"])
        for (line, text) in zip(lines, answer.lines) {
            let replay = try #require(await test.write(line.command, line.identity).replayed)
            #expect("recorded \(replay.text)" == text)
        }
        #expect(await test.write(group: lines, atomic: true, .key(100)).replayed == answer)
        #expect(try test.onHand() == 4)
    }

    @Test("an atomic group goes on over lines that an earlier request has recorded, and stops at one it has refused")
    func atomicOverReplays() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let done = try #require(await test.write(.pick(3), .key(1)).decided)
        let refused = try #require(await test.write(.pick(30), .key(2)).decided)
        let first = try #require(
            await test.write(
                group: [
                    SubmittedCommand(.pick(1), identity: .key(10)), SubmittedCommand(.pick(3), identity: .key(1)),
                    SubmittedCommand(.pick(2)),
                ], atomic: true
            ).decided)
        #expect(first.kinds == ["recorded", "replayed", "recorded"])
        #expect(first.lines[1] == "replayed \(done.text)")
        #expect(try test.onHand() == 4)
        let second = try #require(
            await test.write(
                group: [
                    SubmittedCommand(.pick(1)), SubmittedCommand(.pick(3), identity: .key(1)),
                    SubmittedCommand(.pick(30), identity: .key(2)), SubmittedCommand(.pick(1)),
                ], atomic: true
            ).decided)
        #expect(second.kinds == ["notApplied", "replayed", "replayed", "notApplied"])
        #expect(second.lines[2] == "replayed \(refused.text)")
        let third = try #require(
            await test.write(
                group: [SubmittedCommand(.pick(1)), SubmittedCommand(.pick(4), identity: .key(1, request: 2))],
                atomic: true
            ).decided)
        #expect(third.kinds == ["notApplied", "keyReused"])
        #expect(try test.onHand() == 4)
    }

    @Test("a twin of a line that its own atomic group undoes is not applied either, and the key is free")
    func undoneTwin() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let answer = try #require(
            await test.write(
                group: [
                    SubmittedCommand(.pick(1), identity: .key(1)), SubmittedCommand(.pick(1), identity: .key(1)),
                    SubmittedCommand(.pick(50)),
                ], atomic: true
            ).decided)
        #expect(answer.kinds == ["notApplied", "notApplied", "refused"])
        #expect(await test.write(.pick(2), .key(1, request: 2)).decided?.status == 201)
        #expect(try test.onHand() == 8)
    }

    @Test("a key of an undone line is free for what follows in the same batch")
    func undoneInTheSameBatch() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let commits = test.store.commits
        test.store.shutGate()
        async let first = test.write(.pick(1))
        await test.commitAtGate(after: commits)
        async let undone = test.write(
            group: [SubmittedCommand(.pick(2), identity: .key(1)), SubmittedCommand(.pick(50))], atomic: true)
        await test.queue(holds: 2)
        async let same = test.write(.pick(3), .key(1, request: 2))
        await test.queue(holds: 3)
        async let twin = test.write(.pick(3), .key(1, request: 2))
        await test.queue(holds: 4)
        test.store.openGate()
        #expect(await first.decided?.status == 201)
        #expect(await undone.decided?.kinds == ["notApplied", "refused"])
        let answer = await same.decided
        #expect(answer?.status == 201)
        #expect(await twin.replayed == answer)
        #expect(test.store.commits == commits + 2)
        #expect(try test.onHand() == 6)
    }

    @Test("twins within a group have one effect", arguments: [false, true])
    func twins(atomic: Bool) async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let lines = [
            SubmittedCommand(.pick(1), identity: .key(1)), SubmittedCommand(.pick(1), identity: .key(1)),
        ]
        let answer = try #require(await test.write(group: lines, atomic: atomic).decided)
        #expect(answer.kinds == ["recorded", "replayed"])
        #expect(try test.onHand() == 9)
        let reuse = [
            SubmittedCommand(.pick(1), identity: .key(2)), SubmittedCommand(.pick(2), identity: .key(2, request: 2)),
        ]
        #expect(await test.write(group: reuse, atomic: false).decided?.kinds == ["recorded", "keyReused"])
    }

    @Test("a line of a group and the same request alone are one, whichever comes first")
    func lineAlone() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let line = SubmittedCommand(.pick(1), identity: .key(1))
        let group = try #require(
            await test.write(group: [line, SubmittedCommand(.pick(2), identity: .key(2))]).decided)
        let alone = try #require(await test.write(line.command, line.identity).replayed)
        #expect(group.lines[0] == "recorded \(alone.text)")
        let single = try #require(await test.write(.pick(3), .key(3)).decided)
        let again = try #require(
            await test.write(group: [line, SubmittedCommand(.pick(3), identity: .key(3))]).decided)
        #expect(again.lines == ["replayed \(alone.text)", "replayed \(single.text)"])
        #expect(try test.onHand() == 4)
    }

    @Test("a line can't stand under the key of the whole request", arguments: [false, true])
    func groupKeyOnLine(atomic: Bool) async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let lines = [SubmittedCommand(.pick(1)), SubmittedCommand(.pick(2), identity: .key(1))]
        let answer = try #require(await test.write(group: lines, atomic: atomic, .key(1, request: 5)).decided)
        #expect(answer.kinds == [atomic ? "notApplied" : "recorded", "keyReused"])
        for reopens in [false, true] {
            if reopens { try test.reopen() }
            #expect(await test.write(group: lines, atomic: atomic, .key(1, request: 5)).replayed == answer)
            #expect(await test.write(.pick(2), .key(1)).isReused)
        }
    }

    @Test("a group of nothing is answered, and takes a place in the queue like any other")
    func empty() async throws {
        var limits = EngineLimits()
        limits.queuedCommands = 2
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock(quantity: 10)
        #expect(await test.write(group: []).decided?.text == "")
        let commits = test.store.commits
        test.store.shutGate()
        async let running = test.write(.pick(1))
        await test.commitAtGate(after: commits)
        async let first = test.write(group: [])
        async let second = test.write(group: [])
        await test.queue(holds: 2)
        #expect(await test.write(group: []).isBusy)
        test.store.openGate()
        _ = await (running, first, second)
    }
}
