/// Integers as decimal digits, two at a time.
enum DecimalDigits {
    /// The longest result: 2^64 - 1.
    static let longest = 20

    private static let pairs: StaticString = """
        0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
        5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899
        """

    @inline(__always)
    static func count(_ value: UInt64) -> Int {
        var bound: UInt64 = 10
        var digits = 1
        while digits < longest, value >= bound {
            digits &+= 1
            // Past 10^19 the next bound does not fit; by then `digits` ends the loop.
            bound = bound &* 10
        }
        return digits
    }

    /// - Returns: the bytes written, at most ``longest``.
    @inline(__always)
    static func write(_ value: UInt64, to output: UnsafeMutablePointer<UInt8>) -> Int {
        let digits = count(value)
        write(value, digits: digits, to: output)
        return digits
    }

    /// Writes exactly `digits` digits, with zeros in front.
    @inline(__always)
    static func write(_ value: UInt64, digits: Int, to output: UnsafeMutablePointer<UInt8>) {
        let table = pairs.utf8Start
        var rest = value
        var place = digits
        while place >= 2 {
            let pair = Int(rest % 100) &* 2
            rest /= 100
            place &-= 2
            output[place] = table[pair]
            output[place &+ 1] = table[pair &+ 1]
        }
        if place == 1 { output[0] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10) }
    }

    /// - Returns: the bytes written, at most ``longest`` and a sign.
    @inline(__always)
    static func write(_ value: Int64, to output: UnsafeMutablePointer<UInt8>) -> Int {
        guard value < 0 else { return write(value.magnitude, to: output) }
        output[0] = UInt8(ascii: "-")
        return 1 &+ write(value.magnitude, to: output + 1)
    }
}
