import Foundation
import Glibc
import Synchronization

/// A receiver that sends exactly the bytes it is told to. Each connection has a thread of its own that runs the script
/// and then closes; nothing waits longer than 5 s.
final class RawReceiver: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    let port: Int
    private let listener: Int32
    private let accepted = Atomic<Int>(0)
    private let isStopped = Atomic<Bool>(false)

    /// - Parameters:
    ///   - host: an address of this machine.
    ///   - port: 0 for any.
    ///   - script: what is done with a connection; the number counts connections from 1.
    init(
        host: String = "127.0.0.1", port: Int = 0, script: @escaping @Sendable (RawPeer, Int) throws -> Void
    ) throws {
        let family = host.contains(":") ? AF_INET6 : AF_INET
        let listener = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw Failure(description: "no socket: \(errno)") }
        self.listener = listener
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        self.port = try Self.bind(listener, host: host, port: port)
        guard listen(listener, 512) == 0 else { throw Failure(description: "listen: \(errno)") }
        Thread.detachNewThread { [self] in accept(script) }
    }

    private func accept(_ script: @escaping @Sendable (RawPeer, Int) throws -> Void) {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0, !isStopped.load(ordering: .relaxed) else {
                if descriptor >= 0 { close(descriptor) }
                close(listener)
                return
            }
            let number = accepted.add(1, ordering: .relaxed).newValue
            Thread.detachNewThread {
                let peer = RawPeer(descriptor)
                // What a script can't do any more since the client has gone is for the test to see at the client.
                try? script(peer, number)
                peer.close()
            }
        }
    }

    /// Connections that have come so far.
    var connections: Int { accepted.load(ordering: .relaxed) }

    func stop() {
        isStopped.store(true, ordering: .relaxed)
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func bind(_ listener: Int32, host: String, port: Int) throws -> Int {
        if host.contains(":") {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = UInt16(port).bigEndian
            inet_pton(AF_INET6, host, &address.sin6_addr)
            try bind(listener, &address)
            return Int(UInt16(bigEndian: address.sin6_port))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        try bind(listener, &address)
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// Binds, and reads back what it has been bound to.
    private static func bind<Address>(_ listener: Int32, _ address: inout Address) throws {
        var length = socklen_t(MemoryLayout<Address>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                Glibc.bind(listener, address, length) == 0 ? getsockname(listener, address, &length) : -1
            }
        }
        guard status == 0 else { throw Failure(description: "bind: \(errno)") }
    }
}

/// The receiver's end of a connection. Used by one thread.
final class RawPeer {
    struct Request {
        var line: String
        var headers: [(name: String, value: String)]
        var body: [UInt8]

        func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    }

    private let descriptor: Int32
    private var received: [UInt8] = []
    private var isClosed = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var noDelay: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The next request, whole.
    @discardableResult
    func readRequest() throws -> Request {
        let end = Array("\r\n\r\n".utf8)
        var split = received.firstRange(of: end)
        while split == nil {
            try fill()
            split = received.firstRange(of: end)
        }
        guard let split else { throw RawReceiver.Failure(description: "no head") }
        var lines = String(decoding: received[..<split.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        received.removeSubrange(..<split.upperBound)
        var request = Request(line: lines.removeFirst(), headers: [], body: [])
        request.headers = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (name: String(parts[0]), value: String(parts[1]).trimmingCharacters(in: .whitespaces))
        }
        let length = request.header("content-length").flatMap { Int($0) } ?? 0
        while received.count < length { try fill() }
        request.body = Array(received[..<length])
        received.removeSubrange(..<length)
        return request
    }

    /// Whatever comes next.
    func readSome() throws { try fill() }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw RawReceiver.Failure(description: "recv: \(count) \(errno)") }
        received.append(contentsOf: chunk[..<count])
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        try bytes.withUnsafeBytes { buffer in
            while sent < buffer.count {
                let rest = UnsafeRawBufferPointer(rebasing: buffer[sent...])
                let result = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                guard result > 0 else { throw RawReceiver.Failure(description: "send: \(errno)") }
                sent += result
            }
        }
    }

    func ok(_ body: String = "ok") throws {
        try send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Waits for the client to close, 5 s at most.
    func isClosedByClient() -> Bool {
        var byte: UInt8 = 0
        while true {
            let count = recv(descriptor, &byte, 1, 0)
            if count == 0 { return true }
            if count < 0 { return errno == ECONNRESET }
        }
    }

    func close() {
        if isClosed { return }
        isClosed = true
        Glibc.close(descriptor)
    }

    /// Closes with a reset instead of a farewell.
    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        close()
    }
}

func pause(milliseconds: Int) {
    usleep(UInt32(milliseconds) * 1000)
}

/// A port that is listened at by nobody who takes connections: its queue is full, further ones hang.
final class FullListener {
    let port: Int
    private let listener: Int32
    private var waiting: [Int32] = []

    init(host: String) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        inet_pton(AF_INET, host, &address.sin_addr)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (listener, queued) = (listener, 4)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(listener, address, length) == 0, listen(listener, 0) == 0,
                    getsockname(listener, address, &length) == 0
                else { return [Int32]?.none }
                return (0..<queued).map { _ in
                    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(client, address, length)
                    return client
                }
            }
        }
        guard let status else { throw RawReceiver.Failure(description: "no full listener: \(errno)") }
        waiting = status
        port = Int(UInt16(bigEndian: address.sin_port))
        pause(milliseconds: 20)
    }

    func stop() {
        for descriptor in waiting + [listener] { close(descriptor) }
    }
}
