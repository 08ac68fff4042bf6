import LedgerStorage
import Testing

extension ContractTests {
    /// Contracts, *Seller*: `POST /api/inventory/bulk`.
    @Suite struct SellerBulkTests {
        private static let path = "/api/inventory/bulk"

        private func realm(items: Int = 2) async throws -> (realm: ContractRealm, own: String) {
            let realm = try await ContractRealm()
            let own = try await realm.warehouse("Warehouse A")
            for number in 1...items { try await realm.item("SKU-00\(number)") }
            return (realm, own)
        }

        private func send(_ realm: ContractRealm, _ updates: [String], key: String? = nil) async throws
            -> ContractAnswer
        {
            let body = #"{"updates": [\#(updates.map { "{\($0)}" }.joined(separator: ", "))]}"#
            let answer = try await realm.client.post(Self.path, body, key: key)
            try #require(answer.status == 200, "\(answer.text)")
            let json = answer.json
            #expect(json.names == ["data", "meta"])
            #expect(json["meta"].names == ["total", "updated", "unchanged", "failed"])
            let results = json["data"].elements
            #expect(results.map { $0["index"].int } == (0..<updates.count).map { Int64($0) })
            for status in ["updated", "unchanged", "failed"] {
                #expect(
                    json["meta"][status].int == Int64(results.filter { $0["status"].string == status }.count))
            }
            let members = [
                "index", "sku", "warehouse_id", "status", "before_quantity", "after_quantity", "delta",
                "id",
            ]
            for result in results {
                let hasError = result["status"].string == "failed"
                #expect(result.names == members + (hasError ? ["error"] : []))
                if hasError { #expect(result["error"].names == ["code", "message"]) }
            }
            return answer
        }

        private static func update(
            _ sku: String, _ warehouse: String, _ quantity: Int, _ more: String = ""
        ) -> String {
            #""sku": "\#(sku)", "warehouse_id": "\#(warehouse)", "quantity": \#(quantity)\#(more)"#
        }

        @Test("the page's request is answered with a result for each update")
        func published() async throws {
            let (realm, own) = try await realm()
            try await realm.put("SKU-001", #""warehouse_id": "\#(own)", "quantity": 450"#)
            let body = """
                {
                "updates": [
                {
                "sku": "SKU-001",
                "warehouse_id": "\(own)",
                "quantity": 500,
                "reason": "supplier_receipt"
                },
                {
                "sku": "SKU-002",
                "warehouse_id": "\(own)",
                "quantity": 200,
                "reason": "cycle_count"
                }
                ]
                }
                """
            let before = try await realm.seq()
            let answer = try await realm.client.post(Self.path, body, key: nil)
            #expect(answer.status == 200)
            #expect(
                answer.shape
                    == #"{"data":[{"index":0,"sku":"SKU-001","warehouse_id":"wh_*","status":"updated","before_quantity":450,"after_quantity":500,"delta":50,"id":"adj_*"},{"index":1,"sku":"SKU-002","warehouse_id":"wh_*","status":"updated","before_quantity":0,"after_quantity":200,"delta":200,"id":"adj_*"}],"meta":{"total":2,"updated":2,"unchanged":0,"failed":0}}"#
            )
            #expect(
                try await realm.eventTypes(after: before) == ["movement.recorded", "movement.recorded"])
            for (index, reason) in ["supplier_receipt", "cycle_count"].enumerated() {
                let result = answer.json["data"][index]
                let adjustment = try await realm.client.get(
                    "/api/inventory/SKU-00\(index + 1)/adjustments?limit=1")
                #expect(adjustment.json["data"][0]["id"].string == result["id"].string)
                #expect(adjustment.json["data"][0]["reason"].string == reason)
                let ulid = result["id"].string?.dropFirst(4) ?? ""
                let movement = try await realm.client.get("/inventory/v1/movements/mov_\(ulid)")
                #expect(movement.json["on_hand"].int == result["after_quantity"].int)
            }
        }

