import Foundation
import LedgerCore
import LedgerEngine
import LedgerStorage
import MemoryStorage
import SQLiteStorage
import SampleLedger
import Testing

@Suite("Recovery", .timeLimit(.minutes(5)))
struct RecoveryTests {
    /// Limits so small that writing behind, forgetting, loading and segments happen all the time.
    static var tinyLimits: EngineLimits {
        var limits = EngineLimits()
        limits.entriesBetweenPasses = 10
        limits.levelsPerCommit = 3
        limits.levelsInMemory = 5
        limits.entriesPerReferenceSegment = 8
        return limits
    }

    @Test("after any crash the state is the fold of the journal, and what was answered is in it", arguments: 1...12)
    func crashes(seed: Int) async throws {
        try await run(seed: UInt64(seed), store: MemoryRealmStore(), limits: RecoveryTests.tinyLimits, rounds: 10)
    }

    @Test("the same with room for everything in memory", arguments: 21...24)
    func crashesWithRoom(seed: Int) async throws {
        var limits = RecoveryTests.tinyLimits
        limits.levelsInMemory = 1_000
        try await run(seed: UInt64(seed), store: MemoryRealmStore(), limits: limits, rounds: 10)
    }

    @Test(
        "the same when rows are written one at a time, so that a crash finds every pass half done", arguments: 31...36)
    func crashesInPasses(seed: Int) async throws {
        var limits = RecoveryTests.tinyLimits
        limits.levelsPerCommit = 1
        limits.levelsInMemory = 2
        try await run(seed: UInt64(seed), store: MemoryRealmStore(), limits: limits, rounds: 10)
    }

