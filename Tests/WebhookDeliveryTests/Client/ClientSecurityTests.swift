import NIOCore
import NIOSSL
import Testing
import WebhookDelivery

@Suite("https", .timeLimit(.minutes(1)))
struct ClientSecurityTests {
    /// A receiver with a certificate for those names, and a client that trusts its authority.
    private static func with(
        _ names: String, host: String = "127.0.0.1", manner: SecureReceiver.Manner = .polite, trusts: Bool = true,
        identity: ((Certificates) throws -> Certificates.Identity)? = nil,
        configure: (inout TLSConfiguration) -> Void = { _ in },
        _ body: @Sendable (ClientBench, SecureReceiver) async throws -> Void
    ) async throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        let receiver = try await SecureReceiver(
            try identity?(certificates) ?? certificates.sign(names), host: host, manner: manner, configure: configure)
        let tls = try DeliveryTLS(authorities: trusts ? certificates.authority : nil)
        let resolver = try ScriptedResolver([host])
        try await ClientBench.with(resolver: resolver.resolver, tls: tls) { bench async throws in
            try await body(bench, receiver)
        }
        try await receiver.stop()
    }

    @Test("a certificate for the name, by an authority that is trusted: sent, with the name, and kept for the next one")
    func trusted() async throws {
        try await Self.with("DNS:hook.test") { bench, receiver async throws in
            for number in 0..<10 {
                let answer = try await bench.send("https://hook.test:\(receiver.port)/", body: "\(number)").get()
                #expect(answer.status == 200)
                #expect(answer.body == Array("\(number)".utf8))
            }
            #expect(receiver.connections == 1)
            #expect(receiver.names == ["hook.test"])
            #expect(receiver.handshakes.contains { $0.contains("http/1.1") }, "\(receiver.handshakes)")
            #expect(try await bench.statistics().reuses == 9)
        }
    }

    @Test("a certificate for several names, or for all of a domain, serves each of them")
    func wildcard() async throws {
        try await Self.with("DNS:*.hook.test,DNS:other.test") { bench, receiver async throws in
            for (name, isFine) in [
                ("a.hook.test", true), ("other.test", true), ("a.b.hook.test", false), ("hook.test", false),
            ] {
                let result = try await bench.send("https://\(name):\(receiver.port)/")
                #expect((result.failure == nil) == isFine, "\(name): \(result)")
            }
        }
    }

    @Test("a certificate for another name is refused, and nothing is sent")
    func wrongName() async throws {
        try await Self.with("DNS:other.test") { bench, receiver async throws in
            let result = try await bench.send("https://hook.test:\(receiver.port)/")
            #expect(result.failure == .tls(reason: "the host's certificate is for another name"))
            #expect(result.failure?.code == "tls_failed")
            #expect(try await bench.until { $0.openConnections == 0 })
        }
    }

    @Test("a certificate by an unknown authority, by itself, or that has expired is refused")
    func untrusted() async throws {
        let reason = "the host's certificate is not trusted: it is expired, incomplete or by an unknown authority"
        try await Self.with("DNS:hook.test", trusts: false) { bench, receiver async throws in
            #expect(try await bench.send("https://hook.test:\(receiver.port)/").failure == .tls(reason: reason))
        }
        try await Self.with("", identity: { try $0.selfSigned("DNS:hook.test") }) { bench, receiver async throws in
            #expect(try await bench.send("https://hook.test:\(receiver.port)/").failure == .tls(reason: reason))
        }
        try await Self.with("", identity: { try $0.sign("DNS:hook.test", days: -1) }) { bench, receiver async throws in
            #expect(try await bench.send("https://hook.test:\(receiver.port)/").failure == .tls(reason: reason))
        }
    }

    @Test("an address needs a certificate for that address, and no name is sent for it")
    func addresses() async throws {
        for (names, host, isFine) in [
            ("IP:127.0.0.1", "127.0.0.1", true), ("IP:127.0.0.2", "127.0.0.1", false),
            ("DNS:127.0.0.1", "127.0.0.1", false),
            ("IP:::1", "::1", true), ("IP:fd00::1", "::1", false),
        ] {
            try await Self.with(names, host: host) { bench, receiver async throws in
                let literal = host.contains(":") ? "[\(host)]" : host
                let result = try await bench.send("https://\(literal):\(receiver.port)/")
                #expect((result.answer?.status == 200) == isFine, "\(names): \(result)")
                if !isFine { #expect(result.failure?.code == "tls_failed") }
                #expect(receiver.names == [""])
            }
        }
    }

    @Test("a certificate for the address does not do for the name that led there")
    func nameNeedsName() async throws {
        for names in ["IP:127.0.0.1", "IP:127.0.0.1,DNS:other.test"] {
            try await Self.with(names) { bench, receiver async throws in
                let result = try await bench.send("https://hook.test:\(receiver.port)/")
                #expect(result.failure == .tls(reason: "the host's certificate is for another name"))
            }
        }
        try await Self.with("IP:127.0.0.1,DNS:hook.test") { bench, receiver async throws in
            #expect(try await bench.send("https://hook.test:\(receiver.port)/").answer?.status == 200)
            #expect(try await bench.send("https://HOOK.test:\(receiver.port)/").answer?.status == 200)
        }
    }

    @Test("TLS 1.2 is spoken, older versions are not")
    func versions() async throws {
        try await Self.with("DNS:hook.test", configure: { $0.maximumTLSVersion = .tlsv12 }) {
            bench, receiver async throws in
            #expect(try await bench.send("https://hook.test:\(receiver.port)/").answer?.status == 200)
        }
        try await Self.with("DNS:hook.test", configure: { $0.maximumTLSVersion = .tlsv11 }) {
            bench, receiver async throws in
            #expect(try await bench.send("https://hook.test:\(receiver.port)/").failure?.code == "tls_failed")
        }
    }

    @Test("a large body arrives whole")
    func largeBody() async throws {
        try await Self.with("DNS:hook.test") { bench, receiver async throws in
            let body = String(repeating: "0123456789abcdef", count: 4096)
            let answer = try await bench.send("https://hook.test:\(receiver.port)/", body: body).get()
            #expect(answer.body == Array(body.utf8))
            #expect(!answer.isTruncated)
            let longer = try await bench.send("https://hook.test:\(receiver.port)/", body: body + "x").get()
            #expect(longer.body == Array(body.utf8))
            #expect(longer.isTruncated)
        }
    }

    @Test("an answer that ends with the connection is complete without TLS's farewell")
    func noFarewell() async throws {
        try await Self.with("DNS:hook.test", manner: .cutsWithoutFarewell) { bench, receiver async throws in
            let answer = try await bench.send("https://hook.test:\(receiver.port)/", body: "to the end").get()
            #expect(answer.body == Array("to the end".utf8))
            #expect(try await bench.until { $0.openConnections == 0 })
        }
    }

    @Test("a request that meets a connection just closed is sent once more")
    func resend() async throws {
        try await Self.with("DNS:hook.test", manner: .closesAtSecond) { bench, receiver async throws in
            for _ in 0..<4 {
                #expect(try await bench.send("https://hook.test:\(receiver.port)/").answer?.status == 200)
            }
            #expect(try await bench.statistics().resends == 3)
            #expect(receiver.connections == 4)
        }
    }

    @Test("a port that speaks no TLS, one that hangs up and one that says nothing")
    func noTLS() async throws {
        let scripts: [(@Sendable (RawPeer) throws -> Void, [String])] = [
            ({ try $0.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") }, ["tls_failed"]),
            ({ try $0.readSome() }, ["tls_failed"]),
            // A reset may come at any moment of the handshake.
            ({ $0.reset() }, ["connection_closed", "connection_failed", "tls_failed"]),
            ({ _ = $0.isClosedByClient() }, ["timed_out"]),
        ]
        for (script, codes) in scripts {
            let receiver = try RawReceiver { peer, _ in
                try script(peer)
            }
            defer { receiver.stop() }
            try await ClientBench.with { bench async throws in
                let result = try await bench.send("https://127.0.0.1:\(receiver.port)/", timeout: .milliseconds(500))
                #expect(result.failure.map { codes.contains($0.code) } == true, "\(result)")
                if codes == ["timed_out"] { #expect(result.failure == .timeout(.tls)) }
                #expect(try await bench.until { $0.openConnections == 0 })
            }
        }
    }

    @Test("a file of authorities that is missing, empty or no PEM is an error that names it")
    func badAuthorities() throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        for file in ["/missing.pem", "/authority.key"] {
            let path = certificates.folder + file
            #expect {
                try DeliveryTLS(authorities: path)
            } throws: { ($0 as? DeliveryTLSFault)?.description.hasPrefix(path) == true }
        }
    }
}
