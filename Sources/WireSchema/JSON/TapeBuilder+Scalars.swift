extension TapeBuilder {
    @inline(__always)
    mutating func skipWhiteSpace() {
        while at < end {
            let byte = bytes[at]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            at &+= 1
        }
    }

    /// The next byte that is not white space; it is not consumed.
    @inline(__always)
    mutating func significantByte() throws(JSONFailure) -> UInt8 {
        skipWhiteSpace()
        guard at < end else { throw JSONFailure(code: .unexpectedEnd, offset: end) }
        return bytes[at]
    }

    /// Why the byte at `at` can't stand there.
    func unexpected() -> JSONFailure {
        if bytes[at] == 0 { return JSONFailure(code: .nulCharacter, offset: at) }
        let isText = ByteScanning.sequenceLength(bytes, at, end: end) > 0
        return JSONFailure(code: isText ? .unexpectedByte : .invalidUTF8, offset: at)
    }

    func refuseByteOrderMark() throws(JSONFailure) {
        let isUTF8 = end >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
        let isUTF16 = end >= 2 && (bytes[0] == 0xFE && bytes[1] == 0xFF || bytes[0] == 0xFF && bytes[1] == 0xFE)
        if isUTF8 || isUTF16 { throw JSONFailure(code: .byteOrderMark, offset: 0) }
    }

    /// `at` is on the opening quote; afterwards it is behind the closing one.
    mutating func readString() throws(JSONFailure) {
        let start = at &+ 1
        var index = start
        var flags: JSONNode.Flags = []
        while true {
            while index &+ 8 <= end {
                let word = ByteScanning.load(bytes, index)
                let stop = ByteScanning.needsEscape(word) | (word & ByteScanning.highs)
                if stop != 0 {
                    index &+= ByteScanning.firstByte(stop)
                    break
                }
                index &+= 8
            }
            guard index < end else { throw JSONFailure(code: .unexpectedEnd, offset: end) }
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                flags.insert(.escaped)
                index = try skipEscape(index)
            } else if byte >= 0x80 {
                flags.insert(.nonASCII)
                let length = ByteScanning.sequenceLength(bytes, index, end: end)
                guard length > 0 else { throw JSONFailure(code: .invalidUTF8, offset: index) }
                index &+= length
            } else if byte < 0x20 {
                throw JSONFailure(code: byte == 0 ? .nulCharacter : .controlCharacter, offset: index)
            } else {
                index &+= 1
            }
        }
        try append(.string, flags, start: start, length: index &- start)
        at = index &+ 1
    }

    /// Checks the escape that begins at `index`.
    /// - Returns: the position behind it, and behind both halves of a surrogate pair.
    private func skipEscape(_ index: Int) throws(JSONFailure) -> Int {
        guard index &+ 1 < end else { throw JSONFailure(code: .unexpectedEnd, offset: end) }
        switch bytes[index &+ 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index &+ 2
        case UInt8(ascii: "u"):
            let unit = try hexUnit(index)
            if unit == 0, !options.allowsEscapedNUL { throw JSONFailure(code: .nulCharacter, offset: index) }
            guard unit & 0xF800 == 0xD800 else { return index &+ 6 }
            guard unit < 0xDC00, index &+ 7 < end, bytes[index &+ 6] == UInt8(ascii: "\\"),
                bytes[index &+ 7] == UInt8(ascii: "u"), try hexUnit(index &+ 6) & 0xFC00 == 0xDC00
            else { throw JSONFailure(code: .loneSurrogate, offset: index) }
            return index &+ 12
        default:
            throw JSONFailure(code: .invalidEscape, offset: index)
        }
    }

    /// The value of the `\uXXXX` at `index`.
    private func hexUnit(_ index: Int) throws(JSONFailure) -> UInt32 {
        guard index &+ 6 <= end else { throw JSONFailure(code: .unexpectedEnd, offset: end) }
        guard let unit = JSONText.hexUnit(bytes + (index &+ 2)) else {
            throw JSONFailure(code: .invalidEscape, offset: index)
        }
        return unit
    }

    /// `at` is on the sign or the first digit; afterwards it is behind the number.
    mutating func readNumber() throws(JSONFailure) {
        let start = at
        var index = at
        var flags: JSONNode.Flags = []
        if bytes[index] == UInt8(ascii: "-") { index &+= 1 }
        let whole = index
        index = try skipDigits(index)
        if index &- whole > 1, bytes[whole] == UInt8(ascii: "0") {
            throw JSONFailure(code: .invalidNumber, offset: start)
        }
        if index < end, bytes[index] == UInt8(ascii: ".") {
            flags.insert(.notInteger)
            index = try skipDigits(index &+ 1)
        }
        if index < end, bytes[index] | 0x20 == UInt8(ascii: "e") {
            flags.insert(.notInteger)
            index &+= 1
            if index < end, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index &+= 1 }
            index = try skipDigits(index)
        }
        try append(.number, flags, start: start, length: index &- start)
        at = index
    }

    /// At least one digit must follow.
    @inline(__always)
    private func skipDigits(_ from: Int) throws(JSONFailure) -> Int {
        var index = from
        while index < end, bytes[index] &- UInt8(ascii: "0") < 10 { index &+= 1 }
        guard index > from else {
            guard index < end else { throw JSONFailure(code: .unexpectedEnd, offset: end) }
            throw JSONFailure(code: .invalidNumber, offset: at)
        }
        return index
    }
}
