import HTTPInterface
import LedgerStorage
import SellerAPI
import Testing
import WireSchema

extension ContractTests {
    /// What holds for every operation of the Seller API.
    @Suite struct SellerAccessTests {
        @Test("each operation takes its scope and no other; without a key all answer alike", arguments: Scope.allCases)
        func scopes(scope: Scope) async throws {
            let all = try await ContractRealm()
            let only = try await all.key(scopes: [scope])
            let without = try await all.key(scopes: Set(Scope.allCases).subtracting([scope]))
            let nobody = ContractClient(url: all.client.url, secret: nil)
            var bodies: Set<String> = []
            for operation in SellerAPI.operations {
                let description = operation.description
                let path = ContractRules.path(of: description)
                let method = description.method.rawValue.uppercased()
                let expected = ContractRules.expectedScope(of: description)
                let (refused, letIn) = expected == scope ? (without, only) : (only, without)
                let answer = try await refused.client.send(method, path)
                #expect(answer.status == 403, "\(description.id)")
                #expect(answer.sellerCode == "INSUFFICIENT_SCOPE")
                #expect(answer.text.contains(expected.rawValue))
                let passed = try await letIn.client.send(method, path)
                #expect(![401, 403].contains(passed.status), "\(description.id): \(passed.text)")
                bodies.insert(try await nobody.send(method, path).shape)
            }
            #expect(bodies.count == 1)
            #expect(bodies.first?.contains("UNAUTHORIZED") ?? false)
        }

        @Test("every example of a request is accepted by the running server")
        func examples() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("Main", #""code": "SEA-1""#)
            try await realm.warehouse("Amazon", #""code": "x", "type": "FBA""#)
            try await realm.item("SKU-001")
            for operation in SellerAPI.operations {
                let description = operation.description
                let target = description.id == "updateInventory" ? "SKU-001" : "x"
                for example in description.request?.examples ?? [] {
                    let answer = try await realm.client.send(
                        description.method.rawValue.uppercased(), ContractRules.path(of: description, filling: target),
                        body: Array(example.json.utf8))
                    // The ledger may know better: an example's warehouse is nobody's, its belief is not true.
                    let known = ["WAREHOUSE_NOT_FOUND", "STALE_QUANTITY"]
                    let passed = answer.status < 300 || known.contains(answer.sellerCode)
                    #expect(passed, "\(description.id), \(example.name): \(answer.text)")
                }
            }
        }

        @Test("a key whose budget is used up is told so in this API's shape")
        func rateLimited() async throws {
            let realm = try await ContractRealm()
            let limited = try await realm.key(limit: RateLimit(rate: 1, burst: 1))
            var answer = try await limited.client.get("/api/inventory")
            for _ in 0..<20 where answer.status == 200 { answer = try await limited.client.get("/api/inventory") }
            #expect(answer.status == 429)
            #expect(answer.sellerCode == "RATE_LIMITED")
        }
    }
}
