/// The query of a URL as names and values.
public enum QueryString {
    /// Splits at `&` and `=`, resolves `%XX` and `+`. An empty part between two `&` is skipped.
    /// - Throws: ``WireFaults`` with `invalid_value` when a percent sign is not followed by two hex digits, or the
    ///   result is not valid UTF-8 or contains NUL.
    public static func pairs(_ query: String) throws(WireFaults) -> [(name: String, value: String)] {
        var pairs: [(name: String, value: String)] = []
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = decoded(part[..<equals], plusIsSpace: true) else { throw malformed("") }
            guard let value = decoded(part[equals...].dropFirst(), plusIsSpace: true) else { throw malformed(name) }
            pairs.append((name, value))
        }
        return pairs
    }

    /// Resolves `%XX` in a segment of a path, where `+` is itself.
    /// - Returns: nil when it is malformed, not valid UTF-8, or contains NUL.
    public static func pathSegment(_ segment: Substring) -> String? {
        decoded(segment.utf8[...], plusIsSpace: false)
    }

    private static func malformed(_ name: String) -> WireFaults {
        let message = "must be UTF-8 with percent signs followed by two hex digits; encode the value again"
        return WireFaults([WireFault(part: .query, pointer: name, code: .invalidValue, message: message)])
    }

    private static func decoded(_ text: Substring.UTF8View, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(hexDigit), let low = rest.next().flatMap(hexDigit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }
}
