import LedgerStorage
import Testing
import WireSchema

extension ContractTests {
    /// Contracts, *Seller*: what marketplaces say about the stock that they keep.
    @Suite struct SellerSnapshotTests {
        private static let path = "/api/inventory/warehouses/FBA-EU/snapshot"

        private func realm() async throws -> ContractRealm {
            let realm = try await ContractRealm()
            try await realm.warehouse("Warehouse A")
            try await realm.warehouse("FBA EU", #""type": "FBA", "marketplace": "amazon_eu""#)
            for number in 1...3 { try await realm.item("SKU-\(number)") }
            return realm
        }

        private static func line(_ sku: String, _ quantity: Int) -> String {
            #"{"sku": "\#(sku)", "quantity": \#(quantity)}"#
        }

        private static func body(_ time: String, _ lines: [String]) -> String {
            #"{"observed_at": "\#(time)", "items": [\#(lines.joined(separator: ", "))]}"#
        }

        @Test("differences are booked, the same again changes nothing, an older one is ignored")
        func snapshots() async throws {
            let realm = try await realm()
            let lines = [Self.line("SKU-1", 137), Self.line("SKU-2", 4)].joined(separator: ", ")
            let before = try await realm.seq()
            let first = try await realm.snapshot("FBA-EU", "2026-03-12T14:00:00Z", lines)
            #expect(
                first.shape
                    == #"{"data":{"warehouse_id":"wh_*","observed_at":"<ms>","status":"applied","updated":2,"unchanged":0,"failed":0,"last_observed_at":"<ms>"},"errors":[]}"#
            )
            #expect(
                try await realm.eventTypes(after: before) == [
                    "location.updated", "movement.recorded", "movement.recorded",
                ])
            let adjustment = try await realm.client.get("/api/inventory/SKU-1/adjustments").json["data"][
                0]
            #expect(adjustment["reason"].string == "marketplace_sync")
            #expect(adjustment["delta"].int == 137)
            let head = try await realm.head().text
            let again = try await realm.snapshot("FBA-EU", "2026-03-12T14:00:00Z", lines)
            #expect(again.json["data"]["status"].string == "unchanged")
            #expect(again.json["data"]["unchanged"].int == 2)
            let older = try await realm.snapshot(
                "FBA-EU", "2026-03-12T13:59:59.999Z", Self.line("SKU-1", 1))
            #expect(older.json["data"]["status"].string == "ignored")
            #expect(older.json["data"]["last_observed_at"].string == "2026-03-12T14:00:00.000Z")
            #expect(older.json["data"]["observed_at"].string == "2026-03-12T13:59:59.999Z")
            #expect(older.json["data"]["message"].string?.contains("2026-03-12T14:00:00.000Z") ?? false)
            #expect(try await realm.head().text == head)
            let later = try await realm.snapshot(
                "FBA-EU", "2026-03-12T15:00:00Z",
                [Self.line("SKU-1", 130), Self.line("SKU-3", 1)].joined(separator: ","))
            #expect(later.json["data"]["updated"].int == 2)
            let stock = try await realm.client.get("/api/inventory?warehouse_id=FBA-EU").json["data"]
                .elements
            #expect(stock.map { $0["total_on_hand"].int } == [130, 4, 1])
        }

