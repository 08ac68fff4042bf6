package import BlockingWork
package import LedgerCore
package import LedgerStorage
import Synchronization

/// All realms of a server: opens each when it is first used and keeps it open.
package final class LedgerEngine: Sendable {
    private let environment: EngineEnvironment
    private let openStore: @Sendable (Realm) throws(StoreError) -> any RealmStore
    private let writers: BlockingThreads
    package let readers: BlockingThreads
    private let realms = Mutex(Realms())

    private struct Realms {
        var open: [ULID: RealmLedger] = [:]
        /// Those who wait for a realm that is being opened.
        var opening: [ULID: [@Sendable (Result<RealmLedger, StoreError>) -> Void]] = [:]
        var isClosed = false
        /// Called when the last of `opening` is done, after `close`.
        var onOpened: (@Sendable () -> Void)?
    }

    /// - Parameters:
    ///   - writerThreads: how many realms may commit at the same time.
    ///   - readerThreads: how many reads of the store may run at the same time.
    package convenience init(
        environment: EngineEnvironment, writerThreads: Int = 16, readerThreads: Int = 8,
        openStore: @escaping @Sendable (Realm) throws(StoreError) -> any RealmStore
    ) {
        self.init(
            environment: environment, writers: BlockingThreads(name: "ledger-writer", maximum: writerThreads),
            readers: BlockingThreads(name: "ledger-reader", maximum: readerThreads), openStore: openStore)
    }

    /// The same on given threads, which `close` stops.
    package init(
        environment: EngineEnvironment, writers: BlockingThreads, readers: BlockingThreads,
        openStore: @escaping @Sendable (Realm) throws(StoreError) -> any RealmStore
    ) {
        self.environment = environment
        self.openStore = openStore
        self.writers = writers
        self.readers = readers
    }

    /// What the clock of this engine says.
    package var now: Instant { environment.now() }

    /// The realm, when it is open: the hot path.
    package func openRealm(_ id: ULID) -> RealmLedger? { realms.withLock { $0.open[id] } }

    /// Realms that are open, for the metrics.
    package var openRealms: [RealmLedger] { realms.withLock { Array($0.open.values) } }

    /// Opens the realm on a reader thread; several callers share one opening. Calls back on any thread.
    package func open(_ realm: Realm, _ completion: @escaping @Sendable (Result<RealmLedger, StoreError>) -> Void) {
        enum Step {
            case done(RealmLedger)
            case wait, start, closed
        }
        let step: Step = realms.withLock { realms in
            if let open = realms.open[realm.id] { return .done(open) }
            if realms.isClosed { return .closed }
            let isFirst = realms.opening[realm.id] == nil
            realms.opening[realm.id, default: []].append(completion)
            return isFirst ? .start : .wait
        }
        switch step {
        case .done(let open): completion(.success(open))
        case .closed: completion(.failure(LedgerEngine.stopping))
        case .wait: break
        case .start: readers.run { self.finishOpening(realm) }
        }
    }

    private static let stopping = StoreError.failed(operation: "opening of a realm", detail: "the server is stopping")

    private func finishOpening(_ realm: Realm) {
        var result = openLedger(realm)
        if case .success(let ledger) = result { environment.observer.opened(ledger) }
        let (waiting, isClosed) = realms.withLock { realms in
            if realms.isClosed {
                // Stays in `opening`: `close` waits until the store is closed again.
                return (realms.opening.updateValue([], forKey: realm.id) ?? [], true)
            }
            if case .success(let ledger) = result { realms.open[realm.id] = ledger }
            return (realms.opening.removeValue(forKey: realm.id) ?? [], false)
        }
        if isClosed, case .success(let ledger) = result {
            ledger.close()
            result = .failure(LedgerEngine.stopping)
        }
        for completion in waiting { completion(result) }
        guard isClosed else { return }
        let onOpened: (@Sendable () -> Void)? = realms.withLock { realms in
            realms.opening[realm.id] = nil
            return realms.opening.isEmpty ? realms.onOpened : nil
        }
        onOpened?()
    }

    private func openLedger(_ realm: Realm) -> Result<RealmLedger, StoreError> {
        do throws(StoreError) {
            let store = try openStore(realm)
            do throws(StoreError) {
                return .success(
                    try RealmLedger(
                        realm: realm, store: store, environment: environment, writers: writers, readers: readers))
            } catch {
                store.close()
                throw error
            }
        } catch {
            return .failure(error)
        }
    }

    /// Finishes every realm's queue, writes the projections and closes the stores, those included that are just being
    /// opened. Blocks; not to be called on a thread of `readers`. Nothing may be used after it.
    package func close() {
        let opened = BlockingSignal()
        let (open, isOpening) = realms.withLock { realms in
            realms.isClosed = true
            defer { realms.open = [:] }
            if !realms.opening.isEmpty { realms.onOpened = { opened.signal() } }
            return (Array(realms.open.values), !realms.opening.isEmpty)
        }
        if isOpening { opened.wait() }
        for ledger in open { ledger.close() }
        writers.stop()
        readers.stop()
    }
}
