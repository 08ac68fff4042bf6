#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One thread of a load and its connections.
struct LoadWorker: ~Copyable {
    /// How long answers are waited for when no more requests are sent.
    private static let patience: UInt64 = 10_000_000_000

    private let target: LoadTarget
    private let template: RequestTemplate
    private let quota: LoadQuota?
    private var pace: LoadPace?
    private let warmUp: UInt64
    private let duration: UInt64
    private var filling: RequestFilling
    private var result = LoadResult()
    private var statuses = [UInt64](repeating: 0, count: 1_000)
    /// Where all sockets read into, one after the other. Ours until deinit.
    private let scratch: UnsafeMutableRawBufferPointer

    init(
        target: LoadTarget, template: RequestTemplate, filling: RequestFilling, options: LoadGenerator.Options,
        quota: LoadQuota?, pace: LoadPace?
    ) {
        self.target = target
        self.template = template
        self.filling = filling
        self.quota = quota
        self.pace = pace
        warmUp = Self.nanoseconds(options.warmUp)
        duration = Self.nanoseconds(options.duration)
        scratch = .allocate(byteCount: 1 << 17, alignment: 16)
    }

    deinit {
        scratch.deallocate()
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return UInt64(clamping: max(seconds, 0)) * 1_000_000_000 + UInt64(clamping: attoseconds / 1_000_000_000)
    }

    /// Throws `ImportError.unreachable` when a connection cannot be made at the beginning.
    mutating func run(connections: Int) throws(ImportError) -> LoadResult {
        let sockets = UnsafeMutableBufferPointer<LoadSocket>.allocate(capacity: connections)
        var made = 0
        defer {
            sockets.extracting(..<made).deinitialize()
            sockets.deallocate()
        }
        while made < connections {
            sockets.initializeElement(at: made, to: try connect())
            made += 1
        }
        let began = monotonicNanoseconds()
        let measureFrom = began + warmUp
        let stop = measureFrom + duration
        var polled = [pollfd](repeating: pollfd(), count: connections)
        for index in 0..<connections { polled[index].fd = sockets[index].descriptor }
        var busy = 0
        // Connections that wait for their turn.
        var resting = pace == nil ? [] : Array(0..<connections)
        for index in 0..<connections where pace == nil {
            if startNext(&sockets[index], at: began, stop: stop) { busy += 1 }
        }
        var last = began
        while busy > 0 || !resting.isEmpty && monotonicNanoseconds() < stop {
            while let index = resting.last, pace?.take(at: monotonicNanoseconds()) ?? false {
                resting.removeLast()
                if startNext(&sockets[index], at: monotonicNanoseconds(), stop: stop) { busy += 1 }
            }
            for index in 0..<connections {
                let events = sockets[index].wantsToSend ? POLLIN | POLLOUT : POLLIN
                polled[index].events = Int16(events)
                polled[index].fd = sockets[index].isBusy ? sockets[index].descriptor : -1
            }
            guard poll(&polled, nfds_t(connections), resting.isEmpty ? 100 : 1) >= 0 || errno == EINTR else { break }
            var now = monotonicNanoseconds()
            for index in 0..<connections where polled[index].revents != 0 {
                if polled[index].revents & Int16(POLLOUT) != 0, case .broken = sockets[index].sendMore() {
                    if !replace(&sockets[index], stop: stop) { busy -= 1 }
                    continue
                }
                guard polled[index].revents & Int16(POLLIN | POLLERR | POLLHUP) != 0 else { continue }
                switch sockets[index].receive(scratch, total: &result.bytesReceived) {
                case .waiting: continue
                case .broken:
                    if !replace(&sockets[index], stop: stop) { busy -= 1 }
                case .answered(let status):
                    now = monotonicNanoseconds()
                    count(status, latency: now - sockets[index].startedAt, at: now, from: measureFrom, to: stop)
                    last = now
                    if pace != nil, !sockets[index].isSpent {
                        sockets[index].isBusy = false
                        resting.append(index)
                        busy -= 1
                        continue
                    }
                    let goesOn =
                        sockets[index].isSpent
                        ? reconnect(&sockets[index], stop: stop) : startNext(&sockets[index], at: now, stop: stop)
                    if !goesOn { busy -= 1 }
                }
            }
            if now > stop + Self.patience {
                result.errors += UInt64(busy)
                break
            }
        }
        return finish(from: measureFrom, to: min(max(last, measureFrom), stop))
    }

    private func connect() throws(ImportError) -> LoadSocket {
        guard let descriptor = target.connect() else {
            throw .unreachable(tries: 1, problem: "\(target.authority): \(lastSystemError())")
        }
        return LoadSocket(descriptor: descriptor, template: template.bytes)
    }

    private mutating func count(_ status: Int, latency: UInt64, at now: UInt64, from: UInt64, to stop: UInt64) {
        result.answered += 1
        guard now >= from, now <= stop else { return }
        result.latencies.record(latency)
        if statuses.indices.contains(status) { statuses[status] += 1 }
    }

    /// False when there is nothing more to send.
    private mutating func startNext(_ socket: inout LoadSocket, at now: UInt64, stop: UInt64) -> Bool {
        guard now < stop, quota?.take() ?? true else { return false }
        filling.fill(template.slots, in: socket.request)
        // The first write nearly always takes it all; what breaks here shows in poll.
        _ = socket.begin(at: now)
        return true
    }

    /// Counts a broken connection and goes on with a new one.
    private mutating func replace(_ socket: inout LoadSocket, stop: UInt64) -> Bool {
        result.errors += 1
        return reconnect(&socket, stop: stop)
    }

    /// False when nobody listens any more, or there is nothing more to send.
    private mutating func reconnect(_ socket: inout LoadSocket, stop: UInt64) -> Bool {
        socket.isBusy = false
        guard let descriptor = target.connect() else { return false }
        socket = LoadSocket(descriptor: descriptor, template: template.bytes)
        return startNext(&socket, at: monotonicNanoseconds(), stop: stop)
    }

    private mutating func finish(from: UInt64, to: UInt64) -> LoadResult {
        result.seconds = Double(to - from) / 1e9
        for (status, count) in statuses.enumerated() where count > 0 { result.statuses[status] = count }
        var time = timespec()
        if clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0 {
            result.generatorSeconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        return result
    }
}
