import LedgerCore

/// The primitives of the journal's binary encoding. Whole numbers are little-endian groups of seven bits (LEB128),
/// signed ones folded first so that small magnitudes are short (zigzag); text and blobs carry their length in front;
/// ids are 16 bytes, most significant first.
extension [UInt8] {
    mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func appendSigned(_ value: Int64) {
        appendVarint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    mutating func appendText(_ text: String) {
        let utf8 = text.utf8
        appendVarint(UInt64(utf8.count))
        append(contentsOf: utf8)
    }

    mutating func appendBlob(_ bytes: [UInt8]) {
        appendVarint(UInt64(bytes.count))
        append(contentsOf: bytes)
    }

    mutating func appendID(_ id: ULID) {
        // One append of 16 bytes costs a tenth of 16 appends.
        Swift.withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { append(contentsOf: $0) }
    }

    mutating func appendFixed(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

/// Why bytes can't be what an encoder wrote. `position` counts from where the cursor began.
struct Malformed: Error {
    enum Reason: String {
        case truncated = "ends too early"
        case overlong = "a number is not in its shortest form or over 64 bits"
        case range = "a number is out of its range"
        case text = "text is not UTF-8"
        case tag = "unknown kind of entry"
        case flags = "unknown flags"
        case trailing = "bytes follow the end"
    }

    var reason: Reason
    var position: Int
}

/// Reads what `[UInt8]`'s appenders wrote. Total: whatever the bytes are, it returns a value or throws, reads nothing
/// outside them, and allocates no more than they could fill.
struct ByteCursor {
    /// Unsafe because decoding a million entries a second can't afford a retain for each byte; every access below
    /// compares with `count` first, and a cursor never leaves the closure that lends it its bytes.
    private let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    func malformed(_ reason: Malformed.Reason) -> Malformed { Malformed(reason: reason, position: position) }

    func expectEnd() throws(Malformed) {
        guard position == bytes.count else { throw malformed(.trailing) }
    }

    mutating func byte() throws(Malformed) -> UInt8 {
        guard position < bytes.count else { throw malformed(.truncated) }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func varint() throws(Malformed) -> UInt64 {
        let first = try byte()
        if first < 0x80 { return UInt64(first) }
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while true {
            let next = try byte()
            // The tenth byte may carry only the 64th bit.
            if shift == 63 && next > 1 { throw malformed(.overlong) }
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 {
                if next == 0 { throw malformed(.overlong) }
                return value
            }
            shift += 7
        }
    }

    mutating func signed() throws(Malformed) -> Int64 {
        let folded = try varint()
        return Int64(bitPattern: folded >> 1) ^ -Int64(bitPattern: folded & 1)
    }

    mutating func number() throws(Malformed) -> UInt32 {
        guard let value = UInt32(exactly: try varint()) else { throw malformed(.range) }
        return value
    }

    mutating func id() throws(Malformed) -> ULID {
        guard bytes.count - position >= 16 else { throw malformed(.truncated) }
        let high = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        let low = bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self)
        position += 16
        return ULID(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }

    mutating func fixed<Value: FixedWidthInteger & BitwiseCopyable>(_: Value.Type) throws(Malformed) -> Value {
        guard bytes.count - position >= MemoryLayout<Value>.size else { throw malformed(.truncated) }
        defer { position += MemoryLayout<Value>.size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
    }

    mutating func text() throws(Malformed) -> String {
        let part = try lengthPrefixed()
        guard let text = String(validating: part.bindMemory(to: UInt8.self), as: UTF8.self) else {
            throw malformed(.text)
        }
        return text
    }

    mutating func blob() throws(Malformed) -> [UInt8] {
        [UInt8](try lengthPrefixed())
    }

    private mutating func lengthPrefixed() throws(Malformed) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard length <= UInt64(bytes.count - position) else { throw malformed(.truncated) }
        let part = UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
        position += part.count
        return part
    }
}
