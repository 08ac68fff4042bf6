import LedgerCore
package import LedgerStorage

/// What must be true of a database before a ledger is trusted to it.
package enum Fitness {
    private static let settings = SQL(
        """
        SELECT current_setting('server_version_num')::bigint, current_setting('fsync'),
            current_setting('full_page_writes'), current_setting('synchronous_commit'),
            EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'bincard'),
            current_user::text, session_user::text, current_database()::text
        """)

    private static let version = SQL("SELECT bincard.schema_version()")

    /// Whether a Citus has the tables (`CitusDistribution`).
    private static let distribution = SQL("SELECT to_regproc('bincard.shard_count') IS NOT NULL")

    private static let check = SQL("SELECT bincard.current_realm() IS NOT NULL")

    /// The oldest server that is known to work.
    static let oldestServer = 150_000

    static func require(of pool: ConnectionPool, sealedBy context: RealmContext) throws(StoreError) {
        let failure: StoreError?
        do throws(PostgresFailure) {
            failure = try pool.read { (connection) throws(PostgresFailure) in
                try fault(of: connection, sealedBy: context) { pool.isDistributed = $0 }
            }
        } catch {
            throw error.storeError("connect to the database")
        }
        if let failure { throw failure }
    }

    private static func fault(
        of connection: PostgresConnection, sealedBy context: RealmContext,
        tellDistribution: (Bool) -> Void
    ) throws(PostgresFailure) -> StoreError? {
        guard let row = try connection.run(settings).first else { return nil }
        if let fault = durabilityFault(row) { return fault }
        let migrate = "run `bincard db migrate --database …` as a role that may create schemas"
        guard row.bool(4) else {
            return .failed(
                operation: "open the database",
                detail: "the database \(row.text(7)) has no Bincard schema yet: \(migrate)")
        }
        // SET ROLE is undone by whoever may run SQL.
        guard row.text(5) == row.text(6) else {
            return .failed(
                operation: "open the database",
                detail: "the session is of the role \(row.text(6)) and only acts as \(row.text(5)). Log in as the "
                    + "server's role itself, without SET ROLE in the connection string or the role's settings")
        }
        if let fault = try ServerRole.fault(of: row.text(5), "open the database", on: connection) { return fault }
        let found: Int
        do throws(PostgresFailure) {
            found = Int(try connection.run(version).first?.int64(0) ?? 0)
        } catch {
            guard error.state == "42501" else { throw error }
            return .failed(
                operation: "open the database",
                detail: "the role \(row.text(5)) has no rights on the schema. Run `bincard db migrate --server-role "
                    + "\(row.text(5))` as the owner")
        }
        if found > PostgresMigrations.newest { return .schemaTooNew(found: found, known: PostgresMigrations.newest) }
        if found < PostgresMigrations.newest {
            return .failed(
                operation: "open the database",
                detail: "its schema is at step \(found), this version needs \(PostgresMigrations.newest): \(migrate)")
        }
        connection.isDistributed = try connection.run(distribution).first?.bool(0) ?? false
        tellDistribution(connection.isDistributed)
        let isSealed = try connection.run([context.entering, Statement(check)]).last?.first?.bool(0) ?? false
        if isSealed { return nil }
        return .failed(
            operation: "open the database",
            detail: "the key that seals realms is not this database's. Copy `database.key` from the data directory "
                + "from which it was migrated, or set BINCARD_DATABASE_KEY")
    }

    /// Why a server of this version can't be used; nil when it can.
    ///
    /// - Parameters:
    ///   - version: as in 150004 for 15.4.
    ///   - place: which PostgreSQL it is of, as it is said behind its name.
    package static func versionFault(_ version: Int64, of place: String = "") -> StoreError? {
        guard version < oldestServer else { return nil }
        // Before 10 a version had three numbers: 9.6.24.
        let shown = version < 100_000 ? "\(version / 10_000).\(version / 100 % 100)" : "\(version / 10_000)"
        return .failed(
            operation: "open the database",
            detail: "PostgreSQL \(shown)\(place) is too old: version \(oldestServer / 10_000) or later is needed. "
                + "Upgrade it (pg_upgrade), or name another server; nothing was changed")
    }

    static func durabilityFault(_ row: PostgresRow) -> StoreError? {
        durabilityFault(["\(row.int64(0))", row.text(1), row.text(2), row.text(3)], of: "")
    }

    /// - Parameters:
    ///   - settings: `server_version_num`, `fsync`, `full_page_writes`, `synchronous_commit`.
    ///   - place: which PostgreSQL they are of, as it is said behind its name.
    static func durabilityFault(_ settings: [String], of place: String) -> StoreError? {
        if let fault = versionFault(Int64(settings[0]) ?? 0, of: place) { return fault }
        for (value, name) in [(settings[1], "fsync"), (settings[2], "full_page_writes")] where value != "on" {
            return .notDurable(detail: "\(name) is \(value) in PostgreSQL\(place): set it to on")
        }
        // The stronger ones wait for replicas too.
        guard ["on", "remote_apply", "remote_write"].contains(settings[3]) else {
            return .notDurable(detail: "synchronous_commit is \(settings[3]) in PostgreSQL\(place): set it to on")
        }
        return nil
    }
}
