internal import Crypto
internal import Foundation
internal import LedgerStorage

/// The signatures of Standard Webhooks 1.0: `v1,` and the base 64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`.
package enum StandardSignature {
    /// Names of the three header fields.
    package static let idHeader = "webhook-id"
    package static let timestampHeader = "webhook-timestamp"
    package static let signatureHeader = "webhook-signature"
    /// How far the timestamp may lie from the receiver's clock, in seconds, either way.
    package static let tolerance: Int64 = 300

    /// The value of `webhook-signature`: one signature for each secret, in their order, with blanks between them.
    ///
    /// - Parameter timestamp: seconds since 1970.
    package static func sign(
        id: String, timestamp: Int64, body: [UInt8], secrets: [WebhookSecret]
    ) -> String {
        let head = signedHead(id: id, timestamp: String(timestamp))
        return secrets.map { "v1," + Base64.encode(Array(code(head, body, $0))) }.joined(separator: " ")
    }

    /// Checks what a receiver was sent. Any signature of the header may match any of the secrets; versions that are
    /// not known are passed over. Compares in a time that does not depend on where two codes differ.
    ///
    /// - Parameters:
    ///   - timestamp: the header's text.
    ///   - now: seconds since 1970; nil leaves the age unchecked.
    /// - Throws: `SignatureFault` with what is wrong first.
    package static func verify(
        id: String, timestamp: String, signature: String, body: [UInt8],
        secrets: [WebhookSecret], now: Int64?
    ) throws(SignatureFault) {
        guard !id.isEmpty else { throw .missing(idHeader) }
        guard !timestamp.isEmpty else { throw .missing(timestampHeader) }
        guard !signature.isEmpty else { throw .missing(signatureHeader) }
        guard timestamp.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int64(timestamp) else {
            throw .timestampMalformed
        }
        if let now {
            let (age, overflow) = now.subtractingReportingOverflow(seconds)
            if overflow || age < -tolerance { throw .tooNew }
            if age > tolerance { throw .tooOld }
        }
        let candidates = signature.split(separator: " ").filter { $0.hasPrefix("v1,") }
            .compactMap { Base64.decode($0.dropFirst(3)) }
        guard !candidates.isEmpty else { throw .noSignature }
        // The very text that was signed: another way to write the number is another content.
        let head = signedHead(id: id, timestamp: timestamp)
        for secret in secrets {
            let expected = Array(code(head, body, secret))
            if candidates.contains(where: { ConstantTime.areEqual(expected, $0) }) { return }
        }
        throw .mismatch
    }

    private static func signedHead(id: String, timestamp: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(id.utf8.count + timestamp.utf8.count + 2)
        bytes.append(contentsOf: id.utf8)
        bytes.append(UInt8(ascii: "."))
        bytes.append(contentsOf: timestamp.utf8)
        bytes.append(UInt8(ascii: "."))
        return bytes
    }

    private static func code(
        _ head: [UInt8], _ body: [UInt8], _ secret: WebhookSecret
    ) -> HMAC<SHA256>.MAC {
        var code = HMAC<SHA256>(key: secret.key)
        code.update(data: head)
        code.update(data: body)
        return code.finalize()
    }
}

/// Why a receiver must not believe what it was sent.
package enum SignatureFault: Error, Hashable, Sendable {
    /// The header of that name is not there or is empty.
    case missing(String)
    case timestampMalformed
    case tooOld
    case tooNew
    /// The header has no signature of a version that is known.
    case noSignature
    case mismatch

    /// Stable.
    package var code: String {
        switch self {
        case .missing: "signature_header_missing"
        case .timestampMalformed: "signature_timestamp_malformed"
        case .tooOld: "signature_too_old"
        case .tooNew: "signature_too_new"
        case .noSignature: "signature_version_unknown"
        case .mismatch: "signature_mismatch"
        }
    }
}

extension SignatureFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let name): "The header \(name) is missing."
        case .timestampMalformed: "\(StandardSignature.timestampHeader) is not a number of seconds since 1970."
        case .tooOld: "The message is older than \(StandardSignature.tolerance) seconds: it may be a replay."
        case .tooNew: "The message is from the future: compare the two clocks."
        case .noSignature: "\(StandardSignature.signatureHeader) has no v1 signature."
        case .mismatch:
            "No signature matches: the secret is another one, or the id, the timestamp or the body was changed. "
                + "Sign the body's very bytes, before any parsing."
        }
    }
}
