import Testing
import WebhookDelivery

@Suite("Which addresses may be dialled")
struct AddressPolicyTests {
    private static func refusal(_ text: String, policy: AddressPolicy = .publicOnly, port: Int = 443) throws -> String?
    {
        let address = try #require(IPAddress(text), "\(text)")
        do throws(RefusedAddress) {
            try policy.vet([address], port: port)
            return nil
        } catch {
            return error.range.meaning
        }
    }

    @Test(
        "addresses of the public internet pass",
        arguments: [
            "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
            "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
            "192.88.98.255", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255",
            "203.0.112.255", "203.0.114.0", "223.255.255.255", "168.63.129.15",
            "2606:4700:4700::1111", "2a00:1450::1", "2001:4860:4860::8888", "2001:200::1", "2003::1", "2400::1",
            "3ffd:ffff::1", "64:ff9b::8.8.8.8", "64:ff9b::1.1.1.1",
        ])
    func passes(text: String) throws {
        #expect(try Self.refusal(text) == nil)
    }

    @Test(
        "everything else is refused, and it is said what it is",
        arguments: [
            ("0.0.0.0", "this machine"), ("0.255.255.255", "this machine"), ("10.0.0.0", "private"),
            ("10.255.255.255", "private"), ("100.64.0.0", "CGNAT"), ("100.127.255.255", "CGNAT"),
            ("127.0.0.1", "loopback"), ("127.255.255.255", "loopback"), ("169.254.0.1", "link-local"),
            ("169.254.169.254", "metadata"), ("169.254.170.2", "metadata"), ("100.100.100.200", "metadata"),
            ("168.63.129.16", "metadata"), ("172.16.0.0", "private"), ("172.31.255.255", "private"),
            ("192.0.0.1", "protocols"), ("192.0.0.192", "protocols"), ("192.0.2.1", "documentation"),
            ("192.88.99.1", "6to4"), ("192.168.0.1", "private"), ("192.168.255.255", "private"),
            ("198.18.0.1", "benchmark"), ("198.19.255.255", "benchmark"), ("198.51.100.7", "documentation"),
            ("203.0.113.9", "documentation"), ("224.0.0.1", "multicast"), ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"), ("255.255.255.254", "reserved"), ("255.255.255.255", "broadcast"),
            ("::", "this machine"), ("::1", "loopback"), ("::2", "compatible"), ("::7f00:1", "compatible"),
            ("::8.8.8.8", "compatible"), ("::ffff:127.0.0.1", "mapped"), ("::ffff:8.8.8.8", "mapped"),
            ("::ffff:169.254.169.254", "mapped"), ("::ffff:0:127.0.0.1", "translated"),
            ("64:ff9b::127.0.0.1", "loopback"), ("64:ff9b::10.0.0.1", "private"),
            ("64:ff9b::169.254.169.254", "metadata"), ("64:ff9b::a9fe:a9fe", "metadata"),
            ("64:ff9b:1::8.8.8.8", "private translation"), ("64:ff9b:1:ffff::1", "private translation"),
            ("64:ff9b::1:8.8.8.8", "outside"), ("100::1", "discards"), ("100:0:0:1::1", "dummy"),
            ("2001::1", "Teredo"), ("2001:0:5ef5:79fd::1", "Teredo"), ("2001:2::1", "benchmark"),
            ("2001:2:0:ffff::", "benchmark"), ("2001:10::1", "protocols"), ("2001:20::1", "protocols"),
            ("2001:1ff:ffff::", "protocols"), ("2001:db8::1", "documentation"), ("2002:7f00:1::", "6to4"),
            ("2002:808:808::1", "6to4"), ("3fff::1", "documentation"), ("3fff:fff:ffff::", "documentation"),
            ("3ffe::1", "6bone"), ("5f00::1", "SRv6"), ("fc00::1", "private"), ("fd00:ec2::254", "metadata"),
            ("fd20:ce::254", "metadata"), ("fdff:ffff::", "private"), ("fe80::1", "link-local"),
            ("febf::1", "link-local"), ("fec0::1", "site-local"), ("feff::1", "site-local"), ("ff02::1", "multicast"),
            ("1::1", "outside"), ("4000::1", "outside"), ("e000::", "outside"), ("fbff::", "outside"),
            ("200::1", "outside"),
        ])
    func refuses(text: String, meaning: String) throws {
        let refusal = try #require(try Self.refusal(text), "\(text) passes")
        #expect(refusal.contains(meaning), "\(text): \(refusal)")
    }

