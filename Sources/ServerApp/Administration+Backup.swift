import LedgerCore
package import LedgerStorage
import SQLiteStorage

/// Backups: a folder with the files of SQLite and a manifest, whichever engine the ledgers are in.
extension Administration {
    /// Copies everything into a new folder, each ledger as of one moment.
    ///
    /// - Throws: `StoreError` or `TransferFailure`.
    package func backup(
        to folder: String, progress: @escaping (Realm?, _ done: UInt64, _ total: UInt64) -> Void
    ) throws -> CopyManifest {
        guard case .database = place else {
            return CopyManifest(
                try directory.backup(to: folder, at: Administration.now) { progress(nil, UInt64($0), UInt64($1)) })
        }
        try DataDirectory.requireEmpty(folder)
        let copy = DataDirectory(path: folder)
        let result = try LedgerTransfer(from: place, to: .directory(copy)).run { realm, step, done, total in
            if step == .entries { progress(realm, done, total) }
        }
        let entries = result.realms.map {
            (realm: $0.realm, head: $0.report?.head, hasDeliveries: $0.report?.deliveries != nil)
        }
        return CopyManifest(try copy.finishBackup(entries, at: Administration.now))
    }

    /// Makes an installation of a backup: a data directory, once it is verified; or ledgers in a PostgreSQL that is
    /// migrated and holds no others. A restore into PostgreSQL that was stopped goes on when it is run again.
    ///
    /// - Throws: `StoreError` or `TransferFailure`.
    package func restore(
        from folder: String, progress: @escaping (Realm?, _ done: UInt64, _ total: UInt64) -> Void
    ) throws -> CopyManifest {
        guard case .database = place else {
            return CopyManifest(try directory.restore(from: folder) { progress(nil, UInt64($0), UInt64($1)) })
        }
        let manifest = try BackupManifest(folder: folder)
        let source = LedgerPlace.directory(DataDirectory(path: folder))
        let realms = Set(manifest.realms.map(\.realm))
        guard Set(try Administration.realms(of: source)) == realms else {
            throw StoreError.corrupt(seq: nil, detail: "control.db and the manifest name different realms")
        }
        if let other = try Administration.realms(of: place).first(where: { !realms.contains($0) }) {
            throw StoreError.notWritable(
                path: place.shown,
                detail: "it holds the ledger of \(other.tenant) \(other.mode.rawValue), which is not in the backup; "
                    + "restore into an empty database that is migrated")
        }
        var heads: [Realm: SealedHead] = [:]
        for entry in manifest.realms { heads[entry.realm] = entry.head }
        _ = try LedgerTransfer(from: source, to: place).run(heads: heads) { realm, step, done, total in
            if step == .entries { progress(realm, done, total) }
        }
        return CopyManifest(manifest)
    }

    private static func realms(of place: LedgerPlace) throws(StoreError) -> [Realm] {
        let opened = try place.open(.existing)
        defer { opened.close() }
        return try opened.control.realms()
    }
}

/// What a backup holds.
package struct CopyManifest: Sendable {
    /// Each realm with the end of its journal; nil when nothing was ever written to it.
    package var realms: [(realm: Realm, head: SealedHead?)]

    init(_ manifest: BackupManifest) {
        realms = manifest.realms.map { ($0.realm, $0.head) }
    }
}
