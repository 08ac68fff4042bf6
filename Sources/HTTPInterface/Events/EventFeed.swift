import BlockingWork
import LedgerCore
import LedgerEngine
import LedgerStorage
import Synchronization

/// The journal as one connection follows it: first what is already there, then each entry as it is committed; every
/// one once and in order.
///
/// Reading and rendering run on the engine's reader threads, in bounded turns, and only while the connection has room:
/// a slow reader costs what waits in its stream, and a stopped one costs nothing more.
final class EventFeed: StreamSource {
    /// Bytes, and stretches of the journal, after which a feed goes to the end of the queue.
    private static let turnBytes = 256 * 1024
    private static let turnStretches = 16
    /// How long a browser waits before it connects again, in milliseconds.
    private static let retryLine = Array("retry: 2000\n\n".utf8)

    private struct State {
        var feed = EventFeedState()
        /// Seq of the next entry to send; used by the run alone.
        var next: UInt64
        var stream: ResponseStream?
        var tail: LiveTail?
    }

    private let ledger: RealmLedger
    private let tails: LiveTails
    private let filter: EventFilter?
    private let state: Mutex<State>
    let heartbeat = Array(": heartbeat\n\n".utf8)

    /// - Parameters:
    ///   - next: seq of the first entry to send.
    ///   - filter: nil for every event.
    init(of ledger: RealmLedger, from next: UInt64, filter: EventFilter?, tails: LiveTails) {
        self.ledger = ledger
        self.tails = tails
        self.filter = filter
        state = Mutex(State(next: next))
    }

    func begin(_ stream: ResponseStream) {
        _ = stream.write(Self.retryLine)
        // Told of growth before the head is read for the first time: what comes between is not missed.
        let tail = tails.add(self, to: ledger)
        state.withLock { state in
            state.stream = stream
            state.tail = tail
        }
        runSoon()
    }

    /// On a reader thread: there may be more.
    func grew() {
        if state.withLock({ $0.feed.grew() }) { run() }
    }

    func resume() {
        if state.withLock({ $0.feed.resume() }) { runSoon() }
    }

    func end(bytes: Int) {
        let tail = state.withLock { state in
            state.feed.end()
            state.stream = nil
            defer { state.tail = nil }
            return state.tail
        }
        if let tail { tails.remove(self, from: tail) }
    }

    private func runSoon() {
        ledger.readers.run { [self] in run() }
    }

    private func run() {
        let (stream, tail, start) = state.withLock { ($0.stream, $0.tail, $0.next) }
        guard let stream, let tail else { return }
        var next = start
        var bytes = 0
        var stretches = 0
        while bytes < Self.turnBytes, stretches < Self.turnStretches {
            switch stream.room {
            case .closed: return
            case .none:
                if stops(.noRoom, next) { return }
                continue
            case .available: break
            }
            do throws(StoreError) {
                guard let frames = try tail.frames(from: next, filter: filter) else {
                    if stops(.noMore, next) { return }
                    continue
                }
                let piece = frames.bytes(from: next, filter: filter)
                if case .closed = stream.write(piece) { return }
                next = frames.lastSeq + 1
                bytes += piece.count
                stretches += 1
            } catch {
                // A stopping server closes its stores when nobody listens any more: that is no failure.
                if case .closed = stream.room { return }
                tail.failed(error)
                stream.finish()
                return
            }
        }
        state.withLock { $0.next = next }
        runSoon()
    }

    /// Takes note of how far it came. False when it must look again.
    private func stops(_ stop: EventFeedState.Stop, _ next: UInt64) -> Bool {
        state.withLock { state in
            state.next = next
            return !state.feed.stop(stop)
        }
    }
}
