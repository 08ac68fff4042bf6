/// A JSON object that is kept as it was sent, without white space.
public struct RawJSON: Sendable, Equatable {
    /// A JSON object.
    public var bytes: [UInt8]

    /// - Parameter bytes: a JSON object; it is trusted, not checked.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// `{}`.
    public static var empty: RawJSON { RawJSON(bytes: [UInt8(ascii: "{"), UInt8(ascii: "}")]) }
}

/// A free-form object such as `metadata`, limited in size only.
public struct RawObjectKind: WireKind {
    let maxBytes: Int

    @usableFromInline init(maxBytes: Int) { self.maxBytes = maxBytes }

    public func read(_ index: JSONIndex, from source: inout WireSource) -> RawJSON? {
        guard source.kind(of: index) == .object else {
            source.reportType("an object", at: index)
            return nil
        }
        let bytes = JSONDocument.compactBytes(of: index, tape: source.tape)
        guard bytes.count <= maxBytes else {
            let message = "must take at most \(maxBytes) bytes as JSON, not \(bytes.count)"
            source.report(WireMistake(.tooLarge, message), at: index)
            return nil
        }
        return RawJSON(bytes: bytes)
    }

    public func write(_ value: RawJSON, to writer: inout JSONWriter) { writer.raw(value.bytes) }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "object")
        node.add("additionalProperties", .bool(true))
        return node
    }
}

/// Named values of one kind whose names are data, in the order in which they were sent or are to be written.
public struct WireMap<Value: Sendable>: Sendable {
    public var entries: [(name: String, value: Value)]

    public init(_ entries: [(name: String, value: Value)] = []) { self.entries = entries }
}

extension WireMap: Equatable where Value: Equatable {
    public static func == (left: WireMap, right: WireMap) -> Bool {
        left.entries.elementsEqual(right.entries) { $0 == $1 }
    }
}

/// An object whose member names are data.
public struct MapKind<Element: WireKind>: WireKind {
    @usableFromInline let element: Element
    @usableFromInline let count: ClosedRange<Int>

    @inlinable
    public init(_ element: Element, count: ClosedRange<Int>) {
        self.element = element
        self.count = count
    }

    @inlinable
    public func read(_ index: JSONIndex, from source: inout WireSource) -> WireMap<Element.Value>? {
        guard source.kind(of: index) == .object else {
            source.reportType("an object", at: index)
            return nil
        }
        var map = WireMap<Element.Value>()
        var name = index.position &+ 1
        let end = Int(source.tape.nodes[index.position].next)
        var isComplete = true
        while name < end, !source.isTruncated {
            if let value = element.read(JSONIndex(name &+ 1), from: &source) {
                map.entries.append((source.string(JSONIndex(name)), value))
            } else {
                isComplete = false
            }
            name = Int(source.tape.nodes[name &+ 1].next)
        }
        guard isComplete, !source.isTruncated else { return nil }
        guard count.contains(map.entries.count) else {
            let range = "\(count.lowerBound) to \(count.upperBound)"
            let code: WireFault.Code = map.entries.count < count.lowerBound ? .tooFewItems : .tooManyItems
            source.report(WireMistake(code, "must have \(range) members, not \(map.entries.count)"), at: index)
            return nil
        }
        return map
    }

    @inlinable
    public func write(_ value: WireMap<Element.Value>, to writer: inout JSONWriter) {
        writer.beginObject()
        for entry in value.entries {
            writer.name(entry.name)
            element.write(entry.value, to: &writer)
        }
        writer.endObject()
    }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "object")
        node.add("additionalProperties", element.schema(&collector).json)
        if count.lowerBound > 0 { node.add("minProperties", .integer(Int64(count.lowerBound))) }
        if count.upperBound < .max { node.add("maxProperties", .integer(Int64(count.upperBound))) }
        return node
    }
}

extension WireKind where Self == RawObjectKind {
    /// A free-form object.
    /// - Parameter maxBytes: of its JSON without white space.
    @inlinable
    public static func freeObject(maxBytes: Int) -> RawObjectKind { RawObjectKind(maxBytes: maxBytes) }
}

extension WireKind {
    /// An object whose member names are data.
    @inlinable
    public static func map<Element: WireKind>(of element: Element, _ count: ClosedRange<Int> = 0 ... .max) -> Self
    where Self == MapKind<Element> {
        MapKind(element, count: count)
    }
}
