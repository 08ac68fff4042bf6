import LedgerCore
import LedgerEngine
import LedgerStorage
import Synchronization

/// Ledgers that other servers have written to, on the way into memory: at once where somebody waits for events, the
/// others once a second. Each look is a call of the database, and on a busy day they would be as many as the writes.
final class LedgersFollowed: Sendable {
    private static let pause = Duration.seconds(1)
    /// Everything is looked at once in so long even if notifications never cease: some may not have come through.
    private static let longPause = Duration.seconds(10)

    private struct State {
        /// What has grown since it was last taken in.
        var behind: Set<ULID> = []
        var lastPass = ContinuousClock.now
        var lastFullPass = ContinuousClock.now
    }

    private let engine: LedgerEngine
    private let state = Mutex(State())

    init(_ engine: LedgerEngine) { self.engine = engine }

    /// - Parameter grew: whether others have written to a realm; nil when they may have to any.
    func othersHaveWritten(_ grew: (@Sendable (ULID) -> Bool)?) {
        let observed = engine.openRealms.filter { $0.headObservers > 0 }
        let now = ContinuousClock.now
        let due: [RealmLedger] = state.withLock { state in
            guard let grew, state.lastFullPass.duration(to: now) < LedgersFollowed.longPause else {
                state = State()
                return observed
            }
            var due: [RealmLedger] = []
            for ledger in observed where grew(ledger.realm.id) {
                if ledger.isFollowedClosely { due.append(ledger) } else { state.behind.insert(ledger.realm.id) }
            }
            if state.lastPass.duration(to: now) >= LedgersFollowed.pause {
                due += observed.filter { state.behind.contains($0.realm.id) }
                state.behind = []
                state.lastPass = now
            }
            return due
        }
        for ledger in due { ledger.follow() }
    }
}
