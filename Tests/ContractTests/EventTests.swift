import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing

extension ContractTests {
    /// The journal over HTTP: `GET /v1/events` and `GET /v1/ledger/head`.
    @Suite struct EventTests {
        @Test("every change appears once, in order, gapless, with an id that names it everywhere")
        func order() async throws {
            let realm = try await ContractRealm()
            try await realm.location("A")
            try await realm.location("B")
            let item = try await realm.item("X", #""reorder_point": 5"#)
            let receipt = try await realm.movement(#""item_id": "X", "qty": 10, "type": "receipt", "unit_cost": "2""#)
            let transfer = try await realm.movement(
                #""item_id": "X", "qty": 10, "type": "transfer", "to_location_id": "B""#)
            _ = try await realm.client.patch("/inventory/v1/items/X", #"{"name": "New"}"#)
            _ = try await realm.client.patch("/inventory/v1/locations/B", #"{"is_default": true}"#)
            _ = try await realm.client.post("/inventory/v1/locations/A/archive", "")
            try await realm.movement(#""item_id": "X", "qty": -10, "type": "sale", "reference": "o""#)
            _ = try await realm.client.post("/inventory/v1/items/X/archive", "")
            let events = try await realm.events()
            #expect(
                events.map { $0["type"].string } == [
                    "location.created", "location.created", "item.created", "movement.recorded", "movement.recorded",
                    "stock.low", "stock.out", "item.updated", "location.updated", "location.archived",
                    "movement.recorded",
                    "stock.low", "stock.out", "item.archived",
                ])
            #expect(events.compactMap { $0["seq"].int } == Array(1...14))
            #expect(events.allSatisfy { $0.names == ["type", "id", "timestamp", "seq", "data"] })
            let ids = events.compactMap { $0["id"].string }
            #expect(ids == ids.sorted())
            #expect(Set(ids).count == 14)
            #expect(events[2]["data"]["id"].string == item)
            #expect(events[3]["id"].string?.dropFirst(4) == receipt.id.dropFirst(4))
            #expect(events[4]["data"]["movement_id"].string == transfer.id)
            let times = events.compactMap { $0["timestamp"].string }
            #expect(times == times.sorted())
        }

        @Test("a movement's event says everything that a receiver needs")
        func movementEvent() async throws {
            let realm = try await ContractRealm()
            try await realm.location("A")
            try await realm.location("B")
            try await realm.item("X")
            try await realm.movement(#""item_id": "X", "qty": 10, "type": "receipt", "unit_cost": "2""#)
            try await realm.movement(
                #""item_id": "X", "qty": 4, "type": "transfer", "to_location_id": "B", "reference": "r""#)
            let event = try #require(try await realm.events().last)
            let shape = ContractAnswer(status: 200, headers: [:], body: Array(event.text.utf8)).shape
            #expect(
                shape
                    == #"{"type":"movement.recorded","id":"evt_*","timestamp":"<ms>","seq":5,"data":{"movement_id":"mov_*","item_id":"itm_*","sku":"X","location_id":"wh_*","warehouse":"A","delta":-4,"on_hand_before":10,"on_hand":6,"type":"transfer","reason":"transfer","reference":"r","note":null,"value":"-8.000000","variance":"0.000000","stock_value":"12.000000","to":{"location_id":"wh_*","warehouse":"B","on_hand_before":0,"on_hand":4,"value":"8.000000","variance":"0.000000","stock_value":"8.000000"},"occurred_at":"<ms>","recorded_by":"key_*"}}"#
            )
            #expect(event["data"]["recorded_by"].string == "key_\(realm.created.key.id.text)")
        }

        @Test("stock.low and stock.out fire on crossing only, low first")
        func thresholds() async throws {
            let realm = try await ContractRealm()
            try await realm.location("A", #""allow_negative": true"#)
            try await realm.item("X", #""reorder_point": 10, "allow_negative": true"#)
            try await realm.item("NOPOINT")
            let steps: [(Int, [String])] = [
                (3, []), (6, []), (1, []), (-1, ["stock.low"]), (-2, []), (5, []), (-20, ["stock.low", "stock.out"]),
                (-1, []),
                (9, []), (1, []), (-1, ["stock.out"]), (30, []), (-20, []), (-1, ["stock.low"]), (-9, ["stock.out"]),
            ]
            for (delta, expected) in steps {
                let seq = try await realm.seq()
                try await realm.entry(#""sku": "X", "warehouse": "A", "delta": \#(delta), "reason": "r""#)
                let events = try await realm.client.get("/v1/events?after=\(seq)").json["data"].elements
                #expect(events.compactMap { $0["type"].string } == ["movement.recorded"] + expected, "after \(delta)")
                for alert in events.dropFirst() {
                    #expect(alert["data"]["movement_seq"].int == seq + 1)
                    #expect(alert["data"]["reorder_point"].int == 10)
                }
            }
            let seq = try await realm.seq()
            try await realm.entry(#""sku": "NOPOINT", "warehouse": "A", "delta": 2, "reason": "r""#)
            try await realm.entry(#""sku": "NOPOINT", "warehouse": "A", "delta": -2, "reason": "r""#)
            let types = try await realm.client.get("/v1/events?after=\(seq)").json["data"].elements.compactMap {
                $0["type"].string
            }
            #expect(types == ["movement.recorded", "movement.recorded", "stock.out"])
        }

        @Test("the journal reads the same bytes each time, in pages of any size")
        func identicalBytes() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1_000)
            for index in 0..<30 {
                try await realm.entry(
                    #""sku": "SKU-0042", "warehouse": "SEA-1", "delta": -\#(index + 1), "reason": "r\#(index)""#)
            }
            let first = try await realm.client.get("/v1/events?limit=1000")
            _ = try await realm.client.patch("/inventory/v1/items/SKU-0042", #"{"name": "Another name"}"#)
            _ = try await realm.client.patch("/inventory/v1/locations/SEA-1", #"{"name": "Another name"}"#)
            let whole = try await realm.events().map(\.text)
            #expect(
                whole.prefix(34).joined(separator: ",")
                    == first.json["data"].elements.map(\.text).joined(separator: ","))
            for limit in [1, 3, 7, 1_000] { #expect(try await realm.events(limit: limit).map(\.text) == whole) }
        }

        @Test("after and limit at their edges")
        func edges() async throws {
            let realm = try await ContractRealm()
            let empty = try await realm.client.get("/v1/events")
            #expect(empty.text == #"{"data":[],"has_more":false,"last_seq":0}"#)
            try await realm.publishedExamples(onHand: 5)
            let page = { (query: String) in try await realm.client.get("/v1/events\(query)").json }
            let two = try await page("?limit=2")
            #expect(two["data"].elements.compactMap { $0["seq"].int } == [1, 2])
            #expect(two["has_more"].bool == true)
            #expect(two["last_seq"].int == 2)
            let rest = try await page("?after=2&limit=2")
            #expect(rest["data"].elements.compactMap { $0["seq"].int } == [3, 4])
            #expect(rest["has_more"].bool == false)
            for after in ["4", "5", "1000000", "9223372036854775807"] {
                let beyond = try await realm.client.get("/v1/events?after=\(after)")
                #expect(beyond.text == #"{"data":[],"has_more":false,"last_seq":\#(after)}"#)
            }
            for query in ["after=-1", "after=9223372036854775808", "after=x", "limit=0", "limit=1001", "since=1"] {
                try await realm.refused(400, "invalid_parameter") { try await $0.get("/v1/events?\(query)") }
            }
        }

        @Test("the head names the last entry and changes with every one")
        func head() async throws {
            let realm = try await ContractRealm()
            let empty = try await realm.client.get("/v1/ledger/head").text
            #expect(empty.hasPrefix(#"{"seq":0,"hash":""#))
            #expect(empty.hasSuffix(#"","id":null,"recorded_at":null}"#))
            var hashes: Set<String> = []
            for index in 1...5 {
                try await realm.location("L\(index)")
                let head = try await realm.head()
                let last = try #require(try await realm.events().last)
                #expect(head["seq"].int == Int64(index))
                #expect(head["id"].string == last["id"].string)
                #expect(head["recorded_at"].string == last["timestamp"].string)
                let hash = try #require(head["hash"].string)
                #expect(hash.wholeMatch(of: /[0-9a-f]{64}/) != nil)
                hashes.insert(hash)
            }
            #expect(hashes.count == 5)
        }

        @Test(
            "after a restart the journal has the same bytes, keys still replay, cursors still lead on, balances stand")
        func restart() async throws {
            try await ContractServer.withTemporaryData { data in
                let body = #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": -12, "reason": "order_shipped"}"#
                let reads = [
                    "/v1/events?limit=1000", "/v1/ledger/head", "/v1/inventory/ledger", "/inventory/v1/movements",
                    "/inventory/v1/items", "/inventory/v1/locations",
                ]
                let before = try await ContractServer.serve(data) { server in
                    let realm = try await ContractRealm(on: server)
                    try await realm.publishedExamples(onHand: 1_208)
                    for index in 0..<20 {
                        try await realm.entry(
                            #""sku": "SKU-0042", "warehouse": "PDX-1", "delta": \#(index + 1), "reason": "r", "reference": "o\#(index % 3)""#
                        )
                    }
                    let shipped = try await realm.client.post("/v1/inventory/ledger", body, key: "k")
                    var answers: [String] = []
                    for path in reads { answers.append(try await realm.client.get(path).text) }
                    let page = try await realm.client.get("/v1/inventory/ledger?reference=o1&limit=2").json
                    return (realm.created.secret, shipped, answers, page)
                }
                try await ContractServer.serve(data) { server in
                    let (secret, shipped, answers, page) = before
                    let client = ContractClient(url: server.url, secret: secret)
                    for (path, answer) in zip(reads, answers) { #expect(try await client.get(path).text == answer) }
                    let again = try await client.post("/v1/inventory/ledger", body, key: "k")
                    #expect(again.isReplay)
                    #expect(again.body == shipped.body)
                    let cursor = try #require(page["next_cursor"].string)
                    let rest = try await client.get("/v1/inventory/ledger?reference=o1&cursor=\(cursor)").json["data"]
                        .elements
                    #expect(rest.count == 5)
                    let balance = try await client.get("/v1/inventory/balance?sku=SKU-0042").json
                    #expect(balance["balance"].int == 1_406)
                }
            }
        }
    }
}
