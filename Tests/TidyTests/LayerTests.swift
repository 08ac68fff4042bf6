import Testing

@Suite("Layers")
struct LayerTests {
    private let sources = Checkout.swiftFiles(under: "Sources")

    @Test("every folder of Sources is a target with a place among the layers, and every place is taken")
    func placed() throws {
        #expect(try Checkout.folders(in: "Sources") == Layer.all.map(\.target).sorted())
        #expect(sources.count > 100, "the sources were not found")
    }

    @Test("imports of own modules point down, never up or sideways")
    func direction() {
        var findings: [Finding] = []
        for file in sources {
            // A target without a place is the other test's finding; here it stands above everything.
            let level = Layer.byTarget[file.target]?.level ?? .max
            for (line, module) in file.imports {
                guard let other = Layer.byTarget[module], other.level >= level else { continue }
                findings.append(
                    Finding(
                        path: file.path, line: line + 1,
                        detail: "L\(level) \(file.target) imports L\(other.level) \(module)"))
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("a storage engine is known to those alone that compose a server")
    func engines() {
        var findings: [Finding] = []
        for file in sources {
            for (line, module) in file.imports {
                guard let users = Layer.usersOfEngines[module], !users.contains(file.target) else { continue }
                findings.append(Finding(path: file.path, line: line + 1, detail: "imports the engine \(module)"))
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("a target imports only the outside modules that its layer allows")
    func outside() {
        var findings: [Finding] = []
        for file in sources {
            let allowed = Layer.byTarget[file.target]?.outside ?? []
            for (line, module) in file.imports where Layer.byTarget[module] == nil && !allowed.contains(module) {
                findings.append(Finding(path: file.path, line: line + 1, detail: "\(file.target) imports \(module)"))
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("docs/ARCHITECTURE.md names every target")
    func described() throws {
        let words = Set(try Checkout.text(of: "docs/ARCHITECTURE.md").words)
        // CZlib is a system library's header, not code of ours.
        for layer in Layer.all where layer.target != "CZlib" {
            #expect(words.contains(Substring(layer.target)))
        }
    }
}
