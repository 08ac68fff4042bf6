import Testing

extension ContractTests {
    /// Contracts, *Seller*: the list of items with their stock.
    @Suite struct SellerListTests {
        private static let path = "/api/inventory"

        /// Items of every status at three warehouses, some without a record, one archived.
        private func mixed() async throws -> ContractRealm {
            let realm = try await ContractRealm()
            try await realm.warehouse("A")
            try await realm.warehouse("B")
            try await realm.warehouse("M", #""type": "FBS""#)
            for number in 0..<14 {
                let sku = "S-\(number)"
                try await realm.item(sku)
                guard number % 7 != 6 else { continue }
                let more = number.isMultiple(of: 3) ? #", "reorder_point": 12"# : ""
                try await realm.put(
                    sku,
                    #""warehouse_id": "A", "quantity": \#(number % 4 * 6), "safety_stock": \#(number % 5 * 2)\#(more)"#
                )
                if number.isMultiple(of: 2) {
                    try await realm.put(sku, #""warehouse_id": "B", "quantity": \#(number)"#)
                }
                if number > 10 {
                    try await realm.snapshot(
                        "M", "2026-03-12T14:00:00Z", #"{"sku": "\#(sku)", "quantity": 3}"#)
                }
            }
            try await realm.put("S-4", #""warehouse_id": "A", "quantity": 0"#)
            try await realm.put("S-4", #""warehouse_id": "B", "quantity": 0"#)
            _ = try await realm.client.post("/inventory/v1/items/S-4/archive", "{}")
            return realm
        }

        /// Walks the list to its end, in pages that are as full as they say.
        private func walk(_ realm: ContractRealm, _ query: String, limit: Int = 3) async throws -> (
            Int64, [AnswerJSON]
        ) {
            var rows: [AnswerJSON] = []
            var cursor: String?
            var total: Int64 = -1
            for _ in 0..<100 {
                let more = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await realm.client.get("\(Self.path)?limit=\(limit)\(more)\(query)")
                try #require(page.status == 200, "\(page.text)")
                #expect(page.json.names == ["data", "meta"])
                #expect(page.json["meta"].names == ["total", "limit", "nextCursor"])
                #expect(page.json["meta"]["limit"].int == Int64(limit))
                total = page.json["meta"]["total"].int ?? -1
                let data = page.json["data"].elements
                rows += data
                cursor = page.json["meta"]["nextCursor"].string
                if cursor == nil { return (total, rows) }
                #expect(data.count == limit)
            }
            Issue.record("the list has no end")
            return (total, rows)
        }

        @Test(
            "every filter, alone and combined, shows exactly the items that it takes, and counts them")
        func filters() async throws {
            let realm = try await mixed()
            let (total, all) = try await walk(realm, "")
            let skus = all.compactMap { $0["sku"].string }
            let expected = (0..<14).filter { $0 % 7 != 6 && $0 != 4 }.map { "S-\($0)" }
            #expect(skus == expected)
            #expect(total == Int64(expected.count))
            let warehouses = try await realm.client.get("\(Self.path)/warehouses").json["data"].elements
            var names: [String: String] = [:]
            for warehouse in warehouses {
                names[warehouse["code"].string ?? ""] = warehouse["id"].string ?? ""
            }
            var statuses: Set<String> = []
            for row in all {
                statuses.insert(row["status"].string ?? "")
                let record = try await realm.client.get("\(Self.path)/\(row["sku"].string ?? "")")
                #expect(record.text.hasPrefix(row.text.dropLast()), "\(record.text)")
            }
            #expect(statuses == ["normal", "low", "critical", "out_of_stock"])
            for status in [nil, "normal", "low", "critical", "out_of_stock"] {
                for code in [nil, "A", "B", "M"] {
                    for sku in [nil, "S-2", "S-6", "S-4", "S-12", "NO"] {
                        let chosen = all.filter { row in
                            let here = row["warehouses"].elements.contains {
                                $0["warehouse_id"].string == code.flatMap { names[$0] }
                            }
                            return (status == nil || row["status"].string == status) && (code == nil || here)
                                && (sku == nil || row["sku"].string == sku)
                        }
                        var query = status.map { "&status=\($0)" } ?? ""
                        query += code.map { "&warehouse_id=\($0)" } ?? ""
                        query += sku.map { "&sku=\($0)" } ?? ""
                        let (total, rows) = try await walk(realm, query, limit: 4)
                        #expect(rows.map { $0["sku"].string } == chosen.map { $0["sku"].string }, "\(query)")
                        #expect(total == Int64(chosen.count), "\(query)")
                        guard let code else { continue }
                        for (row, full) in zip(rows, chosen) {
                            #expect(row["warehouses"].elements.map { $0["warehouse_id"].string } == [names[code]])
                            #expect(row["total_on_hand"].int == full["total_on_hand"].int)
                            #expect(row["status"].string == full["status"].string)
                        }
                    }
                }
            }
            let byID = try await realm.client.get(
                "\(Self.path)?warehouse_id=\(names["B"] ?? "")&limit=200")
            #expect(
                byID.body == (try await realm.client.get("\(Self.path)?warehouse_id=B&limit=200")).body)
        }

        @Test("the page's request with its parameters, and the shape that it shows")
        func publishedList() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("Warehouse A")
            try await realm.warehouse("FBA EU", #""type": "FBA", "marketplace": "amazon_eu""#)
            try await realm.item("SKU-001")
            try await realm.item("SKU-002")
            try await realm.put(
                "SKU-001",
                #""warehouse_id": "WAREHOUSE-A", "quantity": 350, "safety_stock": 15, "title": "Blue Widget 500ml""#
            )
            try await realm.snapshot(
                "FBA-EU", "2026-03-12T14:00:00Z", #"{"sku": "SKU-001", "quantity": 137}"#)
            let answer = try await realm.client.get("\(Self.path)?limit=50&status=normal&sku=SKU-001")
            #expect(answer.contentType == "application/json")
            #expect(
                answer.shape
                    == #"{"data":[{"sku":"SKU-001","title":"Blue Widget 500ml","total_on_hand":487,"total_reserved":0,"total_available":472,"safety_stock":15,"status":"normal","warehouses":[{"warehouse_id":"wh_*","name":"Warehouse A","on_hand":350,"reserved":0,"available":335,"safety_stock":15},{"warehouse_id":"wh_*","name":"FBA EU","on_hand":137,"reserved":0,"available":137,"type":"FBA","safety_stock":0}],"reorder_point":null}],"meta":{"total":1,"limit":50,"nextCursor":null}}"#
            )
            // Without parameters: 50 a page.
            #expect(try await realm.client.get(Self.path).json["meta"]["limit"].int == 50)
        }

        @Test(
            "a walk shows every item that existed when it began exactly once, whatever happens meanwhile")
        func walkUnderChange() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("A")
            for number in 0..<6 {
                try await realm.item("S-\(number)")
                try await realm.put("S-\(number)", #""warehouse_id": "A", "quantity": 1"#)
            }
            var seen: [String] = []
            var cursor: String?
            var step = 0
            repeat {
                let more = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await realm.client.get("\(Self.path)?limit=2\(more)")
                seen += page.json["data"].elements.compactMap { $0["sku"].string }
                cursor = page.json["meta"]["nextCursor"].string
                step += 1
                if step < 4 {
                    try await realm.item("NEW-\(step)")
                    try await realm.put("NEW-\(step)", #""warehouse_id": "A", "quantity": 1"#)
                    try await realm.put("S-0", #""warehouse_id": "A", "quantity": \#(step + 1)"#)
                }
            } while cursor != nil && step < 20
            #expect(seen.filter { $0.hasPrefix("S-") } == (0..<6).map { "S-\($0)" })
            #expect(Set(seen).count == seen.count)
        }

        @Test("a cursor serves its realm and its filters alone, and a limit may change on the way")
        func cursors() async throws {
            let realm = try await mixed()
            let page = try await realm.client.get("\(Self.path)?limit=2&warehouse_id=A")
            let cursor = try #require(page.json["meta"]["nextCursor"].string)
            let next = try await realm.client.get("\(Self.path)?limit=5&warehouse_id=A&cursor=\(cursor)")
            #expect(next.status == 200)
            #expect(next.json["data"][0]["sku"].string == "S-2")
            let tampered = (cursor.first == "A" ? "B" : "A") + cursor.dropFirst()
            for query in [
                "cursor=\(cursor)", "warehouse_id=B&cursor=\(cursor)",
                "warehouse_id=A&status=low&cursor=\(cursor)",
                "warehouse_id=A&sku=S-1&cursor=\(cursor)", "warehouse_id=A&cursor=\(tampered)", "cursor=x",
                "warehouse_id=A&sku=NO&cursor=\(cursor)",
            ] {
                try await realm.sellerRefused(400, "VALIDATION_ERROR") {
                    try await $0.get("\(Self.path)?\(query)")
                }
            }
            let other = try await mixed()
            let foreign = try await other.client.get("\(Self.path)?warehouse_id=A&cursor=\(cursor)")
            #expect(foreign.sellerReason == "invalid_cursor")
            #expect(foreign.status == 400)
        }

        @Test(
            "bad parameters are named",
            arguments: [
                ("limit=0", "limit out_of_range"), ("limit=201", "limit out_of_range"),
                ("limit=x", "limit invalid_value"),
                ("status=LOW", "status invalid_value"), ("colour=red", "colour unknown_parameter"),
                ("limit=1&limit=2", "limit duplicate_parameter"), ("sku=", "sku invalid_value"),
            ])
        func badParameters(query: String, fault: String) async throws {
            let realm = try await ContractRealm()
            try await realm.sellerRefused(400, "VALIDATION_ERROR", [fault]) {
                try await $0.get("\(Self.path)?\(query)")
            }
        }

        @Test(
            "an unknown warehouse is 404, an unknown SKU gives an empty list, an archived warehouse none")
        func unknown() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("A")
            let closing = try await realm.warehouse("B")
            try await realm.item("X")
            try await realm.put("X", #""warehouse_id": "B", "quantity": 0"#)
            #expect(
                try await realm.client.get("\(Self.path)?warehouse_id=B").json["meta"]["total"].int == 1)
            try await realm.sellerRefused(404, "WAREHOUSE_NOT_FOUND") {
                try await $0.get("\(Self.path)?warehouse_id=NO")
            }
            let empty = #"{"data":[],"meta":{"total":0,"limit":50,"nextCursor":null}}"#
            #expect(try await realm.client.get("\(Self.path)?sku=NO").text == empty)
            let archived = try await realm.client.put(
                "\(Self.path)/warehouses/\(closing)", #"{"is_active": false}"#)
            #expect(archived.status == 200)
            #expect(try await realm.client.get("\(Self.path)?warehouse_id=B").text == empty)
            #expect(try await realm.client.get(Self.path).text == empty)
            try await realm.sellerRefused(404, "INVENTORY_NOT_FOUND") {
                try await $0.get("\(Self.path)/X")
            }
            let answer = try await realm.put("X", #""warehouse_id": "A", "quantity": 2"#)
            #expect(answer.json["warehouses"].elements.count == 1)
            #expect(try await realm.client.get("\(Self.path)/X").body == answer.body)
        }
    }
}
