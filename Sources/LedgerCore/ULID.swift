/// A 128-bit identifier whose order is the order of the ledger: 48 bits of milliseconds since 1970, then 80 bits that
/// are random for the first id of a millisecond and count up within it (the ULID specification's monotonic form).
///
/// Its text is 26 characters of Crockford's base 32; on the wire a type prefix stands before it (`mov_01J9X…`).
public struct ULID: Hashable, Comparable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public static let zero = ULID(high: 0, low: 0)

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An id of the given moment. `random` supplies the 80 low bits: 16 in `random.0`, 64 in `random.1`.
    public init(at instant: Instant, random: (UInt16, UInt64)) {
        let milliseconds = UInt64(clamping: instant.milliseconds) & 0xFFFF_FFFF_FFFF
        self.high = milliseconds << 16 | UInt64(random.0)
        self.low = random.1
    }

    /// The next larger id. Wraps at the end of the 128-bit space, which the clock reaches in the year 10889.
    public var successor: ULID {
        let (low, carry) = self.low.addingReportingOverflow(1)
        return ULID(high: carry ? high &+ 1 : high, low: low)
    }

    /// The instant that the id carries, a label and nothing more.
    public var instant: Instant { Instant(milliseconds: Int64(high >> 16)) }

    public static func < (lhs: ULID, rhs: ULID) -> Bool {
        lhs.high != rhs.high ? lhs.high < rhs.high : lhs.low < rhs.low
    }
}

extension ULID {
    private static let alphabet: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    /// Reads the 26-character text, upper or lower case. Anything else, or a value over 128 bits, is nil.
    public init?(_ text: some StringProtocol) {
        self.init(decoding: text.utf8)
    }

    /// Reads the 26 characters from their bytes.
    public init?(decoding bytes: some Sequence<UInt8>) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var count = 0
        for byte in bytes {
            guard let digit = ULID.digit(byte) else { return nil }
            // 26 digits carry 130 bits: the first may not exceed 7.
            if count == 0 && digit > 7 { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | digit
            count += 1
            if count > 26 { return nil }
        }
        guard count == 26 else { return nil }
        self.init(high: high, low: low)
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: return UInt64(byte - 0x30)
        case 0x41...0x5A, 0x61...0x7A:
            // I, L, O and U are not digits; the letters before them shift the count.
            switch byte & 0xDF {
            case 0x41...0x48: return UInt64((byte & 0xDF) - 0x41 + 10)
            case 0x4A...0x4B: return UInt64((byte & 0xDF) - 0x4A + 18)
            case 0x4D...0x4E: return UInt64((byte & 0xDF) - 0x4D + 20)
            case 0x50...0x54: return UInt64((byte & 0xDF) - 0x50 + 22)
            case 0x56...0x5A: return UInt64((byte & 0xDF) - 0x56 + 27)
            default: return nil
            }
        default: return nil
        }
    }

    /// Writes the 26 characters of the text to the first places of `room`, which must have that many.
    public func write(to room: UnsafeMutableBufferPointer<UInt8>) {
        ULID.alphabet.withUTF8Buffer { alphabet in
            // The low word holds twelve digits and four bits; the thirteenth digit takes one bit of the high word.
            var bits = low
            for place in stride(from: 25, through: 14, by: -1) {
                room[place] = alphabet[Int(truncatingIfNeeded: bits & 31)]
                bits >>= 5
            }
            room[13] = alphabet[Int(truncatingIfNeeded: (bits | high << 4) & 31)]
            bits = high >> 1
            for place in stride(from: 12, through: 0, by: -1) {
                room[place] = alphabet[Int(truncatingIfNeeded: bits & 31)]
                bits >>= 5
            }
        }
    }

    /// Appends the 26 characters of the text to `bytes`.
    public func appendText(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 26) { room in
            write(to: room)
            bytes.append(contentsOf: room)
        }
    }

    /// The 26 characters of the text.
    public var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(26)
        appendText(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
