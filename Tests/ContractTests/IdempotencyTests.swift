import HTTPInterface
import LedgerStorage
import Testing
import WireSchema

extension ContractTests {
    /// Contracts, *All four*, idempotency.
    @Suite struct IdempotencyTests {
        private static let ledger = "/v1/inventory/ledger"
        private static let body =
            #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": -12, "reason": "order_shipped", "note": "é"}"#

        private func realm(onHand: Int64 = 1_000) async throws -> ContractRealm {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: onHand)
            return realm
        }

        private func expectReplay(
            _ second: ContractAnswer, of first: ContractAnswer, at place: SourceLocation = #_sourceLocation
        ) {
            #expect(second.status == first.status, sourceLocation: place)
            #expect(second.body == first.body, sourceLocation: place)
            #expect(second.contentType == first.contentType, sourceLocation: place)
            #expect(second.isReplay, sourceLocation: place)
            #expect(!first.isReplay, sourceLocation: place)
        }

        @Test("the same key with the same request gets the stored bytes, and nothing is written")
        func replay() async throws {
            let realm = try await realm()
            let first = try await realm.client.post(Self.ledger, Self.body, key: "k")
            let head = try await realm.head().text
            let second = try await realm.client.post(Self.ledger, Self.body, key: "k")
            expectReplay(second, of: first)
            #expect(try await realm.head().text == head)
        }

        @Test(
            "a client library may write the same JSON differently on a retry",
            arguments: [
                #"{"note":"é","reason":"order_shipped","delta":-12,"warehouse":"SEA-1","sku":"SKU-0042"}"#,
                "\n\t{ \"sku\" : \"SKU-0042\" ,\r\n\"warehouse\":\"SEA-1\", \"delta\": -12, \"reason\":\"order_shipped\",\"note\":\"\\u00e9\" }  ",
                #"{"\u0073ku":"SKU\u002D0042","warehouse":"SEA-1","delta":-12,"reason":"order\u005fshipped","note":"\u00E9"}"#,
            ])
        func reencoded(retry: String) async throws {
            let realm = try await realm()
            let first = try await realm.client.post(Self.ledger, Self.body, key: "k")
            expectReplay(try await realm.client.post(Self.ledger, retry, key: "k"), of: first)
        }

        @Test("the notation of a number does not matter, its value does")
        func numbers() async throws {
            let realm = try await realm()
            let body = { (cost: String) in
                #"{"item_id": "SKU-0042", "qty": 1, "type": "receipt", "unit_cost": \#(cost)}"#
            }
            let path = "/inventory/v1/movements"
            let first = try await realm.client.post(path, body("2.5"), key: "k")
            #expect(first.status == 201)
            for cost in ["2.50", "25e-1", "0.25E1", "2.500000"] {
                expectReplay(try await realm.client.post(path, body(cost), key: "k"), of: first)
            }
            for cost in ["2.51", "25", #""2.5""#] {
                try await realm.refused(409, "idempotency_key_reused") { try await $0.post(path, body(cost), key: "k") }
            }
        }

