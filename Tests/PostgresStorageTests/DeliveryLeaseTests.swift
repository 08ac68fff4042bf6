import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import Testing

@Suite("the lease of a realm's deliveries", .serialized)
struct DeliveryLeaseTests {
    private let fixture: Fixture
    private let realm: Realm
    private let other: PostgresDatabase

    init() throws {
        fixture = try Fixture()
        realm = fixture.freshRealm()
        other = try fixture.otherServer()
    }

    private func owner(_ sql: String) throws {
        try fixture.testDatabase.server.psql(sql, url: fixture.testDatabase.ownerURL)
    }

    /// As if its holder had said nothing for long.
    private func letLeaseRunOut() throws { try owner("UPDATE bincard.dispatch SET until = now() - interval '1 s'") }

    private func expectInUse(_ message: Comment, _ body: () throws -> Void) throws {
        let error = try #require(throws: StoreError.self, message) { try body() }
        guard case .inUse(let path, let holder) = error else {
            Issue.record("\(message): \(error)")
            return
        }
        #expect(path == "the deliveries of realm acme test", message)
        #expect(holder.wholeMatch(of: /another server, until 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil, "\(holder)")
    }

    @Test("a second server is refused while the first has it, and may read all the same")
    func refused() throws {
        let first = fixture.database.openDeliveries(realm)
        #expect(try first.open() == OpenedDeliveries())
        try first.commit(DeliveryRows.unit(of: 1, count: 6))
        let second = other.openDeliveries(realm)
        for _ in 0..<2 { try expectInUse("open") { _ = try second.open() } }
        try expectInUse("commit without open") { try second.commit(DeliveryUnit(controlSeq: 9)) }
        let webhook = DeliveryRows.webhook(1)
        #expect(try second.deliveries(DeliveryQuery(limit: 9)).count == 6)
        #expect(try second.delivery(DeliveryRows.id(2))?.id.seq == 2)
        #expect(try second.attempts(of: DeliveryRows.id(2)).count == 2)
        #expect(try second.deadSeqs(of: webhook, in: 0...9, limit: 9) == [1, 4])
        #expect(try second.counts(of: webhook) == (2, 2))
        #expect(try second.firstDeliveries(to: webhook, in: 0...(.max), limit: 99).deliveries.count == 18)
        // Who never had it gives nothing up.
        second.close()
        try first.commit(DeliveryUnit(controlSeq: 7))
        #expect(try first.open().controlSeq == 7)
        first.close()
    }

    @Test("who closes gives it up at once, and another realm's is another's")
    func givenUp() throws {
        let first = fixture.database.openDeliveries(realm)
        try first.commit(DeliveryUnit(controlSeq: 3))
        let elsewhere = other.openDeliveries(fixture.freshRealm("beta"))
        #expect(try elsewhere.open().controlSeq == 0)
        first.close()
        let second = other.openDeliveries(realm)
        #expect(try second.open().controlSeq == 3)
        try second.commit(DeliveryUnit(controlSeq: 4))
        // Closed again, the first takes nothing away.
        first.close()
        try second.commit(DeliveryUnit(controlSeq: 5))
        #expect(try second.open().controlSeq == 5)
        second.close()
        elsewhere.close()
    }

    @Test("once it has run out another server takes it over, and the first writes nothing any more")
    func takenOver() throws {
        let first = fixture.database.openDeliveries(realm)
        let unit = DeliveryRows.unit(of: 1, count: 6)
        try first.commit(unit)
        try letLeaseRunOut()
        let second = other.openDeliveries(realm)
        let opened = try second.open()
        #expect(opened.controlSeq == 6 && opened.pending.count == 2)
        var late = DeliveryRows.unit(of: 2, count: 9)
        late.endedLanes = [LaneID(webhook: DeliveryRows.webhook(1), origin: 0)]
        late.removedWebhooks = [DeliveryRows.webhook(1)]
        late.dropDeadBefore = Instant(milliseconds: 100)
        for _ in 0..<2 { try expectInUse("commit") { try first.commit(late) } }
        try expectInUse("renew") { try first.renew() }
        #expect(try second.open() == opened)
        #expect(try second.deliveries(DeliveryQuery(limit: 99)).count == 6)
        #expect(try second.firstDeliveries(to: DeliveryRows.webhook(1), in: 0...99, limit: 99).deliveries.count == 18)
        #expect(try second.firstDeliveries(to: DeliveryRows.webhook(2), in: 0...99, limit: 99).deliveries == [])
        // Not even by closing.
        first.close()
        try second.commit(DeliveryUnit(controlSeq: 10))
        try expectInUse("open") { _ = try first.open() }
        second.close()
        #expect(try first.open().controlSeq == 10)
        try first.commit(DeliveryUnit(controlSeq: 11))
        first.close()
    }

    @Test("a lease that has run out and that nobody took goes on with the next write")
    func resumed() throws {
        let store = fixture.database.openDeliveries(realm)
        _ = try store.open()
        try letLeaseRunOut()
        try store.commit(DeliveryUnit(controlSeq: 2))
        let second = other.openDeliveries(realm)
        try expectInUse("open") { _ = try second.open() }
        store.close()
    }

