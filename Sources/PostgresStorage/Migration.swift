internal import Glibc
import LedgerCore
import LedgerStorage

/// One run of a migration, on one thread.
///
/// Who migrates holds a lock, in a transaction of its own that does nothing else: the steps have transactions of their
/// own. Each step is noted in the transaction that applies it, or when it is through.
struct Migration {
    typealias Step = PostgresMigrations.Step

    let steps: [Step]
    /// Whom the schema is for.
    let server: MigrationServer
    let patience: MigrationPatience
    let connect: () throws(PostgresFailure) -> PostgresConnection
    let progress: (_ step: String, _ done: Int, _ total: Int) -> Void

    /// Any number, the same in all versions: who migrates holds this lock.
    private static let lock = 0x42_49_4E_43_41_52_44

    private static let settings = SQL(
        """
        SELECT current_setting('server_version_num')::bigint, current_setting('fsync'),
            current_setting('full_page_writes'), current_setting('synchronous_commit')
        """)

    private static let take = """
        BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0;
        DO $$ BEGIN
            IF NOT pg_try_advisory_xact_lock(\(lock)) THEN
                RAISE EXCEPTION 'another migration is under way' USING ERRCODE = 'lock_not_available';
            END IF;
        END $$
        """

    private static let isRecorded = SQL("SELECT to_regclass('bincard_private.migration') IS NOT NULL")

    private static let found = SQL("SELECT coalesce(max(version), 0)::bigint FROM bincard_private.migration")

    private static let note = SQL("INSERT INTO bincard_private.migration (version, name) VALUES ($1, $2)")

    private static let validity = SQL("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)")

    private var newest: Int { steps.last?.version ?? 0 }

    /// Applies what is missing and lets the server's role in. What is refused is refused before the first step.
    ///
    /// - Parameter keep: called once, when the first transaction has done all but its commit.
    func run(keep: () throws(StoreError) -> Void) throws -> PostgresAdministration.Report {
        let connection = try connect()
        if let row = try connection.run(Self.settings).first, let fault = Fitness.durabilityFault(row) { throw fault }
        let turn = try connect()
        try takeTurn(turn)
        defer { try? turn.rollBack() }
        let isRecorded = try connection.run(Self.isRecorded).first?.bool(0) ?? false
        let from = isRecorded ? Int(try connection.run(Self.found).first?.int64(0) ?? 0) : 0
        if from > newest { throw StoreError.schemaTooNew(found: from, known: newest) }
        let citus = CitusDistribution(connection: connection, role: server.role)
        let shards = try server.shards(citus)
        var rest = steps.filter { $0.version > from }[...]
        var (madeRole, isFirst) = (false, true)
        while true {
            let end = rest.firstIndex { $0.work != .transaction } ?? rest.endIndex
            let stretch = rest[..<end]
            madeRole =
                try transaction(connection) {
                    if isFirst { try connection.execute(PostgresMigrations.record) }
                    for step in stretch { try apply(step, on: connection) }
                    let last = end < rest.endIndex ? rest[end].version - 1 : newest
                    let made = try server.letIn(
                        to: steps.filter { $0.version <= last }, isChanged: !stretch.isEmpty, shards: shards,
                        on: connection)
                    if isFirst { try keep() }
                    return made
                } || madeRole
            isFirst = false
            guard end < rest.endIndex else { break }
            try work(rest[end], on: connection)
            rest = rest[(end + 1)...]
        }
        if shards != nil { try transaction(connection) { try citus.admit(server.sealKey) } }
        return PostgresAdministration.Report(
            from: from, to: newest, serverRole: server.role, madeRole: madeRole, shards: shards)
    }

    /// Asks again and again rather than wait in the database: a statement that waits has a snapshot, for the end of
    /// which the index that another migration is making would wait in turn. So does what was asked with parameters,
    /// in a transaction that stays open (its portal does): this is text.
    private func takeTurn(_ connection: PostgresConnection) throws {
        let began = ContinuousClock.now
        while true {
            do throws(PostgresFailure) {
                return try connection.execute(Self.take)
            } catch {
                guard error.state == "55P03" else { throw error }
                try connection.rollBack()
            }
            guard ContinuousClock.now - began < .seconds(patience.turn) else {
                throw StoreError.unavailable(
                    detail: "another migration of it has been under way for \(patience.turn) s; run this one again "
                        + "when that has ended", isOutcomeUnknown: false)
            }
            usleep(100_000)
        }
    }

