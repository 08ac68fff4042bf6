import Foundation

/// What Package.swift declares, read from its text: `layer`, `tests` and the targets that are written out, with what
/// each depends on.
struct PackageManifest {
    struct Target {
        var name: String
        /// Own targets, by name.
        var targets: Set<String>
        /// Products of packages, by name, which are the names of their modules too.
        var products: Set<String>
        var isTest: Bool

        var dependencies: Set<String> { targets.union(products) }
    }

    private(set) var targets: [Target] = []

    init(_ text: String) {
        let file = SourceFile(path: "Package.swift", text: text)
        var products: [String: String] = [:]
        for line in file.lines where line.hasPrefix("let ") && line.contains(".product(name:") {
            let words = line.words
            if words.count > 1, let product = Self.literals(line).first { products[String(words[1])] = product }
        }
        let code = Array(file.code.joined(separator: "\n").utf8)
        let written = Array(file.lines.joined(separator: "\n").utf8)
        guard let start = Self.find("targets: [\n", in: code, from: 0) else { return }
        for (call, isTest) in [
            ("layer(", false), (".executableTarget(", false), (".systemLibrary(", false), (".target(", false),
            ("tests(", true), (".testTarget(", true),
        ] {
            var at = start
            while let found = Self.find(call, in: code, from: at) {
                let end = Self.end(of: code, from: found + call.utf8.count)
                let range = found + call.utf8.count..<end
                let arguments = String(decoding: written[range], as: UTF8.self)
                let names = String(decoding: code[range], as: UTF8.self).words.map(String.init)
                // A folder's path is no dependency.
                let path = arguments.components(separatedBy: "path: \"").dropFirst().first?.prefix { $0 != "\"" }
                var literals = Self.literals(arguments).filter { $0 != path.map(String.init) }
                if !literals.isEmpty {
                    let name = literals.removeFirst()
                    targets.append(
                        Target(
                            name: name, targets: call == ".systemLibrary(" ? [] : Set(literals),
                            products: Set(names.compactMap { products[$0] }), isTest: isTest))
                }
                at = end
            }
        }
    }

    /// The text of every plain string literal of a line or lines.
    private static func literals(_ text: String) -> [String] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
    }

    private static func find(_ mark: String, in code: [UInt8], from start: Int) -> Int? {
        let sought = Array(mark.utf8)
        guard start + sought.count <= code.count else { return nil }
        return (start...(code.count - sought.count)).first { code[$0..<$0 + sought.count].elementsEqual(sought) }
    }

    /// Where the parenthesis closes that was opened just before `start`.
    private static func end(of code: [UInt8], from start: Int) -> Int {
        var depth = 1
        var at = start
        while at < code.count {
            if code[at] == UInt8(ascii: "(") { depth += 1 }
            if code[at] == UInt8(ascii: ")") { depth -= 1 }
            if depth == 0 { return at }
            at += 1
        }
        return at
    }
}
