import Testing

extension ContractTests {
    /// Contracts, *Linkit*: lists with numbered pages.
    @Suite struct LinkitListTests {
        /// A SKU as it was made.
        private struct Made {
            var product: String
            var branch: String
            var quantity: Int64
            var isAvailable: Bool

            var ivID: String { "\(product)_\(branch)" }
        }

        /// Five products at three branches, some never touched.
        private func stocked() async throws -> (linkit: LinkitRealm, made: [Made]) {
            let products = ["P-1", "P-2", "P-3", "P-4", "P-5"]
            let branches = ["B-1", "B-2", "B-3"]
            let linkit = try await LinkitRealm(products: products, branches: branches)
            var made: [Made] = []
            for (row, product) in products.enumerated() {
                for (column, branch) in branches.enumerated() {
                    var sku = Made(product: product, branch: branch, quantity: 0, isAvailable: true)
                    if (row + column) % 3 != 0 {
                        sku.quantity = Int64(row * 7 + column)
                        sku.isAvailable = (row * column) % 2 == 0
                        try await linkit.set(
                            sku.ivID, #""qty": \#(sku.quantity), "available": \#(sku.isAvailable), "price": \#(row).25"#
                        )
                    }
                    made.append(sku)
                }
            }
            return (linkit, made)
        }

        @Test("every combination of filters shows exactly the SKUs that match, in order, with an exact total")
        func combinations() async throws {
            let (linkit, made) = try await stocked()
            for product in [nil, "P-2", "P-5"] as [String?] {
                for branch in [nil, "B-1", "B-3"] as [String?] {
                    for isAvailable in [nil, true, false] as [Bool?] {
                        for (minimum, maximum) in [(nil, nil), (1, nil), (nil, 0), (7, 15), (9, 2)]
                            as [(Int64?, Int64?)]
                        {
                            let expected = made.filter { sku in
                                (product == nil || sku.product == product) && (branch == nil || sku.branch == branch)
                                    && (isAvailable == nil || sku.isAvailable == isAvailable)
                                    && sku.quantity >= minimum ?? .min && sku.quantity <= maximum ?? .max
                            }
                            var query: [String] = ["limit=100"]
                            if let product { query.append("product_iv_id=\(product)") }
                            if let branch { query.append("branch_iv_id=\(branch)") }
                            if let isAvailable { query.append("available=\(isAvailable)") }
                            if let minimum { query.append("min_qty=\(minimum)") }
                            if let maximum { query.append("max_qty=\(maximum)") }
                            let text = query.joined(separator: "&")
                            let answer = try await linkit.get("skus?\(text)")
                            #expect(answer.ivIDs == expected.map(\.ivID), "\(text)")
                            #expect(answer.numbers == "\(expected.count) \(expected.count) 1 100 false", "\(text)")
                        }
                    }
                }
            }
        }

        @Test("pages of any size make up the list, and one past the end is empty", arguments: [1, 2, 4, 7, 15, 16])
        func pages(limit: Int) async throws {
            let (linkit, made) = try await stocked()
            var all: [String] = []
            for page in 1...(made.count / limit + 2) {
                let answer = try await linkit.get("skus?page=\(page)&limit=\(limit)")
                let rows = min(limit, max(0, made.count - (page - 1) * limit))
                #expect(answer.numbers == "\(rows) \(made.count) \(page) \(limit) \(page * limit < made.count)")
                all += answer.ivIDs
            }
            #expect(all == made.map(\.ivID))
            for page in ["100", "4611686018427387904", "9223372036854775807"] {
                let answer = try await linkit.get("skus?page=\(page)&limit=100")
                #expect(answer.numbers == "0 \(made.count) \(page) 100 false")
            }
        }

