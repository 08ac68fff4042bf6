internal import Glibc
internal import Synchronization

/// Gives back to the system what the allocator keeps after a peak: it would use it again, but a server that was abused
/// for a minute should not look so for a month.
package final class MemoryReturn: Sendable {
    /// Bytes by which the process may be larger than it was at its smallest.
    private static let slack = 32.0 * 1024 * 1024
    /// A change of fewer bytes is none.
    private static let change = 1.0 * 1024 * 1024
    /// Looks between two tries, at most: where most of the memory is in use, trying is of no use.
    private static let longestPause = 100

    private struct Seen {
        /// Resident bytes at the last look.
        var last = 0.0
        /// At the smallest.
        var least = Double.infinity
        /// Looks until the next try, and after that one, if it is in vain.
        var remaining = 0
        var pause = 1
    }

    private let seen = Mutex(Seen())
    private let thread = Mutex<PeriodicThread?>(nil)

    package init() {}

    /// Looks every few seconds from now on, until `stop`. Does nothing where the allocator can't give anything back.
    package func start(everyMilliseconds interval: Int = 3_000) {
        // Glibc's own; not every system's library has it.
        guard let symbol = dlsym(nil, "malloc_trim") else { return }
        let trim = unsafeBitCast(symbol, to: (@convention(c) @Sendable (Int) -> CInt).self)
        thread.withLock { thread in
            thread = PeriodicThread(everyMilliseconds: interval) { [weak self] in
                guard let self, let before = ProcessMetrics.residentBytes(), self.isDue(before) else { return }
                _ = trim(0)
                self.gaveBack(before, ProcessMetrics.residentBytes() ?? before)
            }
        }
    }

    /// Returns when it does not look any more.
    package func stop() {
        thread.withLock { thread in
            thread?.stop()
            thread = nil
        }
    }

    /// Whether the process is larger than it need be, is not growing, and a try is worth while: because memory was
    /// freed just now, or the last one lies far enough back.
    private func isDue(_ resident: Double) -> Bool {
        seen.withLock { seen in
            let difference = resident - seen.last
            seen.last = resident
            seen.least = min(seen.least, resident)
            seen.remaining = difference < -Self.change ? 0 : max(0, seen.remaining - 1)
            return difference < Self.change && seen.remaining == 0 && resident > seen.least + Self.slack
        }
    }

    private func gaveBack(_ before: Double, _ after: Double) {
        seen.withLock { seen in
            seen.last = after
            seen.least = min(seen.least, after)
            seen.pause = before - after > Self.change ? 1 : min(seen.pause * 2, Self.longestPause)
            seen.remaining = seen.pause
        }
    }
}
