import Foundation
import GRDB

/// A database of a stopped installation, to be changed behind the server's back.
struct DatabaseFile: Sendable {
    let path: String

    /// `control.db`, then the ledgers.
    static func all(in data: String) throws -> [DatabaseFile] {
        [DatabaseFile(path: data + "/control.db")] + (try ledgers(in: data))
    }

    static func ledgers(in data: String) throws -> [DatabaseFile] {
        try FileManager.default.contentsOfDirectory(atPath: data + "/realms").filter { $0.hasSuffix(".db") }.sorted()
            .map { DatabaseFile(path: "\(data)/realms/\($0)") }
    }

    func execute(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    func integers(_ sql: String) throws -> [Int64] {
        let queue = try DatabaseQueue(path: path)
        let values = try queue.read { try Int64.fetchAll($0, sql: sql) }
        try queue.close()
        return values
    }

    /// Takes away what guards the journal, then changes it.
    func forge(_ sql: String) throws {
        try execute(
            """
            DROP TRIGGER block_is_never_changed;
            DROP TRIGGER block_is_never_deleted;
            DROP TRIGGER block_follows_the_last;
            """)
        try execute(sql)
    }

    /// Turns around one bit of a block's bytes, `place` bytes before their end.
    func flipBit(ofBlock firstSeq: Int64, fromEnd place: Int) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "DROP TRIGGER block_is_never_changed")
            guard
                var data = try Data.fetchOne(
                    db, sql: "SELECT data FROM block WHERE first_seq = ?", arguments: [firstSeq])
            else { throw DatabaseError(message: "there is no block from \(firstSeq)") }
            data[data.index(data.endIndex, offsetBy: -place)] ^= 0x10
            try db.execute(sql: "UPDATE block SET data = ? WHERE first_seq = ?", arguments: [data, firstSeq])
        }
        try queue.close()
    }
}
