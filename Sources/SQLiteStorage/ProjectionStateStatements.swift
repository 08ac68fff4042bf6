import GRDB
import LedgerStorage

/// The one row that says how far the projections are.
enum ProjectionStateStatements {
    static let setAppliedSeq = "UPDATE projection_state SET applied_seq = ? WHERE only = 1"

    static let appliedSeq = "SELECT applied_seq FROM projection_state WHERE only = 1"

    static func setAppliedSeq(_ seq: UInt64, _ db: Database) throws {
        let statement = try BoundStatement(setAppliedSeq, db)
        statement.bind(seq, at: 1)
        try statement.run()
    }

    static func appliedSeq(_ db: Database) throws -> UInt64 {
        let statement = try BoundStatement(appliedSeq, db)
        defer { statement.finish() }
        guard try statement.step() else { throw StoreError.corrupt(seq: nil, detail: "projection_state has no row") }
        return statement.uint64(0)
    }
}
