import BlockingWork
import LedgerStorage
import Synchronization

/// Commits of many ledgers, several in one transaction where many are ready at the same time.
///
/// What a transaction costs the database beside its statements (a wait for the disk, two processes that are woken up)
/// is most of what the commit of one write costs. So only a few are under way at once; what is ready meanwhile is the
/// next one. No timer, and nothing waits when there is little to do. Each ledger in a group is decided by its own head:
/// one that was overtaken writes nothing and holds up no other.
final class CommitGroups: Sendable {
    /// What becomes of one ledger's statement in a group.
    private enum Outcome: Sendable {
        case done(UInt64?)
        case failed(PostgresFailure)
        /// The group failed and has written nothing: each goes alone, as if there were no others.
        case alone
    }

    /// What one that waits is told.
    private enum Turn: Sendable {
        /// To run these, of which it is the first.
        case lead([Waiting])
        case told(Outcome)
    }

    private struct Waiting: Sendable {
        var statement: Statement
        let turn = BlockingResult<Turn>()
    }

    private struct State {
        /// Some only while as many groups are under way as may be.
        var waiting: [Waiting] = []
        var underWay = 0
    }

    /// Ledgers in one transaction.
    private static let largest = 32

    /// A head that somebody else has locked would hold up all ledgers of a group: after so long each goes alone.
    private static let patience = SQL("group_patience", "SELECT pg_catalog.set_config('lock_timeout', '10ms', true)")

    private let pool: ConnectionPool
    private let most: Int
    private let state = Mutex(State())

    /// - Parameter most: groups that may be under way at the same time.
    init(pool: ConnectionPool, most: Int) {
        self.pool = pool
        self.most = max(1, most)
    }

    /// Runs the statement of one ledger that gives the version that its head has then, or NULL when the head was not
    /// where it was thought to be. Blocks until it is durable.
    ///
    /// - Returns: the version; nil when nothing was written.
    func append(_ statement: Statement) throws(StoreError) -> UInt64? {
        // Two ledgers may lie on two nodes, which would have to agree on the commit.
        guard !pool.isDistributed else { return try pool.write("commit", [statement])[0].version }
        let own = Waiting(statement: statement)
        let isFirst = state.withLock { state in
            guard state.underWay < most else {
                state.waiting.append(own)
                return false
            }
            state.underWay += 1
            return true
        }
        let outcome =
            switch isFirst ? .lead([own]) : own.turn.wait() {
            case .lead(let group): lead(group)
            case .told(let outcome): outcome
            }
        switch outcome {
        case .done(let version): return version
        case .failed(let failure): throw failure.storeError("commit", isCommitUnknown: true)
        case .alone: return try pool.write("commit", [statement])[0].version
        }
    }

    /// Runs a group, lets the next one begin, and tells the others what became of it.
    ///
    /// - Returns: what the first of them is told.
    private func lead(_ group: [Waiting]) -> Outcome {
        let outcomes = run(group.map(\.statement))
        let next = state.withLock { state in
            let next = Array(state.waiting.prefix(CommitGroups.largest))
            state.waiting.removeFirst(next.count)
            if next.isEmpty { state.underWay -= 1 }
            return next
        }
        next.first?.turn.set(.lead(next))
        for (waiting, outcome) in zip(group, outcomes).dropFirst() { waiting.turn.set(.told(outcome)) }
        return outcomes[0]
    }

    private func run(_ statements: [Statement]) -> [Outcome] {
        do throws(PostgresFailure) {
            let patience = statements.count > 1 ? [Statement(CommitGroups.patience)] : []
            let rows = try pool.once { (connection) throws(PostgresFailure) in
                try connection.run(patience + statements)
            }
            return rows.dropFirst(patience.count).map { .done($0.version) }
        } catch {
            // An error of a statement: all are rolled back, and one alone would fail with it again.
            let isRolledBack = !error.isConnectionLost && statements.count > 1
            return Array(repeating: isRolledBack ? .alone : .failed(error), count: statements.count)
        }
    }
}
