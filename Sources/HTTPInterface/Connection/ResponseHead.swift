internal import NIOCore
internal import NIOHTTP1

/// The wire form of a response. Everything that does not depend on the response is made once.
enum ResponseHead {
    static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)
    private static let contentLength = Array("Content-Length: ".utf8)
    private static let chunkedCoding = Array("Transfer-Encoding: chunked\r\n".utf8)
    private static let connectionClose = Array("Connection: close\r\n".utf8)
    private static let connectionKeepAlive = Array("Connection: keep-alive\r\n".utf8)
    private static let lastChunk = Array("0\r\n\r\n".utf8)
    private static let lineEnd = Array("\r\n".utf8)

    /// `HTTP/1.1 200 OK\r\n` at index 200 − 100, and so on for 100…599.
    private static let statusLines: [[UInt8]] = (100...599).map { code in
        Array("HTTP/1.1 \(code) \(HTTPResponseStatus(statusCode: code).reasonPhrase)\r\n".utf8)
    }

    /// `Content-Type: …\r\n` by the raw value of `ContentKind`.
    private static let contentTypes: [[UInt8]] = (0...6).map { (raw: UInt8) in
        guard let kind = ContentKind(rawValue: raw), kind != .none else { return [] }
        return Array("Content-Type: \(kind.headerValue)\r\n".utf8)
    }

    /// What a request asks of the form of its response.
    struct Form {
        /// HEAD: the length is told, the bytes are not sent.
        var omitsBody: Bool
        /// HTTP/1.0 and asked to be kept alive: it must be told so.
        var announcesKeepAlive: Bool
        /// HTTP/1.1: a body of unknown length comes in chunks. Else its end is that of the connection.
        var knowsChunks = true
    }

    /// Appends the whole response. `dateLine` is `Date: …\r\n`.
    static func write(
        _ response: OutgoingResponse, form: Form, closes: Bool, dateLine: [UInt8], to buffer: inout ByteBuffer
    ) {
        // A status out of range would be a bug above us; it must not become one of framing.
        let status = (200...599).contains(response.status) ? response.status : 500
        let bodyless = status == 204 || status == 304
        buffer.reserveCapacity(minimumWritableBytes: 256 + response.headerBlock.count + response.body.count)
        buffer.writeBytes(statusLines[status - 100])
        buffer.writeBytes(dateLine)
        if !bodyless {
            let type = Int(response.contentKind.rawValue)
            if type < contentTypes.count { buffer.writeBytes(contentTypes[type]) }
            if !response.isStreamed {
                buffer.writeBytes(contentLength)
                writeDecimal(response.body.count, to: &buffer)
                buffer.writeBytes(lineEnd)
            } else if form.knowsChunks {
                buffer.writeBytes(chunkedCoding)
            }
        }
        if closes {
            buffer.writeBytes(connectionClose)
        } else if form.announcesKeepAlive {
            buffer.writeBytes(connectionKeepAlive)
        }
        buffer.writeBytes(response.headerBlock)
        buffer.writeBytes(lineEnd)
        if !bodyless && !form.omitsBody { buffer.writeBytes(response.body) }
    }

    /// Appends bytes of a streamed body, as a chunk of its own where the peer knows chunks.
    static func write(_ pieces: [[UInt8]], form: Form, to buffer: inout ByteBuffer) {
        let count = pieces.reduce(0) { $0 + $1.count }
        // A chunk of no bytes would be the end.
        guard count > 0 else { return }
        buffer.reserveCapacity(minimumWritableBytes: count + 24)
        if form.knowsChunks {
            buffer.writeString(String(count, radix: 16))
            buffer.writeBytes(lineEnd)
        }
        for piece in pieces { buffer.writeBytes(piece) }
        if form.knowsChunks { buffer.writeBytes(lineEnd) }
    }

    /// Appends the end of a streamed body; without chunks that is the end of the connection.
    static func writeEnd(form: Form, to buffer: inout ByteBuffer) {
        if form.knowsChunks { buffer.writeBytes(lastChunk) }
    }

    private static func writeDecimal(_ value: Int, to buffer: inout ByteBuffer) {
        var divisor = 1
        while value / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            buffer.writeInteger(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}

/// The `Date` line of one event loop, made anew once a second.
struct DateLine {
    private var bytes: [UInt8] = []
    private var expires: UInt64 = 0

    /// `now` is monotonic; the wall clock is read only when the line is out of date.
    mutating func bytes(now: UInt64) -> [UInt8] {
        if now >= expires {
            let milliseconds = RequestClock.wallMilliseconds()
            bytes = DateLine.make(secondsSince1970: milliseconds / 1000)
            expires = now &+ UInt64(1000 - max(0, milliseconds % 1000)) * 1_000_000
        }
        return bytes
    }

    /// RFC 9110 §5.6.7: `Date: Sun, 06 Nov 1994 08:49:37 GMT`.
    static func make(secondsSince1970: Int64) -> [UInt8] {
        let date = CalendarDate(secondsSince1970: secondsSince1970)
        let weekdays: StaticString = "SunMonTueWedThuFriSat"
        let months: StaticString = "JanFebMarAprMayJunJulAugSepOctNovDec"
        var line: [UInt8] = []
        line.reserveCapacity(37)
        line.append(text: "Date: ")
        weekdays.withUTF8Buffer { line.append(contentsOf: $0[date.weekday * 3..<date.weekday * 3 + 3]) }
        line.append(text: ", ")
        line.append(decimal: date.day, digits: 2)
        line.append(0x20)
        months.withUTF8Buffer { line.append(contentsOf: $0[(date.month - 1) * 3..<date.month * 3]) }
        line.append(0x20)
        line.append(decimal: date.year, digits: 4)
        line.append(0x20)
        line.append(decimal: date.hour, digits: 2)
        line.append(0x3A)
        line.append(decimal: date.minute, digits: 2)
        line.append(0x3A)
        line.append(decimal: date.second, digits: 2)
        line.append(text: " GMT\r\n")
        return line
    }
}
