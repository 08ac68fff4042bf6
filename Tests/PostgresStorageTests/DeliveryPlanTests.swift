import Foundation
import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import Testing

@Suite("what statements about deliveries read", .serialized)
struct DeliveryPlanTests {
    private static let tables = ["dispatch", "lane", "delivery", "attempt", "delivery_page", "endpoint_health"]

    /// One in which nothing but the test reads these tables.
    private func quiet() throws -> Fixture {
        let fixture = try Fixture()
        let off = "SET (autovacuum_enabled = off, toast.autovacuum_enabled = off)"
        try fixture.testDatabase.server.psql(
            Self.tables.map { "ALTER TABLE bincard.\($0) \(off);" }.joined(), url: fixture.testDatabase.ownerURL)
        return fixture
    }

    /// Some thousands of rows of one ledger and a few of each of many others, and what PostgreSQL knows about them.
    private func filled() throws -> (Fixture, Realm) {
        let fixture = try quiet()
        let realm = fixture.freshRealm()
        let store = fixture.database.openDeliveries(realm)
        for number in 1...8 { try store.commit(DeliveryRows.unit(of: number, count: 600)) }
        let one = fixture.freshRealm("beta")
        let other = fixture.database.openDeliveries(one)
        try other.commit(DeliveryRows.unit(of: 1, count: 3))
        for store in [store, other] { store.close() }
        let copies = try Self.tables.map { table in
            let columns = try fixture.testDatabase.server.psql(
                """
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
                WHERE attrelid = 'bincard.\(table)'::regclass AND attnum > 0 AND attname <> 'realm'
                """, url: fixture.testDatabase.ownerURL
            ).split(separator: "\n")[0]
            // The smaller ledger, a thousand times.
            return """
                INSERT INTO bincard.\(table) (realm, \(columns))
                SELECT r.id, \(columns) FROM new_realm AS r CROSS JOIN bincard.\(table) AS t
                WHERE t.realm = (SELECT realm FROM bincard.dispatch ORDER BY control_seq LIMIT 1);
                """
        }
        try fixture.testDatabase.server.psql(
            "CREATE TEMPORARY TABLE new_realm AS SELECT gen_random_uuid() AS id FROM generate_series(1, 1000); "
                + copies.reversed().joined(), url: fixture.testDatabase.ownerURL)
        try fixture.testDatabase.server.psql("VACUUM ANALYZE", url: fixture.testDatabase.ownerURL)
        return (fixture, realm)
    }

    /// A value of each type that a parameter has.
    private func argument(_ type: Substring) throws -> String {
        switch type {
        case "uuid": "'00000000-0000-0000-0000-000000000001'"
        case "bigint": "5"
        case "bigint[]": "ARRAY[5, 6]::bigint[]"
        case "text[]": "ARRAY['stock.low']"
        default: try #require(nil, "a parameter of type \(type)")
        }
    }

    /// The plan that is made once for all values, and the one that is made for some.
    private func plans(_ sql: String, _ fixture: Fixture) throws -> [String] {
        let (server, url) = (fixture.testDatabase.server, fixture.testDatabase.url)
        let types = try server.psql(
            """
            PREPARE q AS \(sql);
            SELECT array_to_string(parameter_types, ';') FROM pg_prepared_statements
            """, url: url)
        let arguments = try types.split(whereSeparator: { $0.isNewline || $0 == ";" }).map { try argument($0) }
        return try ["force_generic_plan", "force_custom_plan"].map { mode in
            try server.psql(
                """
                PREPARE q AS \(sql); SET plan_cache_mode = \(mode);
                EXPLAIN (COSTS OFF) EXECUTE q(\(arguments.joined(separator: ", ")))
                """, url: url)
        }
    }

    @Test("each look-up is served by its index, whether its plan is general or for the values, and nothing is sorted")
    func lookUps() throws {
        let (fixture, _) = try filled()
        for (sql, index) in PostgresDeliveryStore.lookUps {
            for plan in try plans(sql, fixture) {
                let isSorted = plan.contains("Sort\n") || plan.contains("Sort  (")
                #expect(!plan.contains("Seq Scan") && !plan.contains("Bitmap") && !isSorted, "\(sql)\n\(plan)")
                let indexes = plan.matches(of: /Scan (?:Backward )?using (\w+) on/).map { String($0.output.1) }
                #expect(Set(indexes) == [index], "\(sql)\n\(plan)")
                for condition in plan.split(separator: "\n") where condition.contains("Index Cond") {
                    #expect(condition.contains("realm = "), "\(condition)")
                }
            }
        }
    }

