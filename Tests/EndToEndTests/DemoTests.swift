import Foundation
import Testing

extension EndToEnd {
    @Suite("demo", .serialized)
    struct DemoTests {
        @Test("load fills a small realm without a server, and reset removes it")
        func withoutServer() async throws {
            try await Installation.with { installation in
                let loaded = try await installation.bincard("demo", "load", "--data", installation.data)
                #expect(loaded.status == 0, "\(loaded.errors)")
                let key = try #require(loaded.output.firstMatch(of: #/sk_test_[0-9A-Z]+/#).map { String($0.0) })
                let recorded = try #require(
                    loaded.output.firstMatch(of: #/^(\d+) movements recorded, 0 were there already, 0 refused/#))
                let count = try #require(Int(recorded.1))
                #expect(count > 500)
                let server = try await installation.serve()
                let caller = try server.caller(key)
                #expect(try caller.onHand("SKU-0042", at: "SEA-1") > 0)
                #expect(try caller.get("/inventory/v1/items?limit=100").json()["data"]?.elements.count == 40)
                #expect(try caller.get("/inventory/v1/locations?limit=100").json()["data"]?.elements.count == 3)
                #expect(try caller.entries().count { $0.isMovement } == count)
                #expect(try await server.stop() == 0)
                #expect(try await installation.bincard("verify", "--data", installation.data).status == 0)

                let reset = try await installation.bincard("demo", "reset", "--data", installation.data)
                #expect(reset.status == 0 && reset.output.contains("is gone"))
                #expect(try DatabaseFile.ledgers(in: installation.data).isEmpty)
                let nothing = try await installation.bincard("demo", "reset", "--data", installation.data)
                #expect(nothing.status == 0 && nothing.output.contains("There was no demo realm"))
            }
        }

        @Test("load goes through a running server, the line that it prints works, and again after a reset")
        func throughServer() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let loaded = try await installation.bincard("demo", "load", "--data", installation.data)
                #expect(loaded.status == 0, "\(loaded.errors)")
                let key = try #require(loaded.output.firstMatch(of: #/sk_test_[0-9A-Z]+/#).map { String($0.0) })
                #expect(loaded.output.contains("\(server.url)/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1"))
                if program("curl") != nil {
                    let line = try #require(loaded.output.firstMatch(of: #/Try: (curl .*)/#).map { String($0.1) })
                    let curl = try await installation.run("/bin/sh", ["-c", line])
                    #expect(try curl.json()["sku"]?.text == "SKU-0042", "\(curl.output)\(curl.errors)")
                }
                let head = try server.caller(key).head()
                let twice = try await installation.bincard("demo", "load", "--data", installation.data)
                #expect(twice.status == 0 && twice.output.hasPrefix("0 movements recorded"), "\(twice.output)")
                #expect(try server.caller(key).head() == head)

                #expect(try await installation.bincard("demo", "reset", "--data", installation.data).status == 0)
                try await eventually("the demo's key still works", within: 1) {
                    try server.caller(key).get("/v1/ledger/head").status == 401
                }
                let anew = try await installation.bincard("demo", "load", "--data", installation.data)
                #expect(
                    anew.status == 0 && anew.output.firstLine == loaded.output.firstLine, "\(anew.output)\(anew.errors)"
                )
                #expect(try await server.stop() == 0)
            }
        }
    }
}

extension String {
    fileprivate var firstLine: Substring { prefix { $0 != "\n" } }
}
