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
}
