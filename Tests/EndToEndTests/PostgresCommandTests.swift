import Foundation
import PostgresServer
import Testing

extension EndToEnd {
    @Suite("commands on PostgreSQL", .serialized)
    struct PostgresCommandTests {
        private func copy(
            _ installation: Installation, from: String, to: String, keys: String
        ) async throws -> CommandResult {
            try await installation.bincard(
                "db", "copy", "--from", from, "--to", to, "--data", keys, "--format", "json")
        }

        /// The ledger of the tenant `small` in what a copy says.
        private func small(_ result: CommandResult) throws -> JSON {
            try #require(result.status == 0, "\(result.errors)")
            return try #require(try result.json()["realms"]?.elements.first { $0["tenant"]?.text == "small" })
        }

        @Test(
            "a ledger goes to PostgreSQL, is served and written there, and comes back: keys, answers, heads are right")
        func thereAndBack() async throws {
            try await Installation.with { installation in
                let small = try await installation.makeSmallLedger()
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                let there = try self.small(
                    try await copy(installation, from: installation.data, to: database.url, keys: database.data))
                #expect(try JournalHead(there) == small.head)
                #expect(there["verified"] == .boolean(true) && there["rows_digest"]?.text != nil)

                let server = try await installation.serve(data: database.data, "--database", database.url)
                let caller = try server.caller(small.key)
                #expect(try caller.head() == small.head)
                let first = try caller.move("A", at: "X", 3, key: "m0")
                #expect(first.isReplay, "what was answered before is answered in the same way")
                #expect(try caller.move("A", at: "W", 5, key: "there").status == 200)
                let head = try caller.head()
                #expect(try await server.stop() == 0)
                let refused = try await copy(
                    installation, from: installation.data, to: database.url, keys: database.data)
                #expect(refused.status == 1 && refused.errors.contains("has gone on"), "\(refused.errors)")

                let back = try self.small(
                    try await copy(
                        installation, from: database.url, to: "sqlite:" + installation.data, keys: database.data))
                #expect(try JournalHead(back) == head)
                #expect(back["new_entries"]?.integer == Int64(head.seq - small.head.seq))
                let fresh = installation.folder + "/fresh"
                let whole = try self.small(
                    try await copy(installation, from: database.url, to: fresh, keys: database.data))
                #expect(whole["rows_digest"]?.text != nil && whole["journal_digest"] == back["journal_digest"])
                for data in [installation.data, fresh] {
                    #expect(try await installation.verifySmallLedger(data: data).status == 0)
                    let server = try await installation.serve(data: data)
                    let caller = try server.caller(small.key)
                    #expect(try caller.head() == head)
                    #expect(try caller.move("A", at: "W", 5, key: "there").isReplay)
                    #expect(try caller.move("A", at: "W", 1, key: "back").status == 200)
                    #expect(try await server.stop() == 0)
                }
            }
        }

        @Test("a copy that is killed again and again ends as if it had not been")
        func killed() async throws {
            try await Installation.with { installation in
                let small = try await installation.makeSmallLedger(movements: 400)
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                var kills = 0
                var status: Int32 = -1
                while status != 0 {
                    let child = try installation.start(
                        Bincard.path,
                        [
                            "db", "copy", "--from", installation.data, "--to", database.url, "--data", database.data,
                        ])
                    try await Task.sleep(for: .milliseconds(15 + 15 * kills))
                    if child.isRunning {
                        child.send(SIGKILL)
                        kills += 1
                    }
                    status = try await child.ended()
                    try #require(status == 0 || status == 128 + SIGKILL, "\(child.errors)")
                }
                #expect(kills > 1)
                let again = try self.small(
                    try await copy(installation, from: installation.data, to: database.url, keys: database.data))
                #expect(try JournalHead(again) == small.head)
                #expect(again["rows_digest"]?.text != nil && again["new_keys"]?.integer == 0)
            }
        }

        @Test("a server on either side: the source may be served, a directory that is served is no target")
        func served() async throws {
            try await Installation.with { installation in
                let small = try await installation.makeSmallLedger(movements: 20)
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                let server = try await installation.serve()
                let first = try self.small(
                    try await copy(installation, from: installation.data, to: database.url, keys: database.data))
                #expect(try JournalHead(first) == small.head)
                let back = try await copy(installation, from: database.url, to: installation.data, keys: database.data)
                #expect(back.status == 75 && back.errors.contains("is in use by"), "\(back.errors)")
                let caller = try server.caller(small.key)
                #expect(try caller.move("A", at: "W", 2, key: "late").status == 200)
                #expect(try await server.stop() == 0)
                let second = try self.small(
                    try await copy(installation, from: installation.data, to: database.url, keys: database.data))
                #expect(second["new_entries"]?.integer == 1)
            }
        }

