import Foundation
import LedgerStorage
import PostgresServer
import PostgresStorage
import Synchronization
import Testing

/// Goal: a further step of the schema, of any kind, comes to a large database beside servers that write, and stops none
/// of them; it is applied once, and whatever happens to it the next run ends it.
///
/// Method: the real migrator with steps of these tests behind its own, stores that commit to ledgers as a server's do,
/// and PostgreSQL's own log of who waited for a lock for how long.
@Suite("further steps of a schema in use", .serialized)
struct MigrationStepTests {
    private static let first = PostgresMigrations.newest + 1

    /// A column that is filled for what is written from now on.
    private static let column = PostgresMigrations.Step(
        version: first, name: "twice what is on hand",
        sql: """
            ALTER TABLE bincard.stock_level ADD COLUMN twice bigint;
            ALTER TABLE bincard.stock_level ALTER twice SET STATISTICS 0;
            CREATE FUNCTION bincard_private.fill_twice() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                NEW.twice := 2 * NEW.on_hand;
                RETURN NEW;
            END $$;
            CREATE TRIGGER fill_twice BEFORE INSERT OR UPDATE ON bincard.stock_level
            FOR EACH ROW EXECUTE FUNCTION bincard_private.fill_twice();
            CREATE TABLE bincard.note (realm uuid NOT NULL, number bigint NOT NULL, PRIMARY KEY (realm, number));
            """,
        tables: [PostgresMigrations.Table(name: "note", rights: "SELECT, INSERT")])

    private static func index(_ sql: String = "INDEX CONCURRENTLY level_by_twice ON bincard.stock_level (realm, twice)")
        -> PostgresMigrations.Step
    {
        PostgresMigrations.Step(
            version: first + 1, name: "levels by it", sql: "CREATE \(sql)", work: .index(named: "level_by_twice"))
    }

    private static let fill = PostgresMigrations.Step(
        version: first + 2, name: "fill it",
        sql: """
            WITH batch AS (
                SELECT max(key) AS last FROM (
                    SELECT key FROM bincard.stock_level WHERE realm = $1 AND key > $2::text::bigint
                    ORDER BY key LIMIT $3) AS k
            ), filled AS (
                UPDATE bincard.stock_level SET twice = 2 * on_hand
                WHERE realm = $1 AND twice IS NULL AND key > $2::text::bigint AND key <= (SELECT last FROM batch)
            )
            SELECT last::text FROM batch
            """, work: .backfill(from: "-1"))

    private static let constraint = PostgresMigrations.Step(
        version: first + 3, name: "it is right",
        sql: "ALTER TABLE bincard.stock_level ADD CHECK (twice = 2 * on_hand) NOT VALID")

    private static var all: [PostgresMigrations.Step] { [column, index(), fill, constraint] }

    private static let unfilled = """
        SELECT count(*) FROM bincard.stock_level WHERE twice IS DISTINCT FROM 2 * on_hand
        """

    private func withDatabase(_ body: (SteppedDatabase) throws -> Void) throws {
        let database = try SteppedDatabase()
        defer { database.drop() }
        try body(database)
    }

    /// What is said when `body` is refused.
    private func refusal(_ body: () throws -> Void) -> String {
        let error = #expect(throws: StoreError.self) { try body() }
        return error.map { "\($0)" } ?? ""
    }

    private func waitFor(_ what: String, _ condition: () throws -> Bool) throws {
        for _ in 0..<1_000 {
            if try condition() { return }
            usleep(10_000)
        }
        Issue.record("\(what) has not come")
    }

