public import LedgerCore
public import LedgerStorage
import Synchronization

/// A realm's deliveries in memory, for simulation and tests alone: the same port, deterministic, and able to fail on
/// demand.
///
/// `close` keeps what was committed, so that a test can open the same store again.
public final class MemoryDeliveryStore: DeliveryStore {
    /// How a commit goes wrong. In each case `commit` throws, and in all but the first every commit after it, until the
    /// store is opened again.
    public enum Fault: Sendable {
        /// Nothing is written, and the store goes on: `StoreError.full`.
        case full
        /// Nothing is written.
        case refused
        /// It is written, only the caller doesn't hear of it.
        case unheard
    }

    private struct State {
        var deliveries = MemoryDeliveries()
        /// What a power cut goes back to.
        var synced = MemoryDeliveries()
        var faults: [Fault] = []
        var failure: StoreError?
    }

    private let state = Mutex(State())

    public init() {}

    /// The commits to come fail in this way, one after another.
    public func fail(_ faults: Fault...) {
        state.withLock { $0.faults += faults }
    }

    /// Sets the mark to which a power cut goes back: what was committed so far is on disk. So is what `open` finds.
    public func sync() {
        state.withLock { $0.synced = $0.deliveries }
    }

    /// The power fails: what was committed since the last mark is gone.
    public func forgetUnsynced() {
        state.withLock { $0.deliveries = $0.synced }
    }

    public func open() throws(StoreError) -> OpenedDeliveries {
        state.withLock { state in
            state.failure = nil
            state.synced = state.deliveries
            return state.deliveries.opened
        }
    }

    @discardableResult
    public func commit(_ unit: DeliveryUnit) throws(StoreError) -> Bool {
        try state.withLock { (state) throws(StoreError) in
            if let failure = state.failure { throw failure }
            try unit.checkPages()
            let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
            switch fault {
            case nil: return state.deliveries.apply(unit)
            case .full: throw .full(detail: "simulated")
            case .unheard: _ = state.deliveries.apply(unit)
            case .refused: break
            }
            let failure = StoreError.failed(operation: "commit deliveries", detail: "simulated")
            state.failure = failure
            throw failure
        }
    }

    public func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [ExceptionalDelivery] {
        state.withLock { $0.deliveries.list(query) }
    }

    public func delivery(_ id: DeliveryID) throws(StoreError) -> ExceptionalDelivery? {
        state.withLock { $0.deliveries.deliveries[id] }
    }

    public func attempts(of id: DeliveryID) throws(StoreError) -> [DeliveryAttempt] {
        state.withLock { $0.deliveries.attempts(of: id) }
    }

    public func deadSeqs(
        of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> [UInt64] {
        state.withLock { state in
            let dead = state.deliveries.deliveries.values.filter {
                $0.id.webhook == webhook && $0.status == .dead && seqs.contains($0.id.seq)
            }
            return Array(dead.map(\.id.seq).sorted().prefix(max(0, limit)))
        }
    }

    public func counts(of webhook: WebhookNumber) throws(StoreError) -> (pending: Int, dead: Int) {
        state.withLock { state in
            let own = state.deliveries.deliveries.values.filter { $0.id.webhook == webhook }
            return (own.count { $0.status == .pending }, own.count { $0.status == .dead })
        }
    }

    public func firstDeliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        state.withLock { $0.deliveries.firstDeliveries(to: webhook, in: seqs, limit: limit) }
    }

    public func pages(
        after number: Int64, limit: Int
    ) throws(StoreError) -> [(number: Int64, page: DeliveryPage)] {
        state.withLock { $0.deliveries.pages(after: number, limit: limit) }
    }

    public func close() {}
}
