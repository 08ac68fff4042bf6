import GRDB
import GRDBSQLite
public import LedgerStorage
import Synchronization

extension SQLiteRealmStore {
    // SQLite reports a full disk (SQLITE_FULL) from writing to its log or from taking a page, never from syncing, and
    // so before the commit is complete in the log. Hence `.full` means that nothing was written, and nothing else does.
    @discardableResult
    public func commit(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome {
        guard let writer else { throw .failed(operation: "commit", detail: "the file is open for reading only") }
        try writer.state.withLock { (state) throws(StoreError) in
            if let failure = state.failure { throw failure }
            try Self.checkOrder(of: unit, after: state)
            do throws(StoreError) {
                try SQLiteFailure.translating("commit") {
                    try writer.pool.writeWithoutTransaction { db in
                        try Self.write(unit, db)
                        try writer.checkpointer.didCommit(pagesInLog: writer.log.value, db)
                    }
                }
            } catch .full(let detail) {
                // Rolled back: the next unit may find room.
                throw .full(detail: detail)
            } catch {
                state.failure = error
                throw error
            }
            if let block = unit.block { state.lastSeq = block.lastSeq }
            if let page = unit.idempotency { state.lastPage = page.number }
        }
        return .durable(version: 0)
    }

    @discardableResult
    public func append(_ blocks: [Block], pages: [IdempotencyPage]) throws(StoreError) -> CommitOutcome {
        guard let writer else { throw .failed(operation: "append", detail: "the file is open for reading only") }
        try writer.state.withLock { (state) throws(StoreError) in
            if let failure = state.failure { throw failure }
            var next = state
            for block in blocks {
                try Self.checkOrder(of: CommitUnit(block: block), after: next)
                next.lastSeq = block.lastSeq
            }
            for page in pages {
                try Self.checkOrder(of: CommitUnit(idempotency: page), after: next)
                next.lastPage = page.number
            }
            do throws(StoreError) {
                try SQLiteFailure.translating("append") {
                    try writer.pool.writeWithoutTransaction { db in
                        try Self.transaction(db) {
                            for block in blocks { try JournalStatements.insert(block, db) }
                            for page in pages { try IdempotencyStatements.insert(page, db) }
                        }
                        try writer.checkpointer.didCommit(pagesInLog: writer.log.value, db)
                    }
                }
            } catch .full(let detail) {
                throw .full(detail: detail)
            } catch {
                state.failure = error
                throw error
            }
            state = next
        }
        return .durable(version: 0)
    }

    /// A unit out of order is a mistake of the caller: nothing is written and the store stays usable.
    private static func checkOrder(of unit: CommitUnit, after state: WriterState) throws(StoreError) {
        if let block = unit.block, block.firstSeq != state.lastSeq + 1 || block.lastSeq < block.firstSeq {
            throw .corrupt(
                seq: block.firstSeq,
                detail: "block \(block.firstSeq) to \(block.lastSeq) does not follow entry \(state.lastSeq)")
        }
        if let page = unit.idempotency, page.number <= state.lastPage {
            throw .corrupt(seq: nil, detail: "idempotency page \(page.number) does not follow \(state.lastPage)")
        }
    }

    private static func write(_ unit: CommitUnit, _ db: Database) throws {
        try transaction(db) {
            if let block = unit.block { try JournalStatements.insert(block, db) }
            if let page = unit.idempotency { try IdempotencyStatements.insert(page, db) }
            if let chunk = unit.projection { try write(chunk, db) }
            if let slice = unit.dropSlicesBefore { try IdempotencyStatements.drop(slicesBefore: slice, db) }
        }
    }

    private static func transaction(_ db: Database, _ body: () throws -> Void) throws {
        // Immediate: the write lock is taken before anything is read or written.
        try BoundStatement("BEGIN IMMEDIATE", db).run()
        do {
            try body()
            try BoundStatement("COMMIT", db).run()
        } catch {
            // After some errors, a full disk among them, SQLite has rolled back by itself. If it can't, that is worse.
            if db.isInsideTransaction { try BoundStatement("ROLLBACK", db).run() }
            throw error
        }
    }

    private static func write(_ chunk: ProjectionChunk, _ db: Database) throws {
        try CatalogueStatements.write(chunk.items, db)
        try CatalogueStatements.write(chunk.locations, db)
        try StockLevelStatements.write(chunk.levels, db)
        try WebhookStatements.write(chunk.webhooks, db)
        try ReferenceStatements.write(chunk.references, db)
        if let seq = chunk.appliedSeq { try ProjectionStateStatements.setAppliedSeq(seq, db) }
    }
}
