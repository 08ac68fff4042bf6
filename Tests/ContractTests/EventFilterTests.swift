import LedgerCore
import Testing

extension ContractTests {
    /// `types` of the feed and of the streams.
    @Suite(.timeLimit(.minutes(2))) struct EventFilterTests {
        /// Every type that a few writes bring about.
        private func variety() async throws -> ContractRealm {
            let realm = try await ContractRealm()
            try await realm.location("A")
            try await realm.item("X", #""reorder_point": 5"#)
            try await realm.movement(#""item_id": "X", "qty": 10, "type": "receipt""#)
            _ = try await realm.client.patch("/inventory/v1/items/X", #"{"name": "New"}"#)
            try await realm.movement(#""item_id": "X", "qty": -7, "type": "sale""#)
            try await realm.movement(#""item_id": "X", "qty": -3, "type": "sale""#)
            _ = try await realm.client.post("/inventory/v1/items/X/archive", "")
            return realm
        }

        private static let filters: [(String, Set<String>)] = [
            ("*", []),
            ("movement.recorded", ["movement.recorded"]),
            ("movement.*,stock.low", ["movement.recorded", "stock.low"]),
            ("stock.*", ["stock.low", "stock.out"]),
            ("item.archived,location.*", ["item.archived", "location.created"]),
            ("inventory.updated", ["movement.recorded"]),
            ("movement.created,stock.out", ["movement.recorded", "stock.out"]),
            ("grn.completed", ["none"]),
        ]

        @Test("a filter leaves out what it does not name, and nothing else", arguments: filters.map(\.0))
        func chosen(types: String) async throws {
            let wanted = Self.filters.first { $0.0 == types }?.1 ?? []
            let realm = try await variety()
            let all = try await realm.events()
            let expected = all.filter { wanted.isEmpty || wanted.contains($0["type"].string ?? "") }.map(\.text)
            for path in ["/v1/events", "/inventory/v1/events"] {
                for limit in [1, 2, 1_000] {
                    var got: [String] = []
                    var after: Int64 = 0
                    var pages = 0
                    while true {
                        let page = try await realm.client.get("\(path)?types=\(types)&limit=\(limit)&after=\(after)")
                            .json
                        got += page["data"].elements.map(\.text)
                        after = try #require(page["last_seq"].int)
                        pages += 1
                        if page["has_more"].bool != true { break }
                        try #require(pages < 100, "the pages have no end")
                    }
                    #expect(got == expected, "\(path) by \(limit)")
                    #expect(after == Int64(all.count))
                }
                var stream = try await EventStreamReader(realm, "\(path)/stream?types=\(types)&after=0")
                let streamed = try await stream.events(expected.count)
                #expect(streamed.map(\.data) == expected)
            }
        }

        @Test("an event in a stream goes under the name that was asked for; its data stay the same")
        func names() async throws {
            let realm = try await variety()
            let asked = [
                "movement.created": "movement.created", "inventory.updated": "inventory.updated",
                "inventory.*": "inventory.updated", "movement.*": "movement.recorded",
                "inventory.updated,movement.recorded": "inventory.updated", "*": "location.created",
            ]
            for (types, name) in asked {
                var stream = try await EventStreamReader(realm, "/v1/events/stream?types=\(types)&after=0")
                let event = try await stream.event()
                #expect(event.event == name, "\(types)")
                #expect(event.json["type"].string == (name == "location.created" ? name : "movement.recorded"))
            }
        }

        @Test("a live stream with a filter is silent about the rest")
        func live() async throws {
            let realm = try await variety()
            var stream = try await EventStreamReader(realm, "/v1/events/stream?types=item.created,stock.out")
            try await realm.location("B")
            try await realm.item("Y")
            try await realm.movement(#""item_id": "Y", "qty": 1, "type": "receipt", "location_id": "A""#)
            try await realm.movement(#""item_id": "Y", "qty": -1, "type": "sale", "location_id": "A""#)
            try await realm.item("Z")
            let events = try await stream.events(3)
            #expect(events.map(\.event) == ["item.created", "stock.out", "item.created"])
        }

        @Test("a type that does not exist is named in the refusal")
        func unknown() async throws {
            let realm = try await ContractRealm()
            let paths = ["/v1/events", "/v1/events/stream", "/inventory/v1/events", "/inventory/v1/events/stream"]
            for path in paths {
                for types in ["nonsense", "movement.*,nonsense", "movement", "stock.low,,nonsense", "nonsense.*"] {
                    let answer = try await realm.refused(400, "invalid_parameter", ["types invalid_value"]) {
                        try await $0.get("\(path)?types=\(types)")
                    }
                    let name = types.contains(",,") ? "“”" : types == "movement" ? "“movement”" : "nonsense"
                    #expect(answer.json["detail"].string?.contains(name) ?? false, "\(answer.text)")
                }
                try await realm.refused(400, "invalid_parameter") { try await $0.get("\(path)?types=") }
                let long = String(repeating: "stock.low,", count: 200) + "stock.low"
                try await realm.refused(400, "invalid_parameter", ["types too_long"]) {
                    try await $0.get("\(path)?types=\(long)")
                }
            }
        }

        @Test("a rare type in a long journal is found over pages that look at a bounded stretch each")
        func rare() async throws {
            let realm = try await ContractRealm()
            try await realm.location("A")
            try await realm.item("X")
            for batch in 0..<52 {
                let line = #"{"idempotency_key": "\#(batch)-%", "item_id": "X", "qty": 1, "type": "receipt"}"#
                let lines = (0..<1_000).map { line.replacing("%", with: "\($0)") }.joined(separator: ",")
                let answer = try await realm.client.post(
                    "/inventory/v1/movements/batch", #"{"movements": [\#(lines)]}"#, key: nil)
                try #require(answer.status == 200)
            }
            try await realm.location("LAST")
            let total = try await realm.seq()
            var found: [Int64] = []
            var after: Int64 = 2
            var pages = 0
            while pages < 100 {
                let page = try await realm.client.get("/v1/events?types=location.*&after=\(after)").json
                found += page["data"].elements.compactMap { $0["seq"].int }
                let last = try #require(page["last_seq"].int)
                #expect(last > after)
                after = last
                pages += 1
                if page["has_more"].bool != true { break }
            }
            #expect(found == [total])
            #expect(pages > 1 && pages < 10)
            var filtered = try await EventStreamReader(realm, "/v1/events/stream?types=location.*&after=2")
            #expect(try await filtered.event().seq == total)
            var whole = try await EventStreamReader(realm, "/v1/events/stream?after=0")
            var next: Int64 = 1
            while next <= total {
                let id = try await whole.event()
                try #require(id.seq == next)
                next += 1
            }
        }
    }
}
