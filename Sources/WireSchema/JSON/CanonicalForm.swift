extension JSONDocument {
    /// Bytes that are equal for two values exactly when these are the same JSON value: white space, the order of
    /// members, escapes and the notation of numbers (`1`, `1.0`, `10e-1`) make no difference.
    ///
    /// It is made to be hashed, as the fingerprint of a request, and is not JSON. A value is one tag byte and then:
    /// nothing for `n`, `t`, `f`; a length in four bytes, little endian, and the unescaped bytes for a string `"`;
    /// sign, digits and a power of ten for a number `#`; elements and `]` for `[`; names and values, sorted by name,
    /// and `}` for `{`. Numbers are equal in it when they are equal, except that two exponents of more than 18 digits
    /// must be written alike.
    ///
    /// - Parameters:
    ///   - index: the value, from this document.
    ///   - omitted: a member that is left out when the value is an object; members of its members are not.
    public func canonicalBytes(of index: JSONIndex = .root, omitting omitted: StaticString? = nil) -> [UInt8] {
        var output: [UInt8] = []
        appendCanonicalBytes(of: index, omitting: omitted, to: &output)
        return output
    }

    /// As ``canonicalBytes(of:omitting:)``, behind what `output` has.
    public func appendCanonicalBytes(
        of index: JSONIndex = .root, omitting omitted: StaticString? = nil, to output: inout [UInt8]
    ) {
        precondition(index.position >= 0 && index.position < nodes.count, "an index of another document")
        var prior: [UInt8] = []
        swap(&prior, &output)
        let existing = prior.count
        var form = CanonicalForm(sink: existing == 0 ? ByteSink(capacity: 0) : ByteSink(continuing: prior))
        withTape { tape in
            // Sorted and tagged, a value takes about as many bytes as it was sent in.
            form.sink.write(atMost: tape.raw(index.position).count &+ 64) { _ in 0 }
            form.write(index.position, of: tape, omitting: omitted)
        }
        output = form.sink.finish()
    }
}

/// Writes the canonical form. It recurses once per level of the value, which the reader has bounded.
struct CanonicalForm {
    var sink: ByteSink

    /// Objects up to this size are sorted on the stack.
    private static let membersOnStack = 32

    /// A name in sorting: its first eight bytes as a number, so that few comparisons look at the text.
    private struct Key {
        var prefix: UInt64
        var name: UInt32
    }

    mutating func write(_ index: Int, of tape: JSONTape, omitting omitted: StaticString?) {
        let node = tape.nodes[index]
        switch node.kind {
        case .null: sink.append(UInt8(ascii: "n"))
        case .bool: sink.append(node.flags.contains(.isTrue) ? UInt8(ascii: "t") : UInt8(ascii: "f"))
        case .string: writeText(index, of: tape)
        case .number: writeNumber(tape.raw(index))
        case .array:
            sink.append(UInt8(ascii: "["))
            var element = index &+ 1
            while element < Int(node.next) {
                write(element, of: tape, omitting: nil)
                element = Int(tape.nodes[element].next)
            }
            sink.append(UInt8(ascii: "]"))
        case .object:
            sink.append(UInt8(ascii: "{"))
            writeMembers(of: index, of: tape, omitting: omitted)
            sink.append(UInt8(ascii: "}"))
        }
    }

    @inline(__always)
    private mutating func writeText(_ index: Int, of tape: JSONTape) {
        let text = tape.raw(index)
        let isEscaped = tape.nodes[index].flags.contains(.escaped)
        sink.write(atMost: text.count &+ 5) { room in
            room[0] = UInt8(ascii: "\"")
            var length = text.count
            if isEscaped {
                length = JSONText.unescape(text, into: room + 5)
            } else if let source = text.baseAddress {
                (room + 5).update(from: source, count: length)
            }
            UnsafeMutableRawPointer(room + 1).storeBytes(
                of: UInt32(truncatingIfNeeded: length).littleEndian, as: UInt32.self)
            return length &+ 5
        }
    }

