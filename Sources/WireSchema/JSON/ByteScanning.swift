/// Tests on eight bytes at once. In each result the lowest set high bit marks the first byte that matches; bits above
/// it may be false alarms, since a borrow can run upwards, so only the lowest may be used.
enum ByteScanning {
    static let ones: UInt64 = 0x0101_0101_0101_0101
    static let highs: UInt64 = 0x8080_8080_8080_8080

    @inline(__always)
    static func load(_ bytes: UnsafePointer<UInt8>, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(bytes + offset).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & highs
    }

    @inline(__always)
    static func below(_ word: UInt64, _ bound: UInt8) -> UInt64 {
        (word &- (ones &* UInt64(bound))) & ~word & highs
    }

    /// Bytes that end a run of plain characters in a JSON string: quote, backslash, control characters.
    @inline(__always)
    static func needsEscape(_ word: UInt64) -> UInt64 {
        equal(word, UInt8(ascii: "\"")) | equal(word, UInt8(ascii: "\\")) | below(word, 0x20)
    }

    @inline(__always)
    static func firstByte(_ mask: UInt64) -> Int { mask.trailingZeroBitCount >> 3 }

    /// Whether two runs of `count` bytes are equal.
    @inline(__always)
    static func equal(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, count: Int) -> Bool {
        var offset = 0
        while offset &+ 8 <= count {
            if load(left, offset) != load(right, offset) { return false }
            offset &+= 8
        }
        while offset < count {
            if left[offset] != right[offset] { return false }
            offset &+= 1
        }
        return true
    }

    /// Whether `left` stands before `right` when bytes are compared one by one, a prefix first.
    static func precedes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Bool {
        left.lexicographicallyPrecedes(right)
    }

    /// Counts Unicode scalars in valid UTF-8.
    static func scalarCount(_ text: UnsafeBufferPointer<UInt8>) -> Int {
        var count = 0
        for byte in text where byte & 0xC0 != 0x80 { count &+= 1 }
        return count
    }

    /// The length of the well-formed UTF-8 sequence that begins at `offset`, or 0 when there is none
    /// (Unicode 15, table 3-7: no overlong form, no surrogate, nothing above U+10FFFF).
    static func sequenceLength(_ bytes: UnsafePointer<UInt8>, _ offset: Int, end: Int) -> Int {
        let first = bytes[offset]
        let length: Int
        var lowest: UInt8 = 0x80
        var highest: UInt8 = 0xBF
        switch first {
        case 0..<0x80: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { lowest = 0xA0 }
            if first == 0xED { highest = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { lowest = 0x90 }
            if first == 0xF4 { highest = 0x8F }
        default: return 0
        }
        guard end &- offset >= length, bytes[offset &+ 1] >= lowest, bytes[offset &+ 1] <= highest else { return 0 }
        for step in 2..<4 where step < length {
            if bytes[offset &+ step] & 0xC0 != 0x80 { return 0 }
        }
        return length
    }
}
