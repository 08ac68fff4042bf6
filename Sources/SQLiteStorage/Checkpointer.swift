import Foundation
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
    /// In pages of the log, and in time.
    struct Limits: Sendable {
        /// The connection in the background copies when so many more have come.
        var background: Int32
        /// The writer finishes the copy when so many are in the log, and again when the log has grown by
        /// the smaller of the two.
        var finish: Int32
        /// A copy begins so many milliseconds after a commit at the latest; nil where each commit syncs the log itself,
        /// so that nothing is in a hurry.
        var delay: Int?

        /// 2 MiB and 8 MiB.
        static let standard = Limits(background: 250, finish: 1_000)

        /// 2 MiB and 16 MiB of smaller pages, and a second.
        static let deliveries = Limits(background: 500, finish: 4_000, delay: 1_000)
    }

    private struct State {
        var failure: StoreError?
        /// Copies that run in the background or wait for their turn there.
        var copies = 0
        /// Whether a copy after `Limits.delay` is on its way.
        var isAwaited = false
        var pagesInLog: Int32 = 0
        var copyAt: Int32
        var finishAt: Int32
    }

    /// Times `Limits.finish` that the log may grow beyond it while a copy runs.
    private static let patience: Int32 = 2

    private let limits: Limits
    private let connection: DatabaseQueue
    private let state: Mutex<State>
    private let clock = DispatchQueue(label: "checkpoint-clock")

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
        awaitCopy()
        enum Action { case none, copy, finish, waitAndFinish }
        let action: Action = try state.withLock { state in
            if let failure = state.failure { throw failure }
            if pagesInLog < state.pagesInLog {
                // The log has begun anew.
                state.copyAt = limits.background
                state.finishAt = limits.finish
            }
            state.pagesInLog = pagesInLog
            // A copy that can't keep up, on a slow disk or beside a writer that does not sync, is waited for at last.
            let isFarBehind = pagesInLog >= state.finishAt + Self.patience * limits.finish
            guard state.copies == 0 || isFarBehind else { return .none }
            if pagesInLog >= state.finishAt {
                state.finishAt = pagesInLog + min(limits.background, limits.finish)
                state.copyAt = pagesInLog + min(limits.background, limits.finish)
                return state.copies > 0 ? .waitAndFinish : .finish
            }
            guard pagesInLog >= state.copyAt else { return .none }
            state.copyAt = pagesInLog + limits.background
            state.copies += 1
            return .copy
        }
        switch action {
        case .none: break
        case .finish: try Self.copy(writer)
        case .waitAndFinish:
            // Behind the copy that runs, on the connection's queue.
            connection.inDatabase { _ in }
            try Self.copy(writer)
        case .copy: copyInBackground()
        }
    }

    private func copyInBackground() {
        connection.asyncWriteWithoutTransaction { [self] db in
            // Closed in the meantime: closing has copied everything.
            guard db.sqliteConnection != nil else { return state.withLock { $0.copies -= 1 } }
            var failure: StoreError?
            do throws(StoreError) { try Self.copy(db) } catch { failure = error }
            state.withLock { [failure] in
                $0.copies -= 1
                $0.failure = $0.failure ?? failure
            }
        }
    }

    /// Sees to it that a copy begins after the delay, unless one is on its way already.
    private func awaitCopy() {
        guard let delay = limits.delay else { return }
        let isFirst = state.withLock { state in
            defer { state.isAwaited = true }
            return !state.isAwaited
        }
        guard isFirst else { return }
        clock.asyncAfter(deadline: .now() + .milliseconds(delay)) { [weak self] in
            guard let self else { return }
            // Before the copy begins: a commit from now on is not in it for certain.
            state.withLock { state in
                state.isAwaited = false
                state.copies += 1
            }
            copyInBackground()
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
