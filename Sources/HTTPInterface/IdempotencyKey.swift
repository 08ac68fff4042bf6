package import LedgerEngine
import LedgerStorage
package import NIOHTTP1

/// Reads the `Idempotency-Key` header: 1–255 visible characters, bare or as a structured-field string; both forms name
/// the same key (contracts, *All four*).
package enum IdempotencyKey {
    /// The key of a request; nil when it has no such header.
    /// - Throws: `idempotency_key_invalid` for several headers, or one that is no key.
    package static func read(from headers: HTTPHeaders) throws(Refusal) -> String? {
        // Not the canonical form: that one is divided at commas, which a key may contain.
        let values = headers["idempotency-key"]
        guard let first = values.first else { return nil }
        guard values.count == 1, let key = parse(first) else { throw .idempotencyKeyInvalid }
        return key
    }

    /// nil when the text is no key.
    package static func parse(_ text: some StringProtocol) -> String? {
        var bytes = Array(text.utf8)
        if bytes.first == UInt8(ascii: "\"") {
            guard let unquoted = unquote(bytes) else { return nil }
            bytes = unquoted
        }
        guard (1...255).contains(bytes.count), bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The key of a line of a batch, in which a quoted string names the same key as in the header.
    package static func ofLine(_ text: String) -> String {
        text.utf8.first == UInt8(ascii: "\"") ? parse(text) ?? text : text
    }

    private static func unquote(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 2, bytes.last == UInt8(ascii: "\"") else { return nil }
        var result: [UInt8] = []
        var isEscaped = false
        for byte in bytes[1..<(bytes.count - 1)] {
            if isEscaped {
                guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { return nil }
                result.append(byte)
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                return nil
            } else {
                result.append(byte)
            }
        }
        return isEscaped ? nil : result
    }

    /// What the key stands for: the key itself, and method, path and the canonical form of the body.
    package static func identity(
        key: String, method: String, path: some StringProtocol, canonicalBody: [UInt8]
    ) -> RequestIdentity {
        var request: [UInt8] = []
        request.reserveCapacity(method.utf8.count + path.utf8.count + canonicalBody.count + 2)
        request.append(contentsOf: method.utf8)
        request.append(0x20)
        request.append(contentsOf: path.utf8)
        request.append(0x0A)
        request.append(contentsOf: canonicalBody)
        return RequestIdentity(key: Digest128(hashing: Array(key.utf8)), fingerprint: Digest128(hashing: request))
    }
}
