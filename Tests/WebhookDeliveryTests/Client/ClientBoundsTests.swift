import NIOCore
import Synchronization
import Testing
import WebhookDelivery

@Suite("Whatever a receiver answers is bounded", .timeLimit(.minutes(1)))
struct ClientBoundsTests {
    private static func result(
        timeout: TimeAmount = .seconds(5), of script: @escaping @Sendable (RawPeer) throws -> Void
    ) async throws -> (result: DeliveryResult, seconds: Double) {
        let receiver = try RawReceiver { peer, _ in try script(peer) }
        defer { receiver.stop() }
        return try await ClientBench.with { bench async throws in
            let start = ContinuousClock.now
            let result = try await bench.send("http://127.0.0.1:\(receiver.port)/", timeout: timeout)
            let elapsed = (ContinuousClock.now - start) / .seconds(1)
            // Nothing of it is used again, and nothing is left behind.
            if result.answer == nil || result.answer?.isTruncated == true {
                #expect(try await bench.statistics().idleConnections == 0)
                #expect(try await bench.until { $0.openConnections == 0 })
            }
            return (result, elapsed)
        }
    }

    @Test("64 KiB of a body are kept, a byte more makes it truncated, whatever the framing")
    func bodyBound() async throws {
        let limit = 64 * 1024
        for surplus in [-1, 0, 1, 100_000] {
            let count = limit + surplus
            let body = String(repeating: "b", count: count)
            for text in [
                "HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n\(body)",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(String(count, radix: 16))\r\n\(body)\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\n\(body)",
            ] {
                let (result, _) = try await Self.result { peer in
                    try peer.readRequest()
                    try peer.send(text)
                }
                let answer = try result.get()
                #expect(answer.body.count == min(count, limit))
                #expect(answer.isTruncated == (surplus > 0), "\(surplus)")
            }
        }
    }

