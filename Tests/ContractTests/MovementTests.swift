import Testing
import WireSchema

extension ContractTests {
    /// Contracts, *SK Inventory*: movements and what they cost, to the micro-unit.
    @Suite struct MovementTests {
        private static let path = "/inventory/v1/movements"

        private func realm(_ item: String = "") async throws -> ContractRealm {
            let realm = try await ContractRealm()
            try await realm.location("A", #""allow_negative": true"#)
            try await realm.location("B")
            try await realm.item("X", item)
            return realm
        }

        /// `on hand / WAC / value` of X, in total or at a location.
        private func pool(_ realm: ContractRealm, at code: String? = nil, _ query: String = "") async throws -> String {
            let stock = try await realm.client.get("/inventory/v1/items/X/stock\(query)").json
            let pool =
                code.map { code in
                    stock["locations"].elements.first { $0["code"].string == code } ?? stock["locations"][99]
                } ?? stock
            return "\(pool["on_hand"].text) / \(pool["wac"].string ?? "") / \(pool["value"].string ?? "")"
        }

        @Test("example 1 of the costing rules: average and depletion")
        func averageAndDepletion() async throws {
            let realm = try await realm()
            let steps = [
                (#""qty": 3, "type": "receipt", "unit_cost": "1.00""#, "3.000000", "3 / 1.000000 / 3.000000"),
                (#""qty": 4, "type": "receipt", "unit_cost": 1.10"#, "4.400000", "7 / 1.057143 / 7.400000"),
                (#""qty": -2, "type": "sale""#, "-2.114286", "5 / 1.057143 / 5.285714"),
                (#""qty": -5, "type": "sale""#, "-5.285714", "0 / 1.057143 / 0.000000"),
                (#""qty": 10, "type": "receipt", "unit_cost": "0.95""#, "9.500000", "10 / 0.950000 / 9.500000"),
            ]
            for (members, value, expected) in steps {
                let movement = try await realm.movement(#""item_id": "X", \#(members)"#)
                #expect(movement.json["value"].string == value)
                #expect(try await pool(realm, at: "A") == expected)
            }
        }

        @Test("example 2: negative stock settles at receipt cost, with its variance")
        func negativeStock() async throws {
            let realm = try await realm(#""allow_negative": true"#)
            let steps: [(String, String, String?, String)] = [
                (#""qty": 4, "type": "receipt", "unit_cost": "5""#, "20.000000", nil, "4 / 5.000000 / 20.000000"),
                (#""qty": -9, "type": "sale""#, "-45.000000", nil, "-5 / 5.000000 / -25.000000"),
                (
                    #""qty": 2, "type": "receipt", "unit_cost": "6""#, "10.000000", "2.000000",
                    "-3 / 5.000000 / -15.000000"
                ),
                (
                    #""qty": 10, "type": "receipt", "unit_cost": "5.50""#, "53.500000", "1.500000",
                    "7 / 5.500000 / 38.500000"
                ),
            ]
            for (members, value, variance, expected) in steps {
                let movement = try await realm.movement(#""item_id": "X", \#(members)"#).json
                #expect(movement["value"].string == value)
                #expect(movement["variance"].string == variance)
                #expect(try await pool(realm, at: "A") == expected)
            }
        }

        @Test("example 3: returns of both directions, and adjustments")
        func returns() async throws {
            let realm = try await realm()
            let receive = { (quantity: Int, cost: String) in
                try await realm.movement(
                    #""item_id": "X", "qty": \#(quantity), "type": "receipt", "unit_cost": "\#(cost)""#
                ).id
            }
            _ = try await receive(8, "3")
            _ = try await receive(8, "4")
            #expect(try await pool(realm) == "16 / 3.500000 / 56.000000")
            try await realm.movement(#""item_id": "X", "qty": -6, "type": "sale""#)
            let third = try await receive(10, "5")
            #expect(try await pool(realm) == "20 / 4.250000 / 85.000000")
            let steps = [
                (#""qty": 2, "type": "return", "reason": "customer""#, "8.500000", "22 / 4.250000 / 93.500000"),
                (#""qty": -5, "type": "return", "receipt_id": "\#(third)""#, "-25.000000", "17 / 4.029412 / 68.500000"),
                (#""qty": 3, "type": "adjustment""#, "12.088235", "20 / 4.029412 / 80.588235"),
                (#""qty": -4, "type": "adjustment""#, "-16.117647", "16 / 4.029412 / 64.470588"),
            ]
            for (members, value, expected) in steps {
                let movement = try await realm.movement(#""item_id": "X", \#(members)"#)
                #expect(movement.json["value"].string == value)
                #expect(try await pool(realm) == expected)
            }
        }

        @Test("example 5: a transfer carries its value and leaves the item's total unchanged")
        func transfer() async throws {
            let realm = try await realm()
            try await realm.movement(
                #""item_id": "X", "location_id": "A", "qty": 30, "type": "receipt", "unit_cost": "2""#)
            try await realm.movement(
                #""item_id": "X", "location_id": "B", "qty": 10, "type": "receipt", "unit_cost": "3.5""#)
            #expect(try await pool(realm) == "40 / 2.375000 / 95.000000")
            let moved = try await realm.movement(
                #""item_id": "X", "location_id": "A", "to_location_id": "B", "qty": 12, "type": "transfer""#)
            #expect(
                moved.shape
                    == #"{"id":"mov_*","item_id":"itm_*","location_id":"wh_*","lot_id":null,"qty":12,"type":"transfer","reason":"transfer","reference":null,"note":null,"unit_cost":"2.000000","on_hand":18,"occurred_at":"<ms>","recorded_at":"<ms>","seq":6,"sku":"X","value":"-24.000000","to_location_id":"wh_*","to_on_hand":22}"#
            )
            #expect(try await pool(realm, at: "A") == "18 / 2.000000 / 36.000000")
            #expect(try await pool(realm, at: "B") == "22 / 2.681818 / 59.000000")
            #expect(try await pool(realm) == "40 / 2.375000 / 95.000000")
            let sold = try await realm.movement(#""item_id": "X", "location_id": "B", "qty": -20, "type": "sale""#)
            #expect(sold.json["value"].string == "-53.636364")
            #expect(try await pool(realm, at: "B") == "2 / 2.681818 / 5.363636")
            #expect(try await pool(realm) == "20 / 2.068182 / 41.363636")
        }

        @Test("a line total is authoritative, and quantities are base units of the item's scale")
        func scaleAndLineTotal() async throws {
            let realm = try await realm(#""scale": 3"#)
            try await realm.movement(#""item_id": "X", "qty": 2500, "type": "receipt", "unit_cost": "8""#)
            #expect(try await pool(realm) == "2500 / 8.000000 / 20.000000")
            let other = try await self.realm()
            let line = try await other.movement(
                #""item_id": "X", "qty": 12, "type": "receipt", "line_total": "17.00", "unit_cost": "9""#)
            #expect(line.json["value"].string == "17.000000")
            #expect(try await pool(other) == "12 / 1.416667 / 17.000000")
        }

        @Test("stock is answered in one call, in the shape that the contract shows, now and in the past")
        func stock() async throws {
            let realm = try await realm()
            let still = try await realm.client.get("/inventory/v1/items/X/stock")
            #expect(
                still.shape
                    == #"{"item_id":"itm_*","sku":"X","on_hand":0,"reserved":0,"available":0,"wac":"0.000000","value":"0.000000","as_of":"<ms>","locations":[],"lots":[]}"#
            )
            let first = try await realm.movement(#""item_id": "X", "qty": 3, "type": "receipt", "unit_cost": "1""#)
            try await Task.sleep(for: .milliseconds(5))
            try await realm.movement(#""item_id": "X", "qty": 4, "type": "receipt", "unit_cost": "1.10""#)
            let now = try await realm.client.get("/inventory/v1/items/X/stock")
            #expect(
                now.shape
                    == #"{"item_id":"itm_*","sku":"X","on_hand":7,"reserved":0,"available":7,"wac":"1.057143","value":"7.400000","as_of":"<ms>","locations":[{"location_id":"wh_*","code":"A","on_hand":7,"reserved":0,"available":7,"wac":"1.057143","value":"7.400000"}],"lots":[]}"#
            )
            let recorded = try #require(first.json["recorded_at"].string)
            for query in ["?at=\(first.id)", "?as_of=\(recorded)"] {
                let past = try await realm.client.get("/inventory/v1/items/X/stock\(query)")
                #expect(past.json["as_of"].string == recorded)
                #expect(try await pool(realm, query) == "3 / 1.000000 / 3.000000")
            }
        }

        @Test("occurred_at may lie in the past: it is kept, and order and cost follow the recording")
        func occurredAt() async throws {
            let realm = try await realm()
            try await realm.movement(#""item_id": "X", "qty": 10, "type": "receipt", "unit_cost": "1""#)
            let late = try await realm.movement(
                #""item_id": "X", "qty": 10, "type": "receipt", "unit_cost": "3", "occurred_at": "2020-02-29T23:59:59.5+01:00""#
            )
            #expect(late.json["occurred_at"].string == "2020-02-29T22:59:59.500Z")
            #expect(late.json["recorded_at"].string ?? "" > "2024")
            #expect(late.json["seq"].int == 5)
            #expect(try await pool(realm) == "20 / 2.000000 / 40.000000")
            #expect(try await pool(realm, "?as_of=2020-03-01T00:00:00Z") == "0 / 0.000000 / 0.000000")
            let newest = try await realm.client.get("\(Self.path)?limit=1").json["data"][0]
            #expect(newest["id"].string == late.id)
            let event = try #require(try await realm.events().last)
            #expect(event["data"]["occurred_at"].string == "2020-02-29T22:59:59.500Z")
        }

        @Test("a movement is read back as the bytes of its answer, alone and in the list")
        func read() async throws {
            let realm = try await realm()
            let answer = try await realm.movement(
                #""item_id": "X", "qty": 10, "type": "receipt", "unit_cost": "1", "reason": "purchase", "reference": "PO-1", "note": "two\nlines""#
            )
            #expect(try await realm.client.get("\(Self.path)/\(answer.id)").body == answer.body)
            #expect(try await realm.client.get(Self.path).json["data"][0].text == answer.text)
            try await realm.refused(404, "movement_not_found") {
                try await $0.get("\(Self.path)/mov_01J9X3YB2KQ8M4T6V7W8X9Y0ZA")
            }
            try await realm.refused(404, "movement_not_found") { try await $0.get("\(Self.path)/x") }
            let item = try #require(
                try await realm.events().first { $0["type"].string == "item.created" }?["id"].string)
            try await realm.refused(404, "movement_not_found") {
                try await $0.get("\(Self.path)/\(item.replacing("evt_", with: "mov_"))")
            }
        }

        static let refusals: [(String, Int, String)] = [
            (#""qty": -1, "type": "receipt""#, 422, "quantity_sign"),
            (#""qty": 1, "type": "sale""#, 422, "quantity_sign"),
            (#""qty": 1, "type": "pick""#, 422, "quantity_sign"),
            (#""qty": 0, "type": "return""#, 422, "quantity_zero"),
            (#""qty": 0, "type": "adjustment""#, 422, "quantity_zero"),
            (#""qty": -1, "type": "transfer", "to_location_id": "B""#, 422, "quantity_sign"),
            (#""qty": 1, "type": "transfer""#, 422, "target_required"),
            (#""qty": 1, "type": "transfer", "to_location_id": "A""#, 422, "same_location"),
            (#""qty": 1, "type": "receipt", "to_location_id": "B""#, 422, "target_not_allowed"),
            (#""qty": -1, "type": "sale", "unit_cost": "1""#, 422, "unit_cost_not_allowed"),
            (#""qty": 1, "type": "adjustment", "line_total": "1""#, 422, "line_total_not_allowed"),
            (
                #""qty": 1, "type": "receipt", "receipt_id": "mov_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#, 422,
                "receipt_not_allowed"
            ),
            (#""qty": -1, "type": "return", "receipt_id": "mov_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#, 404, "receipt_not_found"),
            (#""qty": -1, "type": "sale""#, 422, "insufficient_stock"),
            (#""qty": 1, "type": "transfer", "to_location_id": "B""#, 422, "insufficient_stock"),
            (#""qty": 1, "type": "receipt", "location_id": "NO""#, 404, "location_not_found"),
            (#""qty": 1, "type": "transfer", "to_location_id": "NO""#, 404, "location_not_found"),
            (#""qty": 1000000000000, "type": "receipt", "unit_cost": "1000000000000""#, 422, "stock_out_of_range"),
            (#""qty": 1, "type": "gift""#, 422, "validation_failed"), (#""qty": 1"#, 422, "validation_failed"),
        ]

        @Test("what the ledger refuses has a code of its own", arguments: refusals)
        func refused(members: String, status: Int, code: String) async throws {
            let realm = try await realm()
            try await realm.refused(status, code) { try await $0.post(Self.path, #"{"item_id": "X", \#(members)}"#) }
        }

        @Test("a supplier return can't refer to a movement that is no receipt of the item")
        func receiptMismatch() async throws {
            let realm = try await realm()
            try await realm.item("Y")
            let other = try await realm.movement(#""item_id": "Y", "qty": 5, "type": "receipt""#).id
            let adjusted = try await realm.movement(#""item_id": "X", "qty": 5, "type": "adjustment""#).id
            for id in [other, adjusted] {
                try await realm.refused(422, "receipt_mismatch") {
                    try await $0.post(
                        Self.path, #"{"item_id": "X", "qty": -1, "type": "return", "receipt_id": "\#(id)"}"#)
                }
            }
        }
    }
}
