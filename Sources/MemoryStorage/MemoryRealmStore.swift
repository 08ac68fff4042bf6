public import LedgerCore
public import LedgerStorage
import Synchronization

/// A realm in memory, for simulation and tests alone: the same port, deterministic, and able to fail on demand.
///
/// `close` keeps what was committed, so that a test can open the same realm again.
public final class MemoryRealmStore: RealmStore {
    /// How a commit goes wrong. In each case `commit` throws, and in all but the first every commit after it, until the
    /// store is opened again.
    public enum Fault: Sendable {
        /// Nothing is written, and the store goes on: `StoreError.full`.
        case full
        /// Nothing is written.
        case refused
        /// It is visible until the power fails (`forgetUnsynced`): written, but not synced.
        case unsynced
        /// It is written and durable, only the caller doesn't hear of it.
        case unheard
    }

    private struct State {
        var realm = MemoryRealm()
        /// What a power cut goes back to; nil when everything is durable.
        var synced: MemoryRealm?
        var faults: [Fault] = []
        var failure: StoreError?
    }

    private let state = Mutex(State())

    public init() {}

    /// The commits to come fail in this way, one after another.
    public func fail(_ faults: Fault...) {
        state.withLock { $0.faults += faults }
    }

    /// The power fails: what was not synced is gone.
    public func forgetUnsynced() {
        state.withLock { state in
            if let synced = state.synced { state.realm = synced }
            state.synced = nil
        }
    }

    public func open() throws(StoreError) -> OpenedRealm {
        state.withLock { state in
            state.failure = nil
            state.synced = nil
            return state.realm.opened
        }
    }

    @discardableResult
    public func commit(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome {
        try state.withLock { (state) throws(StoreError) in
            if let failure = state.failure { throw failure }
            try state.realm.checkOrder(of: unit)
            let fault = state.faults.isEmpty ? nil : state.faults.removeFirst()
            if fault == .unsynced { state.synced = state.synced ?? state.realm }
            if fault != .refused, fault != .full { try state.realm.apply(unit) }
            guard let fault else {
                // A sync takes everything with it that was written before.
                state.synced = nil
                return .durable(version: 0)
            }
            if fault == .full { throw .full(detail: "simulated") }
            let failure = StoreError.failed(operation: "commit", detail: "simulated: \(fault)")
            state.failure = failure
            throw failure
        }
    }

    public func block(containing seq: UInt64) throws(StoreError) -> Block? {
        state.withLock { state in
            guard let index = state.realm.indexOfBlock(endingAtOrAfter: seq), seq > 0 else { return nil }
            return state.realm.blocks[index]
        }
    }

    public func blocks(from seq: UInt64, maximumBytes: Int) throws(StoreError) -> [Block] {
        state.withLock { state in
            var blocks: [Block] = []
            var bytes = 0
            guard let first = state.realm.indexOfBlock(endingAtOrAfter: seq) else { return [] }
            for block in state.realm.blocks[first...] {
                blocks.append(block)
                bytes += block.data.count
                if bytes > maximumBytes { break }
            }
            return blocks
        }
    }

    public func lastSeq(recordedAtOrBefore moment: Instant) throws(StoreError) -> UInt64 {
        state.withLock { $0.realm.blocks.last { $0.recordedAt <= moment }?.lastSeq ?? 0 }
    }

    public func block(reaching id: ULID) throws(StoreError) -> Block? {
        state.withLock { $0.realm.blocks.first { $0.lastID >= id } }
    }

    public func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        state.withLock { state in keys.compactMap { state.realm.levels[$0] } }
    }

    public func references(_ hash: UInt64, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        state.withLock { state in
            let postings = state.realm.segments.flatMap(\.postings).filter { $0.hash == hash && $0.seq < seq }
            return Array(postings.map(\.seq).sorted(by: >).prefix(max(0, limit)))
        }
    }

    public func referenceSegment(containing seq: UInt64) throws(StoreError) -> ReferenceSegment? {
        state.withLock { $0.realm.segments.first { $0.firstSeq <= seq && seq <= $0.lastSeq } }
    }

    public func idempotencyKeys(
        fromSlice slice: Int64, _ body: (IdempotencyPageKeys) -> Void
    ) throws(StoreError) {
        let pages = state.withLock { $0.realm.pages.filter { $0.slice >= slice } }
        for page in pages {
            body(
                IdempotencyPageKeys(
                    number: page.number, slice: page.slice, recordedAt: page.recordedAt, keys: page.records.map(\.key)))
        }
    }

    public func idempotencyPage(_ number: UInt64) throws(StoreError) -> IdempotencyPage? {
        state.withLock { $0.realm.pages.first { $0.number == number } }
    }

    public func projectedLevels(_ body: (StockLevel) -> Void) throws(StoreError) {
        let levels = state.withLock { $0.realm.levels.values.sorted { $0.key < $1.key } }
        levels.forEach(body)
    }

    public func close() {}
}
