import LedgerCore
import LedgerStorage

/// What a start reads: the head and the rows of the projections.
enum RealmStatements {
    static let makeHead = SQL(
        "make_head",
        """
        INSERT INTO bincard.head (realm, version, seq, page, applied_seq, referenced_seq)
        SELECT $1, 1, 0, 0, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM bincard.head WHERE realm = $1)
        ON CONFLICT (realm) DO NOTHING
        """)

    /// For a Citus, where the table is looked for and written in one statement only when all of it is on one shard for
    /// certain.
    static let makeHeadDistributed = SQL(
        "make_head_distributed",
        """
        INSERT INTO bincard.head (realm, version, seq, page, applied_seq, referenced_seq)
        VALUES ($1, 1, 0, 0, 0, 0) ON CONFLICT (realm) DO NOTHING
        """)

    static let beginSnapshot = SQL("begin_snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    /// A large ledger takes its time to open.
    private static let takeTime = SQL(
        "take_time",
        """
        SELECT set_config('statement_timeout', '0', true),
            set_config('idle_in_transaction_session_timeout', '120s', true)
        """)

    /// A Citus takes only this along to a node. The session is not used again: it has run a `SET`.
    private static let takeTimeDistributed = [
        SQL("SET LOCAL statement_timeout = 0"), SQL("SET LOCAL idle_in_transaction_session_timeout = '120s'"),
    ]

    /// - Parameter isDistributed: whether a Citus has the tables.
    static func takeTime(isDistributed: Bool) -> [SQL] { isDistributed ? takeTimeDistributed : [takeTime] }

    static let head = SQL(
        "head", "SELECT version, seq, page, applied_seq, referenced_seq FROM bincard.head WHERE realm = $1")

    private static let items = SQL("items", "SELECT data FROM bincard.item WHERE realm = $1 ORDER BY number")

    private static let locations = SQL(
        "locations", "SELECT data FROM bincard.location WHERE realm = $1 ORDER BY number")

    static let webhooks = SQL("webhooks", "SELECT data FROM bincard.webhook WHERE realm = $1 ORDER BY number")

    private static let levelKeys = SQL(
        "level_keys", "SELECT key, on_hand FROM bincard.stock_level WHERE realm = $1 ORDER BY key")

    /// In the order in which `opened` takes their rows.
    static let opening = [head, JournalStatements.lastMark, items, locations, webhooks, levelKeys]

    static func opened(_ rows: [PostgresRows]) throws -> (OpenedRealm, PostgresRealmStore.Known) {
        guard rows.count == opening.count, let head = rows[0].first else {
            throw StoreError.corrupt(seq: nil, detail: "the realm has no head in the database")
        }
        let sealed = try rows[1].first.map { try JournalStatements.sealedHead($0) } ?? .start
        guard sealed.head.seq == head.uint64(1) else {
            throw StoreError.corrupt(
                seq: sealed.head.seq, detail: "the head says \(head.uint64(1)), the journal ends at \(sealed.head.seq)")
        }
        let locations = try rows[3].rows.map { try EntryCodec.location(row: $0.blob(0)) }
        var keys: [LevelKey] = []
        keys.reserveCapacity(rows[5].count)
        var stocked = [Int](repeating: 0, count: locations.count)
        for row in rows[5].rows {
            let key = LevelKey(packed: row.uint64(0))
            keys.append(key)
            let index = Int(key.location.rawValue) - 1
            if row.int64(1) != 0, stocked.indices.contains(index) { stocked[index] += 1 }
        }
        let opened = OpenedRealm(
            head: sealed, appliedSeq: head.uint64(3), referencedSeq: head.uint64(4),
            items: try rows[2].rows.map { try EntryCodec.item(row: $0.blob(0)) }, locations: locations,
            webhooks: try rows[4].rows.map { try EntryCodec.webhook(row: $0.bytes(0)) }, levelKeys: keys,
            stockedLevelsByLocation: stocked, lastIdempotencyPage: head.uint64(2))
        return (
            opened,
            PostgresRealmStore.Known(version: head.uint64(0), seq: head.uint64(1), page: head.uint64(2))
        )
    }
}

/// The journal, found by its primary key alone.
enum JournalStatements {
    static let lastMark = SQL(
        "last_mark",
        """
        SELECT first_seq, last_seq, recorded_at, last_id, hash FROM bincard.block
        WHERE realm = $1 ORDER BY first_seq DESC LIMIT 1
        """)

    static let blockContaining = SQL(
        "block_containing",
        """
        SELECT first_seq, last_seq, recorded_at, last_id, hash, data FROM bincard.block
        WHERE realm = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1
        """)

    /// Blocks in one answer.
    static let mostBlocks = 256

