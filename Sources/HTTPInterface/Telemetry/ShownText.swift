/// Text of a caller's that goes into a log.
enum ShownText {
    /// What a secret begins with, and what follows.
    private struct Mark {
        var text: StaticString
        /// Bytes behind it that may be shown: of an API key its id, which tells which one to revoke.
        var shown: Int
        /// Whether the secret is base 64, perhaps percent-encoded, and not letters and digits alone.
        var isBase64: Bool
    }

    private static let marks = [
        Mark(text: "sk_test_", shown: 26, isBase64: false), Mark(text: "sk_live_", shown: 26, isBase64: false),
        Mark(text: "whsec_", shown: 0, isBase64: true),
    ]
    /// The shortest secret there is: `whsec_` and 24 bytes in base 64.
    private static let shortest = 38

    /// The text with the secrets in it cut down to their beginning. A key that somebody has put into a path by mistake
    /// must not stay in the log.
    static func withoutSecrets(_ text: String) -> String {
        // Nearly every path is shorter, or has no such mark in it.
        guard text.utf8.count >= shortest else { return text }
        return cut(Array(text.utf8)) ?? text
    }

    /// nil when there is nothing to leave out.
    private static func cut(_ bytes: [UInt8]) -> String? {
        var result: [UInt8] = []
        var copied = 0
        var place = 0
        while place < bytes.count {
            guard let (mark, end) = mark(in: bytes, at: place) else {
                place += 1
                continue
            }
            result += bytes[copied..<end] + Array("…".utf8)
            copied = bytes[end...].firstIndex { !isSecret($0, mark) } ?? bytes.count
            place = copied
        }
        return copied == 0 ? nil : String(decoding: result + bytes[copied...], as: UTF8.self)
    }

    /// The mark that stands here, and the end of what may be shown.
    private static func mark(in bytes: [UInt8], at place: Int) -> (mark: Mark, end: Int)? {
        guard bytes[place] == UInt8(ascii: "s") || bytes[place] == UInt8(ascii: "w") else { return nil }
        let rest = bytes[place...]
        let found = marks.first { mark in mark.text.withUTF8Buffer { rest.starts(with: $0) } }
        return found.map { ($0, min(bytes.count, place + $0.text.utf8CodeUnitCount + $0.shown)) }
    }

    private static func isSecret(_ byte: UInt8, _ mark: Mark) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "%"): mark.isBase64
        default: false
        }
    }
}
