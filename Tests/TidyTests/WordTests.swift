import Testing

@Suite("Words that do not belong here")
struct WordTests {
    @Test("the sources leave nothing undone and trap on nothing that somebody could send")
    func code() {
        var findings: [Finding] = []
        for file in Checkout.swiftFiles(under: "Sources") {
            for (index, line) in file.code.enumerated() {
                for word in ["try!", "as!", "fatalError(", "unimplemented"] where line.contains(word) {
                    findings.append(Finding(path: file.path, line: index + 1, detail: word))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("no comment puts work off")
    func comments() {
        // Written so that this file is not its own finding.
        let marks = ["TO" + "DO", "FIX" + "ME"]
        var findings: [Finding] = []
        for file in Checkout.swiftFiles(under: "Sources", "Tests", "Benchmarks", "Fuzzing") {
            for (index, line) in file.lines.enumerated() {
                for mark in marks where line.contains(mark) && line.words.contains(Substring(mark)) {
                    findings.append(Finding(path: file.path, line: index + 1, detail: mark))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("files and folders name the domain, not a role or a history")
    func names() throws {
        let roles: Set<String> = [
            "Common", "Extensions", "Helper", "Helpers", "Manager", "Managers", "Misc", "Stuff", "Util", "Utilities",
            "Utility", "Utils",
        ]
        let whole: Set<String> = ["Base", "Core", "Models", "New", "Old", "Services", "Shared", "Temp", "Types"]
        var findings: [Finding] = []
        for path in try ["Sources", "Tests", "docs", "scripts"].flatMap({ try Checkout.files(under: $0) }) {
            for part in path.split(separator: "/") {
                let name = part.split(separator: ".").first.map(String.init) ?? ""
                if let role = Self.capitalizedWords(name).first(where: roles.contains) {
                    findings.append(Finding(path: path, detail: role))
                }
                if whole.contains(name) { findings.append(Finding(path: path, detail: name)) }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    /// `StockLevel+Coding` has the words Stock, Level, Coding.
    private static func capitalizedWords(_ name: String) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || words.isEmpty || !character.isLetter { words.append("") }
            if character.isLetter { words[words.count - 1].append(character) }
        }
        return words.map { $0.prefix(1).uppercased() + $0.dropFirst() }
    }

    @Test("no file names a path of somebody's machine")
    func paths() throws {
        let folders = ["work", "root", "home", "Users"].map { "/\($0)/" }
        var findings: [Finding] = []
        let texts = [".swift", ".md", ".json", ".sh", ".py", ".yml", ".yaml", ".toml", ".txt"]
        for path in try Checkout.files() {
            let name = path.split(separator: "/").last ?? ""
            guard texts.contains(where: path.hasSuffix) || !name.contains(".") || path.hasPrefix("scripts/") else {
                continue
            }
            for (index, line) in try Checkout.text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated() where line.utf8.contains(UInt8(ascii: "/"))
            {
                for folder in folders where Self.beginsPath(folder, in: line) {
                    findings.append(Finding(path: path, line: index + 1, detail: folder))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    /// Whether a path starts with the folder somewhere in the line; `a/work/b` doesn't.
    private static func beginsPath(_ folder: String, in line: Substring) -> Bool {
        var rest = line
        while let range = rest.firstRange(of: folder) {
            let before = rest[..<range.lowerBound].last
            if !(before.map { $0.isLetter || $0.isNumber || "._-~})>*".contains($0) } ?? false) { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}
