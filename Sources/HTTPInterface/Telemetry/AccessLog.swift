internal import Glibc
internal import Synchronization

/// One JSON line for each request. A line is put into a buffer in memory, in well under a microsecond, and written by a
/// thread of its own ten times a second or when 64 KiB have gathered. It never waits for the disk: when the buffers are
/// full, lines are dropped and counted.
///
/// Lines of one thread are in order; those of different threads need not be.
package final class AccessLog: Sendable {
    /// Where the lines go.
    package enum Destination: Sendable, Equatable {
        case off
        case standardOutput
        /// Appended to; made with mode 0640 when it does not exist.
        case file(String)
    }

    /// The destination can't be opened.
    package struct OpenError: Error, Sendable {
        package var path: String
        package var reason: String
    }

    private struct Stripe {
        var bytes: [UInt8] = []
        /// Memory that was written out, for the next lines.
        var spare: [UInt8] = []
        var line = AccessLogLine()
    }

    /// An object per stripe, so that their locks share no cache line.
    private final class StripeBox: Sendable {
        let stripe = Mutex(Stripe())
    }

    private static let writeSize = 64 * 1024

    package let isOn: Bool
    /// Lines that were not written, for want of room or of a disk.
    package let dropped: Counter
    private let destination: Destination
    private let stripeLimit: Int
    private let stripes: [StripeBox]
    private let descriptor: Mutex<Int32>
    private let mustReopen = Atomic<Bool>(false)
    private let writer = Mutex<PeriodicThread?>(nil)

    /// - Parameters:
    ///   - bufferLimit: bytes that may lie in memory.
    ///   - stripeCount: locks among which the threads are spread.
    /// - Throws: `OpenError`.
    package init(
        destination: Destination, bufferLimit: Int = 8 << 20, stripeCount: Int = 8, dropped: Counter = Counter()
    ) throws(OpenError) {
        self.destination = destination
        self.dropped = dropped
        isOn = destination != .off
        let count = max(1, stripeCount)
        stripeLimit = max(4096, bufferLimit / count)
        stripes = (0..<count).map { _ in StripeBox() }
        descriptor = Mutex(try AccessLog.open(destination))
        guard isOn else { return }
        let thread = PeriodicThread(everyMilliseconds: 100) { [weak self] in self?.flush() }
        writer.withLock { $0 = thread }
    }

    /// Never blocks on the disk.
    package func record(
        _ entry: AccessLogEntry, wallMilliseconds: Int64 = RequestClock.wallMilliseconds()
    ) {
        guard isOn else { return }
        let box = stripes[AccessLog.threadNumber % stripes.count]
        let isFull = box.stripe.withLock { stripe in
            guard stripe.bytes.count < stripeLimit else {
                dropped.increment()
                return false
            }
            let before = stripe.bytes.count
            stripe.line.append(entry, wallMilliseconds: wallMilliseconds, to: &stripe.bytes)
            return before < AccessLog.writeSize && stripe.bytes.count >= AccessLog.writeSize
        }
        if isFull { writer.withLock { $0 }?.wake() }
    }

    /// The next line goes to a file opened anew (after the old one was renamed). Safe to call from anywhere but a
    /// signal handler.
    package func reopen() {
        mustReopen.store(true, ordering: .releasing)
        writer.withLock { $0 }?.wake()
    }

    /// Writes what has gathered, on the calling thread.
    package func flush() {
        guard isOn else { return }
        descriptor.withLock { descriptor in
            if mustReopen.exchange(false, ordering: .acquiringAndReleasing) { reopen(&descriptor) }
            for box in stripes {
                // Taken out under the lock, written without it, and its memory given back.
                var taken: [UInt8] = []
                box.stripe.withLock { stripe in
                    guard !stripe.bytes.isEmpty else { return }
                    swap(&taken, &stripe.bytes)
                    swap(&stripe.bytes, &stripe.spare)
                }
                guard !taken.isEmpty else { continue }
                write(taken, to: descriptor)
                guard taken.capacity <= AccessLog.writeSize * 4 else { continue }
                taken.removeAll(keepingCapacity: true)
                box.stripe.withLock { swap(&$0.spare, &taken) }
            }
        }
    }

    /// Writes what has gathered and ends the thread. What is recorded later is kept until a `flush`.
    package func close() {
        let running = writer.withLock { writer in
            defer { writer = nil }
            return writer
        }
        running?.stop()
        flush()
    }

    deinit {
        let descriptor = self.descriptor.withLock { $0 }
        if case .file = destination, descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    private func reopen(_ descriptor: inout Int32) {
        guard case .file = destination else { return }
        // When it can't be opened, the old one goes on: better in a renamed file than nowhere.
        guard let fresh = try? AccessLog.open(destination) else { return }
        _ = Glibc.close(descriptor)
        descriptor = fresh
    }

    private static func open(_ destination: Destination) throws(OpenError) -> Int32 {
        switch destination {
        case .off: return -1
        case .standardOutput: return STDOUT_FILENO
        case .file(let path):
            let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
            guard descriptor >= 0 else { throw OpenError(path: path, reason: String(cString: strerror(errno))) }
            return descriptor
        }
    }

    /// A failed write loses its lines and is counted: a full disk must not stop the server.
    private func write(_ bytes: [UInt8], to descriptor: Int32) {
        var written = 0
        bytes.withUnsafeBytes { buffer in
            while written < buffer.count {
                let result = Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
                if result > 0 {
                    written += result
                } else if errno != EINTR {
                    break
                }
            }
        }
        if written < bytes.count { dropped.add(bytes[written...].count { $0 == 0x0A }) }
    }

    /// A small number of the calling thread. Threads that share one share a lock, nothing else.
    private static var threadNumber: Int {
        // The address of a thread's descriptor: aligned to pages, so its low bits say nothing.
        Int((pthread_self() >> 12) % 8191)
    }
}
