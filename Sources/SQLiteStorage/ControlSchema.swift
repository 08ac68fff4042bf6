/// The tables of `control.db`.
enum ControlSchema {
    static let migrations = [
        SchemaMigration(version: 1, name: "tenants, realms, keys", sql: version1)
    ]

    private static let version1 = """
        CREATE TABLE tenant (
            name TEXT PRIMARY KEY,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE realm (
            tenant TEXT NOT NULL,
            mode TEXT NOT NULL CHECK (mode IN ('test', 'live')),
            id BLOB NOT NULL UNIQUE,
            created_at INTEGER NOT NULL,
            PRIMARY KEY (tenant, mode)
        ) STRICT, WITHOUT ROWID;

        -- rate and burst are NULL together: no limit. scopes are separated by spaces.
        CREATE TABLE api_key (
            id BLOB PRIMARY KEY,
            realm BLOB NOT NULL,
            name TEXT NOT NULL,
            scopes TEXT NOT NULL,
            secret_hash BLOB NOT NULL,
            rate INTEGER,
            burst INTEGER,
            created_at INTEGER NOT NULL,
            expires_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE installation (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            secret BLOB NOT NULL
        ) STRICT;
        """
}
