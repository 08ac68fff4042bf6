import LedgerStorage
import Testing

extension ContractTests {
    /// Contracts, *Seller*: one SKU is read and set.
    @Suite struct SellerInventoryTests {
        private static let path = "/api/inventory/SKU-001"

        private func realm() async throws -> (realm: ContractRealm, own: String, fba: String) {
            let realm = try await ContractRealm()
            let own = try await realm.warehouse("Warehouse A")
            let fba = try await realm.warehouse("FBA EU", #""type": "FBA", "marketplace": "amazon_eu""#)
            try await realm.item("SKU-001")
            return (realm, own, fba)
        }

        @Test("the page's PUT is answered with the updated record, and the ledger has the difference")
        func publishedUpdate() async throws {
            let (realm, own, _) = try await realm()
            try await realm.put("SKU-001", #""warehouse_id": "\#(own)", "quantity": 450"#)
            let body = """
                {
                "warehouse_id": "\(own)",
                "quantity": 500,
                "reason": "supplier_receipt",
                "note": "PO-2026-0312 received"
                }
                """
            let answer = try await realm.client.put(Self.path, body, key: nil)
            #expect(answer.status == 200)
            #expect(answer.contentType == "application/json")
            #expect(
                answer.shape
                    == #"{"sku":"SKU-001","title":"Item SKU-001","total_on_hand":500,"total_reserved":0,"total_available":500,"safety_stock":0,"status":"normal","warehouses":[{"warehouse_id":"wh_*","name":"Warehouse A","on_hand":500,"reserved":0,"available":500,"safety_stock":0}],"reorder_point":null,"id":"itm_*","updated_at":"<ms>"}"#
            )
            #expect(try await realm.client.get(Self.path).body == answer.body)
            let adjustment = try await realm.client.get("\(Self.path)/adjustments?limit=1").json["data"][
                0]
            #expect(adjustment["before_quantity"].int == 450)
            #expect(adjustment["delta"].int == 50)
            #expect(adjustment["reason"].string == "supplier_receipt")
            #expect(adjustment["note"].string == "PO-2026-0312 received")
            #expect(try await realm.events().last?["type"].string == "movement.recorded")
        }

        @Test(
            "a SKU without a record is 404 until something is set, also to 0; a code serves like an id")
        func firstRecord() async throws {
            let (realm, own, _) = try await realm()
            let missing = try await realm.sellerRefused(404, "INVENTORY_NOT_FOUND") {
                try await $0.get(Self.path)
            }
            #expect(missing.sellerReason == "inventory_not_found")
            try await realm.sellerRefused(404, "INVENTORY_NOT_FOUND") {
                try await $0.get("/api/inventory/NO")
            }
            let answer = try await realm.put("SKU-001", #""warehouse_id": "WAREHOUSE-A", "quantity": 0"#)
            #expect(answer.json["warehouses"][0]["warehouse_id"].string == own)
            #expect(answer.json["status"].string == "out_of_stock")
            #expect(try await realm.client.get(Self.path).body == answer.body)
            let id = try #require(answer.json["id"].string)
            #expect(try await realm.client.get("/api/inventory/\(id)").body == answer.body)
            #expect(try await realm.client.head(Self.path).status == 200)
        }

        @Test("what is so already records nothing, and is answered with the same record")
        func unchanged() async throws {
            let (realm, own, _) = try await realm()
            let body = #""warehouse_id": "\#(own)", "quantity": 7, "safety_stock": 2"#
            let first = try await realm.put("SKU-001", body)
            let head = try await realm.head().text
            for again in [
                body, #""warehouse_id": "\#(own)", "quantity": 7"#,
                #""warehouse_id": "\#(own)", "safety_stock": 2"#,
            ] {
                let answer = try await realm.put("SKU-001", again)
                #expect(answer.body == first.body)
            }
            #expect(try await realm.head().text == head)
        }

        @Test("totals, status and safety stock follow the rules, whatever is set in which order")
        func statuses() async throws {
            let (realm, own, fba) = try await realm()
            let steps: [(String, Int64, Int64, String)] = [
                (#""warehouse_id": "\#(own)", "quantity": 15"#, 15, 15, "normal"),
                (#""warehouse_id": "\#(own)", "safety_stock": 15"#, 15, 0, "critical"),
                (#""warehouse_id": "\#(own)", "safety_stock": 20"#, 15, -5, "critical"),
                (#""warehouse_id": "\#(own)", "quantity": 25, "reorder_point": 5"#, 25, 5, "low"),
                (#""reorder_point": 4"#, 25, 5, "normal"),
                (#""reorder_point": 6, "title": "Blue Widget""#, 25, 5, "low"),
                (#""reorder_point": null"#, 25, 5, "normal"),
                (#""warehouse_id": "\#(own)", "quantity": 0"#, 0, -20, "out_of_stock"),
            ]
            for (members, onHand, available, status) in steps {
                let answer = try await realm.put("SKU-001", members)
                #expect(answer.json["total_on_hand"].int == onHand, "\(members)")
                #expect(answer.json["total_available"].int == available, "\(members)")
                #expect(answer.json["status"].string == status, "\(members)")
                #expect(try await realm.client.get(Self.path).body == answer.body)
            }
            #expect(try await realm.client.get(Self.path).json["title"].string == "Blue Widget")
            try await realm.snapshot(fba, "2026-03-12T14:00:00Z", #"{"sku": "SKU-001", "quantity": 137}"#)
            let record = try await realm.client.get(Self.path).json
            #expect(record["total_on_hand"].int == 137)
            #expect(record["safety_stock"].int == 20)
            #expect(record["total_available"].int == 117)
            #expect(record["warehouses"].elements.map { $0["available"].int } == [-20, 137])
            #expect(record["warehouses"].elements.map { $0["type"].string } == [nil, "FBA"])
            #expect(
                record["warehouses"][1].names == [
                    "warehouse_id", "name", "on_hand", "reserved", "available", "type", "safety_stock",
                ])
        }

        @Test("what is sent together is done together or not at all")
        func atomic() async throws {
            let (realm, own, fba) = try await realm()
            try await realm.put("SKU-001", #""warehouse_id": "\#(own)", "quantity": 10"#)
            let refusals: [(String, Int, String)] = [
                (
                    #""title": "T", "warehouse_id": "\#(own)", "quantity": 5, "expected_quantity": 9"#, 409,
                    "STALE_QUANTITY"
                ),
                (
                    #""reorder_point": 1, "warehouse_id": "\#(own)", "quantity": -1"#, 422,
                    "NEGATIVE_QUANTITY"
                ),
                (#""title": "T", "warehouse_id": "\#(fba)", "quantity": 5"#, 403, "READONLY_WAREHOUSE"),
                (
                    #""safety_stock": 5, "warehouse_id": "\#(own)", "quantity": -1"#, 422, "NEGATIVE_QUANTITY"
                ),
            ]
            for (members, status, code) in refusals {
                try await realm.sellerRefused(status, code) {
                    try await $0.put(Self.path, "{\(members)}", key: nil)
                }
            }
            let before = try await realm.seq()
            let answer = try await realm.put(
                "SKU-001",
                #""title": "T", "reorder_point": 3, "warehouse_id": "\#(own)", "quantity": 5, "safety_stock": 1, "expected_quantity": 10"#
            )
            #expect(answer.json["title"].string == "T")
            #expect(answer.json["safety_stock"].int == 1)
            let types = try await realm.eventTypes(after: before)
            #expect(types.first == "item.updated")
            #expect(types.filter { $0 == "movement.recorded" }.count == 1)
            #expect(types.count == 3)
        }

        @Test("every refusal of the page, and the others, in this API's shape")
        func refusals() async throws {
            let (realm, own, fba) = try await realm()
            let locked = try await realm.warehouse("Locked", #""is_readonly": true"#)
            try await realm.put("SKU-001", #""warehouse_id": "\#(own)", "quantity": 10"#)
            try await realm.item("GONE")
            _ = try await realm.client.post("/inventory/v1/items/GONE/archive", "{}")
            let closed = try await realm.warehouse("Closed", #""is_active": false"#)
            let set = #""warehouse_id": "\#(own)", "quantity": 1"#
            let cases: [(String, String, Int, String)] = [
                ("SKU-001", #""warehouse_id": "\#(fba)", "quantity": 1"#, 403, "READONLY_WAREHOUSE"),
                ("SKU-001", #""warehouse_id": "\#(locked)", "quantity": 1"#, 403, "READONLY_WAREHOUSE"),
                ("SKU-001", #""warehouse_id": "\#(own)", "quantity": -1"#, 422, "NEGATIVE_QUANTITY"),
                ("SKU-001", #""warehouse_id": "NO", "quantity": 1"#, 404, "WAREHOUSE_NOT_FOUND"),
                ("SKU-001", #""warehouse_id": "NO", "title": "T""#, 404, "WAREHOUSE_NOT_FOUND"),
                ("NO", set, 404, "INVENTORY_NOT_FOUND"), ("NO", #""title": "T""#, 404, "INVENTORY_NOT_FOUND"),
                ("GONE", set, 409, "ITEM_ARCHIVED"), ("GONE", #""title": "T""#, 409, "ITEM_ARCHIVED"),
                ("SKU-001", #""warehouse_id": "\#(closed)", "quantity": 1"#, 409, "WAREHOUSE_ARCHIVED"),
                ("SKU-001", #"\#(set), "expected_quantity": 4"#, 409, "STALE_QUANTITY"),
                ("SKU-001", #""warehouse_id": "\#(fba)", "safety_stock": 1"#, 422, "VALIDATION_ERROR"),
            ]
            for (sku, members, status, code) in cases {
                try await realm.sellerRefused(status, code) {
                    try await $0.put("/api/inventory/\(sku)", "{\(members)}", key: nil)
                }
            }
            let stale = try await realm.client.put(
                Self.path, #"{"warehouse_id": "\#(own)", "quantity": 1, "expected_quantity": 4}"#, key: nil)
            #expect(stale.json["error"]["details"]["on_hand"].int == 10)
            try await realm.sellerRefused(404, "INVENTORY_NOT_FOUND") {
                try await $0.get("/api/inventory/GONE")
            }
            try await realm.sellerRefused(415, "UNSUPPORTED_MEDIA_TYPE") {
                try await $0.send(
                    "PUT", Self.path, body: Array("x".utf8), headers: [("Content-Type", "text/plain")])
            }
            try await realm.sellerRefused(405, "METHOD_NOT_ALLOWED") {
                try await $0.get("/api/inventory/bulk")
            }
            try await realm.sellerRefused(404, "ROUTE_NOT_FOUND") {
                try await $0.get("/api/inventory/a/b/c/d")
            }
            try await realm.sellerRefused(400, "VALIDATION_ERROR") {
                try await $0.get("\(Self.path)?x=1")
            }
        }

        @Test(
            "a body that is not what PUT takes is refused, and each place is named",
            arguments: [
                (#""quantity": 1"#, 422, "/warehouse_id required"),
                (#""safety_stock": 1"#, 422, "/warehouse_id required"),
                ("", 422, "/quantity required"), (#""warehouse_id": "A""#, 422, "/quantity required"),
                (
                    #""warehouse_id": "A", "title": "T", "expected_quantity": 1"#, 422,
                    "/expected_quantity invalid_value"
                ),
                (#""warehouse_id": "A", "quantity": 1000000000001"#, 400, "/quantity out_of_range"),
                (#""warehouse_id": "A", "quantity": -1000000000001"#, 400, "/quantity out_of_range"),
                (#""warehouse_id": "A", "quantity": 1.5"#, 400, "/quantity not_an_integer"),
                (#""warehouse_id": "A", "quantity": "1""#, 422, "/quantity wrong_type"),
                (#""warehouse_id": "A", "safety_stock": -1"#, 400, "/safety_stock out_of_range"),
                (#""title": """#, 422, "/title too_short"),
                (#""reorder_point": -1"#, 400, "/reorder_point out_of_range"),
                (#""warehouse_id": "A", "quantity": 1, "reason": """#, 422, "/reason too_short"),
                (#""warehouse_id": "A", "quantity": 1, "colour": "red""#, 422, "/colour unknown_member"),
                (#""quantity": 1, "quantity": 2"#, 400, "/quantity duplicate_member"),
            ])
        func forms(members: String, status: Int, fault: String) async throws {
            let realm = try await ContractRealm()
            try await realm.sellerRefused(status, "VALIDATION_ERROR", [fault]) {
                try await $0.put(Self.path, "{\(members)}", key: nil)
            }
        }

        @Test("an idempotency key is optional, and fully honoured when it is sent")
        func idempotency() async throws {
            let (realm, own, _) = try await realm()
            let five = #"{"warehouse_id": "\#(own)", "quantity": 5}"#
            let first = try await realm.client.put(Self.path, five, key: "k")
            try await realm.put("SKU-001", #""warehouse_id": "\#(own)", "quantity": 9"#)
            let head = try await realm.head().text
            let again = try await realm.client.put(
                Self.path, #"{"quantity":5, "warehouse_id":"\#(own)"}"#, key: "\"k\"")
            #expect(again.isReplay)
            #expect(again.body == first.body)
            try await realm.sellerRefused(409, "IDEMPOTENCY_KEY_REUSED") {
                try await $0.put(Self.path, #"{"warehouse_id": "\#(own)", "quantity": 6}"#, key: "k")
            }
            let stale =
                #"{"title": "T", "warehouse_id": "\#(own)", "quantity": 1, "expected_quantity": 4}"#
            let refused = try await realm.client.put(Self.path, stale, key: "r")
            #expect(refused.status == 409)
            try await realm.put("SKU-001", #""warehouse_id": "\#(own)", "quantity": 4"#)
            let replayed = try await realm.client.put(Self.path, stale, key: "r")
            #expect(replayed.isReplay)
            #expect(replayed.body == refused.body)
            #expect(try await realm.head().text != head)
            // What the ledger was not asked about leaves the key free.
            #expect(try await realm.client.put(Self.path, "{}", key: "f").status == 422)
            #expect(try await realm.client.put(Self.path, five, key: "f").status == 200)
            try await realm.sellerRefused(400, "VALIDATION_ERROR") {
                try await $0.put(Self.path, five, key: String(repeating: "k", count: 256))
            }
        }

        @Test("scopes and realms: a reader can't write, and another realm's warehouse does not exist")
        func access() async throws {
            let (realm, own, _) = try await realm()
            let body = #"{"warehouse_id": "\#(own)", "quantity": 5}"#
            let reader = try await realm.key(scopes: [.inventoryRead])
            #expect(
                try await reader.client.put(Self.path, body, key: nil).sellerCode == "INSUFFICIENT_SCOPE")
            let writer = try await realm.key(scopes: [.inventoryWrite])
            #expect(try await writer.client.get(Self.path).sellerCode == "INSUFFICIENT_SCOPE")
            #expect(try await writer.client.put(Self.path, body, key: nil).status == 200)
            let nobody = ContractClient(url: realm.client.url, secret: nil)
            #expect(try await nobody.get(Self.path).sellerCode == "UNAUTHORIZED")
            let (other, _, _) = try await self.realm()
            let foreign = try await other.sellerRefused(404, "WAREHOUSE_NOT_FOUND") {
                try await $0.put(Self.path, body, key: nil)
            }
            let never = try await other.client.put(
                Self.path, #"{"warehouse_id": "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "quantity": 5}"#, key: nil)
            #expect(never.shape == foreign.shape)
            #expect(
                try await other.client.get("\(Self.path)/adjustments?warehouse_id=\(own)").status == 404)
        }

        @Test("writers that race never lose an update that compares first")
        func compareAndSet() async throws {
            let (realm, own, _) = try await realm()
            try await realm.put("SKU-001", #""warehouse_id": "\#(own)", "quantity": 0"#)
            let won = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var won = 0
                        while won < 5 {
                            let seen = try await realm.client.get(Self.path).json["total_on_hand"].int ?? 0
                            let answer = try await realm.client.put(
                                Self.path,
                                #"{"warehouse_id": "\#(own)", "quantity": \#(seen + 1), "expected_quantity": \#(seen)}"#,
                                key: nil)
                            if answer.status == 200 {
                                won += 1
                                #expect(answer.json["total_on_hand"].int == seen + 1)
                            }
                        }
                        return won
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(won == 20)
            #expect(try await realm.client.get(Self.path).json["total_on_hand"].int == 20)
        }
    }
}
