import GRDB
import LedgerCore
import LedgerStorage

/// The journal's table: one row a commit, found by the primary key alone.
enum JournalStatements {
    static let insertBlock = """
        INSERT INTO block (first_seq, last_seq, recorded_at, last_id, hash, data) VALUES (?, ?, ?, ?, ?, ?)
        """

    static let lastMark = """
        SELECT first_seq, last_seq, recorded_at, last_id, hash FROM block ORDER BY first_seq DESC LIMIT 1
        """

    static let markContaining = """
        SELECT first_seq, last_seq, recorded_at, last_id, hash FROM block
        WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1
        """

    static let blockContaining = """
        SELECT first_seq, last_seq, recorded_at, last_id, hash, data FROM block
        WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1
        """

    static let blocksFrom = """
        SELECT first_seq, last_seq, recorded_at, last_id, hash, data FROM block
        WHERE first_seq >= ? ORDER BY first_seq
        """

    static func insert(_ block: Block, _ db: Database) throws {
        let statement = try BoundStatement(insertBlock, db)
        statement.bind(block.firstSeq, at: 1)
        statement.bind(block.lastSeq, at: 2)
        statement.bind(block.recordedAt.milliseconds, at: 3)
        statement.bind(block.lastID, at: 4)
        statement.bind(block.hash, at: 5)
        try block.data.withUnsafeBytes { data in
            statement.bind(lending: data, at: 6)
            try statement.run()
        }
    }

    /// The journal's last block without its data; nil in an empty realm.
    static func lastMark(_ db: Database) throws -> BlockMark? {
        let statement = try BoundStatement(lastMark, db)
        defer { statement.finish() }
        return try statement.step() ? try BlockMark(statement) : nil
    }

    /// The last block that begins at or before the seq, without its data.
    static func mark(containing seq: UInt64, _ db: Database) throws -> BlockMark? {
        let statement = try BoundStatement(markContaining, db)
        defer { statement.finish() }
        statement.bind(seq, at: 1)
        return try statement.step() ? try BlockMark(statement) : nil
    }

    static func block(containing seq: UInt64, _ db: Database) throws -> Block? {
        let statement = try BoundStatement(blockContaining, db)
        defer { statement.finish() }
        statement.bind(seq, at: 1)
        guard try statement.step(), statement.uint64(1) >= seq else { return nil }
        return try block(statement)
    }

    static func blocks(from seq: UInt64, maximumBytes: Int, _ db: Database) throws -> [Block] {
        let first = try mark(containing: seq, db).map { $0.lastSeq >= seq ? $0.firstSeq : seq } ?? seq
        let statement = try BoundStatement(blocksFrom, db)
        statement.bind(first, at: 1)
        var blocks: [Block] = []
        var bytes = 0
        defer { statement.finish() }
        while bytes <= maximumBytes, try statement.step() {
            let block = try block(statement)
            bytes += block.data.count
            blocks.append(block)
        }
        return blocks
    }

    private static func block(_ row: BoundStatement) throws -> Block {
        let mark = try BlockMark(row)
        return Block(
            firstSeq: mark.firstSeq, lastSeq: mark.lastSeq, recordedAt: mark.recordedAt, lastID: mark.lastID,
            data: [UInt8](row.blob(5)), hash: mark.hash)
    }
}

/// What a block says of itself beside its data.
struct BlockMark {
    var firstSeq: UInt64
    var lastSeq: UInt64
    var recordedAt: Instant
    var lastID: ULID
    var hash: Digest256

    init(_ row: BoundStatement) throws(StoreError) {
        firstSeq = row.uint64(0)
        lastSeq = row.uint64(1)
        recordedAt = row.instant(2)
        do {
            lastID = try row.id(3)
            hash = try row.digest(4)
        } catch {
            throw .corrupt(seq: firstSeq, detail: "the row of the block from \(firstSeq) is damaged")
        }
        guard firstSeq > 0, firstSeq <= lastSeq else {
            throw .corrupt(seq: firstSeq, detail: "a block says that it holds \(firstSeq) to \(lastSeq)")
        }
    }

    var sealedHead: SealedHead {
        SealedHead(head: Head(seq: lastSeq, id: lastID, recordedAt: recordedAt), hash: hash)
    }
}
