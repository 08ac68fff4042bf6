/// The tables of the installation: tenants, keys, and what servers tell each other. Their `realm` is the one of zeros,
/// so that the same fence stands around them: only who can seal that realm sees a tenant or a key.
enum ControlSchema {
    static let tables = """
        CREATE TABLE bincard.tenant (
            realm uuid NOT NULL,
            name text COLLATE "C" NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (realm, name)
        );

        CREATE TABLE bincard.tenant_realm (
            realm uuid NOT NULL,
            tenant text COLLATE "C" NOT NULL,
            mode text COLLATE "C" NOT NULL CHECK (mode IN ('test', 'live')),
            id uuid NOT NULL,
            created_at bigint NOT NULL,
            PRIMARY KEY (realm, tenant, mode),
            UNIQUE (realm, id)
        );

        -- rate and burst are NULL together: no limit. scopes are separated by spaces. A tenant's name may be long gone
        -- when its keys are read: it is kept with them.
        CREATE TABLE bincard.api_key (
            realm uuid NOT NULL,
            id uuid NOT NULL,
            for_realm uuid NOT NULL,
            name text NOT NULL,
            scopes text NOT NULL,
            secret_hash bytea NOT NULL,
            rate bigint,
            burst bigint,
            created_at bigint NOT NULL,
            expires_at bigint,
            PRIMARY KEY (realm, id)
        );

        -- One row: the secret that seals cursors, and a count of changes to tenants and keys.
        CREATE TABLE bincard.installation (
            realm uuid PRIMARY KEY,
            secret bytea,
            version bigint NOT NULL
        );

        -- What is left of each key's budget, in millionths of a token, as of a moment in microseconds since 1970.
        CREATE UNLOGGED TABLE bincard.key_budget (
            realm uuid NOT NULL,
            key uuid NOT NULL,
            level bigint NOT NULL,
            filled_at bigint NOT NULL,
            PRIMARY KEY (realm, key)
        ) WITH (fillfactor = 50);
        """

    static func functions(_ form: FunctionForm) -> String {
        """
        -- Fills the buckets and takes out what was used. A token a second is a millionth of one a microsecond.
        \(form.create) bincard.settle_budgets(
            for_realm uuid, seal text, keys uuid[], rates bigint[], bursts bigint[], takens bigint[]
        ) RETURNS TABLE (place bigint, level bigint) LANGUAGE plpgsql AS $$
        DECLARE
            at_time bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
        BEGIN
            PERFORM bincard.enter(for_realm, seal);
            \(form.set("synchronous_commit", to: "'off'"))
            FOR index IN 1 .. cardinality(keys) LOOP
                place := index;
                INSERT INTO bincard.key_budget AS b (realm, key, level, filled_at)
                VALUES (for_realm, keys[index], bursts[index] * 1000000 - takens[index] * 1000000, at_time)
                ON CONFLICT (realm, key) DO UPDATE SET
                    -- No longer than a thousand seconds, which fill any bucket that is of use.
                    level = least(
                        bursts[index] * 1000000,
                        b.level + least(greatest(at_time - b.filled_at, 0), 1000000000) * rates[index]
                    ) - takens[index] * 1000000,
                    filled_at = greatest(at_time, b.filled_at)
                RETURNING b.level INTO settle_budgets.level;
                RETURN NEXT;
            END LOOP;
        END $$;
        """
    }
}