    @Test("what an opening reads is found by an index")
    func openingReads() throws {
        let (fixture, _) = try filled()
        for sql in PostgresDeliveryStore.openingReads {
            for plan in try plans(sql, fixture) {
                #expect(!plan.contains("Seq Scan") && plan.contains("Index Cond: "), "\(sql)\n\(plan)")
            }
        }
    }

    /// What PostgreSQL has counted, once the connections of `body` are closed: rows of these tables that were read
    /// without an index, rows that were fetched by one, blocks of long values, and rows that were deleted.
    private func counted(
        _ fixture: Fixture, _ realm: Realm, _ body: (PostgresDeliveryStore) throws -> Void
    ) throws -> (scanned: Int, fetched: Int, long: Int, deleted: Int) {
        func read() throws -> [Int] {
            try fixture.numbers(
                """
                SELECT sum(seq_tup_read), sum(idx_tup_fetch), (
                    SELECT sum(coalesce(toast_blks_read, 0) + coalesce(toast_blks_hit, 0)) FROM pg_statio_user_tables
                    WHERE relname = 'delivery_page'), sum(n_tup_del)
                FROM pg_stat_user_tables WHERE relname IN ('\(Self.tables.joined(separator: "', '"))')
                """)
        }
        try fixture.waitForSessions(of: "owner", most: 0)
        let before = try read()
        try fixture.withOtherServer { server in
            let store = server.openDeliveries(realm)
            defer { store.close() }
            try body(store)
        }
        let after = try read()
        return (after[0] - before[0], after[1] - before[1], after[2] - before[2], after[3] - before[3])
    }

    @Test("writing and deleting read the rows that they change and few others, by their indexes")
    func functions() throws {
        let (fixture, realm) = try filled()
        let written = try counted(fixture, realm) { _ = try $0.commit(DeliveryRows.unit(of: 3, count: 20)) }
        // 3 lanes, 20 deliveries and 40 attempts that are replaced, health, and the lease.
        #expect(written.scanned == 0 && written.fetched < 100, "\(written)")
        for unit in [
            DeliveryUnit(removedWebhooks: [DeliveryRows.webhook(2)]),
            DeliveryUnit(dropBefore: Instant(milliseconds: 90)),
            DeliveryUnit(dropDeadBefore: Instant(milliseconds: 200)),
        ] {
            let counted = try counted(fixture, realm) { store in
                var commits = 1
                while try store.commit(unit), commits < 100 { commits += 1 }
                #expect(commits < 20)
            }
            // Each is found, and then deleted.
            #expect(counted.deleted > 1_000, "\(unit): \(counted)")
            #expect(counted.scanned == 0 && counted.fetched < 3 * counted.deleted, "\(unit): \(counted)")
        }
    }

    @Test("pages that are not needed for a list are not read")
    func longValues() throws {
        let fixture = try quiet()
        let realm = fixture.freshRealm()
        let store = fixture.database.openDeliveries(realm)
        // 40 pages of 128 KiB, each in 16 blocks or a few more.
        for number in 1...40 {
            try store.commit(
                DeliveryUnit(pages: [DeliveryRows.page(10 * number...10 * number + 9, at: number, body: 65_530)]))
        }
        store.close()
        let webhook = DeliveryRows.webhook(1)
        for (limit, pages) in [(1, 1), (10, 1), (11, 2), (60, 6), (1_000, 40)] {
            let counted = try counted(fixture, realm) { store in
                let found = try store.firstDeliveries(to: webhook, in: 0...(.max), limit: limit)
                #expect(found.deliveries.count == 10 * pages)
                #expect(found.searchedFrom == (pages == 40 ? 0 : UInt64(410 - 10 * pages)))
            }
            #expect((pages * 16..<pages * 22).contains(counted.long), "\(limit): \(counted)")
        }
    }

    @Test("large pages are deleted a few at a time")
    func bytes() throws {
        let fixture = try Fixture()
        let store = fixture.database.openDeliveries(fixture.freshRealm())
        defer { store.close() }
        for number in 1...6 {
            try store.commit(DeliveryUnit(pages: [DeliveryRows.page(10 * number...10 * number + 9, body: 300_000)]))
        }
        var commits = 1
        while try store.commit(DeliveryUnit(dropBefore: Instant(milliseconds: 1))), commits < 100 { commits += 1 }
        #expect(commits == 6)
        for number in 1...6 {
            try store.commit(DeliveryUnit(pages: [DeliveryRows.page(10 * number...10 * number + 9, body: 300_000)]))
        }
        commits = 1
        while try store.commit(DeliveryUnit(removedWebhooks: [DeliveryRows.webhook(1)])), commits < 100 { commits += 1 }
        #expect(commits == 6)
        #expect(try store.firstDeliveries(to: DeliveryRows.webhook(1), in: 0...(.max), limit: 1).deliveries.isEmpty)
    }
}
