import Synchronization
import Testing
import WebhookDelivery

@Suite("A webhook is sent and answered", .timeLimit(.minutes(1)))
struct ClientExchangeTests {
    @Test("the request has one head with everything that it needs, and the body's very bytes")
    func request() async throws {
        let seen = Mutex<[RawPeer.Request]>([])
        let receiver = try RawReceiver { peer, _ in
            let request = try peer.readRequest()
            seen.withLock { $0.append(request) }
            try peer.ok()
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let answer = try await bench.send(
                "http://127.0.0.1:\(receiver.port)/hook/%20?a=b&c[]=d",
                headers: [
                    ("webhook-id", "evt_1"), ("webhook-timestamp", "1614265330"), ("webhook-signature", "v1,x v1,y"),
                ],
                body: #"{"ü":"\r\n\r\n"}"#
            ).get()
            #expect(answer.status == 200)
            #expect(answer.isSuccess)
            #expect(answer.body == Array("ok".utf8))
            #expect(!answer.isTruncated)
            #expect(answer.retryAfter == nil)
            #expect(answer.nanoseconds > 0)
            #expect(answer.headers.map(\.name) == ["Content-Length"])
        }
        let request = try #require(seen.withLock { $0.first })
        #expect(request.line == "POST /hook/%20?a=b&c[]=d HTTP/1.1")
        #expect(
            request.headers.map { "\($0.name): \($0.value)" } == [
                "Host: 127.0.0.1:\(receiver.port)", "User-Agent: Bincard-Webhooks", "Content-Type: application/json",
                "Content-Length: 17", "webhook-id: evt_1", "webhook-timestamp: 1614265330",
                "webhook-signature: v1,x v1,y",
            ])
        #expect(request.body == Array(#"{"ü":"\r\n\r\n"}"#.utf8))
    }

    @Test(
        "every status is an answer; only 2xx is a success, and no redirection is followed",
        arguments: [200, 201, 202, 204, 299, 300, 301, 302, 304, 307, 308, 400, 404, 410, 429, 500, 503, 599, 999])
    func statuses(status: Int) async throws {
        let receiver = try RawReceiver { peer, _ in
            try peer.readRequest()
            let location = "Location: http://127.0.0.1:1/elsewhere\r\n"
            try peer.send("HTTP/1.1 \(status) X\r\n\(location)Content-Length: 0\r\n\r\n")
            _ = peer.isClosedByClient()
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let answer = try await bench.send("http://127.0.0.1:\(receiver.port)/").get()
            #expect(answer.status == status)
            #expect(answer.isSuccess == (200..<300).contains(status))
            #expect(answer.body.isEmpty)
        }
        #expect(receiver.connections == 1)
    }

    @Test("answers with a length, in chunks, up to the end of the connection, and in single bytes")
    func framings() async throws {
        let answers = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nTrailer: t\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nhello",
            "HTTP/1.0 200 OK\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello",
        ]
        for slowly in [false, true] {
            for text in answers {
                let receiver = try RawReceiver { peer, _ in
                    try peer.readRequest()
                    if !slowly { return try peer.send(text) }
                    for byte in text.utf8 {
                        try peer.send([byte])
                        pause(milliseconds: 1)
                    }
                }
                defer { receiver.stop() }
                try await ClientBench.with { bench async throws in
                    let answer = try await bench.send("http://127.0.0.1:\(receiver.port)/").get()
                    #expect(answer.status == 200)
                    #expect(answer.body == Array("hello".utf8), "\(text)")
                    #expect(!answer.isTruncated)
                }
            }
        }
    }

    @Test("interim answers are passed over, up to a bound")
    func interim() async throws {
        for (interim, isFine) in [(1, true), (16, true), (17, false), (100_000, false)] {
            let receiver = try RawReceiver { peer, _ in
                try peer.readRequest()
                for number in 0..<interim {
                    try peer.send(
                        number % 2 == 0 ? "HTTP/1.1 100 Continue\r\n\r\n" : "HTTP/1.1 103 X\r\nLink: y\r\n\r\n")
                }
                try peer.ok("done")
            }
            defer { receiver.stop() }
            try await ClientBench.with { bench async throws in
                let result = try await bench.send("http://127.0.0.1:\(receiver.port)/")
                if isFine {
                    #expect(result.answer?.body == Array("done".utf8))
                } else {
                    #expect(result.failure == .invalidAnswer(reason: "too many interim answers"))
                }
            }
        }
    }

    @Test(
        "Retry-After is read as seconds or as a date",
        arguments: [
            ("120", 120), ("0", 0), (" 7 ", 7), ("999999999999999999999", 1_000_000_000), ("-1", nil), ("1.5", nil),
            ("", nil), ("soon", nil), ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sunday, 06-Nov-94 08:49:37 GMT", 37),
            ("Sun Nov  6 08:49:37 1994", 37), ("Sun, 06 Nov 1994 08:48:00 GMT", 0),
            ("Mon, 07 Nov 1994 08:49:00 GMT", 86_400),
            ("Thu, 29 Feb 1996 00:00:00 GMT", 41_440_260), ("Fri, 31 Dec 9999 23:59:59 GMT", 1_000_000_000),
            ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 06 Nov 1994 24:49:37 GMT", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("Sun, 32 Nov 1994 08:49:37 GMT", nil),
        ] as [(String, Int?)])
    func retryAfter(value: String, seconds: Int?) {
        // Sun, 06 Nov 1994 08:49:00 GMT
        #expect(RetryAfter.seconds(value, now: 784_111_740) == seconds)
    }

    @Test("Retry-After of an answer is found whatever its case")
    func retryAfterInAnswer() async throws {
        let receiver = try RawReceiver { peer, _ in
            try peer.readRequest()
            try peer.send("HTTP/1.1 503 X\r\nRETRY-AFTER: 17\r\nContent-Length: 0\r\n\r\n")
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let answer = try await bench.send("http://127.0.0.1:\(receiver.port)/").get()
            #expect(answer.retryAfter == 17)
            #expect(answer.status == 503)
        }
    }

    @Test(
        "a header field that could end its line, or is the client's own, is refused before anything is sent",
        arguments: [
            ("webhook-id", "a\r\nX: y"), ("webhook-id", "a\nX: y"), ("webhook-id", "a\rX"), ("webhook-id", "a\0"),
            ("webhook-id", "é"), ("webhook-id", "a\u{85}b"), ("webhook-id", "a\u{2028}b"), ("webhook-id", "\u{7F}"),
            ("a b", "x"), ("a:b", "x"), ("", "x"), ("a\r\nb", "x"), ("ä", "x"), ("a\0", "x"), ("Host", "x"),
            ("content-length", "0"), ("Transfer-Encoding", "chunked"), ("CONNECTION", "close"), ("User-Agent", "x"),
            ("Content-Type", "x"), ("expect", "100-continue"),
        ])
    func injection(name: String, value: String) async throws {
        let receiver = try RawReceiver { peer, _ in
            try peer.readRequest()
            try peer.ok()
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let result = try await bench.send("http://127.0.0.1:\(receiver.port)/", headers: [(name, value)])
            guard case .invalidRequest(let reason)? = result.failure else {
                Issue.record("\(result)")
                return
            }
            #expect(!reason.contains("X: y"))
            #expect(result.failure?.code == "invalid_request")
            let statistics = try await bench.statistics()
            #expect(statistics.dials == 0)
        }
        #expect(receiver.connections == 0)
    }

    @Test("a large body goes out whole")
    func largeBody() async throws {
        let body = String(repeating: "0123456789abcdef", count: 512 * 1024)
        let receiver = try RawReceiver { peer, _ in
            let request = try peer.readRequest()
            try peer.ok("\(request.body.count) \(request.body == Array(body.utf8))")
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let answer = try await bench.send("http://127.0.0.1:\(receiver.port)/", body: body).get()
            #expect(String(decoding: answer.body, as: UTF8.self) == "\(body.utf8.count) true")
        }
    }
}
