/// A declared parameter as OpenAPI shows it.
public struct ParameterDescription: Sendable {
    public let part: WireFault.Part
    public let name: String
    public let isRequired: Bool
    let json: JSONTree
}

/// The declared parameters of an operation, and what is wrong with their declaration.
public struct ParameterList: Sendable {
    public let parameters: [ParameterDescription]
    /// For tests: an example that its own kind refuses, a name declared twice.
    public let problems: [String]

    public init<Parameters: WireParameters>(_ type: Parameters.Type) {
        var recorder = ParameterRecorder()
        var value = Parameters()
        Parameters.describe(&value, with: &recorder)
        parameters = recorder.parameters
        problems = recorder.problems
    }

    /// Without parameters.
    public static var none: ParameterList { ParameterList(NoParameters.self) }
}

/// Walks over a declaration and writes down its parameters.
private struct ParameterRecorder: ParameterVisitor {
    var parameters: [ParameterDescription] = []
    var problems: [String] = []

    private mutating func add<K: WireScalarKind>(
        _ field: ParameterField, _ kind: K, isRequired: Bool, defaultValue: K.Value?
    ) {
        let name = field.name.description
        if parameters.contains(where: { $0.name == name && $0.part == field.part }) {
            problems.append("the parameter \(name) is declared twice")
        }
        // A parameter is text: where a body accepts a string or a number, here both look the same, as in an answer.
        var collector = SchemaCollector(usage: .response, prefix: "")
        var schema = kind.schema(&collector)
        if let defaultValue {
            var writer = JSONWriter()
            kind.write(defaultValue, to: &writer)
            if let document = try? JSONDocument(writer.finish()) { schema.add("default", .document(document)) }
        }
        var tree = TreeMembers()
        tree.add("name", .string(name))
        tree.add("in", .string(field.part.rawValue))
        tree.add("required", isRequired ? .bool(true) : nil)
        tree.add("description", text: field.doc.description)
        tree.add("schema", schema.json)
        if let example = field.example { tree.add("example", checked(example.description, of: name, kind)) }
        parameters.append(
            ParameterDescription(part: field.part, name: name, isRequired: isRequired, json: tree.json))
    }

    private mutating func checked<K: WireScalarKind>(_ example: String, of name: String, _ kind: K) -> JSONTree? {
        guard let document = try? JSONDocument(example) else {
            problems.append("the example of the parameter \(name) is not JSON")
            return nil
        }
        do throws(WireMistake) {
            _ = try kind.parse(document.root.string ?? String(decoding: document.root.rawBytes, as: UTF8.self))
        } catch {
            problems.append("the example of the parameter \(name) is refused: \(error.message)")
        }
        return .document(document)
    }

    mutating func visitRequired<K: WireScalarKind>(_ field: ParameterField, _ value: inout K.Value, _ kind: K) {
        add(field, kind, isRequired: true, defaultValue: nil)
    }

    mutating func visitOptional<K: WireScalarKind>(_ field: ParameterField, _ value: inout K.Value?, _ kind: K) {
        add(field, kind, isRequired: false, defaultValue: nil)
    }

    mutating func visitDefaulted<K: WireScalarKind>(_ field: ParameterField, _ value: inout K.Value, _ kind: K) {
        add(field, kind, isRequired: false, defaultValue: value)
    }
}
