internal import NIOCore

/// A request as it goes over the wire, in one piece.
struct RequestBytes {
    /// What the client writes itself, and what would change where the request ends.
    private static let reserved: Set<String> = [
        "host", "content-length", "content-type", "user-agent", "transfer-encoding", "connection", "expect", "trailer",
        "upgrade",
    ]

    private(set) var buffer: ByteBuffer

    /// - Throws: `DeliveryFailure.invalidRequest` for a header field that is malformed or the client's own. The
    ///   reason names the field and not its value, which may be a secret.
    init(
        _ request: DeliveryRequest, userAgent: String, contentType: String
    ) throws(DeliveryFailure) {
        let own = [
            (name: "Host", value: request.url.authority), (name: "User-Agent", value: userAgent),
            (name: "Content-Type", value: contentType), (name: "Content-Length", value: String(request.body.count)),
        ]
        buffer = ByteBufferAllocator().buffer(capacity: 512 + request.url.target.utf8.count + request.body.count)
        buffer.writeString("POST ")
        buffer.writeString(request.url.target)
        buffer.writeString(" HTTP/1.1\r\n")
        for (name, value) in own { try write(name, value) }
        for (name, value) in request.headers {
            if Self.reserved.contains(name.lowercased()) {
                throw .invalidRequest(reason: "the header field \(name) is the client's own")
            }
            try write(name, value)
        }
        buffer.writeString("\r\n")
        buffer.writeBytes(request.body)
    }

    private mutating func write(_ name: String, _ value: String) throws(DeliveryFailure) {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
            throw .invalidRequest(reason: "the name of a header field has characters that it must not have")
        }
        // Not a line break, nor anything else that some reader might take for one.
        guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 0x09 }) else {
            throw .invalidRequest(reason: "the header field \(name) has characters that it must not have")
        }
        buffer.writeString(name)
        buffer.writeString(": ")
        buffer.writeString(value)
        buffer.writeString("\r\n")
    }

    /// RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
        default: false
        }
    }
}
