import Foundation
import PostgresServer
import Testing

extension EndToEnd {
    @Suite("looking after a PostgreSQL", .serialized)
    struct DatabaseCareTests {
        private func url(_ database: MigratedDatabase) -> String {
            database.server.ownerURL(database: database.name)
        }

        @Test("doctor looks at every ledger, names the first hundred and those with trouble, and sums up the others")
        func doctor() async throws {
            try await Installation.with { installation in
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                func doctor() async throws -> CommandResult {
                    try await installation.bincard("doctor", "--data", database.data, "--database", database.url)
                }
                try database.server.psql(
                    """
                    INSERT INTO bincard.tenant_realm (realm, tenant, mode, id, created_at)
                    SELECT '00000000-0000-0000-0000-000000000000', 't' || lpad(n::text, 6, '0'), 'test',
                        gen_random_uuid(), 0
                    FROM generate_series(1, 5000) AS n
                    """, url: url(database))
                let began = ContinuousClock.now
                let well = try await doctor()
                print("doctor on 5,000 ledgers: \(ContinuousClock.now - began)")
                #expect(well.status == 0, "\(well.output)")
                #expect(well.output.contains("t000100 test: nothing recorded yet") && !well.output.contains("t000101"))
                #expect(well.output.contains("4900 further ledgers: 0 entries"), "\(well.output)")
                try database.server.psql(
                    """
                    INSERT INTO bincard.head (realm, version, seq, page, applied_seq, referenced_seq)
                    SELECT id, 1, 5, 0, 3, 0 FROM bincard.tenant_realm WHERE tenant = 't004321'
                    """, url: url(database))
                let ill = try await doctor()
                #expect(ill.status == 1)
                #expect(
                    ill.output.contains("t004321 test: 5 entries, projections 2 behind")
                        && ill.output.contains("t004321 test: the head says 5, the journal ends at 0")
                        && ill.output.contains("4899 further ledgers"), "\(ill.output.suffix(600))")
            }
        }

        @Test("what demo reset leaves in a database can't be reached, and goes by what docs/postgresql.md says")
        func demoReset() async throws {
            try await Installation.with { installation in
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                func run(_ arguments: String...) async throws -> CommandResult {
                    let result = try await installation.run(
                        Bincard.path, arguments + ["--data", database.data, "--database", database.url])
                    try #require(result.status == 0, "\(result.errors)")
                    return result
                }
                func blocks() throws -> String {
                    try database.server.psql("SELECT count(*) > 0 FROM bincard.block", url: url(database))
                }
                _ = try await run("demo", "load")
                _ = try await run("keys", "create", "--tenant", "kept", "--mode", "live")
                let reset = try await run("demo", "reset")
                #expect(reset.errors.contains("Its rows stay in the database"), "\(reset.errors)")
                #expect(try blocks() == "t\n")
                let again = try await run("demo", "load")
                #expect(again.output.contains(" 0 were there already"), "\(again.output)")
                let before = try database.server.psql(
                    "SELECT count(DISTINCT realm), count(*) FROM bincard.block", url: url(database))
                #expect(before.hasPrefix("2|"))

                let page = try String(contentsOfFile: Bincard.checkout + "/docs/postgresql.md", encoding: .utf8)
                let lines = page.components(separatedBy: "\n")
                let start = try #require(lines.firstIndex(of: "    BEGIN;"))
                let end = try #require(lines[start...].firstIndex(of: "    COMMIT;"))
                try database.server.psql(lines[start...end].joined(separator: "\n"), url: url(database))
                let after = try database.server.psql(
                    "SELECT count(DISTINCT realm) FROM bincard.block", url: url(database))
                #expect(after == "1\n")
                let verified = try await run("verify", "--format", "json")
                #expect(try verified.json()["ok"] == .boolean(true))
                #expect(try await run("keys", "list").output.contains("kept"))
                _ = try await run("demo", "reset")
                try database.server.psql(lines[start...end].joined(separator: "\n"), url: url(database))
                #expect(try blocks() == "f\n")
            }
        }

        @Test("two migrations of a new database from one directory at once both succeed, with one key")
        func atOnce() async throws {
            try await Installation.with { installation in
                let server = try PostgresServer.shared.get()
                for round in 1...3 {
                    let name = server.freshName("twice")
                    try server.psql("CREATE DATABASE \(name)")
                    defer { _ = try? server.psql("DROP DATABASE \(name) WITH (FORCE)") }
                    let data = "\(installation.folder)/round\(round)"
                    let children = try (0..<2).map { _ in
                        try installation.start(
                            Bincard.path,
                            ["db", "migrate", "--database", server.ownerURL(database: name), "--data", data])
                    }
                    for child in children {
                        let status = try await child.ended()
                        #expect(status == 0, "round \(round): \(child.errors)")
                    }
                    #expect(children.count { $0.output.contains("from step 0") } == 1)
                    let doctor = try await installation.bincard(
                        "doctor", "--data", data, "--database", server.url(role: "bincard_server", database: name))
                    #expect(doctor.status == 0, "\(doctor.output)")
                }
            }
        }
    }
}
