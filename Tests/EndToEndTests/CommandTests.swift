import Foundation
import Testing

extension EndToEnd {
    @Suite("the smaller commands", .serialized)
    struct CommandTests {
        @Test("version prints the version, as --version does, and help ends with 0")
        func version() async throws {
            try await Installation.with { installation in
                let version = try await installation.bincard("version")
                #expect(
                    version.status == 0 && version.output.firstMatch(of: #/^\d+\.\d+\.\d+\n$/#) != nil,
                    "\(version.output)")
                #expect(try await installation.bincard("--version").output == version.output)
                let help = try await installation.bincard("--help")
                #expect(help.status == 0)
                let commands = [
                    "serve", "demo", "keys", "import", "verify", "backup", "restore", "webhooks", "events", "listen",
                    "trigger", "signature", "bench", "openapi", "config", "doctor", "version", "completion",
                ]
                for command in commands {
                    #expect(help.output.contains("\n  \(command) "), "\(command)")
                    #expect(try await installation.bincard(command, "--help").status == 0)
                }
            }
        }

        @Test("openapi prints valid documents, which are the committed ones and the served ones")
        func openAPI() async throws {
            try await Installation.with { installation in
                let committed = Bincard.checkout + "/openapi"
                let names = try FileManager.default.contentsOfDirectory(atPath: committed).filter {
                    $0.hasSuffix(".json")
                }
                #expect(names.count >= 2)
                let server = try await installation.serve()
                for name in names {
                    let printed = try await installation.bincard("openapi", String(name.dropLast(5)))
                    #expect(printed.status == 0, "\(printed.errors)")
                    let document = try printed.json()
                    #expect(document["openapi"]?.text?.hasPrefix("3.1") == true)
                    #expect(document["paths"]?.names.isEmpty == false)
                    #expect(FileManager.default.contents(atPath: "\(committed)/\(name)") == Data(printed.output.utf8))
                    #expect(try server.caller().get("/openapi/\(name)").body == Array(printed.output.utf8))
                }
                #expect(try await server.stop() == 0)
                #expect(try await installation.bincard("openapi", "nothing").status == 2)
            }
        }

        @Test("openapi --check passes on what is committed and fails on anything else, saying what to run")
        func openAPICheck() async throws {
            try await Installation.with { installation in
                let copy = installation.folder + "/copy"
                try FileManager.default.createDirectory(atPath: copy, withIntermediateDirectories: true)
                for name in try FileManager.default.contentsOfDirectory(atPath: Bincard.checkout + "/openapi") {
                    let content = FileManager.default.contents(atPath: "\(Bincard.checkout)/openapi/\(name)")
                    _ = try installation.file("copy/\(name)", Array(content ?? Data()))
                }
                let same = try await installation.bincard("openapi", "--check", "--folder", copy)
                #expect(same.status == 0, "\(same.errors)")
                let name = try #require(
                    try FileManager.default.contentsOfDirectory(atPath: copy).first { $0.hasSuffix(".json") })
                let text = try String(contentsOfFile: "\(copy)/\(name)", encoding: .utf8)
                try (text + " ").write(toFile: "\(copy)/\(name)", atomically: true, encoding: .utf8)
                let changed = try await installation.bincard("openapi", "--check", "--folder", copy)
                #expect(changed.status == 1)
                #expect(changed.errors.contains(name) && changed.errors.contains("make openapi"), "\(changed.errors)")
                #expect(try await installation.bincard("openapi", "--write", "--folder", copy).status == 0)
                #expect(try await installation.bincard("openapi", "--check", "--folder", copy).status == 0)
                try FileManager.default.removeItem(atPath: "\(copy)/\(name)")
                #expect(try await installation.bincard("openapi", "--check", "--folder", copy).status == 1)
            }
        }

        @Test("completion prints a script that the shell accepts", arguments: ["bash", "zsh", "fish"])
        func completion(shell: String) async throws {
            try await Installation.with { installation in
                let result = try await installation.bincard("completion", shell)
                #expect(result.status == 0 && result.output.contains("bincard") && result.output.contains("verify"))
                let script = try installation.file("script", result.output)
                if let shell = program(shell) {
                    let checked = try await installation.run(shell, ["-n", script])
                    #expect(checked.status == 0, "\(checked.errors)")
                }
                #expect(try await installation.bincard("completion", "tcsh").status == 2)
            }
        }

