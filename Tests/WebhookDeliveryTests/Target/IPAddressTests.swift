import Glibc
import Testing
import WebhookDelivery

@Suite("IP addresses")
struct IPAddressTests {
    @Test(
        "an address is read and written in its canonical form",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
            ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("::ffff:c000:201", "::ffff:192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ])
    func canonical(text: String, expected: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == expected)
        #expect(IPAddress(expected) == address)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(
        "what is no address in its proper form is none",
        arguments: [
            "", " ", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.0x4", "1.2.3.", ".1.2.3",
            "1..2.3", "+1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "1.2.3.4/8", "0x7f.1", "2130706433", "127.1",
            ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1::", "1::2::3", "12345::",
            "g::", "::1%eth0", "[::1]", "::1/64", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::1.2.3.04", "1.2.3.4::",
            ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::ffff:1.2.3.4:5", "1.2.3.4:80", "：：1", "１.2.3.4",
            String(repeating: "1:", count: 10_000),
        ])
    func refused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("any text is read exactly as the system reads it")
    func sameAsSystem() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(seed: seed)
        let pieces = ["1", "0", "00", "ffff", "10", "255", "256", "a", "g", ":", "::", ".", "1.2.3.4", "", "7f"]
        var accepted = 0
        for _ in 0..<200_000 {
            let count = Int.random(in: 1...12, using: &numbers)
            var text = ""
            for index in 0..<count {
                text += pieces[Int.random(in: 0..<pieces.count, using: &numbers)]
                // Texts near the grammar are what tells readers apart.
                if index < count - 1, Bool.random(using: &numbers) { text += Bool.random(using: &numbers) ? ":" : "." }
            }
            let ours = IPAddress(text)
            if ours != nil { accepted += 1 }
            #expect(ours?.bytes == Self.system(text), "seed \(seed): \(text)")
        }
        #expect(accepted > 500, "seed \(seed)")
    }

    @Test("what is written is read again, by us and by the system")
    func roundTrip() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(seed: seed)
        for _ in 0..<20_000 {
            // Groups of zeros are what makes the text short.
            let bytes = (0..<8).flatMap { _ -> [UInt8] in
                let group = Bool.random(using: &numbers) ? 0 : UInt16.random(in: .min ... .max, using: &numbers)
                return [UInt8(group >> 8), UInt8(group & 255)]
            }
            for address in [IPAddress(bytes: bytes), IPAddress(bytes: bytes[..<4])] {
                #expect(address != nil)
                guard let address else { continue }
                #expect(IPAddress(address.description) == address, "seed \(seed): \(address)")
                #expect(Self.system(address.description) == address.bytes, "seed \(seed): \(address)")
            }
        }
    }

    private static func system(_ text: String) -> [UInt8]? {
        var v6 = in6_addr()
        if inet_pton(AF_INET6, text, &v6) == 1 { return withUnsafeBytes(of: v6) { Array($0) } }
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
        return nil
    }

    @Test("a block contains the addresses that begin like it, and no others")
    func blocks() throws {
        for (block, inside, outside) in [
            ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"), ("10.0.0.0/8", "10.0.0.0", "9.255.255.255"),
            ("0.0.0.0/0", "255.1.2.3", "::1"), ("192.0.2.1/32", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.0"), ("fc00::/7", "fdff::1", "fe00::"), ("::/0", "ffff::", "0.0.0.0"),
            ("2001:db8::/32", "2001:db8:ffff::", "2001:db9::"), ("::1", "::1", "::2"),
            ("64:ff9b:1::/48", "64:ff9b:1:ffff::1", "64:ff9b:2::"), ("1:2:3:4::/64", "1:2:3:4:ffff::", "1:2:3:5::"),
            ("1:2:3:4:8000::/65", "1:2:3:4:ffff::", "1:2:3:4:7fff::"), ("::ffff:0:0/96", "::ffff:1.2.3.4", "1.2.3.4"),
        ] {
            let block = try #require(AddressBlock(block))
            #expect(block.contains(try #require(IPAddress(inside))), "\(block) \(inside)")
            #expect(!block.contains(try #require(IPAddress(outside))), "\(block) \(outside)")
            #expect(AddressBlock(block.description) == block)
        }
    }

    @Test(
        "a block that is malformed, or has bits behind its prefix, is none",
        arguments: [
            "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0.0/8/8", "10.1.0.0/8",
            "10/8",
            "::/129", "fd00::1/8", "10.0.0.0/ 8", "10.0.0.0 /8", "fd00::/99999999999999999999",
        ])
    func malformedBlocks(text: String) {
        #expect(AddressBlock(text) == nil)
    }
}
