import LedgerCore
import LedgerStorage

/// What must be true of a database before a ledger is trusted to it.
enum Fitness {
    private static let settings = SQL(
        """
        SELECT current_setting('server_version_num')::bigint, current_setting('fsync'),
            current_setting('full_page_writes'), current_setting('synchronous_commit'),
            to_regclass('bincard.block') IS NOT NULL,
            (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user), current_user::text,
            current_database()::text
        """)

    private static let ownership = SQL(
        "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = 'bincard.block'::regclass")

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
        if row.bool(5) {
            return .failed(
                operation: "open the database",
                detail: "the role \(row.text(6)) is a superuser or bypasses row-level security, so that nothing would "
                    + "keep tenants apart. Log in as the server's role, which `bincard db migrate` has made")
        }
        if try connection.run(ownership).first?.bool(0) ?? true {
            return .failed(
                operation: "open the database",
                detail: "the role \(row.text(6)) owns the tables. Log in as the server's role, which `bincard db "
                    + "migrate` has made")
        }
        let found: Int
        do throws(PostgresFailure) {
            found = Int(try connection.run(version).first?.int64(0) ?? 0)
        } catch {
            guard error.state == "42501" else { throw error }
            return .failed(
                operation: "open the database",
                detail: "the role \(row.text(6)) has no rights on the schema. Run `bincard db migrate --server-role "
                    + "\(row.text(6))` as the owner")
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

    static func durabilityFault(_ row: PostgresRow) -> StoreError? {
        guard row.int64(0) >= oldestServer else {
            return .failed(
                operation: "open the database",
                detail: "PostgreSQL \(row.int64(0) / 10_000) is too old: version \(oldestServer / 10_000) or later is "
                    + "needed")
        }
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
