import Testing

extension ContractTests {
    /// Contracts, *Linkit*: bulk updates.
    @Suite struct LinkitBulkTests {
        private static let path = "skus/bulk"

        private func published() async throws -> LinkitRealm {
            try await LinkitRealm(products: ["PROD-001", "PROD-002", "PROD-003"], branches: ["STORE-001"])
        }

        private func quantity(_ ivID: String, _ linkit: LinkitRealm) async throws -> Int64? {
            try await linkit.get("skus/code/\(ivID)").json["qty"].int
        }

        @Test("the published bulk update is processed, and each of its SKUs is as sent")
        func published_() async throws {
            let linkit = try await published()
            let answer = try await linkit.post(
                Self.path,
                """
                {
                  "mode": "upsert",
                  "skus": [
                    {
                      "iv_id": "PROD-001_STORE-001",
                      "branch_iv_id": "STORE-001",
                      "product_iv_id": "PROD-001",
                      "qty": 100,
                      "price": 15.50,
                      "available": true
                    },
                    {
                      "iv_id": "PROD-002_STORE-001",
                      "branch_iv_id": "STORE-001",
                      "product_iv_id": "PROD-002",
                      "qty": 50,
                      "price": 29.99,
                      "available": true
                    }
                  ]
                }
                """)
            #expect(answer.status == 200)
            #expect(
                answer.shape
                    == #"{"success":true,"message":"Processed 2 SKUs successfully","data":{"succeeded":2,"failed":0,"errors":{}},"timestamp":"<s>"}"#
            )
            let list = try await linkit.get("skus?limit=2")
            #expect(
                list.json["data"].elements.map { "\($0["qty"].text) \($0["price"].text)" } == ["100 15.50", "50 29.99"])
        }

        @Test("five hundred lines with two bad ones are answered as published, and the others are set")
        func fiveHundred() async throws {
            let linkit = try await LinkitRealm(branches: ["STORE-001"])
            for first in stride(from: 0, to: 498, by: 83) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in first..<first + 83 {
                        group.addTask { try await linkit.created("products", "P-\(number)") }
                    }
                    try await group.waitForAll()
                }
            }
            var lines = (0..<498).map { number in
                #"{"iv_id": "P-\#(number)_STORE-001", "branch_iv_id": "STORE-001", "product_iv_id": "P-\#(number)", "qty": \#(number), "available": \#(number > 0)}"#
            }
            lines.insert(
                #"{"iv_id": "BAD-SKU_STORE-001", "branch_iv_id": "STORE-001", "product_iv_id": "BAD-SKU", "qty": 1}"#,
                at: 100)
            lines.append(#"{"iv_id": "P-3_MISSING", "branch_iv_id": "MISSING", "product_iv_id": "P-3", "qty": 1}"#)
            let answer = try await linkit.post(
                Self.path, #"{"mode": "upsert", "skus": [\#(lines.joined(separator: ","))]}"#)
            #expect(
                answer.shape
                    == #"{"success":true,"message":"Processed 500 SKUs successfully","data":{"succeeded":498,"failed":2,"errors":{"BAD-SKU_STORE-001":"Product BAD-SKU not found","P-3_MISSING":"Branch MISSING not found"}},"timestamp":"<s>"}"#
            )
            #expect(try await linkit.get("skus?min_qty=1&available=true&limit=1").numbers == "1 497 1 1 true")
            #expect(try await linkit.get("skus?min_qty=250&max_qty=252").ivIDs.count == 3)
        }

        @Test(
            "a wrong line fails alone, and says why under its name",
            arguments: [
                (#"{"iv_id": "BAD-SKU_STORE-001", "qty": 1}"#, "BAD-SKU_STORE-001", "Product BAD-SKU not found"),
                (#"{"iv_id": "PROD-003_MISSING", "qty": 1}"#, "PROD-003_MISSING", "Branch MISSING not found"),
                (#"{"product_iv_id": "X", "branch_iv_id": "Y", "qty": 1}"#, "X_Y", "Product X not found"),
                (#"{"iv_id": "NEITHER_NOR_THIS", "qty": 1}"#, "NEITHER_NOR_THIS", "SKU NEITHER_NOR_THIS not found"),
                (
                    #"{"iv_id": "NOTHING", "qty": 1}"#, "NOTHING",
                    "SKU NOTHING not found: an iv_id is {product_iv_id}_{branch_iv_id}"
                ),
                (#"{"iv_id": "PROD-003_STORE-001", "qty": -1}"#, "PROD-003_STORE-001", "qty must be >= 0"),
                (
                    #"{"iv_id": "PROD-003_STORE-001", "qty": 1.5, "price": -1}"#, "PROD-003_STORE-001",
                    "qty must be a whole number without a point or exponent; price must be >= 0"
                ),
                (
                    #"{"iv_id": "PROD-003_STORE-001"}"#, "PROD-003_STORE-001",
                    "qty is required, or price, cost or available: send what to set"
                ),
                (
                    #"{"qty": 1}"#, "skus[1]",
                    "iv_id is required, unless product_iv_id and branch_iv_id are both sent"
                ),
                (
                    #"{"product_iv_id": "PROD-003", "qty": 1}"#, "skus[1]",
                    "iv_id is required, unless product_iv_id and branch_iv_id are both sent"
                ),
                (
                    #"{"iv_id": "PROD-001_STORE-001", "product_iv_id": "PROD-003", "branch_iv_id": "STORE-001", "qty": 1}"#,
                    "PROD-001_STORE-001",
                    "iv_id must be PROD-003_STORE-001, as product_iv_id and branch_iv_id say"
                ),
                (
                    #"{"iv_id": "PROD-001_STORE-001", "product_iv_id": "PROD-003", "qty": 1}"#, "PROD-001_STORE-001",
                    "iv_id must begin with product_iv_id and an underscore"
                ),
                (
                    #"{"iv_id": "PROD-001_STORE-001", "branch_iv_id": "STORE", "qty": 1}"#, "PROD-001_STORE-001",
                    "iv_id must end with an underscore and branch_iv_id"
                ),
                (
                    #"{"iv_id": "PROD-003_STORE-001", "qty": 1, "stock": 2}"#, "PROD-003_STORE-001",
                    "stock is not a member of this object; remove it or check its spelling"
                ),
                ("7", "skus[1]", "The line must be an object, not a number"),
            ])
        func badLine(line: String, name: String, message: String) async throws {
            let linkit = try await published()
            let answer = try await linkit.post(
                Self.path,
                #"{"skus": [{"iv_id": "PROD-001_STORE-001", "qty": 3}, \#(line), {"iv_id": "PROD-002_STORE-001", "qty": 4}]}"#
            )
            #expect(
                answer.shape
                    == #"{"success":true,"message":"Processed 3 SKUs successfully","data":{"succeeded":2,"failed":1,"errors":{"\#(name)":"\#(message)"}},"timestamp":"<s>"}"#
            )
            #expect(try await quantity("PROD-001_STORE-001", linkit) == 3)
            #expect(try await quantity("PROD-002_STORE-001", linkit) == 4)
            #expect(try await quantity("PROD-003_STORE-001", linkit) == 0)
        }

        @Test("any two of the three names will do, ids among them")
        func naming() async throws {
            let linkit = try await published()
            let product = try await linkit.get("products/code/PROD-003").id
            let branch = try await linkit.get("branches/code/STORE-001").id
            for (quantity, names) in [
                #""iv_id": "PROD-003_STORE-001""#, #""product_iv_id": "PROD-003", "branch_iv_id": "STORE-001""#,
                #""iv_id": "PROD-003_STORE-001", "product_iv_id": "PROD-003""#,
                #""iv_id": "PROD-003_STORE-001", "branch_iv_id": "STORE-001""#,
                #""product_iv_id": "\#(product)", "branch_iv_id": "\#(branch)""#,
                #""iv_id": "PROD-003_STORE-001", "product_iv_id": "\#(product)", "branch_iv_id": "\#(branch)""#,
            ].enumerated() {
                let answer = try await linkit.post(Self.path, #"{"skus": [{\#(names), "qty": \#(quantity + 1)}]}"#)
                #expect(answer.json["data"]["succeeded"].int == 1, "\(answer.text)")
                #expect(try await self.quantity("PROD-003_STORE-001", linkit) == Int64(quantity + 1))
            }
        }

        @Test("lines of one SKU apply in order; each that fails is named")
        func order() async throws {
            let linkit = try await published()
            let answer = try await linkit.post(
                Self.path,
                #"{"skus": [{"iv_id": "PROD-001_STORE-001", "qty": 9}, {"iv_id": "PROD-001_STORE-001", "qty": -1}, {"iv_id": "PROD-001_STORE-001", "qty": 5}, {"iv_id": "PROD-001_STORE-001", "qty": -2}]}"#
            )
            #expect(answer.json["data"]["errors"].names == ["PROD-001_STORE-001", "skus[3]"])
            #expect(answer.json["data"]["succeeded"].int == 2)
            #expect(try await quantity("PROD-001_STORE-001", linkit) == 5)
            let movements = try await linkit.realm.client.get("/inventory/v1/movements").json["data"]
            #expect(movements.elements.map { $0["qty"].int } == [-4, 9])
        }

        @Test("update and upsert set any SKU, since each exists as soon as its product and its branch do")
        func modes() async throws {
            let linkit = try await published()
            try await linkit.set("PROD-001_STORE-001", #""qty": 1"#)
            for (mode, quantity) in [("update", 2), ("upsert", 3)] {
                let lines =
                    #"[{"iv_id": "PROD-001_STORE-001", "qty": \#(quantity)}, {"iv_id": "PROD-002_STORE-001", "qty": 2}]"#
                let answer = try await linkit.post(Self.path, #"{"mode": "\#(mode)", "skus": \#(lines)}"#)
                #expect(answer.json["data"].text == #"{"succeeded":2,"failed":0,"errors":{}}"#)
                #expect(try await self.quantity("PROD-001_STORE-001", linkit) == Int64(quantity))
                #expect(try await self.quantity("PROD-002_STORE-001", linkit) == 2)
            }
            let lines = #"[{"iv_id": "PROD-001_STORE-001", "qty": 2}]"#
            try await linkit.refused(
                422, #"{"code":422,"error":"Validation failed","details":{"mode":"Must be one of upsert, update"}}"#
            ) { try await $0.post(Self.path, #"{"mode": "replace", "skus": \#(lines)}"#) }
        }

        @Test("1 to 1,000 lines")
        func size() async throws {
            let linkit = try await published()
            let line = #"{"iv_id": "PROD-001_STORE-001", "qty": 1}"#
            let body = { (count: Int) in
                #"{"skus": [\#(Array(repeating: line, count: count).joined(separator: ","))]}"#
            }
            try await linkit.refused(
                422,
                #"{"code":422,"error":"Validation failed","details":{"skus":"Must have at most 1000 elements, not 1001; send it in parts"}}"#
            ) { try await $0.post(Self.path, body(1_001)) }
            try await linkit.refused(
                422,
                #"{"code":422,"error":"Validation failed","details":{"skus":"Must have at least 1 elements, not 0"}}"#
            ) { try await $0.post(Self.path, body(0)) }
            try await linkit.refused(
                422,
                #"{"code":422,"error":"Validation failed","details":{"skus":"Is required; add it to the object"}}"#
            ) { try await $0.post(Self.path, "{}") }
            let answer = try await linkit.post(Self.path, body(1_000))
            #expect(answer.json["message"].string == "Processed 1000 SKUs successfully")
            #expect(try await linkit.realm.client.get("/inventory/v1/movements").json["data"].elements.count == 1)
        }

        @Test("a bulk update sent again gets the same bytes and changes nothing, also one that has only failed")
        func idempotency() async throws {
            let linkit = try await published()
            let good = #"{"skus": [{"iv_id": "PROD-001_STORE-001", "qty": 6}, {"iv_id": "NO_STORE-001", "qty": 6}]}"#
            let bad = #"{"skus": [{"qty": 6}]}"#
            let first = try await linkit.post(Self.path, good, key: "g")
            let second = try await linkit.post(Self.path, bad, key: "b")
            try await linkit.set("PROD-001_STORE-001", #""qty": 1"#)
            for (body, key, answer) in [(good, "g", first), (bad, "b", second)] {
                let again = try await linkit.post(Self.path, body, key: key)
                #expect(again.isReplay && again.body == answer.body)
            }
            #expect(try await quantity("PROD-001_STORE-001", linkit) == 1)
            try await linkit.refused(409, reason: "idempotency_key_reused") {
                try await $0.post(Self.path, bad, key: "g")
            }
        }

        @Test("a marketplace's branch and an archived product fail their lines")
        func closed() async throws {
            let linkit = try await published()
            try await linkit.realm.location("AMZ", #""type": "FBS""#)
            #expect(try await linkit.delete("products/code/PROD-003").status == 200)
            let answer = try await linkit.post(
                Self.path,
                #"{"skus": [{"iv_id": "PROD-001_AMZ", "qty": 1}, {"iv_id": "PROD-003_STORE-001", "qty": 1}, {"iv_id": "PROD-001_AMZ", "price": 1}]}"#
            )
            #expect(
                answer.json["data"].text
                    == #"{"succeeded":1,"failed":2,"errors":{"PROD-001_AMZ":"Branch AMZ is read-only: a marketplace keeps its stock. Leave qty out.","PROD-003_STORE-001":"Product PROD-003 is archived"}}"#
            )
        }
    }
}
