/// Leaves only the code of a Swift text: comments and string literals become blanks, byte for byte, newlines stay.
///
/// It knows line and nested block comments, literals with any number of `#`, on one line or several, and code inside of
/// `\(…)`. Bare regex literals are not known; the sources have none.
struct SwiftCode {
    private let text: [UInt8]
    private var output: [UInt8]
    private var at = 0

    static func only(_ text: String) -> String {
        var reader = SwiftCode(text: Array(text.utf8))
        reader.readCode(untilParenthesis: false)
        return String(decoding: reader.output, as: UTF8.self)
    }

    private init(text: [UInt8]) {
        self.text = text
        // Blank is what is not known to be code.
        output = text.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
    }

    private func looksAt(_ mark: StaticString) -> Bool {
        let count = mark.utf8CodeUnitCount
        guard at + count <= text.count else { return false }
        return mark.withUTF8Buffer { $0.elementsEqual(text[at..<at + count]) }
    }

    /// How often a byte stands from `place` on.
    private func run(of byte: UInt8, from place: Int) -> Int {
        var end = place
        while end < text.count, text[end] == byte { end += 1 }
        return end - place
    }

    private mutating func readCode(untilParenthesis: Bool) {
        var depth = 0
        while at < text.count {
            let byte = text[at]
            if looksAt("//") {
                while at < text.count, text[at] != UInt8(ascii: "\n") { at += 1 }
                continue
            }
            if looksAt("/*") {
                skipBlockComment()
                continue
            }
            let pounds = run(of: UInt8(ascii: "#"), from: at)
            if at + pounds < text.count, text[at + pounds] == UInt8(ascii: "\"") {
                at += pounds
                skipLiteral(pounds: pounds)
                continue
            }
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") {
                depth -= 1
                if untilParenthesis, depth < 0 { return }
            }
            output[at] = byte
            at += 1
        }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if looksAt("/*") {
                depth += 1
                at += 2
            } else if looksAt("*/") {
                depth -= 1
                at += 2
            } else {
                at += 1
            }
        } while depth > 0 && at < text.count
    }

    /// Stands at the opening quote, behind its pounds.
    private mutating func skipLiteral(pounds: Int) {
        let quote = UInt8(ascii: "\"")
        // Two quotes alone are an empty literal.
        let quotes = run(of: quote, from: at) >= 3 ? 3 : 1
        at += quotes
        while at < text.count {
            if text[at] == quote, run(of: quote, from: at) >= quotes,
                run(of: UInt8(ascii: "#"), from: at + quotes) >= pounds
            {
                at += quotes + pounds
                return
            }
            if text[at] == UInt8(ascii: "\\"), run(of: UInt8(ascii: "#"), from: at + 1) >= pounds {
                at += 1 + pounds
                if at < text.count, text[at] == UInt8(ascii: "(") {
                    at += 1
                    readCode(untilParenthesis: true)
                }
                // The escaped character, or the parenthesis that ends the interpolation.
                at += 1
                continue
            }
            at += 1
        }
    }
}
