/// What answers in a database in place of a Citus, so that `bincard db migrate --citus` can be run where there is none.
/// **It is no Citus.** There is one node, the database itself, and no statement is sent anywhere.
///
/// What it does do is what PostgreSQL can: a table that is "distributed" is divided into partitions by the hash of its
/// column, with its keys, indexes, triggers, fence and rights. So PostgreSQL refuses a key that lacks the column, as a
/// Citus would, and counts for each partition what a statement has looked at.
///
/// Every call is written down in `citus_stand_in.call`. It refuses what a Citus is documented to refuse of a table: a
/// policy with a subquery, and a trigger unless that is allowed.
public enum CitusStandIn {
    /// Partitions of each table, whatever number of shards is asked for.
    public static let parts = 4

    /// Puts it into a database, by its owner, a superuser.
    ///
    /// - Parameters:
    ///   - version: what it says that it is.
    ///   - divides: whether it makes partitions; else a table that is distributed stays as it is.
    public static func install(
        on server: PostgresServer, ownerURL: String, version: String = "12.1-1", divides: Bool = true
    ) throws {
        try server.psql(
            "SET allow_system_table_mods = on;\n\(catalogue(version, divides: divides))\n\(functions)", url: ownerURL)
    }

    /// What was called since it was put there, in order.
    public static func calls(_ server: PostgresServer, _ ownerURL: String) throws -> [String] {
        try server.psql("SELECT text FROM citus_stand_in.call ORDER BY number", url: ownerURL)
            .split(separator: "\n").map(String.init)
    }

    private static func catalogue(_ version: String, divides: Bool) -> String {
        """
        INSERT INTO pg_catalog.pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
        VALUES (90001, 'citus', 10, 'pg_catalog'::regnamespace, false, '\(version)');
        CREATE SCHEMA citus_stand_in;
        CREATE TABLE citus_stand_in.call (number bigint GENERATED ALWAYS AS IDENTITY, text text);
        CREATE FUNCTION citus_stand_in.divides() RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT \(divides)';
        CREATE TABLE citus_stand_in.node (name text, fault text);
        INSERT INTO citus_stand_in.node VALUES ('node-1', NULL);
        CREATE TABLE pg_catalog.pg_dist_partition (logicalrelid oid);
        """
    }

