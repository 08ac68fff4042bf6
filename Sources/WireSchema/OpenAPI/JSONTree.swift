/// A JSON value built in memory, its members in the order given: for schemas and documents, not for requests.
public indirect enum JSONTree: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number as text.
    case number(String)
    case string(String)
    case array([JSONTree])
    case object([(name: String, value: JSONTree)])
    /// A checked document, its members and numbers as they were written.
    case document(JSONDocument)

    /// The value of a JSON text, or nil when it is not JSON.
    public init?(json text: String) {
        guard let document = try? JSONDocument(text, options: Self.options) else { return nil }
        self = .document(document)
    }

    static var options: JSONDocument.Options { JSONDocument.Options(maxDepth: 256, maxNodes: 1 << 26) }

    /// Writes the value.
    public func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.integer(value)
        case .number(let text): writer.raw([UInt8](text.utf8))
        case .string(let value): writer.string(value)
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (name, value) in members {
                writer.name(name)
                value.write(to: &writer)
            }
            writer.endObject()
        case .document(let document): writer.raw(document.compactBytes())
        }
    }

    /// On lines, two spaces per level, with a line feed at the end.
    public func prettyBytes() -> [UInt8] {
        var writer = JSONWriter(capacity: 1 << 16)
        write(to: &writer)
        let compact = writer.finish()
        guard let document = try? JSONDocument(compact, options: Self.options) else { return compact }
        return document.prettyBytes()
    }
}

/// Members in order, of which those without a value are left out.
struct TreeMembers {
    private(set) var members: [(name: String, value: JSONTree)] = []

    mutating func add(_ name: String, _ value: JSONTree?) {
        if let value { members.append((name, value)) }
    }

    mutating func add(_ name: String, text: String) {
        if !text.isEmpty { members.append((name, .string(text))) }
    }

    mutating func add(_ name: String, list: [JSONTree]) {
        if !list.isEmpty { members.append((name, .array(list))) }
    }

    var json: JSONTree { .object(members) }
}
