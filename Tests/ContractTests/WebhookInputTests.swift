import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing

extension ContractTests {
    /// Bad input of the operations on webhooks, in both dialects.
    @Suite struct WebhookInputTests {
        private static let paths = ["/inventory/v1/webhooks", "/v1/webhooks/subscribe"]

        private static func body(
            url: String = "https://your.app/hook", events: String = #"["*"]"#, more: String = ""
        ) -> String {
            #"{"url": "\#(url)", "events": \#(events)\#(more)}"#
        }

        /// URL, its fault's code, and whether it is refused in test mode too.
        static let urls: [(url: String, code: String, inTest: Bool)] = [
            ("ftp://your.app/", "url_scheme_unsupported", true), ("your.app/hook", "url_scheme_unsupported", true),
            ("https://user:password@your.app/", "url_has_credentials", true),
            ("https://your.app/#part", "url_has_fragment", true), ("https://", "url_host_missing", true),
            ("https://your app/", "url_character_invalid", true), ("https://your.app:0/", "url_port_invalid", true),
            ("https://your.app:65536/", "url_port_invalid", true), ("https://2130706433/", "url_host_numeric", true),
            ("https://0x7f.1/", "url_host_numeric", true), ("https://10.0.0.1/", "url_address_refused", true),
            ("https://169.254.169.254/latest/meta-data", "url_address_refused", true),
            ("https://[::1]/", "url_address_refused", true),
            ("https://[::ffff:127.0.0.1]/", "url_address_refused", true),
            ("https://192.168.1.1/", "url_address_refused", true),
            ("http://your.app/", "url_https_required", false),
        ]

