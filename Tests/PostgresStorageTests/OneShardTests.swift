import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import SampleLedger
import Testing

/// Every call of the stores on tables in partitions by the hash of their realm, as a Citus would have them in shards.
/// PostgreSQL counts for each partition what was looked at in it.
@Suite("what is done for a ledger touches one partition, its own", .serialized)
struct OneShardTests {
    private let fixture: Fixture
    private let realm: Realm
    private let sample = SampleLedger(seed: 7, items: 6, locations: 3, blocks: 20)

    init() throws {
        fixture = try Fixture(.divided)
        realm = fixture.freshRealm()
        // The fence would lead to the right partition whatever a statement says. Without its first half it still hides
        // all other rows, but leads nowhere: a statement has to say by itself for which realm it is, as on a Citus,
        // where nodes are chosen before the fence is looked at.
        try owner(
            PostgresMigrations.rights.keys.map {
                "ALTER POLICY realm ON bincard.\($0) USING (bincard.current_realm() = ANY (ARRAY[realm]));"
            }.joined())
        let store = fixture.database.openRealm(realm)
        try sample.write(to: store)
        try store.commit(CommitUnit(projection: sample.projection))
        store.close()
        let deliveries = fixture.database.openDeliveries(realm)
        _ = try deliveries.open()
        for number in 1...2 { try deliveries.commit(DeliveryRows.unit(of: number, count: 12)) }
        deliveries.close()
    }

    private func owner(_ sql: String) throws {
        try fixture.testDatabase.server.psql(sql, url: fixture.testDatabase.ownerURL)
    }

    /// What PostgreSQL has counted in each partition of each table: looks by an index or without one, and rows written.
    private func counts() throws -> [String: Int] {
        let lines = try fixture.testDatabase.server.psql(
            """
            SELECT relname, seq_scan + coalesce(idx_scan, 0) + n_tup_ins + n_tup_upd + n_tup_del
            FROM pg_stat_user_tables WHERE schemaname = 'bincard' AND relname ~ '_part_[0-9]$'
            """, url: fixture.testDatabase.ownerURL
        ).split(separator: "\n")
        var counts: [String: Int] = [:]
        for line in lines {
            let fields = line.split(separator: "|")
            counts[String(fields[0])] = Int(fields[1])
        }
        return counts
    }

    /// The partitions that another server has touched, by name.
    private func touched(_ body: (PostgresDatabase) throws -> Void) throws -> Set<String> {
        try fixture.waitForSessions(of: "owner", most: 0)
        let before = try counts()
        #expect(before.count == CitusStandIn.parts * PostgresMigrations.rights.count)
        try fixture.withOtherServer(body)
        let after = try counts()
        return Set(after.filter { before[$0.key] != $0.value }.keys)
    }

