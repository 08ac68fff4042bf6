import Foundation
import LedgerStorage
import PostgresServer
import PostgresStorage
import Synchronization
import Testing

/// What `bincard db migrate --citus` asks for, and when it refuses. What answers is `CitusStandIn`: whether a Citus
/// would do what it is asked is not tested anywhere.
@Suite("distributing the tables, on what stands in for a Citus and is none", .serialized)
struct CitusCommandTests {
    private let server: PostgresServer

    init() throws { server = try PostgresServer.shared.get() }

    private func emptyDatabase(citus version: String? = "12.1-1") throws -> String {
        let name = server.freshName("citus")
        try server.psql("CREATE DATABASE \(name)")
        if let version {
            try CitusStandIn.install(on: server, ownerURL: server.ownerURL(database: name), version: version)
        }
        return server.ownerURL(database: name)
    }

    private func migrate(
        _ url: String, _ distribution: PostgresAdministration.Distribution = .citus(shards: nil),
        role: String = TestDatabase.role, key: RealmSealKey = Fixture.sealKey, replacesKey: Bool = false
    ) throws -> PostgresAdministration.Report {
        try PostgresAdministration(conninfo: url).migrate(
            serverRole: role, sealKey: key, replacesKey: replacesKey, distribution: distribution)
    }

    private func refusal(_ name: String = "", _ body: () throws -> Void) -> String {
        let error = #expect(throws: StoreError.self, "\(name)") { try body() }
        return error.map { "\($0)" } ?? ""
    }

