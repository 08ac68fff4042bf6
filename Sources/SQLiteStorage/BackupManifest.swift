internal import Foundation
public import LedgerCore
public import LedgerStorage

/// `manifest.json` of a backup: what it holds, written last, so that a folder with one is complete.
public struct BackupManifest: Sendable {
    /// One realm of the backup.
    public struct Entry: Sendable {
        public var realm: Realm
        /// The head of the realm's journal in the backup; nil when nothing was ever written to it and it has no file.
        public var head: SealedHead?
        /// Whether it holds what the realm's webhook endpoints were sent.
        public var hasDeliveries = false
    }

    public var createdAt: Instant
    public var realms: [Entry]

    static let name = "manifest.json"
    static let version = 1
}

/// Its form in JSON. Hashes in hexadecimal, times in milliseconds since 1970.
private struct ManifestJSON: Codable {
    struct Realm: Codable {
        var id: String
        var tenant: String
        var mode: String
        var file: String?
        /// Absent where the realm has none, and in a backup of a version that knew of none.
        var deliveriesFile: String?
        var headSeq: UInt64?
        var headID: String?
        var headRecordedAt: Int64?
        var headHash: String?
    }

    var version: Int
    var createdAt: Int64
    var realms: [Realm]
}

extension BackupManifest {
    func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(
            ManifestJSON(
                version: Self.version, createdAt: createdAt.milliseconds,
                realms: realms.map { entry in
                    ManifestJSON.Realm(
                        id: entry.realm.id.text, tenant: entry.realm.tenant, mode: entry.realm.mode.rawValue,
                        file: entry.head.map { _ in "realms/\(entry.realm.id.text).db" },
                        deliveriesFile: entry.hasDeliveries ? "realms/\(entry.realm.id.text).deliveries.db" : nil,
                        headSeq: entry.head?.head.seq, headID: entry.head?.head.id.text,
                        headRecordedAt: entry.head?.head.recordedAt.milliseconds, headHash: entry.head?.hash.hex)
                }))
    }

    /// Reads the manifest of a backup.
    ///
    /// - Throws: `StoreError.notFound` when the folder has none: it is no backup, or one that was never finished;
    ///   `StoreError.corrupt`, `StoreError.schemaTooNew`.
    public init(folder: String) throws(StoreError) {
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(Self.name)") else {
            throw .notFound("\(folder)/\(Self.name)")
        }
        guard let json = try? JSONDecoder().decode(ManifestJSON.self, from: data) else {
            throw .corrupt(seq: nil, detail: "\(folder)/\(Self.name) can't be read")
        }
        guard json.version <= Self.version else { throw .schemaTooNew(found: json.version, known: Self.version) }
        createdAt = Instant(milliseconds: json.createdAt)
        realms = []
        for realm in json.realms {
            guard let id = ULID(realm.id), let mode = Mode(rawValue: realm.mode) else {
                throw .corrupt(seq: nil, detail: "\(folder)/\(Self.name) names realm \(realm.id), \(realm.mode)")
            }
            var head: SealedHead?
            if let seq = realm.headSeq {
                guard let last = realm.headID.flatMap({ ULID($0) }), let recordedAt = realm.headRecordedAt,
                    let hash = realm.headHash.flatMap({ Digest256(hex: $0) })
                else {
                    throw .corrupt(seq: nil, detail: "\(folder)/\(Self.name): the head of \(realm.id) is incomplete")
                }
                head = SealedHead(
                    head: Head(seq: seq, id: last, recordedAt: Instant(milliseconds: recordedAt)), hash: hash)
            }
            realms.append(
                Entry(
                    realm: Realm(id: id, tenant: realm.tenant, mode: mode), head: head,
                    hasDeliveries: realm.deliveriesFile != nil))
        }
    }
}
