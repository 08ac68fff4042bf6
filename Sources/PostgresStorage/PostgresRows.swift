import LedgerCore
import LedgerStorage

/// The rows that a statement gave, in binary form. Bytes are lent as long as it lives.
final class PostgresRows {
    private let library: LibPQ
    private let result: LibPQ.Handle
    let count: Int

    init(_ library: LibPQ, _ result: LibPQ.Handle) {
        self.library = library
        self.result = result
        count = Int(library.rowCount(result))
    }

    deinit { library.clear(result) }

    var isEmpty: Bool { count == 0 }

    /// All rows, in order.
    var rows: LazyMapSequence<Range<Int>, PostgresRow> {
        (0..<count).lazy.map { [self] index in PostgresRow(rows: self, index: Int32(index)) }
    }

    var first: PostgresRow? { count > 0 ? PostgresRow(rows: self, index: 0) : nil }

    fileprivate func isNull(_ row: Int32, _ column: Int32) -> Bool { library.isNull(result, row, column) != 0 }

    fileprivate func bytes(_ row: Int32, _ column: Int32) -> UnsafeRawBufferPointer {
        let start = library.value(result, row, column)
        return UnsafeRawBufferPointer(start: start, count: Int(library.length(result, row, column)))
    }
}

/// One row: columns by their place in the statement, from 0.
struct PostgresRow {
    fileprivate let rows: PostgresRows
    fileprivate let index: Int32

    func isNull(_ column: Int32) -> Bool { rows.isNull(index, column) }

    /// The bytes of any value, valid as long as the rows.
    func blob(_ column: Int32) -> UnsafeRawBufferPointer { rows.bytes(index, column) }

    func bytes(_ column: Int32) -> [UInt8] { [UInt8](blob(column)) }

    func bytesIfPresent(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

    /// A `bigint`; 0 for anything that isn't one, which the statement's text rules out.
    func int64(_ column: Int32) -> Int64 {
        let bytes = blob(column)
        guard bytes.count == 8 else { return 0 }
        return Int64(bigEndian: bytes.loadUnaligned(as: Int64.self))
    }

    func int64IfPresent(_ column: Int32) -> Int64? { isNull(column) ? nil : int64(column) }

    func uint64(_ column: Int32) -> UInt64 { UInt64(bitPattern: int64(column)) }

    func bool(_ column: Int32) -> Bool { blob(column).first == 1 }

    func text(_ column: Int32) -> String { String(decoding: blob(column), as: UTF8.self) }

    func textIfPresent(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

    func instant(_ column: Int32) -> Instant { Instant(milliseconds: int64(column)) }

    func instantIfPresent(_ column: Int32) -> Instant? { isNull(column) ? nil : instant(column) }

    /// A `uuid`.
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
