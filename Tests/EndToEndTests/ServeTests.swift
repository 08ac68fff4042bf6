import Foundation
import Testing

extension EndToEnd {
    @Suite("serve", .serialized)
    struct ServeTests {
        @Test("a new data directory gives an address tree, a test key and a curl line that works as it is printed")
        func welcome() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                for place in ["/v1 ", "/inventory/v1 ", "/openapi.json ", "/readyz "] {
                    #expect(server.output.contains("├─ \(server.url)\(place)"), "\(server.output)")
                }
                #expect(server.output.contains("└─ data in \(installation.data)"))
                let key = try #require(server.firstKey)
                #expect(try server.caller(key).get("/inventory/v1/items").status == 200)
                try await runPrintedLine(of: server, installation)
                #expect(try await server.stop() == 0)

                let again = try await installation.serve()
                #expect(again.firstKey == nil, "the key is shown only once")
                #expect(!again.output.contains(key))
                #expect(
                    try again.caller(key).get("/inventory/v1/items/SKU-0042").status
                        == (program("curl") == nil ? 404 : 200))
                #expect(try await again.stop() == 0)
            }
        }

        private func runPrintedLine(of server: RunningServer, _ installation: Installation) async throws {
            guard program("curl") != nil else { return }
            let lines = server.output.split(separator: "\n", omittingEmptySubsequences: false)
            let first = try #require(lines.firstIndex { $0.contains("curl ") })
            let line = lines[first...].prefix { !$0.isEmpty }.joined(separator: "\n")
            let result = try await installation.run("/bin/sh", ["-c", line])
            #expect(result.status == 0, "\(result.errors)")
            #expect(try result.json()["sku"]?.text == "SKU-0042")
        }

        @Test("with no flag it serves on port 8080 and keeps its data in ./bincard-data")
        func defaults() async throws {
            try await Installation.with { installation in
                let shown = try await installation.bincard("config", "show", "--format", "json").json().elements
                let values = Dictionary(uniqueKeysWithValues: shown.map { ($0["name"]?.text ?? "", $0["value"]?.text) })
                #expect(values["port"] == "8080" && values["host"] == "127.0.0.1" && values["data"] == "./bincard-data")
                // Any free port here: 8080 may be taken on the machine that tests.
                let child = try installation.start(Bincard.path, ["serve"], environment: ["BINCARD_PORT": "0"])
                try await eventually("it is not ready: \(child.errors)") {
                    child.output.contains("└─ data in ./bincard-data")
                }
                #expect(FileManager.default.fileExists(atPath: "\(installation.folder)/bincard-data/control.db"))
                child.send(SIGTERM)
                #expect(try await child.ended() == 0)
            }
        }

        @Test("a request that is half sent when SIGTERM comes is answered, then the server exits with 0")
        func gracefulStop() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let key = try #require(server.firstKey)
                let caller = try server.caller()
                try caller.makeItems(["A"], locations: ["W"])
                let body = #"{"sku":"A","warehouse":"W","delta":7,"reason":"count"}"#
                let head = caller.head("POST", "/v1/inventory/ledger", length: body.utf8.count, idempotencyKey: "late")
                try caller.send(head + body.prefix(20))
                // Until the server has begun with it, which nothing shows outside.
                try await Task.sleep(for: .milliseconds(100))
                let idle = try server.caller()
                #expect(try idle.get("/livez").status == 200)
                let end = Task { try await server.stop() }
                try await eventually("connections are still accepted") {
                    (try? LoopbackConnection(port: server.port)) == nil
                }
                try caller.send(String(body.dropFirst(20)))
                let answer = try caller.answer()
                #expect(answer.status == 200, "\(answer.text)")
                #expect(try await end.value == 0)
                #expect(!FileManager.default.fileExists(atPath: installation.data + "/server.json"))

                let again = try await installation.serve()
                #expect(try again.caller(key).onHand("A", at: "W") == 7)
                #expect(try await again.stop() == 0)
            }
        }

        @Test("SIGTERM under load loses nothing that was acknowledged")
        func stopUnderLoad() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let key = try await installation.makeKey()
                let skus = ["A", "B", "C"]
                try await eventually("the key is unknown") {
                    try server.caller(key).get("/v1/ledger/head").status == 200
                }
                try server.caller(key).makeItems(skus, locations: ["W"])
                let load = WriteLoad(
                    port: server.port, apiKey: key, prefix: "stop", skus: skus, warehouses: ["W"], seed: 7)
                try await eventually("nothing is acknowledged") { load.acknowledged > 200 }
                #expect(try await server.stop() == 0)
                let tally = try await load.finish(stopping: false)
                let again = try await installation.serve()
                var audit = LedgerAudit()
                try audit.check(tally, try again.caller(key))
                try audit.finish(try again.caller(key))
                #expect(try await again.stop() == 0)
            }
        }

        @Test("each request is one line of valid JSON in the access log, and no secret is in it")
        func accessLog() async throws {
            try await Installation.with { installation in
                let log = installation.folder + "/access.log"
                let server = try await installation.serve("--access-log", log)
                let key = try #require(server.firstKey)
                let caller = try server.caller()
                try caller.makeItems(["A"], locations: ["W"])
                _ = try caller.move("A", at: "W", 3, key: "m1")
                _ = try caller.get("/v1/nowhere/%22%5C%0A%00/x?secret=\(key)")
                _ = try caller.post("/v1/inventory/ledger", "{", idempotencyKey: "bad")
                _ = try Caller(port: server.port, key: "sk_test_nobody").get("/v1/ledger/head")
                #expect(try await server.stop() == 0)
                let text = try #require(installation.text("access.log"))
                let lines = try text.split(separator: "\n").map { try JSON(Array($0.utf8)) }
                // /readyz is asked until it is ready, and may be in the log more than once.
                let asked = lines.filter { $0["path"]?.text != "/readyz" }
                // Lines of different event loops may change places within one write of the log.
                let calls = asked.map { "\($0["status"]?.integer ?? 0) \($0["method"]?.text ?? "")" }
                #expect(
                    calls.sorted()
                        == ["200 POST", "201 POST", "201 POST", "400 POST", "401 GET", "404 GET"])
                let names = [
                    "time", "request_id", "method", "path", "operation", "status", "duration_ms", "bytes_in",
                    "bytes_out",
                ]
                for line in lines { #expect(line.names.isSuperset(of: names), "\(line)") }
                #expect(!text.contains(key.dropFirst(34)))
            }
        }
    }
}
