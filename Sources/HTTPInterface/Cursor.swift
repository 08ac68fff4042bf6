import Crypto
package import LedgerCore
import LedgerStorage

/// An opaque place in a list, bound to its realm and filters, sealed so that a foreign or tampered one is refused like
/// one that never existed.
package struct CursorSeal: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: this installation's, at least 32 random bytes.
    package init(secret: [UInt8]) {
        key = SymmetricKey(data: secret)
    }

    /// - Parameters:
    ///   - position: where the list goes on; what it means is the list's.
    ///   - horizon: the seq at which the walk began.
    ///   - filter: everything that chooses the list's rows, in a fixed order and form.
    package func seal(position: UInt64, horizon: UInt64, realm: ULID, filter: String) -> String {
        var payload: [UInt8] = []
        payload.reserveCapacity(32)
        append(position, to: &payload)
        append(horizon, to: &payload)
        return Base64URL.encode(payload + tag(payload, realm, filter))
    }

    /// nil when the cursor was not made for this realm and these filters.
    package func open(_ text: String, realm: ULID, filter: String) -> (position: UInt64, horizon: UInt64)? {
        guard let bytes = Base64URL.decode(text), bytes.count == 32 else { return nil }
        let payload = Array(bytes[..<16])
        guard ConstantTime.areEqual(tag(payload, realm, filter), bytes[16...]) else { return nil }
        return (number(payload[..<8]), number(payload[8...]))
    }

    private func tag(_ payload: [UInt8], _ realm: ULID, _ filter: String) -> [UInt8] {
        var message = payload
        append(realm.high, to: &message)
        append(realm.low, to: &message)
        message.append(contentsOf: filter.utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: message, using: key).prefix(16))
    }

    private func append(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

/// RFC 4648 base64url without padding.
package enum Base64URL {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Base64url without padding (RFC 4648, 5).
    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil for anything that `encode` can't have made.
    package static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text.utf8 {
            guard let digit = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(digit)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        guard count < 6, bits & (1 << UInt32(count) - 1) == 0 else { return nil }
        return bytes
    }
}
