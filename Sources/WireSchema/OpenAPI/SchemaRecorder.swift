/// Walks over a declaration and writes down its schema, and what is wrong with the declaration itself.
struct SchemaRecorder: WireVisitor {
    var collector: SchemaCollector
    private var names: Set<String> = []
    private var properties: [(name: String, value: JSONTree)] = []
    private var required: [String] = []
    private var keywords = TreeMembers()
    private var problems: [String] = []

    init(collector: SchemaCollector) { self.collector = collector }

    mutating func record<Object: WireObject>(_ type: Object.Type) -> SchemaComponent.Recording {
        var value = Object()
        Object.describe(&value, with: &self)
        var tree = TreeMembers()
        tree.add("type", .string("object"))
        tree.add("description", text: Object.schemaDoc)
        tree.add("properties", .object(properties))
        tree.add("required", list: required.map { .string($0) })
        for (name, value) in keywords.members { tree.add(name, value) }
        // A request with an unknown member is refused. An answer may grow one: a client must not refuse it.
        if collector.usage.contains(.request) { tree.add("additionalProperties", .bool(false)) }
        let isNamed = !Object.schemaName.isEmpty && Object.schemaName.utf8.allSatisfy(Self.isNameByte)
        if !isNamed { problems.append("'\(Object.schemaName)' can't be the name of a schema") }
        return SchemaComponent.Recording(
            schema: tree.json, referenced: collector.referenced,
            problems: problems.map { "\(Object.schemaName): \($0)" })
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private var isRequest: Bool { collector.usage.contains(.request) }

    private mutating func add<K: WireKind>(_ field: WireField, _ kind: K, nullable: Bool, defaultValue: K.Value?) {
        let name = field.name.description
        if !names.insert(name).inserted { problems.append("the member \(name) is declared twice") }
        let isPlain = name.utf8.allSatisfy {
            $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if !isPlain { problems.append("the name \(name) is not plain ASCII") }
        var node = kind.schema(&collector)
        if nullable { node.makeNullable() }
        if field.doc.utf8CodeUnitCount > 0 { node.add("description", .string(field.doc.description)) }
        if let defaultValue {
            var writer = JSONWriter()
            kind.write(defaultValue, to: &writer)
            if let document = try? JSONDocument(writer.finish()) { node.add("default", .document(document)) }
        }
        if let example = field.example, let tree = checked(example.description, of: name, kind) {
            node.add("examples", .array([tree]))
        }
        properties.append((name, node.json))
    }

    /// An example that its own kind refuses would be a lie in the documentation.
    private mutating func checked<K: WireKind>(_ example: String, of name: String, _ kind: K) -> JSONTree? {
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(example)
        } catch {
            problems.append("the example of \(name) is not JSON: \(error.message)")
            return nil
        }
        let faults = document.withTape { tape in
            var source = WireSource(tape: tape, faultLimit: 1)
            _ = kind.read(.root, from: &source)
            return source.faults
        }
        for fault in faults { problems.append("the example of \(name) is refused: \(fault.message)") }
        return .document(document)
    }

    mutating func visitRequired<K: WireKind>(_ field: WireField, _ value: inout K.Value, _ kind: K) {
        required.append(field.name.description)
        add(field, kind, nullable: false, defaultValue: nil)
    }

    mutating func visitOptional<K: WireKind>(
        _ field: WireField, _ value: inout K.Value?, _ kind: K, whenNil: WhenNil
    ) {
        if !isRequest, whenNil == .null { required.append(field.name.description) }
        add(field, kind, nullable: isRequest || whenNil == .null, defaultValue: nil)
    }

    mutating func visitDefaulted<K: WireKind>(_ field: WireField, _ value: inout K.Value, _ kind: K) {
        if !isRequest { required.append(field.name.description) }
        add(field, kind, nullable: isRequest, defaultValue: isRequest ? value : nil)
    }

    mutating func visitPatch<K: WireKind>(
        _ field: WireField, _ value: inout Patch<K.Value>, _ kind: K, nullable: Bool
    ) {
        add(field, kind, nullable: nullable, defaultValue: nil)
    }

    mutating func exactlyOne(of first: StaticString, _ second: StaticString) {
        let choices = [first, second].map { name in
            JSONTree.object([(name: "required", value: .array([.string(name.description)]))])
        }
        keywords.add("oneOf", .array(choices))
        for name in [first.description, second.description] where !names.contains(name) {
            problems.append("exactlyOne names \(name), which is not declared before it")
        }
    }

    mutating func atLeastOneMember() { keywords.add("minProperties", .integer(1)) }
}
