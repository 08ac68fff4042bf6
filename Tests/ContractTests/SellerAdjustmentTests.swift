import LedgerStorage
import Testing
import WireSchema

extension ContractTests {
    /// Contracts, *Seller*: what has changed the stock of a SKU, whichever API wrote it.
    @Suite struct SellerAdjustmentTests {
        private static let path = "/api/inventory/SKU-001/adjustments"

        @Test("the page's adjustment is shown as the page shows it, with the key's name")
        func published() async throws {
            let realm = try await ContractRealm()
            let own = try await realm.warehouse("Warehouse A")
            try await realm.item("SKU-001")
            #expect(
                try await realm.client.get(Self.path).text
                    == #"{"data":[],"meta":{"limit":50,"nextCursor":null}}"#)
            try await realm.put("SKU-001", #""warehouse_id": "\#(own)", "quantity": 450"#)
            try await realm.put(
                "SKU-001",
                #""warehouse_id": "\#(own)", "quantity": 500, "reason": "supplier_receipt", "note": "PO-2026-0312 received""#
            )
            let answer = try await realm.client.get("\(Self.path)?limit=50&reason=supplier_receipt")
            #expect(
                answer.shape
                    == #"{"data":[{"id":"adj_*","sku":"SKU-001","warehouse_id":"wh_*","before_quantity":450,"after_quantity":500,"delta":50,"reason":"supplier_receipt","note":"PO-2026-0312 received","created_by":"contract","created_at":"<ms>","type":"adjustment","reference":null}],"meta":{"limit":50,"nextCursor":null}}"#
            )
            #expect(answer.json["data"][0]["warehouse_id"].string == own)
        }

