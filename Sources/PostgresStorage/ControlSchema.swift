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

        -- How much each limited key has used, told by the servers a few times a second.
        CREATE UNLOGGED TABLE bincard.key_usage (
            realm uuid NOT NULL,
            key uuid NOT NULL,
            used bigint NOT NULL,
            PRIMARY KEY (realm, key)
        ) WITH (fillfactor = 50);
        """
}