    @Test("steps of every kind are applied once by two at once, under load, and no write waits for them for long")
    func underLoad() throws {
        try withDatabase { database in
            let server = try database.open()
            defer { server.close() }
            let load = LedgerLoad(server)
            try waitFor("load") { load.commits > 200 }
            // Somebody reads for two seconds what the first step has to lock.
            let reading = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                _ = try? database.server.psql(
                    "BEGIN; SELECT count(*) FROM bincard.stock_level; SELECT pg_sleep(2); COMMIT",
                    url: database.ownerURL)
                reading.signal()
            }
            try waitFor("the reader") {
                try database.number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(2)%'") > 1
            }
            let before = load.commits
            let began = ContinuousClock.now
            let reports = Mutex<[PostgresAdministration.Report]>([])
            let failures = Mutex<[String]>([])
            let done = DispatchSemaphore(value: 0)
            for _ in 0..<2 {
                Thread.detachNewThread {
                    do {
                        let report = try database.migrate(to: Self.all)
                        reports.withLock { $0.append(report) }
                    } catch { failures.withLock { $0.append("\(error)") } }
                    done.signal()
                }
            }
            #expect(reading.wait(timeout: .now() + 20) == .success)
            let meanwhile = load.commits - before
            for _ in 0..<2 { #expect(done.wait(timeout: .now() + 60) == .success) }
            let took = ContinuousClock.now - began
            // The server of the version before goes on; one that starts now is too old.
            let after = load.commits
            try waitFor("more commits") { load.commits > after + 100 }
            let (failed, times) = try load.finish()
            print(
                """
                \(SteppedDatabase.levels) levels and as many blocks, \(Self.all.count) steps in \(took): \
                \(times.count) commits, median \(times[times.count / 2]) ms, 99 % within \
                \(times[times.count * 99 / 100]) ms, longest \(times.last ?? 0) ms; \(meanwhile) while somebody read
                """)
            #expect(failures.withLock { $0 } == [] && failed == [])
            let found = reports.withLock { $0 }
            #expect(found.map(\.from).sorted() == [PostgresMigrations.newest, Self.first + 3])
            #expect(found.allSatisfy { $0.to == Self.first + 3 })
            #expect(meanwhile > 100, "writes went on while the step waited")
            #expect(try database.longWaits() == [])
            #expect(try database.version == Self.first + 3)
            #expect(try database.number(Self.unfilled) == 0)
            #expect(
                try database.number(
                    "SELECT count(*) FROM pg_index WHERE indexrelid = 'bincard.level_by_twice'::regclass AND indisvalid"
                )
                    == 1)
            let error = #expect(throws: StoreError.self) { try database.open().close() }
            guard case .schemaTooNew(found: Self.first + 3, known: PostgresMigrations.newest) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(try database.migrate(to: Self.all).from == Self.first + 3)
        }
    }

    @Test("a step that fails leaves nothing behind, and what was finished before it stays")
    func failing() throws {
        try withDatabase { database in
            var broken = Self.column
            broken.sql += "SELECT 1 / (SELECT count(*) FROM bincard.note);"
            #expect(refusal { _ = try database.migrate(to: [broken]) }.contains("division by zero"))
            #expect(try database.version == PostgresMigrations.newest)
            #expect(try database.number("SELECT count(*) FROM pg_class WHERE relname = 'note'") == 0)
            // Two rows are the same to it.
            let unique = Self.index("UNIQUE INDEX CONCURRENTLY level_by_twice ON bincard.stock_level (realm, value)")
            #expect(
                refusal { _ = try database.migrate(to: [Self.column, unique]) }.contains("could not create unique"))
            #expect(try database.version == Self.first)
            #expect(try database.number("SELECT count(*) FROM pg_class WHERE relname = 'level_by_twice'") == 0)
            // A server can't start between two steps, and is told why.
            let text = refusal { try database.open().close() }
            #expect(text.contains("schemaTooNew"), "\(text)")
            // A backfill that is refused a row has filled those before it.
            try database.server.psql(
                """
                CREATE FUNCTION public.stop() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
                CREATE TRIGGER stop BEFORE UPDATE ON bincard.stock_level FOR EACH ROW WHEN (NEW.key = 3000)
                EXECUTE FUNCTION public.stop()
                """, url: database.ownerURL)
            #expect(refusal { _ = try database.migrate(to: Self.all) }.hasPrefix("full("))
            #expect(try database.version == Self.first + 1)
            let left = try database.number(Self.unfilled)
            #expect(left < SteppedDatabase.levels && left > 0)
            try database.server.psql("DROP TRIGGER stop ON bincard.stock_level", url: database.ownerURL)
            #expect(try database.migrate(to: Self.all).from == Self.first + 1)
            #expect(try database.number(Self.unfilled) == 0)
        }
    }

    @Test("an index whose making was cut off is made anew by the next run")
    func cutOff() throws {
        try withDatabase { database in
            // An old snapshot, for which an index waits before it is valid.
            let ended = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                _ = try? database.server.psql(
                    """
                    BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM bincard.stock_level;
                    SELECT pg_sleep(30)
                    """, url: database.ownerURL)
                ended.signal()
            }
            let sleeper = "datname = '\(database.name)' AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()"
            try waitFor("the reader") {
                try database.number("SELECT count(*) FROM pg_stat_activity WHERE \(sleeper)") == 1
            }
            // Without the first step, whose lock that reader would keep away.
            let index = PostgresMigrations.Step(
                version: Self.first, name: "levels by value",
                sql: "CREATE INDEX CONCURRENTLY level_by_twice ON bincard.stock_level (realm, value)",
                work: .index(named: "level_by_twice"))
            let said = Mutex("")
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                do { _ = try database.migrate(to: [index]) } catch { said.withLock { $0 = "\(error)" } }
                done.signal()
            }
            let making = "datname = '\(database.name)' AND query LIKE 'CREATE INDEX CONCURRENTLY%'"
            try waitFor("the index") {
                try database.number(
                    "SELECT count(*) FROM pg_stat_activity WHERE \(making) AND wait_event_type = 'Lock'") == 1
            }
            try database.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE \(making)")
            #expect(done.wait(timeout: .now() + 20) == .success)
            #expect(said.withLock { $0 }.hasPrefix("unavailable"), "\(said.withLock { $0 })")
            let validity = "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('bincard.level_by_twice')"
            #expect(try database.number(validity + " AND indisvalid") == 0)
            #expect(try database.number(validity) == 1, "the reader keeps it from being removed at once")
            try database.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE \(sleeper)")
            #expect(ended.wait(timeout: .now() + 20) == .success)
            #expect(try database.migrate(to: [index]).from == PostgresMigrations.newest)
            #expect(try database.number(validity + " AND indisvalid") == 1)
        }
    }

    @Test("a lock that somebody holds on and on ends a migration with what to look for; so does another migration")
    func givingUp() throws {
        try withDatabase { database in
            Thread.detachNewThread {
                _ = try? database.server.psql(
                    "BEGIN; LOCK TABLE bincard.stock_level; SELECT pg_sleep(30)", url: database.ownerURL)
            }
            let holder = "datname = '\(database.name)' AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()"
            try waitFor("the holder") {
                try database.number("SELECT count(*) FROM pg_stat_activity WHERE \(holder) AND wait_event = 'PgSleep'")
                    == 1
            }
            var patience = MigrationPatience()
            patience.giveUp = 1
            let text = refusal { _ = try database.migrate(to: [Self.column], patience: patience) }
            #expect(text.hasPrefix("unavailable") && text.contains("old transactions in pg_stat_activity"), "\(text)")
            #expect(try database.version == PostgresMigrations.newest)
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                _ = try? database.migrate(to: [Self.column])
                done.signal()
            }
            try waitFor("the other migration") {
                try database.number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") == 1
            }
            patience.turn = 1
            let other = refusal { _ = try database.migrate(to: [Self.column], patience: patience) }
            #expect(other.hasPrefix("unavailable") && other.contains("another migration"), "\(other)")
            try database.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE \(holder)")
            #expect(done.wait(timeout: .now() + 20) == .success)
            #expect(try database.version == Self.first)
        }
    }

    @Test(
        "a server of PostgreSQL that is too old is refused by its number",
        arguments: [(90_624, "9.6"), (100_023, "10"), (140_009, "14"), (149_999, "14"), (0, "0.0")])
    func oldServers(version: Int64, shown: String) {
        let fault = Fitness.versionFault(version)
        guard case .failed(_, let detail) = fault else {
            Issue.record("\(version) is taken")
            return
        }
        #expect(detail.hasPrefix("PostgreSQL \(shown) is too old: version 15 or later is needed"), "\(detail)")
    }

    @Test("one that is new enough is not", arguments: [150_000, 150_018, 170_002, 190_000])
    func newServers(version: Int64) { #expect(Fitness.versionFault(version) == nil) }

    /// As PostgreSQL says it when a file can't grow, in the middle of the first migration.
    @Test("a full disk during a migration is said, leaves nothing, and the next run does it")
    func fullDisk() throws {
        let server = try SteppedDatabase.server.get()
        let name = server.freshName("full")
        try server.psql("CREATE DATABASE \(name)")
        let url = server.ownerURL(database: name)
        defer { _ = try? server.psql("DROP DATABASE \(name) WITH (FORCE)") }
        try server.psql(
            """
            CREATE FUNCTION public.no_room() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF to_regclass('bincard.lane') IS NOT NULL THEN
                    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100';
                END IF;
            END $$;
            CREATE EVENT TRIGGER no_room ON ddl_command_end EXECUTE FUNCTION public.no_room()
            """, url: url)
        func migrate() throws -> PostgresAdministration.Report {
            try PostgresAdministration(conninfo: url).migrate(
                serverRole: TestDatabase.role, sealKey: SteppedDatabase.key)
        }
        let text = refusal { _ = try migrate() }
        #expect(text.hasPrefix("full(") && text.contains("No space left"), "\(text)")
        #expect(try server.psql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bincard%'", url: url) == "0\n")
        try server.psql("DROP EVENT TRIGGER no_room", url: url)
        #expect(try migrate().from == 0)
    }
}
