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

    private static let check = SQL("SELECT bincard.current_realm() IS NOT NULL")

    /// The oldest server that is known to work.
    static let oldestServer = 150_000

    static func require(of pool: ConnectionPool, sealedBy context: RealmContext) throws(StoreError) {
        let failure: StoreError?
        do throws(PostgresFailure) {
            failure = try pool.read { (connection) throws(PostgresFailure) in
                try fault(of: connection, sealedBy: context)
            }
        } catch {
            throw error.storeError("connect to the database")
        }
        if let failure { throw failure }
    }

    private static func fault(
        of connection: PostgresConnection, sealedBy context: RealmContext
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
        let isSealed = try connection.run([context.entering, Statement(check)]).last?.first?.bool(0) ?? false
        if isSealed { return nil }
        return .failed(
            operation: "open the database",
            detail: "the key that seals realms is not this database's. Copy `database.key` from the data directory "
                + "from which it was migrated, or set BINCARD_DATABASE_KEY")
    }

    /// Why a server of this version can't be used; nil when it can.
    ///
    /// - Parameter version: as in 150004 for 15.4.
    package static func versionFault(_ version: Int64) -> StoreError? {
        guard version < oldestServer else { return nil }
        // Before 10 a version had three numbers: 9.6.24.
        let shown = version < 100_000 ? "\(version / 10_000).\(version / 100 % 100)" : "\(version / 10_000)"
        return .failed(
            operation: "open the database",
            detail: "PostgreSQL \(shown) is too old: version \(oldestServer / 10_000) or later is needed. Upgrade it "
                + "(pg_upgrade), or name another server; nothing was changed")
    }

    static func durabilityFault(_ row: PostgresRow) -> StoreError? {
        if let fault = versionFault(row.int64(0)) { return fault }
        for (column, name) in [(Int32(1), "fsync"), (2, "full_page_writes")] where row.text(column) != "on" {
            return .notDurable(detail: "\(name) is \(row.text(column)) in PostgreSQL: set it to on")
        }
        // The stronger ones wait for replicas too.
        guard ["on", "remote_apply", "remote_write"].contains(row.text(3)) else {
            return .notDurable(detail: "synchronous_commit is \(row.text(3)) in PostgreSQL: set it to on")
        }
        return nil
    }
}
