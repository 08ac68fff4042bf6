import Testing

extension ContractTests {
    /// Contracts, *SK Inventory*: `POST /inventory/v1/movements/batch`.
    @Suite struct BatchTests {
        private static let path = "/inventory/v1/movements/batch"

        private func realm() async throws -> ContractRealm {
            let realm = try await ContractRealm()
            try await realm.location("A")
            try await realm.location("B")
            try await realm.item("X")
            return realm
        }

        private static func batch(_ lines: [String], atomic: Bool? = nil) -> String {
            let flag = atomic.map { #""atomic": \#($0), "# } ?? ""
            return "{\(flag)\"movements\": [\(lines.map { "{\($0)}" }.joined(separator: ", "))]}"
        }

        private static func line(_ key: String?, _ quantity: Int, _ type: String, _ more: String = "") -> String {
            let key = key.map { #""idempotency_key": "\#($0)", "# } ?? ""
            return #"\#(key)"item_id": "X", "qty": \#(quantity), "type": "\#(type)"\#(more)"#
        }

        /// Sends a batch, holds its results against the rules, and returns each line's status.
        private func send(
            _ realm: ContractRealm, _ lines: [String], atomic: Bool? = nil, key: String? = nil
        ) async throws -> (answer: ContractAnswer, statuses: [Int64]) {
            let answer = try await realm.client.post(Self.path, Self.batch(lines, atomic: atomic), key: key)
            let json = answer.json
            try #require(json["results"].exists, "\(answer.text)")
            let results = json["results"].elements
            #expect(json.names == ["recorded", "replayed", "refused", "results"])
            #expect(results.compactMap { $0["index"].int } == Array(0..<Int64(lines.count)))
            let counts = ["recorded", "replayed", "refused"].compactMap { json[$0].int }
            #expect(counts.reduce(0, +) == Int64(lines.count))
            for result in results {
                let status = Int(result["status"].int ?? 0)
                #expect(result["movement"].exists == (status == 201))
                if status >= 400 {
                    #expect(
                        ContractRules.problemComplaints(
                            result["problem"], status: status, result["problem"]["instance"].string ?? "") == [])
                }
            }
            return (answer, results.compactMap { $0["status"].int })
        }

        @Test("lines are decided in order, each seeing the ones before it, each with its own result")
        func inOrder() async throws {
            let realm = try await realm()
            let lines = [
                Self.line("a", -1, "sale"), Self.line("b", 6, "receipt"), Self.line("c", -6, "sale"),
                Self.line("d", -6, "sale"),
                Self.line("e", 0, "receipt"), Self.line("f", 2, "receipt", #", "location_id": "NO""#),
                Self.line("g", 2, "receipt"),
            ]
            let (answer, statuses) = try await send(realm, lines)
            #expect(answer.status == 200)
            #expect(answer.contentType == "application/json")
            #expect(statuses == [422, 201, 201, 422, 422, 404, 201])
            #expect(answer.json["recorded"].int == 3)
            #expect(answer.json["refused"].int == 4)
            #expect(answer.json["results"][0]["problem"]["code"].string == "insufficient_stock")
            #expect(answer.json["results"][0]["problem"]["balance"].int == 0)
            #expect(answer.json["results"][4]["problem"]["code"].string == "quantity_zero")
            #expect(answer.json["results"][1]["movement"]["on_hand"].int == 6)
            #expect(answer.json["results"][6]["movement"]["seq"].int == 7)
            #expect(
                answer.json["results"].elements.compactMap { $0["idempotency_key"].string } == [
                    "a", "b", "c", "d", "e", "f", "g",
                ])
            #expect(try await realm.seq() == 7)
        }

        @Test("a result is exactly what the line alone is answered, and its key is the same key")
        func replayAlone() async throws {
            let realm = try await realm()
            let (answer, _) = try await send(realm, [Self.line("a", 6, "receipt"), Self.line("b", -9, "sale")])
            for (index, key) in ["a", "b"].enumerated() {
                let line = index == 0 ? Self.line(nil, 6, "receipt") : Self.line(nil, -9, "sale")
                let alone = try await realm.client.post("/inventory/v1/movements", "{\(line)}", key: key)
                #expect(alone.isReplay)
                let result = answer.json["results"][index]
                #expect(alone.text == (index == 0 ? result["movement"].text : result["problem"].text))
                #expect(Int64(alone.status) == result["status"].int)
            }
            let first = try await realm.client.post(
                "/inventory/v1/movements", "{\(Self.line(nil, 2, "receipt"))}", key: "c")
            let (later, statuses) = try await send(
                realm,
                [
                    Self.line("c", 2, "receipt"), Self.line("a", 6, "receipt"), Self.line("b", -9, "sale"),
                    Self.line("new", 1, "receipt"),
                ])
            #expect(statuses == [201, 201, 422, 201])
            #expect(later.json["results"].elements.map { $0["replayed"].bool } == [true, true, true, false])
            #expect(later.json["results"][0]["movement"].text == first.text)
            #expect(later.json["results"][1]["movement"].text == answer.json["results"][0]["movement"].text)
            #expect(later.json["recorded"].int == 1)
            #expect(later.json["replayed"].int == 2)
            #expect(later.json["refused"].int == 1)
            #expect(try await realm.seq() == 6)
        }

        @Test("a quoted key of a line names the same key as the bare one")
        func quotedKey() async throws {
            let realm = try await realm()
            let (answer, _) = try await send(
                realm, [#""idempotency_key": "\"q\"", "item_id": "X", "qty": 1, "type": "receipt""#])
            #expect(answer.json["results"][0]["idempotency_key"].string == "\"q\"")
            for key in ["q", "\"q\""] {
                let alone = try await realm.client.post(
                    "/inventory/v1/movements", "{\(Self.line(nil, 1, "receipt"))}", key: key)
                #expect(alone.isReplay)
            }
        }

        @Test("a line's key with another line is 409 for that line, also within one batch")
        func reuse() async throws {
            let realm = try await realm()
            let (_, statuses) = try await send(
                realm, [Self.line("a", 6, "receipt"), Self.line("a", 7, "receipt"), Self.line("a", 6, "receipt")])
            #expect(statuses == [201, 409, 201])
            #expect(try await realm.seq() == 4)
            let (_, later) = try await send(realm, [Self.line("a", 8, "receipt"), Self.line("b", 1, "receipt")])
            #expect(later == [409, 201])
        }

        @Test("lines that the schema refuses don't stop the others, and leave their keys free")
        func badLines() async throws {
            let realm = try await realm()
            let bad = [
                Self.line("a", 1, "receipt", #", "colour": "red""#), Self.line("b", 1, "gift"),
                #""idempotency_key": "c", "item_id": "X", "qty": 1.5, "type": "receipt""#,
                #""idempotency_key": "d", "qty": 1, "type": "receipt""#,
                #""idempotency_key": 7, "item_id": "X", "qty": 1, "type": "receipt""#,
            ]
            let (answer, statuses) = try await send(realm, bad + [Self.line("e", 1, "receipt")])
            #expect(answer.status == 200)
            #expect(statuses == [422, 422, 400, 422, 422, 201])
            let faults = answer.json["results"].elements.prefix(5).map { $0["problem"]["errors"][0]["pointer"].string }
            #expect(
                faults == [
                    "/movements/0/colour", "/movements/1/type", "/movements/2/qty", "/movements/3/item_id",
                    "/movements/4/idempotency_key",
                ])
            let (_, corrected) = try await send(realm, ["a", "b", "c", "d"].map { Self.line($0, 1, "receipt") })
            #expect(corrected == [201, 201, 201, 201])
        }

        @Test("atomic: a refused line undoes the others and leaves all keys free")
        func atomic() async throws {
            let realm = try await realm()
            let head = try await realm.head().text
            let lines = [Self.line("a", 6, "receipt"), Self.line("b", -9, "sale"), Self.line("c", 6, "receipt")]
            let (answer, statuses) = try await send(realm, lines, atomic: true)
            #expect(answer.status == 422)
            #expect(statuses == [422, 422, 422])
            let codes = answer.json["results"].elements.map { $0["problem"]["code"].string }
            #expect(codes == ["not_applied", "insufficient_stock", "not_applied"])
            #expect(try await realm.head().text == head)
            let corrected = [Self.line("a", 6, "receipt"), Self.line("b", -2, "sale"), Self.line("c", 6, "receipt")]
            let (second, accepted) = try await send(realm, corrected, atomic: true)
            #expect(second.status == 200)
            #expect(accepted == [201, 201, 201])
            let (third, replayed) = try await send(realm, corrected, atomic: true)
            #expect(third.status == 200)
            #expect(replayed == [201, 201, 201])
            #expect(third.json["replayed"].int == 3)
            #expect(try await realm.seq() == 6)
        }

        @Test("atomic: a line that the schema refuses, or a reused key, refuses the whole")
        func atomicWithBadLine() async throws {
            let realm = try await realm()
            _ = try await send(realm, [Self.line("used", 1, "receipt")])
            let head = try await realm.head().text
            for bad in [Self.line("b", 1, "gift"), Self.line("used", 2, "receipt")] {
                let (answer, _) = try await send(realm, [Self.line("a", 6, "receipt"), bad], atomic: true)
                #expect(answer.status == 422)
                #expect(answer.json["recorded"].int == 0)
                #expect(answer.json["results"][0]["problem"]["code"].string == "not_applied")
                #expect(try await realm.head().text == head)
            }
            // What an earlier request recorded counts as done.
            let (answer, _) = try await send(
                realm, [Self.line("a", 6, "receipt"), Self.line("used", 1, "receipt")], atomic: true)
            #expect(answer.status == 200)
            #expect(answer.json["results"].elements.map { $0["replayed"].bool } == [false, true])
        }

        @Test("with a key for the whole request, lines need none, and the whole is replayed byte for byte")
        func headerKey() async throws {
            let realm = try await realm()
            let lines = [Self.line(nil, 6, "receipt"), Self.line("own", 1, "receipt"), Self.line(nil, -9, "sale")]
            let (first, statuses) = try await send(realm, lines, key: "whole")
            #expect(statuses == [201, 201, 422])
            #expect(first.json["results"][0]["idempotency_key"].isNull)
            let head = try await realm.head().text
            let (second, _) = try await send(realm, lines, key: "whole")
            #expect(second.isReplay)
            #expect(second.body == first.body)
            try await realm.refused(409, "idempotency_key_reused") {
                try await $0.post(Self.path, Self.batch([Self.line(nil, 1, "receipt")]), key: "whole")
            }
            #expect(try await realm.head().text == head)
            // A refused atomic batch is the ledger's decision: stored like any other.
            let (refused, _) = try await send(realm, [Self.line(nil, -99, "sale")], atomic: true, key: "atomic")
            #expect(refused.status == 422)
            let (again, _) = try await send(realm, [Self.line(nil, -99, "sale")], atomic: true, key: "atomic")
            #expect(again.isReplay)
            #expect(again.body == refused.body)
        }

        @Test("1,000 lines are taken and 1,001 are not; an empty batch is refused")
        func size() async throws {
            let realm = try await realm()
            let lines = (0..<1_001).map {
                Self.line("k\($0)", 1, "receipt", #", "location_id": "\#($0.isMultiple(of: 2) ? "A" : "B")""#)
            }
            for count in [0, 1_001] {
                let fault = count == 0 ? "/movements too_few_items" : "/movements too_many_items"
                try await realm.refused(422, "validation_failed", [fault]) {
                    try await $0.post(Self.path, Self.batch(Array(lines.prefix(count))), key: nil)
                }
            }
            let (answer, statuses) = try await send(realm, Array(lines.prefix(1_000)))
            #expect(answer.status == 200)
            #expect(statuses == Array(repeating: 201, count: 1_000))
            #expect(try await realm.client.get("/v1/inventory/balance?sku=X").json["balance"].int == 1_000)
            let movements = answer.json["results"].elements.map { $0["movement"] }
            #expect(movements.compactMap { $0["seq"].int } == Array(4...1_003))
            let ids = movements.compactMap { $0["id"].string }
            #expect(ids == ids.sorted(), "ids have the order of the ledger, also within one commit")
            let (again, _) = try await send(realm, Array(lines.prefix(1_000)))
            #expect(again.json["replayed"].int == 1_000)
            #expect(again.json["results"][999]["movement"].text == answer.json["results"][999]["movement"].text)
            #expect(try await realm.seq() == 1_003)
        }

        @Test("what is wrong with the batch itself is refused as a whole")
        func malformed() async throws {
            let realm = try await realm()
            let good = Self.line("a", 1, "receipt")
            let cases: [(String, Int, [String])] = [
                ("{\"movements\": [{\(good)}], \"colour\": 1}", 422, ["/colour unknown_member"]),
                ("{\"movements\": {\(good)}}", 422, ["/movements wrong_type"]), ("{}", 422, ["/movements required"]),
                ("{\"movements\": [{\(good)}], \"atomic\": 1}", 422, ["/atomic wrong_type"]),
                ("[{\(good)}]", 422, [" wrong_type"]),
            ]
            for (body, status, faults) in cases {
                try await realm.refused(status, "validation_failed", faults) {
                    try await $0.post(Self.path, body, key: nil)
                }
            }
            try await realm.refused(400, "malformed_json", ["/movements/1/qty duplicate_member"]) {
                try await $0.post(Self.path, "{\"movements\": [{\(good)}, {\(good), \"qty\": 2}]}", key: nil)
            }
        }

        @Test("twins of one batch that race are recorded once")
        func twins() async throws {
            let realm = try await realm()
            let lines = (0..<50).map { Self.line("t\($0)", 1, "receipt") }
            let answers = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        try await self.send(realm, lines).answer.json["results"].elements.map { $0["movement"].text }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers).count == 1)
            #expect(try await realm.seq() == 53)
        }
    }
}
