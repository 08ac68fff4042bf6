import NIOCore
import Synchronization
import Testing
import WebhookDelivery

@Suite("Connections are kept and used again", .timeLimit(.minutes(1)))
struct ClientPoolTests {
    /// Answers every request of a connection, until the client closes.
    private static func echo() throws -> RawReceiver {
        try RawReceiver { peer, _ in
            while true {
                let request = try peer.readRequest()
                try peer.ok(String(decoding: request.body, as: UTF8.self))
            }
        }
    }

    @Test("requests one after another share one connection")
    func reuse() async throws {
        let receiver = try Self.echo()
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            for number in 0..<50 {
                let answer = try await bench.send("http://127.0.0.1:\(receiver.port)/", body: "\(number)").get()
                #expect(answer.body == Array("\(number)".utf8))
            }
            let statistics = try await bench.statistics()
            #expect(statistics.dials == 1)
            #expect(statistics.reuses == 49)
            #expect(statistics.idleConnections == 1)
            #expect(statistics.openConnections == 1)
        }
        #expect(receiver.connections == 1)
    }

    @Test("requests at the same time have a connection each, and the next ones find them")
    func parallel() async throws {
        let receiver = try Self.echo()
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            for _ in 0..<3 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            let answer = try await bench.send(
                                "http://127.0.0.1:\(receiver.port)/", body: "\(number)"
                            ).get()
                            #expect(answer.body == Array("\(number)".utf8))
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let statistics = try await bench.statistics()
            #expect(statistics.dials <= 20)
            #expect(statistics.dials + statistics.reuses == 60)
            #expect(statistics.idleConnections == statistics.dials)
        }
    }

    @Test("another port, another host and another scheme have connections of their own")
    func origins() async throws {
        let first = try Self.echo()
        let second = try Self.echo()
        defer {
            first.stop()
            second.stop()
        }
        let names = try ScriptedResolver(["127.0.0.1"])
        try await ClientBench.with(resolver: names.resolver) { bench async throws in
            for host in ["127.0.0.1:\(first.port)", "127.0.0.1:\(second.port)", "a.test:\(first.port)"] {
                for _ in 0..<2 { #expect(try await bench.send("http://\(host)/").answer?.status == 200) }
            }
            #expect(try await bench.statistics().dials == 3)
        }
        #expect(first.connections == 2)
        #expect(second.connections == 1)
    }

    @Test(
        "a connection is not used again when the answer says so, or can only end with it",
        arguments: [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nconnection: Close\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nuntil the end",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore",
        ])
    func notKept(answer: String) async throws {
        let receiver = try RawReceiver { peer, _ in
            try peer.readRequest()
            try peer.send(answer)
            // The client closes by itself, except where only the end of the connection ends the answer.
            if !answer.contains("until") { #expect(peer.isClosedByClient()) }
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            for number in 1...3 {
                #expect(try await bench.send("http://127.0.0.1:\(receiver.port)/").answer?.status == 200)
                #expect(receiver.connections == number)
            }
            #expect(try await bench.until { $0.openConnections == 0 })
        }
    }

    @Test("HTTP/1.0 that asks to be kept alive is")
    func oldKeepAlive() async throws {
        let receiver = try RawReceiver { peer, _ in
            for _ in 0..<2 {
                try peer.readRequest()
                try peer.send("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n")
            }
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            for _ in 0..<2 { #expect(try await bench.send("http://127.0.0.1:\(receiver.port)/").answer?.status == 200) }
        }
        #expect(receiver.connections == 1)
    }

    @Test("an idle connection is closed when its time is up, and when bytes come that nobody asked for")
    func idleEnds() async throws {
        let closed = Mutex(0)
        let receiver = try RawReceiver { peer, _ in
            try peer.readRequest()
            try peer.ok()
            if peer.isClosedByClient() { closed.withLock { $0 += 1 } }
        }
        defer { receiver.stop() }
        try await ClientBench.with(configure: { $0.idleTime = .milliseconds(100) }) { bench async throws in
            #expect(try await bench.send("http://127.0.0.1:\(receiver.port)/").answer?.status == 200)
            #expect(try await bench.statistics().idleConnections == 1)
            #expect(try await bench.until { $0.idleConnections == 0 && $0.openConnections == 0 })
        }
        // The answer of a server that has had enough, and a first byte that could be of anything.
        for bytes in ["HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", "H"] {
            let chatty = try RawReceiver { peer, _ in
                try peer.readRequest()
                try peer.ok()
                pause(milliseconds: 50)
                try peer.send(bytes)
                if peer.isClosedByClient() { closed.withLock { $0 += 1 } }
            }
            defer { chatty.stop() }
            try await ClientBench.with { bench async throws in
                #expect(try await bench.send("http://127.0.0.1:\(chatty.port)/").answer?.status == 200)
                #expect(try await bench.until { $0.openConnections == 0 })
            }
        }
        for _ in 0..<100 where closed.withLock({ $0 }) < 3 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(closed.withLock { $0 } == 3)
    }

    @Test("a busy connection is given up when it has grown old")
    func age() async throws {
        let receiver = try Self.echo()
        defer { receiver.stop() }
        try await ClientBench.with(configure: { $0.connectionAge = .milliseconds(200) }) { bench async throws in
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .milliseconds(500) {
                #expect(try await bench.send("http://127.0.0.1:\(receiver.port)/").answer?.status == 200)
            }
            #expect((2...4).contains(try await bench.statistics().dials))
        }
    }

    @Test("no more idle connections are kept than allowed")
    func idleBound() async throws {
        let receiver = try Self.echo()
        defer { receiver.stop() }
        try await ClientBench.with(configure: { $0.idleConnections = 3 }) { bench async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask { () async throws in
                        #expect(try await bench.send("http://127.0.0.1:\(receiver.port)/").answer?.status == 200)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await bench.until { $0.openConnections <= 3 })
            #expect(try await bench.statistics().idleConnections <= 3)
        }
    }

    @Test("a connection that the server closes while it is idle is not missed")
    func closedWhileIdle() async throws {
        let receiver = try RawReceiver { peer, _ in
            try peer.readRequest()
            try peer.ok()
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            for _ in 0..<20 {
                #expect(try await bench.send("http://127.0.0.1:\(receiver.port)/").answer?.status == 200)
                #expect(try await bench.until { $0.openConnections == 0 })
            }
            #expect(try await bench.statistics().resends == 0)
        }
    }

    @Test("a request that meets a connection just closed is sent once more, on a fresh one", arguments: [false, true])
    func resend(byReset: Bool) async throws {
        let requests = Mutex(0)
        let receiver = try RawReceiver { peer, number in
            try peer.readRequest()
            requests.withLock { $0 += 1 }
            try peer.ok()
            if number > 1 {
                _ = peer.isClosedByClient()
                return
            }
            // The second request of the first connection is read and not answered.
            try peer.readRequest()
            requests.withLock { $0 += 1 }
            if byReset { peer.reset() }
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            for _ in 0..<2 { #expect(try await bench.send("http://127.0.0.1:\(receiver.port)/").answer?.status == 200) }
            let statistics = try await bench.statistics()
            #expect(statistics.resends == 1)
            #expect(statistics.dials == 2)
        }
        #expect(requests.withLock { $0 } == 3)
    }

    @Test("it is not sent a third time, and not again once a byte of an answer has come")
    func noFurtherResend() async throws {
        let requests = Mutex(0)
        let closing = try RawReceiver { peer, number in
            try peer.readRequest()
            requests.withLock { $0 += 1 }
            if number > 1 { return }
            try peer.ok()
            try peer.readRequest()
            requests.withLock { $0 += 1 }
        }
        defer { closing.stop() }
        try await ClientBench.with { bench async throws in
            #expect(try await bench.send("http://127.0.0.1:\(closing.port)/").answer?.status == 200)
            #expect(try await bench.send("http://127.0.0.1:\(closing.port)/").failure == .closed)
            #expect(try await bench.statistics().resends == 1)
        }
        #expect(requests.withLock { $0 } == 3)

        let stuttering = try RawReceiver { peer, _ in
            try peer.readRequest()
            try peer.ok()
            try peer.readRequest()
            try peer.send("H")
            pause(milliseconds: 20)
        }
        defer { stuttering.stop() }
        try await ClientBench.with { bench async throws in
            #expect(try await bench.send("http://127.0.0.1:\(stuttering.port)/").answer?.status == 200)
            #expect(try await bench.send("http://127.0.0.1:\(stuttering.port)/").failure == .closed)
            #expect(try await bench.statistics().resends == 0)
        }
        #expect(stuttering.connections == 1)
    }

    @Test("a fresh connection that is closed without an answer is a failure, not a reason to try again")
    func freshClosed() async throws {
        let receiver = try RawReceiver { peer, _ in try peer.readRequest() }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let result = try await bench.send("http://127.0.0.1:\(receiver.port)/")
            #expect(result.failure == .closed)
            #expect(result.failure?.code == "connection_closed")
        }
        #expect(receiver.connections == 1)
    }

    @Test("after an answer that overtakes its request the connection is not used again")
    func earlyAnswer() async throws {
        let receiver = try RawReceiver { peer, _ in
            // The request is far larger than what the system takes in for a reader that does not read.
            try peer.send("HTTP/1.1 413 X\r\nContent-Length: 0\r\n\r\n")
            #expect(peer.isClosedByClient())
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let body = String(repeating: "x", count: 32 * 1024 * 1024)
            #expect(try await bench.send("http://127.0.0.1:\(receiver.port)/", body: body).answer?.status == 413)
            #expect(try await bench.statistics().idleConnections == 0)
            #expect(try await bench.until { $0.openConnections == 0 })
        }
    }
}
