import GRDB
import LedgerStorage

/// How the files are opened. What was chosen by measurement says so; docs/performance.md has the figures.
enum DatabaseSettings {
    /// Bytes of a page of a realm's file. A commit writes whole pages: larger ones cost a small commit more, smaller
    /// ones break a large block into more of them.
    static let realmPageSize = 8192

    /// The same of a deliveries file, whose commits mostly change a few short rows.
    static let deliveryPageSize = 4096

    /// Each connection's own settings.
    ///
    /// - Parameter pageSize: counts for a file that is new; one that exists keeps its own.
    static func configuration(
        cacheKibibytes: Int, busyTimeout: Double, pageSize: Int = realmPageSize
    ) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout)
        configuration.foreignKeysEnabled = false
        configuration.persistentReadOnlyConnections = true
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { db in
            // mmap stays off: an I/O error on a mapped page is a SIGBUS, not an error that can be answered.
            // secure_delete (on in Debian's build) would write every page that a dropped idempotency page frees.
            try db.execute(
                sql: """
                    PRAGMA page_size = \(pageSize);
                    PRAGMA cache_size = -\(cacheKibibytes);
                    PRAGMA temp_store = MEMORY;
                    PRAGMA mmap_size = 0;
                    PRAGMA secure_delete = OFF;
                    PRAGMA recursive_triggers = ON;
                    """)
        }
        return configuration
    }

    /// Makes a commit mean that the bytes are on disk. GRDB sets `synchronous = NORMAL` on a connection that writes to
    /// a write-ahead log, which loses acknowledged commits when the power fails, and it does so after
    /// `prepareDatabase`.
    static func makeDurable(_ db: Database) throws {
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try requireDurable(db)
    }

    /// - Throws: `StoreError.notDurable` unless SQLite says back that it syncs its write-ahead log at each commit.
    static func requireDurable(_ db: Database) throws {
        let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? ""
        guard journal == "wal" else { throw StoreError.notDurable(detail: "journal_mode is \(journal), not wal") }
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? 0
        guard synchronous >= 2 else {
            throw StoreError.notDurable(detail: "synchronous is \(synchronous), less than 2 (FULL)")
        }
    }

    /// Makes a commit mean that the kernel has the bytes: they survive the process, and the power once the log is
    /// synced, which is what copying it into the file begins with.
    static func makeLogged(_ db: Database) throws {
        try db.execute(sql: "PRAGMA synchronous = NORMAL")
        let journal = try String.fetchOne(db, sql: "PRAGMA journal_mode") ?? ""
        let synchronous = try Int.fetchOne(db, sql: "PRAGMA synchronous") ?? 0
        guard journal == "wal", synchronous >= 1 else {
            throw StoreError.notDurable(detail: "journal_mode is \(journal), synchronous is \(synchronous)")
        }
    }
}
