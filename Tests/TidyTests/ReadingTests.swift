import Testing

/// The rules are only as good as the eyes that read the sources: each of these would hide findings if it failed.
@Suite("Reading Swift without a parser")
struct ReadingTests {
    @Test(
        "comments and literals are blank, code is not",
        arguments: [
            ("a // b {", "a"), ("a /* b /* c */ d */ e", "a e"), (#"a("b {") c"#, "a( ) c"),
            (##"a(#"b " \(c) {"#) d"##, "a( ) d"), (#"a("b \(c("d") + 1) e") f"#, "a( c( ) + 1 ) f"),
            (#"a("\\") { b"#, "a( ) { b"), (#"a("\"{") b"#, "a( ) b"), (##"a(#"\#(b)"#)"##, "a( b )"),
            ("a(\"\") b", "a( ) b"), ("a #if b", "a #if b"),
        ])
    func code(text: String, expected: String) {
        let code = SwiftCode.only(text)
        #expect(code.utf8.count == text.utf8.count)
        #expect(
            code.split(separator: " ").joined(separator: " ").filter { $0 != " " } == expected.filter { $0 != " " })
    }

    @Test("a literal over several lines is blank, and the lines stay")
    func multiline() {
        let file = SourceFile(
            path: "a", text: "let a = \"\"\"\n    { \"b\" // c\n    \\(d)\n    \"\"\"\nlet e = {\n}\n")
        #expect(file.lines.count == 6)
        #expect(file.code.map { String($0.trimmed) } == ["let a =", "", "d", "", "let e = {", "}"])
    }

    @Test("imports are found behind attributes, access levels and kinds, and not in comments")
    func imports() {
        let text = """
            // import A
            import B
            @preconcurrency public import C
            package import struct D.E
                internal import F
            let important = "import G"
            """
        #expect(SourceFile(path: "a", text: text).imports.map(\.module) == ["B", "C", "D", "F"])
    }

    @Test(
        "a declaration's kind, modifiers and name are read from its line",
        arguments: [
            ("public func decide(_ command: Command, given state: State) throws -> A {", "func", "decide(_:given:)"),
            ("    package static func == (left: A, right: A) -> Bool {", "func", "=="),
            (
                "@inlinable @inline(__always) public mutating func a<K: B>(_ c: (D) -> Void, e: [F: G]) {", "func",
                "a(_:e:)"
            ),
            ("    public init?(_ text: String) {", "init", "init?(_:)"),
            ("public private(set) var count = 0", "var", "count"),
            ("package final class Ledger: Sendable {", "class", "Ledger"),
            ("package class func a() {", "func", "a()"), ("    nonisolated(unsafe) var state: A", "var", "state"),
            ("public subscript(index: Int) -> A { b }", "subscript", "subscript(index:)"),
        ])
    func declarations(line: String, kind: String, name: String) throws {
        let declaration = try #require(Declaration(in: [line], at: 0))
        #expect(declaration.kind == kind)
        #expect(declaration.name == name)
        #expect(declaration.isExposed == line.contains("public") || declaration.isExposed == line.contains("package"))
    }

    @Test(
        "statements are no declarations", arguments: ["self.init(a: 1)", "initial = 2", "return a", "variable()", "}"])
    func statements(line: String) {
        #expect(Declaration(in: [line], at: 0) == nil)
    }

    @Test("a function's length counts from its first line to its closing brace")
    func functions() {
        let text = """
            protocol A {
                func required(_ a: B)
            }
            struct C {
                func d(
                    _ e: () -> Void = {}, f: [String: Int] = [:]
                ) {
                    if true { print("}") }
                    // }
                }
                init() {}
            }
            """
        let functions = SourceFile(path: "a", text: text).functions
        #expect(functions.map(\.name) == ["d(_:f:)", "init()"])
        #expect(functions.map(\.lines.count) == [6, 1])
    }

    @Test("the manifest's targets are read with what they depend on")
    func manifest() {
        let text = """
            let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
            let package = Package(
                name: "a",
                products: [.library(name: "B", targets: ["B"])],
                targets: [
                    layer("B"),
                    layer("C", ["B", grdb]),
                    .target(name: "D", dependencies: ["B"], path: "Tests/D", swiftSettings: settings),
                    .systemLibrary(name: "CZ", providers: [.apt(["z-dev"])]),
                    .executableTarget(name: "e", dependencies: ["C", "CZ"], swiftSettings: settings),
                    tests("F", ["B", "D"]),
                ]
            )
            """
        let targets = PackageManifest(text).targets
        let read = targets.map { "\($0.name): \($0.dependencies.sorted().joined(separator: " "))" }
        #expect(read.sorted() == ["B: ", "C: B GRDB", "CZ: ", "D: B", "F: B D", "e: C CZ"])
        #expect(targets.filter(\.isTest).map(\.name) == ["F"])
    }
}
