/// Escapes of JSON strings.
enum JSONText {
    /// The value of four hex digits, or nil.
    static func hexUnit(_ digits: UnsafePointer<UInt8>) -> UInt32? {
        var unit: UInt32 = 0
        for index in 0..<4 {
            let byte = digits[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte &- UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte &- UInt8(ascii: "a") &+ 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte &- UInt8(ascii: "A") &+ 10
            default: return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    /// Resolves the escapes of a string that the reader has checked.
    /// - Parameter output: room for `text.count` bytes; the result is never longer than its escaped form.
    /// - Returns: the bytes written.
    static func unescape(_ text: UnsafeBufferPointer<UInt8>, into output: UnsafeMutablePointer<UInt8>) -> Int {
        guard let input = text.baseAddress else { return 0 }
        var from = 0
        var to = 0
        while from < text.count {
            let byte = input[from]
            guard byte == UInt8(ascii: "\\") else {
                output[to] = byte
                from &+= 1
                to &+= 1
                continue
            }
            let letter = input[from &+ 1]
            guard letter == UInt8(ascii: "u") else {
                output[to] = character(letter)
                from &+= 2
                to &+= 1
                continue
            }
            var scalar = hexUnit(input + (from &+ 2)) ?? 0xFFFD
            from &+= 6
            if scalar & 0xFC00 == 0xD800 {
                let low = hexUnit(input + (from &+ 2)) ?? 0xDC00
                scalar = 0x1_0000 &+ ((scalar & 0x3FF) << 10 | (low & 0x3FF))
                from &+= 6
            }
            to &+= encode(scalar, into: output + to)
        }
        return to
    }

    private static func character(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }

    private static func encode(_ scalar: UInt32, into output: UnsafeMutablePointer<UInt8>) -> Int {
        func tail(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | (scalar >> shift & 0x3F)) }
        switch scalar {
        case 0..<0x80:
            output[0] = UInt8(truncatingIfNeeded: scalar)
            return 1
        case 0x80..<0x800:
            output[0] = UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
            output[1] = tail(0)
            return 2
        case 0x800..<0x1_0000:
            output[0] = UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
            output[1] = tail(6)
            output[2] = tail(0)
            return 3
        default:
            output[0] = UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
            output[1] = tail(12)
            output[2] = tail(6)
            output[3] = tail(0)
            return 4
        }
    }
}
