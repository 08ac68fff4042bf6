#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What an import asks of a field, answered on its bytes.
extension UnsafeBufferPointer<UInt8> {
    /// The bytes of a literal; they live as long as the process.
    package init(_ literal: StaticString) {
        self.init(start: literal.utf8Start, count: literal.utf8CodeUnitCount)
    }

    /// Without spaces and tabs at either end.
    package var trimmed: Bytes {
        var first = 0
        var last = count
        while first < last, self[first] == 0x20 || self[first] == 0x09 { first += 1 }
        while last > first, self[last - 1] == 0x20 || self[last - 1] == 0x09 { last -= 1 }
        return Bytes(rebasing: self[first..<last])
    }

    /// Whether both are the same bytes.
    package func equals(_ other: Bytes) -> Bool {
        guard count == other.count else { return false }
        guard let mine = baseAddress, let theirs = other.baseAddress else { return true }
        return memcmp(mine, theirs, count) == 0
    }

    /// Whether these are the literal's bytes.
    package func equals(_ literal: StaticString) -> Bool { equals(Bytes(literal)) }

    /// Whether the literal's bytes come first.
    package func begins(with literal: StaticString) -> Bool {
        guard count >= literal.utf8CodeUnitCount, let mine = baseAddress else { return literal.utf8CodeUnitCount == 0 }
        return memcmp(mine, literal.utf8Start, literal.utf8CodeUnitCount) == 0
    }

    /// Whether one of `0` to `9` is in it.
    package var containsDigit: Bool {
        for byte in self where byte >= 0x30 && byte <= 0x39 { return true }
        return false
    }

    /// Whether it is valid UTF-8. Plain ASCII, the usual case, takes one pass and no call.
    package var isText: Bool {
        for index in 0..<count where self[index] >= 0x80 {
            return String(validating: Bytes(rebasing: self[index...]), as: UTF8.self) != nil
        }
        return true
    }

    /// A whole number, with a sign or without; nil when it is anything else or does not fit.
    package var wholeNumber: Int64? {
        var index = 0
        let negative = count > 0 && self[0] == 0x2D
        if negative || (count > 0 && self[0] == 0x2B) { index = 1 }
        // 18 digits always fit, so no step can overflow.
        guard index < count, count - index <= 18 else { return nil }
        var value: Int64 = 0
        while index < count {
            let digit = self[index] &- 0x30
            guard digit <= 9 else { return nil }
            value = value &* 10 &+ Int64(digit)
            index += 1
        }
        return negative ? -value : value
    }

    /// A whole number of base units, at most 10^12 either way.
    package var quantity: Int64? {
        wholeNumber.flatMap { $0.magnitude <= 1_000_000_000_000 ? $0 : nil }
    }

    /// `true` or `false` in any case, as spreadsheets write them too; `1` and `0` are the same.
    package var flag: Bool? {
        switch count {
        case 1: self[0] == 0x31 ? true : self[0] == 0x30 ? false : nil
        case 4, 5:
            switch text.lowercased() {
            case "true": true
            case "false": false
            default: nil
            }
        default: nil
        }
    }

    /// Whether it has no more than so many characters, counted as Unicode scalars. It is valid UTF-8.
    package func fits(characters: Int) -> Bool {
        count <= characters || self.count(where: { $0 & 0xC0 != 0x80 }) <= characters
    }

    /// Fits where a decimal with at most 6 decimals is asked for: `12`, `0.5`, `1.530000`.
    package var isUnitCost: Bool {
        guard let amount = DecimalAmount(self) else { return false }
        return amount.decimals <= 6 && amount.digits >= 0 && self[0] != 0x2D && self[0] != 0x2B
    }

    package var text: String { String(decoding: self, as: UTF8.self) }
}
