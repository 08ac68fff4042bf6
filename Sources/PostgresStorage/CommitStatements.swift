import LedgerCore
import LedgerStorage

/// What a commit sends, and what others have committed: each a call of one function of the schema.
enum CommitStatements {
    static let begin = SQL("begin", "BEGIN")
    static let commit = SQL("commit", "COMMIT")

    /// The rows of projections are written by the same statement: one round trip, one transaction.
    private static let append = SQL(
        "append",
        """
        SELECT bincard.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        """)

    private static let appendAndProject = SQL(
        "append_project",
        """
        SELECT bincard.append_and_project($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
            $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)
        """)

    private static let newsSince = SQL(
        "news", "SELECT kind, a, b, c, d, e, id, hash, data FROM bincard.news($1, $2, $3, $4, $5, $6)")

    static let headVersion = SQL("head_version", "SELECT bincard.head_version($1, $2)")

    /// Rows of each kind in one answer.
    private static let mostNews = 512

    static func append(
        _ unit: CommitUnit, after known: PostgresRealmStore.Known, _ context: RealmContext
    ) throws(StoreError) -> Statement {
        let chunk = unit.projection
        var parameters = Parameters(reserving: (unit.block?.data.count ?? 0) + 4_096)
        parameters.add(context.realm)
        parameters.add(context.seal)
        parameters.add(known.version)
        add(unit.block, to: &parameters)
        add(unit.idempotency, to: &parameters)
        parameters.add(unit.dropSlicesBefore)
        parameters.add(chunk?.appliedSeq.map { Int64(bitPattern: $0) })
        parameters.add(chunk?.references.last.map { Int64(bitPattern: $0.lastSeq) })
        guard let chunk else { return Statement(append, parameters) }
        try add(chunk, to: &parameters)
        return Statement(appendAndProject, parameters)
    }

    private static func add(_ block: Block?, to parameters: inout Parameters) {
        guard let block else {
            for _ in 0..<6 { parameters.addNull() }
            return
        }
        parameters.add(block.firstSeq)
        parameters.add(block.lastSeq)
        parameters.add(block.recordedAt)
        parameters.add(block.lastID)
        parameters.add(block.hash)
        parameters.add(block.data)
    }

    private static func add(_ page: IdempotencyPage?, to parameters: inout Parameters) {
        guard let page else {
            for _ in 0..<5 { parameters.addNull() }
            return
        }
        let (keys, answers) = page.encoded()
        parameters.add(page.number)
        parameters.add(page.slice)
        parameters.add(page.recordedAt)
        parameters.add(keys)
        parameters.add(answers)
    }

    private static func add(_ chunk: ProjectionChunk, to parameters: inout Parameters) throws(StoreError) {
        parameters.add(array: chunk.items.map { Int64($0.number.rawValue) })
        parameters.add(array: chunk.items.map { EntryCodec.row(of: $0) })
        parameters.add(array: chunk.locations.map { Int64($0.number.rawValue) })
        parameters.add(array: chunk.locations.map { EntryCodec.row(of: $0) })
        parameters.add(array: chunk.webhooks.map { Int64($0.number.rawValue) })
        parameters.add(array: chunk.webhooks.map { EntryCodec.row(of: $0) })
        let levels = chunk.levels.sorted { $0.key < $1.key }
        parameters.add(array: levels.map { Int64(bitPattern: $0.key.packed) })
        parameters.add(array: levels.map(\.pool.onHand))
        parameters.add(array: levels.map(\.pool.value))
        parameters.add(array: levels.map(\.pool.lastWAC))
        parameters.add(array: levels.map(\.reserved))
        parameters.add(array: levels.map(\.history.encodedRoots))
        parameters.add(optionals: levels.map { level in level.settings.map { EntryCodec.row(of: $0) } })
        try add(chunk.references, to: &parameters)
    }

    private static func add(
        _ segments: [ReferenceSegment], to parameters: inout Parameters
    ) throws(StoreError) {
        parameters.add(array: segments.map { Int64(bitPattern: $0.firstSeq) })
        parameters.add(array: segments.map { Int64(bitPattern: $0.lastSeq) })
        var keys: [Int64] = []
        var data: [[UInt8]] = []
        for (index, segment) in segments.enumerated() {
            // Keys begin at the first of these segments: the database knows its number.
            for (bucket, bytes) in try segment.encodedBuckets() {
                keys.append(Int64(index) * 256 + Int64(bucket))
                data.append(bytes)
            }
        }
        parameters.add(array: keys)
        parameters.add(array: data)
    }

    static func news(
        after known: PostgresRealmStore.Known, locking: Bool, _ context: RealmContext
    ) -> Statement {
        var parameters = context.sealedParameters
        parameters.add(known.seq)
        parameters.add(known.page)
        parameters.add(int32: Int32(mostNews))
        parameters.add(locking)
        return Statement(newsSince, parameters)
    }

    /// What the rows say; `known` is moved up to it.
    static func news(
        _ rows: PostgresRows, after known: inout PostgresRealmStore.Known
    ) throws(StoreError) -> RealmNews {
        guard let head = rows.first, head.int64(0) == 0, !head.isNull(1) else {
            throw .corrupt(seq: nil, detail: "the realm has no head in the database")
        }
        var news = RealmNews(
            version: head.uint64(1), lastPage: head.uint64(3), appliedSeq: head.uint64(4),
            referencedSeq: head.uint64(5))
        for row in rows.rows.dropFirst() {
            if row.int64(0) == 1 {
                let block = Block(
                    firstSeq: row.uint64(1), lastSeq: row.uint64(2), recordedAt: row.instant(3),
                    lastID: try row.id(6), data: row.bytes(8), hash: try row.digest(7))
                guard block.firstSeq == known.seq + 1 else {
                    throw .corrupt(seq: known.seq + 1, detail: "the journal has no entry \(known.seq + 1)")
                }
                known.seq = block.lastSeq
                news.blocks.append(block)
            } else {
                let page = try IdempotencyPage.keys(
                    number: row.uint64(1), slice: row.int64(2), recordedAt: row.instant(3), keys: row.blob(8))
                known.page = page.number
                news.pages.append(page)
            }
        }
        news.hasMore = known.seq < head.uint64(2) || news.pages.count == mostNews
        if !news.hasMore {
            known.page = head.uint64(3)
            known.version = news.version
        }
        return news
    }
}

extension PostgresRows {
    /// The version that a head was moved on to; nil when it was not where it was thought to be.
    var version: UInt64? {
        guard let row = first, !row.isNull(0) else { return nil }
        return row.uint64(0)
    }
}
