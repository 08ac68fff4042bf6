/// Writes JSON into a growing array of bytes. Members come out in the order of the calls; commas are set by themselves.
///
/// It needs no stack: whether a comma is due shows in the last byte written, since a complete value never ends with an
/// opening bracket or a colon. Closing what was opened is the caller's part.
public struct JSONWriter: Sendable {
    var sink: ByteSink

    /// - Parameter capacity: bytes to begin with.
    public init(capacity: Int = 512) {
        sink = ByteSink(capacity: capacity)
    }

    /// How many bytes are written.
    public var count: Int { sink.count }

    /// The bytes. The writer is spent.
    public consuming func finish() -> [UInt8] { sink.finish() }

    /// Lends the bytes without copying them; the pointer is valid only inside `body`.
    public func withBytes<Answer>(_ body: (UnsafeRawBufferPointer) -> Answer) -> Answer {
        sink.withBytes { body(UnsafeRawBufferPointer($0)) }
    }

    /// Forgets what was written and keeps the memory.
    public mutating func removeAll() { sink.removeAll() }

    @inline(__always)
    var needsComma: Bool {
        switch sink.last {
        case nil, UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: "\n"): false
        default: true
        }
    }

    /// Every value begins with this.
    @inline(__always)
    mutating func beginValue() {
        if needsComma { sink.append(UInt8(ascii: ",")) }
    }

    /// Opens an object; `name` and a value for each member follow, then `endObject`.
    public mutating func beginObject() {
        beginValue()
        sink.append(UInt8(ascii: "{"))
    }

    /// Closes the innermost object.
    public mutating func endObject() { sink.append(UInt8(ascii: "}")) }

    /// Opens an array; its values follow, then `endArray`.
    public mutating func beginArray() {
        beginValue()
        sink.append(UInt8(ascii: "["))
    }

    /// Closes the innermost array.
    public mutating func endArray() { sink.append(UInt8(ascii: "]")) }

    /// A member's name; its value must follow.
    /// - Parameter name: written as it is: printable ASCII without quotes and backslashes.
    public mutating func name(_ name: StaticString) {
        let comma = needsComma
        let length = name.utf8CodeUnitCount
        sink.write(atMost: length &+ 4) { room in
            var at = 0
            if comma {
                room[0] = UInt8(ascii: ",")
                at = 1
            }
            room[at] = UInt8(ascii: "\"")
            (room + at + 1).update(from: name.utf8Start, count: length)
            room[at &+ length &+ 1] = UInt8(ascii: "\"")
            room[at &+ length &+ 2] = UInt8(ascii: ":")
            return at &+ length &+ 3
        }
    }

    /// A member's name that is known only at run time; its value must follow.
    public mutating func name(_ name: String) {
        string(name)
        sink.append(UInt8(ascii: ":"))
    }

    /// The value `null`.
    public mutating func null() {
        beginValue()
        sink.append("null")
    }

    /// `true` or `false`.
    public mutating func bool(_ value: Bool) {
        beginValue()
        sink.append(value ? "true" : "false")
    }

    /// A number without fraction and exponent.
    public mutating func integer(_ value: Int64) {
        beginValue()
        sink.write(atMost: DecimalDigits.longest &+ 1) { DecimalDigits.write(value, to: $0) }
    }

    /// A value that is JSON already: it is trusted, not checked.
    public mutating func raw(_ json: [UInt8]) {
        beginValue()
        json.withUnsafeBufferPointer { sink.append($0) }
    }

    /// A value that is JSON already: it is trusted, not checked.
    public mutating func raw(_ json: UnsafeRawBufferPointer) {
        beginValue()
        json.withMemoryRebound(to: UInt8.self) { sink.append($0) }
    }

    /// Bytes that are copied without comma or quotes, between documents of a stream for example.
    public mutating func verbatim(_ bytes: StaticString) { sink.append(bytes) }
}
