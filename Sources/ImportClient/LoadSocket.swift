#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a load goes: an address that was looked up once.
struct LoadTarget: Sendable {
    let host: String
    let port: UInt16
    /// As the header has it.
    let authority: String
    private let address: [UInt8]
    private let family: Int32
    let isLoopback: Bool

    /// `url`: `http://host[:port]`, without a path. Throws `ImportError.usage`, or `.unreachable` for a name that
    /// nobody knows.
    init(url: String) throws(ImportError) {
        var rest = url[...]
        guard rest.lowercased().hasPrefix("http://") else { throw .usage("\(url): a load goes to http:// only") }
        rest = rest.dropFirst(7)
        while rest.last == "/" { rest.removeLast() }
        authority = String(rest)
        var name = rest
        var port: UInt16 = 80
        if rest.first == "[", let close = rest.firstIndex(of: "]") {
            name = rest[rest.index(after: rest.startIndex)..<close]
            rest = rest[rest.index(after: close)...]
        }
        if let colon = rest.lastIndex(of: ":") {
            guard let number = UInt16(rest[rest.index(after: colon)...]) else { throw .usage("\(url): no such port") }
            port = number
            if name.startIndex == rest.startIndex { name = rest[..<colon] }
        }
        guard !name.isEmpty, !name.contains("/") else { throw .usage("\(url) is no http://host:port") }
        host = String(name)
        self.port = port
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, "\(port)", &hints, &list) == 0, let first = list,
            let found = first.pointee.ai_addr
        else { throw .unreachable(tries: 1, problem: "\(host) is no known host") }
        defer { freeaddrinfo(list) }
        family = first.pointee.ai_family
        address = Array(UnsafeRawBufferPointer(start: found, count: Int(first.pointee.ai_addrlen)))
        isLoopback = Self.isLoopback(found, family: family)
    }

    private static func isLoopback(_ address: UnsafeMutablePointer<sockaddr>, family: Int32) -> Bool {
        let raw = UnsafeRawPointer(address)
        if family == AF_INET {
            return UInt32(bigEndian: raw.load(as: sockaddr_in.self).sin_addr.s_addr) >> 24 == 127
        }
        guard family == AF_INET6 else { return false }
        var loopback = in6addr_loopback
        var given = raw.load(as: sockaddr_in6.self).sin6_addr
        return memcmp(&loopback, &given, MemoryLayout<in6_addr>.size) == 0
    }

    /// A connected socket that does not block; nil when nobody answers, `errno` then says why.
    func connect() -> Int32? {
        #if canImport(Glibc)
            let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(family, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return nil }
        let result = address.withUnsafeBytes { raw in
            // The bytes are a socket address as the resolver gave it; `Array` storage is aligned for it.
            raw.baseAddress.map { address in
                callConnect(descriptor, address.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
            } ?? -1
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        #if canImport(Darwin)
            setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &one, socklen_t(MemoryLayout<Int32>.size))
        #endif
        guard result == 0, fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0 else {
            let reason = errno
            close(descriptor)
            errno = reason
            return nil
        }
        return descriptor
    }
}

/// The method of the same name hides the system call.
private func callConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
    connect(descriptor, address, length)
}

/// One connection of a load: sends a request, reads its answer, and no more than that.
struct LoadSocket: ~Copyable {
    enum Progress {
        /// More is to come.
        case waiting
        /// An answer with this status has come whole.
        case answered(Int)
        /// The connection is of no use any more.
        case broken
    }

    let descriptor: Int32
    /// The request's bytes, patched in place. Ours until deinit.
    let request: UnsafeMutablePointer<UInt8>
    private let length: Int
    private var sent = 0
    /// Head of the answer as far as it has come.
    private let head: UnsafeMutablePointer<UInt8>
    private static let longestHead = 1 << 14
    private var headCount = 0
    private var status = 0
    /// Bytes of the body that are still to come; −1 while the head is incomplete.
    private var bodyLeft = -1
    private var closesAfter = false
    /// Monotonic nanoseconds at which the present request was begun.
    var startedAt: UInt64 = 0
    var isBusy = false

