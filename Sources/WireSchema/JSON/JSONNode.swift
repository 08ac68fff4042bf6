/// What a JSON value is.
public enum JSONKind: UInt8, Sendable {
    case null, bool, number, string, array, object

    /// The name of the kind in messages for people, with its article.
    public var phrase: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

/// The place of a value on the tape of one ``JSONDocument``. It means nothing in another document.
public struct JSONIndex: Hashable, Sendable {
    @usableFromInline let position: Int

    @usableFromInline init(_ position: Int) { self.position = position }

    /// The document's outermost value.
    public static var root: JSONIndex { JSONIndex(0) }
}

/// One entry of the tape: 16 bytes for each value and each member name, in document order.
///
/// The children of a container follow it directly; an object's are name, value, name, value. `next` is the position
/// behind an entry and everything in it, so a walk over siblings never enters them.
@usableFromInline
struct JSONNode: Sendable {
    @usableFromInline var kind: JSONKind
    @usableFromInline var flags: Flags
    /// Where it begins in the bytes: a container at its bracket, a string behind its opening quote.
    @usableFromInline var start: UInt32
    /// Bytes: a container with both brackets, a string without its quotes and before unescaping.
    @usableFromInline var length: UInt32
    /// The position behind it. While a container is still open: the position of its parent plus one, 0 for none.
    @usableFromInline var next: UInt32

    @usableFromInline
    struct Flags: OptionSet, Sendable {
        @usableFromInline let rawValue: UInt8
        @usableFromInline init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A string with at least one backslash.
        @usableFromInline static var escaped: Flags { Flags(rawValue: 1) }
        /// A string with at least one byte over 0x7F.
        @usableFromInline static var nonASCII: Flags { Flags(rawValue: 2) }
        /// A number with a fraction or an exponent.
        @usableFromInline static var notInteger: Flags { Flags(rawValue: 4) }
        /// The literal `true`.
        @usableFromInline static var isTrue: Flags { Flags(rawValue: 8) }
    }

    @usableFromInline
    init(kind: JSONKind, flags: Flags, start: Int, length: Int, next: Int) {
        self.kind = kind
        self.flags = flags
        // A document of 4 GiB or more is refused before its first node, so nothing is cut off here.
        self.start = UInt32(truncatingIfNeeded: start)
        self.length = UInt32(truncatingIfNeeded: length)
        self.next = UInt32(truncatingIfNeeded: next)
    }
}
