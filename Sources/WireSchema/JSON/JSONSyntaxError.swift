/// Why a text is not JSON, or not JSON that is accepted here, and where.
public struct JSONSyntaxError: Error, Equatable, Sendable {
    /// Stable codes: part of the published API.
    public enum Code: String, Sendable, CaseIterable {
        case invalidUTF8 = "invalid_utf8"
        case byteOrderMark = "byte_order_mark"
        case nulCharacter = "nul_character"
        case controlCharacter = "control_character"
        case unexpectedByte = "unexpected_byte"
        case unexpectedEnd = "unexpected_end"
        case trailingBytes = "trailing_bytes"
        case invalidLiteral = "invalid_literal"
        case invalidNumber = "invalid_number"
        case invalidEscape = "invalid_escape"
        case loneSurrogate = "lone_surrogate"
        case duplicateMember = "duplicate_member"
        case nestingTooDeep = "nesting_too_deep"
        case tooManyValues = "too_many_values"
        case documentTooLarge = "document_too_large"
    }

    public let code: Code
    /// Bytes before the place, from 0.
    public let offset: Int
    /// From 1; lines end with a line feed.
    public let line: Int
    /// From 1, in Unicode scalars.
    public let column: Int
    /// JSON Pointer (RFC 6901) of the value that could not be read. A very long name in it is cut, with `…`.
    public let pointer: String
    /// What is wrong and what to do, for a person.
    public let message: String
}

/// What the reader throws inside: two words, so that the path without errors stays cheap.
struct JSONFailure: Error {
    var code: JSONSyntaxError.Code
    var offset: Int
    /// For a duplicate: the position of the second name on the tape.
    var node: Int = -1
}

extension JSONSyntaxError {
    init(_ failure: JSONFailure, pointer: String, in bytes: UnsafeBufferPointer<UInt8>, options: JSONDocument.Options) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(failure.offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.code = failure.code
        self.offset = failure.offset
        self.line = line
        self.column = column
        self.pointer = pointer
        let byte = failure.offset < bytes.count ? bytes[failure.offset] : nil
        let place = "line \(line), column \(column)"
        self.message = "\(Self.sentence(failure.code, byte: byte, options: options)) (\(place))"
    }

    private static func sentence(_ code: Code, byte: UInt8?, options: JSONDocument.Options) -> String {
        switch code {
        case .invalidUTF8: "The text is not valid UTF-8 here; send JSON encoded as UTF-8."
        case .byteOrderMark: "The text begins with a byte-order mark; send plain UTF-8 without one."
        case .nulCharacter: "A NUL character is not accepted; remove it."
        case .controlCharacter: "A control character stands unescaped in a string; write it as an escape, such as \\n."
        case .unexpectedByte: "\(describe(byte)) does not belong here; check commas, colons, quotes and brackets."
        case .unexpectedEnd: "The text ends before the JSON value is complete; check that all of it was sent."
        case .trailingBytes: "\(describe(byte)) follows the complete JSON value; send exactly one value."
        case .invalidLiteral: "Only true, false and null may stand without quotes."
        case .invalidNumber:
            "This is not a JSON number; write digits without leading zeros or a plus sign, such as 12 or -0.5."
        case .invalidEscape: "This escape is unknown; use \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\u and four hex digits."
        case .loneSurrogate: "Half of a surrogate pair stands alone; send both \\u escapes or the character itself."
        case .duplicateMember: "The object names this member twice; send it once."
        case .nestingTooDeep: "Arrays and objects are nested deeper than \(options.maxDepth) levels; flatten the value."
        case .tooManyValues: "The text has more than \(options.maxNodes) values; send it in parts."
        case .documentTooLarge: "The text is 4 GiB or longer; send it in parts."
        }
    }

    private static func describe(_ byte: UInt8?) -> String {
        guard let byte else { return "The end of the text" }
        if byte > 0x20, byte < 0x7F { return "'\(Unicode.Scalar(byte))'" }
        let digits = String(byte, radix: 16, uppercase: true)
        return "Byte 0x\(digits.utf8.count < 2 ? "0" : "")\(digits)"
    }
}
