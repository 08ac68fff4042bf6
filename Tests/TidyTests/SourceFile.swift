/// A Swift file, once as it is written and once with only its code left: comments and the insides of string literals
/// are blanks there, so that braces and words can be counted without a parser.
struct SourceFile: Sendable {
    /// Relative to the repository's root.
    let path: String
    let lines: [String]
    /// As many lines, each as long in bytes as it is written.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        var text = text
        if text.hasSuffix("\n") { text.removeLast() }
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code = SwiftCode.only(text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The name of the target's folder: Sources/<name>/… or Tests/<name>/….
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    /// The modules that the file imports, with the line (from 0) of each.
    var imports: [(line: Int, module: String)] {
        code.indices.compactMap { index in Self.module(importedBy: code[index]).map { (index, $0) } }
    }

    /// `@preconcurrency public import struct NIOCore.ByteBuffer` imports NIOCore.
    private static func module(importedBy line: String) -> String? {
        var words = line.split(whereSeparator: { " \t;".contains($0) })
        let before = ["public", "package", "internal", "fileprivate", "private"]
        while let word = words.first, word.hasPrefix("@") || before.contains(String(word)) { words.removeFirst() }
        guard words.first == "import" else { return nil }
        words.removeFirst()
        let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        if words.count > 1, kinds.contains(String(words[0])) { words.removeFirst() }
        return words.first?.split(separator: ".").first.map(String.init)
    }

    /// The lines of comment right above a line (from 0), attributes in between skipped; topmost first.
    func comment(above line: Int) -> [String] {
        var result: [String] = []
        var index = line - 1
        while index >= 0 {
            let text = lines[index].trimmed
            if text.hasPrefix("//") {
                result.append(String(text))
            } else if !(result.isEmpty && text.hasPrefix("@")) {
                break
            }
            index -= 1
        }
        return result.reversed()
    }

    /// Whether the line has text of a string literal on it: bytes that are neither code nor blank nor a comment.
    func hasLiteral(on line: Int) -> Bool {
        let written = lines[line].utf8.dropLast(comment(on: line).utf8.count)
        return !lines[line].trimmed.hasPrefix("//")
            && zip(written, code[line].utf8).contains { $0 != $1 && $0 != UInt8(ascii: "\"") }
    }

    /// The comment behind the code of a line; empty without one.
    func comment(on line: Int) -> String {
        guard let start = lines[line].range(of: "//", in: code[line]) else { return "" }
        return String(lines[line][start...])
    }
}

extension String {
    var trimmed: Substring {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }

    /// The identifiers and keywords in it.
    var words: [Substring] { split { !($0.isLetter || $0.isNumber || $0 == "_") } }

    /// Where `mark` begins outside of the code, which is blank there.
    fileprivate func range(of mark: String, in code: String) -> String.Index? {
        let written = Array(utf8)
        let left = Array(code.utf8)
        let sought = Array(mark.utf8)
        guard written.count == left.count, written.count >= sought.count else { return nil }
        for start in 0...(written.count - sought.count)
        where left[start] == UInt8(ascii: " ") && written[start..<start + sought.count].elementsEqual(sought) {
            return utf8.index(startIndex, offsetBy: start)
        }
        return nil
    }
}
