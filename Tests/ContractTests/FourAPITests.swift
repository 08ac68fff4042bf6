import Testing

extension ContractTests {
    /// Contracts, *All four*: four APIs are views of one ledger.
    @Suite struct FourAPITests {
        /// What each API says of SKU-0042 at SEA-1, and what the last movement is called in each.
        private struct View: Equatable {
            var onHand: [Int64?]
            var movements: Set<String>
        }

        private func view(_ realm: ContractRealm) async throws -> View {
            let client = realm.client
            let balance = try await client.get("/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1").json
            let stock = try await client.get("/inventory/v1/items/SKU-0042/stock").json
            let seller = try await client.get("/api/inventory/SKU-0042").json
            let linkit = try await client.get("/api/v1/skus/code/SKU-0042_SEA-1").json
            let entries = try await client.get("/v1/inventory/ledger?limit=1").json
            let movements = try await client.get("/inventory/v1/movements?limit=1").json
            let adjustments = try await client.get("/api/inventory/SKU-0042/adjustments?limit=1").json
            let fired = try await realm.events().last { $0["type"].string == "movement.recorded" }
            let ids = [
                entries["data"][0]["id"].string, movements["data"][0]["id"].string,
                adjustments["data"][0]["id"].string, fired?["id"].string, fired?["data"]["movement_id"].string,
            ]
            return View(
                onHand: [
                    balance["balance"].int, stock["on_hand"].int, seller["total_on_hand"].int,
                    seller["warehouses"][0]["on_hand"].int, linkit["qty"].int, fired?["data"]["on_hand"].int,
                ],
                // The same ULID behind each prefix.
                movements: Set(ids.map { $0?.split(separator: "_").last.map(String.init) ?? "none" }))
        }

        private struct Step: Sendable {
            var name: String
            var write: @Sendable (ContractClient) async throws -> ContractAnswer
            var onHand: Int64
            var average: String
            var events: [String]
        }

        private static let steps = [
            Step(
                name: "SK Inventory receives 40 at 2.50",
                write: {
                    try await $0.post(
                        "/inventory/v1/movements",
                        #"{"item_id": "SKU-0042", "location_id": "SEA-1", "qty": 40, "type": "receipt", "unit_cost": "2.50"}"#
                    )
                }, onHand: 40, average: "2.500000", events: ["movement.recorded"]),
            Step(
                name: "Skutrail ships 10",
                write: {
                    try await $0.post(
                        "/v1/inventory/ledger",
                        #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": -10, "reason": "order_shipped"}"#)
                }, onHand: 30, average: "2.500000", events: ["movement.recorded"]),
            Step(
                name: "Seller counts 45",
                write: {
                    try await $0.send(
                        "PUT", "/api/inventory/SKU-0042",
                        body: Array(
                            #"{"warehouse_id": "SEA-1", "quantity": 45, "reason": "cycle_count"}"#.utf8), headers: [])
                }, onHand: 45, average: "2.500000", events: ["movement.recorded"]),
            Step(
                name: "Linkit sets 60, bought at 4.00",
                write: {
                    try await $0.send(
                        "PUT", "/api/v1/skus/code/SKU-0042_SEA-1",
                        body: Array(#"{"qty": 60, "price": 15.50, "cost": 4.00}"#.utf8), headers: [])
                }, onHand: 60, average: "2.875000", events: ["stock_settings.updated", "movement.recorded"]),
            Step(
                name: "Seller says the same in bulk",
                write: {
                    try await $0.post(
                        "/api/inventory/bulk",
                        #"{"updates": [{"sku": "SKU-0042", "warehouse_id": "SEA-1", "quantity": 60}]}"#, key: nil)
                }, onHand: 60, average: "2.875000", events: []),
            Step(
                name: "Skutrail picks the rest",
                write: {
                    try await $0.post(
                        "/v1/inventory/ledger",
                        #"{"sku": "SKU-0042", "warehouse": "SEA-1", "qty": 60, "reason": "pick"}"#)
                }, onHand: 0, average: "2.875000", events: ["movement.recorded", "stock.out"]),
        ]

        @Test("what is written through one API is seen at once through the other three, as one entry of one ledger")
        func walk() async throws {
            let realm = try await ContractRealm()
            let client = realm.client
            // The product and its branch come from Linkit; everybody else finds them.
            #expect(
                try await client.post(
                    "/api/v1/products", #"{"iv_id": "SKU-0042", "name": "Blue Widget 500ml"}"#, key: nil
                ).status == 201)
            #expect(
                try await client.post(
                    "/api/v1/branches", #"{"iv_id": "SEA-1", "name": "Seattle"}"#, key: nil
                ).status == 201)
            #expect(try await client.get("/inventory/v1/items/SKU-0042").json["name"].string == "Blue Widget 500ml")

            var seen: Set<String> = []
            for step in Self.steps {
                let before = try await realm.events().count
                let answer = try await step.write(client)
                #expect((200...201).contains(answer.status), "\(step.name): \(answer.text)")
                let view = try await view(realm)
                #expect(view.onHand == [Int64?](repeating: step.onHand, count: 6), "\(step.name)")
                #expect(view.movements.count == 1, "\(step.name): \(view.movements)")
                let stock = try await client.get("/inventory/v1/items/SKU-0042/stock").json
                #expect(stock["wac"].string == step.average, "\(step.name)")
                let fired = try await realm.events().dropFirst(before).map { $0["type"].string ?? "" }
                #expect(fired == step.events, "\(step.name)")
                let isNew = seen.isDisjoint(with: view.movements)
                #expect(isNew == step.events.contains("movement.recorded"), "\(step.name)")
                seen.formUnion(view.movements)
            }

            let rows = try await client.get("/api/inventory/SKU-0042/adjustments").json["data"].elements
            #expect(rows.map { $0["before_quantity"].int } == [60, 45, 30, 40, 0])
            #expect(rows.map { $0["after_quantity"].int } == [0, 60, 45, 30, 40])
            #expect(rows.allSatisfy { $0["created_by"].string == "contract" })
            let sku = try await client.get("/api/v1/skus/code/SKU-0042_SEA-1").json
            #expect(sku["price"].text == "15.50" && sku["cost"].text == "4.00")
            #expect(try await client.get("/api/inventory?status=out_of_stock").json["meta"]["total"].int == 1)
        }
    }
}