    private mutating func writeMembers(of object: Int, of tape: JSONTape, omitting omitted: StaticString?) {
        var members = 0
        var isEscaped = false
        tape.forEachMember(of: object) { name in
            members &+= 1
            if tape.nodes[name].flags.contains(.escaped) { isEscaped = true }
            return true
        }
        guard members > 0 else { return }
        if members > Self.membersOnStack || isEscaped {
            return writeManyMembers(of: object, of: tape, omitting: omitted)
        }
        withUnsafeTemporaryAllocation(of: Key.self, capacity: members) { keys in
            guard let keys = keys.baseAddress else { return }
            var count = 0
            tape.forEachMember(of: object) { name in
                if let omitted, tape.matches(name, omitted) { return true }
                let key = Key(prefix: Self.prefix(tape.raw(name)), name: UInt32(truncatingIfNeeded: name))
                var place = count
                while place > 0, Self.precedes(key, keys[place &- 1], tape) {
                    keys[place] = keys[place &- 1]
                    place &-= 1
                }
                keys[place] = key
                count &+= 1
                return true
            }
            for place in 0..<count {
                writeText(Int(keys[place].name), of: tape)
                write(Int(keys[place].name) &+ 1, of: tape, omitting: nil)
            }
        }
    }

    /// Equal names, where the reader allowed them, keep their order.
    @inline(__always)
    private static func precedes(_ left: Key, _ right: Key, _ tape: JSONTape) -> Bool {
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        return ByteScanning.precedes(tape.raw(Int(left.name)), tape.raw(Int(right.name)))
    }

    @inline(__always)
    private static func prefix(_ name: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard let base = name.baseAddress else { return 0 }
        if name.count >= 8 { return ByteScanning.load(base, 0).byteSwapped }
        var prefix: UInt64 = 0
        for index in 0..<name.count { prefix |= UInt64(base[index]) << (56 &- 8 &* UInt64(index)) }
        return prefix
    }

    @inline(never)
    private mutating func writeManyMembers(of object: Int, of tape: JSONTape, omitting omitted: StaticString?) {
        var names: [(text: [UInt8], name: Int)] = []
        tape.forEachMember(of: object) { name in
            if let omitted, tape.matches(name, omitted) { return true }
            names.append((tape.withText(name) { [UInt8]($0) }, name))
            return true
        }
        names.sort { left, right in
            left.text == right.text ? left.name < right.name : left.text.lexicographicallyPrecedes(right.text)
        }
        for (_, name) in names {
            writeText(name, of: tape)
            write(name &+ 1, of: tape, omitting: nil)
        }
    }

    /// `#`, a minus sign, the digits between the first and the last that is not 0, `e` and the power of ten, `;`.
    /// A number whose exponent has more than 18 digits keeps the exponent as text, with `E`.
    private mutating func writeNumber(_ text: UnsafeBufferPointer<UInt8>) {
        guard let parts = NumberParts(text) else { return }
        sink.write(atMost: text.count &+ 48) { room in
            room[0] = UInt8(ascii: "#")
            var at = 1
            guard parts.significant > 0 else {
                room[1] = UInt8(ascii: "0")
                room[2] = UInt8(ascii: ";")
                return 3
            }
            if parts.isNegative {
                room[at] = UInt8(ascii: "-")
                at &+= 1
            }
            parts.forEachSignificantDigit { digit in
                room[at] = UInt8(ascii: "0") &+ digit
                at &+= 1
            }
            if let exponent = parts.exponent {
                if exponent != 0 {
                    room[at] = UInt8(ascii: "e")
                    at &+= 1 &+ DecimalDigits.write(Int64(exponent), to: room + at + 1)
                }
            } else {
                room[at] = UInt8(ascii: "E")
                at &+= 1 &+ DecimalDigits.write(Int64(parts.place), to: room + at + 1)
                room[at] = parts.exponentIsNegative ? UInt8(ascii: "-") : UInt8(ascii: "+")
                at &+= 1
                for digit in parts.exponentText {
                    room[at] = digit
                    at &+= 1
                }
            }
            room[at] = UInt8(ascii: ";")
            return at &+ 1
        }
    }
}
