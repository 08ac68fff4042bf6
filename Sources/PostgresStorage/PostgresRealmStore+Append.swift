import LedgerCore
public import LedgerStorage

extension PostgresRealmStore {
    /// All in one transaction and two statements, whatever their number: a commit of each would wait for the disk.
    @discardableResult
    public func append(_ blocks: [Block], pages: [IdempotencyPage]) throws(StoreError) -> CommitOutcome {
        guard !blocks.isEmpty || !pages.isEmpty else { return .durable(version: known.version) }
        try prepareToWrite()
        var next = known
        for block in blocks {
            try checkOrder(of: CommitUnit(block: block), after: next)
            next.seq = block.lastSeq
        }
        for page in pages {
            try checkOrder(of: CommitUnit(idempotency: page), after: next)
            next.page = page.number
        }
        if pool.isDistributed { return try appendOneByOne(blocks, pages) }
        let statement = AppendStatement.append(blocks, pages, after: known, context)
        guard let version = try pool.write("append", [context.entering, statement])[1].version else {
            return .overtaken
        }
        next.version = version
        didAppend(upTo: next)
        return .durable(version: version)
    }

    /// On a Citus, which would copy rows that come out of arrays, and row-level security forbids that: one transaction
    /// all the same.
    private func appendOneByOne(_ blocks: [Block], _ pages: [IdempotencyPage]) throws(StoreError) -> CommitOutcome {
        var next = known
        var statements: [Statement] = []
        for unit in blocks.map({ CommitUnit(block: $0) }) + pages.map({ CommitUnit(idempotency: $0) }) {
            statements.append(try CommitStatements.append(unit, after: next, context))
            next.version += 1
            if let block = unit.block { next.seq = block.lastSeq }
            if let page = unit.idempotency { next.page = page.number }
        }
        let isWritten: Bool
        do throws(PostgresFailure) {
            isWritten = try pool.once { (connection) throws(PostgresFailure) in
                // Once the first has moved the head on it has it locked; when it has not, the others must not try.
                let first = try connection.run([Statement(CommitStatements.begin), statements[0]])
                guard first.last?.version != nil else {
                    try connection.rollBack()
                    return false
                }
                _ = try connection.run(statements.dropFirst() + [Statement(CommitStatements.commit)])
                return true
            }
        } catch {
            throw error.storeError("append", isCommitUnknown: true)
        }
        guard isWritten else { return .overtaken }
        didAppend(upTo: next)
        return .durable(version: next.version)
    }
}

extension PostgresRealmStore {
    /// From the page `$2` on, until `$3` bytes are passed; lengths are known without reading what is out of line.
    private static let pagesFrom = SQL(
        "pages_from",
        """
        SELECT number, slice, recorded_at, keys, answers FROM (
            SELECT number, slice, recorded_at, keys, answers,
                sum(length(keys) + length(answers)) OVER (ORDER BY number) - length(keys) - length(answers) AS before
            FROM bincard.idempotency_page WHERE realm = $1 AND number >= $2 ORDER BY number LIMIT 1024
        ) AS page WHERE before <= $3 ORDER BY number
        """)

    public func idempotencyPages(from number: UInt64, maximumBytes: Int) throws(StoreError) -> [IdempotencyPage] {
        guard number <= UInt64(Int64.max) else { return [] }
        var parameters = context.parameters
        parameters.add(number)
        parameters.add(Int64(clamping: maximumBytes))
        let statement = Statement(Self.pagesFrom, parameters)
        return try translating("read idempotency pages") {
            try run([context.entering, statement])[1].rows.map { row in
                try IdempotencyPage(
                    number: row.uint64(0), slice: row.int64(1), recordedAt: row.instant(2), keys: row.blob(3),
                    answers: row.blob(4))
            }
        }
    }
}

/// Many blocks and pages at once: what a copy writes.
private enum AppendStatement {
    /// Nothing is inserted unless the head is where it was and could be moved on.
    static let append = SQL(
        "append_all",
        """
        WITH moved AS (
            UPDATE bincard.head SET version = version + 1, seq = $4, page = $5
            WHERE realm = $1 AND version = $2 AND seq = $3
            RETURNING version
        ), blocks AS (
            INSERT INTO bincard.block (realm, first_seq, last_seq, recorded_at, last_id, hash, data)
            SELECT $1, u.* FROM unnest($6::bigint[], $7::bigint[], $8::bigint[], $9::uuid[], $10::bytea[], $11::bytea[])
                AS u
            WHERE EXISTS (SELECT FROM moved)
        ), pages AS (
            INSERT INTO bincard.idempotency_page (realm, number, slice, recorded_at, keys, answers)
            SELECT $1, u.* FROM unnest($12::bigint[], $13::bigint[], $14::bigint[], $15::bytea[], $16::bytea[]) AS u
            WHERE EXISTS (SELECT FROM moved)
        )
        SELECT version FROM moved
        """)

    static func append(
        _ blocks: [Block], _ pages: [IdempotencyPage], after known: PostgresRealmStore.Known, _ context: RealmContext
    ) -> Statement {
        let encoded = pages.map { $0.encoded() }
        let bytes =
            blocks.reduce(0) { $0 + $1.data.count + 128 }
            + encoded.reduce(0) { $0 + $1.keys.count + $1.answers.count + 64 }
        var parameters = Parameters(reserving: bytes + 4_096)
        parameters.add(context.realm)
        parameters.add(known.version)
        parameters.add(known.seq)
        parameters.add(blocks.last?.lastSeq ?? known.seq)
        parameters.add(pages.last?.number ?? known.page)
        parameters.add(array: blocks.map { Int64(bitPattern: $0.firstSeq) })
        parameters.add(array: blocks.map { Int64(bitPattern: $0.lastSeq) })
        parameters.add(array: blocks.map(\.recordedAt.milliseconds))
        parameters.add(ids: blocks.map(\.lastID))
        parameters.add(array: blocks.map(\.hash.bytes))
        parameters.add(array: blocks.map(\.data))
        parameters.add(array: pages.map { Int64(bitPattern: $0.number) })
        parameters.add(array: pages.map(\.slice))
        parameters.add(array: pages.map(\.recordedAt.milliseconds))
        parameters.add(array: encoded.map(\.keys))
        parameters.add(array: encoded.map(\.answers))
        return Statement(append, parameters)
    }
}
