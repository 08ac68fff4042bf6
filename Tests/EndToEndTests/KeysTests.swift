import Foundation
import Testing

extension EndToEnd {
    @Suite("keys", .serialized)
    struct KeysTests {
        private static let scopes = [
            "inventory:read", "inventory:write", "orders:read", "orders:write", "webhooks:manage", "marketplace:sync",
            "keys:manage",
        ]

        @Test("create works where nothing is yet, and prints what scripts rely on")
        func createFirst() async throws {
            try await Installation.with { installation in
                let result = try await installation.bincard(
                    "keys", "create", "--data", installation.data, "--tenant", "acme", "--mode", "live", "--format",
                    "json")
                #expect(result.status == 0, "\(result.errors)")
                #expect(result.output.split(separator: "\n").count == 1, "one line")
                #expect(result.output.hasPrefix(#"{"id":"key_"#) && result.output.contains(#"","secret":"sk_live_"#))
                let key = try result.json()
                #expect(key["tenant"]?.text == "acme" && key["mode"]?.text == "live")
                #expect(key["scopes"]?.elements.map(\.text) == Self.scopes)
                #expect(
                    key["rate"]?.integer == 1_000 && key["burst"]?.integer == 2_000
                        && key["unlimited"] == .boolean(false))

                let server = try await installation.serve()
                #expect(server.firstKey == nil, "there is a key already")
                #expect(try server.caller(key["secret"]?.text).get("/inventory/v1/items").status == 200)
                #expect(try await server.stop() == 0)
            }
        }

        @Test("a key made beside a running server works within a second, and only for what it may do")
        func createBesideServer() async throws {
            try await Installation.with { installation in
                let server = try await installation.serve()
                let result = try await installation.bincard(
                    "keys", "create", "--data", installation.data, "--tenant", "new", "--mode", "test", "--scope",
                    "inventory:read", "--rate", "5", "--burst", "7", "--name", "till", "--format", "json")
                let key = try result.json()
                #expect(key["scopes"]?.elements.map(\.text) == ["inventory:read"])
                #expect(key["rate"]?.integer == 5 && key["burst"]?.integer == 7 && key["name"]?.text == "till")
                let secret = try #require(key["secret"]?.text)
                try await eventually("the key does not work", within: 1) {
                    try server.caller(secret).get("/v1/ledger/head").status == 200
                }
                let caller = try server.caller(secret)
                let answer = try caller.get("/v1/ledger/head")
                #expect(answer.headers["x-ratelimit-limit"] == "7")
                #expect(try caller.move("A", at: "W", 1, key: "k").status == 403)
                #expect(try await server.stop() == 0)
            }
        }

        @Test("a limit is kept: what is over it gets 429")
        func limit() async throws {
            try await Installation.with { installation in
                let created = try await installation.bincard(
                    "keys", "create", "--data", installation.data, "--tenant", "t", "--mode", "test", "--rate", "1",
                    "--burst", "3", "--format", "json")
                let secret = try created.json()["secret"]?.text
                let server = try await installation.serve()
                let caller = try server.caller(secret)
                let statuses = try (0..<8).map { _ in try caller.get("/v1/ledger/head").status }
                #expect(statuses.prefix(3) == [200, 200, 200])
                #expect(statuses.dropFirst(5).contains(429), "\(statuses)")
                #expect(try await server.stop() == 0)
            }
        }

