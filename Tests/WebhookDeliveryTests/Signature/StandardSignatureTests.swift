import Crypto
import Foundation
import Testing
import WebhookDelivery

@Suite("Signatures of Standard Webhooks")
struct StandardSignatureTests {
    private static let secret = WebhookSecret(stored: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    private static let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    private static let timestamp: Int64 = 1_614_265_330
    private static let body = Array(#"{"test": 2432232314}"#.utf8)
    private static let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    private static func verify(
        id: String = id, timestamp: String = String(timestamp), signature: String = signature, body: [UInt8] = body,
        secrets: [WebhookSecret] = [secret], now: Int64? = timestamp
    ) -> SignatureFault? {
        do throws(SignatureFault) {
            try StandardSignature.verify(
                id: id, timestamp: timestamp, signature: signature, body: body, secrets: secrets, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test("the published vector is signed and verified")
    func published() {
        let signed = StandardSignature.sign(
            id: Self.id, timestamp: Self.timestamp, body: Self.body, secrets: [Self.secret])
        #expect(signed == Self.signature)
        #expect(Self.verify() == nil)
    }

    @Test("a signature is what the standard says, made in another way")
    func definition() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var numbers = SeededNumbers(seed: seed)
        for _ in 0..<500 {
            let secret = WebhookSecret.generate(using: &numbers)
            let id = "evt_\(UInt32.random(in: 0...(.max), using: &numbers))"
            let timestamp = Int64.random(in: 0...4_000_000_000, using: &numbers)
            let count = Int.random(in: 0...300, using: &numbers)
            let body = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &numbers) }
            let code = HMAC<SHA256>.authenticationCode(
                for: Data("\(id).\(timestamp).".utf8) + Data(body),
                using: SymmetricKey(data: Data(base64Encoded: String(secret.text.dropFirst(6))) ?? Data()))
            let expected = "v1," + Data(code).base64EncodedString()
            let signed = StandardSignature.sign(id: id, timestamp: timestamp, body: body, secrets: [secret])
            #expect(signed == expected, "seed \(seed)")
        }
    }

    @Test("several secrets give several signatures, in their order, and each secret alone verifies them")
    func rotation() {
        let other = WebhookSecret.generate()
        let third = WebhookSecret(stored: "whsec_REPLACE")
        let header = StandardSignature.sign(
            id: Self.id, timestamp: Self.timestamp, body: Self.body, secrets: [other, Self.secret, third])
        let parts = header.split(separator: " ")
        #expect(parts.count == 3)
        #expect(parts.allSatisfy { $0.hasPrefix("v1,") && $0.utf8.count == 47 })
        #expect(parts[1] == Self.signature)
        for secret in [other, Self.secret, third] {
            #expect(Self.verify(signature: header, secrets: [secret]) == nil)
        }
        #expect(Self.verify(signature: header, secrets: [.generate()]) == .mismatch)
        #expect(Self.verify(signature: header, secrets: [.generate(), third]) == nil)
        #expect(Self.verify(signature: header, secrets: []) == .mismatch)
        #expect(StandardSignature.sign(id: "a", timestamp: 1, body: [], secrets: []) == "")
    }

    @Test("any change to id, timestamp, body or signature is noticed")
    func tampering() {
        #expect(Self.verify(id: "msg_other") == .mismatch)
        #expect(Self.verify(timestamp: "1614265331") == .mismatch)
        // The same number written in another way is another content.
        #expect(Self.verify(timestamp: "01614265330") == .mismatch)
        #expect(Self.verify(body: Self.body + [0x20]) == .mismatch)
        #expect(Self.verify(body: []) == .mismatch)
        for index in Self.body.indices {
            var changed = Self.body
            changed[index] ^= 1
            #expect(Self.verify(body: changed) == .mismatch)
        }
        let characters = Array(Self.signature)
        // The last digit before the padding carries two bits that nobody reads.
        for index in 3..<(characters.count - 2) {
            var changed = characters
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(Self.verify(signature: String(changed)) == .mismatch, "\(index)")
        }
        #expect(Self.verify(signature: "v1,AAAA") == .mismatch)
        #expect(Self.verify(signature: "v1,") == .mismatch)
    }

    @Test("signatures of other versions, and what is no signature, are passed over")
    func otherVersions() {
        #expect(Self.verify(signature: "v1a,xyz \(Self.signature) v2,abc") == nil)
        #expect(Self.verify(signature: "  \(Self.signature)  ") == nil)
        #expect(Self.verify(signature: "v1,not-base-64 \(Self.signature)") == nil)
        #expect(Self.verify(signature: Self.signature.replacing("v1,", with: "v1a,")) == .noSignature)
        #expect(Self.verify(signature: String(Self.signature.dropFirst(3))) == .noSignature)
        #expect(Self.verify(signature: "v1;g0hM") == .noSignature)
        #expect(Self.verify(signature: " ") == .noSignature)
    }

    @Test("a header that is missing is named, a timestamp must be a whole number")
    func missing() {
        #expect(Self.verify(id: "") == .missing("webhook-id"))
        #expect(Self.verify(timestamp: "") == .missing("webhook-timestamp"))
        #expect(Self.verify(signature: "") == .missing("webhook-signature"))
        for text in ["x", "1e9", "-1", "+1", "1.5", " 1", "99999999999999999999", "1614265330000000000000"] {
            #expect(Self.verify(timestamp: text) == .timestampMalformed, "\(text)")
        }
    }

    /// How long after the timestamp, and what is wrong with that.
    private static let ages: [(seconds: Int64, fault: SignatureFault?)] = [
        (0, nil), (300, nil), (301, .tooOld), (-300, nil), (-301, .tooNew), (86_400, .tooOld), (-86_400, .tooNew),
    ]

    @Test("a message is taken for five minutes before and after its time", arguments: ages)
    func age(seconds: Int64, fault: SignatureFault?) {
        #expect(Self.verify(now: Self.timestamp + seconds) == fault)
    }

    @Test("clocks and timestamps at the ends of all numbers are no more than wrong")
    func farAges() {
        #expect(Self.verify(now: .max) == .tooOld)
        #expect(Self.verify(now: .min) == .tooNew)
        #expect(Self.verify(timestamp: String(Int64.max), now: .min) == .tooNew)
        #expect(Self.verify(timestamp: "0", now: .max) == .tooOld)
    }

    @Test("without a clock the age is not looked at")
    func noClock() {
        #expect(Self.verify(now: nil) == nil)
    }
}
