internal import Foundation
package import GRDB
public import LedgerStorage
import Synchronization

/// A realm's deliveries in a SQLite file of their own, so that a commit of the dispatcher never waits for one of the
/// ledger.
///
/// A commit writes to the log and syncs nothing (`synchronous=NORMAL`): the kernel has it, so it survives the end of
/// the process. The log is copied into the file in the background, which syncs it, `Checkpointer.Limits.delay` after a
/// commit at the latest: that is all that a power cut can take.
///
/// After an error on which the store must be opened again, close this object and make another: its connections may hold
/// pages that never reached the disk.
public final class SQLiteDeliveryStore: DeliveryStore {
    private let path: String
    let reader: any DatabaseReader & Sendable
    let writer: Writer?

    /// What only a store that writes has.
    final class Writer: Sendable {
        let pool: DatabasePool
        let checkpointer: Checkpointer
        let log: LogLength
        /// After an error nothing more is written: what the file holds is unknown until it is opened again. `commit` is
        /// called by one thread at a time, the lock is never waited for.
        let failure = Mutex<StoreError?>(nil)

        init(pool: DatabasePool, checkpointer: Checkpointer, log: LogLength) {
            self.pool = pool
            self.checkpointer = checkpointer
            self.log = log
        }
    }

    /// - Throws: `StoreError.schemaTooNew`, `.notDurable`, `.notFound` (when only reading), `.failed`.
    package init(path: String, access: SQLiteRealmStore.Access = .write(.deliveries)) throws(StoreError) {
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
                try DeliverySchema.migrations.openForReading(path, cacheKibibytes: 2_048)
            }
            writer = nil
        }
    }

    private static func openForWriting(
        _ path: String, _ checkpointing: SQLiteRealmStore.Checkpointing
    ) throws -> Writer {
        let configuration = DatabaseSettings.configuration(
            cacheKibibytes: 2_048, busyTimeout: 5, pageSize: DatabaseSettings.deliveryPageSize)
        PrivateFile.make(path)
        let pool = try DatabasePool(path: path, configuration: configuration)
        let log = LogLength()
        try pool.writeWithoutTransaction { db in
            try DatabaseSettings.makeLogged(db)
            try DeliverySchema.migrations.migrate(db)
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            log.follow(db)
            try Checkpointer.copy(db)
        }
        let checkpointer = try Checkpointer(
            path: path,
            limits: .init(
                background: checkpointing.background, finish: checkpointing.finish, delay: checkpointing.delay))
        return Writer(pool: pool, checkpointer: checkpointer, log: log)
    }

    /// Every statement that looks something up while the server runs: tests look at their plans.
    package static let lookUps = [
        DeliveryLaneStatements.deleteLane, DeliveryLaneStatements.setControlSeq, DeliveryLaneStatements.controlSeq,
        DeliveryStatements.delivery, DeliveryStatements.pending, DeliveryStatements.ofWebhook,
        DeliveryStatements.ofWebhookByStatus, DeliveryStatements.ofAllByStatus, DeliveryStatements.seqsByStatus,
        DeliveryStatements.count, DeliveryStatements.attempts, DeliveryPageStatements.reaching,
        DeliveryPageStatements.after,
        DeliveryRemoval.lanes, DeliveryRemoval.deleteHealth, DeliveryRemoval.attempts, DeliveryRemoval.deliveries,
        DeliveryRemoval.pages, DeliveryRemoval.oldPages, DeliveryRemoval.oldDeliveries, DeliveryRemoval.ordinals,
        DeliveryRemoval.deleteAttempt, DeliveryRemoval.deleteDelivery, DeliveryRemoval.deletePage,
    ]

    /// The writing connection, for tests that look at its settings or change them.
    package func withWriter<Value>(_ body: (Database) throws -> Value) throws -> Value {
        guard let writer else { throw StoreError.failed(operation: "write", detail: "open for reading only") }
        return try writer.pool.writeWithoutTransaction(body)
    }

    /// Copies the file as of one moment, while commits go on.
    package func backup(to path: String) throws(StoreError) {
        try SQLiteFailure.translating("back up to \(path)") {
            PrivateFile.make(path)
            let copy = try DatabaseQueue(path: path)
            try reader.backup(to: copy)
            try copy.close()
        }
    }

    /// What SQLite finds wrong with the file's pages; nil when they are whole. Reads all of it.
    func firstDamage() throws(StoreError) -> String? {
        try SQLiteFailure.translating("check \(path)") {
            let found = try reader.unsafeRead { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            return found == "ok" ? nil : found ?? "nothing"
        }
    }

    public func close() {
        try? reader.close()
        // The last connection to close copies the log into the file and removes it, which a reader of the pool, open
        // for reading only, could not do.
        writer?.checkpointer.close()
    }
}
