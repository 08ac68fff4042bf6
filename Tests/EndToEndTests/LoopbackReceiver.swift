import Foundation
import Synchronization

/// A receiver of webhooks on this machine, as fast as threads can make it. It does with each delivery what a closure
/// says, on the thread of the connection.
final class LoopbackReceiver: Sendable {
    /// A POST as it came.
    struct Delivery: Sendable {
        /// By names in small letters.
        var headers: [String: String]
        var body: [UInt8]

        var id: String { headers["webhook-id"] ?? "" }
    }

    enum Reply: Sendable {
        case status(Int)
        /// Closes the connection without an answer.
        case hangUp
    }

    let port: Int
    var url: String { "http://127.0.0.1:\(port)/hook" }
    private let listener: Int32
    private let handle: @Sendable (Delivery) -> Reply
    private let open = Mutex<Set<Int32>>([])

    init(_ handle: @escaping @Sendable (Delivery) -> Reply) throws {
        self.handle = handle
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = LoopbackConnection.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { socketAddress in
                bind(listener, socketAddress, length) == 0 && listen(listener, 512) == 0
                    && getsockname(listener, socketAddress, &length) == 0
            }
        }
        guard status else { throw ConnectionLost(String(cString: strerror(errno))) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread { [self] in accept() }.start()
    }

    /// Takes no more connections and ends those that there are.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        open.withLock { open in
            for descriptor in open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    private func accept() {
        while true {
            let descriptor = Foundation.accept(listener, nil, nil)
            if descriptor < 0, errno == EINTR || errno == ECONNABORTED { continue }
            guard descriptor >= 0 else { break }
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            open.withLock { _ = $0.insert(descriptor) }
            Thread { [self] in
                serve(descriptor)
                open.withLock { _ = $0.remove(descriptor) }
                close(descriptor)
            }.start()
        }
        close(listener)
    }

    private func serve(_ descriptor: Int32) {
        var received: [UInt8] = []
        while let delivery = next(descriptor, &received) {
            guard case .status(let status) = handle(delivery) else { return }
            let answer = Array("HTTP/1.1 \(status) -\r\nContent-Length: 0\r\n\r\n".utf8)
            guard send(descriptor, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { return }
        }
    }

    /// The next request, whole; nil when there is none.
    private func next(_ descriptor: Int32, _ received: inout [UInt8]) -> Delivery? {
        var end: Int?
        while true {
            if end == nil { end = Self.endOfHead(received) }
            if let end {
                let headers = Self.headers(received[..<end])
                let total = end + 4 + (Int(headers["content-length"] ?? "") ?? 0)
                if received.count >= total {
                    defer { received.removeFirst(total) }
                    return Delivery(headers: headers, body: Array(received[(end + 4)..<total]))
                }
            }
            let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { buffer in
                let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                if count > 0 { received.append(contentsOf: buffer.prefix(count)) }
                return count
            }
            guard count > 0 else { return nil }
        }
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first {
            bytes[$0] == 0x0D && bytes[$0 + 1] == 0x0A && bytes[$0 + 2] == 0x0D && bytes[$0 + 3] == 0x0A
        }
    }

    private static func headers(_ head: ArraySlice<UInt8>) -> [String: String] {
        var headers: [String: String] = [:]
        for line in head.split(separator: 0x0A).dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let value = line[(colon + 1)...].drop { $0 == 0x20 }.prefix { $0 != 0x0D }
            headers[String(decoding: line[..<colon], as: UTF8.self).lowercased()] = String(
                decoding: value, as: UTF8.self)
        }
        return headers
    }
}
