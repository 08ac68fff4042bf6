import Testing

extension ContractTests {
    /// Many clients at once: one order, exact sums, and no read that shows less than what was acknowledged before it.
    @Suite struct ConcurrencyTests {
        @Test("writes of many connections have one gapless order and add up exactly")
        func oneOrder() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1_000)
            let client = realm.client
            let balances = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for writer in 0..<8 {
                    group.addTask {
                        var balances: [Int64] = []
                        for round in 0..<40 {
                            let delta = writer.isMultiple(of: 2) ? 3 : -2
                            let answer = try await client.post(
                                "/v1/inventory/ledger",
                                #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": \#(delta), "reason": "w\#(writer)-\#(round)"}"#
                            )
                            balances.append(try #require(answer.json["balance"].int))
                        }
                        return balances
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let movements = try await realm.events().filter { $0["type"].string == "movement.recorded" }
            #expect(movements.count == 321)
            var running: Int64 = 0
            for movement in movements {
                #expect(movement["data"]["on_hand_before"].int == running)
                running += movement["data"]["delta"].int ?? 0
                #expect(movement["data"]["on_hand"].int == running)
            }
            #expect(running == 1_160)
            #expect(balances.sorted() == movements.dropFirst().compactMap { $0["data"]["on_hand"].int }.sorted())
            #expect(try await realm.events().compactMap { $0["seq"].int } == Array(1...324))
        }

        @Test("what was acknowledged is seen by every read that begins afterwards")
        func readYourWrites() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 10)
            let client = realm.client
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<6 {
                    let sku = "RYW-\(worker)"
                    try await realm.item(sku)
                    group.addTask {
                        for round in 1...25 {
                            let answer = try await client.post(
                                "/inventory/v1/movements",
                                #"{"item_id": "\#(sku)", "qty": 2, "type": "receipt", "reference": "\#(sku)"}"#)
                            let seq = try #require(answer.json["seq"].int)
                            let expected = Int64(round) * 2
                            #expect(
                                try await client.get("/v1/inventory/balance?sku=\(sku)").json["balance"].int == expected
                            )
                            #expect(
                                try await client.get("/inventory/v1/items/\(sku)/stock").json["on_hand"].int == expected
                            )
                            #expect(
                                try await client.get("/v1/inventory/balance?sku=\(sku)&at=\(answer.id)").json["balance"]
                                    .int == expected)
                            #expect(try await client.get("/v1/ledger/head").json["seq"].int ?? 0 >= seq)
                            #expect(try await client.get("/inventory/v1/movements/\(answer.id)").body == answer.body)
                            let newest = try await client.get("/v1/inventory/ledger?reference=\(sku)&limit=500").json[
                                "data"]
                            #expect(newest.elements.count == round)
                            #expect(
                                try await client.get("/v1/events?after=\(seq - 1)&limit=1").json["data"][0]["seq"].int
                                    == seq)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
