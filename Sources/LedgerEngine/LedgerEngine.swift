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
    }

    /// - Parameters:
    ///   - writerThreads: how many realms may commit at the same time.
    ///   - readerThreads: how many reads of the store may run at the same time.
    package init(
        environment: EngineEnvironment, writerThreads: Int = 16, readerThreads: Int = 8,
        openStore: @escaping @Sendable (Realm) throws(StoreError) -> any RealmStore
    ) {
        self.environment = environment
        self.openStore = openStore
        writers = BlockingThreads(name: "ledger-writer", maximum: writerThreads)
        readers = BlockingThreads(name: "ledger-reader", maximum: readerThreads)
    }

    /// What the clock of this engine says.
    package var now: Instant { environment.now() }

    /// The realm, when it is open: the hot path.
    package func openRealm(_ id: ULID) -> RealmLedger? { realms.withLock { $0.open[id] } }

    /// Realms that are open, for the metrics.
    package var openRealms: [RealmLedger] { realms.withLock { Array($0.open.values) } }

    /// Opens the realm on a reader thread; several callers share one opening. Calls back on any thread.
    package func open(_ realm: Realm, _ completion: @escaping @Sendable (Result<RealmLedger, StoreError>) -> Void) {
        enum Step { case done(RealmLedger), wait, start, closed }
        let step: Step = realms.withLock { realms in
            if let open = realms.open[realm.id] { return .done(open) }
            if realms.isClosed { return .closed }
            let isFirst = realms.opening[realm.id] == nil
            realms.opening[realm.id, default: []].append(completion)
            return isFirst ? .start : .wait
        }
        switch step {
        case .done(let open): completion(.success(open))
        case .closed: completion(.failure(.failed(operation: "opening of a realm", detail: "the server is stopping")))
        case .wait: break
        case .start: readers.run { self.finishOpening(realm) }
        }
    }

    private func finishOpening(_ realm: Realm) {
        let result = Result { () throws(StoreError) in
            try RealmLedger(
                realm: realm, store: try openStore(realm), environment: environment, writers: writers, readers: readers)
        }
        let waiting = realms.withLock { realms in
            if case .success(let ledger) = result { realms.open[realm.id] = ledger }
            return realms.opening.removeValue(forKey: realm.id) ?? []
        }
        for completion in waiting { completion(result) }
    }

    /// Finishes every realm's queue, writes the projections and closes the stores. Blocks; nothing may be used after it.
    package func close() {
        let open = realms.withLock { realms in
            realms.isClosed = true
            defer { realms.open = [:] }
            return Array(realms.open.values)
        }
        for ledger in open { ledger.close() }
        writers.stop()
        readers.stop()
    }
}
