/// One thing that is wrong with a request, and where.
public struct WireFault: Error, Equatable, Hashable, Sendable {
    /// Stable codes: part of the published API. A dialect can add its own.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }

        public static let unknownMember = Code(rawValue: "unknown_member")
        public static let unknownParameter = Code(rawValue: "unknown_parameter")
        public static let duplicateParameter = Code(rawValue: "duplicate_parameter")
        public static let required = Code(rawValue: "required")
        /// Two members that exclude each other, or neither.
        public static let exactlyOne = Code(rawValue: "exactly_one")
        public static let wrongType = Code(rawValue: "wrong_type")
        public static let notAnInteger = Code(rawValue: "not_an_integer")
        public static let outOfRange = Code(rawValue: "out_of_range")
        public static let tooManyDecimals = Code(rawValue: "too_many_decimals")
        public static let tooLong = Code(rawValue: "too_long")
        public static let tooShort = Code(rawValue: "too_short")
        public static let tooManyItems = Code(rawValue: "too_many_items")
        public static let tooFewItems = Code(rawValue: "too_few_items")
        public static let tooLarge = Code(rawValue: "too_large")
        public static let invalidValue = Code(rawValue: "invalid_value")

        /// Whether the request is malformed (400) rather than unacceptable (422): the contracts count a fraction or
        /// exponent where an integer belongs, and a number out of range, to strict JSON.
        public var isMalformed: Bool {
            self == .notAnInteger || self == .outOfRange || self == .tooManyDecimals
        }
    }

    /// The part of a request.
    public enum Part: String, Sendable {
        case body, query, path, header
    }

    public var part: Part
    /// In the body: the JSON Pointer (RFC 6901) of the value; a missing member's is where it belongs. Elsewhere: the
    /// name of the parameter.
    public var pointer: String
    public var code: Code
    /// What is wrong and what to do, for a person.
    public var message: String

    public init(part: Part = .body, pointer: String, code: Code, message: String) {
        self.part = part
        self.pointer = pointer
        self.code = code
        self.message = message
    }
}

/// Everything that is wrong with a request, as far as it was looked at, in the order in which it was found.
public struct WireFaults: Error, Equatable, Sendable {
    /// Never empty when thrown.
    public var faults: [WireFault]
    /// Whether there were more than are listed.
    public var isTruncated: Bool

    public init(_ faults: [WireFault], isTruncated: Bool = false) {
        self.faults = faults
        self.isTruncated = isTruncated
    }

    /// Whether one of them makes the request malformed: ``WireFault/Code/isMalformed``.
    public var isMalformed: Bool { faults.contains { $0.code.isMalformed } }
}

/// What is wrong with a single value, before its place is known.
public struct WireMistake: Error, Equatable, Sendable {
    public var code: WireFault.Code
    /// Begins with `must`, since the place is said beside it.
    public var message: String

    public init(_ code: WireFault.Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// As an element of a problem's `errors`.
extension WireFault: WireObject {
    public init() { self.init(pointer: "", code: .invalidValue, message: "") }

    public static var schemaName: String { "Fault" }

    @inlinable
    public static func describe<V: WireVisitor>(_ value: inout WireFault, with visitor: inout V) {
        var code = value.code.rawValue
        visitor.required(
            "pointer", &value.pointer, .string(0...4096),
            doc: "Where: a JSON Pointer into the body, or the name of a parameter.", example: #""/qty""#)
        visitor.required(
            "code", &code, .string(1...64), doc: "What, for programs. Stable.", example: #""out_of_range""#)
        visitor.required("message", &value.message, .string(0...4096), doc: "What, and what to do, for people.")
        value.code = Code(rawValue: code)
    }
}
