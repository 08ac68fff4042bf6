import Testing

/// What other targets can see is documented with `///`:
///
/// - every type, protocol and type alias;
/// - every requirement of a protocol that is a function;
/// - every function and subscript, unless it is a witness: of a requirement that a protocol of ours documents, or of a
///   well-known protocol of the language or of a package;
/// - every initializer that can fail, by throwing or with nil: the others say with their labels what they take;
/// - every computed property whose body takes more than its line, with the same exception for witnesses.
///
/// A stored property of a documented type is documented where its name does not say all: that is for a reviewer.
@Suite("Documentation comments")
struct DocumentationTests {
    private static let wellKnownWitnesses: Set<String> = [
        // The language
        "==", "<", "hash(into:)", "next()", "makeIterator()", "encode(to:)", "init(from:)", "init(rawValue:)",
        "init(stringLiteral:)", "init(arrayLiteral:)", "description", "debugDescription", "errorDescription",
        "rawValue", "subscript(_:)", "index(after:)",
        // NIO
        "channelActive(context:)", "channelInactive(context:)", "channelRead(context:data:)",
        "channelReadComplete(context:)", "channelWritabilityChanged(context:)", "errorCaught(context:error:)",
        "handlerAdded(context:)", "handlerRemoved(context:)", "userInboundEventTriggered(context:event:)",
        // ServiceLifecycle, ArgumentParser
        "run()", "validate()", "configuration",
    ]

    private let sources = Checkout.swiftFiles(under: "Sources")

    @Test("what other targets can see has a documentation comment")
    func documented() {
        let witnesses = Self.wellKnownWitnesses.union(requirements.map(\.declaration.name))
        var findings: [Finding] = []
        var seen = 0
        for file in sources {
            for declaration in file.declarations where declaration.isExposed {
                seen += 1
                guard needsComment(declaration, in: file), !witnesses.contains(declaration.name) else { continue }
                if !isDocumented(declaration, in: file) { findings.append(finding(declaration, in: file)) }
            }
        }
        #expect(seen > 500, "the declarations were not found")
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("every function that a protocol requires has a documentation comment")
    func requirementsDocumented() {
        let findings = requirements.filter {
            $0.declaration.kind == "func" && !isDocumented($0.declaration, in: $0.file)
        }
        .map { finding($0.declaration, in: $0.file) }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    /// What the sources' own protocols require.
    private var requirements: [(file: SourceFile, declaration: Declaration)] {
        sources.flatMap { file in
            file.declarations.filter { $0.kind == "protocol" }.flatMap { declaration in
                let body = file.body(from: declaration.line) ?? declaration.line...declaration.line
                return file.declarations
                    .filter { body.contains($0.line) && $0.line > declaration.line && $0.kind != "associatedtype" }
                    .map { (file, $0) }
            }
        }
    }

    private func needsComment(_ declaration: Declaration, in file: SourceFile) -> Bool {
        switch declaration.kind {
        case "struct", "class", "enum", "actor", "protocol", "typealias", "func", "subscript": true
        case "init": declaration.rest.hasPrefix("init?") || effects(of: declaration, in: file).contains("throws")
        case "var": isLongComputed(declaration, in: file)
        default: false
        }
    }

    /// A body that is not an observer's and does not end on its line.
    private func isLongComputed(_ declaration: Declaration, in file: SourceFile) -> Bool {
        guard declaration.rest.hasSuffix("{"), !declaration.rest.contains("="),
            let body = file.body(from: declaration.line), body.count > 1
        else { return false }
        let first = file.code[body.lowerBound + 1].trimmed
        return !first.hasPrefix("didSet") && !first.hasPrefix("willSet")
    }

    /// The words between an initializer's parameters and its body: a parameter that may throw is no throwing
    /// initializer.
    private func effects(of declaration: Declaration, in file: SourceFile) -> [Substring] {
        let end = file.body(from: declaration.line)?.lowerBound ?? declaration.line
        let header = file.code[declaration.line...end].joined(separator: " ")
        guard let open = header.firstIndex(of: "(") else { return [] }
        var depth = 0
        for index in header[open...].indices {
            depth += header[index] == "(" ? 1 : header[index] == ")" ? -1 : 0
            if depth == 0 { return String(header[index...].prefix { $0 != "{" }).words }
        }
        return []
    }

    private func isDocumented(_ declaration: Declaration, in file: SourceFile) -> Bool {
        file.comment(above: declaration.line).contains { $0.hasPrefix("///") }
    }

    private func finding(_ declaration: Declaration, in file: SourceFile) -> Finding {
        Finding(path: file.path, line: declaration.line + 1, detail: "\(declaration.kind) \(declaration.name)")
    }
}
