import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing

extension ContractTests {
    /// Contracts, *All four*, rate limits and request ids. That every response has the headers is in ``ContractRules``,
    /// which sees every response of every test.
    @Suite struct RateLimitTests {
        private static let path = "/v1/ledger/head"

        @Test("a burst is let through, then 429 with Retry-After, and the headers count down")
        func burst() async throws {
            let realm = try await ContractRealm(limit: RateLimit(rate: 1, burst: 5))
            var remaining: [String] = []
            for _ in 0..<5 {
                let answer = try await realm.client.get(Self.path)
                #expect(answer.status == 200)
                #expect(answer.headers.first(name: "x-ratelimit-limit") == "5")
                remaining.append(answer.headers.first(name: "x-ratelimit-remaining") ?? "")
            }
            #expect(remaining.first == "4")
            #expect(remaining == remaining.sorted(by: >))
            var denied = try await realm.client.get(Self.path)
            // A slow machine may have earned a token in the meantime.
            for _ in 0..<20 where denied.status == 200 { denied = try await realm.client.get(Self.path) }
            #expect(denied.status == 429)
            #expect(denied.code == "rate_limited")
            #expect(denied.headers.first(name: "retry-after") == "1")
            #expect(denied.headers.first(name: "x-ratelimit-remaining") == "0")
            #expect(denied.headers.first(name: "ratelimit-policy") == #""burst";q=5;w=5, "sustained";q=1;w=1"#)
            #expect(denied.headers.first(name: "ratelimit")?.hasPrefix(#""burst";r=0;t="#) ?? false)
        }

        @Test("after the time in Retry-After there is budget again")
        func sustained() async throws {
            let realm = try await ContractRealm(limit: RateLimit(rate: 20, burst: 1))
            var denied = 0
            for _ in 0..<50 where try await realm.client.get(Self.path).status == 429 { denied += 1 }
            #expect(denied > 0)
            try await Task.sleep(for: .seconds(1))
            #expect(try await realm.client.get(Self.path).status == 200)
        }

        @Test("a 429 consumes no idempotency key and writes nothing")
        func keyStaysFree() async throws {
            let realm = try await ContractRealm()
            try await realm.publishedExamples(onHand: 10)
            let limited = try await realm.key(limit: RateLimit(rate: 1, burst: 1)).client
            let body = #"{"sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "found"}"#
            var denied = try await limited.post("/v1/inventory/ledger", body, key: "never-1")
            for round in 2..<30 where denied.status != 429 {
                denied = try await limited.post("/v1/inventory/ledger", body, key: "never-\(round)")
            }
            #expect(denied.status == 429)
            let before = try await realm.seq()
            let denials = 29
            for round in 1...denials {
                // Whichever was denied is free; whichever was recorded is replayed. Together each counts once.
                _ = try await realm.client.post("/v1/inventory/ledger", body, key: "never-\(round)")
            }
            let recorded = try await realm.events().filter { $0["data"]["reason"].string == "found" }.count
            #expect(recorded == denials)
            #expect(try await realm.seq() > before)
        }

        @Test("the budget is the key's, not the tenant's")
        func perKey() async throws {
            let realm = try await ContractRealm(limit: RateLimit(rate: 1, burst: 1))
            let other = try await realm.key(limit: RateLimit(rate: 1, burst: 3))
            for _ in 0..<4 { _ = try await realm.client.get(Self.path) }
            let answer = try await other.client.get(Self.path)
            #expect(answer.status == 200)
            #expect(answer.headers.first(name: "x-ratelimit-remaining") == "2")
        }

        @Test(
            "responses without a key, and those that never reach an operation, have the headers too",
            arguments: [
                ("GET", "/livez", 200), ("GET", "/readyz", 200), ("GET", "/metrics", 200), ("GET", "/", 200),
                ("GET", "/openapi.json", 200), ("GET", "/openapi/skutrail.json", 200),
                ("GET", "/openapi/none.json", 404),
                ("GET", "/problems/none", 404), ("GET", "/v1/ledger/head", 401), ("GET", "/nowhere", 404),
                ("POST", "/livez", 405), ("DELETE", "/v1/inventory/ledger", 405), ("HEAD", "/livez", 200),
                ("OPTIONS", "/v1/inventory/ledger", 405), ("GET", "/v1/inventory/balance/", 404),
            ])
        func withoutKey(method: String, path: String, status: Int) async throws {
            let client = ContractClient(url: try ContractServer.current().url, secret: nil)
            let answer = try await client.send(method, path)
            #expect(answer.status == status, "\(answer.text)")
        }

