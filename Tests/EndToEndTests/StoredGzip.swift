/// A gzip file whose blocks are stored uncompressed (RFC 1951, 3.2.4; RFC 1952): enough to be one.
func storedGzip(_ content: [UInt8]) -> [UInt8] {
    var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var rest = content[...]
    repeat {
        let block = rest.prefix(0xFFFF)
        rest = rest.dropFirst(block.count)
        let length = UInt16(block.count)
        file.append(rest.isEmpty ? 1 : 0)
        file += [UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)]
        file += block
    } while !rest.isEmpty
    for word in [checksum(content), UInt32(truncatingIfNeeded: content.count)] {
        for shift in stride(from: 0, to: 32, by: 8) { file.append(UInt8(truncatingIfNeeded: word >> UInt32(shift))) }
    }
    return file
}

/// CRC-32 as gzip has it.
private func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}
