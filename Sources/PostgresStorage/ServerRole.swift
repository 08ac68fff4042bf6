import LedgerStorage

/// What the role that servers log in as must not be able to do: each of these would lead around the fence.
///
/// A role that may become another one (SET ROLE) counts as that one, whether or not it inherits its rights. Who can
/// make an object anywhere can put it in the place of one that the schema's functions use.
enum ServerRole {
    /// `$1` is the role's name; a sentence for each.
    private static let excess = SQL(
        """
        SELECT 'is, or may become, ' || rolname || ', which ' || CASE
            WHEN rolsuper THEN 'is a superuser' WHEN rolbypassrls THEN 'bypasses row-level security'
            WHEN rolcreaterole THEN 'may change other roles' WHEN rolreplication THEN 'may copy the whole server'
            ELSE 'reads or writes past the tables'' own rights' END
        FROM pg_catalog.pg_roles
        WHERE pg_has_role($1::name, oid, 'MEMBER') AND (
            rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication OR rolname IN (
                'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
                'pg_execute_server_program'))
        UNION ALL
        SELECT 'owns, or may become the owner of, the database ' || datname FROM pg_catalog.pg_database
        WHERE datname = current_database() AND pg_has_role($1::name, datdba, 'MEMBER')
        UNION ALL
        SELECT 'owns, or may become the owner of, the schema ' || nspname FROM pg_catalog.pg_namespace
        WHERE nspname IN ('bincard', 'bincard_private') AND pg_has_role($1::name, nspowner, 'MEMBER')
        UNION ALL
        SELECT 'owns, or may become the owner of, the tables' FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE nspname IN ('bincard', 'bincard_private') AND pg_has_role($1::name, relowner, 'MEMBER')
        GROUP BY ()
        HAVING count(*) > 0
        UNION ALL
        SELECT 'owns, or may become the owner of, the function ' || proname FROM pg_catalog.pg_proc AS p
        JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
        WHERE nspname = 'bincard' AND pg_has_role($1::name, proowner, 'MEMBER')
        UNION ALL
        SELECT 'may look into the schema bincard_private' FROM pg_catalog.pg_namespace
        WHERE nspname = 'bincard_private' AND has_schema_privilege($1::name, oid, 'USAGE')
        UNION ALL
        SELECT 'may create objects in the schema ' || nspname FROM pg_catalog.pg_namespace
        WHERE has_schema_privilege($1::name, oid, 'CREATE')
        UNION ALL
        SELECT 'may create temporary tables' WHERE has_database_privilege($1::name, current_database(), 'TEMPORARY')
        UNION ALL
        SELECT 'may create schemas' WHERE has_database_privilege($1::name, current_database(), 'CREATE')
        """)

    /// Why tenants would not be kept apart from what is run as this role, and what to do; nil when they are.
    static func fault(
        of role: String, _ operation: String, on connection: PostgresConnection
    ) throws(PostgresFailure) -> StoreError? {
        var parameters = Parameters()
        parameters.add(role)
        let excesses = try connection.run(excess, parameters).rows.map { $0.text(0) }
        guard !excesses.isEmpty else { return nil }
        return .failed(
            operation: operation,
            detail: "nothing would keep tenants apart from what is run as the role \(role): it "
                + excesses.prefix(3).joined(separator: "; it ")
                + ". Take that from it, or use a role that `bincard db migrate --server-role NAME` makes, run as the "
                + "owner of the database")
    }
}
