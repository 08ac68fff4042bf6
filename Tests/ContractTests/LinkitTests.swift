import Testing

extension ContractTests {
    /// Contracts, *Linkit*: reading and setting SKUs one by one, as the page shows it.
    @Suite struct LinkitTests {
        private func published() async throws -> LinkitRealm {
            let linkit = try await LinkitRealm(branches: ["STORE-001"])
            try await linkit.created("products", "PROD-001", #""price": 15.50"#)
            try await linkit.created("products", "PROD-002")
            return linkit
        }

        @Test("the published SKU is what reading it gives, and its row is what the list shows")
        func publishedSKU() async throws {
            let linkit = try await published()
            try await linkit.set("PROD-001_STORE-001", #""qty": 150, "cost": 8.25"#)
            let read = try await linkit.get("skus/code/PROD-001_STORE-001")
            #expect(read.status == 200)
            let organization = "org_\(linkit.realm.tenant)"
            #expect(
                read.skuShape
                    == #"{"id":"r*","iv_id":"PROD-001_STORE-001","organization_id":"\#(organization)","product_iv_id":"PROD-001","branch_iv_id":"STORE-001","qty":150,"price":15.50,"cost":8.25,"available":true,"created":"<s>","updated":"<s>"}"#
            )
            let list = try await linkit.get("skus?branch_iv_id=STORE-001&available=true&limit=1")
            #expect(
                list.skuShape
                    == #"{"data":[{"id":"r*","iv_id":"PROD-001_STORE-001","product_iv_id":"PROD-001","branch_iv_id":"STORE-001","qty":150,"price":15.50,"available":true}],"count":1,"total_count":2,"page":1,"limit":1,"has_next":true,"meta":{}}"#
            )
            // As a Python program sends it.
            let python = try await linkit.get("skus?branch_iv_id=STORE-001&available=True&limit=1")
            #expect(python.body == list.body)
            let low = try await linkit.get("skus?max_qty=10&available=true")
            #expect(low.ivIDs == ["PROD-002_STORE-001"])
        }

