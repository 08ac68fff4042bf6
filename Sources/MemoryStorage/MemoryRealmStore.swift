public import LedgerCore
public import LedgerStorage
import Synchronization

/// A realm in memory, for simulation and tests alone: the same port, deterministic, and able to fail on demand.
///
/// `close` keeps what was committed, so that a test can open the same realm again. Several stores may share one realm,
/// as processes share one in a database; what goes wrong with such a commit is `unavailable`, and the store goes on.
public final class MemoryRealmStore: RealmStore {
    /// How a commit goes wrong. In each case but the last `commit` throws, and in all but the first every commit after
    /// it, until the store is opened again.
    public enum Fault: Sendable {
        /// Nothing is written, and the store goes on: `StoreError.full`.
        case full
        /// Nothing is written.
        case refused
        /// It is visible until the power fails (`forgetUnsynced`): written, but not synced.
        case unsynced
        /// It is written and durable, only the caller doesn't hear of it.
        case unheard
        /// It is written and not synced, and the caller hears that all is well: what no store may do.
        case forgotten
    }

    /// What the stores of one realm share.
    fileprivate final class Place: Sendable {
        struct State {
            var realm = MemoryRealm()
            /// What a power cut goes back to; nil when everything is durable.
            var synced: MemoryRealm?
            /// Grows with each commit.
            var version: UInt64 = 0
            /// Who keeps the others from committing.
            var holder: ObjectIdentifier?
        }

        let state = Mutex(State())
    }

    /// What one store knows.
    fileprivate struct Session {
        var faults: [Fault] = []
        var failure: StoreError?
        /// As far as this store has looked.
        var version: UInt64 = 0
        var lastSeq: UInt64 = 0
        var lastPage: UInt64 = 0
        /// What reads see from `open` to `finishOpening`.
        var snapshot: MemoryRealm?
    }

    /// Most blocks that one look for news brings.
    private static let blocksOfNews = 8

    private let place: Place
    private let session = Mutex(Session())
    public let isShared: Bool

    public init() {
        place = Place()
        isShared = false
    }

    /// A realm that several processes write to.
    public init(isShared: Bool) {
        place = Place()
        self.isShared = isShared
    }

    /// Another process's store of the same realm.
    public init(sharing other: MemoryRealmStore) {
        place = other.place
        isShared = true
    }

    /// The commits to come fail in this way, one after another.
    public func fail(_ faults: Fault...) {
        session.withLock { $0.faults += faults }
    }

    /// The power fails: what was not synced is gone.
    public func forgetUnsynced() {
        place.state.withLock { state in
            if let synced = state.synced { state.realm = synced }
            state.synced = nil
        }
    }

    public func open() throws(StoreError) -> OpenedRealm {
        place.state.withLock { state in
            // Other processes may still be at work on what they have not synced.
            if !isShared { state.synced = nil }
            let opened = state.realm.opened
            session.withLock { session in
                session.failure = nil
                session.look(at: state.version, opened.head.head.seq, opened.lastIdempotencyPage)
                session.snapshot = isShared ? state.realm : nil
            }
            return opened
        }
    }

