import Foundation
import LedgerStorage
import NIOHTTP1
import ServerApp
import Synchronization
import Testing
import WebhookDelivery

extension ContractTests {
    /// What can be seen of deliveries: lists, single ones, dead letters.
    @Suite struct WebhookHistoryTests {
        /// A server whose deliveries are given up after three attempts.
        private static func serve(
            _ handler: @escaping WebhookReceiver.Handler, _ body: (ContractRealm, WebhookReceiver) async throws -> Void
        ) async throws {
            try await ContractServer.withTemporaryData { data in
                try await ContractServer.serve(data, deliverySchedule: [50, 50]) { server in
                    try await WebhookReceiver.run(handler) { receiver in
                        let realm = try await ContractRealm(on: server)
                        try await realm.publishedExamples(onHand: 1)
                        try await body(realm, receiver)
                    }
                }
            }
        }

        /// Some arrive at once, some at the second attempt, some never: by the event's seq.
        private static func mixed() -> WebhookReceiver.Handler {
            let seen = Mutex<Set<String>>([])
            return { delivery, _ in
                let isFirst = seen.withLock { $0.insert(delivery.path + delivery.id).inserted }
                switch delivery.seq % 3 {
                case 0: return .status(200, headers: [("Content-Type", "application/json")], body: "{}")
                case 1: return isFirst ? .status(502, body: "bad") : .ok
                default: return .hangUp
                }
            }
        }

        private static func status(_ seq: Int64) -> String { seq % 3 == 2 ? "dead" : "delivered" }

        @Test("lists of deliveries show every event once, newest first, for every filter and page length")
        func lists() async throws {
            try await Self.serve(Self.mixed()) { realm, receiver in
                let endpoint = try await realm.webhook(receiver.url(), ["inventory.updated", "item.*"])
                for round in 0..<20 {
                    try await realm.move(1)
                    if round % 4 == 0 { try await realm.item("I\(round)") }
                }
                let events = try await realm.events().filter { event in
                    event["seq"].int ?? 0 > 5 && event["type"].string != "webhook.created"
                }
                #expect(events.count == 25)
                let path = "\(endpoint.path)/deliveries"
                try await eventually("everything to be settled") {
                    let delivery = try await realm.client.get(endpoint.path).json["delivery"]
                    return delivery["pending"].int == 0 && delivery["in_flight"].int == 0
                        && delivery["settled_seq"].int == delivery["head_seq"].int
                }
                let middle = try #require(events[12]["timestamp"].string)
                let filters: [(String, (AnswerJSON) -> Bool)] = [
                    ("", { _ in true }), ("status=delivered", { Self.status($0["seq"].int ?? 0) == "delivered" }),
                    ("status=dead", { Self.status($0["seq"].int ?? 0) == "dead" }), ("status=pending", { _ in false }),
                    ("type=inventory.updated", { $0["type"].string == "movement.recorded" }),
                    ("type=movement.created", { $0["type"].string == "movement.recorded" }),
                    ("type=item.*", { $0["type"].string == "item.created" }), ("type=stock.low", { _ in false }),
                    ("type=item.created,movement.recorded", { _ in true }),
                    ("since=\(middle)", { $0["timestamp"].string ?? "" >= middle }),
                    ("until=\(middle)", { $0["timestamp"].string ?? "" < middle }),
                ]
                for (first, accepts) in filters {
                    for (second, acceptsToo) in filters where first.prefix(4) < second.prefix(4) {
                        let query = [first, second].filter { !$0.isEmpty }.joined(separator: "&")
                        let expected = events.filter { accepts($0) && acceptsToo($0) }.compactMap { $0["id"].string }
                        for limit in [1, 7, 200] {
                            let rows = try await realm.walk("\(path)?\(query)", limit: limit)
                            #expect(
                                rows.compactMap { $0["event_id"].string } == expected.reversed(), "\(query) by \(limit)"
                            )
                        }
                    }
                }
                try await checkRows(realm, path)
            }
        }

