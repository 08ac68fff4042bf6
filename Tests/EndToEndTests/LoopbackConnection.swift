import Foundation

/// No answer came: the server is not there, or it went away before it had answered. What was asked for may be done.
struct ConnectionLost: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// One HTTP/1.1 connection to a server on this machine. It blocks, tries nothing twice and hides nothing: what a test
/// has to know about a request is whether an answer came.
final class LoopbackConnection {
    private let descriptor: Int32
    private var received: [UInt8] = []
    let port: Int

    init(port: Int, timeout seconds: Int = 20) throws(ConnectionLost) {
        self.port = port
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw ConnectionLost(String(cString: strerror(errno))) }
        var wait = timeval(tv_sec: seconds, tv_usec: 0)
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = Self.loopback(port: port)
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        // Everything is initialized: what has to be closed, deinit closes.
        guard status == 0 else { throw ConnectionLost(String(cString: strerror(errno))) }
    }

    deinit { close(descriptor) }

    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port).bigEndian)
        address.sin_addr = in_addr(s_addr: inet_addr("127.0.0.1"))
        return address
    }

    func send(_ text: String) throws(ConnectionLost) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw ConnectionLost(String(cString: strerror(errno))) }
            rest = rest.dropFirst(count)
        }
    }

    /// The next answer, in full; of a stream of events, which has no end, only the head.
    func answer() throws(ConnectionLost) -> Answer {
        var head: Int?
        while head == nil {
            head = Self.endOfHead(received)
            if head == nil { try receive() }
        }
        let end = head ?? 0
        let lines = String(decoding: received[..<end], as: UTF8.self).components(separatedBy: "\r\n")
        let status = lines.first.flatMap { Int($0.split(separator: " ").dropFirst().first ?? "") }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let isStream = headers["content-type"] == "text/event-stream"
        guard let status, let length = isStream ? 0 : headers["content-length"].flatMap({ Int($0) }) else {
            throw ConnectionLost("this is no answer: \(lines)")
        }
        while received.count < end + 4 + length { try receive() }
        let body = Array(received[(end + 4)..<(end + 4 + length)])
        received.removeFirst(end + 4 + length)
        return Answer(status: status, headers: headers, body: body)
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first {
            bytes[$0] == 0x0D && bytes[$0 + 1] == 0x0A && bytes[$0 + 2] == 0x0D && bytes[$0 + 3] == 0x0A
        }
    }

    private func receive() throws(ConnectionLost) {
        let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { received.append(contentsOf: buffer.prefix(count)) }
            return count
        }
        guard count > 0 else { throw ConnectionLost(count == 0 ? "closed" : String(cString: strerror(errno))) }
    }
}

/// What a server answered.
struct Answer: Sendable {
    var status: Int
    /// By names in small letters.
    var headers: [String: String]
    var body: [UInt8]

    func json() throws -> JSON { try JSON(body) }
    var text: String { String(decoding: body, as: UTF8.self) }
    var isReplay: Bool { headers["idempotent-replayed"] == "true" }
}

/// A caller with a key, on one connection.
final class Caller {
    private let connection: LoopbackConnection
    private let key: String?

    init(port: Int, key: String?) throws(ConnectionLost) {
        connection = try LoopbackConnection(port: port)
        self.key = key
    }

    func get(_ target: String) throws(ConnectionLost) -> Answer {
        try connection.send("GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(authorization)\r\n")
        return try connection.answer()
    }

    func post(_ target: String, _ body: String, idempotencyKey: String) throws(ConnectionLost) -> Answer {
        try connection.send(head("POST", target, length: body.utf8.count, idempotencyKey: idempotencyKey) + body)
        return try connection.answer()
    }

    func send(_ text: String) throws(ConnectionLost) { try connection.send(text) }
    func answer() throws(ConnectionLost) -> Answer { try connection.answer() }

    func head(_ method: String, _ target: String, length: Int, idempotencyKey: String) -> String {
        """
        \(method) \(target) HTTP/1.1\r
        Host: 127.0.0.1\r
        \(authorization)Idempotency-Key: \(idempotencyKey)\r
        Content-Type: application/json\r
        Content-Length: \(length)\r
        \r\n
        """
    }

    private var authorization: String { key.map { "Authorization: Bearer \($0)\r\n" } ?? "" }
}
