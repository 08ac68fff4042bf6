import GRDB
import LedgerStorage

/// One step of a schema, applied once and never changed afterwards: a correction is a further step.
struct SchemaMigration {
    /// 1, 2, 3 …
    var version: Int
    /// What it brings, for whoever looks into the file.
    var name: String
    var sql: String
}

extension [SchemaMigration] {
    /// Brings the database to the last step, all in one transaction.
    ///
    /// - Throws: `StoreError.schemaTooNew` when a newer program has been here, SQLite's errors.
    func migrate(_ db: Database) throws {
        try db.inTransaction(.immediate) {
            try db.execute(
                sql: """
                    CREATE TABLE IF NOT EXISTS schema_migration (
                        version INTEGER PRIMARY KEY,
                        name TEXT NOT NULL
                    ) STRICT
                    """)
            try refuseNewer(db)
            let found = try Self.version(db)
            for migration in self where migration.version > found {
                try db.execute(sql: migration.sql)
                try db.execute(
                    sql: "INSERT INTO schema_migration (version, name) VALUES (?, ?)",
                    arguments: [migration.version, migration.name])
            }
            return .commit
        }
    }

    /// For whoever only reads.
    ///
    /// - Throws: `StoreError.schemaTooNew`; `StoreError.corrupt` when the database has no schema yet;
    ///   `StoreError.failed` when it has to be brought up to date first.
    func check(_ db: Database) throws {
        guard try db.tableExists("schema_migration"), try Self.version(db) > 0 else {
            throw StoreError.corrupt(seq: nil, detail: "the file is not a Bincard database")
        }
        try refuseNewer(db)
        guard try Self.version(db) == last?.version else {
            throw StoreError.failed(
                operation: "read the database",
                detail: "it is of an older version: start the server once to migrate it")
        }
    }

    /// A connection to a file of this schema that reads, beside whoever writes.
    ///
    /// - Throws: what `check` throws.
    func openForReading(_ path: String, cacheKibibytes: Int) throws -> DatabaseQueue {
        let configuration = DatabaseSettings.configuration(cacheKibibytes: cacheKibibytes, busyTimeout: 5)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            try check(db)
            // Open for writing, since a log that a crash has left must be recovered before it can be read, but nothing
            // else is ever written here.
            try db.execute(sql: "PRAGMA query_only = ON")
        }
        return queue
    }

    private func refuseNewer(_ db: Database) throws {
        let found = try Self.version(db)
        let known = last?.version ?? 0
        if found > known { throw StoreError.schemaTooNew(found: found, known: known) }
    }

    private static func version(_ db: Database) throws -> Int {
        try Int.fetchOne(db, sql: "SELECT max(version) FROM schema_migration") ?? 0
    }
}
