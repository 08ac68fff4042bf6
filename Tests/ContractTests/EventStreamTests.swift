import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing

extension ContractTests {
    /// The journal as it happens: `GET /v1/events/stream` and the same under `/inventory/v1`.
    @Suite(.timeLimit(.minutes(2))) struct EventStreamTests {
        @Test("every event comes as it is committed, with its id, its type and the bytes of the feed")
        func live() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 10)
            var stream = try await EventStreamReader(realm)
            #expect(stream.headers["content-type"] == ["text/event-stream"])
            #expect(stream.headers["cache-control"] == ["no-store"])
            #expect(stream.headers["content-length"] == [])
            let seq = try await realm.seq()
            try await realm.item("NEW", #""reorder_point": 3, "metadata": {"a" : "two\nlines", "b":  [1,  2]}"#)
            try await realm.entry(#""sku": "NEW", "warehouse": "SEA-1", "delta": 5, "reason": "r", "note": "a\r\nb""#)
            try await realm.entry(#""sku": "NEW", "warehouse": "SEA-1", "delta": -5, "reason": "sale""#)
            let streamed = try await stream.events(5)
            let feed = try await realm.client.get("/v1/events?after=\(seq)").json["data"].elements
            #expect(streamed.map(\.data) == feed.map(\.text))
            #expect(streamed.map(\.id) == feed.map { $0["id"].string })
            #expect(streamed.map(\.event) == feed.map { $0["type"].string })
            #expect(streamed.map(\.seq) == Array((seq + 1)...(seq + 5)))
        }

        @Test("both dialects stream the same bytes, from any place in the journal")
        func dialects() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1_000)
            for index in 1...40 {
                try await realm.entry(
                    #""sku": "SKU-0042", "warehouse": "SEA-1", "delta": -1, "reason": "r\#(index)""#)
            }
            let feed = try await realm.events()
            for after in [0, 1, 17, 43] {
                let rest = feed.dropFirst(after).map(\.text)
                for path in ["/v1/events/stream", "/inventory/v1/events/stream"] {
                    var byNumber = try await EventStreamReader(realm, "\(path)?after=\(after)")
                    #expect(try await byNumber.events(rest.count).map(\.data) == rest)
                    guard after > 0 else { continue }
                    let id = feed[after - 1]["id"].string
                    // The header wins: it is what a browser sends that connects again to the same URL.
                    var byID = try await EventStreamReader(realm, "\(path)?after=3", lastID: id)
                    #expect(try await byID.events(rest.count).map(\.data) == rest)
                }
            }
            for path in ["/v1/events", "/inventory/v1/events"] {
                let list = try await realm.client.get("\(path)?limit=1000")
                #expect(list.json["data"].elements.map(\.text) == feed.map(\.text))
                for event in [feed[0], feed[20], feed[43]] {
                    let one = try await realm.client.get("\(path)/\(event["id"].string ?? "")")
                    #expect(one.text == event.text)
                }
            }
        }

        @Test("a reader that connects again and again under writes gets every seq exactly once", arguments: 1...3)
        func resume(round: Int) async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1_000_000)
            let writers = 4
            let writes = 60
            let total = Int64(writers * writes)
            let start = try await realm.seq()
            let writing = Task {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for writer in 0..<writers {
                        group.addTask {
                            for round in 0..<writes {
                                try await realm.entry(
                                    #""sku": "SKU-0042", "warehouse": "SEA-1", "delta": -1, "reason": "w\#(writer)-\#(round)""#
                                )
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            var seqs: [Int64] = []
            var lastID: String?
            while seqs.last != start + total {
                var stream =
                    if let lastID {
                        try await EventStreamReader(realm, lastID: lastID)
                    } else {
                        try await EventStreamReader(realm, "/v1/events/stream?after=\(start)")
                    }
                for _ in 0..<Int.random(in: 1...60) where seqs.last != start + total {
                    seqs.append(try await stream.event().seq)
                }
                lastID = stream.lastID
            }
            try await writing.value
            #expect(seqs == Array((start + 1)...(start + total)))
        }

        @Test("many readers at once each get every seq exactly once")
        func manyReaders() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1_000_000)
            let start = try await realm.seq()
            let count = 300
            try await withThrowingTaskGroup(of: Void.self) { group in
                for reader in 0..<24 {
                    group.addTask {
                        let path = reader.isMultiple(of: 2) ? "/v1" : "/inventory/v1"
                        let types = reader.isMultiple(of: 3) ? "&types=movement.*" : ""
                        var stream = try await EventStreamReader(realm, "\(path)/events/stream?after=\(start)\(types)")
                        let seqs = try await stream.events(count).map(\.seq)
                        #expect(seqs == Array((start + 1)...(start + Int64(count))))
                    }
                }
                for writer in 0..<3 {
                    group.addTask {
                        for round in 0..<(count / 3) {
                            try await realm.entry(
                                #""sku": "SKU-0042", "warehouse": "SEA-1", "delta": -1, "reason": "w\#(writer)-\#(round)""#
                            )
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        @Test("without a place to begin, a stream begins with what is recorded after the request")
        func fromNow() async throws {
            let realm = try await ContractRealm()
            try await realm.location("A")
            // An empty header is none.
            for lastID in [nil, ""] {
                var stream = try await EventStreamReader(realm, lastID: lastID)
                let seq = try await realm.seq()
                try await realm.location("L\(seq)")
                #expect(try await stream.event().seq == seq + 1)
            }
            let empty = try await ContractRealm()
            var stream = try await EventStreamReader(empty)
            try await empty.location("A")
            #expect(try await stream.event().seq == 1)
            // Beyond the end it waits for its turn, as the feed does.
            var ahead = try await EventStreamReader(empty, "/v1/events/stream?after=3")
            for code in ["B", "C", "D"] { try await empty.location(code) }
            #expect(try await ahead.event().seq == 4)
        }

        @Test("an id that is not of this realm is answered like one that never was")
        func foreignID() async throws {
            let owner = try await ContractRealm()
            try await owner.location("A")
            let theirs = try #require(try await owner.events().last?["id"].string)
            let realm = try await ContractRealm()
            try await realm.location("A")
            let never = "evt_\(Administration.freshID().text)"
            for path in ["/v1/events", "/inventory/v1/events"] {
                let answers = [
                    try await realm.refused(404, "entry_not_found") { try await $0.get("\(path)/\(theirs)") },
                    try await realm.refused(404, "entry_not_found") { try await $0.get("\(path)/\(never)") },
                ]
                #expect(
                    answers[0].shape.replacing(theirs, with: "?") == answers[1].shape.replacing(never, with: "?"))
                for id in [theirs, never, "evt_", "1", "x\u{e9}", String(repeating: "e", count: 200)] {
                    try await realm.refused(404, "entry_not_found") {
                        try await $0.get("\(path)/stream?after=1", headers: [("Last-Event-ID", id)])
                    }
                }
                try await realm.refused(404, "entry_not_found") { try await $0.get("\(path)/evt_1") }
            }
            for query in ["after=-1", "after=9223372036854775808", "after=x", "limit=1", "since=1"] {
                try await realm.refused(400, "invalid_parameter") { try await $0.get("/v1/events/stream?\(query)") }
            }
        }

        @Test("an event is found under any id that the dialects give its entry")
        func ids() async throws {
            let realm = try await ContractRealm()
            try await realm.location("A")
            try await realm.item("X")
            let movement = try await realm.movement(#""item_id": "X", "qty": 10, "type": "receipt""#)
            let event = try #require(try await realm.events().last)
            for prefix in ["evt", "mov", "ledger", "inv"] {
                let id = "\(prefix)_\(movement.id.dropFirst(4))"
                #expect(try await realm.client.get("/v1/events/\(id)").text == event.text)
                var stream = try await EventStreamReader(realm, lastID: id)
                try await realm.item("Y-\(prefix)")
                #expect(try await stream.event().seq == (event["seq"].int ?? 0) + 1)
            }
        }

        @Test("HEAD is answered with the head, and its refusals are those of GET")
        func headOnly() async throws {
            let realm = try await ContractRealm()
            let head = try await realm.client.send("HEAD", "/v1/events/stream")
            #expect(head.status == 200)
            #expect(head.contentType == "text/event-stream")
            #expect(try await realm.client.send("HEAD", "/v1/events/stream?after=x").status == 400)
        }
    }
}
