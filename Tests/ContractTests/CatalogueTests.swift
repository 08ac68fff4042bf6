import Testing

extension ContractTests {
    /// Contracts, *SK Inventory*: items and locations.
    @Suite struct CatalogueTests {
        private static let items = "/inventory/v1/items"
        private static let locations = "/inventory/v1/locations"

        @Test("an item is created with all its members, and read back the same by id and by SKU")
        func createItem() async throws {
            let realm = try await ContractRealm()
            let answer = try await realm.client.post(
                Self.items,
                #"{"sku": "TEA-1", "name": "Tea", "scale": 3, "barcode": "4006381333931", "price": 15.5, "weight": "0.250", "reorder_point": 20, "allow_negative": true, "metadata": {"b": 1, "a": [true, null, 1.50]}}"#
            )
            #expect(answer.status == 201)
            #expect(
                answer.shape
                    == #"{"id":"itm_*","sku":"TEA-1","name":"Tea","scale":3,"barcode":"4006381333931","price":"15.500000","weight":"0.250000","reorder_point":20,"allow_negative":true,"metadata":{"b":1,"a":[true,null,1.50]},"created_at":"<ms>","updated_at":"<ms>","archived_at":null}"#
            )
            for reference in [answer.id, "TEA-1", "TEA%2D1"] {
                let read = try await realm.client.get("\(Self.items)/\(reference)")
                #expect(read.status == 200)
                #expect(read.body == answer.body)
            }
            let head = try await realm.client.send("HEAD", "\(Self.items)/TEA-1")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
        }

        @Test("a bare item has the defaults")
        func bareItem() async throws {
            let realm = try await ContractRealm()
            let answer = try await realm.client.post(Self.items, #"{"sku": "A/B c", "name": "N"}"#)
            #expect(
                answer.shape
                    == #"{"id":"itm_*","sku":"A/B c","name":"N","scale":0,"barcode":null,"price":null,"weight":null,"reorder_point":null,"allow_negative":false,"metadata":null,"created_at":"<ms>","updated_at":"<ms>","archived_at":null}"#
            )
            #expect(try await realm.client.get("\(Self.items)/A%2FB%20c").json["id"].string == answer.id)
        }

