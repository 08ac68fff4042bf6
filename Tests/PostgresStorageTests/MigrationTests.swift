import Foundation
import LedgerStorage
import PostgresServer
import PostgresStorage
import Synchronization
import Testing

@Suite("making a database ready, and refusing one that is not", .serialized)
struct MigrationTests {
    /// A server of its own, whose settings may be spoilt and whose connections may run out.
    private static let other = Result {
        try PostgresServer(settings: ["max_connections = 10", "superuser_reserved_connections = 3"])
    }

    private func emptyDatabase(on server: PostgresServer) throws -> (name: String, url: String) {
        let name = server.freshName("empty")
        try server.psql("CREATE DATABASE \(name)")
        return (name, server.ownerURL(database: name))
    }

    private func migrate(_ url: String, role: String = TestDatabase.role) throws -> PostgresAdministration.Report {
        try PostgresAdministration(conninfo: url).migrate(serverRole: role, sealKey: Fixture.sealKey)
    }

    /// What is said when `body` is refused.
    private func refusal(_ name: String = "", _ body: () throws -> Void) -> String {
        let error = #expect(throws: StoreError.self, "\(name)") { try body() }
        return error.map { "\($0)".replacingOccurrences(of: "\\'", with: "'") } ?? ""
    }

    @Test("of two migrations at once one does it, the other waits and finds nothing to do")
    func atOnce() throws {
        let server = try PostgresServer.shared.get()
        _ = try Fixture()
        let (_, url) = try emptyDatabase(on: server)
        let reports = Mutex<[PostgresAdministration.Report]>([])
        let failures = Mutex<[String]>([])
        let done = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            Thread.detachNewThread {
                do {
                    let report = try PostgresAdministration(conninfo: url).migrate(
                        serverRole: TestDatabase.role, sealKey: Fixture.sealKey)
                    reports.withLock { $0.append(report) }
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
                done.signal()
            }
        }
        for _ in 0..<2 { #expect(done.wait(timeout: .now() + 20) == .success) }
        #expect(failures.withLock { $0 } == [])
        let found = reports.withLock { $0 }
        let newest = found.map(\.to).max() ?? 0
        #expect(newest > 0 && found.map(\.from).sorted() == [0, newest] && found.allSatisfy { $0.to == newest })
        #expect(try Catalogue.complaints(server, url) == [])
    }

    @Test("a role that may not do all of it is told so, and nothing is half-made")
    func rights() throws {
        let server = try PostgresServer.shared.get()
        let (name, url) = try emptyDatabase(on: server)
        try server.psql(
            """
            CREATE ROLE powerless LOGIN; CREATE ROLE half LOGIN; GRANT CREATE ON DATABASE \(name) TO half;
            CREATE ROLE present LOGIN; CREATE ROLE whole LOGIN CREATEROLE
            """, url: url)
        let made = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'bincard%'"
        let cases = [
            ("powerless", "never_made", "Migrate as a role that may create schemas"),
            ("half", "never_made", "roles if the server's is new"),
            ("half", "present", "nothing was changed"), ("half", "half", "owns, or may become the owner of"),
        ]
        for (role, serverRole, says) in cases {
            let text = refusal(role) { _ = try migrate(server.url(role: role, database: name), role: serverRole) }
            #expect(text.contains(says), "\(role): \(text)")
            #expect(try server.psql(made, url: url) == "0\n")
            #expect(try server.psql("SELECT count(*) FROM pg_roles WHERE rolname = 'never_made'") == "0\n")
        }
        try server.psql("ALTER DATABASE \(name) OWNER TO whole")
        let report = try migrate(server.url(role: "whole", database: name), role: "made_by_whole")
        #expect(report.from == 0 && report.madeRole)
        let database = try PostgresDatabase(
            conninfo: server.url(role: "made_by_whole", database: name), sealKey: Fixture.sealKey)
        database.close()
        try server.psql("DROP DATABASE \(name) WITH (FORCE)")
        try server.psql("DROP ROLE powerless, half, present, whole, made_by_whole")
    }

    @Test("a schema of a newer version, an older one and none are each refused with what to do")
    func versions() throws {
        let fixture = try Fixture()
        let (server, url) = (fixture.testDatabase.server, fixture.testDatabase.ownerURL)
        try server.psql("INSERT INTO bincard_private.migration (version, name) VALUES (999, 'of the future')", url: url)
        for body in [{ try fixture.otherServer().close() }, { _ = try migrate(url) }] as [() throws -> Void] {
            let error = #expect(throws: StoreError.self) { try body() }
            guard case .schemaTooNew(found: 999, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        try server.psql(
            "DELETE FROM bincard_private.migration WHERE version > 1; UPDATE bincard_private.migration SET version = 0",
            url: url)
        #expect(refusal { try fixture.otherServer().close() }.contains("bincard db migrate"))
        let (name, _) = try emptyDatabase(on: server)
        let none = refusal {
            _ = try PostgresDatabase(
                conninfo: server.url(role: TestDatabase.role, database: name), sealKey: Fixture.sealKey)
        }
        #expect(none.contains("has no Bincard schema yet") && none.contains(name))
        let key = try #require(RealmSealKey(bytes: [UInt8](repeating: 1, count: 32)))
        let sealed = try Fixture()
        #expect(
            refusal { _ = try PostgresDatabase(conninfo: sealed.testDatabase.url, sealKey: key) }.contains(
                "database.key"))
    }

    @Test("a migration with another key is refused, keeps none, and shuts nobody out, unless it is told to replace it")
    func otherKey() throws {
        let fixture = try Fixture()
        let url = fixture.testDatabase.ownerURL
        let key = try #require(RealmSealKey(bytes: [UInt8](repeating: 1, count: 32)))
        var kept = 0
        func migrate(replacing: Bool) throws {
            _ = try PostgresAdministration(conninfo: url).migrate(
                serverRole: TestDatabase.role, sealKey: key, replacesKey: replacing
            ) { kept += 1 }
        }
        let text = refusal { try migrate(replacing: false) }
        #expect(text.contains("another key") && text.contains("--replace-key") && kept == 0)
        try fixture.otherServer().close()
        // What can't be kept changes nothing either.
        #expect(throws: StoreError.storageFullInTest) {
            _ = try PostgresAdministration(conninfo: url).migrate(
                serverRole: TestDatabase.role, sealKey: key, replacesKey: true
            ) { () throws(StoreError) in throw .storageFullInTest }
        }
        try fixture.otherServer().close()
        try migrate(replacing: true)
        #expect(kept == 1)
        #expect(refusal { try fixture.otherServer().close() }.contains("database.key"))
        try PostgresDatabase(conninfo: fixture.testDatabase.url, sealKey: key, connections: 1).close()
    }

    @Test(
        "a database that does not keep what it acknowledges is refused by server and migration, and the setting is named"
    )
    func durability() throws {
        let server = try Self.other.get()
        let (name, url) = try emptyDatabase(on: server)
        _ = try migrate(url)
        let serverURL = server.url(role: TestDatabase.role, database: name)
        func open() throws {
            try PostgresDatabase(conninfo: serverURL, sealKey: Fixture.sealKey, connections: 1).close()
        }
        func waitFor(_ setting: String, _ value: String) throws {
            for _ in 0..<200 {
                if try server.psql("SHOW \(setting)") == "\(value)\n" { return }
                usleep(10_000)
            }
        }
        for setting in ["fsync", "full_page_writes"] {
            try server.psql("ALTER SYSTEM SET \(setting) = off")
            try server.psql("SELECT pg_reload_conf()")
            try waitFor(setting, "off")
            for text in [refusal(setting, open), refusal(setting) { _ = try migrate(url) }] {
                #expect(text.contains("notDurable") && text.contains("\(setting) is off"), "\(text)")
            }
            try server.psql("ALTER SYSTEM RESET \(setting)")
            try server.psql("SELECT pg_reload_conf()")
            try waitFor(setting, "on")
        }
        for place in ["ROLE \(TestDatabase.role)", "DATABASE \(name)", "ROLE \(TestDatabase.role) IN DATABASE \(name)"]
        {
            for value in ["off", "local"] {
                try server.psql("ALTER \(place) SET synchronous_commit = \(value)")
                #expect(refusal(place, open).contains("synchronous_commit is \(value)"))
            }
            try server.psql("ALTER \(place) RESET synchronous_commit")
        }
        try open()
    }

    @Test("each mistake in a connection string is answered with what to look at, and no part of a password is shown")
    func connectionStrings() throws {
        let server = try Self.other.get()
        let (name, url) = try emptyDatabase(on: server)
        _ = try migrate(url)
        try server.psql("DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD 'right'")
        let rules = server.folder + "/data/pg_hba.conf"
        let trusting = try String(contentsOfFile: rules, encoding: .utf8)
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: rules))
        try file.write(contentsOf: Data("host all guarded 127.0.0.1/32 scram-sha-256\n\(trusting)".utf8))
        try file.close()
        try server.psql("SELECT pg_reload_conf()")
        usleep(200_000)
        let place = "127.0.0.1:\(server.port)"
        let cases = [
            ("postgres://guarded:s3cr3t-x@\(place)/\(name)", "Check the user and the password"),
            ("postgres://guarded@\(place)/\(name)", "PGPASSWORD"),
            ("postgres://nobody:s3cr3t@\(place)/\(name)", "Check the user"),
            ("postgres://bincard_server:s3cr3t@\(place)/absent", "Check the database"),
            ("postgres://bincard_server:s3cr3t@127.0.0.1:1/\(name)", "Check the host and the port"),
            ("postgres://bincard_server:s3cr3t@no-such-host.invalid/\(name)", "Check the host"),
            ("postgres://u:s3cr3t@\(place)/\(name)?sslmode=require", "Check sslmode"),
            ("postgres://u:pa@s3cr3t@\(place)/\(name)", "%40"), ("postgres://u:s3c/r3t@\(place)/\(name)", "%2F"),
            ("postgres://u:ab/s3cr3t=@\(place)/\(name)", "%2F"), ("postgres://u:s3?c/r3t@\(place)/\(name)", "%40"),
            ("postgres://u:s3cr3t%zz@\(place)/\(name)", "can't be read"),
            ("postgres://u:s3cr3t@[::1/\(name)", "can't be read"),
            ("postgres://u:s3cr3t@h:12x/\(name)", "the port is not a number"),
            ("psotgres://u:s3cr3t@h/\(name)", "postgres://"),
            ("host=h password=my s3cr3t", "in '…'"), ("host=h passwrd=s3cr3t", "can't be read"),
            ("host=h password='s3cr3t", "can't be read"),
            ("postgres://\(place)/\(name)?user=u&password=a&s3cr3t", "can't be read"), ("s3cr3t", "postgres://"),
            ("", "postgres://"),
        ]
        for (string, says) in cases {
            let texts = [
                refusal(string) { _ = try PostgresDatabase(conninfo: string, sealKey: Fixture.sealKey) },
                refusal(string) { _ = try migrate(string) },
            ]
            for text in texts {
                #expect(text.contains(says), "\(string): \(text)")
                for piece in ["s3c", "r3t", "my "] { #expect(!text.contains(piece), "\(string): \(text)") }
            }
        }
        try PostgresDatabase(
            conninfo: "host=127.0.0.1 port=\(server.port) user=\(TestDatabase.role) dbname=\(name)",
            sealKey: Fixture.sealKey
        ).close()
    }

    @Test("when all connections are taken a server is told so, and one more works when one is free again")
    func tooMany() throws {
        let server = try Self.other.get()
        let (name, url) = try emptyDatabase(on: server)
        _ = try migrate(url)
        let conninfo = server.url(role: TestDatabase.role, database: name)
        func open() throws -> PostgresDatabase {
            try PostgresDatabase(conninfo: conninfo, sealKey: Fixture.sealKey, connections: 1)
        }
        var databases: [PostgresDatabase] = []
        defer { for database in databases { database.close() } }
        var text = ""
        for _ in 0..<10 where text.isEmpty {
            do { databases.append(try open()) } catch { text = "\(error)" }
        }
        #expect(
            databases.count >= 5 && text.hasPrefix("unavailable") && text.contains("Raise max_connections"), "\(text)")
        databases.removeLast().close()
        var last = "never tried"
        for _ in 0..<100 where !last.isEmpty {
            do {
                databases.append(try open())
                last = ""
            } catch {
                last = "\(error)"
                usleep(20_000)
            }
        }
        #expect(last == "")
    }
}

extension StoreError {
    fileprivate static let storageFullInTest = StoreError.notWritable(path: "database.key", detail: "no room")
}
