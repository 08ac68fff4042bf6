import BlockingWork
import LedgerCore
import LedgerEngine
import LedgerStorage
package import Logging
import Synchronization

/// The end of one realm's journal, for the connections that follow it: told when the journal grows, it lets those go on
/// that have nothing left to send, and keeps what it renders for them, so that a thousand followers cost one rendering.
final class LiveTail: Sendable {
    /// Bytes of rendered events that are kept for those who are a little behind.
    private static let kept = 1 << 20

    private struct State {
        var feeds: [ObjectIdentifier: EventFeed] = [:]
        var recent = RecentFrames(limit: LiveTail.kept)
        var observation: HeadObservation?
    }

    let ledger: RealmLedger
    private let logger: Logger
    private let state = Mutex(State())
    /// Somebody is on the way to look at what is new.
    private let isAwake = Atomic<Bool>(false)

    init(_ ledger: RealmLedger, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
    }

    func add(_ feed: EventFeed) {
        state.withLock { state in
            state.feeds[ObjectIdentifier(feed)] = feed
            if state.observation == nil {
                state.observation = ledger.observeHead { [weak self] _ in self?.wake() }
            }
        }
    }

    /// True when it was the last: nothing is observed any more.
    func remove(_ feed: EventFeed) -> Bool {
        let observation: HeadObservation? = state.withLock { state in
            state.feeds[ObjectIdentifier(feed)] = nil
            guard state.feeds.isEmpty else { return nil }
            defer { state.observation = nil }
            return state.observation
        }
        observation?.cancel()
        return observation != nil
    }

    /// On the writer's thread, after each commit. However many come meanwhile, one job looks at them.
    private func wake() {
        guard !isAwake.exchange(true, ordering: .acquiringAndReleasing) else { return }
        ledger.readers.run { [self] in
            // First, so that a commit from here on wakes again.
            isAwake.store(false, ordering: .sequentiallyConsistent)
            for feed in state.withLock({ Array($0.feeds.values) }) { feed.grew() }
        }
    }

    /// The stretch that begins with `next` or holds it; nil when the journal has not come so far. Blocks.
    func frames(from next: UInt64, filter: EventFilter?) throws(StoreError) -> EventFrames? {
        if let frames = state.withLock({ $0.recent.frames(with: next) }) { return frames }
        // What is rendered for one filter is of no use to the others.
        if let filter { return try EventFrames.read(from: next, of: ledger, filter: filter) }
        guard let frames = try EventFrames.read(from: next, of: ledger) else { return nil }
        state.withLock { $0.recent.keep(frames) }
        return frames
    }

    func failed(_ error: StoreError) {
        logger.error(
            "events can't be read", metadata: ["realm": "\(ledger.realm.id.text)", "error": "\(error)"])
    }
}

/// The tails of all realms that somebody follows.
package final class LiveTails: Sendable {
    private let tails = Mutex<[ObjectIdentifier: LiveTail]>([:])
    private let logger: Logger

    package init(logger: Logger) {
        self.logger = logger
    }

    /// From now on the feed is told when the journal grows.
    func add(_ feed: EventFeed, to ledger: RealmLedger) -> LiveTail {
        tails.withLock { tails in
            let tail = tails[ObjectIdentifier(ledger)] ?? LiveTail(ledger, logger: logger)
            tails[ObjectIdentifier(ledger)] = tail
            tail.add(feed)
            return tail
        }
    }

    func remove(_ feed: EventFeed, from tail: LiveTail) {
        tails.withLock { tails in
            if tail.remove(feed) { tails[ObjectIdentifier(tail.ledger)] = nil }
        }
    }
}
