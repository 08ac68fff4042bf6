/// One of a fixed set of strings.
public struct EnumKind<Value>: WireScalarKind
where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    @inlinable public init() {}

    @inlinable
    public func read(_ index: JSONIndex, from source: inout WireSource) -> Value? {
        guard source.kind(of: index) == .string else {
            source.reportType("a string", at: index)
            return nil
        }
        if let value = Value(rawValue: source.string(index)) { return value }
        source.report(Self.mistake, at: index)
        return nil
    }

    @inlinable
    public func parse(_ text: String) throws(WireMistake) -> Value {
        guard let value = Value(rawValue: text) else { throw Self.mistake }
        return value
    }

    @usableFromInline
    static var mistake: WireMistake {
        WireMistake(.invalidValue, "must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
    }

    @inlinable
    public func write(_ value: Value, to writer: inout JSONWriter) { writer.string(value.rawValue) }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "string")
        node.add("enum", .array(Value.allCases.map { .string($0.rawValue) }))
        return node
    }
}

extension WireKind {
    /// One of the raw values of an enum.
    @inlinable
    public static func oneOf<Value>(_ type: Value.Type) -> Self
    where Self == EnumKind<Value>, Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
        EnumKind()
    }
}
