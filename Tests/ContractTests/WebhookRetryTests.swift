import Foundation
import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Synchronization
import Testing

extension ContractTests {
    /// What happens when an endpoint does not take what it is sent, by the published schedule.
    @Suite struct WebhookRetryTests {
        /// What an endpoint answers first, and how long until the next attempt.
        static let failures: [(name: String, reply: ReceiverReply, least: Duration, status: Int64?, error: String?)] = [
            ("500", .status(500), .seconds(5), 500, nil), ("404", .status(404), .seconds(5), 404, nil),
            ("redirect", .status(307, headers: [("Location", "/elsewhere")]), .seconds(5), 307, nil),
            ("hang-up", .hangUp, .seconds(5), nil, "connection_closed"),
            ("later", .status(503, headers: [("Retry-After", "7")]), .seconds(7), 503, nil),
            ("sooner", .status(429, headers: [("Retry-After", "1")]), .seconds(5), 429, nil),
        ]

        @Test(
            "what fails comes again after 5 seconds, or later if the endpoint says so: same id, same body, new signature"
        )
        func retry() async throws {
            let seen = Mutex<Set<String>>([])
            try await WebhookReceiver.run({ delivery, _ in
                let failure = Self.failures.first { "/\($0.name)" == delivery.path }
                let isFirst = seen.withLock { $0.insert(delivery.path).inserted }
                return isFirst ? failure?.reply ?? .ok : .ok
            }) { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 1)
                var endpoints: [TestEndpoint] = []
                for failure in Self.failures {
                    endpoints.append(try await realm.webhook(receiver.url("/\(failure.name)"), ["movement.recorded"]))
                }
                try await realm.move()
                for (failure, endpoint) in zip(Self.failures, endpoints) {
                    let both = try await receiver.wait(for: 2, to: "/\(failure.name)")
                    let delay = both[1].at - both[0].at
                    #expect(delay >= failure.least - .milliseconds(50), "\(failure.name): \(delay)")
                    #expect(delay < failure.least + .milliseconds(1_900), "\(failure.name): \(delay)")
                    #expect(both[0].id == both[1].id)
                    #expect(both[0].body == both[1].body)
                    for delivery in both { try delivery.verify(endpoint.secret, now: nil) }
                    #expect(both[0].signatures != both[1].signatures)
                    try await eventually("the second attempt to be noted") {
                        try await realm.client.get("\(endpoint.path)/deliveries").json["data"][0]["status"].string
                            == "delivered"
                    }
                    let detail = try await realm.client.get("\(endpoint.path)/deliveries/\(both[0].id)").json
                    #expect(detail["attempts"].int == 2)
                    #expect(detail["log"].elements.map { $0["status"].int } == [failure.status, 200])
                    #expect(detail["log"][0]["error_code"].string == failure.error)
                    #expect(detail["last_status"].int == 200)
                    #expect(detail["last_error"].isNull)
                }
                #expect(receiver.deliveries(to: "/elsewhere").isEmpty, "a redirection was followed")
            }
        }

