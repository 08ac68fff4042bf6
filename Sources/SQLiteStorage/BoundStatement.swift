import GRDB
import GRDBSQLite
import LedgerCore
import LedgerStorage

/// A prepared statement of a connection's cache, bound and stepped through SQLite's C interface.
///
/// GRDB owns connections, queues, pools and statements; its rows and arguments box every value and copy every blob,
/// which on the path of each commit would cost more than SQLite itself. A value of this type never leaves the access to
/// the `Database` that made it, on whose queue it is used.
struct BoundStatement {
    /// Unsafe because that is what SQLite hands out; the cache of the connection keeps it alive.
    private let statement: OpaquePointer
    private let connection: OpaquePointer

    /// The statement of the text, prepared at its first use on this connection.
    init(_ sql: String, _ db: Database) throws {
        let cached = try db.cachedStatement(sql: sql)
        guard let connection = db.sqliteConnection else {
            throw StoreError.failed(operation: "use the database", detail: "the connection is closed")
        }
        statement = cached.sqliteStatement
        self.connection = connection
        sqlite3_reset(statement)
    }

    func bind(_ value: Int64, at index: Int32) { sqlite3_bind_int64(statement, index, value) }

    /// Seqs and packed keys: a bit pattern, so that nothing traps; no ledger reaches 2⁶³.
    func bind(_ value: UInt64, at index: Int32) { bind(Int64(bitPattern: value), at: index) }

    func bind(_ value: Int64?, at index: Int32) {
        if let value { bind(value, at: index) } else { sqlite3_bind_null(statement, index) }
    }

    func bind(_ value: String?, at index: Int32) {
        guard var value else {
            sqlite3_bind_null(statement, index)
            return
        }
        value.withUTF8 { text in
            _ = text.withMemoryRebound(to: CChar.self) {
                // An empty buffer may have no address, and no address would bind NULL.
                sqlite3_bind_text(statement, index, $0.baseAddress ?? emptyText, Int32($0.count), copied)
            }
        }
    }

    /// Copies the bytes.
    func bind(_ bytes: [UInt8]?, at index: Int32) {
        guard let bytes else {
            sqlite3_bind_null(statement, index)
            return
        }
        bytes.withUnsafeBytes { bind($0, lifetime: copied, at: index) }
    }

    func bind(_ id: ULID, at index: Int32) {
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { bind($0, lifetime: copied, at: index) }
    }

    func bind(_ digest: Digest256, at index: Int32) {
        digest.withBytes { bind($0, lifetime: copied, at: index) }
    }

    /// Lends the bytes: they must stay where they are until the statement has run.
    func bind(lending bytes: UnsafeRawBufferPointer, at index: Int32) { bind(bytes, lifetime: nil, at: index) }

    private func bind(_ bytes: UnsafeRawBufferPointer, lifetime: sqlite3_destructor_type?, at index: Int32) {
        if let start = bytes.baseAddress, !bytes.isEmpty {
            sqlite3_bind_blob64(statement, index, start, UInt64(bytes.count), lifetime)
        } else {
            sqlite3_bind_zeroblob(statement, index, 0)
        }
    }

    /// Runs a statement that returns no rows, and makes it ready for its next use.
    func run() throws(StoreError) {
        while try step() {}
        sqlite3_reset(statement)
    }

    /// Goes on to the next row; false at the end. Whoever stops before the end calls `finish`.
    func step() throws(StoreError) -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(statement)
            return false
        case let code:
            let detail = SQLiteFailure.detail(code: code, connection: connection)
            sqlite3_reset(statement)
            throw SQLiteFailure.error(code: code, detail: detail)
        }
    }

    /// Ends the read: an unfinished one would hold back the checkpoints of the write-ahead log.
    func finish() { sqlite3_reset(statement) }

    /// Runs `body` for each row.
    func forEachRow(_ body: (BoundStatement) throws -> Void) throws {
        defer { finish() }
        while try step() { try body(self) }
    }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    func int64(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func uint64(_ column: Int32) -> UInt64 { UInt64(bitPattern: int64(column)) }

    func int64IfPresent(_ column: Int32) -> Int64? { isNull(column) ? nil : int64(column) }

    func text(_ column: Int32) -> String {
        guard let text = sqlite3_column_text(statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
    }

    func textIfPresent(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    /// The bytes of a blob, valid until the next step.
    func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
    }

    func blobIfPresent(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : [UInt8](blob(column)) }

    func instant(_ column: Int32) -> Instant { Instant(milliseconds: int64(column)) }

    func id(_ column: Int32) throws(StoreError) -> ULID {
        let bytes = blob(column)
        guard bytes.count == 16 else { throw .corrupt(seq: nil, detail: "an id of \(bytes.count) bytes") }
        return ULID(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    func digest(_ column: Int32) throws(StoreError) -> Digest256 {
        guard let digest = Digest256(bytes: blob(column)) else {
            throw .corrupt(seq: nil, detail: "a hash of \(blob(column).count) bytes")
        }
        return digest
    }
}

/// SQLite's SQLITE_TRANSIENT, a macro that C interoperability doesn't import: SQLite copies what is bound.
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

/// Immutable and never freed: what an empty text points to.
private nonisolated(unsafe) let emptyText = UnsafePointer(UnsafeMutablePointer<CChar>.allocate(capacity: 1))
