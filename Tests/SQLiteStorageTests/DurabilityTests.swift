import Foundation
import GRDB
import LedgerCore
import LedgerStorage
import SQLiteStorage
import SampleLedger
import Testing

@Suite("a commit is on disk", .serialized)
struct DurabilityTests {
    @Test("the writer syncs its log at each commit, as SQLite says back")
    func full() throws {
        let realm = try TemporaryRealm()
        let store = try realm.open()
        defer { store.close() }
        let (journal, synchronous) = try store.withWriter { db in
            (
                try String.fetchOne(db, sql: "PRAGMA journal_mode"), try Int.fetchOne(db, sql: "PRAGMA synchronous")
            )
        }
        #expect(journal == "wal")
        #expect(synchronous == 2)
    }

    @Test("a connection that would not sync is refused")
    func refused() throws {
        let realm = try TemporaryRealm()
        let pool = try DatabasePool(path: realm.path)
        try pool.writeWithoutTransaction { db -> Void in
            // What GRDB sets by itself on a write-ahead log.
            #expect(throws: StoreError.notDurable(detail: "synchronous is 1, less than 2 (FULL)")) {
                try SQLiteRealmStore.requireDurable(db)
            }
            try db.execute(sql: "PRAGMA synchronous = FULL")
            try SQLiteRealmStore.requireDurable(db)
        }
        try pool.close()
        let queue = try DatabaseQueue(path: realm.directory + "/rollback.db")
        queue.writeWithoutTransaction { db in
            _ = #expect(throws: StoreError.notDurable(detail: "journal_mode is delete, not wal")) {
                try SQLiteRealmStore.requireDurable(db)
            }
        }
        try queue.close()
    }

    @Test(
        "the kernel is asked once for each commit to sync the log", .enabled(if: SystemCallTrace.isAvailable),
        .timeLimit(.minutes(1)))
    func syncs() throws {
        let realm = try TemporaryRealm()
        let store = try realm.open()
        defer { store.close() }
        let ledger = SampleLedger(seed: 81, items: 6, locations: 3, blocks: 60)
        // The first commits to a new log sync its header too.
        for (block, page) in zip(ledger.blocks, ledger.pages).prefix(10) {
            try store.commit(CommitUnit(block: block, idempotency: page))
        }
        guard let trace = try SystemCallTrace(file: realm.directory + "/trace") else {
            // Not permitted here, as in many containers: the settings above are then all that is checked.
            return
        }
        for (block, page) in zip(ledger.blocks, ledger.pages).dropFirst(10) {
            try store.commit(CommitUnit(block: block, idempotency: page))
        }
        let calls = try trace.stop()
        // Other tests sync files of their own meanwhile.
        let log = "\(realm.directory.split(separator: "/").last ?? "")/realm.db-wal"
        #expect(calls.count { $0.contains("sync(") && $0.contains(log) } == ledger.blocks.count - 10)
    }

    @Test("what is committed without closing is there for whoever opens the file next")
    func noClose() throws {
        let realm = try TemporaryRealm()
        let ledger = SampleLedger(seed: 82, items: 6, locations: 3, blocks: 30)
        let store = try realm.open()
        try ledger.write(to: store)
        // As after kill −9: the log as it is on disk at this moment.
        let copy = try TemporaryRealm()
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(atPath: realm.path + suffix, toPath: copy.path + suffix)
        }
        store.close()
        #expect(!FileManager.default.fileExists(atPath: realm.path + "-wal"), "a clean stop leaves no log")
        let report = try copy.verify()
        #expect(report.problem == nil && report.head == ledger.sealed)
        let again = try copy.open()
        #expect(try again.open().head == ledger.sealed)
        again.close()
    }

    @Test("the log stays short however much is written, and beside readers")
    func boundedLog() throws {
        let realm = try TemporaryRealm()
        let store = try SQLiteRealmStore(path: realm.path, access: .write(.init(background: 50, finish: 200)))
        defer { store.close() }
        var ledger = SampleLedger(seed: 83, items: 6, locations: 3, blocks: 1)
        try ledger.write(to: store)
        var longest = 0
        for _ in 0..<300 {
            for _ in 0..<300 { ledger.addMovement() }
            try store.commit(ledger.seal())
            _ = try store.block(containing: 1)
            let size = try FileManager.default.attributesOfItem(atPath: realm.path + "-wal")[.size] as? Int
            longest = max(longest, size ?? 0)
        }
        let file = try FileManager.default.attributesOfItem(atPath: realm.path)[.size] as? Int ?? 0
        #expect(file > 8 << 20)
        // 200 pages of 8 KiB, a commit of some 20 pages, and what a copy that runs in the background lets pass.
        #expect(longest < 4 << 20)
    }
}

/// The sync calls of this process, as strace sees them.
struct SystemCallTrace {
    private let process: Process
    private let file: String

    static var isAvailable: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") }

    /// Nil when strace may not attach to this process.
    init?(file: String) throws {
        self.file = file
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/strace")
        process.arguments = ["-f", "-y", "-e", "trace=fsync,fdatasync", "-o", file, "-p", "\(getpid())"]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        // "strace: Process 1234 attached with 9 threads", or why not.
        let said = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
        guard said.contains("attached") else {
            kill(process.processIdentifier, SIGKILL)
            return nil
        }
    }

    /// The lines, one for each call.
    func stop() throws -> [Substring] {
        // It has inherited from a dispatch thread that other signals are blocked. The kernel detaches it from us.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        return try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
    }
}