    @Test("of a body of 1 GB, 64 KiB are kept and the rest is not waited for", arguments: [false, true])
    func hugeBody(chunked: Bool) async throws {
        let sent = Mutex(0)
        let (result, seconds) = try await Self.result { peer in
            try peer.readRequest()
            let piece = [UInt8](repeating: 0x62, count: 1 << 20)
            try peer.send(
                chunked
                    ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Length: \(1 << 30)\r\n\r\n")
            for _ in 0..<1024 {
                try peer.send(chunked ? Array("100000\r\n".utf8) + piece + [13, 10] : piece)
                sent.withLock { $0 += 1 }
            }
        }
        let answer = try result.get()
        #expect(answer.status == 200)
        #expect(answer.body == [UInt8](repeating: 0x62, count: 64 * 1024))
        #expect(answer.isTruncated)
        #expect(seconds < 3)
        #expect(sent.withLock { $0 } < 100)
    }

    @Test("a body in tiny chunks is cut when its bytes are too many, extensions counted")
    func chunkExtensions() async throws {
        let (result, _) = try await Self.result { peer in
            try peer.readRequest()
            try peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "1;" + String(repeating: "e", count: 4000) + "\r\nx\r\n"
            while true { try peer.send(chunk) }
        }
        let answer = try result.get()
        #expect(answer.isTruncated)
        #expect(answer.body.count < 1000)
    }

    @Test("a body in single bytes, each a chunk of its own, arrives whole and in good time")
    func tinyChunks() async throws {
        let count = 60_000
        let (result, seconds) = try await Self.result { peer in
            try peer.readRequest()
            let chunks = (0..<count).map { "1\r\n\($0 % 10)\r\n" }.joined()
            try peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n")
            _ = peer.isClosedByClient()
        }
        let answer = try result.get()
        #expect(answer.body == (0..<count).map { UInt8(0x30 + $0 % 10) })
        #expect(!answer.isTruncated)
        #expect(seconds < 3)
    }

    @Test("16 KiB of header fields are taken, more are a failure, and so are too many small ones")
    func headers() async throws {
        for (size, isFine) in [(15 * 1024, true), (17 * 1024, false), (1 << 20, false)] {
            let (result, _) = try await Self.result { peer in
                try peer.readRequest()
                let value = String(repeating: "v", count: size)
                try peer.send("HTTP/1.1 200 OK\r\nX: \(value)\r\nContent-Length: 0\r\n\r\n")
            }
            #expect(result.failure == (isFine ? nil : .headersTooLarge), "\(size)")
            if isFine { #expect(result.answer?.headers.first?.value.utf8.count == size) }
        }
        let (result, _) = try await Self.result { peer in
            try peer.readRequest()
            try peer.send("HTTP/1.1 200 OK\r\n")
            for number in 0..<10_000 { try peer.send("X-\(number): y\r\n") }
            try peer.send("\r\n")
        }
        #expect(result.failure == .headersTooLarge)
        #expect(result.failure?.code == "answer_headers_too_large")
    }

    @Test("endless header fields, trailers and reason phrases end soon")
    func endless() async throws {
        let (fields, _) = try await Self.result { peer in
            try peer.readRequest()
            try peer.send("HTTP/1.1 200 OK\r\n")
            while true { try peer.send("X: \(String(repeating: "y", count: 1000))\r\n") }
        }
        #expect(fields.failure == .headersTooLarge)
        let (trailers, _) = try await Self.result { peer in
            try peer.readRequest()
            try peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
            while true { try peer.send("X: \(String(repeating: "y", count: 1000))\r\n") }
        }
        #expect(trailers.failure == .headersTooLarge)
        let (reason, _) = try await Self.result { peer in
            try peer.readRequest()
            try peer.send("HTTP/1.1 200 ")
            while true { try peer.send(String(repeating: "OK", count: 1000)) }
        }
        #expect(reason.failure == .invalidAnswer(reason: "it does not begin"))
    }

    @Test(
        "what is no answer is a failure that says so",
        arguments: [
            "garbage\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\0", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/0.9 200 OK\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\n: no name\r\n\r\n", "HTTP/1.1 200 OK\r\nA B: x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
        ])
    func garbage(text: String) async throws {
        let (result, seconds) = try await Self.result { peer in
            try peer.readRequest()
            try peer.send(text)
            _ = peer.isClosedByClient()
        }
        guard case .invalidAnswer(let reason)? = result.failure else {
            Issue.record("\(text.debugDescription): \(result)")
            return
        }
        #expect(!reason.isEmpty)
        #expect(result.failure?.code == "invalid_answer")
        #expect(seconds < 2)
    }

    @Test(
        "a connection that ends within an answer is a failure, wherever it ends",
        arguments: [
            "", "H", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        ], [false, true])
    func endsWithin(text: String, byReset: Bool) async throws {
        let (result, seconds) = try await Self.result { peer in
            try peer.readRequest()
            try peer.send(text)
            if byReset {
                pause(milliseconds: 20)
                peer.reset()
            }
        }
        #expect(result.failure == .closed)
        #expect(seconds < 2)
    }

    @Test(
        "a receiver that never answers, one that trickles, and one that stops within its answer run into the deadline")
    func deadline() async throws {
        let scripts: [@Sendable (RawPeer) throws -> Void] = [
            { _ = $0.isClosedByClient() },
            { peer in
                try peer.readRequest()
                _ = peer.isClosedByClient()
            },
            { peer in
                try peer.readRequest()
                try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
                _ = peer.isClosedByClient()
            },
            { peer in
                try peer.readRequest()
                try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                for _ in 0..<1000 {
                    try peer.send("x")
                    pause(milliseconds: 10)
                }
            },
            { peer in
                try peer.readRequest()
                for byte in "HTTP/1.1 200 OK\r\nX: \(String(repeating: "y", count: 1000))".utf8 {
                    try peer.send([byte])
                    pause(milliseconds: 10)
                }
            },
            { peer in
                try peer.readRequest()
                for _ in 0..<10 {
                    try peer.send("HTTP/1.1 102 Processing\r\n\r\n")
                    pause(milliseconds: 100)
                }
            },
        ]
        for script in scripts {
            let (result, seconds) = try await Self.result(timeout: .milliseconds(300), of: script)
            #expect(result.failure == .timeout(.answer))
            #expect(result.failure?.code == "timed_out")
            #expect((0.29...1.5).contains(seconds), "\(seconds)")
        }
    }

    @Test("a receiver that does not read its request runs into the deadline of sending")
    func deadlineOfSending() async throws {
        let receiver = try RawReceiver { peer, _ in pause(milliseconds: 1000) }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let body = String(repeating: "x", count: 64 * 1024 * 1024)
            let result = try await bench.send(
                "http://127.0.0.1:\(receiver.port)/", body: body, timeout: .milliseconds(300))
            #expect(result.failure == .timeout(.send))
        }
    }

    @Test("a short deadline is met while a long one runs")
    func deadlines() async throws {
        let receiver = try RawReceiver { peer, _ in _ = peer.isClosedByClient() }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let url = "http://127.0.0.1:\(receiver.port)/"
            async let long = bench.send(url, timeout: .milliseconds(1_500))
            try await Task.sleep(for: .milliseconds(50))
            let start = ContinuousClock.now
            for _ in 0..<2 {
                #expect(try await bench.send(url, timeout: .milliseconds(200)).failure == .timeout(.answer))
            }
            #expect(ContinuousClock.now - start < .milliseconds(1_000))
            #expect(try await long.failure == .timeout(.answer))
            #expect(ContinuousClock.now - start > .milliseconds(1_400))
        }
    }

    @Test("a deadline that has passed before it begins is one")
    func noTime() async throws {
        let receiver = try RawReceiver { peer, _ in
            try peer.readRequest()
            try peer.ok()
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            for timeout in [TimeAmount.zero, .nanoseconds(-1), .nanoseconds(.min)] {
                let result = try await bench.send("http://127.0.0.1:\(receiver.port)/", timeout: timeout)
                #expect(result.failure?.code == "timed_out")
            }
            let result = try await bench.send("http://127.0.0.1:\(receiver.port)/", timeout: .nanoseconds(.max))
            #expect(result.answer?.status == 200)
        }
    }
}
