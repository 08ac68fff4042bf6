/// The named schemas of a document, and on which side each is used.
struct SchemaRegistry {
    private struct Entry {
        var component: SchemaComponent
        var usage: SchemaUsage
    }

    private let prefix: String
    private var entries: [String: Entry] = [:]
    private(set) var problems: [String] = []

    init(prefix: String) { self.prefix = prefix }

    func reference(_ component: SchemaComponent) -> JSONTree {
        SchemaNode(reference: prefix + component.name).json
    }

    /// Adds a schema and everything that it refers to.
    mutating func add(_ component: SchemaComponent, usage: SchemaUsage) {
        var usage = usage
        if let known = entries[component.name] {
            if known.component.type != component.type {
                let problem = "two types have the schema name \(component.name)"
                if !problems.contains(problem) { problems.append(problem) }
                return
            }
            usage.formUnion(known.usage)
            if usage == known.usage { return }
        }
        entries[component.name] = Entry(component: component, usage: usage)
        for referenced in component.record(usage, prefix).referenced { add(referenced, usage: usage) }
    }

    /// By name, in alphabetical order.
    func render() -> [(name: String, value: JSONTree)] {
        entries.keys.sorted().compactMap { name in
            entries[name].map { (name, $0.component.record($0.usage, prefix).schema) }
        }
    }

    /// What is wrong with the declarations.
    var declarationProblems: [String] {
        entries.keys.sorted().flatMap { name in
            entries[name].map { $0.component.record($0.usage, prefix).problems } ?? []
        }
    }
}

extension WireObject {
    /// A self-contained JSON Schema (2020-12) of what is accepted, compact, with referenced objects under `$defs`: the
    /// `inputSchema` of an MCP tool.
    public static func inputSchema() -> [UInt8] { standaloneSchema(.request) }

    /// A self-contained JSON Schema (2020-12) of what is answered.
    public static func outputSchema() -> [UInt8] { standaloneSchema(.response) }

    private static func standaloneSchema(_ usage: SchemaUsage) -> [UInt8] {
        let prefix = "#/$defs/"
        var registry = SchemaRegistry(prefix: prefix)
        let recording = SchemaComponent(Self.self).record(usage, prefix)
        for referenced in recording.referenced { registry.add(referenced, usage: usage) }
        var members: [(name: String, value: JSONTree)] = []
        if case .object(let own) = recording.schema { members = own }
        let definitions = registry.render()
        if !definitions.isEmpty { members.append((name: "$defs", value: .object(definitions))) }
        var writer = JSONWriter()
        JSONTree.object(members).write(to: &writer)
        return writer.finish()
    }

    /// What is wrong with the declaration: a member declared twice, an example that its own kind refuses. Empty when
    /// all is well; for tests.
    public static func declarationProblems() -> [String] {
        var registry = SchemaRegistry(prefix: "#/")
        registry.add(SchemaComponent(Self.self), usage: [.request, .response])
        return registry.problems + registry.declarationProblems
    }
}
