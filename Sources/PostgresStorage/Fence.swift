/// What keeps tenants apart, whatever SQL the server's own login is made to run.
///
/// Each transaction says for which realm it is: `bincard.realm` is set to the realm's id and a seal, an HMAC-SHA-256
/// under a key that the server was given and that only the owner of the tables can read. `bincard.current_realm()`
/// gives the realm when the seal is right and NULL otherwise, and every table shows and takes only rows of that realm.
/// The realm of zeros is the installation itself: tenants and keys.
enum Fence {
    /// The schema that the server's role can't look into, and the check of the seal.
    static let seal = """
        CREATE SCHEMA bincard;
        REVOKE ALL ON SCHEMA bincard, bincard_private FROM PUBLIC;

        -- The key, prepared for HMAC: the key xor 0x36…, the key xor 0x5c….
        CREATE TABLE bincard_private.seal (
            single integer PRIMARY KEY CHECK (single = 1),
            inner_key bytea NOT NULL,
            outer_key bytea NOT NULL
        );

        CREATE FUNCTION bincard.current_realm() RETURNS uuid
        LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        DECLARE
            given text := current_setting('bincard.realm', true);
            key bincard_private.seal;
        BEGIN
            IF given IS NULL OR length(given) <> 101 THEN RETURN NULL; END IF;
            SELECT * INTO key FROM bincard_private.seal;
            -- Compared as digests of digests: how long it takes says nothing about the right seal.
            IF sha256(convert_to(
                    encode(
                        sha256(key.outer_key || sha256(key.inner_key || convert_to(left(given, 36), 'UTF8'))),
                        'hex'),
                    'UTF8'))
                = sha256(convert_to(right(given, 64), 'UTF8'))
            THEN
                RETURN left(given, 36)::uuid;
            END IF;
            RETURN NULL;
        END $$;

        -- Which step of the schema the database is at.
        CREATE FUNCTION bincard.schema_version() RETURNS bigint
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            SELECT max(version)::bigint FROM bincard_private.migration
        $$;
        """

    /// The fence around one table. The subquery makes the check run once for a statement, not for each row.
    ///
    /// It is said twice. The plain comparison is what an index is searched by, whatever realm a statement names, and
    /// what leaves the index its order. The other one is looked at first where rows are filtered: conditions of a
    /// statement that can't leak by themselves, such as comparisons of numbers, are moved among those of a policy,
    /// cheapest first, and the plain one would come last. Then EXPLAIN (ANALYZE) would tell, by whether the subquery
    /// was run, if another realm has a row that meets the others, and so its values, digit by digit. `= ANY` of one
    /// costs half of the cheapest comparison, and with the column on its right no index is searched by it.
    ///
    /// Statistics would be shown by EXPLAIN: how many rows a realm has, and values of others' columns, by asking for
    /// estimates of ever smaller ranges. So none are kept, and plans don't change with what the tables hold.
    static func around(_ table: String) -> String {
        """
        ALTER TABLE bincard.\(table) ENABLE ROW LEVEL SECURITY;
        ALTER TABLE bincard.\(table) FORCE ROW LEVEL SECURITY;
        CREATE POLICY realm ON bincard.\(table)
            USING (
                realm = (SELECT bincard.current_realm()) AND (SELECT bincard.current_realm()) = ANY (ARRAY[realm]))
            WITH CHECK (realm = (SELECT bincard.current_realm()));
        DO $$
        DECLARE
            given name;
        BEGIN
            FOR given IN
                SELECT attname FROM pg_catalog.pg_attribute
                WHERE attrelid = 'bincard.\(table)'::regclass AND attnum > 0 AND NOT attisdropped
            LOOP
                EXECUTE format('ALTER TABLE bincard.\(table) ALTER %I SET STATISTICS 0', given);
            END LOOP;
        END $$;

        """
    }

    /// The fence as a Citus takes it, which refuses policies with subqueries: the seal is then checked once for each
    /// row that is looked at (9 µs on the machine where it was measured), and once more for the statement where an
    /// index is searched.
    ///
    /// That the check costs nothing in the planner's eyes, not even as much as can be added to the rest of the
    /// condition, keeps it the first of the conditions, as in `around`.
    static func withoutSubquery(around tables: [String]) -> String {
        "ALTER FUNCTION bincard.current_realm() COST 1e-37;\n"
            + tables.map { table in
                """
                DROP POLICY realm ON bincard.\(table);
                CREATE POLICY realm ON bincard.\(table)
                    USING (realm = bincard.current_realm() AND bincard.current_realm() = ANY (ARRAY[realm]))
                    WITH CHECK (realm = bincard.current_realm());

                """
            }.joined()
    }

    /// The schema that only the owner may look into, for a node that is not the one where it was made: with the key.
    /// The server's role must not see it, and each node needs its own: from within a policy nothing can be asked of
    /// another node, nor of a table that a Citus keeps on all.
    static let sealOnNode = """
        CREATE SCHEMA IF NOT EXISTS bincard_private;
        REVOKE ALL ON SCHEMA bincard_private FROM PUBLIC;
        CREATE TABLE IF NOT EXISTS bincard_private.seal (
            single integer PRIMARY KEY CHECK (single = 1),
            inner_key bytea NOT NULL,
            outer_key bytea NOT NULL
        );
        """
}
