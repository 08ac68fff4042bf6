import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import SampleLedger
import Testing

@Suite("what one tenant's transaction leaves behind in a session that another's uses next", .serialized)
struct PooledSessionTests {
    let tenants: TwoTenants
    /// One session for everything.
    let database: PostgresDatabase

    init() throws {
        tenants = try TwoTenants.shared.get()
        database = try PostgresDatabase(
            conninfo: tenants.fixture.testDatabase.url, sealKey: Fixture.sealKey, connections: 1)
    }

    private func process() throws -> String? { try database.run(alone: "SELECT pg_backend_pid()::text") }

    private func realm(_ tenant: String) throws -> Realm {
        try #require(try database.openControl().realms().first { $0.tenant == tenant })
    }

    @Test("a session is used again after rows were read and written, and never after anything else")
    func replaced() throws {
        defer { database.close() }
        let staying = ["SELECT 1", "SELECT set_config('work_mem', '4MB', false)", "SELECT count(*) FROM bincard.item"]
        let leaving = [
            "PREPARE enter(uuid, text) AS SELECT set_config('leak.seal', $2, false)", "DEALLOCATE ALL",
            "SET work_mem = '4MB'",
            "DO $$ BEGIN EXECUTE 'PREPARE head_version AS SELECT 1'; END $$",
            "DO $$ BEGIN EXECUTE 'PREPARE head_version AS SELECT 1'; RAISE 'done'; END $$", "LISTEN bincard",
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SELECT 1 / 0", "DISCARD ALL", "RESET ALL",
            "SELECT set_config('client_encoding', 'LATIN1', false)", "LOCK TABLE bincard.item IN ACCESS SHARE MODE",
            "COPY bincard.item TO STDOUT", "EXPLAIN SELECT 1", "SHOW work_mem", "BEGIN",
        ]
        for statement in staying {
            let before = try process()
            try database.run(alone: statement)
            #expect(try process() == before, "\(statement)")
        }
        for statement in leaving {
            let before = try process()
            _ = try? database.run(alone: statement)
            #expect(try process() != before, "\(statement)")
        }
    }

    @Test("a statement prepared in place of the server's own never sees another tenant's seal")
    func stolenName() throws {
        defer { database.close() }
        let beta = try realm("beta")
        let store = database.openRealm(beta)
        let version = try store.currentVersion()
        #expect(version > 0)
        _ = try? database.run(
            alone: """
                DO $$ BEGIN
                    EXECUTE 'DEALLOCATE ALL';
                    EXECUTE 'PREPARE head_version(uuid, text) AS SELECT length(set_config(''leak.seal'', $2, false))::bigint';
                    EXECUTE 'PREPARE enter(uuid, text) AS SELECT set_config(''leak.seal'', $2, false)';
                    RAISE 'done';
                END $$
                """)
        #expect(try store.currentVersion() == version)
        #expect(try store.block(containing: 1) != nil)
        #expect(try database.run(alone: "SELECT current_setting('leak.seal', true)") == nil)
    }

    @Test(
        "the realm of a transaction is gone after it, and one that was left in the session changes nothing for others")
    func leftContext() throws {
        defer { database.close() }
        let beta = try realm("beta")
        let context = "SELECT coalesce(current_setting('bincard.realm', true), '')"
        let store = database.openRealm(beta)
        let head = try store.open().head
        store.finishOpening()
        let levels = try levelCount(store)
        #expect(try database.run(alone: context) == "")
        try database.run(alone: "SELECT set_config('bincard.realm', '\(tenants.alpha).\(tenants.alphaSeal)', false)")
        #expect(try database.run(alone: "SELECT count(*)::text FROM bincard.head") == "1")
        let again = database.openRealm(beta)
        #expect(try again.open().head == head)
        again.finishOpening()
        #expect(try levelCount(again) == levels && levels > 0)
        let last = try #require(try again.block(containing: head.head.seq))
        #expect(last.lastSeq == head.head.seq)
        #expect(try Set(database.openControl().realms().map(\.tenant)) == ["alpha", "beta"])
    }

    private func levelCount(_ store: PostgresRealmStore) throws -> Int {
        var count = 0
        try store.projectedLevels { _ in count += 1 }
        return count
    }

