import LedgerCore
import LedgerStorage

/// Whom a schema is for: the role that servers log in as, and the key with which they seal realms.
struct MigrationServer {
    var role: String
    /// Of a role that is made now; nil for none.
    var password: String?
    var sealKey: RealmSealKey
    /// Whether another key that is there gives way.
    var replacesKey: Bool

    private static let isThere = SQL("SELECT 1 FROM pg_roles WHERE rolname = $1")

    private static let knownKey = SQL("SELECT inner_key FROM bincard_private.seal WHERE single = 1")

    private static let setKey = SQL(
        """
        INSERT INTO bincard_private.seal (single, inner_key, outer_key) VALUES (1, $1, $2)
        ON CONFLICT (single) DO UPDATE SET inner_key = excluded.inner_key, outer_key = excluded.outer_key
        """)

    func context(of realm: ULID) -> RealmContext { RealmContext(realm: realm, seal: sealKey.seal(realm)) }

    /// Gives the role its rights, the database the key, and makes sure that tenants are kept apart. Part of a
    /// transaction.
    ///
    /// - Parameter steps: those that are applied.
    /// - Returns: whether the role was made now.
    func letIn(to steps: [PostgresMigrations.Step], on connection: PostgresConnection) throws -> Bool {
        var name = Parameters()
        name.add(role)
        let isNew = try connection.run(Self.isThere, name).isEmpty
        let verifier = try password.map { try connection.verifier(of: $0, for: role) }
        try connection.execute(
            Grants.statements(to: role, on: steps.flatMap(\.tables), isNew: isNew, verifier: verifier))
        let (inner, outer) = sealKey.padded
        if let row = try connection.run(Self.knownKey).first, row.bytes(0) != inner, !replacesKey {
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
        return isNew
    }
}

/// The rights of the server's role: rows of realms that it has sealed, and nothing else.
enum Grants {
    /// - Parameters:
    ///   - tables: of the steps that are applied.
    ///   - verifier: of the password of a role that is made now; nil for none.
    static func statements(
        to role: String, on tables: [PostgresMigrations.Table], isNew: Bool, verifier: String?
    ) -> String {
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
        for table in tables {
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
