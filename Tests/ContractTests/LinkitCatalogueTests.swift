import HTTPInterface
import LedgerStorage
import LinkitAPI
import Testing
import WireSchema

extension ContractTests {
    /// Contracts, *Linkit*: products and branches, who may do what, and the document's examples.
    @Suite struct LinkitCatalogueTests {
        @Test("a product is created with all its members, read, changed in part, archived, and seen by the others")
        func product() async throws {
            let linkit = try await LinkitRealm()
            let organization = "org_\(linkit.realm.tenant)"
            let created = try await linkit.post(
                "products", #"{"iv_id": "PROD-001", "name": "Blue", "barcode": "4006381333931", "price": 15.5}"#)
            #expect(created.status == 201)
            #expect(
                created.shape
                    == #"{"id":"itm_*","iv_id":"PROD-001","organization_id":"\#(organization)","name":"Blue","barcode":"4006381333931","price":15.50,"archived":false,"created":"<s>","updated":"<s>"}"#
            )
            for reference in ["PROD-001", "PROD%2D001", created.id] {
                #expect(try await linkit.get("products/code/\(reference)").body == created.body)
            }
            #expect(try await linkit.realm.client.get("/inventory/v1/items/PROD-001").id == created.id)
            let changed = try await linkit.put(
                "products/code/PROD-001", #"{"iv_id": "PROD-001", "barcode": null, "price": 16.99}"#)
            #expect(
                changed.shape
                    == #"{"id":"itm_*","iv_id":"PROD-001","organization_id":"\#(organization)","name":"Blue","barcode":null,"price":16.99,"archived":false,"created":"<s>","updated":"<s>"}"#
            )
            let archived = try await linkit.delete("products/code/PROD-001")
            #expect(archived.status == 200)
            #expect(archived.json["archived"].bool == true)
            #expect(try await linkit.get("products/code/PROD-001").body == archived.body)
            try await linkit.refused(409, reason: "item_archived") {
                try await $0.put("products/code/PROD-001", #"{"name": "x"}"#)
            }
            try await linkit.refused(409, reason: "item_archived") { try await $0.delete("products/code/PROD-001") }
            try await linkit.refused(409, reason: "sku_taken") {
                try await $0.post("products", #"{"iv_id": "PROD-001", "name": "Again"}"#)
            }
        }

        @Test("a branch is created with all its members, read, changed in part, archived, and seen by the others")
        func branch() async throws {
            let linkit = try await LinkitRealm(branches: ["FIRST"])
            let organization = "org_\(linkit.realm.tenant)"
            let created = try await linkit.post(
                "branches",
                #"{"iv_id": "STORE-001", "name": "Harbour", "address": "1 Quay", "time_zone": "Europe/London"}"#)
            #expect(created.status == 201)
            #expect(
                created.shape
                    == #"{"id":"wh_*","iv_id":"STORE-001","organization_id":"\#(organization)","name":"Harbour","address":"1 Quay","time_zone":"Europe/London","archived":false,"created":"<s>","updated":"<s>"}"#
            )
            for reference in ["STORE-001", created.id] {
                #expect(try await linkit.get("branches/code/\(reference)").body == created.body)
            }
            let changed = try await linkit.put("branches/code/STORE-001", #"{"name": "Quay", "address": null}"#)
            #expect(changed.json["name"].string == "Quay")
            #expect(changed.json["address"].isNull && changed.json["time_zone"].string == "Europe/London")
            #expect(
                try await linkit.realm.client.get("/inventory/v1/locations/STORE-001").json["name"].string == "Quay")
            let archived = try await linkit.delete("branches/code/STORE-001")
            #expect(archived.json["archived"].bool == true)
            try await linkit.refused(409, reason: "location_archived") {
                try await $0.put("branches/code/STORE-001", #"{"name": "x"}"#)
            }
            try await linkit.refused(409, reason: "code_taken") {
                try await $0.post("branches", #"{"iv_id": "STORE-001", "name": "Again"}"#)
            }
            try await linkit.refused(409, reason: "default_location_required") {
                try await $0.delete("branches/code/FIRST")
            }
        }

        @Test("creating either makes the missing SKUs")
        func generated() async throws {
            let linkit = try await LinkitRealm(products: ["A", "B"])
            #expect(try await linkit.get("skus").ivIDs == [])
            try await linkit.created("branches", "X")
            #expect(try await linkit.get("skus").ivIDs == ["A_X", "B_X"])
            try await linkit.created("products", "C")
            try await linkit.created("branches", "Y")
            #expect(try await linkit.get("skus").ivIDs == ["A_X", "A_Y", "B_X", "B_Y", "C_X", "C_Y"])
            let ids = try await linkit.get("skus").json["data"].elements.compactMap { $0["id"].string }
            #expect(Set(ids).count == 6)
            #expect(ids.allSatisfy { $0.wholeMatch(of: /r[0-9a-f]{16}/) != nil })
        }

        @Test("an iv_id that would give a SKU the name of another is refused, whichever comes last")
        func jointNames() async throws {
            let linkit = try await LinkitRealm(products: ["A_B"], branches: ["C", "B_C"])
            try await linkit.refused(409, reason: "joint_name_taken") {
                try await $0.post("products", #"{"iv_id": "A", "name": "A"}"#)
            }
            let second = try await LinkitRealm(products: ["A_B", "A"], branches: ["C"])
            try await second.refused(409, reason: "joint_name_taken") {
                try await $0.post("branches", #"{"iv_id": "B_C", "name": "x"}"#)
            }
        }

        @Test("what has stock can't be archived")
        func stocked() async throws {
            let linkit = try await LinkitRealm(products: ["P"], branches: ["FIRST", "B"])
            try await linkit.set("P_B", #""qty": 1"#)
            try await linkit.refused(409, reason: "item_has_stock") { try await $0.delete("products/code/P") }
            try await linkit.refused(409, reason: "location_has_stock") { try await $0.delete("branches/code/B") }
            try await linkit.set("P_B", #""qty": 0"#)
            #expect(try await linkit.delete("branches/code/B").status == 200)
            #expect(try await linkit.delete("products/code/P").status == 200)
        }

        @Test(
            "products and branches that are not what they must be are refused by name",
            arguments: [
                ("products", #"{"name": "N"}"#, 422, #"{"iv_id":"Is required; add it to the object"}"#),
                ("products", #"{"iv_id": "", "name": "N"}"#, 422, #"{"iv_id":"Must not be empty"}"#),
                ("products", #"{"iv_id": "A"}"#, 422, #"{"name":"Is required; add it to the object"}"#),
                ("products", #"{"iv_id": "A", "name": "N", "price": -1}"#, 422, #"{"price":"Must be >= 0"}"#),
                (
                    "products", #"{"iv_id": "A", "name": "N", "price": 1e13}"#, 400,
                    #"{"price":"Must be <= 1000000000000"}"#
                ),
                (
                    "branches", #"{"iv_id": "A", "name": "N", "time_zone": "Mars"}"#, 422,
                    #"{"time_zone":"Must be an IANA time zone name, such as Europe/London"}"#
                ),
                (
                    "branches", #"{"iv_id": "A", "name": "N", "code": "A"}"#, 422,
                    #"{"code":"Is not a member of this object; remove it or check its spelling"}"#
                ),
            ])
        func validation(collection: String, body: String, status: Int, details: String) async throws {
            let linkit = try await LinkitRealm()
            try await linkit.refused(
                status, #"{"code":\#(status),"error":"Validation failed","details":\#(details)}"#
            ) { try await $0.post(collection, body) }
        }

        @Test("an iv_id can't be changed", arguments: ["products", "branches"])
        func renamed(collection: String) async throws {
            let linkit = try await LinkitRealm(products: ["A"], branches: ["A"])
            try await linkit.refused(
                422,
                #"{"code":422,"error":"Validation failed","details":{"iv_id":"Can't be changed; leave it out, and create another for another iv_id"}}"#
            ) { try await $0.put("\(collection)/code/A", #"{"iv_id": "B"}"#) }
        }

        @Test("creations, changes and archivals are replayed byte for byte")
        func idempotency() async throws {
            let linkit = try await LinkitRealm(branches: ["FIRST"])
            for (collection, body) in [
                ("products", #"{"iv_id": "P", "name": "N"}"#), ("branches", #"{"iv_id": "B", "name": "N"}"#),
            ] {
                let path = "\(collection)/code/\(collection == "products" ? "P" : "B")"
                let created = try await linkit.post(collection, body, key: "c-\(collection)")
                let changed = try await linkit.put(path, #"{"name": "M"}"#, key: "u-\(collection)")
                let archived = try await linkit.delete(path, key: "d-\(collection)")
                let head = try await linkit.realm.head().text
                for (answer, again) in [
                    (created, try await linkit.post(collection, body, key: "c-\(collection)")),
                    (changed, try await linkit.put(path, #"{"name": "M"}"#, key: "u-\(collection)")),
                    (archived, try await linkit.delete(path, key: "d-\(collection)")),
                ] {
                    #expect(again.isReplay && again.body == answer.body && again.status == answer.status)
                }
                #expect(try await linkit.realm.head().text == head)
            }
        }

        @Test("every operation needs a live key with its scope, and refuses in Linkit's form")
        func access() async throws {
            let all = try await ContractRealm()
            let reader = LinkitRealm(try await all.key(scopes: [.inventoryRead]))
            let writer = LinkitRealm(try await all.key(scopes: [.inventoryWrite]))
            for operation in LinkitAPI.operations {
                let description = operation.description
                let method = description.method.rawValue.uppercased()
                let path = description.path.description.replacing("{ivId}", with: "x")
                let isRead = description.method == .get
                let nobody = try await ContractClient(url: all.client.url, secret: nil).send(method, path)
                #expect(nobody.status == 401)
                #expect(nobody.json["error"].string == "Unauthorized")
                let tail = String(path.dropFirst(LinkitRealm.base.count + 1))
                let refused = try await (isRead ? writer : reader).send(method, tail, isRead ? nil : "{}")
                #expect(refused.status == 403, "\(description.id)")
                #expect(refused.json["details"]["reason"].string == "insufficient_scope")
                let passed = try await (isRead ? reader : writer).send(method, tail, isRead ? nil : "{}")
                #expect(passed.status != 401 && passed.status != 403, "\(description.id)")
                #expect(description.idempotency == (isRead ? .none : .optional))
            }
        }

        @Test("paths and methods that don't exist are refused in Linkit's form too")
        func routes() async throws {
            let linkit = try await LinkitRealm()
            try await linkit.refused(404, reason: "route_not_found") { try await $0.get("skus/PROD-001") }
            try await linkit.refused(405, reason: "method_not_allowed") { try await $0.delete("skus/code/A_B") }
            try await linkit.refused(405, reason: "method_not_allowed") {
                try await $0.send("PATCH", "skus/code/A_B", "{}")
            }
            try await linkit.refused(405, reason: "method_not_allowed") { try await $0.post("skus", "{}") }
        }

        @Test("every example of the document is accepted")
        func examples() async throws {
            for operation in LinkitAPI.operations {
                let description = operation.description
                for example in description.request?.examples ?? [] {
                    let linkit = try await LinkitRealm()
                    if !description.id.hasPrefix("create") {
                        try await linkit.created("products", "PROD-001")
                        try await linkit.created("products", "PROD-002")
                        try await linkit.created("branches", "STORE-001")
                    }
                    let target =
                        description.id.contains("SKU")
                        ? "PROD-001_STORE-001" : description.id.contains("Product") ? "PROD-001" : "STORE-001"
                    let path = description.path.description.replacing("{ivId}", with: target)
                    let answer = try await linkit.send(
                        description.method.rawValue.uppercased(), String(path.dropFirst(LinkitRealm.base.count + 1)),
                        example.json)
                    #expect(answer.status < 300, "\(description.id), \(example.name): \(answer.text)")
                    #expect(answer.json["data"]["failed"].int ?? 0 == 0)
                }
            }
        }
    }
}