    @Test("a commit waits for the disk in a session that was told not to")
    func durable() throws {
        defer { database.close() }
        let entering = "(SELECT bincard.enter('\(tenants.alpha)', '\(tenants.alphaSeal)')) AS e(x)"
        for mode in ["off", "local"] {
            try database.run(alone: "SELECT set_config('synchronous_commit', '\(mode)', false)")
            #expect(try database.run(alone: "SELECT current_setting('synchronous_commit') FROM \(entering)") == "on")
        }
        try database.run(alone: "SELECT set_config('synchronous_commit', 'remote_apply', false)")
        #expect(
            try database.run(alone: "SELECT current_setting('synchronous_commit') FROM \(entering)") == "remote_apply")
    }

    @Test("statements in one transaction and the next, held cursors and prepared statements show each its own realm")
    func sessions() throws {
        let (a, b) = (tenants.alphaContext, tenants.betaContext)
        let block = try #require(tenants.tables.firstIndex(of: "block"))
        let own = "\(tenants.counts[block])"
        let ofBeta = try tenants.ask("SELECT count(*) FROM bincard.block WHERE realm = '\(tenants.beta)'")
        #expect(own != ofBeta)
        let count = "SELECT count(*) FROM bincard.block;"
        let scripts: [(sentence: String, sql: String, output: [String])] = [
            (
                "prepared for alpha, run for beta, then for nobody",
                "\(a) PREPARE q AS \(count) EXECUTE q; COMMIT; \(b) EXECUTE q; COMMIT; EXECUTE q;", [own, ofBeta, "0"]
            ),
            (
                "with a plan for all values",
                "SET plan_cache_mode = force_generic_plan; \(a) PREPARE q AS \(count) EXECUTE q; COMMIT; \(b) EXECUTE q; COMMIT; EXECUTE q",
                [own, ofBeta, "0"]
            ),
            (
                "a cursor opened before the context is lost",
                "\(a) DECLARE c CURSOR WITH HOLD FOR SELECT DISTINCT realm FROM bincard.block; COMMIT; \(b) FETCH ALL c; COMMIT;",
                [tenants.alpha]
            ),
            ("after a rollback", "\(a) ROLLBACK; \(count)", ["0"]),
            (
                "after a rollback to a savepoint",
                "BEGIN; SAVEPOINT s; SET LOCAL bincard.realm = '\(tenants.alpha).\(tenants.alphaSeal)'; \(count) ROLLBACK TO s; \(count)",
                [own, "0"]
            ),
            ("after RESET", "\(a) \(count) RESET bincard.realm; \(count)", [own, "0"]),
            (
                "a context that spoils itself",
                "\(a) SET LOCAL bincard.realm = '\(tenants.beta).\(tenants.alphaSeal)'; \(count)", ["0"]
            ),
            (
                "statements that others run",
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%\(tenants.betaSeal)%' AND pid <> pg_backend_pid()",
                ["0"]
            ),
            ("what is prepared here", "SELECT count(*) FROM pg_prepared_statements", ["0"]),
            ("another's settings", "SELECT current_setting('bincard.realm', true)", []),
        ]
        for (script, answer) in zip(scripts, try tenants.login.run(scripts.map(\.sql))) {
            #expect(answer.lines == script.output && answer.states.isEmpty, "\(script.sentence): \(answer)")
        }
    }

    @Test("the journal is not changed, emptied or unguarded by the server, nor changed by its owner")
    func journal() throws {
        let before = try tenants.digestOfAlpha()
        let statements = [
            "UPDATE bincard.block SET data = ''", "DELETE FROM bincard.block", "TRUNCATE bincard.block",
            "INSERT INTO bincard.block SELECT * FROM bincard.block ON CONFLICT (realm, first_seq) DO UPDATE SET data = ''",
            "MERGE INTO bincard.block AS k USING bincard.head AS h ON k.realm = h.realm WHEN MATCHED THEN DELETE",
        ]
        let ofServer = [
            "ALTER TABLE bincard.block DISABLE TRIGGER ALL", "DROP TRIGGER block_is_never_changed ON bincard.block",
            "SET session_replication_role = replica", "SELECT * FROM bincard.block FOR UPDATE",
            "CREATE OR REPLACE FUNCTION bincard.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        ]
        for answer in try tenants.login.run((statements + ofServer).map { tenants.alphaContext + $0 }) {
            #expect(answer.states == ["42501"], "\(answer)")
        }
        let owner = Login(url: tenants.fixture.testDatabase.ownerURL)
        for answer in try owner.run(statements.map { "BEGIN; \($0)" } + ["BEGIN; TRUNCATE bincard.block CASCADE"]) {
            #expect(answer.states == ["42501"] && answer.errors.contains("append-only"), "\(answer)")
        }
        #expect(try tenants.digestOfAlpha() == before)
    }
}