        @Test("a revoked key is dead within a second", arguments: [true, false])
        func revoke(besideServer: Bool) async throws {
            try await Installation.with { installation in
                let created = try await installation.bincard(
                    "keys", "create", "--data", installation.data, "--tenant", "t", "--mode", "test", "--unlimited",
                    "--format", "json")
                let key = try created.json()
                #expect(key["unlimited"] == .boolean(true) && key["rate"] == nil)
                let secret = key["secret"]?.text
                let id = try #require(key["id"]?.text)
                let server = besideServer ? try await installation.serve() : nil
                if let server { #expect(try server.caller(secret).get("/v1/ledger/head").status == 200) }
                let revoked = try await installation.bincard(
                    "keys", "revoke", id, "--data", installation.data, "--format", "json")
                #expect(revoked.status == 0, "\(revoked.errors)")
                let report = try revoked.json()
                #expect(report["id"]?.text == id && report["secret"] == nil && report["expires_at"] != nil)
                let after = try await { if let server { server } else { try await installation.serve() } }()
                try await eventually("the key still works", within: 1) {
                    try after.caller(secret).get("/v1/ledger/head").status == 401
                }
                #expect(try await after.stop() == 0)
            }
        }

        @Test("roll gives a new key with the same rights; the old one lives on for the grace time only")
        func roll() async throws {
            try await Installation.with { installation in
                let created = try await installation.bincard(
                    "keys", "create", "--data", installation.data, "--tenant", "t", "--mode", "live", "--scope",
                    "inventory:read", "--scope", "orders:read", "--rate", "20", "--burst", "30", "--format", "json")
                let old = try created.json()
                let id = try #require(old["id"]?.text)
                let server = try await installation.serve()
                let rolled = try await installation.bincard(
                    "keys", "roll", id, "--data", installation.data, "--format", "json")
                #expect(rolled.status == 0, "\(rolled.errors)")
                let new = try rolled.json()
                #expect(new["id"]?.text != id && new["secret"]?.text?.hasPrefix("sk_live_") == true)
                for name in ["tenant", "mode", "scopes", "rate", "burst"] { #expect(new[name] == old[name], "\(name)") }
                try await eventually("the new key does not work", within: 1) {
                    try server.caller(new["secret"]?.text).get("/v1/ledger/head").status == 200
                }
                #expect(try server.caller(old["secret"]?.text).get("/v1/ledger/head").status == 200)
                let newID = try #require(new["id"]?.text)
                let atOnce = try await installation.bincard(
                    "keys", "roll", newID, "--grace-hours", "0", "--data", installation.data, "--format", "json")
                #expect(atOnce.status == 0, "\(atOnce.errors)")
                try await eventually("a key without grace still works", within: 1) {
                    try server.caller(new["secret"]?.text).get("/v1/ledger/head").status == 401
                }
                #expect(try await server.stop() == 0)
            }
        }

        @Test("list shows every key, oldest first, and never a secret")
        func list() async throws {
            try await Installation.with { installation in
                let secrets = [
                    try await installation.makeKey(tenant: "a"),
                    try await installation.makeKey(tenant: "b", mode: "live"),
                    try await installation.makeKey(tenant: "a", mode: "live"),
                ]
                let all = try await installation.bincard(
                    "keys", "list", "--data", installation.data, "--format", "json")
                let keys = try all.json().elements
                #expect(keys.map { $0["tenant"]?.text } == ["a", "b", "a"])
                #expect(keys.map { $0["mode"]?.text } == ["test", "live", "live"])
                #expect(keys.allSatisfy { $0["secret"] == nil })
                let one = try await installation.bincard(
                    "keys", "list", "--tenant", "b", "--data", installation.data, "--format", "json")
                #expect(try one.json().elements.count == 1)
                let text = try await installation.bincard("keys", "list", "--data", installation.data)
                #expect(text.output.split(separator: "\n").count == 3)
                for secret in secrets {
                    #expect(!all.output.contains(secret.dropFirst(34)) && !text.output.contains(secret.dropFirst(34)))
                    let stored = try #require(FileManager.default.contents(atPath: installation.data + "/control.db"))
                    #expect(stored.range(of: Data(secret.utf8.dropFirst(34))) == nil, "only hashes are kept")
                }
            }
        }

        @Test("a key that is not there, or an installation that is not there, is an error of its own")
        func missing() async throws {
            try await Installation.with { installation in
                let nothing = try await installation.bincard("keys", "list", "--data", installation.data)
                #expect(nothing.status == 1)
                #expect(
                    nothing.errors.contains("there is no installation in \(installation.data)"), "\(nothing.errors)")
                #expect(!FileManager.default.fileExists(atPath: installation.data), "looking makes nothing")
                _ = try await installation.makeKey()
                let unknown = "key_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
                for command in ["roll", "revoke"] {
                    let result = try await installation.bincard("keys", command, unknown, "--data", installation.data)
                    #expect(result.status == 1)
                    #expect(result.errors.contains("there is no \(unknown)"), "\(result.errors)")
                }
            }
        }
    }
}
