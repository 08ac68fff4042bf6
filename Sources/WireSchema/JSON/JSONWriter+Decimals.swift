extension JSONWriter {
    /// How many micro-units make one unit.
    static let micro: UInt64 = 1_000_000

    /// Micro-units as a string with exactly six decimals: 2500000 is `"2.500000"`.
    public mutating func decimalString(micro value: Int64) {
        beginValue()
        sink.write(atMost: DecimalDigits.longest &+ 10) { room in
            room[0] = UInt8(ascii: "\"")
            let written = Self.writeFixed(value, to: room + 1)
            room[1 &+ written] = UInt8(ascii: "\"")
            return written &+ 2
        }
    }

    /// Micro-units as a number with two to six decimals: 15500000 is `15.50`, 15123000 is `15.123`.
    public mutating func decimalNumber(micro value: Int64) {
        beginValue()
        sink.write(atMost: DecimalDigits.longest &+ 8) { room in
            var written = Self.writeFixed(value, to: room)
            var decimals = 6
            while decimals > 2, room[written &- 1] == UInt8(ascii: "0") {
                written &-= 1
                decimals &-= 1
            }
            return written
        }
    }

    @inline(__always)
    private static func writeFixed(_ value: Int64, to room: UnsafeMutablePointer<UInt8>) -> Int {
        var at = 0
        if value < 0 {
            room[0] = UInt8(ascii: "-")
            at = 1
        }
        let (units, rest) = value.magnitude.quotientAndRemainder(dividingBy: micro)
        at &+= DecimalDigits.write(units, to: room + at)
        room[at] = UInt8(ascii: ".")
        DecimalDigits.write(rest, digits: 6, to: room + at + 1)
        return at &+ 7
    }
}