        @Test("bare and quoted, also with escapes, name the same key")
        func quoted() async throws {
            let realm = try await realm()
            let first = try await realm.client.post(Self.ledger, Self.body, key: #"a"b\c d"#)
            #expect(first.status == 200)
            expectReplay(try await realm.client.post(Self.ledger, Self.body, key: #""a\"b\\c d""#), of: first)
        }

        @Test("a key may contain a comma")
        func comma() async throws {
            let realm = try await realm()
            let first = try await realm.client.post(Self.ledger, Self.body, key: "a, b")
            #expect(first.status == 200)
            expectReplay(try await realm.client.post(Self.ledger, Self.body, key: "\"a, b\""), of: first)
            let other = try await realm.client.post(Self.ledger, Self.body, key: "a,b")
            #expect(!other.isReplay)
        }

        @Test("another body, path or method under the same key is 409, and the record stays")
        func reuse() async throws {
            let realm = try await realm()
            let first = try await realm.client.post(Self.ledger, Self.body, key: "k")
            try await realm.refused(409, "idempotency_key_reused") {
                try await $0.post(Self.ledger, Self.body.replacing("-12", with: "-13"), key: "k")
            }
            try await realm.refused(409, "idempotency_key_reused") {
                try await $0.post("/inventory/v1/items", #"{"sku": "N", "name": "N"}"#, key: "k")
            }
            try await realm.refused(409, "idempotency_key_reused") {
                try await $0.patch("/inventory/v1/items/SKU-0042", #"{"name": "N"}"#, key: "k")
            }
            expectReplay(try await realm.client.post(Self.ledger, Self.body, key: "k"), of: first)
        }

        @Test("a twin that arrives while the first is still running waits and gets its answer")
        func twins() async throws {
            let realm = try await realm(onHand: 1_000_000)
            for round in 0..<25 {
                let before = try await realm.seq()
                let answers = try await withThrowingTaskGroup(of: ContractAnswer.self) { group in
                    for _ in 0..<4 {
                        group.addTask { try await realm.client.post(Self.ledger, Self.body, key: "twin-\(round)") }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(answers.map(\.body)).count == 1)
                #expect(answers.allSatisfy { $0.status == 200 })
                #expect(answers.filter { !$0.isReplay }.count == 1)
                #expect(try await realm.seq() == before + 1)
            }
        }

        @Test("of two requests that race under one key one is recorded and the other is 409")
        func rivals() async throws {
            let realm = try await realm(onHand: 1_000_000)
            for round in 0..<10 {
                let before = try await realm.seq()
                let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                    for delta in [1, 2] {
                        group.addTask {
                            try await realm.client.post(
                                Self.ledger, Self.body.replacing("-12", with: "\(delta)"), key: "rival-\(round)"
                            ).status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.sorted() == [200, 409])
                #expect(try await realm.seq() == before + 1)
            }
        }

        @Test("a refusal that the ledger decided is stored and replayed, even when it would be accepted now")
        func refusalsAreStored() async throws {
            let realm = try await realm(onHand: 5)
            let first = try await realm.refused(422, "insufficient_stock") {
                try await $0.post(Self.ledger, Self.body, key: "k")
            }
            try await realm.entry(#""sku": "SKU-0042", "warehouse": "SEA-1", "delta": 100, "reason": "found""#)
            expectReplay(try await realm.client.post(Self.ledger, Self.body, key: "k"), of: first)
            let unknown = try await realm.client.post(Self.ledger, Self.body.replacing("0042", with: "7"), key: "u")
            #expect(unknown.status == 404)
            try await realm.item("SKU-7")
            expectReplay(
                try await realm.client.post(Self.ledger, Self.body.replacing("0042", with: "7"), key: "u"), of: unknown)
            let taken = try await realm.client.post("/inventory/v1/items", #"{"sku": "SKU-7", "name": "N"}"#, key: "t")
            #expect(taken.code == "sku_taken")
            expectReplay(
                try await realm.client.post("/inventory/v1/items", #"{"sku": "SKU-7", "name": "N"}"#, key: "t"),
                of: taken)
        }

        @Test("what is refused before the ledger is asked leaves the key free")
        func refusalsBefore() async throws {
            let realm = try await realm()
            let reader = try await realm.key(scopes: [.inventoryRead])
            let client = realm.client
            let early: [(Int, ContractAnswer)] = [
                (400, try await client.post(Self.ledger, "{", key: "k")),
                (400, try await client.post(Self.ledger, Self.body.replacing("-12", with: "-1.5"), key: "k")),
                (422, try await client.post(Self.ledger, Self.body.replacing("note", with: "nota"), key: "k")),
                (415, try await client.post(Self.ledger, Self.body, key: "k", headers: [("Content-Type", "text/csv")])),
                (401, try await ContractClient(url: client.url, secret: nil).post(Self.ledger, Self.body, key: "k")),
                (403, try await reader.client.post(Self.ledger, Self.body, key: "k")),
                (404, try await client.post("/v1/inventory/nothing", Self.body, key: "k")),
                (
                    405,
                    try await client.send(
                        "PUT", Self.ledger, body: Array(Self.body.utf8), headers: [("Idempotency-Key", "k")])
                ),
            ]
            for (status, answer) in early { #expect(answer.status == status, "\(answer.text)") }
            let written = try await client.post(Self.ledger, Self.body, key: "k")
            #expect(written.status == 200)
            #expect(!written.isReplay)
        }

        @Test("every write needs a key; a batch only for lines that have none")
        func required() async throws {
            let realm = try await realm()
            // The published example of the one shows none; the other writes nothing.
            let free = ["subscribeWebhook", "testWebhook"]
            for operation in ContractRules.operations where operation.description.method != .get {
                let description = operation.description
                if free.contains(description.id) { continue }
                let path = ContractRules.path(of: description, filling: "SKU-0042")
                let example = description.request?.examples.first?.json ?? "{}"
                if description.id == "createMovementBatch" {
                    let body = #"{"movements": [{"item_id": "SKU-0042", "qty": 1, "type": "receipt"}]}"#
                    try await realm.refused(400, "idempotency_key_required", ["/movements/0/idempotency_key required"])
                    {
                        try await $0.post(path, body, key: nil)
                    }
                    continue
                }
                try await realm.refused(400, "idempotency_key_required") {
                    try await $0.send(description.method.rawValue.uppercased(), path, body: Array(example.utf8))
                }
            }
        }

        @Test(
            "a key is 1–255 characters, sent once",
            arguments: [
                [""], ["\"\""], [String(repeating: "k", count: 256)], ["\"open"], ["a", "b"], ["\"a\" b\""], ["é"],
            ])
        func malformedKeys(keys: [String]) async throws {
            let realm = try await realm()
            try await realm.refused(400, "idempotency_key_invalid") {
                try await $0.post(Self.ledger, Self.body, key: nil, headers: keys.map { ("Idempotency-Key", $0) })
            }
        }

        @Test("a key of 255 characters is one")
        func longestKey() async throws {
            let realm = try await realm()
            let answer = try await realm.client.post(Self.ledger, Self.body, key: String(repeating: "k", count: 255))
            #expect(answer.status == 200)
        }

        @Test("keys are the realm's: another tenant's or mode's are free here, another API key's are not")
        func perRealm() async throws {
            let realm = try await realm()
            let first = try await realm.client.post(Self.ledger, Self.body, key: "k")
            expectReplay(try await realm.key().client.post(Self.ledger, Self.body, key: "k"), of: first)
            for other in [try await self.realm(), try await ContractRealm(tenant: realm.tenant, mode: .live)] {
                if other.mode == .live { try await other.publishedExamples(onHand: 100) }
                let answer = try await other.client.post(Self.ledger, Self.body, key: "k")
                #expect(answer.status == 200)
                #expect(!answer.isReplay)
            }
        }
    }
}
