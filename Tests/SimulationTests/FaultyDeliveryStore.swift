import LedgerCore
import LedgerStorage
import MemoryStorage

/// The deliveries of a process: its own file, or a lease on those that servers share.
///
/// @unchecked Sendable: one thread uses it.
final class FaultyDeliveryStore: DeliveryStore, @unchecked Sendable {
    private unowned let world: World
    private let process: Int
    private let realm: ULID
    private let inner: MemoryDeliveryStore

    init(_ world: World, process: Int, realm: ULID) {
        self.world = world
        self.process = process
        self.realm = realm
        inner = world.deliveries[realm] ?? MemoryDeliveryStore()
    }

    private func visit<Result>(
        isWrite: Bool = false, _ operation: (MemoryDeliveryStore) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        world.schedule.wait()
        guard world.isAlive(process) else { throw .failed(operation: "anything", detail: "the process has ended") }
        // Where servers share them, one that has stood still for long finds that another has taken over.
        if isWrite, !world.takeLease(process, realm) {
            throw .inUse(path: "deliveries", holder: "another server")
        }
        let result = try operation(inner)
        world.schedule.wait()
        guard world.isAlive(process) else { throw .failed(operation: "anything", detail: "the process has ended") }
        return result
    }

    func open() throws(StoreError) -> OpenedDeliveries {
        var opened = try visit(isWrite: true) { (store) throws(StoreError) in try store.open() }
        if world.bug == .eventAfterCommit {
            // What was to be sent was told to the process that has ended: this one begins at the journal's end.
            let end = (try? world.ledgers[realm]?.open().head.head.seq) ?? 0
            opened.lanes = opened.lanes.map { lane in
                var lane = lane
                lane.nextSeq = max(lane.nextSeq, end + 1)
                lane.settledAhead = []
                return lane
            }
        }
        return opened
    }

    func commit(_ unit: DeliveryUnit) throws(StoreError) -> Bool {
        if let fault = world.takeDeliveryFault(process) { inner.fail(fault) }
        let moreToDelete = try visit(isWrite: true) { (store) throws(StoreError) in try store.commit(unit) }
        // The log is synced in the background, within a second.
        if world.schedule.chance(1, in: 4) { inner.sync() }
        return moreToDelete
    }

    func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [ExceptionalDelivery] {
        try visit { (store) throws(StoreError) in try store.deliveries(query) }
    }

    func delivery(_ id: DeliveryID) throws(StoreError) -> ExceptionalDelivery? {
        try visit { (store) throws(StoreError) in try store.delivery(id) }
    }

    func attempts(of id: DeliveryID) throws(StoreError) -> [DeliveryAttempt] {
        try visit { (store) throws(StoreError) in try store.attempts(of: id) }
    }

    func deadSeqs(
        of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> [UInt64] {
        try visit { (store) throws(StoreError) in try store.deadSeqs(of: webhook, in: seqs, limit: limit) }
    }

    func counts(of webhook: WebhookNumber) throws(StoreError) -> (pending: Int, dead: Int) {
        try visit { (store) throws(StoreError) in try store.counts(of: webhook) }
    }

    func firstDeliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        try visit { (store) throws(StoreError) in try store.firstDeliveries(to: webhook, in: seqs, limit: limit) }
    }

    func pages(after number: Int64, limit: Int) throws(StoreError) -> [(number: Int64, page: DeliveryPage)] {
        try visit { (store) throws(StoreError) in try store.pages(after: number, limit: limit) }
    }

    func close() { world.releaseLease(process, realm) }
}
