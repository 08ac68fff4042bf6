import LedgerStorage
import Testing
import WireSchema

extension ContractTests {
    /// Lists: filters alone and combined, newest first, and cursors that never skip or repeat.
    @Suite struct ListTests {
        /// A realm with `count` movements of mixed items, locations, types, reasons and references.
        private func mixed(_ count: Int) async throws -> ContractRealm {
            let realm = try await ContractRealm()
            for code in ["W1", "W2"] { try await realm.location(code) }
            for sku in ["A", "B"] { try await realm.item(sku) }
            var generator = SeededChance(seed: 42)
            for sku in ["A", "B"] {
                for code in ["W1", "W2"] {
                    try await realm.movement(
                        #""item_id": "\#(sku)", "location_id": "\#(code)", "qty": 100000, "type": "receipt""#)
                }
            }
            for index in 0..<count {
                let sku = Bool.random(using: &generator) ? "A" : "B"
                let from = Bool.random(using: &generator) ? "W1" : "W2"
                let reason = ["r1", "r2", "sale"].randomElement(using: &generator) ?? "r1"
                let reference =
                    ["", #", "reference": "o1""#, #", "reference": "o2""#].randomElement(using: &generator) ?? ""
                let kind =
                    [
                        #""qty": -1, "type": "sale""#, #""qty": 2, "type": "adjustment""#,
                        #""qty": -1, "type": "pick""#,
                        #""qty": 1, "type": "transfer", "to_location_id": "\#(from == "W1" ? "W2" : "W1")""#,
                    ].randomElement(using: &generator) ?? ""
                try await realm.movement(
                    #""item_id": "\#(sku)", "location_id": "\#(from)", "reason": "\#(reason)", \#(kind)\#(reference)"#)
                if index.isMultiple(of: 9) { try await Task.sleep(for: .milliseconds(2)) }
            }
            return realm
        }

        /// Walks a list to its end; ids in the order in which they came.
        private func walk(_ realm: ContractRealm, _ path: String, limit: Int = 7) async throws -> [String] {
            var ids: [String] = []
            var cursor: String?
            for _ in 0..<1_000 {
                let more = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await realm.client.get("\(path)\(path.contains("?") ? "&" : "?")limit=\(limit)\(more)")
                try #require(page.status == 200, "\(page.text)")
                #expect(page.json["data"].elements.count <= limit)
                ids += page.json["data"].elements.compactMap { $0["id"].string }
                cursor = page.json["next_cursor"].string
                #expect(page.json["has_more"].bool == (cursor != nil))
                if cursor == nil { return ids }
            }
            Issue.record("\(path) has no end")
            return ids
        }

        /// A filter of both lists, and what it chooses among the events.
        private struct Choice: Sendable {
            var skutrail: String?
            var sk: String
            var accepts: @Sendable (AnswerJSON) -> Bool
        }

        private func choices(_ movements: [AnswerJSON]) throws -> [Choice] {
            let middle = try #require(movements[movements.count / 2]["timestamp"].string)
            let second = Timestamp.text((Timestamp.parse(middle) ?? 0) / 1000 * 1000)
            let at: @Sendable (AnswerJSON) -> Int64 = { event in Timestamp.parse(event["timestamp"].string ?? "") ?? 0 }
            let bound = Timestamp.parse(middle) ?? 0
            return [
                Choice(skutrail: "sku=A", sk: "item_id=A") { $0["data"]["sku"].string == "A" },
                Choice(skutrail: "warehouse=W2", sk: "location_id=W2") {
                    $0["data"]["warehouse"].string == "W2" || $0["data"]["to"]["warehouse"].string == "W2"
                },
                Choice(skutrail: "reason=r1", sk: "reason=r1") { $0["data"]["reason"].string == "r1" },
                Choice(skutrail: "reference=o2", sk: "reference=o2") { $0["data"]["reference"].string == "o2" },
                Choice(skutrail: nil, sk: "type=transfer") { $0["data"]["type"].string == "transfer" },
                Choice(skutrail: nil, sk: "recorded_from=\(middle)") { at($0) >= bound },
                Choice(skutrail: nil, sk: "recorded_until=\(middle)") { at($0) < bound },
                Choice(skutrail: "from=\(second)", sk: "recorded_from=\(second)") { at($0) >= bound / 1000 * 1000 },
            ]
        }

        @Test("every filter and every pair and triple of filters shows exactly what it chooses, newest first")
        func filters() async throws {
            let realm = try await mixed(90)
            let movements = try await realm.events().filter { $0["type"].string == "movement.recorded" }
            let choices = try choices(movements)
            for subset in 0..<(1 << choices.count) where subset.nonzeroBitCount <= 3 {
                let chosen = choices.indices.filter { subset & 1 << $0 != 0 }.map { choices[$0] }
                let names = chosen.map { String($0.sk.prefix { $0 != "=" }) }
                guard Set(names).count == names.count else { continue }
                let expected = movements.filter { event in chosen.allSatisfy { $0.accepts(event) } }.reversed()
                    .map { ($0["id"].string ?? "").dropFirst("evt_".count) }
                let query = chosen.map(\.sk).joined(separator: "&")
                let listed = try await walk(realm, "/inventory/v1/movements?\(query)", limit: 23)
                #expect(listed.map { $0.dropFirst("mov_".count) } == expected, "\(query)")
                guard chosen.allSatisfy({ $0.skutrail != nil }) else { continue }
                let other = chosen.compactMap(\.skutrail).joined(separator: "&")
                let entries = try await walk(realm, "/v1/inventory/ledger?\(other)", limit: 23)
                #expect(entries.map { $0.dropFirst("ledger_".count) } == expected, "\(other)")
            }
        }

        @Test(
            "a walk that began before a change shows every row that existed then exactly once",
            arguments: [
                "/inventory/v1/movements", "/v1/inventory/ledger", "/inventory/v1/movements?item_id=A",
                "/v1/inventory/ledger?sku=A&warehouse=W1", "/inventory/v1/movements?reference=o1",
            ])
        func walkWhileWriting(path: String) async throws {
            let realm = try await mixed(40)
            let before = try await walk(realm, path, limit: 500)
            try #require(before.count > 8)
            var seen: [String] = []
            var cursor: String?
            repeat {
                let more = cursor.map { "&cursor=\($0)" } ?? ""
                let page = try await realm.client.get("\(path)\(path.contains("?") ? "&" : "?")limit=3\(more)").json
                seen += page["data"].elements.compactMap { $0["id"].string }
                cursor = page["next_cursor"].string
                try await realm.movement(
                    #""item_id": "A", "location_id": "W1", "qty": 1, "type": "receipt", "reference": "o1""#)
            } while cursor != nil
            #expect(seen == before)
        }

        @Test(
            "a walk over items and locations shows what existed at its beginning, whatever is created or archived then")
        func catalogueWalks() async throws {
            for (path, kind) in [("/inventory/v1/items", "item"), ("/inventory/v1/locations", "location")] {
                let realm = try await ContractRealm()
                var ids: [String] = []
                for index in 0..<10 {
                    ids.append(
                        kind == "item" ? try await realm.item("I\(index)") : try await realm.location("L\(index)"))
                }
                #expect(try await walk(realm, path, limit: 4) == ids)
                var seen: [String] = []
                var cursor: String?
                var round = 0
                repeat {
                    let page = try await realm.client.get("\(path)?limit=3\(cursor.map { "&cursor=\($0)" } ?? "")").json
                    seen += page["data"].elements.compactMap { $0["id"].string }
                    cursor = page["next_cursor"].string
                    let archived = try await realm.client.post("\(path)/\(ids[9 - round])/archive", "")
                    #expect(archived.status == 200)
                    if kind == "item" {
                        try await realm.item("N\(round)")
                    } else {
                        try await realm.location("N\(round)")
                    }
                    round += 1
                } while cursor != nil
                #expect(seen == ids)
                let remaining = try await walk(realm, path, limit: 100)
                #expect(remaining.count == 10)
                #expect(try await walk(realm, "\(path)?archived=true", limit: 3).count == 10 + round)
            }
        }

        @Test("a cursor of another filter, list or realm, or a tampered one, is 400")
        func foreignCursors() async throws {
            let realm = try await mixed(10)
            let other = try await ContractRealm(tenant: realm.tenant, mode: .live)
            let cursor = try #require(
                try await realm.client.get("/inventory/v1/movements?limit=2").json["next_cursor"].string)
            #expect(try await realm.client.get("/inventory/v1/movements?limit=5&cursor=\(cursor)").status == 200)
            let tampered = (0..<cursor.utf8.count).filter { $0.isMultiple(of: 5) }.map { place -> String in
                var bytes = Array(cursor.utf8)
                bytes[place] = bytes[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
                return String(decoding: bytes, as: UTF8.self)
            }
            let wrong =
                ["cursor=\(cursor)&type=sale", "cursor=\(cursor)&item_id=A", "cursor=x"]
                + (tampered + [String(cursor.dropLast()), cursor + "A"]).map { "cursor=\($0)" }
            for query in wrong {
                try await realm.refused(400, "invalid_cursor") { try await $0.get("/inventory/v1/movements?\(query)") }
            }
            for path in ["/v1/inventory/ledger", "/inventory/v1/items", "/inventory/v1/locations"] {
                try await realm.refused(400, "invalid_cursor") { try await $0.get("\(path)?cursor=\(cursor)") }
            }
            try await other.refused(400, "invalid_cursor") {
                try await $0.get("/inventory/v1/movements?cursor=\(cursor)")
            }
        }

        @Test("limits of a page, and parameters that nobody declared")
        func parameters() async throws {
            let realm = try await mixed(2)
            for path in [
                "/inventory/v1/movements", "/v1/inventory/ledger", "/inventory/v1/items", "/inventory/v1/locations",
            ] {
                for (query, fault) in [
                    ("limit=0", "limit out_of_range"), ("limit=501", "limit out_of_range"),
                    ("limit=1.5", "limit not_an_integer"),
                    ("limit=x", "limit wrong_type"), ("limit=1&limit=2", "limit duplicate_parameter"),
                    ("offset=1", "offset unknown_parameter"), ("cursor=", "cursor too_short"),
                ] {
                    let answer = try await realm.refused(400, "invalid_parameter") {
                        try await $0.get("\(path)?\(query)")
                    }
                    #expect(
                        answer.faults.map { $0.split(separator: " ")[0] } == [fault.split(separator: " ")[0]],
                        "\(query)")
                }
                #expect(try await realm.client.get("\(path)?limit=500").status == 200)
            }
        }
    }
}