    private func ask(_ sql: String, _ url: String) throws -> String {
        try server.psql(sql, url: url).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test("every table goes by its realm with the heads, after what its fence calls; functions of a realm follow")
    func calls() throws {
        let url = try emptyDatabase()
        let report = try migrate(url, .citus(shards: 48))
        #expect(report.shards == 48 && report.to > 0)
        let calls = try CitusStandIn.calls(server, url)
        let tables = calls.filter { $0.hasPrefix("table ") }
        #expect(tables.first == "table bincard.head realm none 48")
        #expect(tables.dropFirst().allSatisfy { $0.hasSuffix(" realm bincard.head") })
        #expect(
            Set(tables.compactMap { $0.split(separator: " ").dropFirst().first.map(String.init) })
                == Set(PostgresMigrations.rights.keys.map { "bincard.\($0)" }))
        let fence = try #require(calls.firstIndex(of: "function bincard.current_realm default"))
        #expect(fence < (try #require(calls.firstIndex(of: tables[0]))))
        let called = calls.filter { $0.hasSuffix(" for_realm bincard.head") }
        #expect(
            called.map { $0.split(separator: " ")[1].dropFirst("bincard.".count) }.sorted() == [
                "announce_server", "append", "append_and_project", "boundary", "head_version", "keep_dispatch", "news",
                "settle_budgets",
                "take_dispatch", "write_deliveries",
            ])
        #expect(
            try #require(calls.lastIndex(of: tables[tables.count - 1]))
                < (try #require(calls.firstIndex(of: called[0]))))
        #expect(calls.last == "nodes DO $node$ BEGIN", "the key goes to the nodes when everything else is there")
        #expect(
            calls.contains("function bincard.enter default") && calls.contains("function bincard.drop_pages default"))
    }

    @Test("the fence is complete afterwards, but for subqueries, and every key begins with the realm")
    func catalogue() throws {
        let url = try emptyDatabase()
        _ = try migrate(url)
        #expect(try Catalogue.complaints(server, url, isDistributed: true) == [])
        #expect(try ask("SELECT count(*) FROM pg_dist_partition", url) == "\(PostgresMigrations.rights.count)")
    }

    @Test("a second time nothing is distributed again, and without --citus a distributed database stays one")
    func again() throws {
        let url = try emptyDatabase()
        _ = try migrate(url, .citus(shards: 8))
        let first = try CitusStandIn.calls(server, url).filter { !$0.hasPrefix("nodes") }
        let tables = "SELECT array_agg(oid ORDER BY oid) FROM pg_class WHERE relnamespace = 'bincard'::regnamespace"
        let before = try ask(tables, url)
        for distribution in [.citus(shards: nil), .citus(shards: 8), .asItIs] as [PostgresAdministration.Distribution] {
            #expect(try migrate(url, distribution).shards == 8)
        }
        #expect(try CitusStandIn.calls(server, url).filter { !$0.hasPrefix("nodes") } == first)
        #expect(try ask(tables, url) == before)
        #expect(refusal { _ = try migrate(url, .citus(shards: 9)) }.contains("8 shards already"))
    }

    @Test("a table that a later step has made is distributed by the next migration, beside servers that run")
    func laterTable() throws {
        let url = try emptyDatabase()
        _ = try migrate(url, .citus(shards: 8))
        // As it was before the table had come.
        try server.psql(
            """
            DELETE FROM pg_dist_partition WHERE logicalrelid = 'bincard.lane'::regclass;
            CREATE TABLE bincard.plain (LIKE bincard.lane INCLUDING ALL); DROP TABLE bincard.lane;
            ALTER TABLE bincard.plain RENAME TO lane; ALTER TABLE bincard.lane ENABLE ROW LEVEL SECURITY;
            ALTER TABLE bincard.lane FORCE ROW LEVEL SECURITY;
            CREATE POLICY realm ON bincard.lane USING (realm = (SELECT bincard.current_realm()))
            """, url: url)
        let database = try PostgresDatabase(
            conninfo: server.url(role: TestDatabase.role, database: String(url.split(separator: "/")[2])),
            sealKey: Fixture.sealKey, connections: 1)
        defer { database.close() }
        _ = try migrate(url, .asItIs)
        #expect(try CitusStandIn.calls(server, url).filter { $0.hasPrefix("table bincard.lane") }.count == 2)
        #expect(try ask("SELECT relkind FROM pg_class WHERE oid = 'bincard.lane'::regclass", url) == "p")
    }

    @Test("of two at once one distributes, the other waits and finds nothing to do")
    func atOnce() throws {
        let url = try emptyDatabase()
        let outcomes = Mutex<[String]>([])
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            Thread.detachNewThread {
                let outcome: String
                do {
                    let report = try PostgresAdministration(conninfo: url).migrate(
                        serverRole: TestDatabase.role, sealKey: Fixture.sealKey, distribution: .citus(shards: 8))
                    outcome = "\(report.shards ?? 0)"
                } catch {
                    outcome = "\(error)"
                }
                outcomes.withLock { $0.append(outcome) }
                done.signal()
            }
        }
        for _ in 0..<2 { #expect(done.wait(timeout: .now() + 60) == .success) }
        #expect(outcomes.withLock { $0 } == ["8", "8"])
        #expect(
            try CitusStandIn.calls(server, url).filter { $0.hasPrefix("table") }.count
                == PostgresMigrations.rights.count)
    }

    @Test("where it can't be done it is refused, says what to do, and changes nothing")
    func refusals() throws {
        let made = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bincard%'"
        let none = try emptyDatabase(citus: nil)
        let text = refusal { _ = try migrate(none) }
        #expect(text.contains("CREATE EXTENSION citus") && text.contains("nothing was changed"), "\(text)")
        #expect(try ask(made, none) == "0")
        let old = try emptyDatabase(citus: "10.2-5")
        #expect(refusal { _ = try migrate(old) }.contains("version 11 or later"))
        #expect(try ask(made, old) == "0")
        let new = try emptyDatabase()
        #expect(refusal { _ = try migrate(new, .citus(shards: 0)) }.contains("from 1 to 64000"))
        try server.psql("UPDATE citus_stand_in.node SET fault = 'connection refused'", url: new)
        #expect(refusal { _ = try migrate(new) }.contains("node-1:5432 says: connection refused"))
        #expect(try ask(made, new) == "0")
        try server.psql("UPDATE citus_stand_in.node SET fault = NULL", url: new)
        try server.psql("DROP ROLE IF EXISTS citus_owner; CREATE ROLE citus_owner LOGIN CREATEROLE")
        let name = String(new.split(separator: "/")[2])
        try server.psql("ALTER DATABASE \(name) OWNER TO citus_owner", url: new)
        #expect(refusal { _ = try migrate(server.url(role: "citus_owner", database: name)) }.contains("superuser"))
        #expect(try ask(made, new) == "0")
        try server.psql("ALTER DATABASE \(name) OWNER TO owner; DROP ROLE citus_owner", url: new)
    }

    @Test("ledgers that are there, and servers that run, are a reason to refuse: they come by `db copy`")
    func filled() throws {
        let url = try emptyDatabase()
        _ = try migrate(url, .asItIs)
        let name = String(url.split(separator: "/")[2])
        let database = try PostgresDatabase(
            conninfo: server.url(role: TestDatabase.role, database: name), sealKey: Fixture.sealKey, connections: 1)
        #expect(refusal { _ = try migrate(url) }.contains("stop the servers first"))
        database.close()
        for _ in 0..<200
        where try ask(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = '\(TestDatabase.role)' AND datname = '\(name)'", url)
            != "0"
        {
            usleep(10_000)
        }
        try server.psql("INSERT INTO bincard.tenant VALUES (gen_random_uuid(), 'acme', 1)", url: url)
        let text = refusal { _ = try migrate(url) }
        #expect(text.contains("db copy") && text.contains("(tenant)"), "\(text)")
        #expect(
            try ask(
                "SELECT to_regproc('bincard.shard_count') IS NULL AND NOT EXISTS (SELECT FROM pg_dist_partition)", url)
                == "t")
        #expect(try Catalogue.complaints(server, url) == [])
        try server.psql("DELETE FROM bincard.tenant", url: url)
        #expect(try migrate(url).shards == 32)
    }

    @Test(
        "a node that can't be let in is named, and the same command finishes when it can; a new key goes to the nodes")
    func nodes() throws {
        let url = try emptyDatabase()
        // It answers what is asked of its settings, and nothing else.
        try server.psql(
            """
            CREATE FUNCTION citus_stand_in.no() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_setting('citus.enable_ddl_propagation', true) = 'off' THEN RAISE 'disk full'; END IF;
            END $$;
            CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION citus_stand_in.no()
            """, url: url)
        let text = refusal { _ = try migrate(url) }
        #expect(text.contains("disk full"), "\(text)")
        try server.psql("DROP EVENT TRIGGER no", url: url)
        try server.psql("DELETE FROM bincard_private.seal", url: url)
        _ = try migrate(url)
        let digest = "SELECT md5(inner_key || outer_key) FROM bincard_private.seal"
        let first = try ask(digest, url)
        #expect(!first.isEmpty)
        let key = try #require(RealmSealKey(bytes: [UInt8](repeating: 1, count: 32)))
        _ = try migrate(url, .asItIs, key: key, replacesKey: true)
        let second = try ask(digest, url)
        #expect(second != first && !second.isEmpty)
        let settings = try ask(
            "SELECT array_to_string(setconfig, ' ') FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())",
            url)
        #expect(settings.contains("citus.propagate_set_commands=local") && settings.contains("track_activities=off"))
    }
}