    /// A transaction that gives way: one that does not get a lock in time is rolled back, so that those who wait behind
    /// it get theirs, and begun again after a pause.
    private func transaction<Value>(
        _ connection: PostgresConnection, _ body: () throws -> Value
    ) throws -> Value {
        let began = ContinuousClock.now
        var pause = patience.pause
        while true {
            do {
                return try attempt(connection, body)
            } catch let error as PostgresFailure where error.state == "55P03" || error.state == "40P01" {
                guard ContinuousClock.now - began < .seconds(patience.giveUp) else {
                    throw StoreError.unavailable(
                        detail: "for \(patience.giveUp) s somebody has held a lock on what a step changes "
                            + "(\(error.message)). Look for old transactions in pg_stat_activity, and run this again: "
                            + "it goes on where it was", isOutcomeUnknown: false)
                }
            }
            usleep(UInt32(pause * 1_000 + .random(in: 0...(pause * 500))))
            pause = min(2 * pause, 2_000)
        }
    }

    private func attempt<Value>(_ connection: PostgresConnection, _ body: () throws -> Value) throws -> Value {
        try connection.execute(
            "BEGIN; SET LOCAL lock_timeout = '\(patience.lockTimeout)ms'; SET LOCAL client_min_messages = warning")
        defer { try? connection.rollBack() }
        let value = try body()
        try connection.execute("COMMIT")
        return value
    }

    private func apply(_ step: Step, on connection: PostgresConnection) throws(PostgresFailure) {
        try connection.execute(step.sql)
        for table in step.tables { try connection.execute(Fence.around(table.name)) }
        try note(step, on: connection)
    }

    private func note(_ step: Step, on connection: PostgresConnection) throws(PostgresFailure) {
        var parameters = Parameters()
        parameters.add(int32: Int32(step.version))
        parameters.add(step.name)
        _ = try connection.run(Self.note, parameters)
    }

    // MARK: Steps that take their time

    private func work(_ step: Step, on connection: PostgresConnection) throws {
        switch step.work {
        case .transaction: return
        case .index(let name): try makeIndex(name, step, on: connection)
        case .backfill(let start): try fill(step, from: start, on: connection)
        }
        try transaction(connection) { try note(step, on: connection) }
    }

    private func makeIndex(_ name: String, _ step: Step, on connection: PostgresConnection) throws {
        progress(step.name, 0, 1)
        let index = "bincard.\(Grants.identifier(name))"
        var parameters = Parameters()
        parameters.add(index)
        // Made by a run that did not come to note it.
        let isValid = try connection.run(Self.validity, parameters).first?.bool(0)
        if isValid == true { return }
        if isValid == false { try connection.execute("DROP INDEX CONCURRENTLY \(index)") }
        do throws(PostgresFailure) {
            try connection.execute(step.sql)
        } catch {
            removeIndex(index)
            throw error
        }
        progress(step.name, 1, 1)
    }

    /// What a failure has left, if that can be done now: each write would keep it up. Else the next run does it.
    private func removeIndex(_ index: String) {
        guard let connection = try? connect() else { return }
        try? connection.execute("SET lock_timeout = '5s'")
        try? connection.execute("SET client_min_messages = warning")
        try? connection.execute("DROP INDEX CONCURRENTLY IF EXISTS \(index)")
    }

    private func fill(_ step: Step, from start: String, on connection: PostgresConnection) throws {
        let statement = SQL("backfill_\(step.version)", step.sql)
        let realms = try realms(on: connection)
        var rows: Int64 = 200
        for (index, realm) in realms.enumerated() {
            progress(step.name, index, realms.count)
            var place: String? = start
            while let from = place {
                let began = ContinuousClock.now
                place = try transaction(connection) { () throws(PostgresFailure) in
                    var parameters = realm.parameters
                    parameters.add(from)
                    parameters.add(rows)
                    return try connection.run([realm.entering, Statement(statement, parameters)]).last?.first?
                        .textIfPresent(0)
                }
                let took = Int((ContinuousClock.now - began) / .milliseconds(1))
                if took > 2 * patience.batch { rows = max(10, rows / 2) }
                if took < patience.batch { rows = min(10_000, 2 * rows) }
                // Half of the time is left to others.
                usleep(UInt32(min(took, 1_000) * 1_000))
            }
        }
        progress(step.name, realms.count, realms.count)
    }

    private func realms(on connection: PostgresConnection) throws -> [RealmContext] {
        let all = server.context(of: .zero)
        let rows = try transaction(connection) { () throws(PostgresFailure) in
            try connection.run([all.entering, Statement(ControlStatements.realms, all.parameters)])
        }
        var realms: [RealmContext] = []
        guard let found = rows.last else { return [] }
        for row in found.rows { realms.append(server.context(of: try row.id(0))) }
        return realms
    }
}
