import DeveloperTools
import Testing
import WebhookDelivery

@Suite("signatures at the command line")
struct SignatureToolsTests {
    private let secret = WebhookSecret(stored: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    private let body = Array(#"{"test": 2432232314}"#.utf8)

    @Test("a message is signed as the specification's example is")
    func sign() {
        let headers = SignatureTools.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: body, secret: secret)
        #expect(headers.map(\.name) == ["webhook-id", "webhook-timestamp", "webhook-signature"])
        #expect(
            headers.map(\.value) == [
                "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ])
    }

    private func refusal(
        id: String = "evt_1", timestamp: String = "1000", signature: String? = nil, body: [UInt8]? = nil,
        secrets: [WebhookSecret]? = nil, tolerance: Int64? = 300, now: Int64 = 1_000
    ) -> String? {
        let signed = SignatureTools.headers(id: "evt_1", timestamp: 1_000, body: self.body, secret: secret)[2].value
        return SignatureTools.refusal(
            id: id, timestamp: timestamp, signature: signature ?? signed, body: body ?? self.body,
            secrets: secrets ?? [secret], tolerance: tolerance, now: now)
    }

    @Test("a right message is taken, with any of several secrets and however old it may be")
    func right() {
        #expect(refusal() == nil)
        #expect(refusal(secrets: [WebhookSecret(stored: "other"), secret]) == nil)
        #expect(refusal(now: 1_300) == nil)
        #expect(refusal(now: 700) == nil)
        #expect(refusal(tolerance: nil, now: 9_999_999) == nil)
        #expect(refusal(tolerance: 0) == nil)
    }

    @Test("a wrong one is refused, with the reason")
    func wrong() {
        #expect(refusal(body: body + [0x20])?.contains("No signature matches") == true)
        #expect(refusal(secrets: [WebhookSecret(stored: "other")])?.contains("No signature matches") == true)
        #expect(refusal(id: "evt_2")?.contains("No signature matches") == true)
        #expect(refusal(timestamp: "1001")?.contains("No signature matches") == true)
        #expect(refusal(timestamp: "soon")?.contains("not a number of seconds") == true)
        #expect(refusal(signature: "v2,AAAA")?.contains("no v1 signature") == true)
        #expect(refusal(id: "")?.contains("webhook-id is missing") == true)
        #expect(refusal(now: 1_301)?.contains("301 seconds old") == true)
        #expect(refusal(tolerance: 10, now: 1_011)?.contains("10 are tolerated") == true)
        #expect(refusal(now: 699)?.contains("in the future") == true)
        #expect(refusal(timestamp: "1000", now: .min)?.contains("in the future") == true)
    }

    @Test(
        "a secret is visible ASCII of at most 256 characters",
        arguments: ["", "a b", "ä", String(repeating: "a", count: 257)])
    func secrets(text: String) throws {
        #expect(throws: DeveloperError.self) { try SignatureTools.secret(text) }
        #expect(try SignatureTools.secret("whsec_x").text == "whsec_x")
    }
}
