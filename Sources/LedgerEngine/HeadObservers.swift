import Synchronization

/// Who is told when a realm's journal has grown. With nobody to tell, telling costs one atomic read.
final class HeadObservers: Sendable {
    typealias Body = @Sendable (_ seq: UInt64) -> Void

    private struct Observer {
        var body: Body
        var isUrgent: @Sendable () -> Bool
    }

    private struct Registered {
        var observers: [UInt64: Observer] = [:]
        var lastToken: UInt64 = 0
    }

    private let count = Atomic<Int>(0)
    private let registered = Mutex(Registered())

    /// How many are told.
    var current: Int { count.load(ordering: .relaxed) }

    /// Whether one of them wants to know at once.
    var isUrgent: Bool {
        guard current > 0 else { return false }
        return registered.withLock { $0.observers.values.map(\.isUrgent) }.contains { $0() }
    }

    func add(isUrgent: @escaping @Sendable () -> Bool, _ body: @escaping Body) -> UInt64 {
        registered.withLock { registered in
            registered.lastToken += 1
            registered.observers[registered.lastToken] = Observer(body: body, isUrgent: isUrgent)
            count.store(registered.observers.count, ordering: .releasing)
            return registered.lastToken
        }
    }

    func remove(_ token: UInt64) {
        // What the closure holds is let go of outside of the lock: it may be the last to hold it.
        let removed = registered.withLock { registered in
            let removed = registered.observers.removeValue(forKey: token)
            count.store(registered.observers.count, ordering: .releasing)
            return removed
        }
        _ = removed
    }

    func notify(_ seq: UInt64) {
        guard count.load(ordering: .acquiring) > 0 else { return }
        // Called outside of the lock, so that an observer may remove itself or add another.
        let observers = registered.withLock { Array($0.observers.values) }
        for observer in observers { observer.body(seq) }
    }
}

/// A registration with ``RealmLedger/observeHead(_:)``. It holds until it is cancelled, not until it is let go of.
package struct HeadObservation: Sendable {
    private let observers: HeadObservers
    private let token: UInt64

    fileprivate init(_ observers: HeadObservers, _ token: UInt64) {
        self.observers = observers
        self.token = token
    }

    /// The observer is told nothing more. A call that has begun on the writer's thread may still be running when this
    /// returns. A second call does nothing.
    package func cancel() { observers.remove(token) }
}

extension RealmLedger {
    /// Has `body` called after each commit that has appended to the journal, with the seq of the journal's last entry:
    /// by then readers see it, and it is durable. May be called from any thread.
    ///
    /// `body` runs on the thread that writes this ledger, before the callers are answered: it must return at once and
    /// must not write or read here. Usually it wakes something that then looks at `head`, and does nothing while that
    /// is awake already: commits come by the thousand. Seqs ascend. Whoever needs every entry reads `head` after this
    /// call has returned: what was committed before it is not told.
    ///
    /// - Parameter isUrgent: whether what other processes have committed is to be fetched as soon as they tell of it,
    ///   and not within a second. Asked whenever they do; must return at once.
    package func observeHead(
        isUrgent: @escaping @Sendable () -> Bool = { true }, _ body: @escaping @Sendable (_ seq: UInt64) -> Void
    ) -> HeadObservation {
        HeadObservation(observers, observers.add(isUrgent: isUrgent, body))
    }

    /// Whether somebody wants to know at once what other processes have committed.
    package var isFollowedClosely: Bool { observers.isUrgent }

    /// How many observe the head, for the metrics.
    package var headObservers: Int { observers.current }
}
