import Foundation
import Testing

@Suite("The repository")
struct RepositoryTests {
    @Test(
        "what a reader looks for is there",
        arguments: [
            "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", ".swift-format", ".ci/run",
            "docs/ARCHITECTURE.md",
        ])
    func present(path: String) throws {
        #expect(Checkout.exists(path))
        if path.hasSuffix(".md") || path == "LICENSE" { #expect(try Checkout.text(of: path).count > 200) }
    }

    @Test("every decision record has its number, the question, the choice and the alternatives")
    func decisions() throws {
        let records = try Checkout.files(under: "docs/decisions").filter { !$0.hasSuffix("README.md") }
        #expect(!records.isEmpty)
        var numbers: Set<Substring> = []
        for path in records {
            let name = path.split(separator: "/").last ?? ""
            let number = name.prefix(4)
            #expect(number.count == 4 && number.allSatisfy(\.isNumber) && name.hasSuffix(".md"), "\(path)")
            #expect(numbers.insert(number).inserted, "\(path): \(number) is taken")
            let lines = try Checkout.text(of: path).split(separator: "\n").map(String.init)
            #expect(lines.first?.hasPrefix("# \(number): ") == true, "\(path)")
            #expect(
                lines.filter { $0.hasPrefix("## ") } == ["## Question", "## Choice", "## Alternatives"], "\(path)")
        }
    }

    @Test("a link in a document leads somewhere")
    func links() throws {
        var findings: [Finding] = []
        for path in try Checkout.files() where path.hasSuffix(".md") && !path.hasPrefix("Tests/") {
            let folder = path.split(separator: "/").dropLast().joined(separator: "/")
            for (index, line) in try Checkout.text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                for part in line.split(separator: "](").dropFirst() {
                    let target = part.prefix { $0 != ")" && $0 != "#" && $0 != " " }
                    if target.isEmpty || target.contains("://") || target.hasPrefix("mailto:") { continue }
                    if !Checkout.exists(folder.isEmpty ? String(target) : "\(folder)/\(target)") {
                        findings.append(Finding(path: path, line: index + 1, detail: String(target)))
                    }
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("no build product, database or key is committed", .enabled(if: Checkout.exists(".git")))
    func committed() throws {
        let tracked = try Self.trackedFiles()
        #expect(tracked.contains("Package.swift"))
        let folders: Set<String> = [".build", ".swiftpm", "bincard-data", "__pycache__", "node_modules", ".venv"]
        let endings: Set<String> = [
            "a", "d", "db", "db-shm", "db-wal", "dylib", "log", "o", "pem", "pyc", "so", "swiftdeps", "swiftmodule",
        ]
        let findings = tracked.filter { path in
            let parts = path.split(separator: "/").map(String.init)
            let ending = parts.last?.split(separator: ".").dropFirst().last.map(String.init)
            return parts.contains { folders.contains($0) } || ending.map(endings.contains) ?? false
        }
        #expect(findings.isEmpty, "\(findings)")
    }

    /// Names of the files in git's index, whoever owns the folder.
    private static func trackedFiles() throws -> [String] {
        let git = Process()
        git.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        git.arguments = ["git", "-c", "safe.directory=*", "-C", Checkout.root.path, "ls-files", "-z"]
        let output = Pipe()
        git.standardOutput = output
        try git.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        git.waitUntilExit()
        try #require(git.terminationStatus == 0, "git could not list the files")
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