        @Test("both published updates are answered with the SKU as it is then, which reads the same")
        func publishedUpdates() async throws {
            let linkit = try await published()
            let path = "skus/code/PROD-001_STORE-001"
            let all = try await linkit.put(
                path,
                """
                {
                  "qty": 200,
                  "price": 16.99,
                  "cost": 8.50,
                  "available": true
                }
                """)
            #expect(all.status == 200)
            #expect(all.text.contains(#""qty":200,"price":16.99,"cost":8.50,"available":true,"#))
            #expect(try await linkit.get(path).body == all.body)
            let some = try await linkit.put(path, #"{"qty": 200, "price": 16.99, "available": true}"#)
            #expect(some.body == all.body)
        }

        @Test("the published errors come to the byte")
        func publishedErrors() async throws {
            let linkit = try await published()
            let missing = #"{"code":404,"error":"SKU not found","details":{"iv_id":"NONEXISTENT_STORE-001"}}"#
            try await linkit.refused(404, missing) { try await $0.get("skus/code/NONEXISTENT_STORE-001") }
            try await linkit.refused(404, missing) {
                try await $0.put("skus/code/NONEXISTENT_STORE-001", #"{"qty": 1}"#)
            }
            try await linkit.refused(
                422, #"{"code":422,"error":"Validation failed","details":{"qty":"Must be >= 0"}}"#
            ) { try await $0.put("skus/code/PROD-001_STORE-001", #"{"qty": -1}"#) }
        }

        @Test(
            "what is wrong with a member is said by its name",
            arguments: [
                (#"{"price": -0.01}"#, 422, #"{"price":"Must be >= 0"}"#),
                (#"{"cost": "-1"}"#, 422, #"{"cost":"Must be >= 0"}"#),
                (#"{"qty": -99999999999999999999}"#, 422, #"{"qty":"Must be >= 0"}"#),
                (#"{"qty": 1000000000001}"#, 400, #"{"qty":"Must be <= 1000000000000"}"#),
                (#"{"qty": 99999999999999999999}"#, 400, #"{"qty":"Must be <= 1000000000000"}"#),
                (#"{"price": 1000000000000.01}"#, 400, #"{"price":"Must be <= 1000000000000"}"#),
                (#"{"qty": 1.5}"#, 400, #"{"qty":"Must be a whole number without a point or exponent"}"#),
                (#"{"qty": 1e2}"#, 400, #"{"qty":"Must be a whole number without a point or exponent"}"#),
                (#"{"price": 0.0000001}"#, 400, #"{"price":"Must have at most 6 decimals; round it"}"#),
                (#"{"qty": "5"}"#, 422, #"{"qty":"Must be a whole number, not a string"}"#),
                (#"{"qty": null}"#, 422, #"{"qty":"Must be a whole number, not null"}"#),
                (#"{"available": "yes"}"#, 422, #"{"available":"Must be true or false, not a string"}"#),
                (#"{"price": "much"}"#, 422, #"{"price":"Must be a decimal number, such as 12.50"}"#),
                (
                    #"{"stock": 1}"#, 422,
                    #"{"stock":"Is not a member of this object; remove it or check its spelling"}"#
                ),
                (#"{}"#, 422, #"{"body":"Must have at least one member; send what should change"}"#),
                (#"[]"#, 422, #"{"body":"Must be an object, not an array"}"#),
            ])
        func validation(body: String, status: Int, details: String) async throws {
            let linkit = try await published()
            try await linkit.refused(
                status, #"{"code":\#(status),"error":"Validation failed","details":\#(details)}"#
            ) { try await $0.put("skus/code/PROD-001_STORE-001", body) }
        }

        @Test(
            "what is no strict JSON is malformed", arguments: [#"{"qty": 1"#, #"{"qty": 1, "qty": 2}"#, "", "{qty: 1}"])
        func malformed(body: String) async throws {
            let linkit = try await published()
            let answer = try await linkit.put("skus/code/PROD-001_STORE-001", body)
            #expect(answer.status == 400)
            #expect(answer.json["error"].string == "Malformed JSON")
        }

        @Test(
            "money goes out as a number with two to six decimals, exactly as it came",
            arguments: [
                ("0.1", "0.10"), ("15.5", "15.50"), ("15.50", "15.50"), ("1e2", "100.00"), ("0.000001", "0.000001"),
                ("1000000000000", "1000000000000.00"), (#""8.25""#, "8.25"), ("0", "0.00"), ("16.990000", "16.99"),
                ("123456.789", "123456.789"),
            ])
        func money(sent: String, answered: String) async throws {
            let linkit = try await published()
            let answer = try await linkit.set("PROD-001_STORE-001", #""price": \#(sent), "cost": \#(sent)"#)
            #expect(answer.json["price"].text == answered)
            #expect(answer.json["cost"].text == answered)
            let list = try await linkit.get("skus?limit=1")
            #expect(list.json["data"][0]["price"].text == answered)
        }

        @Test("null gives price and cost back to the product and the average")
        func clearing() async throws {
            let linkit = try await published()
            try await linkit.set("PROD-001_STORE-001", #""price": 1, "cost": 2, "qty": 10"#)
            let cleared = try await linkit.set("PROD-001_STORE-001", #""price": null, "cost": null"#)
            #expect(cleared.json["price"].text == "15.50")
            #expect(cleared.json["cost"].text == "2.00", "the ten were booked at 2")
            let bare = try await linkit.get("skus/code/PROD-002_STORE-001")
            #expect(bare.json["price"].isNull && bare.json["cost"].isNull)
            #expect(bare.json["qty"].int == 0 && bare.json["available"].bool == true)
        }

        @Test("what is gained is booked at the cost that is sent with it, and the other APIs see it at once")
        func gain() async throws {
            let linkit = try await published()
            try await linkit.set("PROD-001_STORE-001", #""qty": 4, "cost": 2.5"#)
            let stock = try await linkit.realm.client.get("/inventory/v1/items/PROD-001/stock").json
            #expect(stock["on_hand"].int == 4)
            #expect(stock["value"].string == "10.000000")
            let movements = try await linkit.realm.client.get("/inventory/v1/movements").json["data"]
            #expect(movements.elements.count == 1)
            #expect(movements[0]["type"].string == "adjustment")
            #expect(movements[0]["reason"].string == "adjustment")
            #expect(movements[0]["qty"].int == 4)
        }

        @Test("an update writes what changes and no more: an entry for settings, one for a quantity, none for neither")
        func entries() async throws {
            let linkit = try await published()
            let start = try await linkit.realm.seq()
            for (members, expected) in [
                (#""qty": 5, "price": 3, "available": false"#, ["stock_settings.updated", "movement.recorded"]),
                (#""qty": 5"#, []), (#""qty": 5, "price": 3, "available": false"#, []),
                (#""qty": 2"#, ["movement.recorded"]), (#""available": true"#, ["stock_settings.updated"]),
            ] {
                let before = try await linkit.realm.seq()
                let answer = try await linkit.set("PROD-001_STORE-001", members)
                #expect(try await linkit.get("skus/code/PROD-001_STORE-001").body == answer.body)
                let new = try await linkit.realm.events().filter { ($0["seq"].int ?? 0) > before }
                #expect(new.compactMap { $0["type"].string } == expected, "\(members)")
            }
            #expect(try await linkit.realm.seq() == start + 4)
        }

        @Test("a name may need percent signs, and a part of it underscores")
        func names() async throws {
            let linkit = try await LinkitRealm(products: ["A/B c", "X_Y", "é"], branches: ["W_1", "Z"])
            for (path, expected) in [
                ("A%2FB%20c_W_1", "A/B c_W_1"), ("X_Y_W_1", "X_Y_W_1"), ("X%5FY%5FZ", "X_Y_Z"), ("%C3%A9_Z", "é_Z"),
            ] {
                let answer = try await linkit.get("skus/code/\(path)")
                #expect(answer.status == 200)
                #expect(answer.json["iv_id"].string == expected)
                #expect(try await linkit.put("skus/code/\(path)", #"{"qty": 3}"#).json["iv_id"].string == expected)
            }
            for path in ["X_W_1", "X_Y", "_Z", "X_Y_", "x_y_z"] {
                #expect(try await linkit.get("skus/code/\(path)").status == 404, "\(path)")
            }
        }

        @Test("the same key gets the same bytes, whatever has happened since, also where nothing changed")
        func idempotency() async throws {
            let linkit = try await published()
            let path = "skus/code/PROD-001_STORE-001"
            let first = try await linkit.put(path, #"{"qty": 7}"#, key: "a")
            let same = try await linkit.put(path, #"{"qty": 7}"#, key: "b")
            let missing = try await linkit.put("skus/code/NO_WHERE", #"{"qty": 7}"#, key: "c")
            try await linkit.set("PROD-001_STORE-001", #""qty": 1, "price": 9"#)
            try await linkit.created("products", "NO")
            try await linkit.created("branches", "WHERE")
            let head = try await linkit.realm.head().text
            for (key, path, answer) in [("a", path, first), ("b", path, same), ("c", "skus/code/NO_WHERE", missing)] {
                let again = try await linkit.put(path, #"{ "qty" : 7 }"#, key: key)
                #expect(again.isReplay && !answer.isReplay)
                #expect(again.status == answer.status && again.body == answer.body)
            }
            #expect(missing.status == 404)
            #expect(try await linkit.realm.head().text == head)
            try await linkit.refused(409, reason: "idempotency_key_reused") {
                try await $0.put(path, #"{"qty": 8}"#, key: "a")
            }
            // A body that was refused before the ledger was asked leaves the key free.
            #expect(try await linkit.put(path, #"{"qty": -1}"#, key: "d").status == 422)
            #expect(try await linkit.put(path, #"{"qty": 1}"#, key: "d").status == 200)
        }

        @Test("the stock of a marketplace's branch is not Linkit's to set, its price is")
        func marketplace() async throws {
            let linkit = try await published()
            try await linkit.realm.location("AMZ", #""type": "FBA""#)
            try await linkit.refused(403, reason: "location_read_only") {
                try await $0.put("skus/code/PROD-001_AMZ", #"{"qty": 1}"#)
            }
            #expect(try await linkit.set("PROD-001_AMZ", #""price": 3"#).json["price"].text == "3.00")
        }

        @Test("another tenant's SKUs, products and branches are as if they had never existed")
        func isolation() async throws {
            let linkit = try await published()
            let other = try await LinkitRealm()
            for path in ["skus/code/PROD-001_STORE-001", "products/code/PROD-001", "branches/code/STORE-001"] {
                let subject = path.hasPrefix("skus") ? "SKU" : path.hasPrefix("products") ? "Product" : "Branch"
                let id = path.split(separator: "/").last ?? ""
                let expected = #"{"code":404,"error":"\#(subject) not found","details":{"iv_id":"\#(id)"}}"#
                try await other.refused(404, expected) { try await $0.get(path) }
                let body = subject == "SKU" ? #"{"qty": 1}"# : #"{"name": "x"}"#
                try await other.refused(404, expected) { try await $0.put(path, body) }
            }
            #expect(try await other.get("skus").numbers == "0 0 1 20 false")
            #expect(try await other.get("skus?product_iv_id=PROD-001").numbers == "0 0 1 20 false")
            let product = try await linkit.get("products/code/PROD-001").id
            #expect(try await other.get("products/code/\(product)").status == 404)
            let bulk = try await other.post("skus/bulk", #"{"skus": [{"iv_id": "PROD-001_STORE-001", "qty": 1}]}"#)
            #expect(bulk.json["data"]["failed"].int == 1)
        }
    }
}
