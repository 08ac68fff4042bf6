package import LedgerCore
package import LedgerStorage

/// The text of an API key, as its owner has it:
///
///     sk_test_ 01J9XQ5Y8ZK3V7N2M4P6R8T0WA 52 characters 7 characters
///     mode     id, by which it is found   256 random    checksum
///
/// Everything after the mode is Crockford's base 32 in upper case. The checksum is the CRC-32 of all before it: it
/// tells a typing error from a dead key without looking anything up, and protects nothing. Stored is only the SHA-256
/// of the whole text.
package struct KeySecret: Sendable {
    /// Characters of the whole text.
    package static let length = 93
    private static let prefixLength = 8
    private static let checkedLength = 86

    package let mode: Mode
    package let id: ULID
    package let text: String

    /// A new secret for the key of that id.
    package static func mint(
        mode: Mode, id: ULID, using generator: inout some RandomNumberGenerator
    ) -> KeySecret {
        var bytes = Array("sk_\(mode.rawValue)_".utf8)
        bytes.reserveCapacity(length)
        id.appendText(to: &bytes)
        // 52 digits carry 260 bits: the four words are the lower 256, the first digit is 0 or 1.
        let words = (0..<4).map { _ in generator.next() as UInt64 }
        for digit in 0..<52 { bytes.append(CrockfordDigits.digit(bits(of: words, from: (51 - digit) * 5))) }
        appendChecksum(to: &bytes)
        return KeySecret(mode: mode, id: id, text: String(decoding: bytes, as: UTF8.self))
    }

    /// A new secret from the system's randomness.
    package static func mint(mode: Mode, id: ULID) -> KeySecret {
        var generator = SystemRandomNumberGenerator()
        return mint(mode: mode, id: id, using: &generator)
    }

    /// What is stored of it.
    package var hash: Digest256 { Digest256(hashing: Array(text.utf8)) }

    /// Mode and id of a text that has the form and the checksum of a key; nil for any other.
    package static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> (mode: Mode, id: ULID)? {
        guard bytes.count == length else { return nil }
        let mode: Mode
        if bytes.starts(with: "sk_test_".utf8) {
            mode = .test
        } else if bytes.starts(with: "sk_live_".utf8) {
            mode = .live
        } else {
            return nil
        }
        var check: UInt64 = 0
        for index in prefixLength..<length {
            guard let digit = CrockfordDigits.value(bytes[index]) else { return nil }
            if index >= checkedLength { check = check << 5 | UInt64(digit) }
        }
        let checked = UnsafeBufferPointer(rebasing: bytes[..<checkedLength])
        guard check == UInt64(CyclicRedundancyCheck.crc32(checked)) else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for index in prefixLength..<prefixLength + 26 {
            guard let digit = CrockfordDigits.value(bytes[index]) else { return nil }
            if index == prefixLength && digit > 7 { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | UInt64(digit)
        }
        return (mode, ULID(high: high, low: low))
    }

    /// Five bits of the 256, counted from the least significant; beyond them there are zeros.
    private static func bits(of words: [UInt64], from position: Int) -> UInt8 {
        let word = position / 64
        let shift = position % 64
        var value = words[3 - word] >> UInt64(shift)
        if shift > 59 && word < 3 { value |= words[3 - word - 1] << UInt64(64 - shift) }
        return UInt8(truncatingIfNeeded: value & 31)
    }

    private static func appendChecksum(to bytes: inout [UInt8]) {
        let check = bytes.withUnsafeBufferPointer { CyclicRedundancyCheck.crc32($0) }
        for digit in 0..<7 {
            let shift = UInt64((6 - digit) * 5)
            bytes.append(CrockfordDigits.digit(UInt8(truncatingIfNeeded: UInt64(check) >> shift & 31)))
        }
    }
}

/// Crockford's base 32 in its canonical form: upper case, no I, L, O, U.
enum CrockfordDigits {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    /// Only the five low bits count.
    static func digit(_ value: UInt8) -> UInt8 { alphabet[Int(value & 31)] }

    static func value(_ byte: UInt8) -> UInt8? {
        let value = values[Int(byte)]
        return value == 0xFF ? nil : value
    }
}

/// CRC-32 of ISO 3309 (the one of zip and Ethernet).
enum CyclicRedundancyCheck {
    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
        return value
    }

    static func crc32(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var value: UInt32 = 0xFFFF_FFFF
        for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ value >> 8 }
        return ~value
    }
}
