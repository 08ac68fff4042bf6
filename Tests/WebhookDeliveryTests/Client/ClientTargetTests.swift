import NIOCore
import Synchronization
import Testing
import WebhookDelivery

/// 127.0.0.1 plays the public internet here (the policy opens it), 127.0.0.2 the private network (it does not).
@Suite("What is dialled is what was vetted", .timeLimit(.minutes(1)))
struct ClientTargetTests {
    /// Two receivers at the same port.
    private struct Pair {
        let open: RawReceiver
        let closed: RawReceiver
        var port: Int { open.port }

        init() throws {
            var last: (any Error)?
            for _ in 0..<20 {
                let open = try RawReceiver { peer, _ in
                    while true {
                        let host = try peer.readRequest().header("host") ?? ""
                        try peer.ok("open \(host)")
                    }
                }
                do {
                    closed = try RawReceiver(host: "127.0.0.2", port: open.port) { peer, _ in
                        try peer.readRequest()
                        try peer.ok("closed")
                    }
                    self.open = open
                    return
                } catch {
                    open.stop()
                    last = error
                }
            }
            throw last ?? RawReceiver.Failure(description: "no port is free at both addresses")
        }

        func stop() {
            open.stop()
            closed.stop()
        }
    }

    @Test("a name that leads to a good address when it is vetted, and elsewhere when asked again, is dialled as vetted")
    func rebinding() async throws {
        let pair = try Pair()
        defer { pair.stop() }
        let names = try ScriptedResolver(["127.0.0.1"], ["127.0.0.2"])
        try await ClientBench.with(allowing: "127.0.0.1", resolver: names.resolver) { bench async throws in
            let answer = try await bench.send("http://rebind.test:\(pair.port)/").get()
            #expect(String(decoding: answer.body, as: UTF8.self) == "open rebind.test:\(pair.port)")
            // One dial, one question: there is no second answer that it could have used.
            #expect(names.questions == ["rebind.test"])
        }
        #expect(pair.open.connections == 1)
        #expect(pair.closed.connections == 0)
    }

    @Test("once the answer has changed, every further dial is refused: no connection to the bad address is ever made")
    func rebindingLater() async throws {
        let pair = try Pair()
        defer { pair.stop() }
        let names = try ScriptedResolver(["127.0.0.1"], ["127.0.0.2"])
        try await ClientBench.with(
            allowing: "127.0.0.1", resolver: names.resolver,
            configure: {
                $0.addressLifetime = .zero
                $0.idleConnections = 0
            }
        ) { bench async throws in
            #expect(try await bench.send("http://rebind.test:\(pair.port)/").answer?.status == 200)
            for _ in 0..<5 {
                let result = try await bench.send("http://rebind.test:\(pair.port)/")
                #expect(result.failure?.code == "target_refused")
                #expect(result.failure?.description.contains("this machine itself (loopback)") == true)
            }
            #expect(names.questions.count == 6)
            #expect(try await bench.statistics().dials == 1)
        }
        #expect(pair.open.connections == 1)
        #expect(pair.closed.connections == 0)
    }

