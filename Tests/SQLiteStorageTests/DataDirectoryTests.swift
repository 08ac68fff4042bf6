import Foundation
import LedgerCore
import LedgerStorage
import SQLiteStorage
import SampleLedger
import Testing

@Suite("the data directory", .serialized)
struct DataDirectoryTests {
    private let now = Instant(milliseconds: 1_780_000_000_000)

    /// A directory that goes away with this object.
    private final class Place {
        let directory = DataDirectory(path: NSTemporaryDirectory() + "/bincard-\(UUID().uuidString)/data")

        deinit {
            try? FileManager.default.removeItem(atPath: (directory.path as NSString).deletingLastPathComponent)
        }
    }

    @Test("it is made for its owner alone")
    func permissions() throws {
        let place = Place()
        #expect(!place.directory.exists)
        try place.directory.create()
        try place.directory.create()
        let mode = try FileManager.default.attributesOfItem(atPath: place.directory.path)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        try place.directory.openControl().close()
        #expect(place.directory.exists)
    }

    @Test("a second process is refused, and told who holds it")
    func inUse() throws {
        let place = Place()
        try place.directory.create()
        let lock = try place.directory.lock()
        let error = #expect(throws: StoreError.self) { try place.directory.lock() }
        guard case .inUse(_, let holder) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(holder.contains("pid \(getpid()) on "))
        let realm = Realm(id: ULID(high: 1, low: 2), tenant: "acme", mode: .test)
        try place.directory.openRealm(realm, holding: lock).close()
        lock.release()
        #expect(throws: StoreError.self) { try place.directory.openRealm(realm, holding: lock) }
        try place.directory.lock().release()
    }

    @Test("the lock of a process that ended without a word is free")
    func crash() throws {
        let place = Place()
        try place.directory.create()
        do { _ = try place.directory.lock() }
        try place.directory.lock().release()
    }

    @Test("a place that can't be written to is an error that says why", arguments: ["/proc/bincard", "below a file"])
    func notWritable(path: String) throws {
        let place = Place()
        try place.directory.create()
        let file = place.directory.path + "/file"
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        let target = path == "below a file" ? file + "/data" : path
        let error = #expect(throws: StoreError.self) { try DataDirectory(path: target).create() }
        guard case .notWritable(let named, let detail) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(named.hasPrefix(target) && !detail.isEmpty)
    }

