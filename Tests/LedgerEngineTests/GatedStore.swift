import Foundation
import LedgerCore
import LedgerStorage

/// A store in front of another: it can hold commits back, refuse them, and remember what they wrote.
final class GatedStore: RealmStore {
    private struct State {
        var isShut = false
        var faults: [StoreError] = []
        /// Commits that have begun, those held back included.
        var begun = 0
        /// Last seq of the commits that have returned.
        var durableSeq: UInt64 = 0
        var units: [CommitUnit] = []
        var isClosed = false
        var delay: Duration?
        var afterLevels: (@Sendable () -> Void)?
        var beforeReferences: (@Sendable () -> Void)?
    }

    private let base: any RealmStore
    // NSCondition: what waits at the gate is woken by whoever opens it.
    private let condition = NSCondition()
    // Guarded by `condition`.
    private nonisolated(unsafe) var state = State()

    init(_ base: any RealmStore) { self.base = base }

    /// Commits wait before they write anything, until `openGate`.
    func shutGate() { condition.withLock { state.isShut = true } }

    func openGate() {
        condition.withLock {
            state.isShut = false
            condition.broadcast()
        }
    }

    /// The commits to come throw this, one after another, and write nothing.
    func fail(_ faults: StoreError...) { condition.withLock { state.faults += faults } }

    func clearFaults() { condition.withLock { state.faults = [] } }

    /// Each commit takes at least as long.
    func slowDown(_ delay: Duration?) { condition.withLock { state.delay = delay } }

    /// Called once, after the next read of levels and before its caller has them.
    func afterNextLevels(_ body: @escaping @Sendable () -> Void) { condition.withLock { state.afterLevels = body } }

    /// Called once, before the next look-up of a reference.
    func beforeNextReferences(_ body: @escaping @Sendable () -> Void) {
        condition.withLock { state.beforeReferences = body }
    }

    var commits: Int { condition.withLock { state.begun } }
    var durableSeq: UInt64 { condition.withLock { state.durableSeq } }
    /// Everything that was committed.
    var units: [CommitUnit] { condition.withLock { state.units } }
    var isClosed: Bool { condition.withLock { state.isClosed } }

    func commit(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome {
        let (fault, delay): (StoreError?, Duration?) = condition.withLock {
            state.begun += 1
            condition.broadcast()
            while state.isShut { condition.wait() }
            return (state.faults.isEmpty ? nil : state.faults.removeFirst(), state.delay)
        }
        if let fault { throw fault }
        if let delay { Thread.sleep(forTimeInterval: Double(delay.components.attoseconds) / 1e18) }
        let outcome = try base.commit(unit)
        condition.withLock {
            if let block = unit.block { state.durableSeq = block.lastSeq }
            state.units.append(unit)
        }
        return outcome
    }

    func open() throws(StoreError) -> OpenedRealm { try base.open() }

    func block(containing seq: UInt64) throws(StoreError) -> Block? { try base.block(containing: seq) }

    func blocks(from seq: UInt64, maximumBytes: Int) throws(StoreError) -> [Block] {
        try base.blocks(from: seq, maximumBytes: maximumBytes)
    }

    func lastSeq(recordedAtOrBefore moment: Instant) throws(StoreError) -> UInt64 {
        try base.lastSeq(recordedAtOrBefore: moment)
    }

    func block(reaching id: ULID) throws(StoreError) -> Block? { try base.block(reaching: id) }

    func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        let levels = try base.levels(keys)
        let body = condition.withLock {
            defer { state.afterLevels = nil }
            return state.afterLevels
        }
        body?()
        return levels
    }

    func references(_ hash: UInt64, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        let body = condition.withLock {
            defer { state.beforeReferences = nil }
            return state.beforeReferences
        }
        body?()
        return try base.references(hash, before: seq, limit: limit)
    }

    func referenceSegment(containing seq: UInt64) throws(StoreError) -> ReferenceSegment? {
        try base.referenceSegment(containing: seq)
    }

    func idempotencyKeys(fromSlice slice: Int64, _ body: (IdempotencyPageKeys) -> Void) throws(StoreError) {
        try base.idempotencyKeys(fromSlice: slice, body)
    }

    func idempotencyPage(_ number: UInt64) throws(StoreError) -> IdempotencyPage? { try base.idempotencyPage(number) }

    func projectedLevels(_ body: (StockLevel) -> Void) throws(StoreError) { try base.projectedLevels(body) }

    func close() {
        condition.withLock { state.isClosed = true }
        base.close()
    }
}
