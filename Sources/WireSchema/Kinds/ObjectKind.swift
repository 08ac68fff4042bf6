/// A nested declared object.
public struct ObjectKind<Value: WireObject>: WireKind {
    @inlinable public init() {}

    @inlinable
    public func read(_ index: JSONIndex, from source: inout WireSource) -> Value? {
        guard source.kind(of: index) == .object else {
            source.reportType("an object", at: index)
            return nil
        }
        var decoder = WireDecoder(
            source: WireSource(tape: source.tape, faultLimit: source.faultLimit), object: index.position)
        var value = Value()
        Value.describe(&value, with: &decoder)
        if decoder.unclaimed > 0 { decoder.reportUnclaimed() }
        if decoder.source.faults.isEmpty {
            var found = MemberFaults()
            value.validate(&found)
            if !found.found.isEmpty { decoder.report(found) }
        }
        guard decoder.source.faults.isEmpty else {
            source.absorb(decoder.source)
            return nil
        }
        return value
    }

    @inlinable
    public func write(_ value: Value, to writer: inout JSONWriter) {
        var value = value
        writer.beginObject()
        Value.describe(&value, with: &writer)
        writer.endObject()
    }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        collector.reference(Value.self)
    }
}

extension WireKind {
    /// A nested declared object.
    @inlinable
    public static func object<Value: WireObject>(_ type: Value.Type) -> Self where Self == ObjectKind<Value> {
        ObjectKind()
    }
}