        @Test("without parameters there are twenty rows a page; a row says what the SKU says")
        func defaults() async throws {
            let (linkit, _) = try await stocked()
            try await linkit.created("branches", "B-4")
            try await linkit.created("branches", "B-5")
            let first = try await linkit.get("skus")
            #expect(first.numbers == "20 25 1 20 true")
            #expect(try await linkit.get("skus?page=2").numbers == "5 25 2 20 false")
            for row in first.json["data"].elements {
                let sku = try await linkit.get("skus/code/\(row["iv_id"].string ?? "")").json
                for name in row.names { #expect(row[name].text == sku[name].text) }
            }
        }

        @Test("a product or branch that does not exist has no SKUs, an archived one neither")
        func nothing() async throws {
            let (linkit, _) = try await stocked()
            for query in ["product_iv_id=NO", "branch_iv_id=NO", "product_iv_id=NO&branch_iv_id=B-1"] {
                let answer = try await linkit.get("skus?\(query)")
                #expect(
                    answer.text
                        == #"{"data":[],"count":0,"total_count":0,"page":1,"limit":20,"has_next":false,"meta":{}}"#)
            }
            try await linkit.created("products", "OLD")
            #expect(try await linkit.delete("products/code/OLD").status == 200)
            #expect(try await linkit.get("skus?product_iv_id=OLD").numbers == "0 0 1 20 false")
            for branch in ["B-3"] {
                for product in 1...5 { try await linkit.set("P-\(product)_\(branch)", #""qty": 0"#) }
                #expect(try await linkit.delete("branches/code/\(branch)").status == 200)
                #expect(try await linkit.get("skus?branch_iv_id=\(branch)").numbers == "0 0 1 20 false")
            }
            #expect(try await linkit.get("skus").numbers == "10 10 1 20 false")
            for ivID in ["OLD_B-1", "P-1_B-3"] {
                let missing = #"{"code":404,"error":"SKU not found","details":{"iv_id":"\#(ivID)"}}"#
                try await linkit.refused(404, missing) { try await $0.get("skus/code/\(ivID)") }
                try await linkit.refused(404, missing) { try await $0.put("skus/code/\(ivID)", #"{"qty": 1}"#) }
            }
        }

        @Test(
            "a parameter that is not what it must be is named",
            arguments: [
                ("page=0", "page", "Must be >= 1"), ("page=-1", "page", "Must be >= 1"),
                ("page=1.5", "page", "Must be a whole number without a point or exponent"),
                ("page=99999999999999999999", "page", "Must be <= 9223372036854775807"),
                ("limit=0", "limit", "Must be between 1 and 100"), ("limit=101", "limit", "Must be between 1 and 100"),
                ("limit=x", "limit", "Must be a whole number"), ("available=1", "available", "Must be true or false"),
                (
                    "min_qty=9007199254740992", "min_qty",
                    "Must be between -9007199254740991 and 9007199254740991"
                ),
                ("max_qty=1e3", "max_qty", "Must be a whole number without a point or exponent"),
                ("sku=A", "sku", "Is not a parameter of this operation; remove it or check its spelling"),
                ("page=1&page=2", "page", "Is there more than once; send it once"),
            ])
        func parameters(query: String, name: String, message: String) async throws {
            let linkit = try await LinkitRealm()
            try await linkit.refused(
                422, #"{"code":422,"error":"Validation failed","details":{"\#(name)":"\#(message)"}}"#
            ) { try await $0.get("skus?\(query)") }
        }

        @Test("products and branches may be named by their ids too, and negative stock can be asked for")
        func idsAndNegatives() async throws {
            let linkit = try await LinkitRealm(products: ["Q"])
            let item = try await linkit.realm.item("N", #""allow_negative": true"#)
            let location = try await linkit.realm.location("B", #""allow_negative": true"#)
            try await linkit.realm.entry(#""sku": "N", "warehouse": "B", "delta": -3, "reason": "count""#)
            #expect(
                try await linkit.get("skus?product_iv_id=\(item)&branch_iv_id=\(location)&min_qty=-3&max_qty=-1").ivIDs
                    == ["N_B"])
            #expect(try await linkit.get("skus/code/N_B").json["qty"].int == -3)
            #expect(try await linkit.set("N_B", #""qty": 0"#).json["qty"].int == 0)
        }

        @Test(
            "products and branches are listed in pages, archived ones when asked for",
            arguments: ["products", "branches"])
        func catalogue(collection: String) async throws {
            let linkit = try await LinkitRealm()
            let names = (1...23).map { "N-\($0)" }
            for name in names { try await linkit.created(collection, name) }
            // The first branch is the default and stays.
            let archived = ["N-2", "N-9", "N-23"]
            for name in archived { #expect(try await linkit.delete("\(collection)/code/\(name)").status == 200) }
            let active = names.filter { !archived.contains($0) }
            for (query, expected) in [("", active), ("&archived=false", active), ("&archived=True", names)] {
                var all: [String] = []
                for page in 1...7 {
                    let answer = try await linkit.get("\(collection)?page=\(page)&limit=4\(query)")
                    let rows = min(4, max(0, expected.count - (page - 1) * 4))
                    #expect(answer.numbers == "\(rows) \(expected.count) \(page) 4 \(page * 4 < expected.count)")
                    all += answer.ivIDs
                }
                #expect(all == expected)
            }
            #expect(try await linkit.get(collection).numbers == "20 20 1 20 false")
            #expect(try await linkit.get("\(collection)?page=9223372036854775807&limit=100").json["count"].int == 0)
        }
    }
}
