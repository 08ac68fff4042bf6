import LedgerCore
import LedgerStorage
import MemoryStorage

/// The disk of a process, or its connections to a database: everything it does takes time, in which others run, and the
/// process can end before and after each of its steps.
///
/// @unchecked Sendable: one thread uses it.
final class FaultyRealmStore: RealmStore, @unchecked Sendable {
    private unowned let world: World
    private let process: Int
    private let sessions: SessionPool
    private let realm: ULID
    private let bug: PlantedBug?
    /// A planted bug's: acknowledged, and not yet written.
    private var unwritten: CommitUnit?
    /// A planted bug's: pages that only memory has.
    private var pages: [UInt64: IdempotencyPage] = [:]

    init(_ world: World, process: Int, sessions: SessionPool, realm: ULID) {
        self.world = world
        self.process = process
        self.sessions = sessions
        self.realm = realm
        bug = world.bug
    }

    private func visit<Result>(
        _ operation: (MemoryRealmStore) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try pause(isCommit: false)
        if let unit = unwritten {
            unwritten = nil
            _ = try sessions.store(for: realm).commit(unit)
        }
        let result = try operation(sessions.store(for: realm))
        try pause(isCommit: false)
        return result
    }

    /// Others run; then the process may have come to its end.
    private func wait() throws(StoreError) {
        world.visits += 1
        if world.visits > World.mostVisits { throw .failed(operation: "anything", detail: "the run has no end") }
        world.schedule.wait()
        guard world.isAlive(process) else { throw .failed(operation: "anything", detail: "the process has ended") }
    }

    /// The same, and the connection may be lost.
    private func pause(isCommit: Bool) throws(StoreError) {
        try wait()
        if world.takeLostConnection(process) {
            sessions.store(for: realm).release()
            throw .unavailable(detail: "simulated: the connection was lost", isOutcomeUnknown: isCommit)
        }
    }

    func open() throws(StoreError) -> OpenedRealm { try visit { (store) throws(StoreError) in try store.open() } }

    func commit(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome {
        try pause(isCommit: true)
        let store = sessions.store(for: realm)
        var unit = unit
        if bug == .idempotencyInMemory, let page = unit.idempotency {
            pages[page.number] = page
            unit.idempotency = nil
        }
        if bug == .acknowledgeBeforeCommit, !isShared {
            if let earlier = unwritten { _ = try store.commit(earlier) }
            unwritten = unit
            try wait()
            return .durable(version: 0)
        }
        for fault in world.takeCommitFaults(process) { store.fail(fault) }
        if bug == .forgetUnsynced { store.fail(.forgotten) }
        var outcome = try store.commit(unit)
        if bug == .sequenceOutsideLock, outcome == .overtaken { outcome = try store.commitWithoutOrder(unit) }
        if outcome != .overtaken { world.didCommit(process, realm) }
        // A commit that is done and not heard of is a fault of its own.
        try wait()
        return outcome
    }

    func block(containing seq: UInt64) throws(StoreError) -> Block? {
        try visit { (store) throws(StoreError) in try store.block(containing: seq) }
    }

    func blocks(from seq: UInt64, maximumBytes: Int) throws(StoreError) -> [Block] {
        try visit { (store) throws(StoreError) in try store.blocks(from: seq, maximumBytes: min(maximumBytes, 2_000)) }
    }

    func lastSeq(recordedAtOrBefore moment: Instant) throws(StoreError) -> UInt64 {
        try visit { (store) throws(StoreError) in try store.lastSeq(recordedAtOrBefore: moment) }
    }

    func block(reaching id: ULID) throws(StoreError) -> Block? {
        try visit { (store) throws(StoreError) in try store.block(reaching: id) }
    }

    func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        try visit { (store) throws(StoreError) in try store.levels(keys) }
    }

    func references(_ hash: UInt64, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        try visit { (store) throws(StoreError) in try store.references(hash, before: seq, limit: limit) }
    }

    func referenceSegment(containing seq: UInt64) throws(StoreError) -> ReferenceSegment? {
        try visit { (store) throws(StoreError) in try store.referenceSegment(containing: seq) }
    }

    func idempotencyKeys(fromSlice slice: Int64, _ body: (IdempotencyPageKeys) -> Void) throws(StoreError) {
        try visit { (store) throws(StoreError) in try store.idempotencyKeys(fromSlice: slice, body) }
    }

    func idempotencyPage(_ number: UInt64) throws(StoreError) -> IdempotencyPage? {
        if let page = pages[number] { return page }
        return try visit { (store) throws(StoreError) in try store.idempotencyPage(number) }
    }

    func projectedLevels(_ body: (StockLevel) -> Void) throws(StoreError) {
        try visit { (store) throws(StoreError) in try store.projectedLevels(body) }
    }

    func close() { sessions.store(for: realm).close() }

    var isShared: Bool { sessions.isShared }
    var openedVersion: UInt64 { sessions.store(for: realm).openedVersion }
    func finishOpening() { sessions.store(for: realm).finishOpening() }

    func news(locking: Bool) throws(StoreError) -> RealmNews {
        try pause(isCommit: false)
        let news = try sessions.store(for: realm).news(locking: locking)
        // Who holds the lock keeps the others waiting: nobody runs meanwhile.
        if !locking { try wait() }
        return news
    }

    func release() { sessions.store(for: realm).release() }

    func currentVersion() throws(StoreError) -> UInt64 {
        try visit { (store) throws(StoreError) in try store.currentVersion() }
    }
}

/// The connections of a process to a database that holds every realm: each serves the realm that it was told to.
///
/// @unchecked Sendable: one thread uses it.
final class SessionPool: @unchecked Sendable {
    let isShared: Bool
    private let stores: [ULID: MemoryRealmStore]
    private let schedule: Schedule
    private let leavesRealm: Bool
    /// The realm that each connection shows.
    private var sessions: [ULID?] = [nil, nil]

    init(_ world: World) {
        isShared = world.plan.isShared
        stores =
            isShared ? world.ledgers.mapValues { MemoryRealmStore(sharing: $0) } : world.ledgers
        schedule = world.schedule
        leavesRealm = world.bug == .realmLeftOnSession
    }

    /// The process has ended: so do its sessions, and nobody has to wait for what they had locked.
    func releaseLocks() {
        guard isShared else { return }
        for store in stores.values { store.release() }
    }

    func store(for realm: ULID) -> MemoryRealmStore {
        let session = schedule.number(below: sessions.count)
        if !leavesRealm || sessions[session] == nil { sessions[session] = realm }
        guard let store = sessions[session].flatMap({ stores[$0] }) else {
            preconditionFailure("a simulated world has the realms that it began with")
        }
        return store
    }
}