        @Test("a bad update fails alone, whether its form is bad or the ledger refuses it")
        func badLines() async throws {
            let (realm, own) = try await realm()
            let fba = try await realm.warehouse("FBA EU", #""type": "FBA""#)
            let lines: [(String, String)] = [
                (Self.update("SKU-001", own, 5), ""), (Self.update("NO", own, 5), "INVENTORY_NOT_FOUND"),
                (Self.update("SKU-001", "NO", 5), "WAREHOUSE_NOT_FOUND"),
                (Self.update("SKU-001", own, -5), "NEGATIVE_QUANTITY"),
                (Self.update("SKU-001", fba, 5), "READONLY_WAREHOUSE"),
                (Self.update("SKU-001", own, 6, #", "expected_quantity": 4"#), "STALE_QUANTITY"),
                (Self.update("SKU-001", own, 6, #", "colour": "red""#), "VALIDATION_ERROR"),
                (#""sku": "SKU-001", "warehouse_id": "\#(own)", "quantity": 1.5"#, "VALIDATION_ERROR"),
                (
                    #""sku": "SKU-001", "warehouse_id": "\#(own)", "quantity": 1000000000001"#,
                    "VALIDATION_ERROR"
                ),
                (#""sku": "SKU-001""#, "VALIDATION_ERROR"),
                (Self.update("SKU-001", own, 6, #", "reason": """#), "VALIDATION_ERROR"),
                (Self.update("SKU-001", own, 7, #", "expected_quantity": 5"#), ""),
                (Self.update("SKU-001", own, 7), ""),
                (Self.update("SKU-002", own, 0), ""),
            ]
            let answer = try await send(realm, lines.map(\.0))
            let results = answer.json["data"].elements
            #expect(results.map { $0["error"]["code"].string ?? "" } == lines.map(\.1))
            #expect(results.suffix(3).map { $0["status"].string } == ["updated", "unchanged", "updated"])
            #expect(results[1]["sku"].string == "NO")
            #expect(results[2]["warehouse_id"].string == "NO")
            #expect(results[9]["sku"].isNull && results[9]["warehouse_id"].isNull)
            let message = results[9]["error"]["message"].string ?? ""
            #expect(
                message.contains("/updates/9/warehouse_id") && message.contains("/updates/9/quantity"))
            #expect(
                results[12]["before_quantity"].int == 7 && results[12]["delta"].int == 0
                    && results[12]["id"].isNull)
            // A record that says 0 was made.
            #expect(results[13]["after_quantity"].int == 0 && results[13]["id"].isNull)
            #expect(try await realm.client.get("/api/inventory/SKU-001").json["total_on_hand"].int == 7)
            #expect(try await realm.client.get("/api/inventory/SKU-002").json["total_on_hand"].int == 0)
        }

        @Test("two updates of one SKU apply in order")
        func inOrder() async throws {
            let (realm, own) = try await realm()
            let answer = try await send(
                realm, [5, 9, 9, 2].map { Self.update("SKU-001", "WAREHOUSE-A", $0) })
            let results = answer.json["data"].elements
            #expect(results.map { $0["before_quantity"].int } == [0, 5, 9, 9])
            #expect(results.map { $0["delta"].int } == [5, 4, 0, -7])
            #expect(
                results.map { $0["status"].string } == ["updated", "updated", "unchanged", "updated"])
            #expect(results.allSatisfy { $0["warehouse_id"].string == own })
        }

        @Test("500 updates are taken and 501 are not; none is refused too")
        func size() async throws {
            let (realm, _) = try await realm()
            let updates = (1...501).map { Self.update("SKU-00\($0 % 2 + 1)", "WAREHOUSE-A", $0) }
            let answer = try await send(realm, Array(updates.prefix(500)))
            #expect(answer.json["meta"]["updated"].int == 500)
            let ids = answer.json["data"].elements.compactMap { $0["id"].string }
            #expect(ids == ids.sorted() && Set(ids).count == 500)
            for (count, fault) in [(501, "/updates too_many_items"), (0, "/updates too_few_items")] {
                try await realm.sellerRefused(422, "VALIDATION_ERROR", [fault]) {
                    let lines = updates.prefix(count).map { "{\($0)}" }.joined(separator: ",")
                    return try await $0.post(Self.path, "{\"updates\": [\(lines)]}", key: nil)
                }
            }
            for (body, fault) in [
                ("{}", "/updates required"), (#"{"updates": {}}"#, "/updates wrong_type"),
                (#"{"updates": [{}], "x": 1}"#, "/x unknown_member"),
            ] {
                try await realm.sellerRefused(422, "VALIDATION_ERROR", [fault]) {
                    try await $0.post(Self.path, body, key: nil)
                }
            }
        }

        @Test("with a key the whole is replayed byte for byte, failed lines and all")
        func idempotency() async throws {
            let (realm, own) = try await realm()
            let lines = [Self.update("SKU-001", own, 5), Self.update("NO", own, 5), #""sku": 1"#]
            let first = try await send(realm, lines, key: "k")
            _ = try await send(realm, [Self.update("SKU-001", own, 8)])
            let head = try await realm.head().text
            let again = try await send(realm, lines, key: "k")
            #expect(again.isReplay)
            #expect(again.body == first.body)
            #expect(try await realm.head().text == head)
            try await realm.sellerRefused(409, "IDEMPOTENCY_KEY_REUSED") {
                try await $0.post(
                    Self.path, #"{"updates": [{"sku": "X", "warehouse_id": "A", "quantity": 1}]}"#, key: "k")
            }
            // Without a key the same again is unchanged.
            let twice = try await send(realm, [Self.update("SKU-001", own, 8)])
            #expect(twice.json["meta"]["unchanged"].int == 1)
            #expect(try await realm.head().text == head)
        }

        @Test(
            "a bulk of which no line can be read is answered all the same, and a reader may not send one")
        func nothingToDo() async throws {
            let (realm, own) = try await realm()
            let answer = try await send(realm, [#""a": 1"#, #""b": 1"#])
            #expect(answer.json["meta"]["failed"].int == 2)
            let reader = try await realm.key(scopes: [.inventoryRead, .marketplaceSync])
            let refused = try await reader.client.post(
                Self.path, #"{"updates": [{\#(Self.update("SKU-001", own, 1))}]}"#, key: nil)
            #expect(refused.sellerCode == "INSUFFICIENT_SCOPE")
        }
    }
}
