import CZlib
import ImportClient
import Testing

@Suite("Inflating gzip")
struct GzipBytesTests {
    /// One gzip member.
    static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        var out = [UInt8](repeating: 0, count: bytes.count + 1024)
        let status = deflateInit2_(
            &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK)
        var input = bytes
        let count = input.withUnsafeMutableBufferPointer { input in
            out.withUnsafeMutableBufferPointer { out in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = out.baseAddress
                stream.avail_out = UInt32(out.count)
                let result = deflate(&stream, Z_FINISH)
                precondition(result == Z_STREAM_END)
                return out.count - Int(stream.avail_out)
            }
        }
        deflateEnd(&stream)
        return Array(out[..<count])
    }

    private func inflated(_ bytes: [UInt8], piece: Int, room: Int = 1000) throws -> [UInt8] {
        let source = try #require(GzipBytes(compressed: ScatteredBytes(bytes, sizes: { piece }), chunk: 64))
        var out: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: room)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
            if count == 0 { return out }
            out.append(contentsOf: buffer[..<count])
        }
    }

    private let content = Array((0..<5_000).map { "line \($0 % 97)\n" }.joined().utf8)

    @Test("the content comes back, in whatever pieces", arguments: [1, 7, 1000])
    func inflates(piece: Int) throws {
        #expect(try inflated(Self.compressed(content), piece: piece) == content)
        #expect(try inflated(Self.compressed([]), piece: piece) == [])
    }

    @Test("members follow each other, and zeros may follow the last", arguments: [1, 7, 1000])
    func members(piece: Int) throws {
        let both = Self.compressed(content) + Self.compressed([]) + Self.compressed(Array("end".utf8))
        #expect(try inflated(both, piece: piece) == content + Array("end".utf8))
        #expect(try inflated(both + [0, 0, 0], piece: piece) == content + Array("end".utf8))
    }

    @Test("a stream that is cut off anywhere is a fault, never a shorter file")
    func truncated() throws {
        let whole = Self.compressed(Array("some text that is long enough to be packed, packed, packed".utf8))
        for count in 0..<whole.count {
            #expect(throws: InputFault.self, "cut at \(count)") { try inflated(Array(whole[..<count]), piece: 3) }
        }
    }

    @Test("a wrong check sum, a wrong length and something else behind it are faults")
    func corrupt() {
        let whole = Self.compressed(content)
        for place in [whole.count - 1, whole.count - 5, whole.count / 2] {
            var bytes = whole
            bytes[place] ^= 0x55
            #expect(throws: InputFault.self, "changed at \(place)") { try inflated(bytes, piece: 100) }
        }
        #expect(throws: InputFault("something else follows the gzip stream")) {
            try inflated(whole + Array("more".utf8), piece: 100)
        }
    }
}
