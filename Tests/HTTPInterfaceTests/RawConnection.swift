import Glibc

/// A client that sends exactly the bytes it is given and shows exactly those that come back. Blocks; waits 5 s at most.
final class RawConnection {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    struct Response {
        var status: Int
        var headers: [(name: String, value: String)]
        var body: String

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    private var descriptor: Int32
    private var received: [UInt8] = []

    /// - Parameter receiveBuffer: bytes that the system takes in for a client that does not read; nil is its default.
    init(port: Int, receiveBuffer: Int32? = nil) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "no socket: \(errno)") }
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var noDelay: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            throw Failure(description: "connect: \(code)")
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        try bytes.withUnsafeBytes { buffer in
            while sent < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[sent...])
                let result = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                guard result > 0 else { throw Failure(description: "send: \(errno) after \(sent)") }
                sent += result
            }
        }
    }

    func closeSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// True: more has come. False: the server has closed in good order.
    private func fill() throws -> Bool {
        if pause > 0 { sleepMilliseconds(pause) }
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        lastError = count < 0 ? errno : 0
        if count < 0 { throw Failure(description: "recv: \(lastError)") }
        received.append(contentsOf: chunk[..<count])
        return count > 0
    }

    private var lastError: Int32 = 0
    private var pause = 0

    func pauseEveryRead(milliseconds: Int) { pause = milliseconds }

    /// The next bytes, up to and including `end`.
    func readThrough(_ end: String) throws -> String {
        let wanted = Array(end.utf8)
        while true {
            if let range = received.firstRange(of: wanted) {
                let text = String(decoding: received[..<range.upperBound], as: UTF8.self)
                received.removeSubrange(..<range.upperBound)
                return text
            }
            guard try fill() else {
                throw Failure(
                    description: "closed before \(end.debugDescription): \(String(decoding: received, as: UTF8.self))")
            }
        }
    }

    /// The next whole response. `omitsBody` for the one to HEAD.
    func readResponse(omitsBody: Bool = false) throws -> Response {
        let head = try readThrough("\r\n\r\n")
        var lines = head.split(separator: "\r\n").map(String.init)
        let statusLine = lines.removeFirst()
        guard statusLine.hasPrefix("HTTP/1.1 "), let status = Int(statusLine.dropFirst(9).prefix(3)) else {
            throw Failure(description: "not a status line: \(statusLine)")
        }
        let headers = lines.map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (name: String(line[..<colon]), value: String(line[colon...].dropFirst(2)))
        }
        var response = Response(status: status, headers: headers, body: "")
        if status >= 200, !omitsBody, let length = response.header("content-length").flatMap({ Int($0) }) {
            while received.count < length {
                guard try fill() else { throw Failure(description: "closed within a body") }
            }
            response.body = String(decoding: received[..<length], as: UTF8.self)
            received.removeSubrange(..<length)
        }
        return response
    }

    /// The next chunk of a streamed body; nil at its end.
    func readChunk() throws -> String? {
        let line = try readThrough("\r\n")
        guard let length = Int(line.prefix(while: \.isHexDigit), radix: 16) else {
            throw Failure(description: "not the size of a chunk: \(line)")
        }
        while received.count < length + 2 {
            guard try fill() else { throw Failure(description: "closed within a chunk") }
        }
        let chunk = String(decoding: received[..<length], as: UTF8.self)
        guard received[length..<(length + 2)].elementsEqual([0x0D, 0x0A]) else {
            throw Failure(description: "a chunk of \(length) bytes does not end there")
        }
        received.removeSubrange(..<(length + 2))
        return length == 0 ? nil : chunk
    }

    /// Everything up to the end of the connection.
    func readRest() throws -> String {
        while try fill() {}
        defer { received.removeAll() }
        return String(decoding: received, as: UTF8.self)
    }

    /// Ends the connection as a process does that is killed: what is unread makes it a reset.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close(descriptor)
        descriptor = -1
    }

    /// Whether the server closes, in good order and without a further byte.
    func isClosedByServer() -> Bool {
        guard received.isEmpty else { return false }
        return (try? fill()) == false
    }

    /// Whether the connection ends in any way, also by a reset, after whatever is still coming.
    func isCut() -> Bool {
        while true {
            do {
                if try !fill() { return true }
            } catch {
                return lastError == ECONNRESET || lastError == EPIPE
            }
            received.removeAll()
        }
    }
}
