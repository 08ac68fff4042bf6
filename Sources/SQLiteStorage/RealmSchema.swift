/// The tables of a realm's file. (In PostgreSQL `realm` leads each primary key; here each realm is a file of its own.)
enum RealmSchema {
    static let migrations = [
        SchemaMigration(version: 1, name: "journal, projections, idempotency", sql: version1),
        SchemaMigration(version: 2, name: "webhook endpoints", sql: version2),
        SchemaMigration(version: 3, name: "settings of stock levels, marketplaces", sql: version3),
    ]

    private static let version3 = """
        ALTER TABLE stock_level ADD COLUMN settings BLOB;
        ALTER TABLE location ADD COLUMN marketplace TEXT;
        ALTER TABLE location ADD COLUMN is_read_only INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE location ADD COLUMN observed_at INTEGER;
        """

    private static let version2 = """
        CREATE TABLE webhook (
            number INTEGER PRIMARY KEY,
            data BLOB NOT NULL
        ) STRICT;
        """

    /// `data` and `answers` stand last, so that reading what stands before them does not touch their overflow pages.
    private static let version1 = """
        CREATE TABLE block (
            first_seq INTEGER PRIMARY KEY,
            last_seq INTEGER NOT NULL,
            recorded_at INTEGER NOT NULL,
            last_id BLOB NOT NULL,
            hash BLOB NOT NULL,
            data BLOB NOT NULL
        ) STRICT;

        CREATE TRIGGER block_is_never_changed BEFORE UPDATE ON block BEGIN
            SELECT RAISE(ABORT, 'the journal is append-only: a block is never changed');
        END;

        CREATE TRIGGER block_is_never_deleted BEFORE DELETE ON block BEGIN
            SELECT RAISE(ABORT, 'the journal is append-only: a block is never deleted');
        END;

        -- Runs before a conflict is resolved, so that INSERT OR REPLACE can't get round the two above.
        CREATE TRIGGER block_follows_the_last BEFORE INSERT ON block
        WHEN NEW.last_seq < NEW.first_seq
            OR NEW.first_seq <> 1 + coalesce((SELECT last_seq FROM block ORDER BY first_seq DESC LIMIT 1), 0)
        BEGIN
            SELECT RAISE(ABORT, 'the journal is append-only: a block follows the last one');
        END;

        CREATE TABLE item (
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL,
            sku TEXT NOT NULL,
            name TEXT NOT NULL,
            scale INTEGER NOT NULL,
            barcode TEXT,
            price INTEGER,
            weight INTEGER,
            reorder_point INTEGER,
            allow_negative INTEGER NOT NULL,
            metadata BLOB,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            archived_at INTEGER,
            created_seq INTEGER NOT NULL,
            archived_seq INTEGER
        ) STRICT;

        CREATE TABLE location (
            number INTEGER PRIMARY KEY,
            id BLOB NOT NULL,
            code TEXT NOT NULL,
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            address TEXT,
            time_zone TEXT,
            allow_negative INTEGER NOT NULL,
            is_default INTEGER NOT NULL,
            metadata BLOB,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            archived_at INTEGER,
            created_seq INTEGER NOT NULL,
            archived_seq INTEGER
        ) STRICT;

        -- key = item number << 32 | location number
        CREATE TABLE stock_level (
            key INTEGER PRIMARY KEY,
            on_hand INTEGER NOT NULL,
            value INTEGER NOT NULL,
            last_wac INTEGER NOT NULL,
            reserved INTEGER NOT NULL,
            roots BLOB NOT NULL
        ) STRICT;

        CREATE TABLE reference_segment (
            number INTEGER PRIMARY KEY,
            first_seq INTEGER NOT NULL,
            last_seq INTEGER NOT NULL
        ) STRICT;

        -- key = segment number × 256 + top byte of the hash
        CREATE TABLE reference_bucket (
            key INTEGER PRIMARY KEY,
            data BLOB NOT NULL
        ) STRICT;

        -- Numbers ascend with time, so that the oldest slice is at the beginning and no index on slices is needed.
        CREATE TABLE idempotency_page (
            number INTEGER PRIMARY KEY,
            slice INTEGER NOT NULL,
            recorded_at INTEGER NOT NULL,
            keys BLOB NOT NULL,
            answers BLOB NOT NULL
        ) STRICT;

        CREATE TABLE projection_state (
            only INTEGER PRIMARY KEY CHECK (only = 1),
            applied_seq INTEGER NOT NULL
        ) STRICT;

        INSERT INTO projection_state (only, applied_seq) VALUES (1, 0);
        """
}
