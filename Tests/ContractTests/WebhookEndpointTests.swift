import Foundation
import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing
import WebhookDelivery

extension ContractTests {
    /// Endpoints themselves: create, read, list, change, disable, enable, rotate, delete.
    @Suite struct WebhookEndpointTests {
        private static let path = "/inventory/v1/webhooks"
        private static let url = "https://your.app/webhooks/stock"
        private static let body = #"{"url": "https://your.app/webhooks/stock", "events": ["*"]}"#

        @Test("an endpoint is answered as it is, with a secret that is shown once and works")
        func create() async throws {
            let realm = try await ContractRealm()
            let answer = try await realm.client.post(
                Self.path, #"{"url": "\#(Self.url)", "events": ["movement.recorded", "stock.*"], "description": "d"}"#)
            #expect(answer.status == 201)
            let secret = try #require(answer.json["secret"].string)
            #expect(secret.wholeMatch(of: /whsec_[A-Za-z0-9+\/]{43}=/) != nil)
            #expect(try WebhookSecret(secret, mode: .live).isStrong)
            #expect(
                answer.shape.replacing(secret, with: "?")
                    == #"{"id":"whk_*","url":"https://your.app/webhooks/stock","events":["movement.recorded","stock.*"],"description":"d","status":"enabled","disabled_reason":null,"created_at":"<ms>","updated_at":"<ms>","secret":"?"}"#
            )
            let read = try await realm.client.get("\(Self.path)/\(answer.id)")
            #expect(read.status == 200)
            #expect(read.json.names == answer.json.names.dropLast() + ["delivery"])
            #expect(
                read.json["delivery"].names == [
                    "settled_seq", "head_seq", "pending", "dead", "in_flight", "concurrency", "paused_for",
                    "failing_since", "consecutive_failures", "last_success_at", "last_failure_at", "delivered", "died",
                ])
            #expect(!read.text.contains("secret"))
            let own = try await realm.client.post(
                Self.path, #"{"url": "\#(Self.url)", "events": ["*"], "secret": "\#(ContractRealm.secret)"}"#)
            #expect(own.status == 201)
            #expect(!own.json["secret"].exists)
            #expect(own.json["description"].isNull)
        }

        @Test("an endpoint read just after its creation says how its deliveries are doing")
        func readAtOnce() async throws {
            for _ in 0..<5 {
                let realm = try await ContractRealm()
                let created = try await realm.client.post(Self.path, Self.body)
                let delivery = try await realm.client.get("\(Self.path)/\(created.id)").json["delivery"]
                #expect(delivery["settled_seq"].int == 1)
                #expect(delivery["head_seq"].int == 1)
                #expect(delivery["pending"].int == 0)
                #expect(delivery["failing_since"].isNull)
            }
        }

        @Test("what is written about an endpoint stands in the journal, and never its secret")
        func journal() async throws {
            let realm = try await ContractRealm()
            let endpoint = try await realm.webhook(Self.url)
            let key = ContractClient.freshKey()
            #expect(try await realm.client.patch(endpoint.path, #"{"description": "new"}"#).status == 200)
            #expect(try await realm.client.post("\(endpoint.path)/disable", "").json["status"].string == "disabled")
            #expect(try await realm.client.post("\(endpoint.path)/enable", "").json["status"].string == "enabled")
            let rotated = try await realm.client.post("\(endpoint.path)/rotate-secret", "")
            #expect(rotated.status == 200)
            #expect(try await realm.client.post("\(endpoint.path)/replay", #"{"from_seq": 1}"#).status == 202)
            let deleted = try await realm.client.delete(endpoint.path, key: key)
            #expect(deleted.text == #"{"id":"\#(endpoint.id)","deleted":true}"#)
            let events = try await realm.events()
            #expect(
                events.compactMap { $0["type"].string } == [
                    "webhook.created", "webhook.updated", "webhook.disabled", "webhook.enabled",
                    "webhook.secret_rotated", "webhook.replay_requested", "webhook.deleted",
                ])
            #expect(events[2]["data"]["disabled_reason"].string == "requested")
            for event in events {
                #expect(!event.text.contains("whsec_"))
                #expect(!event.text.contains("secret\""))
            }
            #expect(try await realm.client.delete(endpoint.path, key: key).isReplay)
            try await realm.refused(404, "webhook_not_found") { try await $0.delete(endpoint.path) }
        }