        private func checkRows(_ realm: ContractRealm, _ path: String) async throws {
            for row in try await realm.walk(path, limit: 200) {
                #expect(
                    row.names == [
                        "event_id", "seq", "type", "status", "attempts", "first_attempt_at", "last_attempt_at",
                        "next_attempt_at", "last_status", "last_error",
                    ])
                let seq = try #require(row["seq"].int)
                #expect(row["status"].string == Self.status(seq))
                #expect(row["attempts"].int == [1, 2, 3][Int(seq % 3)])
                #expect(row["last_status"].int == (seq % 3 == 2 ? nil : 200))
                #expect(row["last_error"].string == (seq % 3 == 2 ? "connection_closed" : nil))
                #expect(row["next_attempt_at"].isNull)
                #expect(["inventory.updated", "item.created"].contains(row["type"].string ?? ""))
                let id = row["event_id"].string ?? ""
                let detail = try await realm.client.get("\(path)/\(id)").json
                for name in row.names { #expect(detail[name].text == row[name].text, "\(name) of \(row.text)") }
                let log = detail["log"].elements
                #expect(log.map { $0["status"].int } == [[200], [502, 200], [nil, nil, nil]][Int(seq % 3)])
                #expect(log.first?["started_at"].string == row["first_attempt_at"].string)
                #expect(log.last?["started_at"].string == row["last_attempt_at"].string)
            }
        }

