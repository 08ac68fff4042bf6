import DeveloperTools
import Testing

@Suite("talking to a server")
struct ServerClientTests {
    private func with<Result: Sendable>(
        _ script: @escaping @Sendable (SeenRequest) -> [Step], tries: Int = 4,
        _ body: (ServerClient, ScriptedServer) async throws -> Result
    ) async throws -> Result {
        try await ScriptedServer.with(script) { server in
            try await ServerClient.with(
                url: server.url + "/", apiKey: "sk_test_key",
                pauses: RetryPauses(tries: tries, first: .milliseconds(5), longest: .milliseconds(20))
            ) { try await body($0, server) }
        }
    }

    @Test("a write is sent again until there is an answer, under one key")
    func retries() async throws {
        let script: @Sendable (SeenRequest) -> [Step] = { request in
            switch request.number {
            case 1: Step.answer(503, #"{"code":"busy","detail":"busy"}"#, [("Retry-After", "1")])
            case 2: [.drop]
            case 3: Step.answer(429, "{}")
            default: Step.answer(201, #"{"id":"itm_1"}"#)
            }
        }
        try await with(script) { client, server in
            let answer = try await client.write(.post, "/inventory/v1/items", body: Array("{}".utf8))
            #expect(answer.status == 201)
            #expect(server.seen.count == 4)
            #expect(Set(server.seen.map { $0.header("idempotency-key") }).count == 1)
            #expect(server.seen.allSatisfy { $0.text == "{}" && $0.header("authorization") == "Bearer sk_test_key" })
            _ = try await client.write(.delete, "/inventory/v1/webhooks/1")
            #expect(Set(server.seen.map { $0.header("idempotency-key") }).count == 2, "another write, another key")
            #expect(server.seen.last?.method == "DELETE" && server.seen.last?.body.isEmpty == true)
        }
    }

    @Test("after the last try it says how often it has tried and what was wrong")
    func unreachable() async throws {
        try await with({ _ in [.drop] }, tries: 3) { client, server in
            await #expect(throws: DeveloperError.unreachable(tries: 3, problem: "the connection was closed")) {
                try await client.get("/v1/ledger/head")
            }
            #expect(server.seen.count == 3)
        }
    }

    @Test("what must not happen twice is sent once")
    func once() async throws {
        try await with({ _ in Step.answer(503, #"{"detail":"busy"}"#) }) { client, server in
            await #expect(throws: DeveloperError.unreachable(tries: 1, problem: "503 busy")) {
                try await client.ask("/inventory/v1/webhooks/whk_1/test", body: [])
            }
            #expect(server.seen.count == 1)
            #expect(server.seen[0].header("idempotency-key") == "")
        }
    }

    @Test(
        "a refusal has the server's words",
        arguments: [
            (401, #"{"detail":"no key"}"#, .notAuthorised(status: 401, problem: "no key")),
            (403, #"{"title":"no scope"}"#, .notAuthorised(status: 403, problem: "no scope")),
            (404, "gone", .refused(status: 404, code: nil, problem: "gone")),
            (301, "", .refused(status: 301, code: nil, problem: "")),
            (
                422,
                #"{"code":"validation_failed","detail":"/url bad","errors":[{"pointer":"/url","message":"bad"},{"pointer":"/events","message":"none"}]}"#,
                .refused(status: 422, code: "validation_failed", problem: "/url bad (/url bad; /events none)")
            ),
        ] as [(Int, String, DeveloperError)])
    func refusals(status: Int, body: String, expected: DeveloperError) async throws {
        try await with({ _ in Step.answer(status, body) }) { client, server in
            await #expect(throws: expected) { try await client.get("/v1/ledger/head") }
            #expect(server.seen.count == 1)
        }
    }

    @Test("an address or a key that can't be one is wrong usage, and nothing is sent")
    func usage() async throws {
        for (url, key) in [("localhost:1", "k"), ("http://a", ""), ("http://a", "k\r\nX: y"), ("http://a b", "k")] {
            await #expect {
                try await ServerClient.with(url: url, apiKey: key) { _ in }
            } throws: { error in
                if case .usage = error as? DeveloperError { true } else { false }
            }
        }
    }

    @Test("events are read page by page, as far as they are wanted")
    func events() async throws {
        let script: @Sendable (SeenRequest) -> [Step] = { request in
            if request.path == "/v1/ledger/head" { return head(250) }
            let after = Int(request.path.firstMatch(of: #/after=(\d+)/#)?.1 ?? "") ?? 0
            let limit = Int(request.path.firstMatch(of: #/limit=(\d+)/#)?.1 ?? "") ?? 0
            // A filter of the server: every tenth; short pages.
            let end = min(after + 40, 250)
            var shown: [Int] = []
            var seen = after
            while seen < end, shown.count < limit {
                seen += 1
                if seen % 10 == 0 { shown.append(seen) }
            }
            let rows = shown.map { event($0) }.joined(separator: ",")
            return Step.answer(200, #"{"data":[\#(rows)],"has_more":\#(seen < 250),"last_seq":\#(seen)}"#)
        }
        try await with(script) { client, server in
            let reader = EventReader(client)
            let all = try await reader.events(after: 0, types: "a.*,b")
            #expect(all.map(\.seq) == stride(from: 10, through: 250, by: 10).map { Int64($0) })
            #expect(String(decoding: all[0].json, as: UTF8.self) == event(10))
            #expect(server.seen[0].path == "/v1/events?after=0&limit=1000&types=a.%2A%2Cb")
            #expect(try await reader.events(after: 95, limit: 3, types: nil).map(\.seq) == [100, 110, 120])
            #expect(try await reader.events(after: 0, through: 35, types: nil).map(\.seq) == [10, 20, 30])
            #expect(try await reader.newest(3, types: nil).map(\.seq) == [230, 240, 250])
            #expect(try await reader.newest(20, types: nil).map(\.seq).first == 60)
            #expect(try await reader.newest(1_000, types: nil).count == 25)
        }
    }

    @Test("endpoints are listed page by page, and shown as a table")
    func endpoints() async throws {
        let script: @Sendable (SeenRequest) -> [Step] = { request in
            func row(_ id: String, _ rest: String) -> String {
                #"{"id":"\#(id)","url":"https://a/\u001b","events":["a.*","b"],\#(rest)}"#
            }
            return request.path.contains("cursor=c%2B1")
                ? Step.answer(
                    200,
                    #"{"data":[\#(row("whk_2", #""status":"disabled","disabled_reason":"gone""#))],"next_cursor":null,"has_more":false}"#
                )
                : Step.answer(
                    200,
                    #"{"data":[\#(row("whk_1", #""status":"enabled","disabled_reason":null"#))],"next_cursor":"c+1","has_more":true}"#
                )
        }
        try await with(script) { client, server in
            let lines = WebhookText.endpoints(try await Webhooks(client).list())
            #expect(
                lines == [
                    "ID     STATUS           EVENTS  URL", "whk_1  enabled          a.*,b   https://a/\u{FFFD}",
                    "whk_2  disabled (gone)  a.*,b   https://a/\u{FFFD}",
                ])
            #expect(server.seen.map(\.path).first == "/inventory/v1/webhooks?limit=100")
            let odd = try await Webhooks(client).deliveries("../x?y", Webhooks.DeliveryFilter(), limit: 1)
            #expect(odd.count == 1)
            #expect(server.seen.last?.path == "/inventory/v1/webhooks/..%2Fx%3Fy/deliveries?limit=1")
        }
    }

    @Test("an event goes once more to each enabled endpoint that takes it")
    func resend() async throws {
        let script: @Sendable (SeenRequest) -> [Step] = { request in
            if request.method == "GET" {
                let rows = [("1", "enabled"), ("2", "disabled"), ("3", "enabled"), ("4", "enabled")].map {
                    #"{"id":"whk_\#($0)","status":"\#($1)"}"#
                }
                return Step.answer(200, #"{"data":[\#(rows.joined(separator: ","))],"has_more":false}"#)
            }
            return request.path.contains("whk_3")
                ? Step.answer(404, #"{"code":"delivery_not_found","detail":"none"}"#)
                : Step.answer(202, #"{"id":"rpl_1"}"#)
        }
        try await with(script) { client, server in
            let sent = try await Webhooks(client).resend(event: "evt_1")
            #expect(sent == ["whk_1", "whk_4"])
            #expect(
                server.seen.filter { $0.method == "POST" }.map(\.path)
                    == ["1", "3", "4"].map { "/inventory/v1/webhooks/whk_\($0)/deliveries/evt_1/replay" })
        }
    }

    @Test("nothing is triggered with a live key")
    func live() async throws {
        try await with({ _ in Step.answer(500) }) { client, server in
            #expect(throws: DeveloperError.self) { try Trigger(client, apiKey: "sk_live_1", suffix: "1") }
            #expect(server.seen.isEmpty)
        }
    }
}
