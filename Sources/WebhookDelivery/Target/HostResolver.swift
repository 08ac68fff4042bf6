internal import BlockingWork
internal import Glibc
internal import Synchronization

/// Asks for the addresses of a name and brings them, once, on any thread. What it brings may be empty or unfit: who
/// dials vets it first.
package typealias HostResolver =
    @Sendable (_ name: String, _ completion: @escaping @Sendable (Result<[IPAddress], ResolveFault>) -> Void) -> Void

/// Why a name has no addresses.
package enum ResolveFault: Error, Hashable, Sendable {
    /// There is no such name, or it has no address.
    case notFound
    /// The name service did not answer, or said that it can't just now.
    case unavailable
    /// Too many names are being asked for.
    case busy
}

extension ResolveFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFound: "the host name has no address"
        case .unavailable: "the name service did not answer"
        case .busy: "too many host names are being looked up"
        }
    }
}

/// Asks the system (`getaddrinfo`: its hosts file, its name servers) on threads of its own, since the call blocks for
/// as long as a name server pleases. Who asks has a deadline; an answer that comes later is still brought.
package final class SystemResolver: Sendable {
    private let threads: BlockingThreads
    private let waiting = Atomic<Int>(0)
    private let maximumWaiting: Int

    /// - Parameters:
    ///   - maximumThreads: names asked for at the same time; threads are started when they are needed.
    ///   - maximumWaiting: names asked for or waiting, beyond which the answer is `busy`.
    package init(maximumThreads: Int = 16, maximumWaiting: Int = 512) {
        threads = BlockingThreads(name: "resolver", maximum: maximumThreads)
        self.maximumWaiting = maximumWaiting
    }

    /// The resolver as those who dial take it.
    package var resolver: HostResolver {
        { [self] name, completion in resolve(name, completion: completion) }
    }

    /// Brings the addresses in the order in which the system would try them (RFC 6724).
    package func resolve(
        _ name: String, completion: @escaping @Sendable (Result<[IPAddress], ResolveFault>) -> Void
    ) {
        guard waiting.add(1, ordering: .relaxed).newValue <= maximumWaiting else {
            waiting.subtract(1, ordering: .relaxed)
            completion(.failure(.busy))
            return
        }
        let isRunning = threads.run { [self] in
            let result = Self.look(up: name)
            waiting.subtract(1, ordering: .relaxed)
            completion(result)
        }
        if !isRunning {
            waiting.subtract(1, ordering: .relaxed)
            completion(.failure(.unavailable))
        }
    }

    /// Ends the threads once they have nothing left to do; from then on every answer is `unavailable`.
    package func stop() {
        threads.stop()
    }

    /// Blocks.
    private static func look(up name: String) -> Result<[IPAddress], ResolveFault> {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        guard status == 0 else {
            switch status {
            // The names of two of these are not declared without GNU extensions; they say that there is no address.
            case EAI_NONAME, -5, -9: return .failure(.notFound)
            default: return .failure(.unavailable)
            }
        }
        defer { freeaddrinfo(list) }
        var addresses: [IPAddress] = []
        var next = list
        while let entry = next {
            if let address = address(of: entry.pointee), !addresses.contains(address) { addresses.append(address) }
            next = entry.pointee.ai_next
        }
        return addresses.isEmpty ? .failure(.notFound) : .success(addresses)
    }

    private static func address(of entry: addrinfo) -> IPAddress? {
        guard let socketAddress = UnsafeRawPointer(entry.ai_addr) else { return nil }
        switch entry.ai_family {
        case AF_INET where entry.ai_addrlen >= MemoryLayout<sockaddr_in>.size:
            let value = socketAddress.loadUnaligned(as: sockaddr_in.self)
            return .v4(UInt32(bigEndian: value.sin_addr.s_addr))
        case AF_INET6 where entry.ai_addrlen >= MemoryLayout<sockaddr_in6>.size:
            let value = socketAddress.loadUnaligned(as: sockaddr_in6.self)
            return withUnsafeBytes(of: value.sin6_addr) { IPAddress(bytes: $0) }
        default: return nil
        }
    }
}
