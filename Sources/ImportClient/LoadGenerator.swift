internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What a load run measured. The loop is closed: each connection sends its next request when the last is answered, so
/// a server that stalls is asked less, and latencies are those of the requests that were sent.
package struct LoadResult: Sendable {
    /// Answers within the measured time, and their latencies.
    package var latencies = LatencyHistogram()
    /// Answers by status.
    package var statuses: [Int: UInt64] = [:]
    /// Connections that broke, and answers that could not be read.
    package var errors: UInt64 = 0
    /// Measured time in seconds, without the warm-up.
    package var seconds: Double = 0
    package var bytesReceived: UInt64 = 0
    /// Processor time that the generator itself used, warm-up included, in seconds.
    package var generatorSeconds: Double = 0
    /// Requests that were answered in all, warm-up included.
    package var answered: UInt64 = 0

    package var requests: UInt64 { latencies.count }
    package var requestsPerSecond: Double { seconds > 0 ? Double(requests) / seconds : 0 }
    /// Answers that are no 2xx.
    package var refused: UInt64 { statuses.reduce(0) { $1.key / 100 == 2 ? $0 : $0 + $1.value } }

    package init() {}
}

/// A closed-loop HTTP/1.1 client that costs little, since it shares the machine with the server that it measures: a
/// few threads, each with its share of the connections and `poll`; requests are patched in place, and of an answer it
/// reads the status and the length.
package struct LoadGenerator: Sendable {
    /// What load, from how many connections, for how long.
    package struct Options: Sendable {
        /// `http://host:port`.
        package var url: String
        package var connections = 64
        /// At most 255; no more than connections.
        package var threads = 1
        /// Ends after this time …
        package var duration: Duration = .seconds(10)
        /// … or after so many requests, warm-up included, whichever is first; nil for no limit.
        package var requests: UInt64?
        /// Before anything is measured.
        package var warmUp: Duration = .zero
        /// A load may go to another machine. Off, because it would be an attack on whoever lives there.
        package var allowsRemote = false
        package var seed: UInt64 = 1
        /// Requests begun in a second, over all threads, as far as the server keeps up; nil for as many as it answers.
        package var rate: Double?

        package init(url: String) {
            self.url = url
        }
    }

    /// The value for the Host header.
    package let authority: String
    private let options: Options
    private let target: LoadTarget

    /// Throws `ImportError.usage` for options that make no sense or a target that is not this machine, and
    /// `.unreachable` for a host that is not known.
    package init(_ options: Options) throws(ImportError) {
        guard options.connections >= 1, options.connections <= 4_096, options.threads >= 1, options.threads <= 255
        else {
            throw .usage("1 to 4096 connections on 1 to 255 threads")
        }
        target = try LoadTarget(url: options.url)
        guard target.isLoopback || options.allowsRemote else {
            throw .usage("\(target.host) is another machine; a load goes to this one unless that is allowed explicitly")
        }
        authority = target.authority
        self.options = options
    }

    /// Sends requests until time or number is used up. Throws `ImportError.unreachable` when nobody listens.
    package func run(_ template: RequestTemplate) async throws -> LoadResult {
        let threads = min(options.threads, options.connections)
        let nonce = UInt32.random(in: .min ... .max)
        let quota = options.requests.map { LoadQuota($0) }
        return try await withThrowingTaskGroup(of: LoadResult.self) { group in
            for number in 0..<threads {
                let share = options.connections / threads + (number < options.connections % threads ? 1 : 0)
                let pace = options.rate.map { LoadPace(interval: Double(threads) / max($0, 0.001) * 1e9) }
                let filling = RequestFilling(nonce: nonce, worker: number, seed: options.seed)
                group.addTask {
                    try await withCheckedThrowingContinuation { continuation in
                        // A thread of its own: it blocks in poll, which a cooperative thread must not.
                        let thread = Thread {
                            var worker = LoadWorker(
                                target: target, template: template, filling: filling, options: options, quota: quota,
                                pace: pace)
                            continuation.resume(with: Result { try worker.run(connections: share) })
                        }
                        thread.name = "load-\(number)"
                        thread.start()
                    }
                }
            }
            var all = LoadResult()
            for try await result in group {
                all.latencies.merge(result.latencies)
                all.statuses.merge(result.statuses, uniquingKeysWith: +)
                all.errors += result.errors
                all.seconds = max(all.seconds, result.seconds)
                all.bytesReceived += result.bytesReceived
                all.generatorSeconds += result.generatorSeconds
                all.answered += result.answered
            }
            return all
        }
    }
}

/// When a thread's next request is due.
struct LoadPace {
    private let interval: Double
    private var next: Double?

    /// - Parameter interval: nanoseconds from one request to the next.
    init(interval: Double) {
        self.interval = interval
    }

    /// Whether a request may begin now; if so, it counts as begun.
    mutating func take(at now: UInt64) -> Bool {
        let due = next ?? Double(now)
        guard Double(now) >= due else { return false }
        // What was missed is made up for within a tenth of a second, not at once.
        next = max(due + interval, Double(now) - 1e8)
        return true
    }
}

/// Requests that may still be sent, over all threads.
final class LoadQuota: Sendable {
    private let left: Atomic<Int64>

    init(_ requests: UInt64) {
        left = Atomic(Int64(clamping: requests))
    }

    func take() -> Bool {
        left.wrappingSubtract(1, ordering: .relaxed).oldValue > 0
    }
}

/// Monotonic nanoseconds.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
