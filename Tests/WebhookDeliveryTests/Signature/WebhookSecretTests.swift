import Foundation
import LedgerStorage
import Testing
import WebhookDelivery

/// So many bytes A5 in base 64.
private func encoded(_ count: Int) -> String { Data(repeating: 0xA5, count: count).base64EncodedString() }

private let weakSecrets: [String] = [
    "whsec_REPLACE", "secret", "x", "whsec_", encoded(32), "WHSEC_" + encoded(32),
    "whsec_" + encoded(23), "whsec_" + encoded(65),
    "whsec_" + encoded(32).dropLast(), "whsec_" + encoded(32) + "=",
    "whsec_" + encoded(30).replacing("p", with: "-"), String(repeating: "s", count: 256),
]

@Suite("Signing secrets")
struct WebhookSecretTests {
    @Test("base 64 is written and read as Foundation does it")
    func base64() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(seed: seed)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &numbers) }
            let text = Data(bytes).base64EncodedString()
            #expect(Base64.encode(bytes) == text, "seed \(seed)")
            #expect(Base64.decode(text) == bytes, "seed \(seed)")
        }
        // The vectors of RFC 4648 §10.
        for (bytes, text) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64.encode(Array(bytes.utf8)) == text)
            #expect(Base64.decode(text) == Array(bytes.utf8))
        }
    }

    @Test(
        "what is not base 64 is not read",
        arguments: [
            "Z", "Zg", "Zg=", "Zm8", "Zm9vZ", "Z===", "====", "=", "Zg==Zg==", "Zm 9v", "Zm9v\n", "Zm9-", "Zm9_",
            "Zm9é",
            "=Zg=",
        ])
    func notBase64(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test("whsec_ and base 64 of 24 to 64 bytes stands for those bytes, in both modes", arguments: 24...64)
    func strong(count: Int) throws {
        for mode in Mode.allCases {
            let secret = try WebhookSecret("whsec_" + encoded(count), mode: mode)
            #expect(secret.keyBytes == [UInt8](repeating: 0xA5, count: count))
            #expect(secret.isStrong)
        }
    }

    @Test(
        "anything else stands for its own bytes, in test mode alone",
        arguments: weakSecrets)
    func weak(text: String) throws {
        let secret = try WebhookSecret(text, mode: .test)
        #expect(secret.keyBytes == Array(text.utf8))
        #expect(!secret.isStrong)
        #expect(throws: WebhookSecretFault.weak) { try WebhookSecret(text, mode: .live) }
    }

    @Test(
        "empty, too long, blanks, control characters and other scripts are refused in any mode",
        arguments: Mode.allCases)
    func refused(mode: Mode) {
        #expect(throws: WebhookSecretFault.length) { try WebhookSecret("", mode: mode) }
        #expect(throws: WebhookSecretFault.length) { try WebhookSecret(String(repeating: "s", count: 257), mode: mode) }
        for text in ["a b", " a", "a\n", "a\0", "ä", "\u{7F}"] {
            #expect(throws: WebhookSecretFault.character) { try WebhookSecret(text, mode: mode) }
        }
    }

    @Test("a made secret is strong, is another one each time, and means the same when it comes back from the store")
    func generated() throws {
        var seen: Set<String> = []
        for _ in 0..<100 {
            let secret = WebhookSecret.generate()
            #expect(secret.text.hasPrefix("whsec_"))
            #expect(secret.keyBytes.count == 32)
            #expect(try WebhookSecret(secret.text, mode: .live).keyBytes == secret.keyBytes)
            #expect(WebhookSecret(stored: secret.text).keyBytes == secret.keyBytes)
            seen.insert(secret.text)
        }
        #expect(seen.count == 100)
        #expect(WebhookSecret(stored: "whsec_REPLACE").keyBytes == Array("whsec_REPLACE".utf8))
    }

    @Test("a secret does not get into a log, however it is printed")
    func hidden() {
        let secret = WebhookSecret.generate()
        var dumped = ""
        dump([secret], to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\([secret])", "\(Optional(secret) as Any)", dumped] {
            #expect(!text.contains(secret.text.dropFirst(6)), "\(text)")
        }
    }
}