        @Test(
            "whoever may only read learns where an endpoint is, not the path and query that often hold a token",
            arguments: [
                ("https://hooks.example/T0/B0/token?key=1", "https://hooks.example/…"),
                ("https://hooks.example:8443/?key=1", "https://hooks.example:8443/…"),
                ("https://hooks.example/", "https://hooks.example/"),
                ("https://hooks.example", "https://hooks.example"),
            ])
        func urlInEvents(url: String, shown: String) async throws {
            let realm = try await ContractRealm()
            let endpoint = try await realm.webhook(url)
            #expect(try await realm.client.get(endpoint.path).json["url"].string == url)
            let reader = try await realm.key(scopes: [.inventoryRead])
            let event = try await reader.client.get("/v1/events").json["data"][0]
            #expect(event["type"].string == "webhook.created")
            #expect(event["data"]["url"].string == shown)
            #expect(!event.text.contains("token") && !event.text.contains("key=1"))
        }

        @Test("a change leaves what it does not name, null clears the description")
        func update() async throws {
            let realm = try await ContractRealm()
            let endpoint = try await realm.webhook(Self.url, ["stock.low"], #""description": "d""#)
            let first = try await realm.client.patch(endpoint.path, #"{"events": ["*", "stock.low", "stock.low"]}"#)
            #expect(first.json["events"].text == #"["*","stock.low","stock.low"]"#)
            #expect(first.json["description"].string == "d")
            #expect(first.json["url"].string == Self.url)
            let second = try await realm.client.patch(
                endpoint.path, #"{"url": "https://your.app/other", "description": null}"#)
            #expect(second.json["url"].string == "https://your.app/other")
            #expect(second.json["description"].isNull)
            #expect(second.json["events"].elements.count == 3)
            let read = try await realm.client.get(endpoint.path)
            #expect(read.json["url"].string == "https://your.app/other")
        }

        @Test("every write is idempotent; answers with secrets are replayed byte for byte")
        func idempotency() async throws {
            let realm = try await ContractRealm()
            let created = try await realm.client.post(Self.path, Self.body, key: "create")
            let path = "\(Self.path)/\(created.id)"
            let requests: [(String, String, String, String)] = [
                ("POST", Self.path, Self.body, "create"),
                ("PATCH", path, #"{"description": "x"}"#, "patch"),
                ("POST", "\(path)/disable", "", "disable"),
                ("POST", "\(path)/enable", "", "enable"),
                ("POST", "\(path)/rotate-secret", #"{"grace_seconds": 60}"#, "rotate"),
                ("POST", "\(path)/replay", #"{"from_seq": 1}"#, "replay"),
                ("POST", "\(path)/replay", #"{"dead_only": true}"#, "dead"),
                ("POST", "\(path)/deliveries/evt_01J9X3YB2KQ8M4T6V7W8X9Y0ZA/replay", "", "one"),
                ("DELETE", path, "", "delete"),
            ]
            var answers: [ContractAnswer] = []
            for (method, path, body, key) in requests {
                answers.append(
                    try await realm.client.send(
                        method, path, body: Array(body.utf8), headers: [("Idempotency-Key", key)]))
            }
            #expect(answers.map(\.status) == [201, 200, 200, 200, 200, 202, 404, 404, 200])
            #expect(answers[0].body == created.body)
            #expect(answers[4].json["secret"].string?.hasPrefix("whsec_") ?? false)
            let seq = try await realm.seq()
            for (request, answer) in zip(requests, answers) {
                let again = try await realm.client.send(
                    request.0, request.1, body: Array(request.2.utf8), headers: [("Idempotency-Key", request.3)])
                #expect(again.isReplay, "\(request)")
                #expect(again.body == answer.body)
                #expect(again.status == answer.status)
                #expect(again.contentType == answer.contentType)
                let other = try await realm.client.send(
                    request.0, request.1, body: Array(#"{"secret": "another"}"#.utf8),
                    headers: [("Idempotency-Key", request.3)])
                #expect([409, 422].contains(other.status), "\(other.text)")
            }
            #expect(try await realm.seq() == seq)
            try await realm.refused(409, "idempotency_key_reused") {
                try await $0.post(Self.path, #"{"url": "https://other.app/", "events": ["*"]}"#, key: "create")
            }
            for (method, path, body, _) in requests {
                let answer = try await realm.client.send(method, path, body: Array(body.utf8))
                #expect(answer.code == "idempotency_key_required")
            }
        }

        @Test("secrets lie nowhere in clear, and a restart replays the answers that show them")
        func secretsAtRest() async throws {
            try await ContractServer.withTemporaryData { data in
                let given = "whsec_" + Data((0..<32).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
                let rotation = #"{"grace_seconds": 60}"#
                let (key, path, made, rotated) = try await ContractServer.serve(data) { server in
                    let realm = try await ContractRealm(on: server)
                    let made = try await realm.client.post(Self.path, Self.body, key: "made")
                    let path = "\(Self.path)/\(made.id)/rotate-secret"
                    let rotated = try await realm.client.post(path, rotation, key: "rotated")
                    let own = try await realm.client.post(
                        Self.path, #"{"url": "\#(Self.url)", "events": ["*"], "secret": "\#(given)"}"#)
                    #expect(own.status == 201)
                    let taken = try await realm.client.post(
                        "\(Self.path)/\(own.id)/rotate-secret", #"{"secret": "\#(given)", "grace_seconds": 0}"#)
                    #expect(taken.status == 200)
                    #expect(!taken.json["secret"].exists)
                    return (realm.created.secret, path, made, rotated)
                }
                let secrets = [made.json["secret"].string ?? "", rotated.json["secret"].string ?? "", given]
                #expect(Set(secrets).count == 3)
                var files = 0
                for file in try FileManager.default.subpathsOfDirectory(atPath: data) {
                    guard let bytes = FileManager.default.contents(atPath: "\(data)/\(file)") else { continue }
                    files += 1
                    for secret in secrets {
                        let text = secret.dropFirst("whsec_".count)
                        let key = try #require(Data(base64Encoded: String(text)))
                        #expect(bytes.range(of: Data(text.utf8)) == nil, "\(file)")
                        #expect(bytes.range(of: key) == nil, "\(file)")
                    }
                }
                #expect(files > 3)
                try await ContractServer.serve(data) { server in
                    let client = ContractClient(url: server.url, secret: key)
                    let madeAgain = try await client.post(Self.path, Self.body, key: "made")
                    let rotatedAgain = try await client.post(path, rotation, key: "rotated")
                    #expect(madeAgain.isReplay && madeAgain.body == made.body)
                    #expect(rotatedAgain.isReplay && rotatedAgain.body == rotated.body)
                }
            }
        }

        @Test("a list shows the endpoints that exist, in order of creation; a walk shows what existed when it began")
        func list() async throws {
            let realm = try await ContractRealm()
            let empty = try await realm.client.get(Self.path)
            #expect(empty.text == #"{"data":[],"has_more":false,"next_cursor":null}"#)
            var endpoints: [TestEndpoint] = []
            for index in 0..<7 { endpoints.append(try await realm.webhook("https://your.app/\(index)")) }
            #expect(try await realm.walk(Self.path, limit: 3).compactMap { $0["id"].string } == endpoints.map(\.id))
            let page = try await realm.client.get("\(Self.path)?limit=2").json
            #expect(page["data"].elements.compactMap { $0["id"].string } == endpoints.prefix(2).map(\.id))
            _ = try await realm.client.delete(endpoints[1].path)
            _ = try await realm.client.delete(endpoints[3].path)
            let new = try await realm.webhook("https://your.app/new")
            let cursor = try #require(page["next_cursor"].string)
            let rest = try await realm.client.get("\(Self.path)?limit=100&cursor=\(cursor)").json
            #expect(rest["data"].elements.compactMap { $0["id"].string } == endpoints.dropFirst(2).map(\.id))
            let now = try await realm.walk(Self.path, limit: 4).compactMap { $0["id"].string }
            #expect(now == [0, 2, 4, 5, 6].map { endpoints[$0].id } + [new.id])
            for query in ["limit=0", "limit=501", "x=1", "cursor="] {
                try await realm.refused(400, "invalid_parameter") { try await $0.get("\(Self.path)?\(query)") }
            }
            try await realm.refused(400, "invalid_cursor") { try await $0.get("\(Self.path)?cursor=AAAA") }
        }

        @Test("a rotation with no grace ends the old secret at once, and says when the old one ends")
        func rotation() async throws {
            let realm = try await ContractRealm()
            let endpoint = try await realm.webhook(Self.url)
            let made = try await realm.client.post("\(endpoint.path)/rotate-secret", "{}")
            #expect(made.json.names == ["id", "secret", "old_secret_expires_at"])
            #expect(made.json["secret"].string != endpoint.secret)
            let taken = try await realm.client.post(
                "\(endpoint.path)/rotate-secret", #"{"secret": "\#(ContractRealm.secret)", "grace_seconds": 604800}"#)
            #expect(taken.json.names == ["id", "old_secret_expires_at"])
            for (value, code) in [("604801", "out_of_range"), ("-1", "out_of_range"), ("1.5", "not_an_integer")] {
                try await realm.refused(400, "invalid_number", ["/grace_seconds \(code)"]) {
                    try await $0.post("\(endpoint.path)/rotate-secret", #"{"grace_seconds": \#(value)}"#)
                }
            }
        }

        @Test("another tenant's and the other mode's endpoints look like none", arguments: [false, true])
        func isolation(sameTenant: Bool) async throws {
            let owner = try await ContractRealm()
            let endpoint = try await owner.webhook(Self.url)
            try await owner.location("SEA-1")
            let event = "evt_\(try await owner.item("SKU-0042").dropFirst(4))"
            let other =
                sameTenant
                ? try await ContractRealm(tenant: owner.tenant, mode: .live) : try await ContractRealm()
            let own = try await other.webhook(Self.url)
            let nobody = "whk_\(Administration.freshID().text)"
            let none = "evt_\(Administration.freshID().text)"
            let requests: [(String, String, String)] = [
                ("GET", "", ""), ("PATCH", "", #"{"description": "x"}"#), ("DELETE", "", ""),
                ("POST", "/disable", ""), ("POST", "/enable", ""), ("POST", "/rotate-secret", "{}"),
                ("POST", "/test", #"{"type": "stock.low"}"#), ("GET", "/deliveries", ""),
                ("GET", "/deliveries/\(event)", ""), ("POST", "/deliveries/\(event)/replay", ""),
                ("POST", "/replay", "{}"), ("POST", "/replay", #"{"dead_only": true}"#), ("GET", "/replays", ""),
            ]
            for (method, suffix, body) in requests {
                let answers = try await [endpoint.id, nobody].asyncMap { id in
                    try await other.client.send(
                        method, "\(Self.path)/\(id)\(suffix)", body: Array(body.utf8),
                        headers: [("Idempotency-Key", ContractClient.freshKey())])
                }
                #expect(answers.map(\.status) == [404, 404], "\(method) \(suffix): \(answers[0].text)")
                #expect(answers.map(\.code) == ["webhook_not_found", "webhook_not_found"])
                #expect(
                    answers[0].shape.replacing(endpoint.id, with: "?")
                        == answers[1].shape.replacing(nobody, with: "?"))
            }
            for suffix in ["", "/replay"] {
                let answers = try await [event, none].asyncMap { id in
                    try await other.client.send(
                        suffix.isEmpty ? "GET" : "POST", "\(own.path)/deliveries/\(id)\(suffix)",
                        headers: [("Idempotency-Key", ContractClient.freshKey())])
                }
                #expect(answers.map(\.code) == ["delivery_not_found", "delivery_not_found"])
                #expect(answers[0].shape == answers[1].shape)
            }
            let letters = "/inventory/v1/dead-letters?webhook="
            try await other.refused(404, "webhook_not_found") { try await $0.get(letters + endpoint.id) }
            try await other.refused(404, "webhook_not_found") { try await $0.get(letters + nobody) }
            #expect(try await other.walk(Self.path, limit: 10).compactMap { $0["id"].string } == [own.id])
            #expect(try await owner.client.get(endpoint.path).json["status"].string == "enabled")
        }

        @Test("a realm that never had an endpoint has empty lists")
        func nothing() async throws {
            let realm = try await ContractRealm()
            let empty = #"{"data":[],"has_more":false,"next_cursor":null}"#
            #expect(try await realm.client.get(Self.path).text == empty)
            #expect(try await realm.client.get("/inventory/v1/dead-letters").text == empty)
            try await realm.refused(404, "webhook_not_found") {
                try await $0.get("\(Self.path)/whk_01J9X3YB2KQ8M4T6V7W8X9Y0ZA/deliveries")
            }
        }

        @Test("a realm has at most 1,000 endpoints; a deleted one makes room")
        func limit() async throws {
            let realm = try await ContractRealm()
            let client = realm.client
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        var last = ""
                        for _ in 0..<125 { last = try await client.post(Self.path, Self.body).id }
                        return last
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try await realm.refused(422, "webhook_limit") { try await $0.post(Self.path, Self.body) }
            #expect(try await client.delete("\(Self.path)/\(ids[0])").status == 200)
            #expect(try await client.post(Self.path, Self.body).status == 201)
        }
    }
}

extension Sequence {
    /// One after another.
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
