import NIOHTTP1
import ServerApp
import Synchronization
import Testing

extension ContractTests {
    /// Sending again: one event, a stretch by seq or time, some types.
    @Suite struct WebhookReplayTests {
        @Test("a stretch is sent again by seq, by time, by type: the same ids and bytes, beside what is new")
        func stretches() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 1)
                let endpoint = try await realm.webhook(receiver.url(), ["movement.created", "item.*"])
                for index in 0..<5 {
                    try await realm.move()
                    try await realm.item("I\(index)")
                    try await Task.sleep(for: .milliseconds(3))
                }
                try await receiver.wait(for: 10)
                try await realm.settle(endpoint)
                let bodies = Dictionary(receiver.deliveries.map { ($0.id, $0.text) }, uniquingKeysWith: { $1 })
                let events = try await realm.events()
                let wanted = events.filter { ["movement.recorded", "item.created"].contains($0["type"].string ?? "") }
                let sixth = events[10]
                let time = sixth["timestamp"].string ?? ""
                let replays: [(String, (AnswerJSON) -> Bool)] = [
                    ("{}", { $0["seq"].int ?? 0 > 5 }), (#"{"from_seq": 1}"#, { _ in true }),
                    (#"{"from_seq": 8, "to_seq": 10}"#, { (8...10).contains($0["seq"].int ?? 0) }),
                    (#"{"since": "\#(time)"}"#, { $0["timestamp"].string ?? "" >= time }),
                    (
                        #"{"from_seq": 6, "until": "\#(time)"}"#,
                        { $0["timestamp"].string ?? "" < time && $0["seq"].int ?? 0 > 5 }
                    ),
                    (#"{"events": ["item.*"]}"#, { $0["type"].string == "item.created" && $0["seq"].int ?? 0 > 5 }),
                    (
                        #"{"events": ["inventory.updated"]}"#,
                        { $0["type"].string == "movement.recorded" && $0["seq"].int ?? 0 > 5 }
                    ),
                    (#"{"events": ["stock.low"]}"#, { _ in false }),
                    (#"{"from_seq": 7, "to_seq": 99999999}"#, { $0["seq"].int ?? 0 >= 7 }),
                ]
                for (body, accepts) in replays {
                    receiver.forget()
                    let answer = try await realm.client.post("\(endpoint.path)/replay", body)
                    #expect(answer.status == 202, "\(answer.text)")
                    #expect(
                        answer.json.names == [
                            "id", "webhook_id", "from_seq", "to_seq", "events", "dead_only", "requested_at",
                        ])
                    #expect(answer.json["to_seq"].int ?? 0 < (try await realm.seq()))
                    let expected = wanted.filter(accepts).compactMap { $0["id"].string }
                    try await receiver.wait(for: expected.count)
                    try await eventually("the replay to end") {
                        try await realm.client.get("\(endpoint.path)/replays").text == #"{"data":[]}"#
                    }
                    #expect(receiver.deliveries.map(\.id).sorted() == expected, "\(body)")
                    for delivery in receiver.deliveries {
                        if let before = bodies[delivery.id] { #expect(delivery.text == before) }
                        try delivery.verify(endpoint.secret, now: nil)
                        #expect(["movement.created", "item.created"].contains(delivery.type))
                    }
                }
            }
        }

        @Test("one event is sent again, one from before the endpoint too; what it does not take is not found")
        func single() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 1)
                let early = try #require(try await realm.events().last?["id"].string)
                let endpoint = try await realm.webhook(receiver.url(), ["inventory.updated"])
                try await realm.move()
                let first = try #require(try await receiver.wait(for: 1).first)
                try await realm.settle(endpoint)
                let path = { (id: String) in "\(endpoint.path)/deliveries/\(id)/replay" }
                let key = ContractClient.freshKey()
                let answer = try await realm.client.post(path(first.id), "", key: key)
                #expect(answer.status == 202)
                #expect(answer.json["from_seq"].int == first.seq)
                #expect(answer.json["to_seq"].int == first.seq)
                let again = try await realm.client.post(path(first.id), "{}", key: key)
                #expect(again.isReplay && again.body == answer.body)
                let second = try await receiver.wait(for: 2)[1]
                #expect(second.id == first.id)
                #expect(second.body == first.body)
                #expect(try await realm.client.post(path(early), "").status == 202)
                let third = try await receiver.wait(for: 3)[2]
                #expect(third.id == early)
                #expect(third.type == "inventory.updated")
                try await eventually("both to be noted") {
                    try await realm.walk("\(endpoint.path)/deliveries", limit: 10).count == 2
                }
                let detail = try await realm.client.get("\(endpoint.path)/deliveries/\(first.id)").json
                #expect(detail["attempts"].int == 2)
                #expect(detail["log"].elements.map { $0["status"].int } == [200, 200])
                let created = try #require(try await realm.events().first?["id"].string)
                try await realm.refused(404, "delivery_not_found") { try await $0.post(path(created), "") }
                #expect(receiver.deliveries.count == 3)
            }
        }

        @Test("a replay that is under way can be seen, and what is new does not wait for it")
        func running() async throws {
            let isHeld = Mutex(false)
            try await ContractServer.withTemporaryData { data in
                try await ContractServer.serve(data, flags: ["webhook-timeout": "3"]) { server in
                    try await WebhookReceiver.run({ delivery, _ in
                        isHeld.withLock { $0 } && delivery.seq < 20 ? .nothing : .ok
                    }) { receiver in
                        let realm = try await ContractRealm(on: server)
                        try await realm.publishedExamples(onHand: 1)
                        let endpoint = try await realm.webhook(receiver.url(), ["movement.recorded"])
                        try await realm.move(14)
                        try await receiver.wait(for: 14)
                        try await realm.settle(endpoint)
                        isHeld.withLock { $0 = true }
                        let replay = try await realm.client.post(
                            "\(endpoint.path)/replay", #"{"from_seq": 6, "to_seq": 7}"#)
                        try await receiver.wait(for: 16)
                        let list = try await realm.client.get("\(endpoint.path)/replays").json["data"]
                        #expect(list.elements.count == 1)
                        #expect(list[0].names == replay.json.names + ["settled_seq"])
                        #expect(list[0]["id"].string == replay.id)
                        #expect(list[0]["settled_seq"].int == 5)
                        try await realm.move(3)
                        try await receiver.wait(for: 19)
                        let detail = try await realm.client.get(
                            "\(endpoint.path)/deliveries/\(receiver.deliveries[15].id)")
                        #expect(detail.json["status"].string == "delivered")
                    }
                }
            }
        }

        @Test("deliveries go on where they were after a restart, and so do replays")
        func restart() async throws {
            try await ContractServer.withTemporaryData { data in
                try await WebhookReceiver.run({ _, _ in .status(503) }) { receiver in
                    let (key, endpoint) = try await ContractServer.serve(data, deliverySchedule: [100_000]) { server in
                        let realm = try await ContractRealm(on: server)
                        try await realm.publishedExamples(onHand: 1)
                        let endpoint = try await realm.webhook(receiver.url(), ["movement.recorded"])
                        try await realm.move(3)
                        try await eventually("three failures") {
                            try await realm.client.get(endpoint.path).json["delivery"]["pending"].int == 3
                        }
                        _ = try await realm.client.post("\(endpoint.path)/disable", "")
                        try await realm.move(4)
                        return (realm.created.secret, endpoint)
                    }
                    receiver.forget()
                    receiver.answer { _, _ in .ok }
                    try await ContractServer.serve(data) { server in
                        let client = ContractClient(url: server.url, secret: key)
                        let delivery = try await client.get(endpoint.path).json["delivery"]
                        #expect(delivery["pending"].int == 3)
                        #expect(delivery["consecutive_failures"].int == 3)
                        #expect(!delivery["failing_since"].isNull)
                        _ = try await client.post("\(endpoint.path)/enable", "")
                        let arrived = try await receiver.wait(for: 7)
                        #expect(Set(arrived.map(\.id)).count == 7)
                        for delivery in arrived { try delivery.verify(endpoint.secret, now: nil) }
                    }
                }
            }
        }
    }
}
