import GRDB
import GRDBSQLite
import LedgerStorage
import Synchronization

/// Copies a realm's write-ahead log back into its file, so that the log stays short.
///
/// SQLite would do it inside of a commit, whenever the log has 1,000 pages, and that commit waits for the whole copy.
/// Here a connection of its own copies while commits go on. Alone it would never let the log begin anew, since a busy
/// writer is always a commit ahead of it; so when the log is long, the writer copies the little that is left between
/// two commits.
///
/// An error is final: the kernel may have dropped pages of the file that it could not write, and then the log alone is
/// right and must not be overwritten.
final class Checkpointer: Sendable {
    /// In pages of the log.
    struct Limits: Sendable {
        /// The connection in the background copies when so many more have come.
        var background: Int32
        /// The writer finishes the copy when so many are in the log, and again when the log has grown by
        /// the smaller of the two.
        var finish: Int32

        /// 2 MiB and 8 MiB.
        static let standard = Limits(background: 250, finish: 1_000)
    }

    private struct State {
        var failure: StoreError?
        var isCopying = false
        var pagesInLog: Int32 = 0
        var copyAt: Int32
        var finishAt: Int32
    }

    private let limits: Limits
    private let connection: DatabaseQueue
    private let state: Mutex<State>

    init(path: String, limits: Limits) throws {
        self.limits = limits
        var configuration = DatabaseSettings.configuration(cacheKibibytes: 256, busyTimeout: 0)
        configuration.label = "checkpoint"
        connection = try DatabaseQueue(path: path, configuration: configuration)
        try connection.writeWithoutTransaction { db in
            try DatabaseSettings.makeDurable(db)
            // Without a read of its own a connection does not know that the file has a log, and copies nothing.
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM schema_migration")
        }
        state = Mutex(State(copyAt: limits.background, finishAt: limits.finish))
    }

    /// Called by the writer after each commit.
    ///
    /// - Throws: what an earlier copy in the background, or the one done here, failed with.
    func didCommit(pagesInLog: Int32, _ writer: Database) throws {
        enum Action { case none, copy, finish }
        let action: Action = try state.withLock { state in
            if let failure = state.failure { throw failure }
            if pagesInLog < state.pagesInLog {
                // The log has begun anew.
                state.copyAt = limits.background
                state.finishAt = limits.finish
            }
            state.pagesInLog = pagesInLog
            guard !state.isCopying else { return .none }
            if pagesInLog >= state.finishAt {
                state.finishAt = pagesInLog + min(limits.background, limits.finish)
                state.copyAt = pagesInLog + min(limits.background, limits.finish)
                return .finish
            }
            guard pagesInLog >= state.copyAt else { return .none }
            state.copyAt = pagesInLog + limits.background
            state.isCopying = true
            return .copy
        }
        switch action {
        case .none: break
        case .finish: try Self.copy(writer)
        case .copy:
            connection.asyncWriteWithoutTransaction { [self] db in
                var failure: StoreError?
                do throws(StoreError) { try Self.copy(db) } catch { failure = error }
                state.withLock { [failure] in
                    $0.isCopying = false
                    $0.failure = $0.failure ?? failure
                }
            }
        }
    }

    /// Waits for a copy that runs, then closes.
    func close() {
        try? connection.close()
    }

    /// Copies what no reader holds back. It is no error that someone else copies at this moment, nor that the disk has
    /// no room for the file to grow: the log keeps everything, and it is tried again later.
    static func copy(_ db: Database) throws(StoreError) {
        let code = sqlite3_wal_checkpoint_v2(db.sqliteConnection, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        guard ![SQLITE_OK, SQLITE_BUSY, SQLITE_FULL].contains(code & 0xFF) else { return }
        let message = db.lastErrorMessage ?? ""
        throw .failed(operation: "checkpoint", detail: SQLiteFailure.detail(code: code, message: message))
    }
}
