/// A JSON Schema (2020-12) of one value.
public struct SchemaNode: Sendable {
    /// `type`; several when the value may be of any of them.
    public private(set) var types: [String]
    /// `$ref`; then there are no types.
    public private(set) var reference: String?
    private var keywords: [(name: String, value: JSONTree)] = []
    private var isNullable = false

    public init(types: [String]) { self.types = types }

    public init(type: String) { self.types = [type] }

    /// A schema that stands elsewhere.
    public init(reference: String) {
        self.types = []
        self.reference = reference
    }

    /// Sets a keyword; the order of the calls is kept.
    public mutating func add(_ name: String, _ value: JSONTree) { keywords.append((name, value)) }

    /// `null` is accepted too.
    public mutating func makeNullable() { isNullable = true }

    /// The schema as JSON.
    public var json: JSONTree {
        var tree = TreeMembers()
        if let reference {
            let target = JSONTree.object([(name: "$ref", value: .string(reference))])
            if isNullable {
                tree.add("anyOf", .array([target, .object([(name: "type", value: .string("null"))])]))
            } else {
                tree.add("$ref", .string(reference))
            }
        } else {
            let names = isNullable ? types + ["null"] : types
            if names.count == 1 {
                tree.add("type", .string(names[0]))
            } else {
                tree.add("type", list: names.map { .string($0) })
            }
        }
        for (name, value) in keywords {
            if name == "enum", isNullable, case .array(let values) = value {
                tree.add(name, .array(values + [.null]))
            } else {
                tree.add(name, value)
            }
        }
        return tree.json
    }
}

/// On which side of an API a schema stands. Being optional, having a default and the forms of a number differ between
/// them.
public struct SchemaUsage: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let request = SchemaUsage(rawValue: 1)
    public static let response = SchemaUsage(rawValue: 2)
}

/// A named schema, to be rendered when it is known where it is used.
public struct SchemaComponent: Sendable {
    public let name: String
    let type: ObjectIdentifier
    let record: @Sendable (_ usage: SchemaUsage, _ prefix: String) -> Recording

    struct Recording {
        var schema: JSONTree
        var referenced: [SchemaComponent]
        var problems: [String]
    }

    public init<Object: WireObject>(_ object: Object.Type) {
        name = Object.schemaName
        type = ObjectIdentifier(object)
        record = { usage, prefix in
            var recorder = SchemaRecorder(collector: SchemaCollector(usage: usage, prefix: prefix))
            return recorder.record(Object.self)
        }
    }
}

/// What a kind describes itself with.
public struct SchemaCollector {
    public let usage: SchemaUsage
    private let prefix: String
    private(set) var referenced: [SchemaComponent] = []

    init(usage: SchemaUsage, prefix: String) {
        self.usage = usage
        self.prefix = prefix
    }

    /// A reference to a declared object's schema.
    public mutating func reference<Object: WireObject>(_ object: Object.Type) -> SchemaNode {
        referenced.append(SchemaComponent(object))
        return SchemaNode(reference: prefix + Object.schemaName)
    }
}
