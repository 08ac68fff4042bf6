import GRDB
import LedgerCore
import LedgerStorage

/// The segments of the reference index.
enum ReferenceStatements {
    static let insertSegment = "INSERT INTO reference_segment (number, first_seq, last_seq) VALUES (?, ?, ?)"

    static let insertBucket = "INSERT INTO reference_bucket (key, data) VALUES (?, ?)"

    static let lastSegment = "SELECT number, last_seq FROM reference_segment ORDER BY number DESC LIMIT 1"

    /// Newest first, one bucket of each segment.
    static let bucketsOfHash = """
        SELECT segment.first_seq, bucket.data
        FROM reference_segment AS segment JOIN reference_bucket AS bucket ON bucket.key = segment.number * 256 + ?
        WHERE segment.first_seq < ?
        ORDER BY segment.number DESC
        """

    static let segments = "SELECT number, first_seq, last_seq FROM reference_segment ORDER BY number"

    static let bucketsOfSegment = "SELECT data FROM reference_bucket WHERE key >= ? AND key < ? ORDER BY key"

    static func last(_ db: Database) throws -> (number: Int64, lastSeq: UInt64) {
        let statement = try BoundStatement(lastSegment, db)
        defer { statement.finish() }
        return try statement.step() ? (statement.int64(0), statement.uint64(1)) : (0, 0)
    }

    static func write(_ segments: [ReferenceSegment], _ db: Database) throws {
        for segment in segments {
            let last = try last(db)
            guard segment.firstSeq == last.lastSeq + 1, segment.lastSeq >= segment.firstSeq else {
                throw StoreError.corrupt(
                    seq: segment.firstSeq,
                    detail: "reference segment \(segment.firstSeq) to \(segment.lastSeq) does not follow "
                        + "\(last.lastSeq)")
            }
            let insert = try BoundStatement(insertSegment, db)
            insert.bind(last.number + 1, at: 1)
            insert.bind(segment.firstSeq, at: 2)
            insert.bind(segment.lastSeq, at: 3)
            try insert.run()
            let insertBucket = try BoundStatement(insertBucket, db)
            for (bucket, data) in try segment.encodedBuckets() {
                insertBucket.bind((last.number + 1) * 256 + Int64(bucket), at: 1)
                try data.withUnsafeBytes { data in
                    insertBucket.bind(lending: data, at: 2)
                    try insertBucket.run()
                }
            }
        }
    }

    static func seqs(of hash: UInt64, before seq: UInt64, limit: Int, _ db: Database) throws -> [UInt64] {
        guard limit > 0 else { return [] }
        let statement = try BoundStatement(bucketsOfHash, db)
        defer { statement.finish() }
        statement.bind(Int64(ReferencePosting.bucket(of: hash)), at: 1)
        statement.bind(Int64(clamping: seq), at: 2)
        var seqs: [UInt64] = []
        while seqs.count < limit, try statement.step() {
            try ReferenceSegment.appendSeqs(
                of: hash, inBucket: statement.blob(1), firstSeq: statement.uint64(0), before: seq, limit: limit,
                to: &seqs)
        }
        return seqs
    }

    static func segment(containing seq: UInt64, _ db: Database) throws -> ReferenceSegment? {
        let segments = try BoundStatement(segments, db)
        defer { segments.finish() }
        while try segments.step() {
            guard segments.uint64(1) <= seq, segments.uint64(2) >= seq else { continue }
            var segment = ReferenceSegment(firstSeq: segments.uint64(1), lastSeq: segments.uint64(2), postings: [])
            let buckets = try BoundStatement(bucketsOfSegment, db)
            buckets.bind(segments.int64(0) * 256, at: 1)
            buckets.bind((segments.int64(0) + 1) * 256, at: 2)
            try buckets.forEachRow {
                segment.postings += try ReferenceSegment.postings(inBucket: $0.blob(0), firstSeq: segment.firstSeq)
            }
            return segment
        }
        return nil
    }
}
