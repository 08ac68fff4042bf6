import Testing

extension ContractTests {
    /// Contracts, *Skutrail*: `POST /v1/inventory/ledger`.
    @Suite struct SkutrailLedgerTests {
        private static let path = "/v1/inventory/ledger"

        private func realm(onHand: Int64 = 100) async throws -> ContractRealm {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: onHand)
            return realm
        }

        private static func body(_ members: String) -> String {
            #"{"sku": "SKU-0042", "warehouse": "SEA-1", \#(members)}"#
        }

        @Test("exactly one of delta and qty")
        func exactlyOne() async throws {
            let realm = try await realm()
            for members in [#""reason": "receipt""#, #""delta": 1, "qty": 1, "reason": "receipt""#] {
                let answer = try await realm.refused(422, "validation_failed") {
                    try await $0.post(Self.path, Self.body(members))
                }
                #expect(answer.faults.count == 1)
                #expect(answer.faults.first?.hasSuffix(" exactly_one") ?? false, "\(answer.faults)")
            }
        }

        /// What is sent; the balance afterwards where it is accepted, else the code.
        static let quantities: [(members: String, balance: Int64?, code: String)] = [
            (#""qty": 5, "reason": "receipt""#, 105, ""),
            (#""qty": -5, "reason": "receipt""#, nil, "quantity_sign"),
            (#""qty": 0, "reason": "receipt""#, nil, "quantity_zero"),
            (#""qty": 5, "reason": "pick""#, 95, ""),
            (#""qty": 100, "reason": "pick""#, 0, ""),
            (#""qty": 101, "reason": "pick""#, nil, "insufficient_stock"),
            (#""qty": -5, "reason": "pick""#, nil, "quantity_sign"),
            (#""qty": 0, "reason": "pick""#, nil, "quantity_zero"),
            (#""qty": 5, "reason": "adjustment""#, 105, ""),
            (#""qty": -5, "reason": "adjustment""#, 95, ""),
            (#""qty": 0, "reason": "adjustment""#, nil, "quantity_zero"),
            (#""qty": 5, "reason": "transfer", "to_warehouse": "PDX-1""#, 95, ""),
            (#""qty": -5, "reason": "transfer", "to_warehouse": "PDX-1""#, nil, "quantity_sign"),
            (#""qty": 0, "reason": "transfer", "to_warehouse": "PDX-1""#, nil, "quantity_zero"),
            (#""qty": 101, "reason": "transfer", "to_warehouse": "PDX-1""#, nil, "insufficient_stock"),
            (#""qty": 5, "reason": "transfer", "to_warehouse": "SEA-1""#, nil, "same_location"),
            (#""qty": 5, "reason": "transfer""#, nil, "validation_failed"),
            (#""qty": 5, "reason": "receipt", "to_warehouse": "PDX-1""#, nil, "validation_failed"),
            (#""delta": 5, "reason": "transfer", "to_warehouse": "PDX-1""#, nil, "validation_failed"),
            (#""qty": 5, "reason": "order_shipped""#, nil, "validation_failed"),
            (#""qty": 5"#, nil, "validation_failed"),
            (#""delta": 5"#, nil, "validation_failed"),
            (#""delta": 0, "reason": "found""#, nil, "quantity_zero"),
            (#""delta": 5, "reason": "anything at all""#, 105, ""),
            (#""delta": -5, "reason": "receipt""#, 95, ""),
            (#""delta": 5, "reason": "order_shipped""#, 105, ""),
            (#""delta": -101, "reason": "order_shipped""#, nil, "insufficient_stock"),
            (#""delta": 5, "reason": "receipt", "unit_cost": "2.50""#, 105, ""),
            (#""delta": -5, "reason": "sale", "unit_cost": "2.50""#, nil, "unit_cost_not_allowed"),
        ]

        @Test("a qty takes its direction from the reason, a delta from its sign", arguments: quantities)
        func direction(members: String, balance: Int64?, code: String) async throws {
            let realm = try await realm()
            if let balance {
                let answer = try await realm.entry(String(Self.body(members).dropFirst().dropLast()))
                #expect(answer.json["balance"].int == balance)
                let read = try await realm.client.get("/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1")
                #expect(read.json["balance"].int == balance)
            } else {
                try await realm.refused(422, code) { try await $0.post(Self.path, Self.body(members)) }
            }
        }

        @Test("a transfer moves from one warehouse to the other atomically and shows both balances")
        func transfer() async throws {
            let realm = try await realm()
            let answer = try await realm.client.post(
                Self.path,
                Self.body(#""qty": 30, "reason": "transfer", "to_warehouse": "PDX-1", "reference": "R", "note": "N""#))
            #expect(
                answer.shape
                    == #"{"id":"inv_*","sku":"SKU-0042","warehouse":"SEA-1","qty":30,"balance":70,"created_at":"<s>","to_warehouse":"PDX-1","to_balance":30,"reason":"transfer","reference":"R","note":"N"}"#
            )
            let balance = try await realm.client.get("/v1/inventory/balance?sku=SKU-0042")
            #expect(
                balance.shape
                    == #"{"sku":"SKU-0042","balance":100,"as_of":"<s>","warehouses":[{"warehouse":"SEA-1","balance":70},{"warehouse":"PDX-1","balance":30}]}"#
            )
            let listed = try await realm.client.get("/v1/inventory/ledger?warehouse=PDX-1").json["data"]
            #expect(listed.elements.count == 1)
            #expect(listed[0]["delta"].int == -30)
            #expect(listed[0]["to_balance"].int == 30)
        }

        @Test(
            "negative stock needs the flag of both the item and the location", arguments: [false, true], [false, true])
        func negativeStock(item: Bool, location: Bool) async throws {
            let realm = try await ContractRealm()
            try await realm.item("NEG", #""allow_negative": \#(item)"#)
            try await realm.location("NEG-1", #""allow_negative": \#(location)"#)
            let body = #"{"sku": "NEG", "warehouse": "NEG-1", "delta": -3, "reason": "order_shipped"}"#
            if item && location {
                let answer = try await realm.client.post(Self.path, body)
                #expect(answer.status == 200)
                #expect(answer.json["balance"].int == -3)
            } else {
                let answer = try await realm.refused(422, "insufficient_stock") { try await $0.post(Self.path, body) }
                #expect(answer.json["balance"].int == 0)
            }
        }

        @Test("insufficient_stock carries the balance")
        func insufficient() async throws {
            let realm = try await realm(onHand: 7)
            let answer = try await realm.refused(422, "insufficient_stock") {
                try await $0.post(Self.path, Self.body(#""delta": -8, "reason": "order_shipped""#))
            }
            #expect(
                answer.json.names == ["type", "title", "status", "detail", "instance", "code", "request_id", "balance"])
            #expect(answer.json["balance"].int == 7)
        }

        @Test("items and locations can be named by id as well, and answers show sku and code")
        func byID() async throws {
            let realm = try await ContractRealm()
            let item = try await realm.item("SKU-0042")
            let location = try await realm.location("SEA-1")
            let answer = try await realm.entry(
                #""sku": "\#(item)", "warehouse": "\#(location)", "delta": 4, "reason": "found""#)
            #expect(answer.json["sku"].string == "SKU-0042")
            #expect(answer.json["warehouse"].string == "SEA-1")
            let balance = try await realm.client.get("/v1/inventory/balance?sku=\(item)&warehouse=\(location)")
            #expect(balance.shape == #"{"sku":"SKU-0042","warehouse":"SEA-1","balance":4,"as_of":"<s>"}"#)
        }

        @Test("an unknown item or warehouse is an error and is never created")
        func unknown() async throws {
            let realm = try await realm()
            let cases = [
                (Self.body(#""delta": 1, "reason": "r""#).replacing("SKU-0042", with: "SKU-X"), "item_not_found"),
                (Self.body(#""delta": 1, "reason": "r""#).replacing("SEA-1", with: "XXX"), "location_not_found"),
                (Self.body(#""qty": 1, "reason": "transfer", "to_warehouse": "XXX""#), "location_not_found"),
            ]
            for (body, code) in cases { try await realm.refused(404, code) { try await $0.post(Self.path, body) } }
            #expect(try await realm.client.get("/inventory/v1/items").json["data"].elements.count == 1)
            #expect(try await realm.client.get("/inventory/v1/locations").json["data"].elements.count == 2)
        }

        @Test("the balance of an item that never moved is 0, in a warehouse and in total")
        func zeroBalance() async throws {
            let realm = try await realm()
            try await realm.item("STILL")
            let one = try await realm.client.get("/v1/inventory/balance?sku=STILL&warehouse=SEA-1")
            #expect(one.shape == #"{"sku":"STILL","warehouse":"SEA-1","balance":0,"as_of":"<s>"}"#)
            let all = try await realm.client.get("/v1/inventory/balance?sku=STILL")
            #expect(all.shape == #"{"sku":"STILL","balance":0,"as_of":"<s>","warehouses":[]}"#)
        }

        @Test("what the other API writes is seen here at once, and the other way round")
        func oneLedger() async throws {
            let realm = try await realm()
            try await realm.movement(#""item_id": "SKU-0042", "location_id": "SEA-1", "qty": 11, "type": "receipt""#)
            let balance = try await realm.client.get("/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1").json
            #expect(balance["balance"].int == 111)
            try await realm.entry(#""sku": "SKU-0042", "warehouse": "SEA-1", "delta": -1, "reason": "lost""#)
            let stock = try await realm.client.get("/inventory/v1/items/SKU-0042/stock").json
            #expect(stock["on_hand"].int == 110)
        }
    }
}
