/// An IPv4 or IPv6 address as a number. No zone: an address that needs one is not one to deliver to.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)
}

extension IPAddress {
    /// Reads what `inet_pton` reads, and nothing else: four decimal numbers without leading zeros, or the forms of
    /// RFC 4291 §2.2. No brackets, no zone, no octal, no short forms.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8.prefix(46))
        guard let address = bytes.contains(UInt8(ascii: ":")) ? Self.readV6(bytes[...]) : Self.readV4(bytes[...])
        else { return nil }
        self = address
    }

    /// From 4 or 16 bytes, most significant first; nil for any other number of them.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self = .v6(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// 4 or 16 bytes, most significant first.
    package var bytes: [UInt8] {
        switch self {
        case .v4(let value): withUnsafeBytes(of: value.bigEndian) { Array($0) }
        case .v6(let high, let low): withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
        }
    }

    private static func readV4(_ text: ArraySlice<UInt8>) -> IPAddress? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let number = decimalByte(part) else { return nil }
            value = value << 8 | number
        }
        return .v4(value)
    }

    private static func decimalByte(_ text: ArraySlice<UInt8>) -> UInt32? {
        guard (1...3).contains(text.count), text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
        var value: UInt32 = 0
        for byte in text {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + UInt32(byte - 0x30)
        }
        return value <= 255 ? value : nil
    }

    private static func readV6(_ text: ArraySlice<UInt8>) -> IPAddress? {
        var text = text
        var tail: [UInt16] = []
        if text.contains(UInt8(ascii: ".")) {
            // The last 32 bits in dotted form: what stands behind the last colon.
            guard let colon = text.lastIndex(of: UInt8(ascii: ":")),
                case .v4(let value) = readV4(text[(colon + 1)...])
            else { return nil }
            tail = [UInt16(value >> 16), UInt16(truncatingIfNeeded: value)]
            text = text[...colon]
            // A single colon was the separator; two are the gap, and stay.
            if text.dropLast().last != UInt8(ascii: ":") { text = text.dropLast() }
        }
        guard let groups = groups(text, behind: tail) else { return nil }
        func word(_ groups: ArraySlice<UInt16>) -> UInt64 { groups.reduce(0) { $0 << 16 | UInt64($1) } }
        return .v6(high: word(groups[..<4]), low: word(groups[4...]))
    }

    /// The eight groups of the address, with `tail` as the last ones.
    private static func groups(_ text: ArraySlice<UInt8>, behind tail: [UInt16]) -> [UInt16]? {
        var gap: Int?
        for index in text.indices.dropLast() where text[index] == 0x3A && text[index + 1] == 0x3A {
            // A third colon, or a second gap.
            if gap != nil { return nil }
            gap = index
        }
        guard let gap else {
            guard let all = hexGroups(text), all.count + tail.count == 8 else { return nil }
            return all + tail
        }
        guard let before = hexGroups(text[..<gap]), var after = hexGroups(text[(gap + 2)...]) else { return nil }
        after += tail
        let missing = 8 - before.count - after.count
        // The gap stands for one group at least.
        guard missing >= 1 else { return nil }
        return before + [UInt16](repeating: 0, count: missing) + after
    }

    /// Groups of one to four digits with single colons between them; none in an empty text.
    private static func hexGroups(_ text: ArraySlice<UInt8>) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        for part in text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) {
            guard (1...4).contains(part.count) else { return nil }
            var value: UInt16 = 0
            for byte in part {
                guard let digit = HexDigit.value(byte) else { return nil }
                value = value << 4 | UInt16(digit)
            }
            groups.append(value)
        }
        return groups
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text (RFC 5952 for IPv6): one address, one text.
    package var description: String {
        switch self {
        case .v4: return bytes.map(String.init).joined(separator: ".")
        case .v6(let high, let low):
            let groups = [high, low].flatMap { word in
                stride(from: 48, through: 0, by: -16).map { UInt16(truncatingIfNeeded: word >> UInt64($0)) }
            }
            // IPv4-mapped addresses are written with the dotted quad that they carry (RFC 5952 §5).
            if high == 0, low >> 32 == 0xFFFF {
                return "::ffff:\(IPAddress.v4(UInt32(truncatingIfNeeded: low)))"
            }
            let texts = groups.map { String($0, radix: 16) }
            guard let gap = Self.longestRunOfZeros(groups) else { return texts.joined(separator: ":") }
            return texts[..<gap.lowerBound].joined(separator: ":") + "::"
                + texts[gap.upperBound...].joined(separator: ":")
        }
    }

    /// Of two groups at least; the first of several as long.
    private static func longestRunOfZeros(_ groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start >= max(2, (longest?.count ?? 0) + 1) { longest = start..<index }
            start = index + 1
        }
        return longest
    }
}

/// A hexadecimal digit of either case.
enum HexDigit {
    static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
