import Foundation
import PostgresServer
import Testing

extension EndToEnd {
    /// No secret is where it does not belong: in the files of a database, in a log, in an answer, on a command line.
    @Suite("secrets", .serialized)
    struct SecretTests {
        @Test("SQLite: no key and no secret of an endpoint is in a file, a log or an answer")
        func embedded() async throws {
            try await Installation.with { installation in
                let receiver = try LoopbackReceiver { $0.id.hasSuffix("0") ? .status(500) : .status(200) }
                defer { receiver.stop() }
                let log = installation.folder + "/access.log"
                let server = try await installation.serve(
                    "--webhook-allow", "127.0.0.0/8", "--access-log", log, "--set", "log-level=debug")
                var life = try await SecretLife(
                    installation, port: server.port, location: ["--data", installation.data])
                try await life.useKeys()
                try await life.useEndpoints(url: receiver.url)
                try life.readEverything()
                try await life.runCommands([:])
                let backup = try await installation.bincard(
                    "backup", installation.folder + "/backup", "--data", installation.data)
                #expect(backup.status == 0, "\(backup.errors)")
                let search = try Self.search(life, keyFiles: [installation.data + "/secret.key"])
                try Self.checkFiles(search, life, below: installation.folder, expecting: ["access.log", ".db"])
                try await server.kill()
                try Self.checkFiles(
                    search, life, below: installation.folder, expecting: ["access.log", ".db", "backup"])
                Self.check(search, life, server)
                try Self.checkModes(below: installation.folder)
            }
        }

        @Test("PostgreSQL: nor is a password, though the database logs every statement with what belongs to it")
        func shared() async throws {
            let postgres = try PostgresServer(
                settings: [
                    "log_min_messages = info", "log_min_duration_statement = 0", "log_statement = 'all'",
                    "log_parameter_max_length = -1", "log_connections = on", "wal_compression = off",
                ],
                // The server's role has to know its password.
                files: [
                    "pg_hba.conf": """
                    host all owner 127.0.0.1/32 trust
                    host all all 127.0.0.1/32 scram-sha-256

                    """
                ])
            defer { postgres.stop() }
            try await Installation.with { installation in
                let receiver = try LoopbackReceiver { _ in .status(200) }
                defer { receiver.stop() }
                let database = try await MigratedDatabase(installation, data: "pg", on: postgres)
                let location = ["--data", database.data, "--database", database.url]
                let server = try await installation.serve(
                    data: database.data,
                    [
                        "--database", database.url, "--webhook-allow", "127.0.0.0/8", "--access-log",
                        installation.folder + "/access.log", "--set", "log-level=debug",
                    ])
                var life = try await SecretLife(installation, port: server.port, location: location)
                try await life.useKeys()
                try await life.useEndpoints(url: receiver.url)
                try life.readEverything()
                try await life.runCommands(["BINCARD_DATABASE": database.url])
                let dump = try postgres.dump(database.name)
                // Without its database a server complains, and says which.
                try postgres.halt(mode: "fast")
                let caller = try server.caller()
                for _ in 0..<3 { _ = try? caller.get("/v1/ledger/head") }
                try await life.runCommands(["BINCARD_DATABASE": database.url])

                var search = try Self.search(life, keyFiles: [database.data + "/secret.key"])
                search.add("the password", MigratedDatabase.password)
                try Self.checkFiles(search, life, below: installation.folder, expecting: ["access.log"])
                try Self.checkFiles(search, life, below: postgres.folder, expecting: ["log", "data/"])
                #expect(dump.contains(Data(life.planted.utf8).map { String(format: "%02x", $0) }.joined()))
                #expect(search.findings(in: dump, at: "pg_dump") == [])
                Self.check(search, life, server)
                let line = try String(contentsOfFile: "/proc/\(try server.pid)/cmdline", encoding: .utf8)
                #expect(line.contains("bincard_server:***"), "\(line)")
                #expect(search.findings(in: line, at: "the command line") == [])
                try await server.kill()
            }
        }

