import LedgerCore
public import LedgerStorage
import Synchronization

/// A realm's deliveries in PostgreSQL. One server at a time dispatches a realm: `open` takes a lease of ten seconds, by
/// the database's clock, and every write renews it and is fenced by it. Who has lost the lease writes nothing.
///
/// The lease is another's until that one closes its store or says nothing for ten seconds: whoever has it commits, or
/// calls `renew`, every few seconds. Reads need no lease; any server may list what another one delivers.
///
/// A commit whose outcome is unknown, because the connection was lost, may have written its unit. Open the store again,
/// or another in its place, and go on from what it says: rows of the same unit replace each other, but the pages of a
/// unit that is committed a second time are listed a second time. Nothing that was still under way is written after
/// `open` has returned, for it takes the lease under a new number.
public final class PostgresDeliveryStore: DeliveryStore {
    private let pool: ConnectionPool
    let context: RealmContext
    private let name: String
    private let state = Mutex(State())

    private struct State {
        /// Who this store is to the database. Another one after each failure.
        var holder = Int64.random(in: 1 ... .max)
        /// The one before, which may still stand in the database.
        var former: Int64?
        var hasLease = false
        /// Since this, nothing is written until the store is opened again.
        var failure: StoreError?
    }

    /// - Parameter name: the realm's, for messages.
    init(pool: ConnectionPool, context: RealmContext, name: String) {
        self.pool = pool
        self.context = context
        self.name = name
    }

    /// Takes the lease and reads what a start needs, as of one moment after that.
    ///
    /// - Throws: `StoreError.inUse` while another server has the lease.
    public func open() throws(StoreError) -> OpenedDeliveries {
        let holder = try takeLease("open the deliveries")
        let rows = try run("open the deliveries", DeliveryLaneStatements.opening(context))
        let opened = try DeliveryLaneStatements.opened(rows)
        state.withLock { if $0.holder == holder { $0.failure = nil } }
        return opened
    }

    /// - Throws: besides what the port says, `StoreError.inUse` when another server has taken the lease over: nothing
    ///   was written.
    @discardableResult
    public func commit(_ unit: DeliveryUnit) throws(StoreError) -> Bool {
        try unit.checkPages()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        let held = state.withLock { $0.hasLease ? $0.holder : nil }
        let holder: Int64
        if let held { holder = held } else { holder = try takeLease("commit deliveries") }
        let statement = DeliveryUnitStatement.write(unit, by: holder, context)
        let rows: PostgresRows
        do throws(StoreError) {
            rows = try pool.write("commit deliveries", [statement])[0]
        } catch {
            // Rolled back: the next unit may find room.
            if case .full = error { throw error }
            throw fail(error, as: holder)
        }
        guard let row = rows.first, !row.isNull(0) else {
            throw fail(inUse(until: rows.first?.text(1) ?? ""), as: holder)
        }
        return row.bool(0)
    }

    /// Keeps the lease, which otherwise runs out ten seconds after the last commit: call it every few seconds, on any
    /// thread. Blocks. Does nothing in a store that has no lease.
    ///
    /// - Throws: `StoreError.inUse` when another server has it by now, after which the store must be opened again;
    ///   `.unavailable` when the database can't be asked, which says nothing about the lease.
    public func renew() throws(StoreError) {
        let (holder, failure) = state.withLock { ($0.hasLease ? $0.holder : nil, $0.failure) }
        if let failure { throw failure }
        guard let holder else { return }
        let statement = DeliveryLeaseStatements.keep(true, by: holder, former: nil, context)
        let rows = try run("keep the lease of deliveries", [statement])
        guard let row = rows.first?.first, !row.isNull(0) else { return }
        // Closed, or opened again, in the meantime: then this says nothing.
        guard state.withLock({ $0.hasLease && $0.holder == holder }) else { return }
        throw fail(inUse(until: row.text(0)), as: holder)
    }

    /// Gives the lease up, as far as the database can be reached. The connections are the database's, which is closed
    /// on its own.
    public func close() {
        let (holder, former, mayHaveLease) = state.withLock { state in
            defer { state.hasLease = false }
            return (state.holder, state.former, state.hasLease || state.former != nil)
        }
        guard mayHaveLease else { return }
        let statement = DeliveryLeaseStatements.keep(false, by: holder, former: former, context)
        _ = try? run("give up the lease of deliveries", [statement])
    }

    /// - Returns: the holder that has the lease now.
    private func takeLease(_ operation: String) throws(StoreError) -> Int64 {
        let (holder, former) = state.withLock { ($0.holder, $0.former) }
        let rows = try run(operation, [DeliveryLeaseStatements.take(for: holder, former: former, context)])
        if let row = rows.first?.first, !row.isNull(0) { throw inUse(until: row.text(0)) }
        state.withLock { state in
            guard state.holder == holder else { return }
            state.hasLease = true
            state.former = nil
        }
        return holder
    }

    private func inUse(until moment: String) -> StoreError {
        .inUse(
            path: "the deliveries of realm \(name)",
            holder: moment.isEmpty ? "no server any more: the lease was given up" : "another server, until \(moment)")
    }

    /// Remembers what ends the use of the store until it is opened again. What this holder has sent and the database
    /// has not done yet will find that it has no lease.
    private func fail(_ error: StoreError, as holder: Int64) -> StoreError {
        state.withLock { state in
            guard state.holder == holder else { return }
            state.failure = error
            state.former = holder
            state.holder = .random(in: 1 ... .max)
            state.hasLease = false
        }
        return error
    }

    /// Statements that may be run twice, in one round trip.
    func run(_ operation: String, _ statements: [Statement]) throws(StoreError) -> [PostgresRows] {
        try pool.read(operation, statements)
    }
}
