internal import Foundation
import GRDB
public import LedgerCore
public import LedgerStorage

extension DataDirectory {
    /// Copies `control.db` and every realm into a new folder, beside a running server or without one. Each file is
    /// complete and consistent in itself; the manifest comes last.
    ///
    /// - Parameter progress: called before each realm, with its place from 0 and their number.
    /// - Throws: `StoreError.notWritable` when the folder holds something already or can't be made; `.notFound` when
    ///   there is no installation here; `.failed`.
    public func backup(
        to folder: String, at now: Instant, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(StoreError) -> BackupManifest {
        guard exists else { throw .notFound(controlPath) }
        try Self.requireEmpty(folder)
        let target = DataDirectory(path: folder)
        try target.create()
        let control = try openControl()
        defer { control.close() }
        // Before the realms: a realm that is made meanwhile is in the next backup.
        try control.backup(to: target.controlPath)
        let copied = try target.openControl()
        let realms = try copied.realms()
        copied.close()
        var manifest = BackupManifest(createdAt: now, realms: [])
        for (index, realm) in realms.enumerated() {
            progress(index, realms.count)
            manifest.realms.append(try backup(realm, to: target))
        }
        try target.write(manifest)
        return manifest
    }

    /// A realm has no file when nothing was written to it yet.
    private func backup(_ realm: Realm, to target: DataDirectory) throws(StoreError) -> BackupManifest.Entry {
        var entry = BackupManifest.Entry(realm: realm)
        guard FileManager.default.fileExists(atPath: path(of: realm.id)) else { return entry }
        // Before the journal, which only grows: no endpoint may be further than the journal that goes with it.
        if hasDeliveries(realm) {
            let deliveries = try openDeliveriesForReading(realm)
            defer { deliveries.close() }
            try deliveries.backup(to: target.deliveriesPath(of: realm.id))
            entry.hasDeliveries = true
        }
        let source = try openRealmForReading(realm)
        defer { source.close() }
        try source.backup(to: target.path(of: realm.id))
        let copy = try target.openRealmForReading(realm)
        defer { copy.close() }
        entry.head = try copy.open().head
        return entry
    }

    /// Makes a backup of a directory into which somebody has copied realms: the manifest comes last, as in `backup`.
    ///
    /// - Parameter entries: each realm with the end of its journal (nil when nothing was ever written to it) and with
    ///   whether what its endpoints were sent was copied too.
    package func finishBackup(
        _ entries: [(realm: Realm, head: SealedHead?, hasDeliveries: Bool)], at now: Instant
    ) throws(StoreError) -> BackupManifest {
        try? FileManager.default.removeItem(atPath: lockPath)
        let manifest = BackupManifest(
            createdAt: now,
            realms: entries.map { .init(realm: $0.realm, head: $0.head, hasDeliveries: $0.hasDeliveries) })
        try write(manifest)
        return manifest
    }

    private func write(_ manifest: BackupManifest) throws(StoreError) {
        do {
            let file = URL(fileURLWithPath: "\(path)/\(BackupManifest.name)")
            try manifest.encoded().write(to: file, options: .atomic)
        } catch {
            throw .failed(operation: "write \(BackupManifest.name)", detail: Self.reason(error))
        }
        for name in [BackupManifest.name, "realms", ""] { Self.sync("\(path)/\(name)") }
    }

    /// Makes an installation here of a backup. It counts only once every realm has been verified against the manifest:
    /// until then it stands beside the place, under a name of its own, and goes away when anything is wrong.
    ///
    /// - Throws: `StoreError.notWritable` when something is here already; `.corrupt` when the backup is not what it
    ///   was; `.notFound`, `.schemaTooNew`, `.failed`.
    public func restore(
        from folder: String, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(StoreError) -> BackupManifest {
        let manifest = try BackupManifest(folder: folder)
        try Self.requireEmpty(path)
        let source = DataDirectory(path: folder)
        let staging = DataDirectory(path: "\(path).restoring-\(getpid())")
        try staging.create()
        do throws(StoreError) {
            try Self.copy(source.controlPath, to: staging.controlPath)
            for (index, entry) in manifest.realms.enumerated() {
                progress(index, manifest.realms.count)
                try staging.restore(entry, from: source)
            }
            try staging.checkControl(against: manifest)
            // Replaces an empty directory in one step.
            guard rename(staging.path, path) == 0 else {
                throw .notWritable(path: path, detail: String(cString: strerror(errno)))
            }
        } catch {
            try? FileManager.default.removeItem(atPath: staging.path)
            throw error
        }
        Self.sync((path as NSString).deletingLastPathComponent)
        return manifest
    }

    private func restore(_ entry: BackupManifest.Entry, from source: DataDirectory) throws(StoreError) {
        guard let head = entry.head else { return }
        let name = "\(entry.realm.tenant) \(entry.realm.mode.rawValue)"
        try Self.copy(source.path(of: entry.realm.id), to: path(of: entry.realm.id))
        let store = try openRealmForReading(entry.realm)
        defer { store.close() }
        let report = try LedgerVerifier(store: store).run()
        if let problem = report.problem {
            throw .corrupt(seq: problem.seq, detail: "\(name): \(problem.what.rawValue): \(problem.detail)")
        }
        guard report.head == head else {
            throw .corrupt(
                seq: head.head.seq,
                detail: "\(name): the manifest says \(head.head.seq) \(head.hash.hex), "
                    + "the file \(report.head.head.seq) \(report.head.hash.hex)")
        }
        guard entry.hasDeliveries else { return }
        try Self.copy(source.deliveriesPath(of: entry.realm.id), to: deliveriesPath(of: entry.realm.id))
        try checkDeliveries(of: entry.realm, named: name, upTo: head.head.seq)
    }

    /// The file has no hashes to prove it: its pages must be whole, and no endpoint further than the journal.
    private func checkDeliveries(of realm: Realm, named name: String, upTo seq: UInt64) throws(StoreError) {
        let store = try openDeliveriesForReading(realm)
        defer { store.close() }
        if let wrong = try store.firstDamage() {
            throw .corrupt(seq: nil, detail: "\(name): the file of deliveries is damaged: \(wrong)")
        }
        let opened = try store.open()
        guard opened.controlSeq <= seq, opened.lanes.allSatisfy({ $0.nextSeq <= seq + 1 }) else {
            throw .corrupt(seq: seq, detail: "\(name): deliveries are further than the journal, which ends here")
        }
    }

    private func checkControl(against manifest: BackupManifest) throws(StoreError) {
        let control = try openControl()
        defer { control.close() }
        guard Set(try control.realms()) == Set(manifest.realms.map(\.realm)) else {
            throw .corrupt(seq: nil, detail: "control.db and \(BackupManifest.name) name different realms")
        }
    }

    /// - Throws: `StoreError.notWritable` when something is in the folder.
    package static func requireEmpty(_ folder: String) throws(StoreError) {
        guard FileManager.default.fileExists(atPath: folder) else { return }
        let contents = try? FileManager.default.contentsOfDirectory(atPath: folder)
        guard contents == [] else { throw .notWritable(path: folder, detail: "it is not an empty directory") }
    }

    private static func copy(_ file: String, to target: String) throws(StoreError) {
        guard FileManager.default.fileExists(atPath: file) else { throw .notFound(file) }
        do {
            try FileManager.default.copyItem(atPath: file, toPath: target)
        } catch {
            throw .failed(operation: "copy \(file)", detail: reason(error))
        }
        sync(target)
        sync((target as NSString).deletingLastPathComponent)
    }

    /// Best effort: a backup or a restored directory that did not reach the disk fails its verification.
    private static func sync(_ path: String) {
        let file = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = fsync(file)
        Foundation.close(file)
    }
}

extension SQLiteRealmStore {
    /// Copies the file as of one moment, while commits go on. They wait for nothing; only the write-ahead log is not
    /// begun anew until the copy is done.
    package func backup(to path: String) throws(StoreError) {
        try SQLiteFailure.translating("back up to \(path)") {
            PrivateFile.make(path)
            let copy = try DatabaseQueue(path: path)
            try reader.backup(to: copy)
            try copy.close()
        }
    }
}