    /// The number of a realm's partition, in every table.
    private func part(of id: ULID) throws -> Int {
        let digits = { (word: UInt64) in
            let text = String(word, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return try fixture.numbers(
            """
            SELECT n FROM generate_series(0, \(CitusStandIn.parts - 1)) AS n
            WHERE satisfies_hash_partition('bincard.head'::regclass, \(CitusStandIn.parts), n,
                '\(digits(id.high))\(digits(id.low))'::uuid)
            """)[0]
    }

    /// What calls of one store touch.
    private struct Calls<Store> {
        var test: OneShardTests
        var part: Int
        var open: (PostgresDatabase) -> Store

        /// - Parameter body: gives what must be true of the call's answer.
        func check(_ name: String, _ body: (Store) throws -> Bool) throws {
            var isRight = false
            let touched = try test.touched { isRight = try body(open($0)) }
            #expect(isRight, "\(name)")
            #expect(!touched.isEmpty && touched.allSatisfy { $0.hasSuffix("_part_\(part)") }, "\(name): \(touched)")
        }
    }

    private func calls<Store>(of id: ULID, _ open: @escaping (PostgresDatabase) -> Store) throws -> Calls<Store> {
        Calls(test: self, part: try part(of: id), open: open)
    }

    @Test("every read of a ledger's store")
    func ledgerReads() throws {
        let last = sample.sealed.head
        let key = try #require(sample.levels.keys.min())
        let calls = try calls(of: realm.id) { $0.openRealm(realm) }
        try calls.check("open") { store in
            defer { store.finishOpening() }
            return try store.open().head == sample.sealed
        }
        try calls.check("the version") { try $0.currentVersion() > 0 }
        try calls.check("news") { try $0.news(locking: false).blocks.count == sample.blocks.count }
        try calls.check("news under the lock") { store in
            defer { store.release() }
            return try store.news(locking: true).blocks.count == sample.blocks.count
        }
        try calls.check("a block") { try $0.block(containing: last.seq) != nil }
        try calls.check("blocks") { try $0.blocks(from: 1, maximumBytes: .max).count == sample.blocks.count }
        try calls.check("by time") { try $0.lastSeq(recordedAtOrBefore: last.recordedAt) == last.seq }
        try calls.check("by id") { try $0.block(reaching: last.id) != nil }
        try calls.check("levels by key") { try $0.levels([key, key]).count == 2 }
        try calls.check("all levels") { store in
            var count = 0
            try store.projectedLevels { _ in count += 1 }
            return count == sample.levels.count
        }
        try calls.check("a reference") { try $0.references(5, before: .max, limit: 3).count < 3 }
        try calls.check("a segment") { try $0.referenceSegment(containing: 1) != nil }
        try calls.check("a page of answers") { try $0.idempotencyPage(3) == sample.pages[2] }
        try calls.check("pages of answers") {
            try $0.idempotencyPages(from: 1, maximumBytes: .max).count == sample.blocks.count
        }
        try calls.check("keys of answers") { store in
            var count = 0
            try store.idempotencyKeys(fromSlice: 0) { _ in count += 1 }
            return count == sample.pages.count
        }
    }

    @Test("every write of a ledger's store")
    func ledgerWrites() throws {
        let last = sample.sealed.head.seq
        var next = sample
        let units = (0..<2).map { _ in
            next.addMovement()
            return next.seal()
        }
        let segment = ReferenceSegment(
            firstSeq: last + 1, lastSeq: last + 2, postings: [ReferencePosting(hash: 5, seq: last + 1)])
        let chunk = ProjectionChunk(
            items: sample.items, locations: sample.locations, levels: Array(sample.levels.values),
            webhooks: sample.webhooks, references: [segment])
        let calls = try calls(of: realm.id) { $0.openRealm(realm) }
        func isDurable(_ outcome: CommitOutcome) -> Bool { outcome != .overtaken }
        try calls.check("a commit") { isDurable(try $0.commit(units[0])) }
        try calls.check("a commit under the lock") { store in
            _ = try store.open()
            store.finishOpening()
            _ = try store.news(locking: true)
            return isDurable(try store.commit(units[1]))
        }
        try calls.check("a commit that drops answers") { store in
            isDurable(try store.commit(CommitUnit(dropSlicesBefore: .max)))
        }
        try calls.check("a commit with rows of projections") { isDurable(try $0.commit(CommitUnit(projection: chunk))) }
        let copy = fixture.freshRealm("copy")
        let copying = try self.calls(of: copy.id) { $0.openRealm(copy) }
        try copying.check("many blocks at once") { isDurable(try $0.append(sample.blocks, pages: sample.pages)) }
    }

    @Test("every call of a store of deliveries")
    func deliveries() throws {
        let webhook = DeliveryRows.webhook(1)
        let all = 0...UInt64(Int64.max)
        let calls = try calls(of: realm.id) { $0.openDeliveries(realm) }
        func list(_ name: String, _ query: DeliveryQuery, _ count: Int) throws {
            try calls.check(name) { try $0.deliveries(query).count == count }
        }
        try calls.check("the lease, kept, and what a start reads") { store in
            defer { store.close() }
            let opened = try store.open()
            try store.renew()
            return opened.lanes.count == 4
        }
        try calls.check("a unit") { store in
            defer { store.close() }
            return try !store.commit(DeliveryRows.unit(of: 1, count: 12))
        }
        try calls.check("an endpoint that is gone") { store in
            defer { store.close() }
            return try !store.commit(DeliveryUnit(removedWebhooks: [DeliveryRows.webhook(2)]))
        }
        try calls.check("one delivery") { try $0.delivery(DeliveryRows.id(3)) != nil }
        try calls.check("attempts") { try $0.attempts(of: DeliveryRows.id(3)).count == 2 }
        try list("an endpoint's list", DeliveryQuery(webhook: webhook, limit: 50), 12)
        try list("an endpoint's list by status", DeliveryQuery(webhook: webhook, status: .dead, limit: 50), 4)
        try list("a list", DeliveryQuery(limit: 50), 12)
        try list("a list by status", DeliveryQuery(status: .dead, limit: 50), 4)
        try calls.check("dead letters") { try $0.deadSeqs(of: webhook, in: all, limit: 9).count == 4 }
        try calls.check("counts") { try $0.counts(of: webhook).dead == 4 }
        try calls.check("what arrived at once") { store in
            try !store.firstDeliveries(to: webhook, in: all, limit: 9).deliveries.isEmpty
        }
        try calls.check("pages") { try $0.pages(after: 0, limit: 9).count == 9 }
        try calls.check("what is old") { store in
            defer { store.close() }
            let moment = Instant(milliseconds: 99)
            return try !store.commit(DeliveryUnit(dropBefore: moment, dropDeadBefore: moment))
        }
    }

    @Test("every call of the store of tenants and keys, of budgets and of servers: the partition of zeros")
    func installation() throws {
        let now = Instant(milliseconds: 1)
        let control = fixture.database.openControl()
        let owner = try control.realm(tenant: "acme", mode: .live, at: now) { ULID(high: 5, low: 5) }
        let key = APIKey(
            id: ULID(high: 3, low: 3), realm: owner, name: "till", scopes: [], secretHash: SealedHead.start.hash,
            limit: nil, createdAt: now, expiresAt: nil)
        let calls = try calls(of: .zero) { $0.openControl() }
        try calls.check("a realm") { store in
            try store.realm(tenant: "beta", mode: .test, at: now) { ULID(high: 6, low: 6) }.tenant == "beta"
        }
        try calls.check("realms") { try $0.realms().count == 2 }
        try calls.check("a key made") { store in
            try store.insert(key)
            return true
        }
        try calls.check("a key") { try $0.key(key.id) == key }
        try calls.check("keys") { try $0.keys(tenant: nil) == [key] }
        try calls.check("keys of a tenant") { try $0.keys(tenant: "acme") == [key] }
        try calls.check("a key's end") { try $0.setExpiry(of: key.id, to: now)?.expiresAt == now }
        try calls.check("the version") { try $0.version() > 0 }
        try calls.check("the secret") { try $0.installationSecret { [1] } == [1] }
        try calls.check("a realm removed") { store in
            try store.removeRealm(owner)
            return true
        }
        let uses = [1, 2, 3].map { (number: UInt64) in
            BudgetUse(key: ULID(high: 1, low: number), limit: RateLimit(rate: 5, burst: 10), taken: 1)
        }
        let budgets = try self.calls(of: .zero) { $0.openBudgets() }
        try budgets.check("budgets") { try $0.settle(uses).count == 3 }
        let server = AnnouncedServer(id: ULID(high: 9, low: 9), address: "http://10.0.0.1:8080")
        let servers = try self.calls(of: .zero) { $0.openServers() }
        try servers.check("a server announced") { try $0.announce(server) == [server] }
        try servers.check("a server gone") { store in
            try store.leave(server.id)
            return try store.announce(server) == [server]
        }
    }

    @Test("a statement that forgets its realm is seen to touch all of them, though it is shown no row of others")
    func forgotten() throws {
        let seal = try fixture.testDatabase.server.psql(
            """
            SELECT encode(sha256(outer_key || sha256(inner_key || convert_to(
                (SELECT realm::text FROM bincard.head), 'UTF8'))), 'hex') FROM bincard_private.seal
            """, url: fixture.testDatabase.ownerURL
        ).split(separator: "\n")[0]
        let id = try fixture.testDatabase.server.psql(
            "SELECT realm FROM bincard.head", url: fixture.testDatabase.ownerURL
        ).split(separator: "\n")[0]
        let entered = "(SELECT bincard.enter('\(id)', '\(seal)')) AS e(x), LATERAL"
        func ask(_ condition: String) throws -> Set<String> {
            try touched { server in
                let count = "(SELECT count(*) AS n FROM bincard.block WHERE \(condition) AND e.x IS NOT NULL) AS c"
                let answer = try server.run(alone: "SELECT n::text FROM \(entered) \(count)")
                #expect(answer == "\(sample.blocks.count)")
            }
        }
        #expect(try ask("first_seq > 0").count == CitusStandIn.parts)
        #expect(try ask("realm = '\(id)'").count == 1)
    }
}
