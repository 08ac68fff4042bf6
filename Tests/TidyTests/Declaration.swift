/// A declaration as far as its first line tells: enough for rules of style.
struct Declaration {
    /// From 0.
    var line: Int
    var modifiers: [String]
    /// `struct`, `func`, `var` …
    var kind: String
    /// Of a function or an initializer with its labels: `decide(_:given:at:)`.
    var name: String
    /// The code from the keyword on, as long as the first line goes.
    var rest: String

    var isExposed: Bool { modifiers.contains("public") || modifiers.contains("package") }

    private static let kinds: Set<String> = [
        "actor", "associatedtype", "class", "enum", "extension", "func", "init", "let", "protocol", "struct",
        "subscript",
        "typealias", "var",
    ]
    private static let allModifiers: Set<String> = [
        "borrowing", "class", "consuming", "convenience", "fileprivate", "fileprivate(set)", "final", "indirect",
        "internal", "internal(set)", "lazy", "mutating", "nonisolated", "nonisolated(unsafe)", "nonmutating", "open",
        "override", "package", "package(set)", "prefix", "private", "private(set)", "public", "required", "static",
        "unowned", "unowned(unsafe)", "unowned(safe)", "weak",
    ]

    /// The declaration that begins on the line; nil when none does.
    init?(in code: [String], at line: Int) {
        var words = code[line].split(separator: " ").map(String.init)
        while let word = words.first, word.hasPrefix("@") {
            // An attribute's arguments may have blanks in them.
            var open = Self.balance(word)
            words.removeFirst()
            while open > 0, let next = words.first {
                open += Self.balance(next)
                words.removeFirst()
            }
        }
        modifiers = []
        while let word = words.first, Self.allModifiers.contains(word) {
            // `class func` modifies, `class Name` declares.
            if word == "class", words.count > 1, !Self.startsDeclaration(words[1]) { break }
            modifiers.append(word)
            words.removeFirst()
        }
        guard let first = words.first, let kind = Self.kind(of: first) else { return nil }
        self.line = line
        self.kind = kind
        rest = words.joined(separator: " ")
        name = ""
        name = kind == "func" || kind == "init" || kind == "subscript" ? signature(in: code) : plainName
    }

    private static func balance(_ word: String) -> Int {
        word.reduce(0) { $0 + ($1 == "(" ? 1 : $1 == ")" ? -1 : 0) }
    }

    /// `init?(x` declares an initializer, `initial` does not.
    private static func kind(of word: String) -> String? {
        let head = String(word.prefix { $0.isLetter })
        guard kinds.contains(head) else { return nil }
        if head == word { return head }
        let next = word.dropFirst(head.count).first
        return ["init", "subscript"].contains(head) && (next == "(" || next == "?" || next == "<") ? head : nil
    }

    private static func startsDeclaration(_ word: String) -> Bool {
        allModifiers.contains(word) || kind(of: word) != nil
    }

    private var plainName: String {
        String(rest.dropFirst(kind.count).drop { $0 == " " }.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    }

    /// Name and labels, over as many lines as the parameters take.
    private func signature(in code: [String]) -> String {
        var text = rest
        var next = line + 1
        while Self.balance(text) > 0 || !text.contains("("), next < min(code.count, line + 30) {
            text += " " + code[next]
            next += 1
        }
        let bare = kind == "func" ? text.dropFirst(5) : text[...]
        let name = String(bare.prefix { $0 != "(" && $0 != " " && !($0 == "<" && $0 != bare.first) })
        // Labels of an operator mean nothing.
        guard let open = bare.firstIndex(of: "("), name.first?.isLetter ?? false || name.hasPrefix("_") else {
            return name
        }
        var labels: [String] = []
        var depth = 0
        var label = ""
        var previous: Character = " "
        characters: for character in bare[open...] {
            switch character {
            case "(", "[", "{", "<": depth += 1
            case ")" where depth == 1: break characters
            // The arrow of a function type closes nothing.
            case ">" where previous == "-": break
            case ")", "]", "}", ">": depth -= 1
            case ":" where depth == 1:
                labels.append(label.split(separator: " ").first.map(String.init) ?? "_")
                label = ":"
            case "," where depth == 1: label = ""
            case _ where depth == 1 && !label.hasPrefix(":"): label.append(character)
            default: break
            }
            previous = character
        }
        return "\(name)(\(labels.map { $0 + ":" }.joined()))"
    }
}

extension SourceFile {
    var declarations: [Declaration] { code.indices.compactMap { Declaration(in: code, at: $0) } }

    /// Functions and initializers with the lines (from 0) from the keyword to the closing brace.
    var functions: [(name: String, lines: ClosedRange<Int>)] {
        declarations.filter { ["func", "init", "subscript"].contains($0.kind) }.compactMap { declaration in
            body(from: declaration.line).map { (declaration.name, declaration.line...$0.upperBound) }
        }
    }

    /// The lines from a declaration's opening brace to its closing one; nil for a requirement of a protocol.
    func body(from start: Int) -> ClosedRange<Int>? {
        var braces = 0
        var others = 0
        var opened: Int?
        for line in start..<code.count {
            for byte in code[line].utf8 {
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["): others += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"): others -= 1
                case UInt8(ascii: "{") where others == 0 || opened != nil:
                    braces += 1
                    opened = opened ?? line
                case UInt8(ascii: "}") where others == 0 || opened != nil:
                    braces -= 1
                    if braces < 0 { return nil }
                    if braces == 0, let opened { return opened...line }
                default: break
                }
            }
        }
        return nil
    }
}
