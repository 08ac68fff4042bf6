import Testing

@Suite("Package.swift")
struct ManifestTests {
    private let manifest: PackageManifest

    /// Part of the toolchain: not declared.
    private static let toolchain: Set<String> = [
        "Darwin", "Dispatch", "Foundation", "Glibc", "Musl", "Swift", "Synchronization", "Testing",
    ]

    /// Modules that come with a product of another name.
    private static let productsOfModules = ["GRDBSQLite": "GRDB"]

    init() throws {
        manifest = PackageManifest(try Checkout.text(of: "Package.swift"))
    }

    @Test("every folder of code is a declared target, once")
    func complete() throws {
        let tests = try Checkout.folders(in: "Tests").filter { !Checkout.swiftFiles(under: "Tests/\($0)").isEmpty }
        let folders = try Checkout.folders(in: "Sources") + tests
        let declared = manifest.targets.map(\.name)
        #expect(Set(declared).count == declared.count)
        #expect(Set(folders).subtracting(declared) == [], "a folder that Package.swift doesn't know")
        #expect(Set(declared).subtracting(folders) == [], "a target without a folder")
    }

    @Test("what a target imports is declared, and what it declares is imported")
    func dependencies() {
        var findings: [Finding] = []
        for target in manifest.targets {
            let files = Checkout.swiftFiles(under: "Sources/\(target.name)", "Tests/\(target.name)")
            // A system library has no imports of its own.
            guard !files.isEmpty else { continue }
            var imported: [String: Finding] = [:]
            for file in files {
                for (line, module) in file.imports where !Self.toolchain.contains(module) {
                    imported[Self.productsOfModules[module] ?? module] = Finding(
                        path: file.path, line: line + 1, detail: "imports \(module), \(target.name) doesn't declare it")
                }
            }
            for (module, finding) in imported where !target.dependencies.contains(module) { findings.append(finding) }
            for module in target.dependencies where imported[module] == nil {
                findings.append(
                    Finding(path: "Package.swift", detail: "\(target.name) declares \(module) and never imports it"))
            }
        }
        #expect(!manifest.targets.isEmpty)
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("nothing that is shipped depends on what only tests use")
    func shipped() {
        let tests = Set(manifest.targets.filter(\.isTest).map(\.name))
        for target in manifest.targets where !target.isTest {
            #expect(target.targets.isDisjoint(with: tests), "\(target.name)")
        }
    }
}
