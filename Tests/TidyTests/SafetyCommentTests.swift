import Testing

/// Where the compiler stops checking, somebody says why it is right: in a comment just above or on the line.
@Suite("Unchecked code gives its reason")
struct SafetyCommentTests {
    private let sources = Checkout.swiftFiles(under: "Sources")

    @Test("every @unchecked Sendable says what makes it safe to share")
    func sendable() {
        // A type's comment must speak of sharing; a comment of any kind would be there anyway.
        let subjects = ["Sendable", "unchecked", "thread", "lock", "loop", "concurren", "mutex", "atomic", "immutable"]
        var findings: [Finding] = []
        for file in sources {
            for (index, line) in file.code.enumerated() where line.contains("@unchecked Sendable") {
                let reason = (file.comment(above: index) + [file.comment(on: index)]).joined().lowercased()
                if !subjects.contains(where: { reason.contains($0.lowercased()) }) {
                    findings.append(Finding(path: file.path, line: index + 1, detail: "@unchecked Sendable"))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("every nonisolated(unsafe) and every pointer that is kept says why it holds")
    func pointers() {
        var findings: [Finding] = []
        for file in sources {
            let local = Self.linesInsideFunctions(file)
            for declaration in file.declarations where declaration.kind == "var" || declaration.kind == "let" {
                let isUnsafe = declaration.modifiers.contains { $0.hasSuffix("(unsafe)") }
                let keepsPointer = !local.contains(declaration.line) && Self.type(of: declaration).contains("Unsafe")
                guard isUnsafe || keepsPointer else { continue }
                if keepsPointer, !isUnsafe, Self.typesOfMemory(file).contains(where: { $0.contains(declaration.line) })
                {
                    continue
                }
                if file.comment(above: declaration.line).isEmpty, file.comment(on: declaration.line).isEmpty {
                    findings.append(Finding(path: file.path, line: declaration.line + 1, detail: declaration.rest))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    /// The lines of types whose own comment speaks of the memory that they hold: it need not be said for each member.
    private static func typesOfMemory(_ file: SourceFile) -> [ClosedRange<Int>] {
        file.declarations.filter { ["struct", "class"].contains($0.kind) }.compactMap { declaration in
            let comment = file.comment(above: declaration.line).joined(separator: " ").lowercased()
            return comment.contains("memory") || comment.contains("raw pointer")
                ? file.body(from: declaration.line) : nil
        }
    }

    /// A pointer in a local variable lives no longer than the call: the rule is about what is stored.
    private static func linesInsideFunctions(_ file: SourceFile) -> Set<Int> {
        var lines: Set<Int> = []
        for function in file.functions where function.lines.count > 1 {
            lines.formUnion((function.lines.lowerBound + 1)...function.lines.upperBound)
        }
        return lines
    }

    /// The text behind the colon, up to a value or a body; a function type is no pointer of its own.
    private static func type(of declaration: Declaration) -> Substring {
        guard let colon = declaration.rest.firstIndex(of: ":"), !declaration.rest.contains("->") else { return "" }
        return declaration.rest[colon...].prefix { $0 != "=" && $0 != "{" }
    }
}