    @Test("it lasts ten seconds from the last commit or renewal, and a refused open lengthens nothing")
    func length() throws {
        func left() throws -> Int {
            try fixture.numbers(
                "SELECT round(extract(epoch FROM until - clock_timestamp()) * 1000)::bigint FROM bincard.dispatch")[0]
        }
        let store = fixture.database.openDeliveries(realm)
        // Without a lease there is nothing to renew.
        try store.renew()
        #expect(try fixture.numbers("SELECT count(*) FROM bincard.dispatch") == [0])
        let steps: [() throws -> Void] = [
            { _ = try store.open() }, { try store.commit(DeliveryUnit()) }, { try store.renew() },
        ]
        for step in steps {
            try step()
            #expect((5_000...10_000).contains(try left()))
            try owner("UPDATE bincard.dispatch SET until = now() + interval '2 s'")
        }
        try expectInUse("open") { _ = try other.openDeliveries(realm).open() }
        #expect(try left() <= 2_000)
        try letLeaseRunOut()
        let second = other.openDeliveries(realm)
        _ = try second.open()
        try expectInUse("renew") { try store.renew() }
        try expectInUse("commit after a renewal that failed") { try store.commit(DeliveryUnit(controlSeq: 1)) }
        second.close()
    }

    @Test("of many servers that open at the same time one has it", .timeLimit(.minutes(1)))
    func race() async throws {
        let (database, realm) = (fixture.database, realm)
        for _ in 0..<10 {
            let stores = (0..<6).map { _ in database.openDeliveries(realm) }
            let opened = await withTaskGroup(of: Bool.self) { group in
                for store in stores { group.addTask { (try? store.open()) != nil } }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(opened == 1)
            for store in stores { store.close() }
        }
    }

    @Test("after a lost connection nothing is written before the store is opened again, under another name")
    func lostConnection() throws {
        let store = fixture.database.openDeliveries(realm)
        try store.commit(DeliveryUnit(controlSeq: 1))
        let holder = try fixture.numbers("SELECT holder FROM bincard.dispatch")
        try owner(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(TestDatabase.role)' "
                + "AND datname = current_database()")
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) { try store.commit(DeliveryUnit(controlSeq: 2)) }
            guard case .unavailable(_, isOutcomeUnknown: true)? = error else {
                Issue.record("\(error as Any)")
                return
            }
        }
        #expect(try store.deliveries(DeliveryQuery(limit: 1)) == [])
        // Its own lease, which has not run out, does not stand in its way, and what it sent before would find none.
        #expect(try store.open().controlSeq == 1)
        #expect(try fixture.numbers("SELECT holder FROM bincard.dispatch") != holder)
        try store.commit(DeliveryUnit(controlSeq: 3))
        store.close()
        #expect(try other.openDeliveries(realm).open().controlSeq == 3)
    }

    @Test("a unit that PostgreSQL refuses is refused whole, and the store must be opened again")
    func refusedUnit() throws {
        let store = fixture.database.openDeliveries(realm)
        try store.commit(DeliveryUnit(controlSeq: 1))
        var unit = DeliveryRows.unit(of: 1, count: 3)
        // Which no text in PostgreSQL can hold.
        unit.deliveries[1].eventName = "a\u{0}b"
        for _ in 0..<2 {
            #expect(throws: StoreError.self) { try store.commit(unit) }
            #expect(throws: StoreError.self) { try store.commit(DeliveryUnit(controlSeq: 5)) }
        }
        #expect(try store.deliveries(DeliveryQuery(eventNames: ["a\u{0}b"], limit: 9)) == [])
        #expect(try store.open() == OpenedDeliveries(controlSeq: 1))
        try store.commit(DeliveryUnit(controlSeq: 6))
        #expect(try store.open().controlSeq == 6)
        store.close()
    }

    @Test("a commit of deliveries waits for no disk, and leaves its session as it was")
    func asynchronous() throws {
        func syncs(_ body: (PostgresDatabase) throws -> Void) throws -> Int {
            let before = try fixture.numbers("SELECT wal_sync FROM pg_stat_wal")[0]
            try fixture.withOtherServer(body)
            return try fixture.numbers("SELECT wal_sync FROM pg_stat_wal")[0] - before
        }
        let deliveries = try syncs { server in
            let store = server.openDeliveries(realm)
            for number in 1...200 { try store.commit(DeliveryUnit(controlSeq: UInt64(number))) }
            store.close()
        }
        // The log is written in the background a few times a second.
        #expect(deliveries < 100)
        let both = try syncs { server in
            let store = server.openDeliveries(realm)
            let control = server.openControl()
            for number in 1...200 {
                try store.commit(DeliveryUnit(controlSeq: UInt64(number)))
                // Takes the same connection: there is only one.
                _ = try control.realm(
                    tenant: "tenant-\(number)", mode: .test, at: Instant(milliseconds: 1),
                    makeID: { ULID(high: 1, low: UInt64(number)) })
            }
            store.close()
        }
        #expect(both >= 200)
    }
}