    /// From the block that contains `$2` on, until `$3` bytes are passed: each block whose predecessors in this answer
    /// have at most so many.
    ///
    /// `greatest`, since a condition with `coalesce` counts as one that may leak: no index under a fence is searched by
    /// it.
    static let blocksFrom = SQL(
        "blocks_from",
        """
        SELECT first_seq, last_seq, recorded_at, last_id, hash, data FROM (
            SELECT first_seq, last_seq, recorded_at, last_id, hash, data,
                sum(length(data)) OVER (ORDER BY first_seq) - length(data) AS before
            FROM bincard.block
            WHERE realm = $1 AND last_seq >= $2 AND first_seq >= greatest(0, (
                SELECT first_seq FROM bincard.block WHERE realm = $1 AND first_seq <= $2
                ORDER BY first_seq DESC LIMIT 1))
            ORDER BY first_seq LIMIT 256
        ) AS block WHERE before <= $3 ORDER BY first_seq
        """)

    static let boundary = SQL("boundary", "SELECT bincard.boundary($1, $2, $3, $4)")

    static func block(_ row: PostgresRow) throws(StoreError) -> Block {
        let head = try sealedHead(row)
        return Block(
            firstSeq: row.uint64(0), lastSeq: head.head.seq, recordedAt: head.head.recordedAt, lastID: head.head.id,
            data: row.bytes(5), hash: head.hash)
    }

    /// What a block says of itself: its last entry is the head after it.
    static func sealedHead(_ row: PostgresRow) throws(StoreError) -> SealedHead {
        let first = row.uint64(0)
        let last = row.uint64(1)
        guard first > 0, first <= last else {
            throw .corrupt(seq: first, detail: "a block says that it holds \(first) to \(last)")
        }
        return SealedHead(
            head: Head(seq: last, id: try row.id(3), recordedAt: row.instant(2)), hash: try row.digest(4))
    }
}

/// Stock levels, by packed key: item first, then location.
///
/// One look-up for each key, by LATERAL and LIMIT: the planner, which knows nothing of how many rows a realm has
/// (`Fence`), would rather read all of them.
enum LevelStatements {
    static let levels = SQL(
        "levels",
        """
        SELECT level.* FROM unnest($2::bigint[]) AS wanted(key), LATERAL (
            SELECT key, on_hand, value, last_wac, reserved, roots, settings FROM bincard.stock_level
            WHERE realm = $1 AND key = wanted.key LIMIT 1
        ) AS level
        """)

    /// Rows in one answer.
    static let most = 16_384

    static let levelsAfter = SQL(
        "levels_after",
        """
        SELECT key, on_hand, value, last_wac, reserved, roots, settings FROM bincard.stock_level
        WHERE realm = $1 AND key > $2 ORDER BY key LIMIT 16384
        """)

    static func levels(_ rows: PostgresRows) throws(StoreError) -> [StockLevel] {
        var levels: [StockLevel] = []
        levels.reserveCapacity(rows.count)
        for row in rows.rows {
            levels.append(
                StockLevel(
                    key: LevelKey(packed: row.uint64(0)),
                    pool: CostPool(onHand: row.int64(1), value: row.int64(2), lastWAC: row.int64(3)),
                    reserved: row.int64(4), history: try LevelHistory(encodedRoots: row.blob(5)),
                    settings: row.isNull(6) ? nil : try EntryCodec.stockSettings(row: row.bytes(6))))
        }
        return levels
    }
}

/// The index of references.
enum ReferenceStatements {
    /// Segments in one answer.
    static let most = 64

    /// Newest first, one bucket of each segment.
    static let bucketsOfHash = SQL(
        "buckets_of_hash",
        """
        SELECT segment.first_seq, bucket.data
        FROM (
            SELECT number, first_seq FROM bincard.reference_segment
            WHERE realm = $1 AND first_seq < $3 ORDER BY number DESC
        ) AS segment, LATERAL (
            SELECT data FROM bincard.reference_bucket WHERE realm = $1 AND key = segment.number * 256 + $2 LIMIT 1
        ) AS bucket
        ORDER BY segment.number DESC LIMIT 64
        """)

    static let segmentContaining = SQL(
        "segment_containing",
        """
        SELECT number, first_seq, last_seq FROM bincard.reference_segment
        WHERE realm = $1 AND first_seq <= $2 AND last_seq >= $2
        """)

    static let bucketsOfSegment = SQL(
        "buckets_of_segment",
        "SELECT data FROM bincard.reference_bucket WHERE realm = $1 AND key >= $2 AND key < $3 ORDER BY key")
}

/// The stored answers.
enum PageStatements {
    static let page = SQL(
        "page",
        """
        SELECT number, slice, recorded_at, keys, answers FROM bincard.idempotency_page
        WHERE realm = $1 AND number = $2
        """)

    /// Pages in one answer.
    static let most = 1_024

    static let keysAfter = SQL(
        "keys_after",
        """
        SELECT number, slice, recorded_at, keys FROM bincard.idempotency_page
        WHERE realm = $1 AND number > $2 AND slice >= $3 ORDER BY number LIMIT 1024
        """)
}