    @Test("each range refuses its first and last address, and each says which document sets it aside")
    func edges() {
        for range in RefusedRange.all {
            #expect(RefusedRange.of(range.block.first) != nil, "\(range.block)")
            let last = zip(range.block.first.bytes, 0...).map { byte, index -> UInt8 in
                let fixed = min(max(range.block.prefix - index * 8, 0), 8)
                return byte | (fixed == 8 ? 0 : UInt8.max >> UInt8(fixed))
            }
            let address = IPAddress(bytes: last)
            #expect(address.map { range.block.contains($0) } == true, "\(range.block)")
            #expect(address.flatMap { RefusedRange.of($0) } != nil, "\(range.block)")
            #expect(!range.source.isEmpty && !range.meaning.isEmpty)
        }
        #expect(RefusedRange.all.count == 42)
    }

    @Test("one bad address among many condemns them all, wherever it stands")
    func oneBadApple() throws {
        let good = try ["1.1.1.1", "2606:4700::1", "8.8.8.8"].map { try #require(IPAddress($0)) }
        let bad = try #require(IPAddress("10.1.2.3"))
        try AddressPolicy.publicOnly.vet(good, port: 443)
        for place in 0...good.count {
            var addresses = good
            addresses.insert(bad, at: place)
            #expect {
                try AddressPolicy.publicOnly.vet(addresses, port: 443)
            } throws: { ($0 as? RefusedAddress)?.address == bad }
        }
    }

    @Test("an operator's list opens what it names, for the port that it names, and nothing else")
    func openings() throws {
        let policy = try AddressPolicy(
            parsing: " 127.0.0.0/8, 10.1.2.3/32:8080,[fd00::]/8,[fd12::1]:9000 ,::1,192.168.7.7")
        for (address, port, opens) in [
            ("127.0.0.1", 80, true), ("127.9.9.9", 1, true), ("10.1.2.3", 8080, true), ("10.1.2.3", 80, false),
            ("10.1.2.4", 8080, false), ("fd99::1", 443, true), ("fc99::1", 443, false), ("::1", 443, true),
            ("192.168.7.7", 5, true), ("192.168.7.8", 5, false), ("1.1.1.1", 443, true),
            // Another way to write an open address is not open.
            ("::ffff:127.0.0.1", 80, false), ("::7f00:1", 80, false), ("64:ff9b::127.0.0.1", 80, false),
            ("2002:7f00:1::", 80, false),
        ] {
            #expect(try (Self.refusal(address, policy: policy, port: port) == nil) == opens, "\(address) \(port)")
        }
        let mapped = try AddressPolicy(parsing: "::ffff:127.0.0.1")
        #expect(try Self.refusal("::ffff:127.0.0.1", policy: mapped) == nil)
        #expect(try Self.refusal("127.0.0.1", policy: mapped) != nil)
    }

    @Test("loopback is open when some address of it is, at that port")
    func loopback() throws {
        for (text, port, opens) in [
            ("", 80, false), ("127.0.0.0/8", 80, true), ("127.0.0.1", 80, true), ("0.0.0.0/0", 80, true),
            ("::1", 80, true), ("::/0", 80, true), ("127.0.0.1:8080", 80, false), ("127.0.0.1:8080", 8080, true),
            ("10.0.0.0/8", 80, false), ("fd00::/8", 80, false), ("128.0.0.0/8", 80, false),
        ] {
            #expect(try AddressPolicy(parsing: text).opensLoopback(port: port) == opens, "\(text) \(port)")
        }
    }

    @Test("an empty list opens nothing", arguments: ["", " ", ",", " , "])
    func emptyList(text: String) throws {
        #expect(try AddressPolicy(parsing: text).openings.isEmpty)
    }

    @Test(
        "an entry that can't be understood is named",
        arguments: [
            "10.0.0.0/8:", "10.0.0.0/8:0", "10.0.0.0/8:65536", "10.0.0.0/8:080", "10.0.0.1/8", "localhost",
            "10.0.0.0/8:a",
            "[10.0.0.0]/8", "[fd00::/8", "fd00::]/8", "[fd00::]/8]", "[fd00::]:", "[fd00::]/8:x", "[]", "fd00::/8:80",
            "10.0.0.0-10.0.0.9", "10.0.0.0/8 10.0.0.0/8", "*", "10.*",
        ])
    func malformedEntries(text: String) throws {
        #expect {
            try AddressPolicy(parsing: "127.0.0.1,\(text)")
        } throws: { ($0 as? AddressPolicyFault)?.entry == text }
    }

    @Test("a refusal tells the operator the address, the range and its document")
    func sentence() throws {
        let address = try #require(IPAddress("10.1.2.3"))
        do throws(RefusedAddress) {
            try AddressPolicy.publicOnly.vet([address], port: 80)
            Issue.record("it passes")
        } catch {
            let expected = "10.1.2.3 is a private network (10.0.0.0/8, RFC 1918), which webhooks are not delivered to"
            #expect(error.description == expected)
        }
    }
}
