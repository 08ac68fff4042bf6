package import LedgerCore
package import LedgerStorage
package import Logging
internal import Synchronization

/// All API keys, in memory, so that a request waits for nothing. They are loaded from the control store, and again when
/// its `version()` has changed, which a thread of its own asks twice a second: a key that was revoked anywhere is dead
/// here within a second. One that carries its end (`expiresAt`) is dead at that very moment.
///
/// Guessing costs the guesser: an unknown id takes the same way as a wrong secret, through the store too, and what
/// leads to the store is limited in memory (`KeyLookups`) and in rate.
package final class KeyRing: Sendable {
    private struct State {
        var keys: [ULID: ActiveKey] = [:]
        var verified = VerifiedHeaders()
        var lookups = KeyLookups()
        var version: Int64?
        /// How often all keys were loaded.
        var loads: UInt64 = 0
        /// What was looked up since the last load began.
        var lookedUp: [ULID: ActiveKey] = [:]
    }

    private let store: any ControlStore
    private let state = Mutex(State())
    private let logger: Logger
    private let wallClock: @Sendable () -> Instant
    private let monotonicClock: @Sendable () -> UInt64
    /// One refresh at a time, and none that started earlier ends later.
    private let refreshing = Mutex(())
    private let poller = Mutex<PeriodicThread?>(nil)
    private let sharer = Mutex<PeriodicThread?>(nil)
    private let afterRefresh = Mutex(AfterRefresh())

    /// In a type of its own: a function that stands in a `Mutex` by itself is wrapped once more each time that it is
    /// read, until calling it needs more stack than there is.
    private struct AfterRefresh {
        var body: (@Sendable () -> Void)?
    }

    /// Holds no key before the first `refresh`.
    package init(
        store: any ControlStore, logger: Logger,
        wallClock: @escaping @Sendable () -> Instant = { Instant(milliseconds: RequestClock.wallMilliseconds()) },
        monotonicClock: @escaping @Sendable () -> UInt64 = { RequestClock.monotonic() }
    ) {
        self.store = store
        self.logger = logger
        self.wallClock = wallClock
        self.monotonicClock = monotonicClock
    }

    // MARK: Requests

    /// Never blocks. `header` is the value of `Authorization`.
    ///
    /// - Parameter counts: whether this is a request of the key, rather than a look at whose it will be.
    package func authenticate(_ header: String?, counts: Bool = true) -> Authentication {
        guard var header else { return .absent }
        return header.withUTF8 { authenticate($0, counts) }
    }

    private func authenticate(_ header: UnsafeBufferPointer<UInt8>, _ counts: Bool) -> Authentication {
        let now = wallClock()
        let slot = VerifiedHeaders.hash(header)
        if let key = state.withLock({ $0.verified.key(header, hash: slot) }) {
            guard key.isAlive(at: now) else { return .unknown }
            if counts { key.requests.increment() }
            return .key(key)
        }
        guard let secret = KeyRing.bearerToken(header) else { return .absent }
        guard let parsed = KeySecret.parse(secret) else { return .malformed }
        // Hashed before it is known whether there is such a key, so that both answers take the same time.
        let hash = Digest256(hashing: UnsafeRawBufferPointer(secret))
        let monotonic = monotonicClock()
        return state.withLock { state in
            let key = state.keys[parsed.id]
            let matches = ConstantTime.areEqual(hash, key?.key.secretHash ?? .zero)
            guard let key, matches else {
                // The store is asked about a known key as well: an answer that came sooner would tell that there is
                // such a key.
                return state.lookups.mayLookUp(parsed.id, now: monotonic) ? .unseen(parsed.id) : .unknown
            }
            guard key.key.realm.mode == parsed.mode, key.isAlive(at: now) else { return .unknown }
            state.verified.insert(header, hash: slot, key: key)
            if counts { key.requests.increment() }
            return .key(key)
        }
    }

    /// After `.unseen`: asks the store, once, and blocks while it answers. nil when there is no such key, the secret is
    /// wrong, it is dead, or the store failed (which is logged).
    package func lookUp(_ id: ULID, authorization header: String?) -> ActiveKey? {
        let found: APIKey?
        let loads = state.withLock { $0.loads }
        do {
            found = try store.key(id)
        } catch {
            logger.error("a key can't be looked up", metadata: ["key": "\(id.text)", "error": "\(error)"])
            return nil
        }
        let monotonic = monotonicClock()
        state.withLock { state in
            // When all were loaded meanwhile, that load knows better than what was read before it.
            if let found, state.loads == loads, state.keys[id] == nil {
                let key = ActiveKey(found)
                state.keys[id] = key
                state.lookedUp[id] = key
            }
            state.lookups.remember(id, now: monotonic)
        }
        guard case .key(let key) = authenticate(header) else { return nil }
        return key
    }

    /// The bytes after `Bearer` and one space; RFC 9110 §11.1: the scheme's case does not matter.
    private static func bearerToken(_ header: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        let scheme: StaticString = "bearer "
        guard header.count > scheme.utf8CodeUnitCount else { return nil }
        let isBearer = scheme.withUTF8Buffer { wanted in
            for index in 0..<wanted.count where header[index] | 0x20 != wanted[index] | 0x20 { return false }
            return true
        }
        guard isBearer else { return nil }
        return UnsafeBufferPointer(rebasing: header[scheme.utf8CodeUnitCount...])
    }

    /// Whether the key is alive and has the scope: for what goes on after it was let in. A key that is not in memory is
    /// not alive.
    package func isLive(_ id: ULID, with scope: Scope) -> Bool {
        let now = wallClock()
        guard let key = state.withLock({ $0.keys[id] }) else { return false }
        return key.isAlive(at: now) && key.key.scopes.contains(scope)
    }

    /// What a key of that realm is called, dead ones included; nil for one that is not in memory. Never blocks.
    package func name(of id: ULID, in realm: ULID) -> String? {
        guard let key = state.withLock({ $0.keys[id]?.key }), key.realm.id == realm else { return nil }
        return key.name
    }

    // MARK: Refreshing

    /// Has `body` called on the thread that refreshes, each time after it has, whether or not anything had changed. It
    /// may ask the ring and must not take long. A later call replaces it.
    package func afterEachRefresh(_ body: @escaping @Sendable () -> Void) {
        afterRefresh.withLock { $0.body = body }
    }

    /// Loads all keys if anything has changed since the last time. Blocks. True when it has loaded.
    @discardableResult
    package func refresh() throws(StoreError) -> Bool {
        try refreshing.withLock { (_) throws(StoreError) in
            // The version comes first: what changes between the two calls is loaded twice rather than never.
            let version = try store.version()
            let isCurrent = state.withLock { state in
                state.lookedUp.removeAll()
                return state.version == version
            }
            if isCurrent { return false }
            let loaded = try store.keys(tenant: nil)
            state.withLock { state in
                var keys: [ULID: ActiveKey] = [:]
                keys.reserveCapacity(loaded.count)
                for key in loaded {
                    let old = state.keys[key.id]
                    keys[key.id] = old?.key == key ? old : ActiveKey(key, replacing: old)
                }
                // A key that was made and looked up while these were on their way is known to a client already. It
                // stays, until the next load says whether it is still there.
                let newer = state.lookedUp.filter { keys[$0.key] == nil }
                state.keys = keys.merging(newer) { loaded, _ in loaded }
                state.verified.removeAll()
                state.version = newer.isEmpty ? version : nil
                state.loads &+= 1
            }
            return true
        }
    }

    /// Starts the thread that refreshes; `stop` ends it. `interval` is in milliseconds.
    package func start(everyMilliseconds interval: Int = 500) {
        poller.withLock { poller in
            guard poller == nil else { return }
            poller = PeriodicThread(everyMilliseconds: interval) { [weak self] in
                guard let self else { return }
                do {
                    try self.refresh()
                } catch {
                    self.logger.error("keys can't be refreshed", metadata: ["error": "\(error)"])
                }
                self.afterRefresh.withLock { $0.body }?()
            }
        }
    }

    /// Shares the budgets of keys with other servers from now on. Between two exchanges each server lets through what
    /// its own bucket allows: so much more than the limit may pass, once for each server, and is taken off afterwards.
    ///
    /// - Parameter interval: in milliseconds.
    package func share(_ budgets: any BudgetStore, everyMilliseconds interval: Int = 100) {
        sharer.withLock { sharer in
            guard sharer == nil else { return }
            let recent = Mutex<[ULID: Int]>([:])
            sharer = PeriodicThread(everyMilliseconds: interval) { [weak self] in
                self?.exchange(budgets, recent: recent)
            }
        }
    }

    /// Exchanges in which a key that is not used any more still takes part, to learn what others use.
    private static let afterglow = 50

    private func exchange(_ budgets: any BudgetStore, recent: borrowing Mutex<[ULID: Int]>) {
        var uses: [BudgetUse] = []
        var limiters: [RateLimiter] = []
        let keys = state.withLock { Array($0.keys.values) }
        recent.withLock { recent in
            for key in keys {
                guard let limit = key.key.limit else { continue }
                let taken = key.limiter.takenSinceTold()
                if taken > 0 { recent[key.key.id] = KeyRing.afterglow }
                guard let rounds = recent[key.key.id] else { continue }
                recent[key.key.id] = rounds > 1 ? rounds - 1 : nil
                uses.append(BudgetUse(key: key.key.id, limit: limit, taken: taken))
                limiters.append(key.limiter)
            }
        }
        guard !uses.isEmpty else { return }
        do {
            let levels = try budgets.settle(uses)
            let now = monotonicClock()
            for (limiter, level) in zip(limiters, levels) { limiter.settle(at: now, shared: level) }
        } catch {
            // Each server counts by itself until the database is back.
            for (limiter, use) in zip(limiters, uses) { limiter.wasNotTold(use.taken) }
        }
    }

    /// Returns when the threads have ended.
    package func stop() {
        let running = poller.withLock { poller in
            defer { poller = nil }
            return poller
        }
        running?.stop()
        let sharing = sharer.withLock { sharer in
            defer { sharer = nil }
            return sharer
        }
        sharing?.stop()
    }

    /// Keys in memory, dead ones included.
    package var count: Int { state.withLock { $0.keys.count } }
}
