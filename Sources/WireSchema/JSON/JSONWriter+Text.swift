extension JSONWriter {
    /// A string, with the escapes that JSON demands and no others.
    public mutating func string(_ value: String) {
        if value.utf8.withContiguousStorageIfAvailable({ string($0) }) == nil {
            var copy = value
            copy.withUTF8 { string($0) }
        }
    }

    /// A string from a literal.
    public mutating func string(_ value: StaticString) {
        string(UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    /// A string from valid UTF-8.
    public mutating func string(_ text: UnsafeBufferPointer<UInt8>) {
        let comma = needsComma ? 1 : 0
        let plain = Self.plainPrefix(of: text, from: 0)
        sink.write(atMost: plain &+ 3) { room in
            // The comma is overwritten by the quote when none is due.
            room[0] = UInt8(ascii: ",")
            room[comma] = UInt8(ascii: "\"")
            if let source = text.baseAddress { (room + comma + 1).update(from: source, count: plain) }
            guard plain == text.count else { return comma &+ 1 &+ plain }
            room[comma &+ 1 &+ plain] = UInt8(ascii: "\"")
            return comma &+ 2 &+ plain
        }
        if plain < text.count { finishEscaped(text, from: plain) }
    }

    @inline(never)
    private mutating func finishEscaped(_ text: UnsafeBufferPointer<UInt8>, from: Int) {
        var index = from
        while index < text.count {
            let plain = Self.plainPrefix(of: text, from: index)
            sink.append(UnsafeBufferPointer(rebasing: text[index..<index + plain]))
            index += plain
            if index < text.count {
                sink.write(atMost: 6) { Self.escape(text[index], into: $0) }
                index += 1
            }
        }
        sink.append(UInt8(ascii: "\""))
    }

    /// How many bytes from `from` on need no escape.
    @inline(__always)
    private static func plainPrefix(of text: UnsafeBufferPointer<UInt8>, from: Int) -> Int {
        guard let base = text.baseAddress else { return 0 }
        var index = from
        while index &+ 8 <= text.count {
            let stop = ByteScanning.needsEscape(ByteScanning.load(base, index))
            if stop != 0 { return index &+ ByteScanning.firstByte(stop) &- from }
            index &+= 8
        }
        while index < text.count {
            let byte = base[index]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            index &+= 1
        }
        return index &- from
    }

    private static func escape(_ byte: UInt8, into room: UnsafeMutablePointer<UInt8>) -> Int {
        room[0] = UInt8(ascii: "\\")
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): room[1] = byte
        case 0x08: room[1] = UInt8(ascii: "b")
        case 0x09: room[1] = UInt8(ascii: "t")
        case 0x0A: room[1] = UInt8(ascii: "n")
        case 0x0C: room[1] = UInt8(ascii: "f")
        case 0x0D: room[1] = UInt8(ascii: "r")
        default:
            let low = byte & 0x0F
            room[1] = UInt8(ascii: "u")
            room[2] = UInt8(ascii: "0")
            room[3] = UInt8(ascii: "0")
            room[4] = UInt8(ascii: "0") &+ byte >> 4
            room[5] = low < 10 ? UInt8(ascii: "0") &+ low : UInt8(ascii: "a") &+ low &- 10
            return 6
        }
        return 2
    }
}
