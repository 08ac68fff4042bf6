import GRDB
import GRDBSQLite
public import LedgerStorage
import Synchronization

extension SQLiteDeliveryStore {
    @discardableResult
    public func commit(_ unit: DeliveryUnit) throws(StoreError) -> Bool {
        guard let writer else { throw .failed(operation: "commit", detail: "the file is open for reading only") }
        return try writer.failure.withLock { (failure) throws(StoreError) in
            if let failure { throw failure }
            try unit.checkPages()
            do throws(StoreError) {
                return try SQLiteFailure.translating("commit deliveries") {
                    try writer.pool.writeWithoutTransaction { db in
                        let isIncomplete = try Self.write(unit, db)
                        try writer.checkpointer.didCommit(pagesInLog: writer.log.value, db)
                        return isIncomplete
                    }
                }
            } catch .full(let detail) {
                // Rolled back: the next unit may find room.
                throw .full(detail: detail)
            } catch let error {
                failure = error
                throw error
            }
        }
    }

    /// - Returns: whether something is left to delete.
    private static func write(_ unit: DeliveryUnit, _ db: Database) throws -> Bool {
        try BoundStatement("BEGIN IMMEDIATE", db).run()
        do {
            if let seq = unit.controlSeq { try DeliveryLaneStatements.setControlSeq(seq, db) }
            try DeliveryLaneStatements.write(unit.lanes, db)
            try DeliveryLaneStatements.delete(unit.endedLanes, db)
            try DeliveryStatements.write(unit.deliveries, db)
            try DeliveryStatements.write(unit.attempts, db)
            try DeliveryPageStatements.write(unit.pages, db)
            try DeliveryLaneStatements.write(unit.health, db)
            // After what is written, so that a delivery that is pending again stays.
            var removal = DeliveryRemoval()
            for webhook in unit.removedWebhooks { try removal.remove(webhook, db) }
            if let moment = unit.dropBefore {
                try removal.removePages(before: moment, db)
                try removal.remove(.delivered, before: moment, db)
            }
            if let moment = unit.dropDeadBefore { try removal.remove(.dead, before: moment, db) }
            try BoundStatement("COMMIT", db).run()
            return removal.isIncomplete
        } catch {
            // After some errors, a full disk among them, SQLite has rolled back by itself. If it can't, that is worse.
            if db.isInsideTransaction { try BoundStatement("ROLLBACK", db).run() }
            throw error
        }
    }
}