        @Test("requests that never become whole have the headers too, and a documented code")
        func brokenRequests() async throws {
            let server = try ContractServer.current()
            let post = "POST /v1/inventory/ledger HTTP/1.1\r\nHost: h\r\n"
            let cases: [(String, Int, String)] = [
                (post + "Content-Length: 1048577\r\n\r\n", 413, "body_too_large"),
                (post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed_request"),
                (post + "Transfer-Encoding: gzip\r\n\r\n", 501, "not_implemented"),
                (post + "Expect: miracles\r\n\r\n", 417, "expectation_failed"),
                ("GET /livez HTTP/1.1\r\n\r\n", 400, "malformed_request"),
                ("GET /\(String(repeating: "a", count: 9_000)) HTTP/1.1\r\nHost: h\r\n\r\n", 414, "target_too_long"),
                (post + "X-Long: \(String(repeating: "a", count: 17_000))\r\n\r\n", 431, "headers_too_large"),
                ("HELLO\r\n\r\n", 400, "malformed_request"),
            ]
            for (request, status, code) in cases {
                let answer = try await RawExchange.send(request, to: server)
                #expect(answer.status == status, "\(request.prefix(120)): \(answer.text)")
                #expect(answer.code == code, "\(request.prefix(120)): \(answer.text)")
                let target = answer.json["instance"].string ?? ""
                #expect(ContractRules.complaints(about: answer, to: "?", target) == [])
            }
        }

        @Test("a request that does not arrive in time is 408")
        func slowRequest() async throws {
            try await ContractServer.withTemporaryData { data in
                try await ContractServer.serve(data, flags: ["request-timeout": "1"]) { server in
                    let answer = try await RawExchange.send(
                        "POST /v1/inventory/ledger HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{", to: server)
                    #expect(answer.status == 408)
                    #expect(answer.code == "request_timeout")
                    #expect(
                        ContractRules.complaints(about: answer, to: "?", answer.json["instance"].string ?? "") == [])
                }
            }
        }

        @Test("a chunked body over the limit is 413 as soon as it is")
        func chunkedBody() async throws {
            let realm = try await ContractRealm()
            let chunk = "10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n"
            // Who has no key is told so long before.
            for (line, status, code) in [
                ("Authorization: Bearer \(realm.created.secret)\r\n", 413, "body_too_large"), ("", 401, "unauthorized"),
            ] {
                let answer = try await RawExchange.send(
                    "POST /v1/inventory/ledger HTTP/1.1\r\nHost: h\r\n\(line)Transfer-Encoding: chunked\r\n\r\n"
                        + String(repeating: chunk, count: 17) + "0\r\n\r\n", to: realm.server)
                #expect(answer.status == status)
                #expect(answer.code == code)
            }
        }

        @Test("the caller's request id comes back when it is sane, and a fresh one when it is not")
        func requestIDs() async throws {
            let realm = try await ContractRealm()
            let sane = try await realm.client.get(Self.path, headers: [("X-Request-Id", "trace-1.a_B")])
            #expect(sane.requestID == "trace-1.a_B")
            let problem = try await realm.client.get("/v1/inventory/balance?sku=X", headers: [("X-Request-Id", "t2")])
            #expect(problem.json["request_id"].string == "t2")
            for insane in ["", "a b", "x\"y", String(repeating: "a", count: 129), "é"] {
                let answer = try await realm.client.get(Self.path, headers: [("X-Request-Id", insane)])
                #expect(answer.requestID?.wholeMatch(of: /req_[0-9A-HJKMNP-TV-Z]{26}/) != nil, "\(insane)")
            }
            let first = try await realm.client.get(Self.path).requestID
            let second = try await realm.client.get(Self.path).requestID
            #expect(first != second)
        }
    }
}
