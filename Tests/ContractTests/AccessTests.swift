import HTTPInterface
import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing
import WireSchema

extension ContractTests {
    /// Contracts, *All four*, keys: who gets in, and what a key may do.
    @Suite struct AccessTests {
        private static let path = "/v1/ledger/head"

        @Test("whatever is no live key gets the same 401 everywhere")
        func unauthorized() async throws {
            let realm = try await ContractRealm()
            let secret = realm.created.secret
            let last = secret.last == "0" ? "1" : "0"
            let wrong: [String?] = [
                nil, "", "Bearer", "Bearer ", "Basic \(secret)", secret, "Bearer sk_test_REPLACE",
                "Bearer \(secret.lowercased())",
                "Bearer \(secret.dropLast())\(last)", "Bearer \(secret)0",
                "Bearer \(secret.replacing("sk_test_", with: "sk_live_"))",
                "Bearer \(KeySecretForgery.unknownKey)",
            ]
            let client = ContractClient(url: realm.client.url, secret: nil)
            var bodies: Set<String> = []
            for operation in ContractRules.operations {
                let path = ContractRules.path(of: operation.description)
                for header in operation.description.id == "getLedgerHead" ? wrong : [wrong[0]] {
                    let answer = try await client.send(
                        operation.description.method.rawValue.uppercased(), path,
                        headers: header.map { [("Authorization", $0)] } ?? [])
                    #expect(answer.status == 401, "\(path) \(header ?? "no header")")
                    #expect(answer.headers.first(name: "www-authenticate") == "Bearer")
                    bodies.insert(answer.shape.replacing(path, with: "PATH"))
                }
            }
            #expect(bodies.count == 1)
            #expect(try await realm.client.get(Self.path).status == 200)
            let lowercase = try await client.get(Self.path, headers: [("Authorization", "bearer \(secret)")])
            #expect(lowercase.status == 200)
        }

        @Test("each operation takes its scope and no other", arguments: Scope.allCases)
        func scopes(scope: Scope) async throws {
            let all = try await ContractRealm()
            let only = try await all.key(scopes: [scope])
            let without = try await all.key(scopes: Set(Scope.allCases).subtracting([scope]))
            for operation in ContractRules.operations {
                let description = operation.description
                let path = ContractRules.path(of: description)
                let method = description.method.rawValue.uppercased()
                let expected = ContractRules.expectedScope(of: description)
                let (refused, let_in) = expected == scope ? (without, only) : (only, without)
                let answer = try await refused.client.send(method, path)
                #expect(answer.status == 403, "\(description.id)")
                #expect(answer.code == "insufficient_scope")
                #expect(answer.json["detail"].string?.contains(expected.rawValue) ?? false)
                let passed = try await let_in.client.send(method, path)
                #expect(![401, 403].contains(passed.status), "\(description.id): \(passed.text)")
            }
        }

        @Test("a key without the scope learns nothing: an existing thing is 403 like any other")
        func scopeFirst() async throws {
            let realm = try await ContractRealm()
            try await realm.item("SKU-1")
            let client = try await realm.key(scopes: [.ordersRead]).client
            let known = try await client.get("/inventory/v1/items/SKU-1")
            let unknown = try await client.get("/inventory/v1/items/SKU-2")
            #expect(known.status == 403)
            #expect(known.shape == unknown.shape.replacing("SKU-2", with: "SKU-1"))
        }

        @Test("a key that another process makes works at once, and a revoked one is dead within a second or so")
        func created() async throws {
            let realm = try await ContractRealm()
            let key = try await realm.key()
            #expect(try await key.client.get(Self.path).status == 200)
            _ = try realm.server.administration.revokeKey(key.created.key.id)
            try await expectDeath(of: key.client)
            #expect(try await realm.client.get(Self.path).status == 200)
        }

        @Test("a rolled key lives through its grace time beside the new one, and then no longer")
        func rolled() async throws {
            let realm = try await ContractRealm(scopes: [.inventoryRead])
            #expect(try await realm.client.get(Self.path).status == 200)
            let rolled = try realm.server.administration.rollKey(realm.created.key.id, grace: .seconds(2))
            let fresh = ContractClient(url: realm.client.url, secret: rolled.secret)
            #expect(try await fresh.get(Self.path).status == 200)
            #expect(try await realm.client.get(Self.path).status == 200)
            try await expectDeath(of: realm.client)
            #expect(try await fresh.get(Self.path).status == 200)
            #expect(try await fresh.post("/inventory/v1/items", #"{"sku": "A", "name": "A"}"#).status == 403)
        }

        private func expectDeath(of client: ContractClient) async throws {
            let deadline = ContinuousClock.now + .seconds(8)
            var answer = try await client.get(Self.path)
            while answer.status == 200, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(20))
                answer = try await client.get(Self.path)
            }
            #expect(answer.status == 401)
        }
    }
}

/// A text with the form and checksum of a key that nobody has.
enum KeySecretForgery {
    static let unknownKey = KeySecret.mint(mode: .test, id: Administration.freshID()).text
}
