import Testing

@Suite("The shape of files")
struct FileStyleTests {
    private static let longestLine = 120
    private static let longestFile = 500
    private static let longestFunction = 70

    private let files = Checkout.swiftFiles(under: "Sources", "Tests", "Benchmarks", "Fuzzing")

    /// In tests a literal may stick out, since a body of JSON reads best on one line; in the sources nothing may.
    @Test("no line is longer than 120 characters, none has a tab or blanks at its end")
    func lines() {
        var findings: [Finding] = []
        for file in files {
            for (index, line) in file.lines.enumerated() {
                func found(_ detail: String) {
                    findings.append(Finding(path: file.path, line: index + 1, detail: detail))
                }
                if line.utf8.count > Self.longestLine, line.count > Self.longestLine,
                    !file.path.hasPrefix("Tests/") || !file.hasLiteral(on: index)
                {
                    found("\(line.count) characters")
                }
                if line.utf8.contains(UInt8(ascii: "\t")) { found("a tab") }
                if let last = line.utf8.last, [0x20, 0x09, 0x0D].contains(last) { found("blanks at the end") }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("no file is longer than 500 lines")
    func fileLength() {
        let findings = files.filter { $0.lines.count > Self.longestFile }
            .map { Finding(path: $0.path, detail: "\($0.lines.count) lines") }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("no function is longer than 70 lines")
    func functionLength() {
        var findings: [Finding] = []
        var functions = 0
        for file in files {
            for function in file.functions {
                functions += 1
                guard function.lines.count > Self.longestFunction else { continue }
                findings.append(
                    Finding(
                        path: file.path, line: function.lines.lowerBound + 1,
                        detail: "\(function.name) has \(function.lines.count) lines"))
            }
        }
        #expect(functions > 1_000, "the functions were not found")
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("a text file ends with one newline")
    func ending() throws {
        for path in try Checkout.files() where [".swift", ".md", ".yml", ".sh"].contains(where: path.hasSuffix) {
            let text = try Checkout.text(of: path)
            #expect(text.hasSuffix("\n") && !text.hasSuffix("\n\n"), "\(path)")
        }
    }
}