        @Test("a delivery shows the request that was sent, so that its signature can be checked")
        func request() async throws {
            try await Self.serve({ _, count in count == 1 ? .status(500, body: "once more") : .ok }) {
                realm, receiver in
                let endpoint = try await realm.webhook(receiver.url("/a?b=c"), ["movement.created"])
                try await realm.move()
                let arrived = try await receiver.wait(for: 2, to: "/a?b=c")
                let path = "\(endpoint.path)/deliveries/\(arrived[0].id)"
                try await eventually("it to be delivered") {
                    try await realm.client.get(path).json["status"].string == "delivered"
                }
                let answer = try await realm.client.get(path)
                let request = answer.json["request"]
                #expect(request.names == ["method", "url", "headers", "body"])
                #expect(request["method"].string == "POST")
                #expect(request["url"].string == receiver.url("/a?b=c"))
                #expect(request["body"].text == arrived[1].text)
                #expect(
                    request["headers"].names == [
                        "content-type", "webhook-id", "webhook-timestamp", "webhook-signature", "bincard-ledger-head",
                    ])
                for name in request["headers"].names {
                    #expect(request["headers"][name].string == arrived[1].headers.first(name: name), "\(name)")
                }
                let log = answer.json["log"]
                #expect(
                    log[0].names == [
                        "started_at", "duration_ms", "url", "signature", "ledger_head_seq", "status", "error_code",
                        "error_detail", "answer",
                    ])
                #expect(log[0]["answer"].text == #"{"content_type":null,"body":"once more","truncated":false}"#)
                #expect(log[0]["signature"].string == arrived[0].headers.first(name: "webhook-signature"))
                #expect(log[0]["ledger_head_seq"].int == (try await realm.seq()))
                let underOtherName = try await realm.client.get(
                    "\(endpoint.path)/deliveries/mov_\(arrived[0].id.dropFirst(4))")
                #expect(underOtherName.json["event_id"].string == arrived[0].id)
                let created = try #require(try await realm.events().first)
                let early = created["id"].string ?? ""
                try await realm.refused(404, "delivery_not_found") {
                    try await $0.get("\(endpoint.path)/deliveries/\(early)")
                }
                let last = try #require(try await realm.events().last { $0["type"].string == "webhook.created" })
                try await realm.refused(404, "delivery_not_found") {
                    try await $0.get("\(endpoint.path)/deliveries/\(last["id"].string ?? "")")
                }
            }
        }

        @Test("an answer is kept up to 64 KiB, as text whatever it is")
        func answers() async throws {
            let bodies = ["/long": String(repeating: "é", count: 50_000), "/control": "a\u{0}b\u{1B}\"\\\n\u{7F}"]
            try await Self.serve({ delivery, _ in .status(200, body: bodies[delivery.path] ?? "") }) {
                realm, receiver in
                for (path, body) in bodies {
                    let endpoint = try await realm.webhook(receiver.url(path), ["movement.recorded"])
                    try await realm.move()
                    let delivery = try #require(try await receiver.wait(for: 1, to: path).first)
                    try await realm.settle(endpoint)
                    let detail = try await realm.client.get("\(endpoint.path)/deliveries/\(delivery.id)").json
                    let answer = detail["log"][0]["answer"]
                    #expect(answer["truncated"].bool == (path == "/long"))
                    let kept = String(decoding: Array(body.utf8.prefix(65_536)), as: UTF8.self)
                    #expect(answer["body"].string == kept.replacing("\u{0}", with: "\u{FFFD}"))
                }
            }
        }

        @Test("a walk shows each delivery that was there once while more arrive, and lists are answered all the while")
        func busy() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 1)
                let endpoint = try await realm.webhook(receiver.url(), ["movement.recorded"])
                let path = "\(endpoint.path)/deliveries"
                try await realm.move(40)
                try await realm.settle(endpoint)
                let before = try await realm.walk(path, limit: 200).compactMap { $0["event_id"].string }
                #expect(before.count == 40)
                let isOver = StopSign()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            while !isOver.isUp { try await realm.move(5) }
                        }
                    }
                    for _ in 0..<4 {
                        let start = ContinuousClock.now
                        let seen = try await realm.walk(path, limit: 9).compactMap { $0["event_id"].string }
                        #expect(Set(seen).count == seen.count)
                        #expect(seen.suffix(40) == before[...])
                        #expect(seen == seen.sorted(by: >))
                        #expect(ContinuousClock.now - start < .seconds(10))
                    }
                    isOver.putUp()
                    try await group.waitForAll()
                }
            }
        }

        @Test("a cursor of another list, endpoint, filter or realm is 400")
        func foreignCursors() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 1)
                let endpoint = try await realm.webhook(receiver.url(), ["movement.recorded"])
                let other = try await realm.webhook(receiver.url("/other"), ["movement.recorded"])
                try await realm.move(3)
                try await realm.settle(endpoint)
                let path = "\(endpoint.path)/deliveries"
                let cursor = try #require(try await realm.client.get("\(path)?limit=1").json["next_cursor"].string)
                #expect(try await realm.client.get("\(path)?limit=2&cursor=\(cursor)").status == 200)
                for wrong in [
                    "\(path)?status=delivered&", "\(path)?type=stock.low&", "\(path)?since=2000-01-01T00:00:00Z&",
                    "\(path)?until=2999-01-01T00:00:00Z&", "\(other.path)/deliveries?", "/inventory/v1/webhooks?",
                    "/inventory/v1/dead-letters?", "/inventory/v1/dead-letters?webhook=\(endpoint.id)&",
                ] {
                    try await realm.refused(400, "invalid_cursor") { try await $0.get("\(wrong)cursor=\(cursor)") }
                }
                let foreign = try await ContractRealm(tenant: realm.tenant, mode: .live)
                let own = try await foreign.webhook("https://your.app/")
                try await foreign.refused(400, "invalid_cursor") {
                    try await $0.get("\(own.path)/deliveries?cursor=\(cursor)")
                }
            }
        }

        @Test("dead letters of all endpoints are one list, by any filter, and are sent again with the same id and body")
        func deadLetters() async throws {
            let isDown = Mutex(true)
            try await Self.serve({ delivery, _ in
                isDown.withLock { $0 } && delivery.path != "/fine" ? .status(500) : .ok
            }) { realm, receiver in
                let paths = ["/a", "/b", "/fine"]
                var endpoints: [TestEndpoint] = []
                for path in paths {
                    endpoints.append(
                        try await realm.webhook(receiver.url(path), path == "/b" ? ["item.*", "inventory.*"] : ["*"]))
                }
                let seq = try await realm.seq()
                try await realm.move(2)
                try await realm.item("X")
                try await eventually("all to be given up") {
                    try await endpoints.prefix(2).map(\.path).asyncMap { path in
                        try await realm.client.get(path).json["delivery"]["dead"].int ?? 0
                    } == [5, 3]
                }
                let letters = "/inventory/v1/dead-letters"
                let events = try await realm.events().filter { $0["seq"].int ?? 0 > seq }
                let expected = events.reversed().flatMap { event in
                    [endpoints[1].id, endpoints[0].id].map { "\(event["id"].string ?? "") \($0)" }
                }
                for limit in [1, 2, 5, 200] {
                    let rows = try await realm.walk(letters, limit: limit)
                    let seen = rows.filter { $0["seq"].int ?? 0 > seq }
                        .map { "\($0["event_id"].string ?? "") \($0["webhook_id"].string ?? "")" }
                    #expect(seen == expected, "pages of \(limit)")
                    #expect(rows.allSatisfy { $0["status"].string == "dead" && $0["attempts"].int == 3 })
                }
                let counts: [(String, Int)] = [
                    ("webhook=\(endpoints[0].id)", 5), ("webhook=\(endpoints[1].id)", 3),
                    ("webhook=\(endpoints[2].id)", 0), ("type=item.created", 2), ("type=inventory.updated", 4),
                    ("type=movement.recorded", 4), ("type=webhook.*", 2),
                    ("type=stock.low", 0), ("since=2999-01-01T00:00:00Z", 0), ("until=2000-01-01T00:00:00Z", 0),
                    ("webhook=\(endpoints[1].id)&type=movement.recorded&since=2000-01-01T00:00:00Z", 2),
                ]
                for (query, count) in counts {
                    #expect(try await realm.walk("\(letters)?\(query)", limit: 2).count == count, "\(query)")
                }
                isDown.withLock { $0 = false }
                try await resend(realm, receiver, endpoints)
                _ = try await realm.client.delete(endpoints[0].path)
                #expect(try await realm.walk(letters, limit: 10).isEmpty)
            }
        }

        /// The dead letters of the second endpoint by type, then those of the first all at once.
        private func resend(
            _ realm: ContractRealm, _ receiver: WebhookReceiver, _ endpoints: [TestEndpoint]
        ) async throws {
            let dead = receiver.deliveries(to: "/b")
            receiver.forget()
            let only = try await realm.client.post(
                "\(endpoints[1].path)/replay", #"{"dead_only": true, "events": ["item.created"]}"#)
            #expect(only.status == 202)
            #expect(
                only.shape
                    == #"{"id":"rpl_*","webhook_id":"whk_*","from_seq":7,"to_seq":\#(only.json["to_seq"].int ?? 0),"events":["item.created"],"dead_only":true,"requested_at":"<ms>"}"#
            )
            let item = try await receiver.wait(for: 1, to: "/b")
            #expect(item.map(\.type) == ["item.created"])
            try await eventually("it to be delivered") {
                try await realm.client.get(endpoints[1].path).json["delivery"]["dead"].int == 2
            }
            try await realm.refused(404, "nothing_to_replay") {
                try await $0.post("\(endpoints[1].path)/replay", #"{"dead_only": true, "events": ["item.*"]}"#)
            }
            #expect(try await realm.client.post("\(endpoints[1].path)/replay", #"{"dead_only": true}"#).status == 202)
            let rest = try await receiver.wait(for: 3, to: "/b")
            for delivery in rest {
                let before = try #require(dead.first { $0.id == delivery.id })
                #expect(delivery.body == before.body)
                try delivery.verify(endpoints[1].secret, now: nil)
            }
            #expect(Set(rest.map(\.id)).count == 3)
            try await eventually("all to be delivered") {
                try await realm.walk("/inventory/v1/dead-letters?webhook=\(endpoints[1].id)", limit: 10).isEmpty
            }
            let row = try await realm.client.get("\(endpoints[1].path)/deliveries/\(rest[0].id)").json
            #expect(row["status"].string == "delivered")
            #expect(row["attempts"].int == 4)
            #expect(row["log"].elements.map { $0["status"].int } == [500, 500, 500, 200])
        }
    }
}

/// Says to what runs beside a test that it may end.
private final class StopSign: Sendable {
    private let up = Atomic<Bool>(false)

    var isUp: Bool { up.load(ordering: .relaxed) }

    func putUp() { up.store(true, ordering: .relaxed) }
}