        @Test("the search finds a secret in every form in which one could lie there")
        func search() throws {
            let secret = ForgedKey.webhookSecret()
            var search = SecretSearch()
            search.add("s", secret)
            let bytes = Array(secret.utf8)
            let digits = bytes.map { String(format: "%02x", $0) }.joined()
            var forms = [secret, digits, digits.uppercased(), secret.percentEncoded, "\\x\(digits)"]
            for before in 0..<4 {
                let text = Data(Array(repeating: 0x41, count: before) + bytes + [0x42]).base64EncodedString()
                forms += [text, text.replacing("+", with: "-").replacing("/", with: "_")]
            }
            for form in forms {
                #expect(!search.findings(in: "before \(form) behind", at: "here").isEmpty, "\(form)")
                #expect(!search.findings(in: form, at: "here").isEmpty, "\(form)")
            }
            #expect(search.findings(in: "", at: "here").isEmpty)
            #expect(search.findings(in: "whsec_ and \(ForgedKey.webhookSecret())", at: "here").isEmpty)
        }

        @Test("a command line shows no secret to others", arguments: [["--api-key", "KEY"], ["--api-key=KEY"]])
        func commandLine(flags: [String]) async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let key = try #require(server.firstKey)
                let flags = flags.map { $0.replacing("KEY", with: key) }
                let child = try installation.start(Bincard.path, ["listen", "--server", server.url] + flags)
                try await eventually("the key is still on the command line") {
                    let line = try String(contentsOfFile: "/proc/\(child.pid)/cmdline", encoding: .utf8)
                    return line.contains("listen") && line.contains("****") && !line.contains(key.dropFirst(34))
                }
                #expect(child.isRunning, "\(child.errors)")
                child.killAll()
                #expect(try await server.stop() == 0)
            }
        }

        private static func search(_ life: SecretLife, keyFiles: [String]) throws -> SecretSearch {
            #expect(life.secrets.count > 15, "\(life.secrets.map(\.name))")
            var search = SecretSearch()
            for (name, text) in life.secrets { search.add(name, text) }
            for path in keyFiles {
                let text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(
                    in: .whitespacesAndNewlines)
                let bytes = try #require(Data(base64Encoded: text))
                search.add("the key to endpoints' secrets", Array(bytes))
            }
            return search
        }

        /// - Parameter expecting: parts of the names of files in which what was planted must be found.
        private static func checkFiles(
            _ search: SecretSearch, _ life: SecretLife, below folder: String, expecting: [String]
        ) throws {
            // What the tests' own commands have printed, and the file that is there to hold the key.
            let skipping = { (name: String) in name.contains(".said-") || name.hasSuffix("secret.key") }
            let (findings, bytes) = try search.findings(below: folder, skipping: skipping)
            #expect(findings == [])
            var planted = SecretSearch()
            planted.add("what was planted", life.planted)
            let found = try planted.findings(below: folder, skipping: skipping).findings
            for part in expecting {
                #expect(found.contains { $0.contains(part) }, "nothing planted in \(part): \(found)")
            }
            print("\(bytes >> 20) MiB of files looked at")
        }

        /// What the server has said and answered. Its first key stands on its standard output, once, on purpose.
        private static func check(_ search: SecretSearch, _ life: SecretLife, _ server: RunningServer) {
            for (place, text) in life.answers { #expect(search.findings(in: text, at: place) == []) }
            #expect(search.findings(in: server.errors, at: "standard error") == [])
            #expect(search.findings(in: server.output, at: "standard output") == [])
            if let first = server.firstKey {
                var search = SecretSearch()
                search.add("the first key", first)
                for (place, text) in life.answers { #expect(search.findings(in: text, at: place) == []) }
                #expect(search.findings(in: server.errors, at: "standard error") == [])
            }
        }

        /// What holds tenants' stock is for the server's user alone, whatever the folder's rights are.
        private static func checkModes(below folder: String) throws {
            var looked = 0
            for name in try FileManager.default.subpathsOfDirectory(atPath: folder)
            where name.hasSuffix(".db") || name.contains(".db-") || name.hasSuffix(".key") {
                let mode = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.posixPermissions]
                let rights = (mode as? NSNumber)?.intValue ?? 0o777
                #expect(rights & 0o077 == 0, "\(name) has the mode \(String(rights, radix: 8))")
                looked += 1
            }
            #expect(looked >= 6)
        }
    }
}
