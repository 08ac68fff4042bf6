import NIOCore
import Synchronization
import Testing
import WebhookDelivery

@Suite("Every request is answered once", .timeLimit(.minutes(2)))
struct ClientFailureTests {
    /// Counts the answers to each of so many requests.
    private final class Tally: Sendable {
        private let counts: Mutex<[Int]>
        private let codes = Mutex<[String: Int]>([:])

        init(_ requests: Int) {
            counts = Mutex([Int](repeating: 0, count: requests))
        }

        func note(_ number: Int, _ result: DeliveryResult) {
            counts.withLock { $0[number] += 1 }
            let code = result.failure?.code ?? "\(result.answer?.status ?? 0)"
            codes.withLock { $0[code, default: 0] += 1 }
        }

        var answered: Int { counts.withLock { $0.count { $0 > 0 } } }
        var areOnce: Bool { counts.withLock { $0.allSatisfy { $0 == 1 } } }
        var kinds: [String: Int] { codes.withLock { $0 } }
    }

    /// Does something at random with each request, and mostly nothing good.
    private static func chaos(_ seed: UInt64) throws -> RawReceiver {
        try RawReceiver { peer, number in
            var numbers = SeededNumbers(seed: seed &+ UInt64(number))
            if Int.random(in: 0..<20, using: &numbers) == 0 { return peer.reset() }
            while true {
                try peer.readRequest()
                switch Int.random(in: 0..<14, using: &numbers) {
                case 0...4: try peer.ok()
                case 5: return
                case 6: return peer.reset()
                case 7: try peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
                case 8: return try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
                case 9: return try peer.send("garbage\r\n\r\n")
                case 10: try peer.send("HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 200_000))
                case 11:
                    try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
                    pause(milliseconds: Int.random(in: 0...30, using: &numbers))
                    try peer.send("late")
                case 12:
                    try peer.ok()
                    try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                default: if peer.isClosedByClient() { return }
                }
            }
        }
    }

    @Test("under random failures each request is answered exactly once, and no connection is left")
    func random() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        let receiver = try Self.chaos(seed)
        defer { receiver.stop() }
        let requests = 3_000
        let tally = Tally(requests)
        let names = try ScriptedResolver(["127.0.0.1"])
        let shaky: HostResolver = { name, completion in
            switch name {
            case "gone.test": completion(.failure(.notFound))
            case "private.test": completion(.success([.v4(0x0A00_0001)]))
            case "silent.test": break
            default: names.resolver(name, completion)
            }
        }
        try await ClientBench.with(
            allowing: "127.0.0.1", resolver: shaky,
            configure: {
                $0.idleConnections = 8
                $0.idleTime = .milliseconds(20)
                $0.connectionAge = .milliseconds(200)
                $0.addressLifetime = .milliseconds(50)
            }
        ) { bench async throws in
            var numbers = SeededNumbers(seed: seed)
            for number in 0..<requests {
                let host =
                    ["a.test", "b.test", "127.0.0.1", "c.test", "gone.test", "private.test", "silent.test", "d.test"]
                    .randomElement(using: &numbers) ?? ""
                let port = Int.random(in: 0..<20, using: &numbers) == 0 ? 1 : receiver.port
                let request = DeliveryRequest(
                    url: try bench.url("http://\(host):\(port)/"),
                    headers: Int.random(in: 0..<50, using: &numbers) == 0 ? [("a", "\n")] : [], body: [])
                bench.send(request, timeout: .milliseconds(.random(in: 0...80, using: &numbers))) { result in
                    tally.note(number, result)
                }
                // At most so many at a time.
                while number - tally.answered > 60 { try await Task.sleep(for: .milliseconds(1)) }
            }
            for _ in 0..<500 where tally.answered < requests { try await Task.sleep(for: .milliseconds(10)) }
            #expect(tally.answered == requests, "seed \(seed)")
            #expect(try await bench.until { $0.openConnections == $0.idleConnections }, "seed \(seed)")
            try await Task.sleep(for: .milliseconds(100))
            #expect(try await bench.statistics().openConnections == 0, "seed \(seed)")
        }
        #expect(tally.areOnce, "seed \(seed)")
        // Everything that can happen has happened.
        for kind in [
            "200", "connection_closed", "connection_failed", "target_refused", "timed_out", "invalid_request",
            "invalid_answer", "name_not_resolved",
        ] {
            #expect(tally.kinds[kind, default: 0] > 0, "seed \(seed): \(tally.kinds)")
        }
    }

