internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A receiver of webhooks on this machine that costs as little as one can: one thread, `poll`, a fixed answer. What is
/// sent to `/hook/<n>` is counted under n, with its age: from the time in the event's id to its arrival.
package final class BenchReceiver: Sendable {
    /// What arrived at one path.
    package struct Tally: Sendable {
        /// Nanoseconds from the entry's time, in whole milliseconds, to its arrival.
        package var ages = LatencyHistogram()

        package init() {}
    }

    private struct State {
        var tallies: [Int: Tally] = [:]
        var hanging: Set<Int> = []
    }

    package let port: UInt16
    private let descriptor: Int32
    private let state = Mutex(State())
    private let stopped = Atomic<Bool>(false)

    /// Listens on a free port of the loopback interface. Throws `ImportError.usage` when that can't be.
    package init() throws(ImportError) {
        #if canImport(Glibc)
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 1_024) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard descriptor >= 0, bound else { throw .usage("no port for a receiver: \(lastSystemError())") }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        let thread = Thread { [self] in run() }
        thread.name = "receiver"
        thread.start()
    }

    /// Where to send what is counted under the number.
    package func url(_ number: Int) -> String { "http://127.0.0.1:\(port)/hook/\(number)" }

    /// What arrived since the last call.
    package func take() -> [Int: Tally] {
        state.withLock { state in
            defer { state.tallies = [:] }
            return state.tallies
        }
    }

    /// What comes to this path is never answered.
    package func hang(_ number: Int) { state.withLock { _ = $0.hanging.insert(number) } }

    /// Closes everything, within a twentieth of a second.
    package func stop() { stopped.store(true, ordering: .releasing) }

    // MARK: The thread

    private static let answer = Array("HTTP/1.1 204 No Content\r\n\r\n".utf8)

    private func run() {
        var polled = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        var inputs: [[UInt8]] = [[]]
        var scratch = [UInt8](repeating: 0, count: 1 << 16)
        while !stopped.load(ordering: .acquiring) {
            guard poll(&polled, nfds_t(polled.count), 50) > 0 else { continue }
            if polled[0].revents != 0 {
                let accepted = accept(descriptor, nil, nil)
                if accepted >= 0 {
                    polled.append(pollfd(fd: accepted, events: Int16(POLLIN), revents: 0))
                    inputs.append([])
                }
            }
            var index = polled.count - 1
            while index > 0 {
                if polled[index].revents != 0 {
                    let count = recv(polled[index].fd, &scratch, scratch.count, 0)
                    if count <= 0 || !take(scratch[..<count], into: &inputs[index], polled[index].fd) {
                        close(polled[index].fd)
                        polled.swapAt(index, polled.count - 1)
                        inputs.swapAt(index, inputs.count - 1)
                        polled.removeLast()
                        inputs.removeLast()
                    }
                }
                index -= 1
            }
        }
        for entry in polled { close(entry.fd) }
    }

    /// False when the connection is of no more use.
    private func take(_ bytes: ArraySlice<UInt8>, into input: inout [UInt8], _ socket: Int32) -> Bool {
        input.append(contentsOf: bytes)
        while let request = BenchRequest(input) {
            input.removeFirst(request.length)
            let now = clockMilliseconds()
            let hangs = state.withLock { state in
                state.tallies[request.path, default: Tally()].ages.record(
                    UInt64(max(0, now - request.recordedAt)) * 1_000_000)
                return state.hanging.contains(request.path)
            }
            if hangs { continue }
            guard send(socket, BenchReceiver.answer, BenchReceiver.answer.count, 0) > 0 else { return false }
        }
        return true
    }

    private func clockMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// One delivery among the bytes of a connection: enough of it to be counted.
private struct BenchRequest {
    var length: Int
    var path: Int
    /// Milliseconds, from the event's id.
    var recordedAt: Int64

    /// nil while it is not whole.
    init?(_ bytes: [UInt8]) {
        guard let end = Self.find("\r\n\r\n", in: bytes[...]) else { return nil }
        let head = bytes[..<end]
        guard let size = Self.find("ontent-length: ", in: head) ?? Self.find("ontent-Length: ", in: head) else {
            return nil
        }
        let body = Self.number(head[(size + 15)...])
        length = end + 4 + body
        guard bytes.count >= length else { return nil }
        path = Self.find("/hook/", in: head).map { Self.number(head[($0 + 6)...]) } ?? -1
        recordedAt = Self.find("evt_", in: head).map { Self.time(head[($0 + 4)...].prefix(10)) } ?? 0
    }

    private static func find(_ text: StaticString, in bytes: ArraySlice<UInt8>) -> Int? {
        text.withUTF8Buffer { wanted in
            guard bytes.count >= wanted.count else { return nil }
            return (bytes.startIndex...(bytes.endIndex - wanted.count)).first { start in
                bytes[start] == wanted[0] && bytes[start..<(start + wanted.count)].elementsEqual(wanted)
            }
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.prefix { (0x30...0x39).contains($0) }.reduce(0) { $0 &* 10 &+ Int($1 &- 0x30) }
    }

    /// The first ten digits of a ULID.
    private static func time(_ digits: ArraySlice<UInt8>) -> Int64 {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
        return digits.reduce(0) { $0 << 5 | Int64(alphabet.firstIndex(of: $1) ?? 0) }
    }
}
