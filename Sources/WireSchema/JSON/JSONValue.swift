/// A view of one value of a ``JSONDocument``, for code that explores a document. Declared types are decoded without it.
public struct JSONValue: Sendable {
    public let document: JSONDocument
    let position: Int

    private var node: JSONNode { document.nodes[position] }

    public var kind: JSONKind { node.kind }
    public var index: JSONIndex { JSONIndex(position) }
    public var isNull: Bool { kind == .null }

    /// Where the value begins in the text, in bytes.
    public var offset: Int {
        let node = node
        return Int(node.start) - (node.kind == .string ? 1 : 0)
    }

    /// The value as it was sent, a string with its quotes.
    public var rawBytes: ArraySlice<UInt8> {
        let node = node
        let start = Int(node.start)
        let end = start + Int(node.length)
        return node.kind == .string ? document.bytes[start - 1..<end + 1] : document.bytes[start..<end]
    }

    /// JSON Pointer of the value in its document.
    public var pointer: String { document.withTape { $0.pointer(to: position) } }

    /// The text of a string, or nil.
    public var string: String? {
        kind == .string ? document.withTape { $0.string(position) } : nil
    }

    /// The value of `true` or `false`, or nil.
    public var bool: Bool? {
        kind == .bool ? node.flags.contains(.isTrue) : nil
    }

    /// The text of a number, or nil.
    public var numberText: String? {
        kind == .number ? String(decoding: rawBytes, as: UTF8.self) : nil
    }

    /// An exact integer. `1.0` and `1e2` are not integers.
    /// - Throws: `wrong_type`, `not_an_integer`, `out_of_range`.
    public func integer(in range: ClosedRange<Int64> = .min ... .max) throws(WireFault) -> Int64 {
        try read(IntegerKind(range))
    }

    /// An exact decimal: a number, or a string with a number in it, as a multiple of 10^-`scale`.
    /// - Parameter scale: decimals, 0 to 18.
    /// - Throws: `wrong_type`, `invalid_value`, `too_many_decimals`, `out_of_range`.
    public func decimal(scale: Int) throws(WireFault) -> Int64 {
        try read(DecimalKind(.min ... .max, scale: scale))
    }

    private func read<Kind: WireKind>(_ kind: Kind) throws(WireFault) -> Kind.Value {
        let outcome: Result<Kind.Value, WireFault> = document.withTape { tape in
            var source = WireSource(tape: tape, faultLimit: 1)
            if let value = kind.read(JSONIndex(position), from: &source) { return .success(value) }
            return .failure(
                source.faults.first ?? WireFault(pointer: tape.pointer(to: position), code: .invalidValue, message: ""))
        }
        return try outcome.get()
    }

    /// The elements of an array in order; empty for anything else.
    public var elements: [JSONValue] {
        guard kind == .array else { return [] }
        var elements: [JSONValue] = []
        document.withTape { tape in
            tape.forEachElement(of: position) { element in
                elements.append(JSONValue(document: document, position: element))
                return true
            }
        }
        return elements
    }

    /// The members of an object in the order in which they were sent; empty for anything else.
    public var members: [(name: String, value: JSONValue)] {
        guard kind == .object else { return [] }
        var members: [(name: String, value: JSONValue)] = []
        document.withTape { tape in
            tape.forEachMember(of: position) { name in
                members.append((tape.string(name), JSONValue(document: document, position: name + 1)))
                return true
            }
        }
        return members
    }

    /// The member of that name, or nil when there is none or this is no object.
    public subscript(name: String) -> JSONValue? {
        guard kind == .object else { return nil }
        let found = document.withTape { $0.member(name, of: position) }
        return found < 0 ? nil : JSONValue(document: document, position: found)
    }
}
