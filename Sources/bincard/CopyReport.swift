import LedgerCore
import LedgerStorage
import ServerApp

/// What was copied by a backup or a restore.
struct CopyReport: Encodable {
    struct RealmCopy: Encodable {
        var tenant: String
        var mode: String
        var seq: UInt64
        var hash: String?
    }

    var path: String
    var realms: [RealmCopy]

    init(_ path: String, _ manifest: CopyManifest) {
        self.path = path
        realms = manifest.realms.map { realm, head in
            RealmCopy(
                tenant: realm.tenant, mode: realm.mode.rawValue, seq: head?.head.seq ?? 0, hash: head?.hash.hex)
        }
    }

    func print(as format: OutputFormat, verb: String) throws {
        switch format {
        case .json: try JSONLine.print(self)
        case .text:
            Swift.print("\(realms.count) ledgers \(verb) \(path)")
            for realm in realms { Swift.print("  \(realm.tenant) \(realm.mode): \(realm.seq) entries") }
        }
    }
}
