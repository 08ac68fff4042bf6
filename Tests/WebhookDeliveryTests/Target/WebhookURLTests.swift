import LedgerStorage
import Testing
import WebhookDelivery

@Suite("URLs of webhooks")
struct WebhookURLTests {
    private static func fault(
        _ text: String, mode: Mode = .test, policy: AddressPolicy = .publicOnly
    ) -> WebhookURLFault? {
        do throws(WebhookURLFault) {
            _ = try WebhookURL(text, mode: mode, policy: policy)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "a good URL is read into host, port, authority and target",
        arguments: [
            ("https://example.com", "example.com", 443, "example.com", "/"),
            ("https://example.com/", "example.com", 443, "example.com", "/"),
            ("HTTPS://EXAMPLE.Com/Hook", "example.com", 443, "example.com", "/Hook"),
            ("https://example.com:443/a", "example.com", 443, "example.com", "/a"),
            ("https://example.com:8443/a?b=c", "example.com", 8443, "example.com:8443", "/a?b=c"),
            ("http://example.com/a", "example.com", 80, "example.com", "/a"),
            ("http://example.com:443/a", "example.com", 443, "example.com:443", "/a"),
            ("https://example.com?x=1", "example.com", 443, "example.com", "/?x=1"),
            ("https://example.com/a//b/../c?d=/?e", "example.com", 443, "example.com", "/a//b/../c?d=/?e"),
            ("https://example.com/%7Ea%2f?x[]=1&y=@:", "example.com", 443, "example.com", "/%7Ea%2f?x[]=1&y=@:"),
            ("https://a.b-c.xn--p1ai/", "a.b-c.xn--p1ai", 443, "a.b-c.xn--p1ai", "/"),
            ("https://my_service/", "my_service", 443, "my_service", "/"),
            ("https://receiver:65535/", "receiver", 65535, "receiver:65535", "/"),
            ("https://1password.com/", "1password.com", 443, "1password.com", "/"),
            ("https://0x7f.example/", "0x7f.example", 443, "0x7f.example", "/"),
            ("https://1.2.3.4.example/", "1.2.3.4.example", 443, "1.2.3.4.example", "/"),
            ("https://8.8.8.8/", "8.8.8.8", 443, "8.8.8.8", "/"),
            ("https://8.8.8.8:1/", "8.8.8.8", 1, "8.8.8.8:1", "/"),
            ("https://[2606:4700::1111]/", "2606:4700::1111", 443, "[2606:4700::1111]", "/"),
            ("https://[2606:4700:0::1111]:8443/", "2606:4700::1111", 8443, "[2606:4700::1111]:8443", "/"),
            ("https://[64:ff9b::8.8.8.8]/", "64:ff9b::808:808", 443, "[64:ff9b::808:808]", "/"),
        ])
    func good(text: String, host: String, port: Int, authority: String, target: String) throws {
        let url = try WebhookURL(text, mode: .test, policy: .publicOnly)
        switch url.host {
        case .name(let name): #expect(name == host)
        case .address(let address): #expect(address.description == host)
        }
        #expect(url.text == text)
        #expect(url.port == port)
        #expect(url.authority == authority)
        #expect(url.target == target)
    }

    @Test("the longest name, the longest label and the longest URL are taken, one byte more is not")
    func lengths() {
        let label = String(repeating: "a", count: 63)
        let name = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
        #expect(name.utf8.count == 253)
        #expect(Self.fault("https://\(name)/") == nil)
        #expect(Self.fault("https://\(name)b/")?.code == .host)
        #expect(Self.fault("https://\(label)a.example/")?.code == .host)
        let start = "https://example.com/"
        #expect(Self.fault(start + String(repeating: "x", count: 2048 - start.utf8.count)) == nil)
        #expect(Self.fault(start + String(repeating: "x", count: 2049 - start.utf8.count))?.code == .tooLong)
        #expect(Self.fault("")?.code == .tooLong)
    }

    @Test("live mode takes https alone; test mode takes http too")
    func modes() {
        #expect(Self.fault("http://example.com/", mode: .test) == nil)
        #expect(Self.fault("http://example.com/", mode: .live)?.code == .httpsRequired)
        #expect(Self.fault("https://example.com/", mode: .live) == nil)
    }

    @Test(
        "a bad URL is refused with a code that says why",
        arguments: [
            ("example.com", WebhookURLFault.Code.scheme), ("//example.com/", .scheme), ("ftp://example.com/", .scheme),
            ("https:example.com", .scheme), ("https:/example.com", .scheme), ("file:///etc/passwd", .scheme),
            ("gopher://127.0.0.1:70/", .scheme), ("https//example.com", .scheme), ("javascript:alert(1)", .scheme),
            ("https://", .hostMissing), ("https:///path", .hostMissing), ("https://:443/", .hostMissing),
            ("https://?x", .hostMissing), ("https://user@example.com/", .userInformation),
            ("https://user:secret@example.com/", .userInformation), ("https://@example.com/", .userInformation),
            ("https://example.com@127.0.0.1/", .userInformation),
            ("https://example.com:80@127.0.0.1/", .userInformation),
            ("https://example.com/#top", .fragment), ("https://example.com#@127.0.0.1/", .fragment),
            ("https://example.com\\@127.0.0.1/", .character), ("https://example.com\\", .character),
            ("https://exa mple.com/", .character), (" https://example.com/", .character),
            ("https://example.com/ ", .character), ("https://example.com/\r\nHost: x", .character),
            ("https://example.com/\n", .character), ("https://example.com/\0", .character),
            ("https://example.com/\u{7F}", .character), ("https://example.com/\t", .character),
            ("https://exämple.com/", .character), ("https://１２７.0.0.1/", .character),
            ("https://example。com/", .character), ("https://example.com/ü", .character),
            ("https://example.com/<x>", .character), ("https://example.com/{id}", .character),
            ("https://example.com/%", .character), ("https://example.com/%2", .character),
            ("https://example.com/%zz", .character), ("https://%31%32%37.0.0.1/", .hostNumeric),
            ("https://example%2ecom/", .host), ("https://example.com./", .host), ("https://example..com/", .host),
            ("https://.example.com/", .host), ("https://./", .host), ("https://-a.example/", .host),
            ("https://a-.example/", .host), ("https://a!b.example/", .host), ("https://a,b/", .host),
            ("https://[::1/", .host), ("https://[::1]x/", .host), ("https://[]/", .host), ("https://[1.2.3.4]/", .host),
            ("https://[fe80::1%25eth0]/", .host), ("https://[v1.fe80::a]/", .host), ("https://a]b/", .host),
            ("https://2130706433/", .hostNumeric), ("https://017700000001/", .hostNumeric),
            ("https://0x7f000001/", .hostNumeric), ("https://0X7F000001/", .hostNumeric),
            ("https://127.1/", .hostNumeric), ("https://127.0.1/", .hostNumeric), ("https://0177.0.0.1/", .hostNumeric),
            ("https://127.0.0.01/", .hostNumeric), ("https://0x7f.1/", .hostNumeric),
            ("https://0x7f.0.0.0x1/", .hostNumeric),
            ("https://127.0.0.0x1/", .hostNumeric), ("https://1.2.3.4.5/", .hostNumeric),
            ("https://256.1.1.1/", .hostNumeric),
            ("https://0x/", .hostNumeric), ("https://a.0x/", .hostNumeric), ("https://example.123/", .hostNumeric),
            ("https://127.0.0.1./", .hostNumeric), ("https://2130706433./", .hostNumeric), ("https://0/", .hostNumeric),
            ("https://example.com:/", .port), ("https://example.com:0/", .port), ("https://example.com:65536/", .port),
            ("https://example.com:080/", .port), ("https://example.com:-1/", .port), ("https://example.com:8a/", .port),
            ("https://example.com:80:80/", .port), ("https://example.com:99999999999999999999/", .port),
            ("https://::1/", .hostMissing), ("https://[2606:4700::1]:/", .port),
            ("https://127.0.0.1/", .addressRefused), ("https://10.0.0.1:8080/", .addressRefused),
            ("https://169.254.169.254/latest/meta-data", .addressRefused), ("https://0.0.0.0/", .addressRefused),
            ("https://[::1]/", .addressRefused), ("https://[::]/", .addressRefused),
            ("https://[::ffff:127.0.0.1]/", .addressRefused), ("https://[::ffff:7f00:1]/", .addressRefused),
            ("https://[::127.0.0.1]/", .addressRefused), ("https://[64:ff9b::7f00:1]/", .addressRefused),
            ("https://[64:ff9b::169.254.169.254]/", .addressRefused), ("https://[2002:7f00:1::]/", .addressRefused),
            ("https://[fd00::1]/", .addressRefused), ("https://localhost/", .addressRefused),
            ("https://LOCALHOST:8080/", .addressRefused), ("https://a.localhost/", .addressRefused),
            ("https://a.b.LocalHost/", .addressRefused),
        ])
    func bad(text: String, code: WebhookURLFault.Code) throws {
        for mode in Mode.allCases {
            let fault = try #require(Self.fault(text, mode: mode), "\(text) is taken")
            #expect(fault.code == code, "\(text): \(fault)")
            #expect(fault.message.hasSuffix("."), "\(fault)")
            #expect(!fault.message.contains("secret") && !fault.message.contains("example.com"), "\(fault)")
        }
    }

    @Test("what the operator opens is taken, also by name")
    func openings() throws {
        let policy = try AddressPolicy(parsing: "127.0.0.0/8:8080,10.1.2.3")
        #expect(Self.fault("http://127.0.0.1:8080/", policy: policy) == nil)
        #expect(Self.fault("http://localhost:8080/", policy: policy) == nil)
        #expect(Self.fault("https://a.localhost:8080/", mode: .live, policy: policy) == nil)
        #expect(Self.fault("http://127.0.0.1:8081/", policy: policy)?.code == .addressRefused)
        #expect(Self.fault("http://localhost/", policy: policy)?.code == .addressRefused)
        #expect(Self.fault("http://10.1.2.3/", policy: policy) == nil)
        #expect(Self.fault("http://10.1.2.4/", policy: policy)?.code == .addressRefused)
        #expect(Self.fault("http://[::ffff:127.0.0.1]:8080/", policy: policy)?.code == .addressRefused)
        // A name that only ends like it is another name.
        #expect(Self.fault("https://notlocalhost/") == nil)
        #expect(Self.fault("https://localhost.example/") == nil)
    }

    @Test("no text makes the reader fail in another way than with a fault")
    func anything() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(seed: seed)
        let pieces = [
            "https", "http", ":", "/", "//", "@", "[", "]", "::1", "127.0.0.1", ".", "0x", "%", "%41", "?", "#", "a",
            "é",
            "\u{1F600}", "\0", "\r\n", "localhost", "65535", "-", "1", "\\", " ", "example.com", "https://", "e\u{301}",
        ]
        var taken = 0
        for _ in 0..<100_000 {
            let count = Int.random(in: 0...8, using: &numbers)
            var text = Bool.random(using: &numbers) ? "https://" : ""
            for _ in 0..<count { text += pieces[Int.random(in: 0..<pieces.count, using: &numbers)] }
            guard let url = try? WebhookURL(text, mode: .test, policy: .publicOnly) else { continue }
            taken += 1
            // What is sent has no byte that could end a line, and stays one word of the request line.
            let sent = url.authority + url.target
            #expect(sent.utf8.allSatisfy { (0x21...0x7E).contains($0) }, "seed \(seed): \(text)")
            #expect(url.target.hasPrefix("/"), "seed \(seed): \(text)")
            if case .address(let address) = url.host {
                #expect(RefusedRange.of(address) == nil, "seed \(seed): \(text)")
            }
        }
        #expect(taken > 100, "seed \(seed)")
    }
}
