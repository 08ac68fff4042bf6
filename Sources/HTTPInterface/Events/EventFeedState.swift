/// What a connection's feed of events does next, as a value. It reads and writes on one thread at a time; what happens
/// meanwhile is remembered, so that nothing is missed and nobody waits.
///
///     begins running ──no more──► resting ──grew────► running
///                    ──no room──► blocked ──resume──► running
///     any ──end──► ended
package struct EventFeedState: Sendable {
    private enum Phase: Sendable {
        /// Everything was sent: waits for the journal to grow.
        case resting
        /// A thread is at it, or on its way.
        case running
        /// Waits for the connection to take what it has.
        case blocked
        case ended
    }

    /// Why a run has come to a stop.
    package enum Stop: Sendable {
        /// The journal has no more.
        case noMore
        /// The connection has no room.
        case noRoom
    }

    /// From the start: the first run begins with the stream.
    private var phase = Phase.running
    /// Something has happened since the run began that it may not have seen.
    private var mustLookAgain = false

    package init() {}

    /// The journal has grown. True: a run must be begun.
    package mutating func grew() -> Bool {
        switch phase {
        case .resting:
            phase = .running
            return true
        case .running:
            mustLookAgain = true
            return false
        // When there is room, it reads on anyway.
        case .blocked, .ended: return false
        }
    }

    /// The connection has room again. True: a run must be begun.
    package mutating func resume() -> Bool {
        switch phase {
        case .blocked:
            phase = .running
            return true
        case .running:
            // The run that has found no room has not said so yet.
            mustLookAgain = true
            return false
        case .resting, .ended: return false
        }
    }

    /// The run has nothing to do any more, as far as it saw. True: it must look again.
    package mutating func stop(_ stop: Stop) -> Bool {
        guard case .running = phase else { return false }
        if mustLookAgain {
            mustLookAgain = false
            return true
        }
        phase = stop == .noMore ? .resting : .blocked
        return false
    }

    /// Nobody reads any more: whatever happens from here on, nothing is to be done.
    package mutating func end() { phase = .ended }
}
