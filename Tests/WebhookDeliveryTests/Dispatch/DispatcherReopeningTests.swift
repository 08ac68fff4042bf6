import LedgerStorage
import Testing
import WebhookDelivery

@Suite("A store of deliveries that fails", .serialized, .timeLimit(.minutes(1)))
struct DispatcherReopeningTests {
    private let failed = StoreError.failed(operation: "commit deliveries", detail: "simulated")
    private let inUse = StoreError.inUse(path: "realm", holder: "server 2")

    @Test("one that can't be opened is opened again until it can, and nothing is missing then")
    func opening() async throws {
        try await DispatchedRealm.with { realm in
            realm.store.failToOpen(
                [failed, failed, .corrupt(seq: nil, detail: "a row")], reading: [failed, failed])
            try realm.append(20)
            realm.start()
            try await eventually("it does not rest") { realm.dispatcher.isResting(realm.realm.id) }
            #expect(realm.dispatcher.isStarted(realm.realm.id) == false)
            // What comes meanwhile waits in the journal.
            try realm.append(5)
            try await realm.settle("opened at last")
            #expect(realm.taken.count == 25 && realm.store.faultsLeft == 0)
            #expect(realm.store.sessions == (3, 2), "what was opened and could not be read is closed")
            #expect(!realm.dispatcher.isResting(realm.realm.id))
        }
        // The stop closes the one that works.
    }

    @Test("a commit that fails closes the store and opens it again; what was not written is sent again, and no more")
    func committing() async throws {
        try await DispatchedRealm.with { realm in
            realm.start()
            try realm.append(40)
            try await realm.settle("before")
            let before = realm.taken.count
            realm.store.failToCommit([failed])
            realm.store.failToOpen([failed, failed])
            try realm.append(30)
            try await eventually("the fault is not met") { realm.store.faultsLeft == 0 }
            try realm.append(10)
            try await realm.settle("after")
            // At most what one endpoint may have sent and not on disk.
            #expect(before == 40 && (80...(80 + 64)).contains(realm.taken.count), "\(realm.taken.count)")
            #expect(realm.store.sessions == (2, 1) && realm.store.usedAfterClose == 0)
            #expect(realm.told.count == 1, "\(realm.told)")
        }
    }

    @Test("one that fails again and again is opened again and again")
    func stubborn() async throws {
        try await DispatchedRealm.with { realm in
            realm.store.failToCommit(Array(repeating: failed, count: 6))
            realm.start()
            try realm.append(10)
            try await realm.settle("after six failures")
            #expect(realm.store.sessions == (7, 6) && realm.store.usedAfterClose == 0)
        }
    }

    @Test("one that another server has is waited for, and told of once; so is one that is lost to it later")
    func lease() async throws {
        try await DispatchedRealm.with { realm in
            realm.store.failToOpen(Array(repeating: inUse, count: 4))
            realm.start()
            try realm.append(10)
            try await realm.settle("the other has let go")
            #expect(realm.told.count == 1 && realm.told[0].contains("server 2"), "\(realm.told)")
            realm.store.failToCommit([inUse])
            realm.store.failToOpen(Array(repeating: inUse, count: 3))
            try realm.append(10)
            try await eventually("it does not rest") { realm.dispatcher.isResting(realm.realm.id) }
            try realm.append(10)
            let new = realm.newest(10)
            try await Task.sleep(for: .milliseconds(20))
            #expect(new.isDisjoint(with: realm.taken), "nothing is sent while another server does it")
            try await realm.settle("it has let go again")
            #expect(realm.told.count == 2, "\(realm.told)")
            #expect(realm.store.sessions == (2, 1))
        }
    }

    @Test("who asks while it rests is answered at once, and a stop in between ends it")
    func asking() async throws {
        try await DispatchedRealm.with { realm in
            realm.store.failToOpen(Array(repeating: inUse, count: 1_000))
            realm.start()
            try await eventually("it does not rest") { realm.dispatcher.isResting(realm.realm.id) }
            await withCheckedContinuation { continuation in
                realm.dispatcher.flush(realm.realm.id) { continuation.resume() }
            }
            #expect(realm.dispatcher.deliveries(realm.realm.id) == nil)
            // A second start changes nothing.
            realm.start()
        }
    }
}