    @Test("files of removed realms are deleted, everything else stays")
    func orphans() throws {
        let place = Place()
        try place.directory.create()
        let lock = try place.directory.lock()
        let kept = Realm(id: ULID(high: 1, low: 1), tenant: "acme", mode: .live)
        let gone = Realm(id: ULID(high: 1, low: 2), tenant: "acme", mode: .test)
        for realm in [kept, gone] { try place.directory.openRealm(realm, holding: lock).close() }
        let realms = place.directory.path + "/realms"
        for name in ["notes.txt", "\(gone.id.text).db-wal", "\(gone.id.text).txt"] {
            _ = FileManager.default.createFile(atPath: "\(realms)/\(name)", contents: nil)
        }
        let removed = try place.directory.removeOrphans(sparing: [kept], holding: lock)
        #expect(removed == ["\(gone.id.text).db", "\(gone.id.text).db-wal"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: realms).sorted()
                == ["\(kept.id.text).db", "\(gone.id.text).txt", "notes.txt"])
    }

    // MARK: backup and restore

    /// An installation with two realms, one of them without a file, and a lock on it.
    private func installation(_ place: Place) throws -> (DirectoryLock, Realm, SQLiteRealmStore, SampleLedger) {
        try place.directory.create()
        let lock = try place.directory.lock()
        let control = try place.directory.openControl()
        defer { control.close() }
        let realm = try control.realm(tenant: "acme", mode: .live, at: now) { ULID(high: 5, low: 1) }
        _ = try control.realm(tenant: "acme", mode: .test, at: now) { ULID(high: 5, low: 2) }
        let ledger = SampleLedger(seed: 91, items: 6, locations: 3, blocks: 60)
        let store = try place.directory.openRealm(realm, holding: lock)
        try ledger.write(to: store)
        try store.commit(CommitUnit(projection: ledger.projection))
        return (lock, realm, store, ledger)
    }

    @Test("a backup is taken beside a server that writes, and restored to the same head")
    func backupAndRestore() async throws {
        let place = Place()
        let (lock, realm, store, ledger) = try installation(place)
        let target = Place()
        let writing = Task.detached { [now] in
            var more = ledger
            while !Task.isCancelled {
                for _ in 0..<20 { more.addMovement() }
                try store.commit(more.seal())
            }
            _ = now
            return more.sealed
        }
        let manifest = try place.directory.backup(to: target.directory.path + "/backup", at: now)
        writing.cancel()
        let last = try await writing.value
        store.close()
        lock.release()
        let backup = target.directory.path + "/backup"
        let head = try #require(manifest.realms.first { $0.realm == realm }?.head)
        #expect(head.head.seq >= ledger.sealed.head.seq && head.head.seq <= last.head.seq)
        #expect(manifest.realms.count == 2 && manifest.realms.first { $0.realm != realm }?.head == nil)

        let restored = DataDirectory(path: target.directory.path + "/restored")
        _ = try restored.restore(from: backup)
        let control = try restored.openControl()
        #expect(try control.realms().count == 2)
        control.close()
        let again = try restored.lock()
        let copy = try restored.openRealm(realm, holding: again)
        #expect(try copy.open().head == head)
        copy.close()
        // Not over what is there.
        #expect(throws: StoreError.notWritable(path: restored.path, detail: "it is not an empty directory")) {
            try restored.restore(from: backup)
        }
        #expect(throws: StoreError.notWritable(path: backup, detail: "it is not an empty directory")) {
            try place.directory.backup(to: backup, at: now)
        }
    }

    @Test("a damaged or unfinished backup is not restored, and leaves nothing behind")
    func damagedBackup() throws {
        let place = Place()
        let (lock, realm, store, ledger) = try installation(place)
        let target = Place()
        let backup = target.directory.path + "/backup"
        _ = try place.directory.backup(to: backup, at: now)
        store.close()
        lock.release()
        let file = "\(backup)/realms/\(realm.id.text).db"
        let good = try Data(contentsOf: URL(fileURLWithPath: file))
        let restored = DataDirectory(path: target.directory.path + "/restored")
        func error() throws -> StoreError? {
            let error = #expect(throws: StoreError.self) { try restored.restore(from: backup) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: target.directory.path) == ["backup"])
            return error
        }
        // A byte of the last entry, wherever it lies in the file.
        let last = try #require(ledger.blocks.last)
        var damaged = good
        let place2 = try #require(damaged.range(of: Data(last.data.suffix(24)), options: .backwards))
        damaged[place2.upperBound - 1] ^= 1
        try damaged.write(to: URL(fileURLWithPath: file))
        let flipped = try error()
        if case .corrupt(let seq, _)? = flipped {
            #expect(seq == last.lastSeq)
        } else {
            Issue.record("\(flipped as Any)")
        }
        // A realm's file of an earlier backup: right in itself, but not what the manifest says.
        try good.write(to: URL(fileURLWithPath: file))
        let manifestFile = URL(fileURLWithPath: "\(backup)/manifest.json")
        let manifest = try String(contentsOf: manifestFile, encoding: .utf8)
        let head = ledger.sealed.head.seq
        try manifest.replacingOccurrences(of: "\"headSeq\" : \(head)", with: "\"headSeq\" : \(head + 1)")
            .write(to: manifestFile, atomically: true, encoding: .utf8)
        #expect(throws: Never.self) { if case .corrupt(let seq, _)? = try error() { #expect(seq == head + 1) } }
        try FileManager.default.removeItem(at: manifestFile)
        if case .notFound? = try error() {} else { Issue.record("a backup without a manifest was taken") }
        try manifest.write(to: manifestFile, atomically: true, encoding: .utf8)
        _ = try restored.restore(from: backup)
        #expect(restored.exists)
    }
}
