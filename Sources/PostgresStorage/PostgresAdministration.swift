import LedgerCore
public import LedgerStorage

/// What the owner of the database does: brings the schema up to date and lets a server in.
public struct PostgresAdministration: Sendable {
    private let conninfo: String

    /// - Parameter conninfo: as libpq takes it, of a role that may create schemas and, for a new server role, roles.
    public init(conninfo: String) { self.conninfo = conninfo }

    /// What a migration has done.
    public struct Report: Sendable {
        public var from: Int
        public var to: Int
        public var serverRole: String
        /// Whether the server's role was made now; it can't log in before it is given a password or another way in.
        public var madeRole: Bool
    }

    /// Brings the schema to this version's, all in one transaction, and gives the server's role its rights. Safe to run
    /// from several processes at once: the second waits and finds nothing to do. Blocks.
    ///
    /// - Parameters:
    ///   - serverRole: the role that servers log in as; made when it is not there.
    ///   - password: of a role that is made now; nil for none.
    ///   - sealKey: put into the database.
    ///   - replacesKey: whether another key that is there gives way, and with it every server that has that one.
    ///   - keep: called when nothing can be refused any more, before the database takes the key over.
    /// - Throws: `StoreError.unavailable`, `.notDurable`, `.schemaTooNew`; `.failed` with what to do; and what `keep`
    ///   throws.
    public func migrate(
        serverRole: String, password: String? = nil, sealKey: RealmSealKey, replacesKey: Bool = false,
        keep: () throws(StoreError) -> Void = {}
    ) throws(StoreError) -> Report {
        let library = try PostgresDatabase.library()
        do {
            let connection = try PostgresConnection(
                library, conninfo: conninfo, preparing: PostgresConnection.PreparingMode())
            return try migrate(
                connection, serverRole, password, SealChange(key: sealKey, replaces: replacesKey), keep: keep)
        } catch let error as PostgresFailure {
            throw explained(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw .failed(operation: "migrate the database", detail: "\(error)")
        }
    }

    private func explained(_ failure: PostgresFailure) -> StoreError {
        guard failure.state == "42501" else { return failure.storeError("migrate the database") }
        return .failed(
            operation: "migrate the database",
            detail: "\(failure.message). Migrate as a role that may create schemas in this database, and roles if the "
                + "server's is new; nothing was changed")
    }

    private struct SealChange {
        var key: RealmSealKey
        var replaces: Bool
    }

    /// Any number, the same in all versions: who migrates holds this lock.
    private static let lock = 0x42_49_4E_43_41_52_44

    private static let server = SQL(
        """
        SELECT current_setting('server_version_num')::bigint, current_setting('fsync'),
            current_setting('full_page_writes'), current_setting('synchronous_commit')
        """)

    private static let found = SQL("SELECT coalesce(max(version), 0)::bigint FROM bincard_private.migration")

    private static let note = SQL("INSERT INTO bincard_private.migration (version, name) VALUES ($1, $2)")

    private static let role = SQL("SELECT 1 FROM pg_roles WHERE rolname = $1")

    private static let knownKey = SQL("SELECT inner_key FROM bincard_private.seal WHERE single = 1")

    private static let setKey = SQL(
        """
        INSERT INTO bincard_private.seal (single, inner_key, outer_key) VALUES (1, $1, $2)
        ON CONFLICT (single) DO UPDATE SET inner_key = excluded.inner_key, outer_key = excluded.outer_key
        """)

    private func migrate(
        _ connection: PostgresConnection, _ role: String, _ password: String?, _ seal: SealChange,
        keep: () throws(StoreError) -> Void
    ) throws -> Report {
        if let row = try connection.run(Self.server).first, let fault = Fitness.durabilityFault(row) { throw fault }
        try connection.execute("BEGIN; SET LOCAL lock_timeout = '5min'; SELECT pg_advisory_xact_lock(\(Self.lock))")
        defer { try? connection.rollBack() }
        try connection.execute("SET LOCAL client_min_messages = warning; " + PostgresMigrations.record)
        let from = Int(try connection.run(Self.found).first?.int64(0) ?? 0)
        let newest = PostgresMigrations.newest
        if from > newest { throw StoreError.schemaTooNew(found: from, known: newest) }
        for step in PostgresMigrations.all where step.version > from {
            try connection.execute(step.sql)
            for table in step.tables { try connection.execute(Fence.around(table.name)) }
            var parameters = Parameters()
            parameters.add(int32: Int32(step.version))
            parameters.add(step.name)
            _ = try connection.run(Self.note, parameters)
        }
        var name = Parameters()
        name.add(role)
        let isNew = try connection.run(Self.role, name).isEmpty
        let verifier = try password.map { try connection.verifier(of: $0, for: role) }
        try connection.execute(Grants.statements(to: role, isNew: isNew, verifier: verifier))
        let (inner, outer) = seal.key.padded
        if let row = try connection.run(Self.knownKey).first, row.bytes(0) != inner, !seal.replaces {
            throw StoreError.failed(
                operation: "migrate the database",
                detail:
                    "the database knows another key than this data directory, and every server that has it would be "
                    + "shut out. Copy that key here (database.key of the directory that was used before, or "
                    + "BINCARD_DATABASE_KEY), or replace it with --replace-key; nothing was changed")
        }
        var key = Parameters()
        key.add(inner)
        key.add(outer)
        _ = try connection.run(Self.setKey, key)
        if let fault = try ServerRole.fault(of: role, "migrate the database", on: connection) { throw fault }
        try keep()
        try connection.execute("COMMIT")
        return Report(from: from, to: newest, serverRole: role, madeRole: isNew)
    }
}

/// The rights of the server's role: rows of realms that it has sealed, and nothing else.
enum Grants {
    /// - Parameter verifier: of the password of a role that is made now; nil for none.
    static func statements(to role: String, isNew: Bool, verifier: String?) -> String {
        let name = identifier(role)
        var statements: [String] = []
        if isNew {
            statements.append(
                "CREATE ROLE \(name) LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION"
                    + (verifier.map { " PASSWORD \(literal($0))" } ?? ""))
        }
        statements += [
            // A table of the session could stand in for one of the schema.
            "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            "GRANT USAGE ON SCHEMA bincard TO \(name)",
            "REVOKE ALL ON ALL TABLES IN SCHEMA bincard FROM \(name)",
        ]
        for table in PostgresMigrations.all.flatMap(\.tables) {
            statements.append("GRANT \(table.rights) ON bincard.\(table.name) TO \(name)")
        }
        statements += [
            "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bincard FROM PUBLIC",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bincard TO \(name)",
            // Held by a session that stands still, the head row would stop a ledger: the database ends such a session.
            setting("idle_in_transaction_session_timeout", "10s", name),
            setting("statement_timeout", "30s", name), setting("lock_timeout", "20s", name),
            setting("tcp_user_timeout", "10s", name),
            setting("search_path", "pg_catalog", name),
        ]
        return statements.joined(separator: ";\n")
    }

    private static func setting(_ name: String, _ value: String, _ role: String) -> String {
        "DO $$ BEGIN EXECUTE format('ALTER ROLE %s IN DATABASE %I SET \(name) = %L', "
            + "\(literal(role)), current_database(), \(literal(value))); END $$"
    }

    /// As a name in a statement.
    static func identifier(_ name: String) -> String {
        "\"\(name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
    }

    private static func literal(_ text: String) -> String {
        "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
    }
}
