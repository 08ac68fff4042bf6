internal import Foundation
package import GRDB
import GRDBSQLite
public import LedgerStorage
import Synchronization

/// A realm in a SQLite file of its own: one writer connection, a few readers, a write-ahead log that is synced at each
/// commit.
public final class SQLiteRealmStore: RealmStore {
    /// How the file is opened.
    package enum Access: Sendable {
        /// By the holder of the directory's lock. The file is made when it is missing.
        case write(Checkpointing)
        /// By anyone, beside a running server or without one. The file must exist.
        case read
    }

    /// When the write-ahead log is copied into the file; see `Checkpointer.Limits`, in pages of the file and in
    /// milliseconds.
    package struct Checkpointing: Sendable {
        package var background: Int32
        package var finish: Int32
        package var delay: Int?

        package static let standard = Checkpointing(.standard)
        package static let deliveries = Checkpointing(.deliveries)

        package init(background: Int32, finish: Int32, delay: Int? = nil) {
            self.background = background
            self.finish = finish
            self.delay = delay
        }

        private init(_ limits: Checkpointer.Limits) {
            self.init(background: limits.background, finish: limits.finish, delay: limits.delay)
        }
    }

    private let path: String
    let reader: any DatabaseReader & Sendable
    let writer: Writer?

    /// What only a store that writes has.
    final class Writer: Sendable {
        let pool: DatabasePool
        let checkpointer: Checkpointer
        let log: LogLength
        let state: Mutex<WriterState>

        init(pool: DatabasePool, checkpointer: Checkpointer, log: LogLength, state: WriterState) {
            self.pool = pool
            self.checkpointer = checkpointer
            self.log = log
            self.state = Mutex(state)
        }
    }

    /// Where the next unit goes on. `commit` is called by one thread at a time, the lock is never waited for.
    struct WriterState {
        var lastSeq: UInt64
        var lastPage: UInt64
        /// After an error nothing more is written: what is on disk is unknown until the file is opened again.
        var failure: StoreError?
    }

    /// - Throws: `StoreError.schemaTooNew`, `.notDurable`, `.notWritable`, `.notFound` (when only reading), `.failed`.
    package init(path: String, access: Access = .write(.standard)) throws(StoreError) {
        self.path = path
        switch access {
        case .write(let checkpointing):
            let writer = try SQLiteFailure.translating("open \(path)") {
                try Self.openForWriting(path, checkpointing)
            }
            reader = writer.pool
            self.writer = writer
        case .read:
            guard FileManager.default.fileExists(atPath: path) else { throw .notFound(path) }
            reader = try SQLiteFailure.translating("open \(path)") {
                try RealmSchema.migrations.openForReading(path, cacheKibibytes: 4_096)
            }
            writer = nil
        }
    }

    private static func openForWriting(_ path: String, _ checkpointing: Checkpointing) throws -> Writer {
        let configuration = DatabaseSettings.configuration(cacheKibibytes: 8_192, busyTimeout: 5)
        PrivateFile.make(path)
        let pool = try DatabasePool(path: path, configuration: configuration)
        let log = LogLength()
        let (lastSeq, lastPage) = try pool.writeWithoutTransaction { db in
            try DatabaseSettings.makeDurable(db)
            try RealmSchema.migrations.migrate(db)
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            log.follow(db)
            // A process that was killed between writing to the log and syncing it has left commits that nobody was told
            // of. They are there now, so they will be told of: copying them syncs the log first, then the file.
            try Checkpointer.copy(db)
            return (
                try JournalStatements.lastMark(db)?.lastSeq ?? 0, try IdempotencyStatements.lastNumber(db)
            )
        }
        let checkpointer = try Checkpointer(
            path: path, limits: .init(background: checkpointing.background, finish: checkpointing.finish))
        return Writer(
            pool: pool, checkpointer: checkpointer, log: log,
            state: WriterState(lastSeq: lastSeq, lastPage: lastPage))
    }

    /// Every statement that looks something up while the server runs: tests look at their plans.
    package static let lookUps = [
        JournalStatements.lastMark, JournalStatements.markContaining, JournalStatements.blockContaining,
        JournalStatements.blocksFrom, IdempotencyStatements.page, IdempotencyStatements.keysFrom,
        IdempotencyStatements.pagesFrom,
        IdempotencyStatements.firstNumber, IdempotencyStatements.lastNumber, IdempotencyStatements.sliceAt,
        IdempotencyStatements.oldest, IdempotencyStatements.deletePage, StockLevelStatements.level,
        StockLevelStatements.levelsAfter, ReferenceStatements.lastSegment, ReferenceStatements.bucketsOfHash,
        ReferenceStatements.bucketsOfSegment, ProjectionStateStatements.appliedSeq,
    ]

    /// Throws `StoreError.notDurable` unless SQLite says back that the connection syncs its log at each commit.
    package static func requireDurable(_ db: Database) throws { try DatabaseSettings.requireDurable(db) }

    /// The writing connection, for tests that look at its settings or change them.
    package func withWriter<Value>(_ body: (Database) throws -> Value) throws -> Value {
        guard let writer else { throw StoreError.failed(operation: "write", detail: "open for reading only") }
        return try writer.pool.writeWithoutTransaction(body)
    }

    public func close() {
        try? reader.close()
        // The last connection to close copies the log into the file and removes it, which a reader of the pool, open
        // for reading only, could not do.
        writer?.checkpointer.close()
    }
}

/// How many pages the write-ahead log has, as SQLite tells after each commit.
final class LogLength: Sendable {
    private let pages = Atomic<Int32>(0)

    var value: Int32 { pages.load(ordering: .relaxed) }

    /// The connection must not outlive this object: the store that owns both closes the connection first.
    func follow(_ db: Database) {
        let hook: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, Int32) -> Int32 = {
            context, _, _, pages in
            // Unsafe because SQLite's callback carries nothing but this address.
            guard let context else { return SQLITE_OK }
            Unmanaged<LogLength>.fromOpaque(context).takeUnretainedValue().pages.store(pages, ordering: .relaxed)
            return SQLITE_OK
        }
        sqlite3_wal_hook(db.sqliteConnection, hook, Unmanaged.passUnretained(self).toOpaque())
    }
}
