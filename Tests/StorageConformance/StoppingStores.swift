import LedgerCore
import LedgerStorage
import Synchronization

/// How many more commits there will be before the process is killed: either before it or after it.
final class CommitsLeft: Sendable {
    private let left: Mutex<Int>
    private let isHeard: Bool

    /// - Parameter isHeard: false when the last commit is written and the process does not live to hear of it.
    init(_ count: Int, isHeard: Bool) {
        left = Mutex(count)
        self.isHeard = isHeard
    }

    func commit<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        let isLast = left.withLock { left in
            left -= 1
            return left < 0
        }
        let killed = StoreError.failed(operation: "commit", detail: "killed")
        guard isLast else { return try body() }
        if !isHeard { _ = try body() }
        throw killed
    }
}

/// A realm's store that stops with the process.
final class StoppingStore: RealmStore {
    private let base: any RealmStore
    private let left: CommitsLeft

    init(_ base: any RealmStore, _ left: CommitsLeft) {
        self.base = base
        self.left = left
    }

    func open() throws(StoreError) -> OpenedRealm { try base.open() }
    func commit(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome {
        try left.commit { () throws(StoreError) in try base.commit(unit) }
    }
    func append(_ blocks: [Block], pages: [IdempotencyPage]) throws(StoreError) -> CommitOutcome {
        try left.commit { () throws(StoreError) in try base.append(blocks, pages: pages) }
    }
    func block(containing seq: UInt64) throws(StoreError) -> Block? { try base.block(containing: seq) }
    func blocks(from seq: UInt64, maximumBytes: Int) throws(StoreError) -> [Block] {
        try base.blocks(from: seq, maximumBytes: maximumBytes)
    }
    func lastSeq(recordedAtOrBefore moment: Instant) throws(StoreError) -> UInt64 {
        try base.lastSeq(recordedAtOrBefore: moment)
    }
    func block(reaching id: ULID) throws(StoreError) -> Block? { try base.block(reaching: id) }
    func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] { try base.levels(keys) }
    func references(_ hash: UInt64, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        try base.references(hash, before: seq, limit: limit)
    }
    func referenceSegment(containing seq: UInt64) throws(StoreError) -> ReferenceSegment? {
        try base.referenceSegment(containing: seq)
    }
    func idempotencyKeys(fromSlice slice: Int64, _ body: (IdempotencyPageKeys) -> Void) throws(StoreError) {
        try base.idempotencyKeys(fromSlice: slice, body)
    }
    func idempotencyPage(_ number: UInt64) throws(StoreError) -> IdempotencyPage? { try base.idempotencyPage(number) }
    func projectedLevels(_ body: (StockLevel) -> Void) throws(StoreError) { try base.projectedLevels(body) }
    func finishOpening() { base.finishOpening() }
    func close() { base.close() }
}

/// The same of deliveries.
final class StoppingDeliveries: DeliveryStore {
    private let base: any DeliveryStore
    private let left: CommitsLeft

    init(_ base: any DeliveryStore, _ left: CommitsLeft) {
        self.base = base
        self.left = left
    }

    func open() throws(StoreError) -> OpenedDeliveries { try base.open() }
    func commit(_ unit: DeliveryUnit) throws(StoreError) -> Bool {
        try left.commit { () throws(StoreError) in try base.commit(unit) }
    }
    func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [ExceptionalDelivery] { try base.deliveries(query) }
    func delivery(_ id: DeliveryID) throws(StoreError) -> ExceptionalDelivery? { try base.delivery(id) }
    func attempts(of id: DeliveryID) throws(StoreError) -> [DeliveryAttempt] { try base.attempts(of: id) }
    func deadSeqs(
        of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> [UInt64] {
        try base.deadSeqs(of: webhook, in: seqs, limit: limit)
    }
    func counts(of webhook: WebhookNumber) throws(StoreError) -> (pending: Int, dead: Int) {
        try base.counts(of: webhook)
    }
    func firstDeliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        try base.firstDeliveries(to: webhook, in: seqs, limit: limit)
    }
    func pages(after number: Int64, limit: Int) throws(StoreError) -> [(number: Int64, page: DeliveryPage)] {
        try base.pages(after: number, limit: limit)
    }
    func close() { base.close() }
}
