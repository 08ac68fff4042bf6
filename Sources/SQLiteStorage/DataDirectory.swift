internal import Foundation
import LedgerCore
public import LedgerStorage

/// Where an installation on SQLite keeps everything:
///
///     control.db                      tenants, realms, keys
///     realms/<ULID>.db                one ledger each, with its -wal and -shm while it is open
///     realms/<ULID>.deliveries.db     what its webhook endpoints were sent; only where there are any
///     secret.key                      what encrypts webhook secrets, unless the environment has it
///     lock                            who serves it
public struct DataDirectory: Sendable {
    public let path: String

    public init(path: String) {
        self.path = path
    }

    var controlPath: String { path + "/control.db" }
    var realmsPath: String { path + "/realms" }
    var lockPath: String { path + "/lock" }
    /// The key that encrypts webhook secrets, when it is not in the environment.
    package var secretKeyPath: String { path + "/secret.key" }

    func path(of realm: ULID) -> String { "\(realmsPath)/\(realm.text).db" }

    func deliveriesPath(of realm: ULID) -> String { "\(realmsPath)/\(realm.text).deliveries.db" }

    /// What follows a realm's id in the names of its files.
    private static let suffixes: Set<String> = Set(
        [".db", ".deliveries.db"].flatMap { name in ["", "-wal", "-shm"].map { name + $0 } })

    /// Makes the directories, for their owner alone, as far as they are missing.
    ///
    /// - Throws: `StoreError.notWritable` with the reason.
    public func create() throws(StoreError) {
        for directory in [path, realmsPath] where !FileManager.default.fileExists(atPath: directory) {
            do {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                // Foundation says little of why; the system's own call says it.
                let detail = mkdir(directory, 0o700) == 0 ? Self.reason(error) : String(cString: strerror(errno))
                throw .notWritable(path: directory, detail: detail)
            }
            try Self.syncEntries(of: URL(fileURLWithPath: directory).deletingLastPathComponent().path)
        }
        for directory in [path, realmsPath] {
            guard access(directory, W_OK | X_OK) == 0 else {
                throw .notWritable(path: directory, detail: String(cString: strerror(errno)))
            }
        }
    }

    /// Makes a directory's own entries durable: a file that was synced is lost with the directory that it lies in.
    private static func syncEntries(of directory: String) throws(StoreError) {
        let file = Foundation.open(directory, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .notWritable(path: directory, detail: String(cString: strerror(errno))) }
        defer { Foundation.close(file) }
        // EINVAL: a file system that has nothing to sync for a directory.
        guard fsync(file) == 0 || errno == EINVAL else {
            throw .notWritable(path: directory, detail: String(cString: strerror(errno)))
        }
    }

    /// Whether there is an installation here.
    public var exists: Bool { FileManager.default.fileExists(atPath: controlPath) }

    /// Takes the directory for this process. Needed to write to realms, not to `control.db`, and not to read.
    ///
    /// - Throws: `StoreError.inUse`, `StoreError.notWritable`.
    public func lock() throws(StoreError) -> DirectoryLock {
        try DirectoryLock(path: lockPath)
    }

    /// - Throws: `StoreError.schemaTooNew`, `.notDurable`, `.failed`.
    public func openControl() throws(StoreError) -> SQLiteControlStore {
        try SQLiteControlStore(path: controlPath)
    }

    /// The realm's store; its file is made when it is new.
    ///
    /// - Throws: `StoreError.schemaTooNew`, `.notDurable`, `.failed`.
    public func openRealm(_ realm: Realm, holding lock: DirectoryLock) throws(StoreError) -> SQLiteRealmStore {
        guard lock.isHeld else { throw .failed(operation: "open a realm", detail: "the directory's lock was released") }
        return try SQLiteRealmStore(path: path(of: realm.id))
    }

    /// The realm's store for `verify` and the like, beside a running server or without one.
    ///
    /// - Throws: `StoreError.notFound` when nothing was ever written to the realm; `.schemaTooNew`, `.failed`.
    public func openRealmForReading(_ realm: Realm) throws(StoreError) -> SQLiteRealmStore {
        try SQLiteRealmStore(path: path(of: realm.id), access: .read)
    }

    /// Whether the realm has a file of deliveries: it has none before its first endpoint.
    public func hasDeliveries(_ realm: Realm) -> Bool {
        FileManager.default.fileExists(atPath: deliveriesPath(of: realm.id))
    }

    /// The store of the realm's deliveries; its file is made when it is new.
    ///
    /// - Throws: `StoreError.schemaTooNew`, `.notDurable`, `.failed`.
    public func openDeliveries(_ realm: Realm, holding lock: DirectoryLock) throws(StoreError) -> SQLiteDeliveryStore {
        guard lock.isHeld else {
            throw .failed(operation: "open the deliveries", detail: "the directory's lock was released")
        }
        return try SQLiteDeliveryStore(path: deliveriesPath(of: realm.id))
    }

    /// The same for tools that only read, beside a running server or without one.
    ///
    /// - Throws: `StoreError.notFound` when the realm never had an endpoint; `.schemaTooNew`, `.failed`.
    public func openDeliveriesForReading(_ realm: Realm) throws(StoreError) -> SQLiteDeliveryStore {
        try SQLiteDeliveryStore(path: deliveriesPath(of: realm.id), access: .read)
    }

    /// Deletes the files of realms that were removed.
    ///
    /// - Parameter realms: all that there are.
    /// - Returns: names of the files that are gone.
    public func removeOrphans(sparing realms: [Realm], holding lock: DirectoryLock) throws(StoreError) -> [String] {
        guard lock.isHeld else { throw .failed(operation: "tidy up", detail: "the directory's lock was released") }
        let spared = Set(realms.map(\.id.text))
        var removed: [String] = []
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: realmsPath).sorted() {
                // Only what is named like a realm's file; anything else was put there by somebody.
                guard let stem = name.split(separator: ".").first, ULID(stem) != nil, !spared.contains(String(stem)),
                    Self.suffixes.contains(String(name.dropFirst(stem.count)))
                else { continue }
                try FileManager.default.removeItem(atPath: "\(realmsPath)/\(name)")
                removed.append(name)
            }
        } catch {
            throw .notWritable(path: realmsPath, detail: Self.reason(error))
        }
        return removed
    }

    /// Foundation's errors carry the system's reason beneath.
    static func reason(_ error: any Error) -> String {
        let error = error as NSError
        if let beneath = error.userInfo[NSUnderlyingErrorKey] as? NSError, beneath.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(beneath.code)))
        }
        // Some of its own sentences end with a full stop; what they are put into goes on.
        let text = error.localizedDescription
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