        @Test("movements of every API and kind are there, newest first; filters combine")
        func everyKind() async throws {
            let realm = try await ContractRealm()
            let a = try await realm.warehouse("A")
            let b = try await realm.warehouse("B")
            try await realm.item("SKU-001")
            try await realm.item("OTHER")
            try await realm.movement(
                #""item_id": "SKU-001", "location_id": "A", "qty": 10, "type": "receipt", "reference": "PO""#
            )
            try await realm.entry(
                #""sku": "SKU-001", "warehouse": "A", "delta": -2, "reason": "order_shipped""#)
            try await realm.movement(
                #""item_id": "SKU-001", "location_id": "A", "to_location_id": "B", "qty": 3, "type": "transfer", "reason": "move""#
            )
            try await realm.put("SKU-001", #""warehouse_id": "B", "quantity": 7, "reference": "count-1""#)
            try await realm.movement(
                #""item_id": "OTHER", "location_id": "A", "qty": 10, "type": "receipt""#)
            let rows = try await realm.client.get(Self.path).json["data"].elements
            #expect(rows.map { $0["type"].string } == ["adjustment", "transfer", "sale", "receipt"])
            #expect(rows.map { $0["delta"].int } == [4, -3, -2, 10])
            #expect(rows.map { $0["before_quantity"].int } == [3, 8, 10, 0])
            #expect(rows.map { $0["after_quantity"].int } == [7, 5, 8, 10])
            #expect(rows.map { $0["reference"].string } == ["count-1", nil, nil, "PO"])
            #expect(rows[1]["warehouse_id"].string == a && rows[1]["to_warehouse_id"].string == b)
            #expect(!rows[1]["from_warehouse_id"].exists)
            let arrived = try await realm.client.get("\(Self.path)?warehouse_id=B").json["data"].elements
            #expect(arrived.map { $0["delta"].int } == [4, 3])
            #expect(arrived[1]["warehouse_id"].string == b && arrived[1]["from_warehouse_id"].string == a)
            #expect(arrived[1]["before_quantity"].int == 0 && arrived[1]["after_quantity"].int == 3)
            let moved = try await realm.client.get("\(Self.path)?warehouse_id=\(a)&reason=move").json[
                "data"
            ].elements
            #expect(moved.map { $0["delta"].int } == [-3])
            #expect(
                try await realm.client.get("\(Self.path)?warehouse_id=B&reason=order_shipped").json["data"]
                    .elements.isEmpty)
            let ids = rows.compactMap { $0["id"].string?.dropFirst(4) }
            let movements = try await realm.client.get("/inventory/v1/movements?item_id=SKU-001").json[
                "data"
            ].elements
            #expect(movements.compactMap { $0["id"].string?.dropFirst(4) } == ids)
        }

        @Test("dates are whole days in UTC, times are exact, and both ends count")
        func dates() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("A")
            try await realm.item("SKU-001")
            for quantity in 1...3 {
                try await realm.put("SKU-001", #""warehouse_id": "A", "quantity": \#(quantity)"#)
                try await Task.sleep(for: .milliseconds(3))
            }
            let rows = try await realm.client.get(Self.path).json["data"].elements
            let times = rows.compactMap { $0["created_at"].string }
            try #require(times.count == 3)
            let day = times[1].prefix(10)
            let milliseconds = Timestamp.parse(times[1]) ?? 0
            let earlier = Timestamp.text(milliseconds - 86_400_000).prefix(10)
            let later = Timestamp.text(milliseconds + 2 * 86_400_000).prefix(10)
            func deltas(_ query: String) async throws -> Int {
                let answer = try await realm.client.get("\(Self.path)?\(query)")
                #expect(answer.status == 200, "\(answer.text)")
                return answer.json["data"].elements.count
            }
            #expect(try await deltas("start_date=\(times[1])") == 2)
            #expect(try await deltas("end_date=\(times[1])") == 2)
            #expect(try await deltas("start_date=\(times[1])&end_date=\(times[1])") == 1)
            #expect(try await deltas("start_date=\(earlier)&end_date=\(later)") == 3)
            #expect(try await deltas("end_date=\(earlier)") == 0)
            #expect(try await deltas("start_date=\(later)") == 0)
            // Midnight could pass between the writes.
            if times[0].prefix(10) == day, times[2].prefix(10) == day {
                #expect(try await deltas("start_date=\(day)&end_date=\(day)") == 3)
            }
            let second = Timestamp.text(milliseconds)
            #expect(try await deltas("start_date=\(second)&end_date=\(second)") >= 1)
            for (query, fault) in [
                ("start_date=2026-13-01", "start_date invalid_value"),
                ("end_date=today", "end_date invalid_value"),
                ("end_date=2026-02-30", "end_date invalid_value"), ("limit=0", "limit out_of_range"),
                ("limit=201", "limit out_of_range"), ("type=sale", "type unknown_parameter"),
            ] {
                try await realm.sellerRefused(400, "VALIDATION_ERROR", [fault]) {
                    try await $0.get("\(Self.path)?\(query)")
                }
            }
        }

        @Test("pages are walked by cursors that serve this list, item and filter alone")
        func pages() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("A")
            try await realm.warehouse("B")
            try await realm.item("SKU-001")
            try await realm.item("OTHER")
            for quantity in 1...7 {
                try await realm.put(
                    "SKU-001",
                    #""warehouse_id": "\#(quantity.isMultiple(of: 2) ? "A" : "B")", "quantity": \#(quantity)"#
                )
            }
            var seen: [Int64] = []
            var cursor: String?
            repeat {
                let more = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await realm.client.get("\(Self.path)?limit=3\(more)")
                #expect(page.json["meta"].names == ["limit", "nextCursor"])
                seen += page.json["data"].elements.compactMap { $0["after_quantity"].int }
                cursor = page.json["meta"]["nextCursor"].string
                // What is written meanwhile does not shift the pages.
                try await realm.put("SKU-001", #""warehouse_id": "A", "quantity": \#(100 + seen.count)"#)
            } while cursor != nil && seen.count < 20
            #expect(seen == [7, 6, 5, 4, 3, 2, 1])
            let first = try await realm.client.get("\(Self.path)?limit=1")
            let own = try #require(first.json["meta"]["nextCursor"].string)
            for path in [
                "\(Self.path)?warehouse_id=A&cursor=\(own)",
                "/api/inventory/OTHER/adjustments?cursor=\(own)",
                "/api/inventory?cursor=\(own)", "\(Self.path)?cursor=\(own.dropLast())x",
            ] {
                try await realm.sellerRefused(400, "VALIDATION_ERROR") { try await $0.get(path) }
            }
            try await realm.sellerRefused(404, "INVENTORY_NOT_FOUND") {
                try await $0.get("/api/inventory/NO/adjustments")
            }
            try await realm.sellerRefused(404, "WAREHOUSE_NOT_FOUND") {
                try await $0.get("\(Self.path)?warehouse_id=NO")
            }
            let writer = try await realm.key(scopes: [.inventoryWrite, .marketplaceSync])
            #expect(try await writer.client.get(Self.path).sellerCode == "INSUFFICIENT_SCOPE")
        }
    }
}
