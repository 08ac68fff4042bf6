internal import Glibc
import LedgerCore
public import LedgerStorage
import Synchronization

/// A realm in PostgreSQL, shared with any number of other processes: writes meet at the realm's head row.
///
/// @unchecked Sendable: `held` is touched by the one thread that commits, and by `close` after it; `snapshot` by the
/// one that opens.
public final class PostgresRealmStore: RealmStore, @unchecked Sendable {
    let pool: ConnectionPool
    let context: RealmContext
    private let commits: CommitGroups
    private let hasGrown: @Sendable () -> Void
    private let state = Mutex(State())

    private struct State {
        var known = Known()
        var opened: UInt64 = 0
        var isOpen = false
        var dropping = Dropping()
    }

    /// The connection whose transaction has locked the head.
    private var held: PostgresConnection?
    /// The connection whose transaction sees the moment of `open`, until `finishOpening`.
    private var snapshot: PostgresConnection?
    /// The thread that it belongs to; 0 for none. A commit opens the store when nobody has, and others may read then.
    private let openingThread = Atomic<UInt>(0)

    /// Up to where this store has seen the realm.
    struct Known: Sendable {
        var version: UInt64 = 0
        var seq: UInt64 = 0
        var page: UInt64 = 0
    }

    /// When pages of stored answers are dropped along with a commit, which looks for some and drops sixteen at most. A
    /// commit adds one: so they go faster than they come, and most commits need not look.
    struct Dropping: Sendable {
        private static let interval = 8
        private var before: Int64?
        private var commits = 0

        /// Whether the next commit is to drop pages of slices before this one.
        mutating func isDue(_ slice: Int64?) -> Bool {
            guard let slice else { return false }
            commits += 1
            if slice == before, commits < Dropping.interval { return false }
            before = slice
            commits = 0
            return true
        }
    }

    /// - Parameter hasGrown: called after each commit that appended to the journal.
    init(
        pool: ConnectionPool, commits: CommitGroups, context: RealmContext, hasGrown: @escaping @Sendable () -> Void
    ) {
        self.hasGrown = hasGrown
        self.commits = commits
        self.pool = pool
        self.context = context
    }

    public var isShared: Bool { true }

    public var openedVersion: UInt64 { state.withLock { $0.opened } }

    var known: Known { state.withLock { $0.known } }

    func didOpen(_ known: Known) {
        state.withLock {
            $0.known = known
            $0.opened = known.version
            $0.isOpen = true
        }
    }

    @discardableResult
    public func commit(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome {
        try prepareToWrite()
        let known = known
        try checkOrder(of: unit, after: known)
        var unit = unit
        if unit.idempotency != nil, !state.withLock({ $0.dropping.isDue(unit.dropSlicesBefore) }) {
            unit.dropSlicesBefore = nil
        }
        guard let version = try append(CommitStatements.append(unit, after: known, context)) else { return .overtaken }
        state.withLock {
            $0.known.version = version
            if let block = unit.block { $0.known.seq = block.lastSeq }
            if let page = unit.idempotency { $0.known.page = page.number }
        }
        if unit.block != nil { hasGrown() }
        return .durable(version: version)
    }

    /// Under the lock that this store holds, which it gives up, or together with what other ledgers commit. Gives the
    /// version of the head; nil when it was not where it was known to be.
    private func append(_ statement: Statement) throws(StoreError) -> UInt64? {
        guard let connection = takeHeld() else { return try commits.append(statement) }
        defer { pool.put(connection) }
        do throws(PostgresFailure) {
            return try connection.run([statement, Statement(CommitStatements.commit)])[0].version
        } catch {
            throw error.storeError("commit", isCommitUnknown: true)
        }
    }

    func prepareToWrite() throws(StoreError) {
        if !state.withLock({ $0.isOpen }) { _ = try open() }
        endSnapshot()
    }

    func didAppend(upTo known: Known) {
        state.withLock { $0.known = known }
        hasGrown()
    }

    /// A unit out of order is a mistake of the caller: nothing is written and the store stays usable.
    func checkOrder(of unit: CommitUnit, after known: Known) throws(StoreError) {
        if let block = unit.block, block.firstSeq != known.seq + 1 || block.lastSeq < block.firstSeq {
            throw .corrupt(
                seq: block.firstSeq,
                detail: "block \(block.firstSeq) to \(block.lastSeq) does not follow entry \(known.seq)")
        }
        if let page = unit.idempotency, page.number <= known.page {
            throw .corrupt(seq: nil, detail: "idempotency page \(page.number) does not follow \(known.page)")
        }
    }

    private func takeHeld() -> PostgresConnection? {
        defer { held = nil }
        return held
    }

    public func news(locking: Bool) throws(StoreError) -> RealmNews {
        try translating("read what other servers have committed") {
            endSnapshot()
            let held = takeHeld()
            guard locking else {
                if let held { pool.put(held) }
                let statement = CommitStatements.news(after: known, locking: false, context)
                return try read(
                    try pool.read { (connection) throws(PostgresFailure) in try connection.run([statement])[0] })
            }
            if let held { return try lock(on: held) }
            do {
                return try lock(on: try pool.take())
            } catch let error as PostgresFailure where error.isConnectionLost {
                // Nothing was locked by a connection that is gone.
                return try lock(on: try pool.take())
            }
        }
    }

    private func lock(on connection: PostgresConnection) throws -> RealmNews {
        do {
            var statements = [CommitStatements.news(after: known, locking: true, context)]
            if !connection.isInTransaction { statements.insert(Statement(CommitStatements.begin), at: 0) }
            let rows = try connection.run(statements)
            let news = try read(rows[rows.count - 1])
            held = connection
            return news
        } catch {
            pool.put(connection)
            throw error
        }
    }

    private func read(_ rows: PostgresRows) throws -> RealmNews {
        var known = known
        let news = try CommitStatements.news(rows, after: &known)
        state.withLock { $0.known = known }
        return news
    }

    public func release() {
        guard let held = takeHeld() else { return }
        try? held.rollBack()
        pool.put(held)
    }

    public func currentVersion() throws(StoreError) -> UInt64 {
        let statement = Statement(CommitStatements.headVersion, context.sealedParameters)
        return try pool.read("look whether memory is fresh", [statement])[0].first?.uint64(0) ?? 0
    }

    /// A connection whose transaction sees one moment from now on.
    func beginSnapshot() throws(PostgresFailure) -> PostgresConnection {
        endSnapshot()
        let connection = try pool.take()
        snapshot = connection
        openingThread.store(pthread_self(), ordering: .relaxed)
        return connection
    }

    private func endSnapshot() {
        guard let snapshot else { return }
        openingThread.store(0, ordering: .relaxed)
        self.snapshot = nil
        try? snapshot.rollBack()
        pool.put(snapshot)
    }

    public func finishOpening() { endSnapshot() }

    /// Runs a read: within the snapshot of an opening, or on any connection.
    func run(_ statements: [Statement]) throws(PostgresFailure) -> [PostgresRows] {
        if openingThread.load(ordering: .relaxed) == pthread_self(), let snapshot {
            return try snapshot.run(statements)
        }
        return try pool.read { (connection) throws(PostgresFailure) in try connection.run(statements) }
    }

    public func close() {
        endSnapshot()
        release()
    }
}
