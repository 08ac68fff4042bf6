internal import CZlib

/// The content of a gzip stream, inflated as it is asked for. Any number of members one after the other; each one's CRC
/// and length are checked. Zero bytes after the last member are padding, anything else there is a fault.
package final class GzipBytes: ByteSource {
    private let compressed: any ByteSource
    /// On the heap because zlib keeps pointers to it.
    private let stream: UnsafeMutablePointer<z_stream>
    /// On the heap for the same reason: `next_in` points into it between calls.
    private let input: UnsafeMutableRawBufferPointer
    private var inputEnded = false
    private var memberEnded = false
    private var ended = false

    /// Nil when zlib gets no memory.
    package init?(compressed: any ByteSource, chunk: Int = 1 << 16) {
        self.compressed = compressed
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: max(chunk, 1), alignment: 16)
        // 15 is the largest window; 16 more asks for the gzip wrapper with its checks.
        guard inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    package var position: Int64 { compressed.position - Int64(stream.pointee.avail_in) }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(InputFault) -> Int {
        let room = min(buffer.count, 1 << 30)
        stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        while !ended {
            if stream.pointee.avail_in == 0 { try refill() }
            if memberEnded, try !startNextMember() { break }
            let result = inflate(stream, Z_NO_FLUSH)
            let produced = room - Int(stream.pointee.avail_out)
            switch result {
            case Z_STREAM_END: memberEnded = true
            case Z_OK: break
            case Z_BUF_ERROR where inputEnded: throw InputFault("the gzip stream is truncated")
            case Z_BUF_ERROR: break
            default: throw InputFault("the gzip stream is corrupt: \(message ?? "code \(result)")")
            }
            if produced > 0 { return produced }
        }
        return 0
    }

    private func refill() throws(InputFault) {
        guard !inputEnded else {
            if !memberEnded { throw InputFault("the gzip stream is truncated") }
            return
        }
        let count = try compressed.read(into: input)
        inputEnded = count == 0
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(count)
        if inputEnded, !memberEnded { throw InputFault("the gzip stream is truncated") }
    }

    /// After a member: false at the end of the input or in its padding.
    private func startNextMember() throws(InputFault) -> Bool {
        while true {
            while stream.pointee.avail_in > 0, let next = stream.pointee.next_in {
                if next.pointee != 0 {
                    guard next.pointee == 0x1F else { throw InputFault("something else follows the gzip stream") }
                    inflateReset(stream)
                    memberEnded = false
                    return true
                }
                stream.pointee.next_in = next + 1
                stream.pointee.avail_in -= 1
            }
            if inputEnded {
                ended = true
                return false
            }
            try refill()
        }
    }

    private var message: String? {
        stream.pointee.msg.map { String(cString: $0) }
    }
}
