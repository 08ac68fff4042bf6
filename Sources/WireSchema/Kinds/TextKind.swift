/// Which texts a string may be, beyond its length: the same rule as a regular expression for the schema and as a
/// function for the server.
public struct TextPattern: Sendable {
    /// ECMA-262, anchored.
    public let regex: StaticString
    /// For people, behind `must`: `be an item's id, such as itm_01J9X…`.
    public let rule: StaticString
    /// Asked with texts that have the right length and no control character.
    public let matches: @Sendable (String.UTF8View) -> Bool

    public init(regex: StaticString, rule: StaticString, matches: @escaping @Sendable (String.UTF8View) -> Bool) {
        self.regex = regex
        self.rule = rule
        self.matches = matches
    }
}

/// A string of bounded length without control characters.
public struct TextKind: WireScalarKind {
    /// Length in Unicode scalars.
    let length: ClosedRange<Int>
    let pattern: TextPattern?
    let format: StaticString?
    /// Whether line feeds, carriage returns and tabs are accepted.
    let lines: Bool

    @usableFromInline
    init(length: ClosedRange<Int>, pattern: TextPattern?, format: StaticString?, lines: Bool) {
        self.length = length
        self.pattern = pattern
        self.format = format
        self.lines = lines
    }

    public func read(_ index: JSONIndex, from source: inout WireSource) -> String? {
        guard source.kind(of: index) == .string else {
            source.reportType("a string", at: index)
            return nil
        }
        let text = source.tape.withText(index.position) { text in
            let isPlain = source.tape.nodes[index.position].flags.isEmpty
            return checked(text, isPlain: isPlain)
        }
        switch text {
        case .success(let text): return text
        case .failure(let mistake):
            source.report(mistake, at: index)
            return nil
        }
    }

    public func parse(_ text: String) throws(WireMistake) -> String {
        var text = text
        return try text.withUTF8 { checked($0, isPlain: false) }.get()
    }

    /// - Parameter isPlain: whether the text is known to be ASCII without control characters below the space.
    private func checked(_ text: UnsafeBufferPointer<UInt8>, isPlain: Bool) -> Result<String, WireMistake> {
        // A scalar takes one to four bytes, so most lengths are decided without counting.
        if text.count > length.upperBound || text.count < length.lowerBound &* 4 {
            let scalars = isPlain ? text.count : ByteScanning.scalarCount(text)
            guard length.contains(scalars) else { return .failure(wrongLength(scalars)) }
        }
        guard !TextControl.isPresent(in: text, lines: lines, isPlain: isPlain) else {
            let allowed = lines ? "control characters other than line feed and tab" : "control characters"
            return .failure(WireMistake(.invalidValue, "must not contain \(allowed); remove them"))
        }
        let value = String(decoding: text, as: UTF8.self)
        if let pattern, !pattern.matches(value.utf8) {
            return .failure(WireMistake(.invalidValue, "must \(pattern.rule)"))
        }
        return .success(value)
    }

    private func wrongLength(_ scalars: Int) -> WireMistake {
        if scalars == 0 { return WireMistake(.tooShort, "must not be empty") }
        return scalars < length.lowerBound
            ? WireMistake(.tooShort, "must have at least \(length.lowerBound) characters, not \(scalars)")
            : WireMistake(.tooLong, "must have at most \(length.upperBound) characters, not \(scalars)")
    }

    public func write(_ value: String, to writer: inout JSONWriter) { writer.string(value) }

    public func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        var node = SchemaNode(type: "string")
        if let format { node.add("format", .string(format.description)) }
        if length.lowerBound > 0 { node.add("minLength", .integer(Int64(length.lowerBound))) }
        if length.upperBound < .max { node.add("maxLength", .integer(Int64(length.upperBound))) }
        if let pattern { node.add("pattern", .string(pattern.regex.description)) }
        return node
    }
}

/// Control characters of Unicode: U+0000–001F, U+007F, U+0080–009F.
enum TextControl {
    static func isPresent(in text: UnsafeBufferPointer<UInt8>, lines: Bool, isPlain: Bool) -> Bool {
        guard let base = text.baseAddress else { return false }
        var index = 0
        if isPlain {
            while index &+ 8 <= text.count {
                if ByteScanning.equal(ByteScanning.load(base, index), 0x7F) != 0 { return true }
                index &+= 8
            }
        }
        while index < text.count {
            let byte = base[index]
            if byte < 0x20 {
                let isLayout = byte == 0x0A || byte == 0x0D || byte == 0x09
                if !(lines && isLayout) { return true }
            } else if byte == 0x7F {
                return true
            } else if byte == 0xC2, index &+ 1 < text.count, base[index &+ 1] < 0xA0 {
                return true
            }
            index &+= 1
        }
        return false
    }
}

extension WireKind where Self == TextKind {
    /// A string.
    /// - Parameters:
    ///   - length: in Unicode scalars.
    ///   - pattern: which texts it may be.
    ///   - format: the schema's `format`, for information only.
    ///   - lines: whether line feeds, carriage returns and tabs are accepted; other control characters never are.
    @inlinable
    public static func string(
        _ length: ClosedRange<Int>, pattern: TextPattern? = nil, format: StaticString? = nil, lines: Bool = false
    ) -> TextKind {
        TextKind(length: length, pattern: pattern, format: format, lines: lines)
    }
}
