/// The tables of a realm's deliveries file, beside its journal and apart from it.
enum DeliverySchema {
    static let migrations = [
        SchemaMigration(version: 1, name: "lanes, deliveries, attempts, pages", sql: version1),
        SchemaMigration(version: 2, name: "ended deliveries by status and age", sql: version2),
    ]

    /// Keys begin with the endpoint, so that what one endpoint writes lies together. `data` stands last, so that
    /// reading what stands before it does not touch its overflow pages.
    private static let version1 = """
        -- origin is 0 for the live lane, else the seq of the entry that asked for the replay
        CREATE TABLE lane (
            webhook INTEGER NOT NULL,
            origin INTEGER NOT NULL,
            next_seq INTEGER NOT NULL,
            settled BLOB NOT NULL,
            last_seq INTEGER,
            events BLOB,
            dead_only INTEGER NOT NULL,
            PRIMARY KEY (webhook, origin)
        ) STRICT, WITHOUT ROWID;

        -- status: 1 pending, 2 dead, 3 delivered; next_attempt_at is NULL unless it is pending
        CREATE TABLE delivery (
            webhook INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            status INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            last_ordinal INTEGER NOT NULL,
            next_attempt_at INTEGER,
            updated_at INTEGER NOT NULL,
            event_name TEXT NOT NULL,
            PRIMARY KEY (webhook, seq)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX delivery_of_webhook ON delivery (status, webhook, seq);

        CREATE INDEX delivery_of_all ON delivery (status, seq, webhook);

        CREATE INDEX delivery_ended ON delivery (updated_at) WHERE status <> 1;

        CREATE TABLE attempt (
            webhook INTEGER NOT NULL,
            seq INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            data BLOB NOT NULL,
            PRIMARY KEY (webhook, seq, ordinal)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE page (
            number INTEGER PRIMARY KEY,
            webhook INTEGER NOT NULL,
            first_seq INTEGER NOT NULL,
            last_seq INTEGER NOT NULL,
            recorded_at INTEGER NOT NULL,
            data BLOB NOT NULL
        ) STRICT;

        -- By the last seq: reading down from a seq, the next page then says from where on the answer is complete.
        CREATE INDEX page_of_webhook ON page (webhook, last_seq);

        CREATE INDEX page_age ON page (recorded_at);

        CREATE TABLE health (
            webhook INTEGER PRIMARY KEY,
            failing_since INTEGER,
            consecutive_failures INTEGER NOT NULL,
            last_success_at INTEGER,
            last_failure_at INTEGER,
            delivered INTEGER NOT NULL,
            died INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE dispatch_state (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            control_seq INTEGER NOT NULL
        ) STRICT;

        INSERT INTO dispatch_state (only, control_seq) VALUES (1, 0);
        """

    /// Dead letters are kept for longer than what arrived: the oldest of each are together.
    private static let version2 = """
        DROP INDEX delivery_ended;

        CREATE INDEX delivery_age ON delivery (status, updated_at) WHERE status <> 1;
        """
}
