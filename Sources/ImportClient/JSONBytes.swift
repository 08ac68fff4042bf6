#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A growing stretch of bytes that JSON is written into. Memory of its own, so that an append is a copy and a
/// comparison, with neither reference counts nor uniqueness checks in between.
package struct JSONBytes: ~Copyable {
    private var start: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    package private(set) var count = 0

    package init(capacity: Int) {
        self.capacity = max(capacity, 64)
        start = .allocate(capacity: self.capacity)
    }

    deinit {
        start.deallocate()
    }

    /// What has been written. Valid until the next append.
    package var bytes: Bytes { Bytes(start: start, count: count) }

    /// Forgets everything after the first `count` bytes.
    package mutating func truncate(to count: Int) {
        self.count = min(max(count, 0), self.count)
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        memcpy(moved, start, count)
        start.deallocate()
        start = moved
        capacity = larger
    }

    /// A literal that is JSON already.
    package mutating func append(_ literal: StaticString) {
        append(raw: Bytes(literal))
    }

    /// Bytes that are JSON already.
    package mutating func append(raw bytes: Bytes) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        memcpy(start + count, source, bytes.count)
        count += bytes.count
    }

    /// One byte, as it is.
    package mutating func append(byte: UInt8) {
        reserve(1)
        start[count] = byte
        count += 1
    }

    /// A JSON number.
    package mutating func append(number: Int64) {
        reserve(20)
        var rest = number.magnitude
        var digits = 1
        var limit: UInt64 = 10
        while digits < 19, rest >= limit {
            digits += 1
            limit *= 10
        }
        if number < 0 {
            start[count] = 0x2D
            count += 1
        }
        var at = count + digits
        count = at
        repeat {
            at -= 1
            start[at] = 0x30 + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
    }

    /// A string with its quotes. `text` is valid UTF-8.
    package mutating func append(string text: Bytes) {
        // The worst byte becomes six: \u001f.
        reserve(text.count * 6 + 2)
        start[count] = 0x22
        count += 1
        for byte in text {
            if byte >= 0x20, byte != 0x22, byte != 0x5C {
                start[count] = byte
                count += 1
            } else {
                escape(byte)
            }
        }
        start[count] = 0x22
        count += 1
    }

    /// A JSON string: quoted and escaped.
    package mutating func append(string text: String) {
        var text = text
        text.withUTF8 { append(string: $0) }
    }

    /// A member's name with what stands before it, and its value as a string; nothing when that is empty.
    @inline(__always)
    package mutating func append(_ name: StaticString, unlessEmpty value: Bytes) {
        guard !value.isEmpty else { return }
        append(name)
        append(string: value)
    }

    /// A decimal in plain notation, 0 or more, as a JSON number: those have no zeros in front.
    package mutating func append(decimal text: Bytes) {
        var first = 0
        while first + 1 < text.count, text[first] == 0x30, text[first + 1] != 0x2E { first += 1 }
        append(raw: Bytes(rebasing: text[first...]))
    }

    /// Room has been made by the caller.
    private mutating func escape(_ byte: UInt8) {
        start[count] = 0x5C
        switch byte {
        case 0x22, 0x5C: start[count + 1] = byte
        case 0x0A: start[count + 1] = 0x6E
        case 0x0D: start[count + 1] = 0x72
        case 0x09: start[count + 1] = 0x74
        default:
            let low = byte & 0xF
            start[count + 1] = 0x75
            start[count + 2] = 0x30
            start[count + 3] = 0x30
            start[count + 4] = 0x30 + (byte >> 4)
            start[count + 5] = low < 10 ? 0x30 + low : 0x57 + low
            count += 6
            return
        }
        count += 2
    }
}
