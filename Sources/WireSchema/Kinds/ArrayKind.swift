/// An array of values of one kind; one wrong element refuses it.
public struct ArrayKind<Element: WireKind>: WireKind {
    @usableFromInline let element: Element
    @usableFromInline let count: ClosedRange<Int>

    @inlinable
    public init(_ element: Element, count: ClosedRange<Int>) {
        self.element = element
        self.count = count
    }

    @inlinable
    public func read(_ index: JSONIndex, from source: inout WireSource) -> [Element.Value]? {
        guard let found = ArrayCount.checked(index, count, from: &source) else { return nil }
        var values: [Element.Value] = []
        values.reserveCapacity(found)
        var position = index.position &+ 1
        for _ in 0..<found {
            guard !source.isTruncated else { return nil }
            if let value = element.read(JSONIndex(position), from: &source) { values.append(value) }
            position = Int(source.tape.nodes[position].next)
        }
        return values.count == found ? values : nil
    }

    @inlinable
    public func write(_ value: [Element.Value], to writer: inout JSONWriter) {
        writer.beginArray()
        for value in value { element.write(value, to: &writer) }
        writer.endArray()
    }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        ArrayCount.schema(of: element, count, &collector)
    }
}

/// One element of a ``LinesKind`` array: what it was read as, or what is wrong with it.
public struct WireLine<Object: WireObject>: Sendable {
    /// Where the element is in the document: for ``JSONDocument/canonicalBytes(of:omitting:)``.
    public var index: JSONIndex
    /// The faults' pointers begin at the document's root.
    public var result: Result<Object, WireFaults>

    @inlinable
    public init(index: JSONIndex, result: Result<Object, WireFaults>) {
        self.index = index
        self.result = result
    }
}

/// The lines of a batch: each element is read by itself, so that a wrong one does not spoil the others.
public struct LinesKind<Object: WireObject>: WireKind {
    @usableFromInline let count: ClosedRange<Int>

    @inlinable
    public init(count: ClosedRange<Int>) { self.count = count }

    @inlinable
    public func read(_ index: JSONIndex, from source: inout WireSource) -> [WireLine<Object>]? {
        guard let found = ArrayCount.checked(index, count, from: &source) else { return nil }
        var lines: [WireLine<Object>] = []
        lines.reserveCapacity(found)
        var position = index.position &+ 1
        for _ in 0..<found {
            let place = JSONIndex(position)
            var line = WireSource(tape: source.tape, faultLimit: WireDecoder.faultLimitOfLine)
            if let value = ObjectKind<Object>().read(place, from: &line) {
                lines.append(WireLine(index: place, result: .success(value)))
            } else {
                let faults = WireFaults(line.faults, isTruncated: line.isTruncated)
                lines.append(WireLine(index: place, result: .failure(faults)))
            }
            position = Int(source.tape.nodes[position].next)
        }
        return lines
    }

    /// Lines that were refused have no JSON form and are left out.
    @inlinable
    public func write(_ value: [WireLine<Object>], to writer: inout JSONWriter) {
        writer.beginArray()
        for line in value {
            if case .success(let object) = line.result { ObjectKind<Object>().write(object, to: &writer) }
        }
        writer.endArray()
    }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        ArrayCount.schema(of: ObjectKind<Object>(), count, &collector)
    }
}

/// What arrays and lines have in common.
@usableFromInline
enum ArrayCount {
    /// - Returns: the number of elements, or nil when this is no array or has too few or too many; that is reported
    ///   then.
    @usableFromInline
    static func checked(_ index: JSONIndex, _ range: ClosedRange<Int>, from source: inout WireSource) -> Int? {
        guard source.kind(of: index) == .array else {
            source.reportType("an array", at: index)
            return nil
        }
        let count = source.tape.elementCount(of: index.position)
        if count < range.lowerBound {
            let message = "must have at least \(range.lowerBound) elements, not \(count)"
            source.report(WireMistake(.tooFewItems, message), at: index)
        } else if count > range.upperBound {
            let message = "must have at most \(range.upperBound) elements, not \(count); send it in parts"
            source.report(WireMistake(.tooManyItems, message), at: index)
        }
        return range.contains(count) ? count : nil
    }

    static func schema<Element: WireKind>(
        of element: Element, _ count: ClosedRange<Int>, _ collector: inout SchemaCollector
    ) -> SchemaNode {
        var node = SchemaNode(type: "array")
        node.add("items", element.schema(&collector).json)
        if count.lowerBound > 0 { node.add("minItems", .integer(Int64(count.lowerBound))) }
        if count.upperBound < .max { node.add("maxItems", .integer(Int64(count.upperBound))) }
        return node
    }
}

extension WireKind {
    /// An array of values of one kind.
    @inlinable
    public static func array<Element: WireKind>(of element: Element, _ count: ClosedRange<Int> = 0 ... .max) -> Self
    where Self == ArrayKind<Element> {
        ArrayKind(element, count: count)
    }

    /// The lines of a batch, each with its own result.
    @inlinable
    public static func lines<Object: WireObject>(of type: Object.Type, _ count: ClosedRange<Int>) -> Self
    where Self == LinesKind<Object> {
        LinesKind(count: count)
    }
}
