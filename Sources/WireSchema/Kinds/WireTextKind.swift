/// A value whose wire form is a string of its own, such as an id that is kept as a number: it is read from the bytes of
/// the request without a `String` between.
public protocol WireText: Sendable {
    /// ECMA-262, anchored.
    static var wirePattern: StaticString { get }
    /// For people, behind `must`: `be an item's id, such as itm_01J9X…`.
    static var wireRule: StaticString { get }

    /// - Parameter text: valid UTF-8, lent for the call.
    init?(wireText text: UnsafeBufferPointer<UInt8>)

    /// Writes the value as one JSON string.
    func write(to writer: inout JSONWriter)
}

/// A string with a meaning: see ``WireText``.
public struct WireTextKind<Value: WireText>: WireScalarKind {
    @inlinable public init() {}

    @inlinable
    public func read(_ index: JSONIndex, from source: inout WireSource) -> Value? {
        guard source.kind(of: index) == .string else {
            source.reportType("a string", at: index)
            return nil
        }
        if let value = source.withText(of: index, { Value(wireText: $0) }) { return value }
        source.report(Self.mistake, at: index)
        return nil
    }

    @inlinable
    public func parse(_ text: String) throws(WireMistake) -> Value {
        var text = text
        guard let value = text.withUTF8({ Value(wireText: $0) }) else { throw Self.mistake }
        return value
    }

    @usableFromInline static var mistake: WireMistake { WireMistake(.invalidValue, "must \(Value.wireRule)") }

    @inlinable
    public func write(_ value: Value, to writer: inout JSONWriter) { value.write(to: &writer) }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "string")
        node.add("pattern", .string(Value.wirePattern.description))
        return node
    }
}

extension WireKind {
    /// A string with a meaning: see ``WireText``.
    @inlinable
    public static func text<Value: WireText>(_ type: Value.Type) -> Self where Self == WireTextKind<Value> {
        WireTextKind()
    }
}