    @discardableResult
    public func commit(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome {
        let (fault, failure, known) = session.withLock { session in
            session.snapshot = nil
            let fault = session.faults.isEmpty ? nil : session.faults.removeFirst()
            return (fault, session.failure, session.version)
        }
        if let failure { throw failure }
        return try place.state.withLock { (state) throws(StoreError) in
            if isShared {
                try state.checkHolder(ObjectIdentifier(self))
                state.holder = nil
                if known != state.version { return .overtaken }
            }
            try state.realm.checkOrder(of: unit)
            return try write(unit, fault, &state)
        }
    }

    private func write(
        _ unit: CommitUnit, _ fault: Fault?, _ state: inout Place.State
    ) throws(StoreError) -> CommitOutcome {
        if fault == .unsynced || fault == .forgotten { state.synced = state.synced ?? state.realm }
        if fault != .refused, fault != .full {
            try state.realm.apply(unit)
            state.version += 1
        }
        guard let fault, fault != .forgotten else {
            // A sync takes everything with it that was written before.
            if fault == nil { state.synced = nil }
            session.withLock { [state] session in
                session.look(at: state.version, state.realm.lastSeq, state.realm.lastPage)
            }
            return .durable(version: isShared ? state.version : 0)
        }
        if fault == .full { throw .full(detail: "simulated") }
        if isShared { throw .unavailable(detail: "simulated: \(fault)", isOutcomeUnknown: true) }
        let failure = StoreError.failed(operation: "commit", detail: "simulated: \(fault)")
        session.withLock { $0.failure = failure }
        throw failure
    }

    /// Writes the unit wherever the realm is by now, as a store would that counted before it had the lock: for a test
    /// of what finds such a store.
    public func commitWithoutOrder(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome {
        try place.state.withLock { (state) throws(StoreError) in
            state.holder = nil
            return try write(unit, nil, &state)
        }
    }

    // MARK: Several processes

    public var openedVersion: UInt64 { session.withLock { $0.version } }

    public func finishOpening() { session.withLock { $0.snapshot = nil } }

    public func news(locking: Bool) throws(StoreError) -> RealmNews {
        try place.state.withLock { (state) throws(StoreError) in
            if locking {
                try state.checkHolder(ObjectIdentifier(self))
                state.holder = ObjectIdentifier(self)
            }
            return session.withLock { [state] session in
                session.snapshot = nil
                var news = state.realm.news(
                    after: session.lastSeq, page: session.lastPage, limit: MemoryRealmStore.blocksOfNews)
                news.version = state.version
                session.look(
                    at: news.hasMore ? session.version : state.version, news.blocks.last?.lastSeq ?? session.lastSeq,
                    news.pages.last?.number ?? session.lastPage)
                return news
            }
        }
    }

    public func release() {
        place.state.withLock { if $0.holder == ObjectIdentifier(self) { $0.holder = nil } }
    }

    public func currentVersion() throws(StoreError) -> UInt64 { place.state.withLock { $0.version } }

    // MARK: Reads

    private func read<Result>(_ body: (MemoryRealm) -> Result) -> Result {
        if let snapshot = session.withLock({ $0.snapshot }) { return body(snapshot) }
        return place.state.withLock { body($0.realm) }
    }

    public func block(containing seq: UInt64) throws(StoreError) -> Block? {
        read { realm in
            guard let index = realm.indexOfBlock(endingAtOrAfter: seq), seq > 0 else { return nil }
            return realm.blocks[index]
        }
    }

    public func blocks(from seq: UInt64, maximumBytes: Int) throws(StoreError) -> [Block] {
        read { realm in
            var blocks: [Block] = []
            var bytes = 0
            guard let first = realm.indexOfBlock(endingAtOrAfter: seq) else { return [] }
            for block in realm.blocks[first...] {
                blocks.append(block)
                bytes += block.data.count
                if bytes > maximumBytes { break }
            }
            return blocks
        }
    }

    public func lastSeq(recordedAtOrBefore moment: Instant) throws(StoreError) -> UInt64 {
        read { $0.blocks.last { $0.recordedAt <= moment }?.lastSeq ?? 0 }
    }

    public func block(reaching id: ULID) throws(StoreError) -> Block? {
        read { $0.blocks.first { $0.lastID >= id } }
    }

    public func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        read { realm in keys.compactMap { realm.levels[$0] } }
    }

    public func references(_ hash: UInt64, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        read { realm in
            let postings = realm.segments.flatMap(\.postings).filter { $0.hash == hash && $0.seq < seq }
            return Array(postings.map(\.seq).sorted(by: >).prefix(max(0, limit)))
        }
    }

    public func referenceSegment(containing seq: UInt64) throws(StoreError) -> ReferenceSegment? {
        read { $0.segments.first { $0.firstSeq <= seq && seq <= $0.lastSeq } }
    }

    public func idempotencyKeys(
        fromSlice slice: Int64, _ body: (IdempotencyPageKeys) -> Void
    ) throws(StoreError) {
        let pages = read { $0.pages.filter { $0.slice >= slice } }
        for page in pages {
            body(
                IdempotencyPageKeys(
                    number: page.number, slice: page.slice, recordedAt: page.recordedAt, keys: page.records.map(\.key)))
        }
    }

    public func idempotencyPage(_ number: UInt64) throws(StoreError) -> IdempotencyPage? {
        read { $0.pages.first { $0.number == number } }
    }

    public func projectedLevels(_ body: (StockLevel) -> Void) throws(StoreError) {
        let levels = read { $0.levels.values.sorted { $0.key < $1.key } }
        levels.forEach(body)
    }

    public func close() { release() }
}

extension MemoryRealmStore.Session {
    fileprivate mutating func look(at version: UInt64, _ seq: UInt64, _ page: UInt64) {
        self.version = version
        lastSeq = seq
        lastPage = page
    }
}

extension MemoryRealmStore.Place.State {
    /// - Throws: `unavailable` where another store keeps everybody from committing: nobody waits here.
    fileprivate func checkHolder(_ store: ObjectIdentifier) throws(StoreError) {
        if let holder, holder != store {
            throw .unavailable(detail: "another process has the lock", isOutcomeUnknown: false)
        }
    }
}
