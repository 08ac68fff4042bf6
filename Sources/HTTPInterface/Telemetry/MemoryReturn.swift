internal import Glibc
internal import Synchronization

/// Gives back to the system what the allocator keeps after a peak: it would use it again, but a server that was abused
/// for a minute should not look so for a month.
package final class MemoryReturn: Sendable {
    /// Bytes by which the process may have grown since memory was last given back.
    private static let slack = 32.0 * 1024 * 1024

    private struct Seen {
        /// Resident bytes at the last look.
        var last = 0.0
        /// The least since memory was last given back.
        var least = Double.infinity
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
                guard let self, let resident = ProcessMetrics.residentBytes(), self.isOver(resident) else { return }
                _ = trim(0)
                self.gaveBack(ProcessMetrics.residentBytes() ?? resident)
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

    /// Whether the process has become larger and is not growing now.
    private func isOver(_ resident: Double) -> Bool {
        seen.withLock { seen in
            let isRising = resident > seen.last + Self.slack / 32
            seen.last = resident
            seen.least = min(seen.least, resident)
            return !isRising && resident > seen.least + Self.slack
        }
    }

    private func gaveBack(_ resident: Double) {
        seen.withLock { $0 = Seen(last: resident, least: resident) }
    }
}
