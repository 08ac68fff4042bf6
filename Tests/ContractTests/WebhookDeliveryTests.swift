import Foundation
import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing
import WebhookDelivery

extension ContractTests {
    /// What arrives at an endpoint: which events, under which names, with which bytes and signatures.
    @Suite struct WebhookDeliveryTests {
        private static func now() -> Int64 { Int64(Date().timeIntervalSince1970) }

        @Test("every event of its types arrives with the feed's bytes and a signature that a receiver can check")
        func delivered() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.item("EARLY")
                let endpoint = try await realm.webhook(receiver.url())
                try await realm.publishedExamples(onHand: 100)
                try await realm.move(20)
                let after = try await realm.client.get(endpoint.path).json["created_at"].string
                let expected = try await realm.events().filter { ($0["seq"].int ?? 0) > 2 }
                let arrived = try await receiver.wait(for: expected.count)
                #expect(after != nil)
                #expect(Set(arrived.map(\.text)) == Set(expected.map(\.text)))
                #expect(arrived.count == expected.count)
                for delivery in arrived {
                    try delivery.verify(endpoint.secret, now: Self.now())
                    #expect(throws: SignatureFault.self) { try delivery.verify(ContractRealm.secret, now: nil) }
                    #expect(delivery.method == "POST")
                    #expect(delivery.id == delivery.json["id"].string)
                    #expect(delivery.headers["content-type"] == ["application/json"])
                    #expect(delivery.headers.first(name: "user-agent")?.hasPrefix("Bincard/") ?? false)
                    #expect(delivery.headers.first(name: "host") == "127.0.0.1:\(receiver.port)")
                    #expect(delivery.signatures.count == 1)
                    #expect(!delivery.headers.contains(name: "authorization"))
                }
                try await realm.settle(endpoint)
                let progress = try await realm.client.get(endpoint.path).json["delivery"]
                #expect(progress["delivered"].int == Int64(expected.count))
                #expect(!progress["last_success_at"].isNull)
                #expect(progress["failing_since"].isNull)
            }
        }

        @Test("the published subscription gets a movement under the name that it asked for, signed with its own secret")
        func published() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 100)
                let answer = try await realm.client.post(
                    "/v1/webhooks/subscribe",
                    #"{ "url": "\#(receiver.url())", "events": ["shipment.created", "inventory.updated"], "secret": "whsec_REPLACE" }"#,
                    key: nil)
                #expect(answer.status == 201)
                let entry = try await realm.entry(
                    #""sku": "SKU-0042", "warehouse": "SEA-1", "delta": -12, "reason": "order_shipped", "reference": "ord_8J2kP""#
                )
                try await realm.item("NOT-WANTED")
                let delivery = try #require(try await receiver.wait(for: 1).first)
                try delivery.verify("whsec_REPLACE", now: Self.now())
                #expect(delivery.type == "inventory.updated")
                #expect(delivery.id == "evt_\(entry.id.dropFirst("ledger_".count))")
                #expect(delivery.json["data"]["on_hand"].int == 88)
                #expect(delivery.json["data"]["sku"].string == "SKU-0042")
                try await realm.settle(TestEndpoint(id: answer.id, secret: ""))
                #expect(receiver.deliveries.count == 1)
            }
        }

        /// What is subscribed to, and under which name a movement, an item and a shortage arrive.
        static let names: [(events: [String], movement: String?, item: String?, low: String?)] = [
            (["movement.recorded"], "movement.recorded", nil, nil),
            (["movement.created"], "movement.created", nil, nil),
            (["inventory.updated"], "inventory.updated", nil, nil),
            (["movement.*"], "movement.recorded", nil, nil), (["inventory.*"], "inventory.updated", nil, nil),
            (["*"], "movement.recorded", "item.created", "stock.low"),
            (["inventory.updated", "*"], "inventory.updated", "item.created", "stock.low"),
            (["*", "inventory.updated"], "movement.recorded", "item.created", "stock.low"),
            (["item.*", "stock.low"], nil, "item.created", "stock.low"),
            (["stock.*", "stock.*", "stock.low"], nil, nil, "stock.low"),
            (["movement.created", "movement.recorded"], "movement.created", nil, nil),
            (["shipment.created"], nil, nil, nil),
        ]

        @Test("an event arrives once, under the name that the endpoint knows it by; nothing else of it differs")
        func aliases() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.location("A")
                var endpoints: [TestEndpoint] = []
                for (index, name) in Self.names.enumerated() {
                    endpoints.append(try await realm.webhook(receiver.url("/\(index)"), name.events))
                }
                // The creation of one is an event that some of those before it take.
                for endpoint in endpoints { try await realm.settle(endpoint) }
                receiver.forget()
                let seq = try await realm.seq()
                try await realm.item("X", #""reorder_point": 5"#)
                try await realm.movement(#""item_id": "X", "qty": 6, "type": "receipt""#)
                try await realm.movement(#""item_id": "X", "qty": -2, "type": "sale""#)
                let feed = try await realm.events().filter { ($0["seq"].int ?? 0) > seq }
                #expect(feed.count == 4)
                for (index, (endpoint, name)) in zip(endpoints, Self.names).enumerated() {
                    let expected: [String] = feed.compactMap { event in
                        let own = event["type"].string ?? ""
                        let type = ["movement.recorded": name.movement, "item.created": name.item][own] ?? name.low
                        return type.map {
                            event.text.replacing(
                                "{\"type\":\"\(own)\"", with: "{\"type\":\"\($0)\"", maxReplacements: 1)
                        }
                    }
                    let arrived = try await receiver.wait(for: expected.count, to: "/\(index)")
                    try await realm.settle(endpoint)
                    #expect(arrived.map(\.text).sorted() == expected.sorted(), "\(name.events)")
                    #expect(receiver.deliveries(to: "/\(index)").count == expected.count, "\(name.events)")
                    for delivery in arrived { try delivery.verify(endpoint.secret, now: nil) }
                }
            }
        }

        @Test("each delivery carries a head of the ledger at or behind its event")
        func ledgerHead() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 5)
                let endpoint = try await realm.webhook(receiver.url())
                var heads: [Int64: String] = [:]
                for _ in 0..<20 {
                    try await realm.move()
                    let head = try await realm.head()
                    heads[head["seq"].int ?? 0] = head["hash"].string
                }
                try await receiver.wait(for: 20)
                try await realm.settle(endpoint)
                for delivery in receiver.deliveries {
                    let header = try #require(delivery.headers.first(name: "bincard-ledger-head"))
                    let parts = try #require(header.wholeMatch(of: /seq=(\d+), hash=([0-9a-f]{64})/))
                    let seq = try #require(Int64(parts.1))
                    #expect(heads[seq] == String(parts.2))
                    #expect(seq >= delivery.seq)
                }
            }
        }

        @Test("while a secret is being changed both sign, then the new one alone")
        func rotation() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                try await realm.publishedExamples(onHand: 5)
                let endpoint = try await realm.webhook(receiver.url(), ["movement.recorded"])
                let rotate = "\(endpoint.path)/rotate-secret"
                let second = try await realm.client.post(rotate, #"{"grace_seconds": 2}"#).json
                try await realm.move()
                let both = try #require(try await receiver.wait(for: 1).last)
                let newSecret = try #require(second["secret"].string)
                #expect(both.signatures.count == 2)
                try both.verify(endpoint.secret, now: Self.now())
                try both.verify(newSecret, now: Self.now())
                // The new one signs first.
                let first = StandardSignature.sign(
                    id: both.id, timestamp: Int64(both.headers.first(name: "webhook-timestamp") ?? "") ?? 0,
                    body: both.body, secrets: [WebhookSecret(stored: newSecret)])
                #expect(both.signatures[0] == first)
                try await Task.sleep(for: .milliseconds(2_100))
                try await realm.move()
                let alone = try #require(try await receiver.wait(for: 2).last)
                #expect(alone.signatures.count == 1)
                try alone.verify(newSecret, now: Self.now())
                #expect(throws: SignatureFault.mismatch) { try alone.verify(endpoint.secret, now: nil) }
                let third = try await realm.client.post(
                    rotate, #"{"grace_seconds": 0, "secret": "\#(ContractRealm.secret)"}"#)
                #expect(third.status == 200)
                try await realm.move()
                let given = try #require(try await receiver.wait(for: 3).last)
                #expect(given.signatures.count == 1)
                try given.verify(ContractRealm.secret, now: Self.now())
            }
        }

        @Test("a test sends a sample of any type at once, signed, and leaves nothing behind")
        func samples() async throws {
            try await WebhookReceiver.run({ _, _ in
                .status(202, headers: [("Content-Type", "text/plain")], body: "thanks")
            }) { receiver in
                let realm = try await ContractRealm()
                let endpoint = try await realm.webhook(receiver.url(), ["stock.low"])
                let seq = try await realm.seq()
                let names = EventType.allCases.flatMap { [$0.name] + $0.aliases }
                for (index, name) in names.enumerated() {
                    if index == 1 { _ = try await realm.client.post("\(endpoint.path)/disable", "") }
                    let answer = try await realm.client.post(
                        "\(endpoint.path)/test", #"{"type": "\#(name)"}"#, key: nil)
                    #expect(answer.status == 200, "\(answer.text)")
                    let delivery = try #require(receiver.deliveries.last)
                    try delivery.verify(endpoint.secret, now: Self.now())
                    #expect(delivery.type == name)
                    #expect(delivery.seq == 0)
                    #expect(delivery.json.names == ["type", "id", "timestamp", "seq", "data"])
                    #expect(!delivery.json["data"].names.isEmpty)
                    #expect(delivery.id == answer.json["event_id"].string)
                    #expect(answer.json.names == ["event_id", "type", "delivered", "attempt"])
                    #expect(answer.json["type"].string == name)
                    #expect(answer.json["delivered"].bool == true)
                    let attempt = answer.json["attempt"]
                    #expect(attempt["status"].int == 202)
                    #expect(
                        attempt["answer"].text == #"{"content_type":"text/plain","body":"thanks","truncated":false}"#)
                    #expect(attempt["duration_ms"].text.wholeMatch(of: /\d+\.\d{3}/) != nil)
                    #expect(attempt["signature"].string == delivery.headers.first(name: "webhook-signature"))
                    #expect(attempt["url"].string == receiver.url())
                }
                #expect(receiver.deliveries.count == names.count)
                #expect(try await realm.seq() == seq + 1)
                #expect(try await realm.walk("\(endpoint.path)/deliveries", limit: 10).isEmpty)
            }
        }

        @Test("a sample of a type that is fired has the members of the real event")
        func samplesAreTrue() async throws {
            try await WebhookReceiver.run { receiver in
                let realm = try await ContractRealm()
                let endpoint = try await realm.webhook(receiver.url(), ["*"])
                try await realm.location("A")
                try await realm.item("X", #""reorder_point": 5"#)
                try await realm.movement(#""item_id": "X", "qty": 6, "type": "receipt""#)
                try await realm.movement(#""item_id": "X", "qty": -6, "type": "sale""#)
                _ = try await realm.client.post("/inventory/v1/items/X/archive", "")
                _ = try await realm.client.post("\(endpoint.path)/replay", #"{"from_seq": 1, "to_seq": 1}"#)
                for event in try await realm.events() {
                    let type = event["type"].string ?? ""
                    let answer = try await realm.client.post(
                        "\(endpoint.path)/test", #"{"type": "\#(type)"}"#, key: nil)
                    let id = answer.json["event_id"].string
                    let sample = try #require(receiver.deliveries.last { $0.id == id })
                    #expect(sample.json["data"].names == event["data"].names, "\(type)")
                }
            }
        }

        @Test("a test that fails says why")
        func failedTests() async throws {
            try await WebhookReceiver.run({ delivery, _ in
                delivery.path == "/500" ? .status(500, body: "no") : .hangUp
            }) { receiver in
                let realm = try await ContractRealm()
                for (path, status, code) in [("/500", 500, nil), ("/hang-up", nil, "connection_closed")]
                    as [(String, Int64?, String?)]
                {
                    let endpoint = try await realm.webhook(receiver.url(path))
                    let answer = try await realm.client.post(
                        "\(endpoint.path)/test", #"{"type": "stock.out"}"#, key: nil)
                    #expect(answer.status == 200)
                    #expect(answer.json["delivered"].bool == false)
                    #expect(answer.json["attempt"]["status"].int == status)
                    #expect(answer.json["attempt"]["error_code"].string == code)
                    #expect(answer.json["attempt"]["error_detail"].isNull == (code == nil))
                }
                let nobody = try await realm.webhook("http://127.0.0.1:1/")
                let answer = try await realm.client.post("\(nobody.path)/test", #"{"type": "stock.out"}"#, key: nil)
                #expect(answer.json["attempt"]["error_code"].string == "connection_failed")
                #expect(answer.json["attempt"]["answer"].isNull)
            }
        }

        @Test("a realm's events go to its own endpoints and to no other's", arguments: [false, true])
        func isolation(sameTenant: Bool) async throws {
            try await WebhookReceiver.run { receiver in
                let first = try await ContractRealm()
                let second =
                    sameTenant
                    ? try await ContractRealm(tenant: first.tenant, mode: .live) : try await ContractRealm()
                let one = try await first.webhook(receiver.url("/first"))
                // In live mode only https goes out: that nothing comes is what counts.
                let two = try await second.webhook(
                    sameTenant ? "https://127.0.0.1:\(receiver.port)/" : receiver.url("/second"))
                try await first.publishedExamples(onHand: 1)
                try await second.publishedExamples(onHand: 2)
                try await first.settle(one)
                let own = try await first.events().compactMap { $0["id"].string }
                try await receiver.wait(for: own.count - 1, to: "/first")
                #expect(Set(receiver.deliveries(to: "/first").map(\.id)) == Set(own.dropFirst()))
                if !sameTenant {
                    try await second.settle(two)
                    let other = try await second.events().compactMap { $0["id"].string }
                    #expect(Set(receiver.deliveries(to: "/second").map(\.id)) == Set(other.dropFirst()))
                }
            }
        }
    }
}
