package import WireSchema

/// An object that is already JSON: a stored answer that becomes part of another. Its schema is the object's.
package struct Rendered<Object: WireObject>: Sendable {
    package var bytes: [UInt8]

    /// - Parameter bytes: the object's JSON as `Object` writes it; it is trusted, not checked.
    package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// See ``Rendered``.
package struct RenderedKind<Object: WireObject>: WireKind {
    package init() {}

    /// Never used by the server, which only writes such members; it lets an example be checked.
    package func read(_ index: JSONIndex, from source: inout WireSource) -> Rendered<Object>? {
        ObjectKind<Object>().read(index, from: &source).map { Rendered(bytes: $0.jsonBytes()) }
    }

    package func write(_ value: Rendered<Object>, to writer: inout JSONWriter) { writer.raw(value.bytes) }

    package func schema(_ collector: inout SchemaCollector) -> SchemaNode { collector.reference(Object.self) }
}

extension WireKind {
    /// An object that was written earlier and is spliced in as it is; its schema is the object's.
    package static func rendered<Object: WireObject>(_ type: Object.Type) -> Self
    where Self == RenderedKind<Object> {
        RenderedKind()
    }
}
