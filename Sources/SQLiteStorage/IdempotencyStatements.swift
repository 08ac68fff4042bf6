import GRDB
import LedgerCore
import LedgerStorage

/// The stored answers: a row for each commit that has any.
enum IdempotencyStatements {
    static let insertPage = """
        INSERT INTO idempotency_page (number, slice, recorded_at, keys, answers) VALUES (?, ?, ?, ?, ?)
        """

    static let page = "SELECT number, slice, recorded_at, keys, answers FROM idempotency_page WHERE number = ?"

    static let keysFrom = """
        SELECT number, slice, recorded_at, keys FROM idempotency_page WHERE number >= ? ORDER BY number
        """

    static let pagesFrom = """
        SELECT number, slice, recorded_at, keys, answers FROM idempotency_page WHERE number >= ? ORDER BY number
        """

    static let firstNumber = "SELECT min(number) FROM idempotency_page"

    static let lastNumber = "SELECT max(number) FROM idempotency_page"

    static let sliceAt = "SELECT number, slice FROM idempotency_page WHERE number >= ? ORDER BY number LIMIT 1"

    /// `length` of a blob reads its row's head, not the blob.
    static let oldest = """
        SELECT number, slice, length(keys) + length(answers) FROM idempotency_page ORDER BY number LIMIT ?
        """

    static let deletePage = "DELETE FROM idempotency_page WHERE number = ?"

    static func insert(_ page: IdempotencyPage, _ db: Database) throws {
        let (keys, answers) = page.encoded()
        let statement = try BoundStatement(insertPage, db)
        statement.bind(page.number, at: 1)
        statement.bind(page.slice, at: 2)
        statement.bind(page.recordedAt.milliseconds, at: 3)
        try keys.withUnsafeBytes { keys in
            try answers.withUnsafeBytes { answers in
                statement.bind(lending: keys, at: 4)
                statement.bind(lending: answers, at: 5)
                try statement.run()
            }
        }
    }

    static func page(_ number: UInt64, _ db: Database) throws -> IdempotencyPage? {
        let statement = try BoundStatement(page, db)
        defer { statement.finish() }
        statement.bind(number, at: 1)
        guard try statement.step() else { return nil }
        return try IdempotencyPage(
            number: statement.uint64(0), slice: statement.int64(1), recordedAt: statement.instant(2),
            keys: statement.blob(3), answers: statement.blob(4))
    }

    static func pages(from number: UInt64, maximumBytes: Int, _ db: Database) throws -> [IdempotencyPage] {
        let statement = try BoundStatement(pagesFrom, db)
        defer { statement.finish() }
        statement.bind(number, at: 1)
        var pages: [IdempotencyPage] = []
        var bytes = 0
        while bytes <= maximumBytes, try statement.step() {
            let page = try IdempotencyPage(
                number: statement.uint64(0), slice: statement.int64(1), recordedAt: statement.instant(2),
                keys: statement.blob(3), answers: statement.blob(4))
            bytes += page.size
            pages.append(page)
        }
        return pages
    }

    static func lastNumber(_ db: Database) throws -> UInt64 {
        let statement = try BoundStatement(lastNumber, db)
        defer { statement.finish() }
        return try statement.step() ? statement.uint64(0) : 0
    }

    /// Pages of the slice and after it. Slices ascend with numbers, so the first is found by halving.
    static func keys(fromSlice slice: Int64, _ db: Database, _ body: (IdempotencyPageKeys) -> Void) throws {
        let statement = try BoundStatement(keysFrom, db)
        statement.bind(try firstNumber(ofSlice: slice, db), at: 1)
        try statement.forEachRow { row in
            guard row.int64(1) >= slice else { return }
            body(
                try IdempotencyPage.keys(
                    number: row.uint64(0), slice: row.int64(1), recordedAt: row.instant(2), keys: row.blob(3)))
        }
    }

    private static func firstNumber(ofSlice slice: Int64, _ db: Database) throws -> UInt64 {
        let first = try BoundStatement(firstNumber, db)
        defer { first.finish() }
        guard try first.step(), !first.isNull(0) else { return 0 }
        var low = first.uint64(0)
        var high = try lastNumber(db)
        let probe = try BoundStatement(sliceAt, db)
        while low < high {
            let middle = low + (high - low) / 2
            defer { probe.finish() }
            probe.bind(middle, at: 1)
            guard try probe.step() else { return low }
            if probe.int64(1) >= slice { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Most rows and, beyond the first row, most bytes that one commit deletes: freeing a page of the file costs as
    /// much as writing one, and the commit that does it should not be noticed.
    static let droppedRows: Int64 = 16
    static let droppedBytes: Int64 = 128 << 10

    /// Deletes some of the oldest pages, as long as they belong to slices before this one.
    static func drop(slicesBefore slice: Int64, _ db: Database) throws {
        var numbers: [UInt64] = []
        var bytes: Int64 = 0
        let oldest = try BoundStatement(oldest, db)
        oldest.bind(droppedRows, at: 1)
        while try oldest.step() {
            bytes += oldest.int64(2)
            guard oldest.int64(1) < slice, numbers.isEmpty || bytes <= droppedBytes else { break }
            numbers.append(oldest.uint64(0))
        }
        oldest.finish()
        guard !numbers.isEmpty else { return }
        let delete = try BoundStatement(deletePage, db)
        for number in numbers {
            delete.bind(number, at: 1)
            try delete.run()
        }
    }
}
