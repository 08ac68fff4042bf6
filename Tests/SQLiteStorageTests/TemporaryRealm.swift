import Foundation
import GRDB
import LedgerCore
import LedgerStorage
import SQLiteStorage

/// A realm's file in a directory that goes away with this object.
final class TemporaryRealm {
    let directory: String
    let path: String

    init() throws {
        directory = NSTemporaryDirectory() + "/bincard-\(UUID().uuidString)"
        path = directory + "/realm.db"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func open() throws -> SQLiteRealmStore { try SQLiteRealmStore(path: path) }

    /// Runs SQL as somebody with a SQLite shell would.
    func sql(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    /// The same, after taking away what protects the journal.
    func tamper(_ sql: String) throws {
        try self.sql(
            """
            DROP TRIGGER block_is_never_changed; DROP TRIGGER block_is_never_deleted; DROP TRIGGER block_follows_the_last;
            \(sql)
            """)
    }

    func verify() throws -> VerificationReport {
        let store = try SQLiteRealmStore(path: path, access: .read)
        defer { store.close() }
        return try LedgerVerifier(store: store).run()
    }
}