    @Test("one bad address among the answers refuses the dial, wherever it stands, also when a good one comes first")
    func mixed() async throws {
        let pair = try Pair()
        defer { pair.stop() }
        for answers in [["127.0.0.1", "127.0.0.2"], ["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "fd00::1"]] {
            let names = try ScriptedResolver(answers)
            try await ClientBench.with(allowing: "127.0.0.1", resolver: names.resolver) { bench async throws in
                let result = try await bench.send("http://mixed.test:\(pair.port)/")
                #expect(result.failure?.code == "target_refused")
                #expect(try await bench.statistics().dials == 0)
            }
        }
        #expect(pair.open.connections == 0)
        #expect(pair.closed.connections == 0)
    }

    @Test(
        "no other way to write an address gets to the receiver",
        arguments: [
            "127.0.0.2", "::ffff:127.0.0.1", "::ffff:127.0.0.2", "::127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::7f00:2",
            "64:ff9b:1::7f00:1", "2002:7f00:1::", "::ffff:0:127.0.0.1", "0.0.0.0", "::", "::1", "169.254.169.254",
            "10.0.0.1", "100.64.0.1", "fe80::1", "fec0::1", "ff02::1", "192.0.2.1", "198.18.0.1", "255.255.255.255",
        ])
    func disguises(address: String) async throws {
        let pair = try Pair()
        defer { pair.stop() }
        let names = try ScriptedResolver([address])
        try await ClientBench.with(allowing: "127.0.0.1", resolver: names.resolver) { bench async throws in
            let literal = address.contains(":") ? "[\(address)]" : address
            for host in ["disguise.test", literal] {
                let result = try await bench.send("http://\(host):\(pair.port)/")
                #expect(result.failure?.code == "target_refused", "\(host)")
                // Where a name leads to is not for the endpoint's owner.
                #expect(result.failure?.description.contains(address) == false)
            }
            #expect(try await bench.statistics().dials == 0)
        }
        #expect(pair.open.connections == 0)
        #expect(pair.closed.connections == 0)
    }

    @Test("an address opened for one port is not open for another")
    func ports() async throws {
        let pair = try Pair()
        defer { pair.stop() }
        let names = try ScriptedResolver(["127.0.0.1"])
        for (openings, isOpen) in [("127.0.0.1:\(pair.port)", true), ("127.0.0.1:1", false), ("", false)] {
            try await ClientBench.with(allowing: openings, resolver: names.resolver) { bench async throws in
                let result = try await bench.send("http://port.test:\(pair.port)/")
                #expect((result.failure == nil) == isOpen, "\(openings)")
            }
        }
        #expect(pair.open.connections == 1)
    }

    @Test("vetted addresses are used for further connections, for a while, and for the port that they were vetted for")
    func addressLifetime() async throws {
        let pair = try Pair()
        defer { pair.stop() }
        let names = try ScriptedResolver(["127.0.0.1"])
        try await ClientBench.with(
            allowing: "127.0.0.1:\(pair.port)", resolver: names.resolver,
            configure: {
                $0.idleConnections = 0
                $0.addressLifetime = .milliseconds(300)
            }
        ) { bench async throws in
            for _ in 0..<5 { #expect(try await bench.send("http://a.test:\(pair.port)/").answer?.status == 200) }
            #expect(try await bench.statistics().lookUps == 1)
            #expect(try await bench.statistics().dials == 5)
            #expect(try await bench.send("http://a.test:1/").failure?.code == "target_refused")
            #expect(try await bench.statistics().lookUps == 2)
            try await Task.sleep(for: .milliseconds(400))
            #expect(try await bench.send("http://a.test:\(pair.port)/").answer?.status == 200)
            #expect(try await bench.statistics().lookUps == 3)
        }
    }

    @Test("many requests at once ask for a name once, and all get what it leads to")
    func oneQuestion() async throws {
        let pair = try Pair()
        defer { pair.stop() }
        let waiting = Mutex<[@Sendable () -> Void]>([])
        let names = try ScriptedResolver(["127.0.0.1"])
        let slow: HostResolver = { name, completion in
            waiting.withLock { $0.append { names.resolver(name, completion) } }
        }
        try await ClientBench.with(allowing: "127.0.0.1", resolver: slow) { bench async throws in
            try await withThrowingTaskGroup(of: Int?.self) { group in
                for _ in 0..<10 {
                    group.addTask { try await bench.send("http://many.test:\(pair.port)/").answer?.status }
                }
                while waiting.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(1)) }
                try await Task.sleep(for: .milliseconds(50))
                #expect(waiting.withLock { $0.count } == 1)
                for answer in waiting.withLock({ $0 }) { answer() }
                for try await status in group { #expect(status == 200) }
            }
            #expect(try await bench.statistics().lookUps == 1)
        }
    }

    @Test("the operator's log says where a name led to; the failure, which the endpoint's owner sees, does not")
    func log() async throws {
        let names = try ScriptedResolver(["10.11.12.13"])
        let lines = LogLines()
        try await ClientBench.with(resolver: names.resolver, logger: lines.logger) { bench async throws in
            let failure = try await bench.send("http://inner.test:8080/").failure
            #expect(
                failure?.description == """
                    Nothing was sent. The host is a private network (RFC 1918). Webhooks go to the public internet and \
                    to what the operator has opened.
                    """)
        }
        #expect(lines.all.contains { $0.contains("10.11.12.13 is a private network") && $0.contains("inner.test") })
    }

    @Test("the system's own name service serves as well as a scripted one")
    func systemResolver() async throws {
        let receiver = try RawReceiver { peer, _ in
            try peer.ok(try peer.readRequest().header("host") ?? "")
        }
        defer { receiver.stop() }
        let system = SystemResolver(maximumThreads: 1)
        defer { system.stop() }
        try await ClientBench.with(allowing: "127.0.0.0/8,::1", resolver: system.resolver) { bench async throws in
            let answer = try await bench.send("http://localhost:\(receiver.port)/").get()
            #expect(String(decoding: answer.body, as: UTF8.self) == "localhost:\(receiver.port)")
        }
        try await ClientBench.with(allowing: "", resolver: system.resolver) { bench async throws in
            #expect(try await bench.send("http://localhost:\(receiver.port)/").failure?.code == "target_refused")
        }
    }