    @Test("the same on SQLite", arguments: [41, 42])
    func crashesOnSQLite(seed: Int) async throws {
        let directory = DataDirectory(path: NSTemporaryDirectory() + "/bincard-engine-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: directory.path) }
        try directory.create()
        let lock = try directory.lock()
        defer { lock.release() }
        let store = try directory.openRealm(Realm(id: ULID(high: 1, low: 1), tenant: "a", mode: .test), holding: lock)
        defer { store.close() }
        try await run(seed: UInt64(seed), store: store, limits: RecoveryTests.tinyLimits, rounds: 6)
    }

    private func run(seed: UInt64, store: any RealmStore, limits: EngineLimits, rounds: Int) async throws {
        let test = try LedgerUnderTest(store: store, limits: limits, seed: seed)
        var trade = RandomTrade(seed: seed)
        var answers = StoredAnswers()
        for command in RandomTrade.opening { await test.write(command) }
        for round in 0..<rounds {
            let note = "seed \(seed), round \(round)"
            for step in 0..<trade.number(1...25) {
                let submission = trade.submission()
                if trade.chance(5) { test.store.fail(.full(detail: "no room")) }
                let result = await test.submit(submission)
                answers.check(submission, result, "\(note), step \(step)")
                if trade.chance(10) { test.clock.advance(milliseconds: Int64(trade.number(0...5_000))) }
                if trade.chance(10) { #expect(try test.verify() == nil, "\(note), step \(step)") }
            }
            let entries = try test.journal()
            #expect(entries.map(\.seq) == Array(1..<UInt64(entries.count) + 1), "\(note)")
            let fold = NaiveFold(entries)
            trade.webhooks = fold.webhooks.map(\.id)
            try fold.compare(test.ledger, "\(note), before the crash")
            #expect(test.fatalErrors.isEmpty, "\(note)")
            test.store.clearFaults()
            // Memory alone can be opened again after it was closed. A clean stop leaves nothing to replay.
            if store is MemoryRealmStore, trade.chance(30) {
                test.ledger.close()
                #expect(try test.store.open().appliedSeq == fold.head, "\(note)")
            }
            try test.reopen()
            try fold.compare(test.ledger, "\(note), after the crash")
            #expect(try test.verify() == nil, "\(note)")
            try compareReads(test.ledger, fold, &trade, note)
        }
        // Replays only: nothing may have been forgotten.
        let head = test.ledger.head
        for (submission, answer) in answers.known {
            #expect(await test.submit(submission).replayed == answer, "seed \(seed)")
        }
        #expect(test.ledger.head == head, "seed \(seed)")
    }

    private func compareReads(
        _ ledger: RealmLedger, _ fold: NaiveFold, _ trade: inout RandomTrade, _ note: String
    ) throws {
        for number in 1...RandomTrade.references {
            let expected = fold.movements.filter { $0.movement.reference == "ORD-\(number)" }.map(\.entry.seq)
                .reversed()
            let bound = UInt64(trade.number(0...Int(fold.head) + 2))
            let limit = trade.number(1...12)
            let found = try ledger.references(to: "ORD-\(number)", before: bound, limit: limit)
            #expect(found == Array(expected.filter { $0 < bound }.prefix(limit)), "\(note)")
        }
        var history = History(store: ledger.store)
        for key in fold.keysByItem.flatMap(\.self) {
            let seq = UInt64(trade.number(0...Int(fold.head)))
            let newest = try ledger.levels([key])[0].history.lastSeq
            #expect(try history.pool(of: key, from: newest, asOf: seq) == fold.level(key, upTo: seq).pool, "\(note)")
        }
    }

    @Test("a crash between the rows of the new default and of the old one leaves one default", arguments: [1, 3])
    func halfMovedDefault(from number: Int) async throws {
        var limits = EngineLimits()
        limits.entriesBetweenPasses = 1
        limits.levelsPerCommit = 1
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock(locations: 3)
        var change = LocationChanges()
        change.isDefault = true
        await test.write(.updateLocation(.code("WH-\(number)"), change))
        test.ledger.close()
        try test.reopen()
        await test.write(.updateLocation(.code("WH-2"), change))
        // A row goes with each commit, in the order of the numbers: the crash finds one written and one not.
        await test.write(.receive(1))
        #expect(try test.store.open().locations.count { $0.isDefault } == (number == 3 ? 2 : 0))
        for _ in 0..<3 {
            try test.reopen()
            #expect(test.ledger.withCommitted { $0.locations.map(\.isDefault) } == [false, true, false])
            #expect(test.ledger.withCommitted { $0.location(.default)?.code } == "WH-2")
            #expect(try test.verify() == nil)
            test.ledger.close()
            #expect(try test.store.open().locations.map(\.isDefault) == [false, true, false])
        }
    }

    @Test(
        "a commit that failed may have happened or not: either way the next start has a whole state", arguments: 51...62
    )
    func unknownOutcome(seed: Int) async throws {
        let store = MemoryRealmStore()
        let test = try LedgerUnderTest(store: store, limits: RecoveryTests.tinyLimits, seed: UInt64(seed))
        var trade = RandomTrade(seed: UInt64(seed))
        for command in RandomTrade.opening { await test.write(command) }
        for round in 0..<6 {
            let note = "seed \(seed), round \(round)"
            for _ in 0..<trade.number(0...20) { _ = await test.submit(trade.submission()) }
            let acknowledged = try test.journal()
            let fault: MemoryRealmStore.Fault = [.refused, .unsynced, .unheard][trade.number(0...2)]
            store.fail(fault)
            let ledger = test.ledger
            ledger.submit(.single(.receive(1, item: 9), .key(9_000 + UInt64(round)))) { _ in
                Issue.record("answered after a failed commit, \(note)")
            }
            await until { test.fatalErrors.count == round + 1 }
            #expect(NaiveFold(acknowledged).head == ledger.head.head.seq, "\(note)")
            if trade.chance(50) { store.forgetUnsynced() }
            try test.reopen()
            let entries = try test.journal()
            let isWhole = entries.starts(with: acknowledged)
            #expect(isWhole, "\(note)")
            #expect(entries.count <= acknowledged.count + 1, "\(note)")
            try NaiveFold(entries).compare(test.ledger, note)
            #expect(try test.verify() == nil, "\(note)")
            // The client tries again: it happens once, now or then.
            let hadHappened = entries.count > acknowledged.count
            let again = await test.write(.receive(1, item: 9), .key(9_000 + UInt64(round)))
            #expect(hadHappened ? again.replayed != nil : again.decided?.status == 201, "\(note), \(fault)")
        }
    }

    @Test("after a clean stop the projections are at the head, and the next start replays nothing")
    func cleanStop() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(items: 40, locations: 3, quantity: 5)
        await test.write(.pick(9), .key(1))
        test.ledger.close()
        let opened = try test.store.open()
        #expect(opened.appliedSeq == 83)
        #expect(opened.head.head.seq == 83)
        #expect(opened.levelKeys.count == 40)
        #expect(try test.verify() == nil)
        // With nothing written since, closing again has nothing to write.
        try test.reopen()
        let commits = test.store.commits
        test.ledger.close()
        #expect(test.store.commits == commits)
    }

    @Test("a journal with a hole, projections beyond its end, or a catalogue with a gap is refused as corrupt")
    func corrupt() throws {
        let ledger = SampleLedger(seed: 5, items: 4, locations: 2, blocks: 30)
        let beyond = MemoryRealmStore()
        try ledger.write(to: beyond)
        try beyond.commit(CommitUnit(projection: ProjectionChunk(appliedSeq: ledger.sealed.head.seq + 1)))
        #expect(throws: StoreError.self) { try LedgerUnderTest(store: beyond) }
        let gap = MemoryRealmStore()
        try ledger.write(to: gap)
        try gap.commit(CommitUnit(projection: ProjectionChunk(items: [ledger.items[2]])))
        #expect(throws: StoreError.self) { try LedgerUnderTest(store: gap) }
        let stray = MemoryRealmStore()
        try ledger.write(to: stray)
        try stray.commit(CommitUnit(projection: ProjectionChunk(levels: [StockLevel(key: LevelKey(99, 1))])))
        #expect(throws: StoreError.self) { try LedgerUnderTest(store: stray) }
    }

    @Test("a ledger that was never projected is replayed from its first entry")
    func replayAll() throws {
        let ledger = SampleLedger(seed: 6, items: 20, locations: 3, blocks: 400)
        let store = MemoryRealmStore()
        try ledger.write(to: store)
        let test = try LedgerUnderTest(store: store)
        #expect(test.ledger.head == ledger.sealed)
        let keys = ledger.levels.keys.sorted()
        #expect(try test.ledger.levels(keys) == keys.compactMap { ledger.levels[$0] })
        test.ledger.close()
        #expect(try test.store.open().appliedSeq == ledger.sealed.head.seq)
        #expect(try test.verify() == nil)
    }
}

/// What each key must answer from its first use on.
private struct StoredAnswers {
    private var byKey: [Digest128: (fingerprint: Digest128, answer: Answer, submission: Submission)] = [:]

    /// Single writes and groups whose key holds an answer.
    var known: [(Submission, Answer)] { byKey.values.map { ($0.submission, $0.answer) } }

    mutating func check(_ submission: Submission, _ result: SubmissionResult, _ note: String) {
        let isGroup = submission.compose != nil
        guard let identity = isGroup ? submission.identity : submission.commands[0].identity else {
            #expect(result.decided != nil || result.isStorageFull, "\(note)")
            return
        }
        switch (byKey[identity.key], result) {
        case (let known?, .replayed(let answer)):
            #expect(known.fingerprint == identity.fingerprint && known.answer == answer, "\(note)")
        case (let known?, .keyReused): #expect(known.fingerprint != identity.fingerprint, "\(note)")
        case (nil, .decided(let answer)): byKey[identity.key] = (identity.fingerprint, answer, submission)
        // A line of a group had the key, so that only the store knows its answer.
        case (nil, .replayed), (nil, .keyReused): break
        case (_, .storageFull): break
        default: Issue.record("\(result) for a key that was \(byKey[identity.key] == nil ? "new" : "known"), \(note)")
        }
    }
}