        @Test("keys, verify, doctor, demo, backup and restore work on PostgreSQL, and no password is shown")
        func commands() async throws {
            try await Installation.with { installation in
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                var said = ""
                func run(_ arguments: String..., database url: String? = nil) async throws -> CommandResult {
                    let result = try await installation.run(
                        Bincard.path, arguments + ["--data", database.data],
                        environment: ["BINCARD_DATABASE": url ?? database.url])
                    said += result.output + result.errors
                    return result
                }
                let created = try await run(
                    "keys", "create", "--tenant", "small", "--mode", "test", "--format", "json")
                #expect(created.status == 0, "\(created.errors)")
                let id = try #require(try created.json()["id"]?.text)
                #expect(try await run("keys", "roll", id).status == 0)
                #expect(try await run("keys", "revoke", id).status == 0)
                #expect(try await run("keys", "list", "--format", "json").json().elements.count == 2)
                let demo = try await run("demo", "load")
                #expect(demo.status == 0, "\(demo.errors)")
                let verified = try await run("verify", "--format", "json")
                let isOK = try verified.json()["ok"]
                #expect(verified.status == 0 && isOK == .boolean(true), "\(verified.output)")
                for command in [["doctor"], ["db", "doctor"]] {
                    let result = try await installation.run(
                        Bincard.path, command + ["--data", database.data, "--database", database.url])
                    said += result.output + result.errors
                    #expect(result.status == 0, "\(result.output)")
                    #expect(result.output.contains("row-level security is forced on every table"), "\(result.output)")
                    #expect(result.output.contains("demo test: "), "\(result.output)")
                }
                let folder = installation.folder + "/backup"
                let backup = try await run("backup", folder, "--format", "json")
                #expect(backup.status == 0, "\(backup.errors)")
                let config = try await run("config", "show")
                #expect(config.output.contains(database.shown), "\(config.output)")

                let other = try await MigratedDatabase(installation, data: "other")
                defer { other.drop() }
                let restored = try await installation.bincard(
                    "db", "restore", folder, "--data", other.data, "--database", other.url, "--format", "json")
                said += restored.output + restored.errors
                #expect(restored.status == 0, "\(restored.errors)")
                #expect(try restored.json()["realms"] == backup.json()["realms"])
                // The same backup is a data directory of SQLite too.
                let plain = try await installation.bincard("restore", folder, "--data", installation.folder + "/plain")
                #expect(plain.status == 0, "\(plain.errors)")
                _ = try await run("keys", "list", database: database.url.replacing("/e2e", with: "/none"))
                #expect(!said.contains(MigratedDatabase.password))
            }
        }

        @Test("a backup beside a server that writes is a ledger up to a moment in between, with all its answers")
        func underLoad() async throws {
            try await Installation.with { installation in
                let small = try await installation.makeSmallLedger()
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                _ = try self.small(
                    try await copy(installation, from: installation.data, to: database.url, keys: database.data))
                let server = try await installation.serve(data: database.data, "--database", database.url)
                let load = WriteLoad(
                    port: server.port, apiKey: small.key, prefix: "load", skus: ["A", "B"], warehouses: ["W", "X"],
                    seed: 12)
                try await eventually("nothing is written") { load.acknowledged > 300 }
                let before = try server.caller(small.key).head()
                let folder = installation.folder + "/backup"
                let backup = try await installation.bincard(
                    "db", "backup", folder, "--data", database.data, "--database", database.url, "--format", "json")
                #expect(backup.status == 0, "\(backup.errors)")
                let after = try server.caller(small.key).head()
                let tally = try await load.finish(stopping: true)
                #expect(try await server.stop() == 0)
                let head = try JournalHead(try self.small(backup))
                #expect((before.seq...after.seq).contains(head.seq))

                let restored = installation.folder + "/restored"
                let restore = try await installation.bincard("restore", folder, "--data", restored)
                #expect(restore.status == 0, "\(restore.errors)")
                let again = try await installation.serve(data: restored)
                let caller = try again.caller(small.key)
                #expect(try caller.head() == head)
                // Every answer belongs to what is there: what was written up to then is not written again.
                var replayed = 0
                for write in tally.acknowledged.prefix(300) {
                    let answer = try caller.post(write.write.path, write.write.body, idempotencyKey: write.write.key)
                    if answer.isReplay, answer.body == write.answer.body { replayed += 1 }
                }
                #expect(replayed == min(300, tally.acknowledged.count))
                #expect(try caller.head() == head)
                #expect(try await again.stop() == 0)
            }
        }