        @Test("a location is created with all its members, and read back the same by id and by code")
        func createLocation() async throws {
            let realm = try await ContractRealm()
            let answer = try await realm.client.post(
                Self.locations,
                #"{"code": "SEA-1", "name": "Seattle", "type": "store", "address": "1 Shoreline Dr\nSeattle", "time_zone": "America/Los_Angeles", "allow_negative": true, "metadata": {}}"#
            )
            #expect(answer.status == 201)
            #expect(
                answer.shape
                    == #"{"id":"wh_*","code":"SEA-1","name":"Seattle","type":"store","address":"1 Shoreline Dr\nSeattle","time_zone":"America/Los_Angeles","allow_negative":true,"is_default":true,"metadata":{},"created_at":"<ms>","updated_at":"<ms>","archived_at":null}"#
            )
            for reference in [answer.id, "SEA-1"] {
                #expect(try await realm.client.get("\(Self.locations)/\(reference)").body == answer.body)
            }
        }

        @Test("PATCH changes what is sent, clears what is null and leaves what is absent")
        func patchItem() async throws {
            let realm = try await ContractRealm()
            try await realm.item(
                "TEA", #""barcode": "1", "price": "2", "weight": "3", "reorder_point": 4, "metadata": {"a": 1}"#)
            let path = "\(Self.items)/TEA"
            let changed = try await realm.client.patch(path, #"{"name": "Green tea", "barcode": null, "price": "2.5"}"#)
            #expect(changed.status == 200)
            #expect(
                changed.shape
                    == #"{"id":"itm_*","sku":"TEA","name":"Green tea","scale":0,"barcode":null,"price":"2.500000","weight":"3.000000","reorder_point":4,"allow_negative":false,"metadata":{"a":1},"created_at":"<ms>","updated_at":"<ms>","archived_at":null}"#
            )
            #expect(try await realm.client.get(path).body == changed.body)
            let cleared = try await realm.client.patch(
                path,
                #"{"price": null, "weight": null, "reorder_point": null, "metadata": null, "allow_negative": true, "scale": 2}"#
            )
            #expect(
                cleared.shape
                    == #"{"id":"itm_*","sku":"TEA","name":"Green tea","scale":2,"barcode":null,"price":null,"weight":null,"reorder_point":null,"allow_negative":true,"metadata":null,"created_at":"<ms>","updated_at":"<ms>","archived_at":null}"#
            )
        }

        @Test("PATCH refuses what can't be changed or cleared, and a body that changes nothing")
        func patchRefusals() async throws {
            let realm = try await ContractRealm()
            try await realm.item("TEA")
            try await realm.location("W")
            for (path, body, fault) in [
                ("items/TEA", #"{"sku": "X"}"#, "/sku unknown_member"),
                ("items/TEA", #"{"name": null}"#, "/name wrong_type"),
                ("items/TEA", #"{"scale": null}"#, "/scale wrong_type"),
                ("items/TEA", #"{"allow_negative": null}"#, "/allow_negative wrong_type"),
                ("locations/W", #"{"code": "X"}"#, "/code unknown_member"),
                ("locations/W", #"{"is_default": null}"#, "/is_default wrong_type"),
                ("locations/W", #"{"time_zone": "Mars/Olympus"}"#, "/time_zone invalid_value"),
            ] {
                let answer = try await realm.refused(422, "validation_failed") {
                    try await $0.patch("/inventory/v1/\(path)", body)
                }
                #expect(
                    answer.faults.first?.split(separator: " ")[0] == fault.split(separator: " ")[0], "\(answer.text)")
            }
            for path in ["items/TEA", "locations/W"] {
                try await realm.refused(422, "validation_failed") { try await $0.patch("/inventory/v1/\(path)", "{}") }
            }
        }

        @Test("the scale is fixed by the first movement")
        func scale() async throws {
            let realm = try await ContractRealm()
            try await realm.item("TEA")
            try await realm.location("W")
            #expect(try await realm.client.patch("\(Self.items)/TEA", #"{"scale": 3}"#).status == 200)
            try await realm.movement(#""item_id": "TEA", "qty": 1, "type": "receipt""#)
            try await realm.refused(409, "scale_fixed") { try await $0.patch("\(Self.items)/TEA", #"{"scale": 2}"#) }
        }

        @Test("SKUs and codes are unique, archived ones included")
        func unique() async throws {
            let realm = try await ContractRealm()
            try await realm.item("TEA")
            try await realm.location("W1")
            try await realm.location("W2")
            #expect(try await realm.client.post("\(Self.items)/TEA/archive", "").status == 200)
            #expect(try await realm.client.post("\(Self.locations)/W2/archive", "{}").status == 200)
            try await realm.refused(409, "sku_taken") { try await $0.post(Self.items, #"{"sku": "TEA", "name": "N"}"#) }
            for code in ["W1", "W2"] {
                try await realm.refused(409, "code_taken") {
                    try await $0.post(Self.locations, #"{"code": "\#(code)", "name": "N"}"#)
                }
            }
            // Case is kept and tells names apart.
            try await realm.item("tea")
        }

        @Test("an item with stock can't be archived; an archived one takes no movements and no changes")
        func archiveItem() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 5)
            let path = "\(Self.items)/SKU-0042"
            try await realm.refused(409, "item_has_stock") { try await $0.post("\(path)/archive", "") }
            try await realm.entry(#""sku": "SKU-0042", "warehouse": "SEA-1", "delta": -5, "reason": "lost""#)
            let archived = try await realm.client.post("\(path)/archive", "")
            #expect(archived.status == 200)
            #expect(archived.json["archived_at"].string != nil)
            #expect(try await realm.client.get(path).body == archived.body)
            let write = #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 5, "reason": "found"}"#
            try await realm.refused(409, "item_archived") { try await $0.post("/v1/inventory/ledger", write) }
            try await realm.refused(409, "item_archived") { try await $0.patch(path, #"{"name": "N"}"#) }
            try await realm.refused(409, "item_archived") { try await $0.post("\(path)/archive", "") }
            #expect(try await realm.client.get(Self.items).json["data"].elements.isEmpty)
            #expect(try await realm.client.get("\(Self.items)?archived=true").json["data"].elements.count == 1)
            // Its history stays.
            #expect(try await realm.client.get("/v1/inventory/ledger?sku=SKU-0042").json["data"].elements.count == 2)
            let balance = try await realm.client.get("/v1/inventory/balance?sku=SKU-0042&warehouse=SEA-1")
            #expect(balance.json["balance"].int == 0)
        }

        @Test("a location with stock, or the default one, can't be archived; an archived one takes no movements")
        func archiveLocation() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 5)
            try await realm.entry(
                #""sku": "SKU-0042", "warehouse": "SEA-1", "qty": 5, "reason": "transfer", "to_warehouse": "PDX-1""#)
            try await realm.refused(409, "location_has_stock") {
                try await $0.post("\(Self.locations)/PDX-1/archive", "")
            }
            try await realm.refused(409, "default_location_required") {
                try await $0.post("\(Self.locations)/SEA-1/archive", "")
            }
            #expect(try await realm.client.patch("\(Self.locations)/PDX-1", #"{"is_default": true}"#).status == 200)
            #expect(try await realm.client.get("\(Self.locations)/SEA-1").json["is_default"].bool == false)
            let archived = try await realm.client.post("\(Self.locations)/SEA-1/archive", "")
            #expect(archived.status == 200)
            for body in [
                #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 5, "reason": "found"}"#,
                #"{"sku": "SKU-0042", "warehouse": "PDX-1", "qty": 5, "reason": "transfer", "to_warehouse": "SEA-1"}"#,
            ] {
                try await realm.refused(409, "location_archived") { try await $0.post("/v1/inventory/ledger", body) }
            }
            try await realm.refused(409, "location_archived") {
                try await $0.patch("\(Self.locations)/SEA-1", #"{"name": "N"}"#)
            }
            #expect(
                try await realm.client.get(Self.locations).json["data"].elements.map { $0["code"].string } == ["PDX-1"])
        }

        @Test(
            "the first location is the default until another takes its place; a movement without a location goes there")
        func defaultLocation() async throws {
            let realm = try await ContractRealm()
            try await realm.item("TEA")
            try await realm.refused(422, "no_default_location") {
                try await $0.post("/inventory/v1/movements", #"{"item_id": "TEA", "qty": 1, "type": "receipt"}"#)
            }
            let first = try await realm.location("W1")
            let second = try await realm.location("W2")
            let receipt = #""item_id": "TEA", "qty": 1, "type": "receipt""#
            #expect(try await realm.movement(receipt).json["location_id"].string == first)
            #expect(try await realm.client.patch("\(Self.locations)/W2", #"{"is_default": true}"#).status == 200)
            #expect(try await realm.movement(receipt).json["location_id"].string == second)
            let third = try await realm.location("W3", #""is_default": true"#)
            #expect(try await realm.movement(receipt).json["location_id"].string == third)
            let flags = try await realm.client.get(Self.locations).json["data"].elements.map { $0["is_default"].bool }
            #expect(flags == [false, false, true])
            try await realm.refused(409, "default_location_required") {
                try await $0.patch("\(Self.locations)/W3", #"{"is_default": false}"#)
            }
        }

        @Test(
            "SKUs and codes are 1–64 characters without white space at their ends, and no ids",
            arguments: [
                "", " A", "A ", "A\\u0007B", String(repeating: "x", count: 65), "itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZA",
            ])
        func names(name: String) async throws {
            let realm = try await ContractRealm()
            try await realm.refused(422, "validation_failed") {
                try await $0.post(Self.items, #"{"sku": "\#(name)", "name": "N"}"#)
            }
            let code = name.replacing("itm_", with: "wh_")
            try await realm.refused(422, "validation_failed") {
                try await $0.post(Self.locations, #"{"code": "\#(code)", "name": "N"}"#)
            }
        }

        @Test("a name of 64 characters of any language is one, and is found by it")
        func longNames() async throws {
            let realm = try await ContractRealm()
            let sku = String(repeating: "茶", count: 64)
            let id = try await realm.item(sku)
            let path = sku.utf8.map { "%" + String($0, radix: 16) }.joined()
            #expect(try await realm.client.get("\(Self.items)/\(path)").json["id"].string == id)
            #expect(try await realm.client.get("\(Self.items)?sku=\(path)").json["data"][0]["id"].string == id)
        }
    }
}
