/// How one kind of value is read, checked, written and described. A kind is a small constant, made where a member is
/// declared: `.string(1...64)`, `.integer(0...100)`, `.array(of: .object(Line.self), 1...500)`.
public protocol WireKind<Value>: Sendable {
    associatedtype Value: Sendable

    /// Reads and checks the value at a place.
    /// - Returns: nil when it was refused; the fault is in `source` then.
    func read(_ index: JSONIndex, from source: inout WireSource) -> Value?

    /// Writes a value that the kind would accept.
    func write(_ value: Value, to writer: inout JSONWriter)

    /// The JSON Schema of what ``read(_:from:)`` accepts or ``write(_:to:)`` writes.
    func schema(_ collector: inout SchemaCollector) -> SchemaNode
}

/// A kind whose values have a text form of their own and so can stand in a query, a path or a header.
public protocol WireScalarKind<Value>: WireKind {
    /// Reads and checks a value from a parameter's text, without quotes and percent signs.
    func parse(_ text: String) throws(WireMistake) -> Value
}

/// Where a kind reads from: one document, and the faults found in it so far.
///
/// It is lent for the duration of a decoding and refers to the document's memory without keeping it: a kind must not
/// store it.
public struct WireSource {
    @usableFromInline let tape: JSONTape
    /// At most so many faults are kept.
    @usableFromInline let faultLimit: Int
    public private(set) var faults: [WireFault] = []
    @usableFromInline private(set) var isTruncated = false

    @usableFromInline
    init(tape: JSONTape, faultLimit: Int) {
        self.tape = tape
        self.faultLimit = faultLimit
    }

    /// What JSON has there: a string, a number …
    @inlinable
    public func kind(of index: JSONIndex) -> JSONKind { tape.nodes[index.position].kind }

    /// Lends the bytes of a value: a string's are unescaped and without quotes, others as sent. They are valid only
    /// inside `body`.
    public func withText<Answer>(of index: JSONIndex, _ body: (UnsafeBufferPointer<UInt8>) -> Answer) -> Answer {
        tape.nodes[index.position].kind == .string
            ? tape.withText(index.position, body) : body(tape.raw(index.position))
    }

    /// The text of a string value.
    public func string(_ index: JSONIndex) -> String { tape.string(index.position) }

    /// Notes what is wrong with the value at a place.
    @inline(never)
    public mutating func report(_ mistake: WireMistake, at index: JSONIndex) {
        guard hasRoom() else { return }
        append(tape.pointer(to: index.position), mistake)
    }

    /// Notes what is wrong with a member of the object at a place; the member may be missing.
    @inline(never)
    public mutating func report(_ mistake: WireMistake, member: String, of index: JSONIndex) {
        guard hasRoom() else { return }
        append(tape.pointer(to: index.position) + "/" + JSONPointer.token(member), mistake)
    }

    /// Notes that a value has another type than expected.
    /// - Parameter expected: with its article: `a string`.
    @inline(never)
    public mutating func reportType(_ expected: String, at index: JSONIndex) {
        report(WireMistake(.wrongType, "must be \(expected), not \(kind(of: index).phrase)"), at: index)
    }

    @usableFromInline
    mutating func absorb(_ others: WireSource) {
        for fault in others.faults {
            guard hasRoom() else { return }
            faults.append(fault)
        }
        if others.isTruncated { isTruncated = true }
    }

    private mutating func hasRoom() -> Bool {
        if faults.count >= faultLimit { isTruncated = true }
        return faults.count < faultLimit
    }

    private mutating func append(_ pointer: String, _ mistake: WireMistake) {
        faults.append(WireFault(pointer: pointer, code: mistake.code, message: mistake.message))
    }
}
