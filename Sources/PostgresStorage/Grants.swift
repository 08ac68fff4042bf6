/// The rights of the server's role: rows of realms that it has sealed, and nothing else.
enum Grants {
    /// - Parameters:
    ///   - tables: of the steps that are applied.
    ///   - verifier: of the password of a role that is made now; nil for none.
    ///   - isDistributed: whether a Citus has the tables.
    static func statements(
        to role: String, on tables: [PostgresMigrations.Table], isNew: Bool, verifier: String?, isDistributed: Bool
    ) -> String {
        let name = identifier(role)
        var statements: [String] = []
        if isNew {
            statements.append(newRole(name) + (verifier.map { " PASSWORD \(literal($0))" } ?? ""))
        }
        statements += place(name)
        if !isDistributed { statements.append("REVOKE ALL ON ALL TABLES IN SCHEMA bincard FROM \(name)") }
        for table in tables {
            // A Citus takes to the shards what names a table.
            if isDistributed { statements.append("REVOKE ALL ON bincard.\(table.name) FROM \(name)") }
            statements.append("GRANT \(table.rights) ON bincard.\(table.name) TO \(name)")
        }
        statements += functions(name) + settings(name) + (isDistributed ? distributedSettings(name) : [])
        return statements.joined(separator: ";\n")
    }

    /// For a node of a Citus, within a block of PL/pgSQL. The tables' rights go there with the tables: the shards have
    /// names of their own.
    static func onNode(to role: String) -> String {
        let name = identifier(role)
        let make =
            "IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = \(literal(role))) THEN "
            + "\(newRole(name)); END IF"
        return ([make] + place(name) + functions(name) + settings(name) + distributedSettings(name))
            .joined(separator: ";\n")
    }

    private static func newRole(_ name: String) -> String {
        "CREATE ROLE \(name) LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION"
    }

    private static func place(_ name: String) -> [String] {
        [
            // A table of the session could stand in for one of the schema.
            "DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            "GRANT USAGE ON SCHEMA bincard TO \(name)",
        ]
    }

    private static func functions(_ name: String) -> [String] {
        [
            "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bincard FROM PUBLIC",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bincard TO \(name)",
        ]
    }

    private static func settings(_ name: String) -> [String] {
        [
            // Held by a session that stands still, the head row would stop a ledger: the database ends such a session.
            setting("idle_in_transaction_session_timeout", "10s", name),
            setting("statement_timeout", "30s", name), setting("lock_timeout", "20s", name),
            setting("tcp_user_timeout", "10s", name),
            setting("search_path", "pg_catalog", name),
        ]
    }

    private static func distributedSettings(_ name: String) -> [String] {
        [
            // What is set for a transaction goes with it to the node.
            setting("citus.propagate_set_commands", "local", name),
            // The text of what goes to a node has a seal in it, and sessions of one role see each other's.
            setting("track_activities", "off", name),
        ]
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