    @Test("a shutdown answers what is under way, in whatever phase, closes everything, and can be asked for twice")
    func shutdown() async throws {
        let silent = try RawReceiver { peer, _ in _ = peer.isClosedByClient() }
        let full = try FullListener(host: "127.0.0.2")
        let idle = try RawReceiver { peer, _ in
            try peer.readRequest()
            try peer.ok()
            _ = peer.isClosedByClient()
        }
        defer {
            silent.stop()
            full.stop()
            idle.stop()
        }
        let tally = Tally(4)
        let mute: HostResolver = { _, _ in }
        try await ClientBench.with(allowing: "127.0.0.0/8", resolver: mute) { bench async throws in
            #expect(try await bench.send("http://127.0.0.1:\(idle.port)/").answer?.status == 200)
            let urls = [
                "http://127.0.0.1:\(silent.port)/", "https://127.0.0.1:\(silent.port)/",
                "http://127.0.0.2:\(full.port)/",
                "http://mute.test/",
            ]
            for (number, url) in urls.enumerated() {
                let request = DeliveryRequest(url: try bench.url(url), headers: [], body: [])
                bench.send(request, timeout: .seconds(30)) { tally.note(number, $0) }
            }
            #expect(try await bench.until { $0.openConnections == 4 && $0.idleConnections == 1 })
            #expect(tally.answered == 0)
            async let first: Void = bench.shutdown()
            async let second: Void = bench.shutdown()
            _ = await (first, second)
            #expect(tally.areOnce)
            #expect(tally.kinds == ["shut_down": 4])
            #expect(try await bench.statistics().openConnections == 0)
            #expect(try await bench.send("http://127.0.0.1:\(idle.port)/").failure == .shutDown)
        }
        #expect(tally.areOnce)
    }

    @Test("no answer comes before the call that asked for it returns")
    func neverWithin() async throws {
        let names: HostResolver = { name, completion in
            completion(name == "bad.test" ? .success([.v4(0x0A00_0001)]) : .failure(.notFound))
        }
        try await ClientBench.with(allowing: "", resolver: names) { bench async throws in
            for (url, headers) in [
                ("http://10.0.0.1/", []), ("http://bad.test/", []), ("http://none.test/", []),
                ("http://8.8.8.8/", [("a", "\n")]),
            ] as [(String, [(name: String, value: String)])] {
                let request = DeliveryRequest(url: try bench.url(url), headers: headers, body: [])
                let isWithin = try await bench.onLoop { client in
                    let isAnswered = Mutex(false)
                    client.send(request, timeout: .seconds(1)) { _ in isAnswered.withLock { $0 = true } }
                    return isAnswered.withLock { $0 }
                }
                #expect(!isWithin)
            }
        }
    }

    @Test("whoever is answered may send at once, over the very connection that has become free")
    func sendingFromAnswers() async throws {
        let receiver = try RawReceiver { peer, _ in
            while true {
                try peer.readRequest()
                try peer.ok()
            }
        }
        defer { receiver.stop() }
        try await ClientBench.with { bench async throws in
            let request = DeliveryRequest(
                url: try bench.url("http://127.0.0.1:\(receiver.port)/"), headers: [], body: [])
            let tally = Tally(500)
            @Sendable func next(_ number: Int) {
                if number == 500 { return }
                bench.send(request, timeout: .seconds(5)) { result in
                    tally.note(number, result)
                    next(number + 1)
                }
            }
            next(0)
            for _ in 0..<500 where tally.answered < 500 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(tally.areOnce)
            #expect(tally.kinds == ["200": 500])
        }
        #expect(receiver.connections == 1)
    }
}