    init(descriptor: Int32, template: [UInt8]) {
        self.descriptor = descriptor
        length = template.count
        request = .allocate(capacity: max(template.count, 1))
        head = .allocate(capacity: Self.longestHead)
        for (index, byte) in template.enumerated() { request[index] = byte }
    }

    deinit {
        close(descriptor)
        request.deallocate()
        head.deallocate()
    }

    var wantsToSend: Bool { isBusy && sent < length }

    /// Begins the request that stands in `request`.
    mutating func begin(at instant: UInt64) -> Progress {
        sent = 0
        headCount = 0
        bodyLeft = -1
        startedAt = instant
        isBusy = true
        return sendMore()
    }

    mutating func sendMore() -> Progress {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        while sent < length {
            let count = send(descriptor, request + sent, length - sent, flags)
            if count > 0 {
                sent += count
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                return .waiting
            } else if errno != EINTR {
                return .broken
            }
        }
        return .waiting
    }

    /// Reads what is there. `scratch` is for bytes that nobody looks at.
    mutating func receive(_ scratch: UnsafeMutableRawBufferPointer, total: inout UInt64) -> Progress {
        while true {
            let count = recv(descriptor, scratch.baseAddress, scratch.count, 0)
            if count == 0 { return .broken }
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN || errno == EWOULDBLOCK ? .waiting : .broken
            }
            total += UInt64(count)
            let progress = take(Bytes(rebasing: scratch.bindMemory(to: UInt8.self)[..<count]))
            // A read that filled less than there was room for has emptied the socket.
            guard case .waiting = progress, count == scratch.count else { return progress }
        }
    }

    private mutating func take(_ bytes: Bytes) -> Progress {
        var rest = bytes
        if bodyLeft < 0 {
            guard isBusy else { return .broken }
            let before = headCount
            let taken = min(rest.count, Self.longestHead - headCount)
            if let first = rest.baseAddress { memcpy(head + headCount, first, taken) }
            headCount += taken
            guard let end = endOfHead(from: max(before - 3, 0)) else {
                return headCount == Self.longestHead ? .broken : .waiting
            }
            guard readHead(end) else { return .broken }
            rest = Bytes(rebasing: rest[(end - before)...])
        }
        guard rest.count <= bodyLeft else { return .broken }
        bodyLeft -= rest.count
        guard bodyLeft == 0 else { return .waiting }
        isBusy = false
        bodyLeft = -1
        headCount = 0
        return .answered(status)
    }

    /// Whether the server announced that it closes the connection after the last answer.
    var isSpent: Bool { closesAfter }

    /// The index after the empty line.
    private func endOfHead(from first: Int) -> Int? {
        guard headCount >= 4 else { return nil }
        for index in first...(headCount - 4) where head[index] == 0x0D {
            if head[index + 1] == 0x0A, head[index + 2] == 0x0D, head[index + 3] == 0x0A { return index + 4 }
        }
        return nil
    }

    /// Status line and Content-Length; false for an answer whose length is not given.
    private mutating func readHead(_ end: Int) -> Bool {
        // "HTTP/1.1 200"
        guard end >= 12, let code = Bytes(start: head + 9, count: 3).wholeNumber else { return false }
        status = Int(code)
        closesAfter = false
        bodyLeft = status == 204 || status == 304 ? 0 : -1
        var line = 0
        while line < end {
            var stop = line
            while stop < end, head[stop] != 0x0D { stop += 1 }
            let bytes = Bytes(start: head + line, count: stop - line)
            if let value = Self.value(of: "content-length:", in: bytes) {
                guard let length = value.wholeNumber, length >= 0 else { return false }
                bodyLeft = Int(length)
            } else if let value = Self.value(of: "connection:", in: bytes), value.count == 5 {
                closesAfter = true
            }
            line = stop + 2
        }
        return bodyLeft >= 0
    }

    private static func value(of name: StaticString, in line: Bytes) -> Bytes? {
        let count = name.utf8CodeUnitCount
        guard line.count > count else { return nil }
        for index in 0..<count where line[index] | 0x20 != name.utf8Start[index] | 0x20 { return nil }
        return Bytes(rebasing: line[count...]).trimmed
    }
}