    @Test("a name without addresses, a name service that fails, and one that never answers")
    func noAddresses() async throws {
        for (answer, failure) in [
            (.success([]), DeliveryFailure.resolve(.notFound)), (.failure(.notFound), .resolve(.notFound)),
            (.failure(.unavailable), .resolve(.unavailable)), (.failure(.busy), .resolve(.busy)),
        ] as [(Result<[IPAddress], ResolveFault>, DeliveryFailure)] {
            try await ClientBench.with(resolver: { _, completion in completion(answer) }) { bench async throws in
                let result = try await bench.send("http://none.test/")
                #expect(result.failure == failure)
                #expect(result.failure?.code == "name_not_resolved")
            }
        }
        // The late answer comes when nobody waits any more, and after the client is gone.
        let late = Mutex<(@Sendable (Result<[IPAddress], ResolveFault>) -> Void)?>(nil)
        try await ClientBench.with(resolver: { _, completion in late.withLock { $0 = completion } }) { bench in
            let result = try await bench.send("http://slow.test/", timeout: .milliseconds(100))
            #expect(result.failure == .timeout(.resolve))
        }
        late.withLock { $0 }?(.success([.v4(0x7F00_0001)]))
    }

    @Test("the next address is tried when one can't be reached")
    func nextAddress() async throws {
        let receiver = try RawReceiver(host: "127.0.0.3") { peer, _ in
            try peer.readRequest()
            try peer.ok()
        }
        defer { receiver.stop() }
        let names = try ScriptedResolver(["127.0.0.1", "::1", "127.0.0.2", "127.0.0.3"])
        try await ClientBench.with(allowing: "127.0.0.0/8,::1", resolver: names.resolver) { bench async throws in
            #expect(try await bench.send("http://several.test:\(receiver.port)/").answer?.status == 200)
            #expect(try await bench.statistics().dials == 4)
        }
    }

    @Test("when no address can be reached the failure says so, and the name is asked for again the next time")
    func unreachable() async throws {
        let stopped = try RawReceiver { _, _ in }
        stopped.stop()
        try await Task.sleep(for: .milliseconds(50))
        let names = try ScriptedResolver(["127.0.0.1", "127.0.0.2"])
        try await ClientBench.with(allowing: "127.0.0.0/8", resolver: names.resolver) { bench async throws in
            for number in 1...2 {
                let result = try await bench.send("http://down.test:\(stopped.port)/")
                #expect(result.failure == .connect(reason: "the host refuses it: nothing listens at that port"))
                #expect(result.failure?.code == "connection_failed")
                #expect(try await bench.statistics().lookUps == number)
            }
            #expect(try await bench.statistics().openConnections == 0)
        }
    }

    @Test("IPv6 is dialled as such, and its Host header has brackets")
    func version6() async throws {
        let receiver = try RawReceiver(host: "::1") { peer, _ in
            while true { try peer.ok(try peer.readRequest().header("host") ?? "") }
        }
        defer { receiver.stop() }
        let names = try ScriptedResolver(["::1"])
        try await ClientBench.with(resolver: names.resolver) { bench async throws in
            for host in ["[::1]", "six.test"] {
                let answer = try await bench.send("http://\(host):\(receiver.port)/").get()
                #expect(String(decoding: answer.body, as: UTF8.self) == "\(host):\(receiver.port)")
            }
        }
    }

    @Test("an address that does not answer is given up for the next one in good time")
    func blackHole() async throws {
        // A listener whose queue is full takes no further connection, and does not say so.
        let full = try FullListener(host: "127.0.0.2")
        defer { full.stop() }
        let receiver = try RawReceiver(host: "127.0.0.1", port: full.port) { peer, _ in
            try peer.readRequest()
            try peer.ok()
        }
        defer { receiver.stop() }
        let names = try ScriptedResolver(["127.0.0.2", "127.0.0.1"])
        try await ClientBench.with(
            allowing: "127.0.0.0/8", resolver: names.resolver, configure: { $0.addressPatience = .milliseconds(200) }
        ) { bench async throws in
            let result = try await bench.send("http://hole.test:\(full.port)/")
            #expect(result.answer?.status == 200)
            #expect((200_000_000...2_000_000_000).contains(result.answer?.nanoseconds ?? 0))
            let alone = try await bench.send("http://127.0.0.2:\(full.port)/", timeout: .milliseconds(300))
            #expect(alone.failure == .timeout(.connect))
            #expect(try await bench.until { $0.openConnections <= 1 })
        }
    }
}
