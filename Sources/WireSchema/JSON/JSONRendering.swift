extension JSONDocument {
    /// The value without white space, its members, numbers and escapes as they were sent.
    public func compactBytes(of index: JSONIndex = .root) -> [UInt8] {
        rendered(index, indent: nil)
    }

    /// The value on lines, two spaces per level, with a line feed at the end. Equal documents give equal bytes.
    public func prettyBytes(of index: JSONIndex = .root) -> [UInt8] {
        rendered(index, indent: 2)
    }

    private func rendered(_ index: JSONIndex, indent: Int?) -> [UInt8] {
        precondition(index.position >= 0 && index.position < nodes.count, "an index of another document")
        return withTape { Self.rendered(index, tape: $0, indent: indent) }
    }

    static func compactBytes(of index: JSONIndex, tape: JSONTape) -> [UInt8] {
        rendered(index, tape: tape, indent: nil)
    }

    private static func rendered(_ index: JSONIndex, tape: JSONTape, indent: Int?) -> [UInt8] {
        var rendering = JSONRendering(sink: ByteSink(capacity: tape.raw(index.position).count + 16), indent: indent)
        rendering.write(index.position, of: tape, level: 0)
        if indent != nil { rendering.sink.append(UInt8(ascii: "\n")) }
        return rendering.sink.finish()
    }
}

/// Writes a value again from the tape. It recurses once per level, which the reader has bounded.
private struct JSONRendering {
    var sink: ByteSink
    let indent: Int?

    mutating func write(_ index: Int, of tape: JSONTape, level: Int) {
        let node = tape.nodes[index]
        switch node.kind {
        case .null, .bool, .number:
            sink.append(tape.raw(index))
        case .string:
            sink.append(UInt8(ascii: "\""))
            sink.append(tape.raw(index))
            sink.append(UInt8(ascii: "\""))
        case .array:
            sink.append(UInt8(ascii: "["))
            tape.forEachElement(of: index) { element in
                beginChild(isFirst: element == index + 1, level: level + 1)
                write(element, of: tape, level: level + 1)
                return true
            }
            if Int(node.next) > index + 1 { breakLine(level) }
            sink.append(UInt8(ascii: "]"))
        case .object:
            sink.append(UInt8(ascii: "{"))
            tape.forEachMember(of: index) { name in
                beginChild(isFirst: name == index + 1, level: level + 1)
                write(name, of: tape, level: level + 1)
                sink.append(UInt8(ascii: ":"))
                if indent != nil { sink.append(UInt8(ascii: " ")) }
                write(name + 1, of: tape, level: level + 1)
                return true
            }
            if Int(node.next) > index + 1 { breakLine(level) }
            sink.append(UInt8(ascii: "}"))
        }
    }

    private mutating func beginChild(isFirst: Bool, level: Int) {
        if !isFirst { sink.append(UInt8(ascii: ",")) }
        breakLine(level)
    }

    private mutating func breakLine(_ level: Int) {
        guard let indent else { return }
        sink.append(UInt8(ascii: "\n"))
        for _ in 0..<indent * level { sink.append(UInt8(ascii: " ")) }
    }
}
