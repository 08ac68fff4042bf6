import BlockingWork
import Foundation
import LedgerCore
import LedgerEngine
import LedgerStorage
import MemoryStorage
import SampleLedger
import Synchronization
import Testing

@Suite("Realms", .timeLimit(.minutes(1)))
struct RealmOpeningTests {
    private func realm(_ number: UInt64) -> Realm {
        Realm(id: ULID(high: 1, low: number), tenant: "tenant-\(number)", mode: .live)
    }

    private func environment() -> EngineEnvironment {
        EngineEnvironment(
            now: { Instant(milliseconds: 1_780_000_000_000) }, random: { (1, 2) },
            failStop: { _, error in Issue.record("failStop: \(error)") })
    }

    private func open(_ realm: Realm, in engine: LedgerEngine) async throws -> RealmLedger {
        try await withCheckedThrowingContinuation { continuation in
            engine.open(realm) { continuation.resume(with: $0) }
        }
    }

    private func write(_ ledger: RealmLedger, _ command: Command) async -> SubmissionResult {
        await withCheckedContinuation { continuation in
            ledger.submit(.single(command, nil)) { continuation.resume(returning: $0) }
        }
    }

    @Test("a realm whose disk is slow delays no other one", arguments: [2, 16])
    func slowRealm(writerThreads: Int) async throws {
        let slow = GatedStore(MemoryRealmStore())
        let engine = LedgerEngine(environment: environment(), writerThreads: writerThreads) {
            realm throws(StoreError) in
            if realm.tenant == "tenant-1" { return slow }
            return MemoryRealmStore()
        }
        defer { engine.close() }
        let first = try await open(realm(1), in: engine)
        let second = try await open(realm(2), in: engine)
        // Both have had a thread, so that one or two are asleep.
        _ = await write(second, .createLocation(LocationDraft(code: "A", name: "A")))
        let gate = { slow.openGate() }
        defer { gate() }
        for round in 0..<20 {
            slow.shutGate()
            let commits = slow.commits
            async let hanging = write(first, .createLocation(LocationDraft(code: "A\(round)", name: "A")))
            for number in 0..<20 {
                #expect(
                    await write(second, .createLocation(LocationDraft(code: "\(round)-\(number)", name: "B"))).decided?
                        .status == 201)
            }
            await until { slow.commits > commits }
            slow.openGate()
            #expect(await hanging.decided?.status == 201)
        }
    }

    @Test("with one thread for all of them, busy realms take turns")
    func turns() async throws {
        let engine = LedgerEngine(environment: environment(), writerThreads: 1) { _ throws(StoreError) in
            MemoryRealmStore()
        }
        defer { engine.close() }
        let busy = try await open(realm(1), in: engine)
        let other = try await open(realm(2), in: engine)
        let isDone = Flag()
        await withTaskGroup(of: Void.self) { group in
            // Enough of them that the busy realm's queue never runs dry.
            for submitter in 0..<8 {
                group.addTask {
                    var number = 0
                    while !isDone.isSet {
                        _ = await write(busy, .createLocation(LocationDraft(code: "\(submitter)-\(number)", name: "A")))
                        number += 1
                    }
                }
            }
            for number in 0..<50 {
                _ = await write(other, .createLocation(LocationDraft(code: "\(number)", name: "B")))
            }
            isDone.set()
        }
        #expect(other.head.head.seq == 50)
    }

    @Test("many who ask for a realm at once share one opening")
    func sharedOpening() async throws {
        let openings = Counter()
        let engine = LedgerEngine(environment: environment()) { _ throws(StoreError) in
            openings.add()
            return MemoryRealmStore()
        }
        defer { engine.close() }
        let ledgers = try await withThrowingTaskGroup(of: RealmLedger.self) { group in
            for _ in 0..<20 { group.addTask { try await open(realm(1), in: engine) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ledgers.allSatisfy { $0 === ledgers[0] })
        #expect(openings.value == 1)
        #expect(engine.openRealm(realm(1).id) === ledgers[0])
        #expect(engine.openRealm(realm(2).id) == nil)
    }

    @Test("an opening that fails closes the store, tells everyone, and can be tried again")
    func failedOpening() async throws {
        let ledger = SampleLedger(seed: 1, items: 2, locations: 1, blocks: 3)
        let bad = MemoryRealmStore()
        try ledger.write(to: bad)
        try bad.commit(CommitUnit(projection: ProjectionChunk(appliedSeq: 10_000)))
        let broken = GatedStore(bad)
        let attempts = Counter()
        let engine = LedgerEngine(environment: environment()) { _ throws(StoreError) in
            switch attempts.add() {
            case 1: throw .notWritable(path: "/x", detail: "no")
            case 2: return broken
            default: return MemoryRealmStore()
            }
        }
        defer { engine.close() }
        await #expect(throws: StoreError.notWritable(path: "/x", detail: "no")) { try await open(realm(1), in: engine) }
        await #expect(throws: StoreError.self) { try await open(realm(1), in: engine) }
        #expect(broken.isClosed)
        #expect(try await open(realm(1), in: engine).head == .start)
    }

    @Test("closing waits for a realm that is just being opened, and leaves no store open")
    func closingWhileOpening() async throws {
        let stores = Collected<GatedStore>()
        let isOpening = Flag()
        let mayOpen = Flag()
        let engine = LedgerEngine(environment: environment()) { realm throws(StoreError) in
            let store = GatedStore(MemoryRealmStore())
            stores.append(store)
            if realm.tenant == "tenant-2" {
                isOpening.set()
                while !mayOpen.isSet { sched_yield() }
            }
            return store
        }
        _ = try await open(realm(1), in: engine)
        async let late: Void = {
            await #expect(throws: StoreError.self) { try await open(realm(2), in: engine) }
        }()
        await until { isOpening.isSet }
        let closer = BlockingThreads(name: "closer", maximum: 1)
        let isClosed = Flag()
        closer.run {
            engine.close()
            isClosed.set()
        }
        try await Task.sleep(for: .milliseconds(20))
        #expect(!isClosed.isSet)
        mayOpen.set()
        await late
        await until { isClosed.isSet }
        closer.stop()
        let all = stores.values
        #expect(all.count == 2)
        #expect(all.allSatisfy { $0.isClosed })
        await #expect(throws: StoreError.self) { try await open(realm(3), in: engine) }
    }
}