        @Test("a bad line fails alone")
        func badLines() async throws {
            let realm = try await realm()
            let answer = try await realm.snapshot(
                "FBA-EU", "2026-03-12T14:00:00Z",
                [
                    Self.line("SKU-1", 5), Self.line("NO", 5), Self.line("SKU-2", -1), #"{"sku": "SKU-3"}"#,
                    Self.line("SKU-3", 6),
                ].joined(separator: ", "))
            #expect(answer.json["data"]["updated"].int == 2)
            #expect(answer.json["data"]["failed"].int == 3)
            let errors = answer.json["errors"].elements
            #expect(errors.map { $0["index"].int } == [1, 2, 3])
            #expect(errors.map { $0["sku"].string } == ["NO", "SKU-2", nil])
            #expect(
                errors.map { $0["error"]["code"].string } == [
                    "INVENTORY_NOT_FOUND", "NEGATIVE_QUANTITY", "VALIDATION_ERROR",
                ])
            let nothing = try await realm.snapshot("FBA-EU", "2026-03-12T15:00:00Z", Self.line("NO", 5))
            #expect(nothing.json["data"]["status"].string == "unchanged")
        }

        @Test("only a marketplace's warehouse takes one, only with its scope, and only from the past")
        func refusals() async throws {
            let realm = try await realm()
            let good = Self.body("2026-03-12T14:00:00Z", [Self.line("SKU-1", 5)])
            try await realm.sellerRefused(409, "NOT_A_MARKETPLACE_WAREHOUSE") {
                try await $0.post("/api/inventory/warehouses/WAREHOUSE-A/snapshot", good, key: nil)
            }
            try await realm.sellerRefused(404, "WAREHOUSE_NOT_FOUND") {
                try await $0.post("/api/inventory/warehouses/NO/snapshot", good, key: nil)
            }
            let now = Timestamp.parse(try await realm.head()["recorded_at"].string ?? "") ?? 0
            let future = Timestamp.text(now + 6 * 60_000)
            let soon = Timestamp.text(now + 4 * 60_000)
            let cases: [(String, Int, [String])] = [
                (Self.body(future, [Self.line("SKU-1", 5)]), 422, ["/observed_at invalid_value"]),
                (Self.body("yesterday", [Self.line("SKU-1", 5)]), 422, ["/observed_at invalid_value"]),
                (#"{"items": [\#(Self.line("SKU-1", 5))]}"#, 422, ["/observed_at required"]),
                (Self.body("2026-03-12T14:00:00Z", []), 422, ["/items too_few_items"]),
                (
                    Self.body("2026-03-12T14:00:00Z", Array(repeating: Self.line("SKU-1", 5), count: 1_001)),
                    422, ["/items too_many_items"]
                ),
            ]
            for (body, status, faults) in cases {
                try await realm.sellerRefused(status, "VALIDATION_ERROR", faults) {
                    try await $0.post(Self.path, body, key: nil)
                }
            }
            let writer = try await realm.key(scopes: [.inventoryRead, .inventoryWrite])
            #expect(
                try await writer.client.post(Self.path, good, key: nil).sellerCode == "INSUFFICIENT_SCOPE")
            let marketplace = try await realm.key(scopes: [.marketplaceSync])
            #expect(
                try await marketplace.client.post(
                    Self.path, Self.body(soon, [Self.line("SKU-1", 5)]), key: nil
                ).status == 200)
            try await realm.snapshot("FBA-EU", Timestamp.text(now + 270_000), Self.line("SKU-1", 0))
            #expect(
                try await realm.client.put("/api/inventory/warehouses/FBA-EU", #"{"is_active": false}"#)
                    .status == 200)
            try await realm.sellerRefused(409, "WAREHOUSE_ARCHIVED") {
                try await $0.post(Self.path, good, key: nil)
            }
        }

        @Test("with a key it is replayed byte for byte")
        func idempotency() async throws {
            let realm = try await realm()
            let body = Self.body("2026-03-12T14:00:00Z", [Self.line("SKU-1", 5), Self.line("NO", 5)])
            let first = try await realm.client.post(Self.path, body, key: "k")
            try await realm.snapshot("FBA-EU", "2026-03-12T15:00:00Z", Self.line("SKU-1", 6))
            let head = try await realm.head().text
            let again = try await realm.client.post(Self.path, body, key: "k")
            #expect(again.isReplay)
            #expect(again.body == first.body)
            #expect(try await realm.head().text == head)
            try await realm.sellerRefused(409, "IDEMPOTENCY_KEY_REUSED") {
                try await $0.post(
                    Self.path, Self.body("2026-03-12T14:00:00Z", [Self.line("SKU-1", 7)]), key: "k")
            }
        }
    }
}