    private static let functions = """
        CREATE FUNCTION pg_catalog.create_distributed_table(
            table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
            colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL
        ) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO citus_stand_in.call (text) VALUES (
                concat_ws(' ', 'table', table_name, distribution_column, colocate_with, shard_count));
            IF EXISTS (SELECT FROM pg_policy WHERE polrelid = table_name
                AND (pg_get_expr(polqual, polrelid) ~* 'select' OR pg_get_expr(polwithcheck, polrelid) ~* 'select'))
            THEN
                RAISE 'Subqueries are not supported in policies on distributed tables (%)', table_name;
            END IF;
            IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = table_name AND NOT tgisinternal)
                AND coalesce(current_setting('citus.enable_unsafe_triggers', true), '') <> 'on' THEN
                RAISE 'triggers are not supported on distributed tables (%)', table_name;
            END IF;
            IF table_name IN (SELECT logicalrelid FROM pg_dist_partition) THEN
                RAISE 'table % is already distributed', table_name;
            END IF;
            IF colocate_with <> 'none' AND colocate_with::regclass NOT IN (SELECT logicalrelid FROM pg_dist_partition)
            THEN
                RAISE '% is not distributed', colocate_with;
            END IF;
            INSERT INTO pg_dist_partition SELECT
                CASE WHEN citus_stand_in.divides() THEN citus_stand_in.divide(table_name, distribution_column)
                    ELSE table_name::oid END;
        END $$;

        CREATE FUNCTION pg_catalog.create_distributed_function(
            function_name regprocedure, distribution_arg_name text DEFAULT NULL, colocate_with text DEFAULT 'default'
        ) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO citus_stand_in.call (text) VALUES (
                concat_ws(' ', 'function', function_name::regproc, distribution_arg_name, colocate_with));
        END $$;

        CREATE FUNCTION pg_catalog.run_command_on_workers(
            command text, parallel boolean DEFAULT true,
            OUT nodename text, OUT nodeport int, OUT success boolean, OUT result text
        ) RETURNS SETOF record LANGUAGE plpgsql AS $$
        DECLARE
            node record;
        BEGIN
            INSERT INTO citus_stand_in.call (text) VALUES ('nodes ' || split_part(command, E'\\n', 1));
            FOR node IN SELECT * FROM citus_stand_in.node LOOP
                nodename := node.name;
                nodeport := 5432;
                success := node.fault IS NULL;
                result := node.fault;
                IF success AND command LIKE 'SELECT%' THEN
                    EXECUTE command INTO result;
                ELSIF success THEN
                    EXECUTE command;
                END IF;
                RETURN NEXT;
            END LOOP;
        END $$;

        -- Makes a table anew, in partitions; gives what it is now.
        CREATE FUNCTION citus_stand_in.divide(given regclass, by_column text) RETURNS oid LANGUAGE plpgsql AS $$
        DECLARE
            kind pg_class;
            after text[];
            step text;
            part text;
            options text;
        BEGIN
            SELECT * INTO kind FROM pg_class WHERE oid = given;
            options := coalesce(' WITH (' || array_to_string(kind.reloptions, ', ') || ')', '');
            -- What is said of the table is said again of the new one, in this order.
            after := ARRAY(
                SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', given, conname, pg_get_constraintdef(oid))
                FROM pg_constraint WHERE conrelid = given AND contype IN ('p', 'u')
            ) || ARRAY(
                SELECT pg_get_indexdef(indexrelid) FROM pg_index
                WHERE indrelid = given AND indexrelid NOT IN (SELECT conindid FROM pg_constraint WHERE conrelid = given)
            ) || ARRAY(
                SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = given AND NOT tgisinternal
            ) || ARRAY(
                SELECT format('GRANT %s ON %s TO %s', privilege_type, given, grantee::regrole)
                FROM aclexplode(kind.relacl) WHERE grantee <> kind.relowner
            );
            FOREACH part IN ARRAY ARRAY[given::text] || ARRAY(
                SELECT format('%s_part_%s', given, n) FROM generate_series(0, \(parts) - 1) AS n)
            LOOP
                after := after || ARRAY(
                    SELECT format('ALTER TABLE %s ALTER %I SET STATISTICS 0', part, attname) FROM pg_attribute
                    WHERE attrelid = given AND attnum > 0 AND NOT attisdropped
                ) || ARRAY(
                    SELECT format('CREATE POLICY %I ON %s USING (%s) WITH CHECK (%s)', polname, part,
                        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
                    FROM pg_policy WHERE polrelid = given
                ) || format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', part)
                    || format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', part);
            END LOOP;
            EXECUTE format(
                'CREATE %s TABLE citus_stand_in.divided (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS '
                    || 'INCLUDING STORAGE INCLUDING COMPRESSION) PARTITION BY HASH (%I)',
                CASE kind.relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE '' END, given, by_column);
            EXECUTE format('DROP TABLE %s', given);
            EXECUTE format('ALTER TABLE citus_stand_in.divided RENAME TO %I', kind.relname);
            EXECUTE format('ALTER TABLE citus_stand_in.%I SET SCHEMA %s', kind.relname, kind.relnamespace::regnamespace);
            FOR number IN 0 .. \(parts) - 1 LOOP
                EXECUTE format(
                    'CREATE %s TABLE %s.%I PARTITION OF %s.%I FOR VALUES WITH (MODULUS \(parts), REMAINDER %s)%s',
                    CASE kind.relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE '' END, kind.relnamespace::regnamespace,
                    kind.relname || '_part_' || number, kind.relnamespace::regnamespace, kind.relname, number,
                    options);
            END LOOP;
            FOREACH step IN ARRAY after LOOP EXECUTE step; END LOOP;
            RETURN format('%s.%I', kind.relnamespace::regnamespace, kind.relname)::regclass;
        END $$;
        """
}