        @Test(
            "config show hides the password of a connection string however it is written",
            arguments: [
                ("postgres://u:pw1234@h/d", "postgres://u:•••@h/d"), ("postgres://u@h/d", "postgres://u@h/d"),
                ("postgresql://u:pw1234@a,b:5433/d?sslmode=require", "postgresql://u:•••@a,b:5433/d?sslmode=require"),
                ("postgres://u:pw@1234@h/d", "postgres://u:•••@h/d"),
                ("postgres://u@h/d?password=pw1234&sslmode=require", "postgres://u@h/d?password=•••&sslmode=require"),
                ("host=h password='pw 12\\'34' user=u", "host=h password=••• user=u"),
                ("host=h sslpassword = pw1234", "host=h sslpassword = •••"),
            ])
        func masked(text: String, shown: String) async throws {
            try await Installation.with { installation in
                let result = try await installation.bincard(
                    "config", "show", "--format", "json", environment: ["BINCARD_DATABASE": text])
                let value = try result.json().elements.first { $0["name"]?.text == "database" }
                #expect(value?["value"]?.text == shown)
                #expect(!result.output.contains("1234"), "\(result.output)")
            }
        }

        @Test("what can't be opened says why and what to do, and shows no password")
        func wrong() async throws {
            try await Installation.with { installation in
                _ = try await installation.makeSmallLedger(movements: 5)
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                let password = MigratedDatabase.password
                let port = database.server.port
                let bare = database.server.freshName("e2e")
                try database.server.psql("CREATE DATABASE \(bare)")
                defer { _ = try? database.server.psql("DROP DATABASE \(bare)") }
                let cases: [(to: String, keys: String, says: String)] = [
                    ("postgres://bincard_server:\(password)@127.0.0.1:\(port)/nowhere", database.data, "database"),
                    (
                        "postgres://bincard_server:\(password)@127.0.0.1:1/x", database.data,
                        "Check the host and the port"
                    ),
                    ("postgres://bincard_server:\(password)@127.0.0.1:\(port)/\(bare)", database.data, "db migrate"),
                    ("postgres://bincard_server:p/\(password)@127.0.0.1:\(port)/x", database.data, "%2F"),
                    ("host=127.0.0.1 port=1 user=u password='\(password) x'", database.data, "Check the host"),
                    (database.url, installation.folder + "/nokey", "database.key"),
                    ("postgres://owner:\(password)@127.0.0.1:\(port)/\(database.name)", database.data, "superuser"),
                ]
                for (to, keys, says) in cases {
                    let result = try await copy(installation, from: installation.data, to: to, keys: keys)
                    #expect(result.status == 1 || result.status == 75, "\(to)")
                    #expect(result.errors.contains(says), "\(to): \(result.errors)")
                    #expect(!(result.output + result.errors).contains(password), "\(result.errors)")
                }
                let nothing = try await copy(
                    installation, from: installation.folder + "/none", to: database.url, keys: database.data)
                #expect(nothing.status == 1 && nothing.errors.contains("there is no installation"), "\(nothing.errors)")
                #expect(!FileManager.default.fileExists(atPath: installation.folder + "/none"))
                let same = try await copy(
                    installation, from: installation.data, to: installation.data, keys: database.data)
                #expect(same.status == 2)
                let other = try await installation.bincard(
                    "keys", "create", "--tenant", "small", "--mode", "test", "--data", database.data, "--database",
                    database.url)
                #expect(other.status == 0, "\(other.errors)")
                let taken = try await copy(
                    installation, from: installation.data, to: database.url, keys: database.data)
                #expect(taken.status == 1 && taken.errors.contains("a ledger of its own"), "\(taken.errors)")
            }
        }
    }
}
