import LedgerStorage
import SellerAPI
import Testing

extension ContractTests {
    /// Contracts, *Seller*: warehouses.
    @Suite struct SellerWarehouseTests {
        private static let path = "/api/inventory/warehouses"

        @Test("the page's list is answered as shown, with the code behind what is shown")
        func published() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("Warehouse A", #""address": "Industriestraße 1, 12345 Berlin, DE""#)
            try await realm.warehouse("FBA EU", #""type": "FBA", "marketplace": "amazon_eu""#)
            let answer = try await realm.client.get(Self.path)
            #expect(answer.contentType == "application/json")
            #expect(
                answer.shape
                    == #"{"data":[{"id":"wh_*","name":"Warehouse A","address":"Industriestraße 1, 12345 Berlin, DE","type":"own","is_active":true,"code":"WAREHOUSE-A"},{"id":"wh_*","name":"FBA EU","type":"FBA","marketplace":"amazon_eu","is_active":true,"is_readonly":true,"code":"FBA-EU"}]}"#
            )
            for index in 0..<2 {
                let one = answer.json["data"][index]
                for name in [one["id"].string ?? "", one["code"].string ?? ""] {
                    #expect(try await realm.client.get("\(Self.path)/\(name)").text == one.text)
                }
            }
        }

        @Test("a warehouse is created with all its members or with its name alone")
        func create() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("First")
            let answer = try await realm.client.post(
                Self.path,
                #"{"name": "North", "code": "N_1", "address": "1 Road\nTown", "type": "FBS", "marketplace": "ozon", "is_readonly": true, "is_active": true}"#,
                key: nil)
            #expect(answer.status == 201)
            #expect(
                answer.shape
                    == #"{"id":"wh_*","name":"North","address":"1 Road\nTown","type":"FBS","marketplace":"ozon","is_active":true,"is_readonly":true,"code":"N_1"}"#
            )
            let location = try await realm.client.get("/inventory/v1/locations/N_1").json
            #expect(location["id"].string == answer.id)
            #expect(location["type"].string == "FBS")
            try await realm.location("STORE", #""type": "store""#)
            let store = try await realm.client.get("\(Self.path)/STORE")
            #expect(store.json["type"].string == "own")
            // It keeps the type that the other API gave it.
            #expect(
                try await realm.client.put("\(Self.path)/STORE", #"{"type": "own", "name": "S"}"#).status
                    == 200)
            #expect(
                try await realm.client.get("/inventory/v1/locations/STORE").json["type"].string == "store")
            let inactive = try await realm.client.post(
                Self.path, #"{"name": "Later", "is_active": false}"#, key: "k")
            #expect(inactive.status == 201)
            #expect(inactive.json["is_active"].bool == false)
            let again = try await realm.client.post(
                Self.path, #"{"name": "Later", "is_active": false}"#, key: "k")
            #expect(again.isReplay && again.body == inactive.body)
            #expect(try await realm.client.get(Self.path).json["data"].elements.count == 3)
            let all = try await realm.client.get("\(Self.path)?include_inactive=true").json["data"]
                .elements
            #expect(all.map { $0["code"].string } == ["FIRST", "N_1", "STORE", "LATER"])
            #expect(try await realm.client.get("\(Self.path)/LATER").body == inactive.body)
        }

        @Test("codes are made of names, and made unique")
        func codes() async throws {
            let realm = try await ContractRealm()
            var codes: [String] = []
            for name in ["Warehouse A", "warehouse, a", "  WAREHOUSE — A ", "Köln Süd 2", "***"] {
                let answer = try await realm.client.post(Self.path, #"{"name": "\#(name)"}"#, key: nil)
                codes.append(answer.json["code"].string ?? "\(answer.text)")
            }
            #expect(
                codes == ["WAREHOUSE-A", "WAREHOUSE-A-2", "WAREHOUSE-A-3", "KÖLN-SÜD-2", "WAREHOUSE"])
            let long = String(repeating: "x", count: 200)
            var taken: Set<String> = []
            for _ in 0..<12 {
                let code = WarehouseCode.make(from: long) { taken.contains($0) }
                #expect((60...64).contains(code.unicodeScalars.count))
                #expect(taken.insert(code).inserted)
            }
        }

        @Test("PUT and PATCH change what is sent and leave the rest", arguments: ["PUT", "PATCH"])
        func update(method: String) async throws {
            let realm = try await ContractRealm()
            let id = try await realm.warehouse("A", #""address": "Here", "marketplace": "shop""#)
            let steps: [(String, String)] = [
                (
                    #"{"name": "B"}"#,
                    #"{"id":"wh_*","name":"B","address":"Here","type":"own","marketplace":"shop","is_active":true,"code":"A"}"#
                ),
                (
                    #"{"address": null, "marketplace": null}"#,
                    #"{"id":"wh_*","name":"B","type":"own","is_active":true,"code":"A"}"#
                ),
                (
                    #"{"is_readonly": true}"#,
                    #"{"id":"wh_*","name":"B","type":"own","is_active":true,"is_readonly":true,"code":"A"}"#
                ),
                (
                    #"{"is_readonly": false, "type": "FBA"}"#,
                    #"{"id":"wh_*","name":"B","type":"FBA","is_active":true,"is_readonly":true,"code":"A"}"#
                ),
                (
                    #"{"type": "own", "address": "There"}"#,
                    #"{"id":"wh_*","name":"B","address":"There","type":"own","is_active":true,"code":"A"}"#
                ),
            ]
            for (body, shape) in steps {
                let answer = try await realm.client.send(
                    method, "\(Self.path)/\(id)", body: Array(body.utf8))
                #expect(answer.status == 200)
                #expect(answer.shape == shape)
                #expect(try await realm.client.get("\(Self.path)/A").body == answer.body)
            }
            let body = Array(#"{"name": "C"}"#.utf8)
            let first = try await realm.client.send(
                method, "\(Self.path)/\(id)", body: body, headers: [("Idempotency-Key", "k")])
            let again = try await realm.client.send(
                method, "\(Self.path)/\(id)", body: body, headers: [("Idempotency-Key", "k")])
            #expect(again.isReplay && again.body == first.body)
        }

        @Test("is_active archives an empty warehouse and takes it into use again")
        func activity() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("Default")
            let id = try await realm.warehouse("B")
            try await realm.item("X")
            try await realm.put("X", #""warehouse_id": "B", "quantity": 3"#)
            let path = "\(Self.path)/\(id)"
            try await realm.sellerRefused(409, "WAREHOUSE_HAS_STOCK") {
                try await $0.put(path, #"{"is_active": false}"#)
            }
            try await realm.sellerRefused(409, "WAREHOUSE_HAS_STOCK") {
                try await $0.put(path, #"{"is_active": false, "name": "C"}"#)
            }
            try await realm.put("X", #""warehouse_id": "B", "quantity": 0"#)
            let archived = try await realm.client.put(path, #"{"is_active": false, "name": "C"}"#)
            #expect(archived.json["is_active"].bool == false)
            #expect(archived.json["name"].string == "C")
            let head = try await realm.head().text
            let again = try await realm.client.put(path, #"{"is_active": false}"#)
            #expect(again.status == 200 && again.body == archived.body)
            #expect(try await realm.head().text == head)
            try await realm.sellerRefused(409, "WAREHOUSE_ARCHIVED") {
                try await $0.patch(path, #"{"name": "D"}"#)
            }
            try await realm.sellerRefused(409, "WAREHOUSE_ARCHIVED") {
                try await $0.patch(path, #"{"name": "D", "is_active": false}"#)
            }
            let restored = try await realm.client.patch(path, #"{"is_active": true, "name": "D"}"#)
            #expect(restored.json["is_active"].bool == true)
            #expect(restored.json["name"].string == "D")
            #expect(
                try await realm.put("X", #""warehouse_id": "B", "quantity": 4"#).json["total_on_hand"].int
                    == 4)
            try await realm.sellerRefused(409, "DEFAULT_WAREHOUSE_REQUIRED") {
                try await $0.put("\(Self.path)/DEFAULT", #"{"is_active": false}"#)
            }
        }

        @Test("what is wrong with a warehouse is refused in this API's shape")
        func refusals() async throws {
            let realm = try await ContractRealm()
            try await realm.sellerRefused(409, "DEFAULT_WAREHOUSE_REQUIRED") {
                try await $0.post(Self.path, #"{"name": "A", "is_active": false}"#, key: nil)
            }
            try await realm.warehouse("A")
            try await realm.sellerRefused(409, "WAREHOUSE_CODE_TAKEN") {
                try await $0.post(Self.path, #"{"name": "Other", "code": "A"}"#, key: nil)
            }
            let bodies: [(String, [String])] = [
                ("{}", ["/name required"]), (#"{"name": ""}"#, ["/name too_short"]),
                (#"{"name": "B", "type": "fba"}"#, ["/type invalid_value"]),
                (#"{"name": "B", "code": " x"}"#, ["/code invalid_value"]),
                (#"{"name": "B", "is_active": 1}"#, ["/is_active wrong_type"]),
                (#"{"name": "B", "id": "wh_1"}"#, ["/id unknown_member"]),
            ]
            for (body, faults) in bodies {
                try await realm.sellerRefused(422, "VALIDATION_ERROR", faults) {
                    try await $0.post(Self.path, body, key: nil)
                }
            }
            for (body, faults) in [
                ("{}", [" too_few_items"]), (#"{"code": "X"}"#, ["/code unknown_member"]),
                (#"{"name": ""}"#, ["/name too_short"]),
            ] {
                try await realm.sellerRefused(422, "VALIDATION_ERROR", faults) {
                    try await $0.put("\(Self.path)/A", body)
                }
            }
            for path in ["\(Self.path)/NO", "\(Self.path)/wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"] {
                try await realm.sellerRefused(404, "WAREHOUSE_NOT_FOUND") { try await $0.get(path) }
                try await realm.sellerRefused(404, "WAREHOUSE_NOT_FOUND") {
                    try await $0.put(path, #"{"name": "X"}"#)
                }
            }
            try await realm.sellerRefused(405, "METHOD_NOT_ALLOWED") {
                try await $0.delete("\(Self.path)/A")
            }
            try await realm.sellerRefused(400, "VALIDATION_ERROR", ["include_inactive invalid_value"]) {
                try await $0.get("\(Self.path)?include_inactive=1")
            }
            let reader = try await realm.key(scopes: [.inventoryRead])
            for method in ["POST", "PUT"] {
                let path = method == "POST" ? Self.path : "\(Self.path)/A"
                let refused = try await reader.client.send(
                    method, path, body: Array(#"{"name": "X"}"#.utf8))
                #expect(refused.sellerCode == "INSUFFICIENT_SCOPE")
            }
        }

        @Test("an item that is called like a path is reached by its id")
        func literalPaths() async throws {
            let realm = try await ContractRealm()
            try await realm.warehouse("A")
            for sku in ["warehouses", "bulk"] {
                let id = try await realm.item(sku)
                let set = try await realm.put(id, #""warehouse_id": "A", "quantity": 3"#)
                #expect(set.json["sku"].string == sku)
                #expect(try await realm.client.get("/api/inventory/\(id)").body == set.body)
                #expect(
                    try await realm.client.get("/api/inventory?sku=\(sku)").json["meta"]["total"].int == 1)
            }
            #expect(
                try await realm.client.get("/api/inventory/bulk/adjustments").json["data"].elements.count
                    == 1)
            #expect(
                try await realm.client.get("/api/inventory/warehouses").json["data"].elements.count == 1)
        }
    }
}