        @Test("a 410 disables the endpoint, and the journal says so; enabled again it goes on where it stopped")
        func gone() async throws {
            try await WebhookReceiver.run({ _, _ in .status(410) }) { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 1)
                let endpoint = try await realm.webhook(receiver.url(), ["movement.recorded"])
                try await realm.move()
                try await eventually("the endpoint to be disabled") {
                    try await realm.client.get(endpoint.path).json["status"].string == "disabled"
                }
                #expect(try await realm.client.get(endpoint.path).json["disabled_reason"].string == "gone")
                let event = try #require(try await realm.events().last)
                #expect(event["type"].string == "webhook.disabled")
                #expect(event["data"]["disabled_reason"].string == "gone")
                #expect(event["data"]["id"].string == endpoint.id)
                try await realm.move(5)
                try await Task.sleep(for: .milliseconds(200))
                #expect(receiver.deliveries.count == 1)
                receiver.answer { _, _ in .ok }
                #expect(try await realm.client.post("\(endpoint.path)/enable", "").status == 200)
                let arrived = try await receiver.wait(for: 7)
                #expect(Set(arrived.map(\.id)).count == 6)
            }
        }

        @Test(
            "a disabled endpoint keeps its place and then gets everything, each once; a deleted one gets nothing more")
        func disabled() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 1)
                let endpoint = try await realm.webhook(receiver.url(), ["movement.recorded"])
                try await realm.move(3)
                try await receiver.wait(for: 3)
                try await realm.settle(endpoint)
                _ = try await realm.client.post("\(endpoint.path)/disable", "")
                try await realm.move(10)
                let place = try await realm.client.get(endpoint.path).json["delivery"]
                #expect(place["settled_seq"].int ?? 0 < place["head_seq"].int ?? 0)
                #expect(receiver.deliveries.count == 3)
                try await realm.refused(409, "webhook_disabled") {
                    try await $0.post("\(endpoint.path)/replay", #"{"from_seq": 1}"#)
                }
                try await realm.refused(409, "webhook_disabled") {
                    try await $0.post("\(endpoint.path)/replay", #"{"from_seq": 1, "dead_only": true}"#)
                }
                let waiting = try #require(try await realm.events().last)
                let detail = try await realm.client.get(
                    "\(endpoint.path)/deliveries/\(waiting["id"].string ?? "")"
                ).json
                #expect(detail["status"].string == "waiting")
                #expect(detail["request"].isNull)
                #expect(detail["log"].elements.isEmpty)
                _ = try await realm.client.post("\(endpoint.path)/enable", "")
                try await receiver.wait(for: 13)
                try await realm.settle(endpoint)
                let movements = try await realm.events().filter { $0["type"].string == "movement.recorded" }.dropFirst()
                #expect(receiver.deliveries.map(\.id).sorted() == movements.compactMap { $0["id"].string })
                _ = try await realm.client.delete(endpoint.path)
                try await realm.move(5)
                try await Task.sleep(for: .milliseconds(200))
                #expect(receiver.deliveries.count == 13)
            }
        }

        @Test("an endpoint that never answers holds up nobody but itself, and is cut off when its time is up")
        func hanging() async throws {
            try await ContractServer.withTemporaryData { data in
                let flags = ["webhook-timeout": "1", "webhook-concurrency": "4"]
                try await ContractServer.serve(data, flags: flags, deliverySchedule: [60_000]) { server in
                    try await WebhookReceiver.run({ $0.path == "/slow" || $1 < 0 ? .nothing : .ok }) { receiver in
                        let realm = try await ContractRealm(on: server)
                        try await realm.publishedExamples(onHand: 1)
                        let slow = try await realm.webhook(receiver.url("/slow"), ["movement.recorded"])
                        let quick = try await realm.webhook(receiver.url("/quick"), ["movement.recorded"])
                        let start = ContinuousClock.now
                        try await realm.move(100)
                        try await receiver.wait(for: 100, to: "/quick")
                        try await realm.settle(quick)
                        #expect(
                            receiver.deliveries(to: "/slow").count <= 4
                                * (1 + Int((ContinuousClock.now - start) / .seconds(1))))
                        try await eventually("a time to be up") {
                            try await realm.client.get(slow.path).json["delivery"]["consecutive_failures"].int ?? 0 > 0
                        }
                        let page = try await realm.client.get("\(slow.path)/deliveries?status=pending").json
                        #expect(page["data"][0]["last_error"].string == "timed_out")
                        #expect(page["data"][0]["last_status"].isNull)
                        let id = page["data"][0]["event_id"].string ?? ""
                        let attempt = try await realm.client.get("\(slow.path)/deliveries/\(id)").json["log"][0]
                        #expect(attempt["error_code"].string == "timed_out")
                        #expect(attempt["answer"].isNull)
                        let milliseconds = Double(attempt["duration_ms"].text) ?? 0
                        #expect((1_000..<1_900).contains(milliseconds), "\(milliseconds)")
                        #expect(try await realm.client.get(slow.path).json["status"].string == "enabled")
                    }
                }
            }
        }

        @Test(
            "a name that can't be resolved and an address that is refused when it is dialled are failures like others")
        func unreachable() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 1)
            let endpoint = try await realm.webhook("https://nobody.invalid/hook", ["movement.recorded"])
            try await realm.move()
            try await eventually("the attempt to fail", within: .seconds(20)) {
                try await realm.client.get("\(endpoint.path)/deliveries").json["data"][0].exists
            }
            let row = try await realm.client.get("\(endpoint.path)/deliveries").json["data"][0]
            #expect(row["status"].string == "pending")
            #expect(row["last_error"].string == "name_not_resolved")
            #expect(row["attempts"].int == 1)
            #expect(!row["next_attempt_at"].isNull)
        }
    }
}
