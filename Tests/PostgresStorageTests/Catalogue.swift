import PostgresServer
import PostgresStorage

/// What PostgreSQL's catalogue says about the fence around the tables.
enum Catalogue {
    /// What is wrong with a database, a sentence a line; none when nothing is.
    ///
    /// - Parameter isDistributed: whether policies must be such that a Citus takes them.
    static func complaints(
        _ server: PostgresServer, _ ownerURL: String, isDistributed: Bool = false
    ) throws -> [String] {
        let rights = PostgresMigrations.rights.flatMap { table, rights in rights.map { "('\(table)', '\($0)')" } }
        let sql =
            "WITH allowed(relation, privilege) AS (VALUES \(rights.joined(separator: ", "))), "
            + parts.replacing("{check}", with: isDistributed ? "bincard.current_realm()" : subquery)
        return try server.psql(sql, url: ownerURL).split(separator: "\n").map(String.init)
    }

    private static let subquery = "( SELECT bincard.current_realm() AS current_realm)"

    /// `{check}` is how a policy has the realm checked.
    private static let parts = """
        role AS (SELECT oid FROM pg_roles WHERE rolname = '\(TestDatabase.role)'),
        t AS (
            SELECT * FROM pg_class WHERE relnamespace = 'bincard'::regnamespace AND relkind IN ('r', 'p')
        ),
        granted AS (
            SELECT relname, privilege_type AS privilege FROM t, aclexplode(relacl)
            WHERE grantee = 0 OR grantee = (SELECT oid FROM role)
        )
        SELECT relname || ' has no row-level security' FROM t WHERE NOT relrowsecurity
        UNION ALL
        SELECT relname || ' does not force row-level security on its owner' FROM t WHERE NOT relforcerowsecurity
        UNION ALL
        SELECT relname || ' has no policy' FROM t WHERE NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = t.oid)
        UNION ALL
        SELECT tablename || ' has a policy that is not the fence: ' || policyname FROM pg_policies
        WHERE schemaname = 'bincard' AND (
            cmd <> 'ALL' OR roles <> '{public}' OR permissive <> 'PERMISSIVE'
            OR qual IS DISTINCT FROM '((realm = {check}) AND ({check} = ANY (ARRAY[realm])))'
            OR with_check IS DISTINCT FROM '(realm = {check})')
        UNION ALL
        SELECT relname || ' has no primary key' FROM t
        WHERE NOT EXISTS (SELECT FROM pg_index WHERE indrelid = t.oid AND indisprimary)
        UNION ALL
        SELECT relname || ' has no column realm that is a uuid and never NULL' FROM t
        WHERE NOT EXISTS (
            SELECT FROM pg_attribute
            WHERE attrelid = t.oid AND attname = 'realm' AND atttypid = 'uuid'::regtype AND attnotnull)
        UNION ALL
        SELECT 'an index of ' || relname || ' does not begin with realm: ' || i.indexrelid::regclass FROM t
        JOIN pg_index AS i ON i.indrelid = t.oid
        WHERE NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = t.oid AND attnum = i.indkey[0] AND attname = 'realm')
        UNION ALL
        SELECT 'statistics are kept of ' || relname || '.' || attname FROM t
        JOIN pg_attribute AS a ON a.attrelid = t.oid
        WHERE attnum > 0 AND NOT attisdropped AND coalesce(attstattarget, -1) <> 0
        UNION ALL
        SELECT 'statistics are there of ' || relname FROM t
        WHERE EXISTS (SELECT FROM pg_statistic WHERE starelid = t.oid)
            OR EXISTS (SELECT FROM pg_statistic_ext WHERE stxrelid = t.oid)
        UNION ALL
        SELECT 'the server may ' || privilege || ' ' || relname FROM granted
        WHERE (relname, privilege) NOT IN (SELECT relation, privilege FROM allowed)
        UNION ALL
        SELECT 'the server may not ' || privilege || ' ' || relation FROM allowed
        WHERE (relation, privilege) NOT IN (SELECT relname, privilege FROM granted)
        UNION ALL
        SELECT 'rights are given to a column: ' || relname || '.' || attname FROM t
        JOIN pg_attribute AS a ON a.attrelid = t.oid WHERE attacl IS NOT NULL
        UNION ALL
        SELECT 'the server owns something: ' || pg_describe_object(classid, objid, objsubid) FROM pg_shdepend
        WHERE refobjid = (SELECT oid FROM role) AND deptype = 'o'
            AND dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        UNION ALL
        SELECT 'the server may look into ' || nspname FROM pg_namespace
        WHERE nspname = 'bincard_private' AND has_schema_privilege((SELECT oid FROM role), oid, 'USAGE')
        UNION ALL
        SELECT 'the server may read ' || oid::regclass FROM pg_class
        WHERE relnamespace = 'bincard_private'::regnamespace AND relkind = 'r'
            AND has_table_privilege((SELECT oid FROM role), oid, 'SELECT')
        UNION ALL
        SELECT 'the server may create in the schema ' || nspname FROM pg_namespace
        WHERE has_schema_privilege((SELECT oid FROM role), oid, 'CREATE')
        UNION ALL
        SELECT 'the server may ' || p || ' in the database' FROM unnest(ARRAY['CREATE', 'TEMPORARY']) AS p
        WHERE has_database_privilege((SELECT oid FROM role), current_database(), p)
        UNION ALL
        SELECT 'the server is a member of ' || roleid::regrole FROM pg_auth_members
        WHERE member = (SELECT oid FROM role)
        UNION ALL
        SELECT 'a function runs as its owner with a search path of its caller: ' || oid::regprocedure FROM pg_proc
        WHERE pronamespace IN ('bincard'::regnamespace, 'bincard_private'::regnamespace) AND prosecdef
            AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)
        UNION ALL
        SELECT 'everybody may execute ' || oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'bincard'::regnamespace
            AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))
        UNION ALL
        SELECT 'a relation that row-level security does not fence: ' || oid::regclass FROM pg_class
        WHERE relnamespace = 'bincard'::regnamespace AND relkind NOT IN ('r', 'p', 'i', 'I')
        UNION ALL
        SELECT 'the journal lacks its trigger ' || name
        FROM unnest(ARRAY['block_is_never_changed', 'block_is_never_emptied']) AS name
        WHERE NOT EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = 'bincard.block'::regclass AND tgname = name AND tgenabled IN ('O', 'A'))
        """
}