        @Test(
            "doctor finds nothing wrong with a new installation beside its server, and names what is damaged"
        )
        func doctor() async throws {
            try await Installation.with { installation in
                let nothing = try await installation.bincard("doctor", "--data", installation.data)
                #expect(nothing.status == 0 && nothing.output.contains("there is no installation"), "\(nothing.output)")
                #expect(!FileManager.default.fileExists(atPath: installation.data), "looking makes nothing")
                let server = try await installation.serve()
                try server.caller().makeItems(["A"], locations: ["W"])
                let beside = try await installation.bincard("doctor", "--data", installation.data, "--format", "json")
                #expect(beside.status == 0, "\(beside.output)")
                let findings = try beside.json().elements
                #expect(!findings.contains { $0["severity"]?.text == "problem" }, "\(beside.output)")
                let pid = try server.pid
                #expect(findings.contains { $0["what"]?.text == "a server (pid \(pid)) listens on \(server.url)" })
                try await server.kill()
                let after = try await installation.bincard("doctor", "--data", installation.data)
                #expect(after.output.contains("no server runs on this data"), "\(after.output)")
                let file = try #require(try DatabaseFile.ledgers(in: installation.data).first)
                try Data(repeating: 7, count: 40_000).write(to: URL(fileURLWithPath: file.path))
                let damaged = try await installation.bincard("doctor", "--data", installation.data)
                #expect(damaged.status == 1 && damaged.output.contains("FAIL"), "\(damaged.output)")
            }
        }

        @Test(
            "doctor warns of endpoints whose secrets can't be read, makes no key, and is content once the key is back")
        func secrets() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let caller = try server.caller()
                let created = try caller.post(
                    "/inventory/v1/webhooks", #"{"url": "https://example.com/in", "events": ["stock.*"]}"#,
                    idempotencyKey: "endpoint")
                #expect(created.status == 201, "\(created.text)")
                #expect(try await server.stop() == 0)
                func warnings(_ environment: [String: String] = [:]) async throws -> [String] {
                    let result = try await installation.bincard(
                        "doctor", "--data", installation.data, "--format", "json", environment: environment)
                    #expect(result.status == 0, "\(result.output)")
                    return try result.json().elements.compactMap { $0["what"]?.text }.filter { $0.contains("secrets") }
                }
                #expect(try await warnings().isEmpty)
                let key = installation.data + "/secret.key"
                let text = try String(contentsOfFile: key, encoding: .utf8)
                let elsewhere = installation.folder + "/secret.key"
                try FileManager.default.moveItem(atPath: key, toPath: elsewhere)
                let missing = try await warnings()
                #expect(missing.count == 1 && missing[0].contains("1 of 1 webhook endpoints"), "\(missing)")
                #expect(!FileManager.default.fileExists(atPath: key), "looking makes nothing")
                let other = String(repeating: "0", count: 64)
                #expect(try await warnings(["BINCARD_SECRET_KEY": other]).count == 1)
                let right = text.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(try await warnings(["BINCARD_SECRET_KEY": right]).isEmpty)
                try FileManager.default.moveItem(atPath: elsewhere, toPath: key)
                #expect(try await warnings().isEmpty)
            }
        }

        @Test("bench measures every pair, and nothing is refused")
        func bench() async throws {
            try await Installation.with { installation in
                let result = try await installation.bincard(
                    "bench", "--seconds", "1", "--turns", "1", "--items", "100", "--format", "json")
                #expect(result.status == 0, "\(result.errors)")
                let report = try result.json()
                let rows = try #require(report["rows"]?.elements)
                #expect(rows.count == 4)
                for row in rows {
                    #expect((row["requests_per_second"]?.double ?? 0) > 0, "\(row)")
                    #expect(row["refused"]?.integer == 0, "\(row)")
                    #expect((row["p50_ms"]?.double ?? -1) <= (row["p99_ms"]?.double ?? -2))
                }
                #expect(rows.prefix(2).allSatisfy { ($0["ratio"]?.double ?? 0) > 0 })
                #expect((report["entries_after"]?.integer ?? 0) > (report["entries_before"]?.integer ?? 0))
                let wrong = try await installation.bincard("bench", "--seconds", "0")
                #expect(wrong.status == 2)
            }
        }
    }
}