        @Test("a URL that nothing may be sent to is refused, with why, and never repeated", arguments: urls)
        func refusedURLs(url: String, code: String, inTest: Bool) async throws {
            let live = try await ContractRealm(mode: .live)
            let test = try await ContractRealm()
            let existing = try await live.webhook("https://your.app/")
            for path in Self.paths {
                let answer = try await live.refused(422, "webhook_url_refused", ["/url \(code)"]) {
                    try await $0.post(path, Self.body(url: url))
                }
                #expect(!answer.text.contains("password"))
                #expect(answer.json["detail"].string == answer.json["errors"][0]["message"].string)
                if inTest {
                    try await test.refused(422, "webhook_url_refused", ["/url \(code)"]) {
                        try await $0.post(path, Self.body(url: url))
                    }
                } else {
                    #expect(try await test.client.post(path, Self.body(url: url)).status == 201)
                }
            }
            try await live.refused(422, "webhook_url_refused", ["/url \(code)"]) {
                try await $0.patch(existing.path, #"{"url": "\#(url)"}"#)
            }
        }

        @Test("what the operator has opened can be sent to, and nothing else of its kind")
        func opened() async throws {
            let realm = try await ContractRealm()
            #expect(try await realm.client.post(Self.paths[0], Self.body(url: "http://127.0.0.1:1/")).status == 201)
            #expect(try await realm.client.post(Self.paths[0], Self.body(url: "http://localhost:1/")).status == 201)
            try await ContractServer.withTemporaryData { data in
                try await ContractServer.serve(data, flags: ["webhook-allow": "none"]) { server in
                    let realm = try await ContractRealm(on: server)
                    for host in ["127.0.0.1", "localhost", "0.0.0.0", "a.localhost"] {
                        try await realm.refused(422, "webhook_url_refused", ["/url url_address_refused"]) {
                            try await $0.post(Self.paths[0], Self.body(url: "http://\(host):8080/"))
                        }
                    }
                }
            }
        }

        @Test(
            "an unknown type is refused and named by its place",
            arguments: [
                (#"["movement.recorded", "stock.low", "stock.high"]"#, 2), (#"["shipments.created"]"#, 0),
                (#"["*", "movement*"]"#, 1), (#"["Movement.Recorded"]"#, 0), (#"["movement."]"#, 0), (#"[".*"]"#, 0),
                (#"["**"]"#, 0), (#"["stock.low,stock.out"]"#, 0),
            ])
        func unknownTypes(events: String, index: Int) async throws {
            let realm = try await ContractRealm()
            let existing = try await realm.webhook("https://your.app/")
            for path in Self.paths {
                let answer = try await realm.refused(422, "unknown_event_type", ["/events/\(index) invalid_value"]) {
                    try await $0.post(path, Self.body(events: events))
                }
                #expect(answer.json["detail"].string?.contains("“") ?? false)
            }
            try await realm.refused(422, "unknown_event_type", ["/events/\(index) invalid_value"]) {
                try await $0.patch(existing.path, #"{"events": \#(events)}"#)
            }
            try await realm.refused(422, "unknown_event_type", ["/events/\(index) invalid_value"]) {
                try await $0.post("\(existing.path)/replay", #"{"from_seq": 1, "events": \#(events)}"#)
            }
        }

        @Test("every published name, alias and family can be subscribed to, 64 at most, duplicates too")
        func everyType() async throws {
            let realm = try await ContractRealm()
            let names = EventType.allCases.flatMap { [$0.name] + $0.aliases }
            let families = Set(names.map { "\($0.prefix { $0 != "." }).*" }).sorted()
            for name in names + families + ["*"] {
                let answer = try await realm.client.post(Self.paths[1], Self.body(events: #"["\#(name)"]"#))
                #expect(answer.status == 201, "\(name)")
            }
            let many = Array(repeating: "\"stock.low\"", count: 64)
            for path in Self.paths {
                let whole = "[\(many.joined(separator: ","))]"
                let answer = try await realm.client.post(path, Self.body(events: whole))
                #expect(answer.json["events"].elements.count == 64)
                try await realm.refused(422, "validation_failed", ["/events too_many_items"]) {
                    try await $0.post(path, Self.body(events: "[\((many + many.prefix(1)).joined(separator: ","))]"))
                }
            }
        }

        /// A body, and its fault.
        static let wrong: [(body: String, status: Int, code: String, fault: String)] = [
            (body(events: "[]"), 422, "validation_failed", "/events too_few_items"),
            (body(events: "[1]"), 422, "validation_failed", "/events/0 wrong_type"),
            (body(events: #"[""]"#), 422, "validation_failed", "/events/0 too_short"),
            (body(events: #""*""#), 422, "validation_failed", "/events wrong_type"),
            (body(events: "null"), 422, "validation_failed", "/events wrong_type"),
            (#"{"events": ["*"]}"#, 422, "validation_failed", "/url required"),
            (#"{"url": "https://your.app/"}"#, 422, "validation_failed", "/events required"),
            (body(url: ""), 422, "validation_failed", "/url too_short"),
            (body(more: #", "secret": """#), 422, "validation_failed", "/secret too_short"),
            (body(more: #", "secret": "a b""#), 422, "validation_failed", "/secret invalid_value"),
            (body(more: #", "secret": "é""#), 422, "validation_failed", "/secret invalid_value"),
            (body(more: #", "secret": 5"#), 422, "validation_failed", "/secret wrong_type"),
            (body(more: #", "active": true"#), 422, "validation_failed", "/active unknown_member"),
            (body(more: ","), 400, "malformed_json", " unexpected_byte"),
        ]

        @Test("what is no endpoint is refused and the place is named", arguments: wrong)
        func wrongBodies(body: String, status: Int, code: String, fault: String) async throws {
            let realm = try await ContractRealm()
            for path in Self.paths {
                let answer = try await realm.refused(status, code) { try await $0.post(path, body) }
                #expect(answer.faults.map { $0.split(separator: " ").last } == [fault.split(separator: " ").last])
                if status == 422 { #expect(answer.faults == [fault], "\(answer.text)") }
            }
        }

        @Test("a URL has at most 2,048 characters, a secret 256, a description 500")
        func lengths() async throws {
            let realm = try await ContractRealm()
            let path = "https://your.app/"
            let long = { (count: Int) in path + String(repeating: "a", count: count - path.utf8.count) }
            let member = { (name: String, count: Int) in #", "\#(name)": "\#(String(repeating: "a", count: count))""# }
            let cases = [
                ("/url", Self.body(url: long(2_048)), Self.body(url: long(2_049))),
                ("/secret", Self.body(more: member("secret", 256)), Self.body(more: member("secret", 257))),
                (
                    "/description", Self.body(more: member("description", 500)),
                    Self.body(more: member("description", 501))
                ),
            ]
            for (pointer, longest, tooLong) in cases {
                for path in Self.paths where path == Self.paths[0] || pointer != "/description" {
                    #expect(try await realm.client.post(path, longest).status == 201)
                    try await realm.refused(422, "validation_failed", ["\(pointer) too_long"]) {
                        try await $0.post(path, tooLong)
                    }
                }
            }
        }

        @Test("a weak secret is taken in test mode and refused in live mode")
        func weakSecrets() async throws {
            let live = try await ContractRealm(mode: .live)
            let test = try await ContractRealm()
            let strong = try await live.webhook("https://your.app/")
            let weak = [
                "x", "whsec_REPLACE", "whsec_", "whsec_AAAA", "whsec_\(String(repeating: "A", count: 31))",
                "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            ]
            for secret in weak {
                for path in Self.paths {
                    let body = Self.body(more: #", "secret": "\#(secret)""#)
                    let answer = try await live.refused(422, "weak_secret", ["/secret secret_too_weak"]) {
                        try await $0.post(path, body)
                    }
                    #expect(!answer.text.contains(secret) || secret == "x" || secret == "whsec_")
                    #expect(try await test.client.post(path, body).status == 201)
                }
                try await live.refused(422, "weak_secret", ["/secret secret_too_weak"]) {
                    try await $0.post("\(strong.path)/rotate-secret", #"{"secret": "\#(secret)"}"#)
                }
            }
            let body = Self.body(more: #", "secret": "\#(ContractRealm.secret)""#)
            for path in Self.paths { #expect(try await live.client.post(path, body).status == 201) }
        }

        @Test("changes, tests and replays have their limits too")
        func otherBodies() async throws {
            let realm = try await ContractRealm()
            let endpoint = try await realm.webhook("https://your.app/")
            let posts: [(String, String, Int, String, [String]?)] = [
                ("/test", "{}", 422, "validation_failed", ["/type required"]),
                ("/test", #"{"type": "stock.*"}"#, 422, "unknown_event_type", ["/type invalid_value"]),
                ("/test", #"{"type": "*"}"#, 422, "unknown_event_type", ["/type invalid_value"]),
                ("/test", #"{"type": "stock.low", "x": 1}"#, 422, "validation_failed", ["/x unknown_member"]),
                ("/disable", #"{"x": 1}"#, 422, "validation_failed", ["/x unknown_member"]),
                ("/replay", #"{"from_seq": 0}"#, 400, "invalid_number", ["/from_seq out_of_range"]),
                ("/replay", #"{"from_seq": 1, "since": "2026-01-01T00:00:00Z"}"#, 422, "validation_failed", nil),
                ("/replay", #"{"to_seq": 1, "until": "2026-01-01T00:00:00Z"}"#, 422, "validation_failed", nil),
                ("/replay", #"{"since": "yesterday"}"#, 422, "validation_failed", ["/since invalid_value"]),
                ("/replay", #"{"events": []}"#, 422, "validation_failed", ["/events too_few_items"]),
                ("/replay", #"{"dead_only": 1}"#, 422, "validation_failed", ["/dead_only wrong_type"]),
                ("/replay", "{}", 422, "replay_range_empty", nil),
                ("/replay", #"{"from_seq": 9}"#, 422, "replay_range_empty", nil),
                ("/replay", #"{"from_seq": 2, "to_seq": 1}"#, 422, "replay_range_empty", nil),
                ("/replay", #"{"until": "2000-01-01T00:00:00Z"}"#, 422, "replay_range_empty", nil),
                ("/replay", #"{"since": "2999-01-01T00:00:00Z"}"#, 422, "replay_range_empty", nil),
                ("/replay", #"{"from_seq": 1, "dead_only": true}"#, 404, "nothing_to_replay", nil),
                ("/deliveries/evt_1/replay", "", 404, "delivery_not_found", nil),
            ]
            for (suffix, body, status, code, faults) in posts {
                try await realm.refused(status, code, faults) { try await $0.post("\(endpoint.path)\(suffix)", body) }
            }
            try await realm.refused(422, "validation_failed") { try await $0.patch(endpoint.path, "{}") }
            try await realm.refused(422, "validation_failed", ["/url wrong_type"]) {
                try await $0.patch(endpoint.path, #"{"url": null}"#)
            }
            for query in [
                "status=waiting", "status=", "type=stock.high", "since=today", "limit=201", "limit=0", "webhook=x",
            ] {
                try await realm.refused(400, "invalid_parameter") {
                    try await $0.get("\(endpoint.path)/deliveries?\(query)")
                }
            }
            for query in ["status=dead", "type=stock.high", "since=today", "limit=201"] {
                try await realm.refused(400, "invalid_parameter") {
                    try await $0.get("/inventory/v1/dead-letters?\(query)")
                }
            }
            for name in ["whk_1", "x", "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "%20"] {
                try await realm.refused(404, "webhook_not_found") { try await $0.get("/inventory/v1/webhooks/\(name)") }
            }
        }
    }
}
