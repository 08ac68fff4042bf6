import Foundation
import HTTPInterface
package import LedgerCore
package import LedgerStorage
import PostgresStorage
import SQLiteStorage
import Synchronization
import WebhookDelivery

/// Where a server keeps everything: a directory of SQLite files, or a PostgreSQL that it may share with other servers.
package protocol ServerStorage: Sendable {
    /// Tenants and keys.
    var control: any ControlStore { get }
    /// Whether nobody has ever had a key here.
    var isNew: Bool { get }
    /// Begins to tell `body` which realms other servers have written to; nil when it may be any. Nothing where no other
    /// server writes. On a thread of its own, which `body` must not hold up.
    func watchOthers(_ body: @escaping @Sendable (_ grew: (@Sendable (ULID) -> Bool)?) -> Void)

    /// Budgets of keys that servers share; nil where there is one server.
    var budgets: (any BudgetStore)? { get }

    /// The servers that share it; nil where there is one.
    var servers: (any ServerDirectory)? { get }

    /// The store of the realm's ledger.
    func openRealm(_ realm: Realm) throws(StoreError) -> any RealmStore

    /// The store of the realm's deliveries.
    ///
    /// - Throws: `StoreError.inUse` when another server delivers for the realm.
    func openDeliveries(_ realm: Realm) throws(StoreError) -> any DeliveryStore

    /// The realm's deliveries for reading, while another server delivers; nil where there is no other.
    func othersDeliveries(_ realm: Realm) -> (any DeliveryStore)?

    /// Whether the realm may have endpoints that something is to be sent to.
    func mayHaveDeliveries(_ realm: Realm) -> Bool

    /// Releases files, connections and locks.
    func close()
}

/// A data directory for this process alone.
struct EmbeddedStorage: ServerStorage {
    let directory: DataDirectory
    let lock: DirectoryLock
    let control: any ControlStore
    let isNew: Bool

    /// Makes the directory when it is new, and takes it.
    init(_ directory: DataDirectory) throws(StoreError) {
        self.directory = directory
        try directory.create()
        lock = try directory.lock()
        isNew = !directory.exists
        control = try directory.openControl()
        _ = try directory.removeOrphans(sparing: try control.realms(), holding: lock)
    }

    func watchOthers(_ body: @escaping @Sendable ((@Sendable (ULID) -> Bool)?) -> Void) {}

    var budgets: (any BudgetStore)? { nil }

    var servers: (any ServerDirectory)? { nil }

    func openRealm(_ realm: Realm) throws(StoreError) -> any RealmStore {
        try directory.openRealm(realm, holding: lock)
    }

    func openDeliveries(_ realm: Realm) throws(StoreError) -> any DeliveryStore {
        try directory.openDeliveries(realm, holding: lock)
    }

    func othersDeliveries(_ realm: Realm) -> (any DeliveryStore)? { nil }

    func mayHaveDeliveries(_ realm: Realm) -> Bool { directory.hasDeliveries(realm) }

    func close() {
        control.close()
        lock.release()
    }
}

/// A PostgreSQL; the directory holds only what a server must not keep in it: its keys.
struct SharedStorage: ServerStorage {
    let database: PostgresDatabase
    let control: any ControlStore
    let isNew: Bool
    private let leases = DeliveryLeases()

    init(_ conninfo: String, _ directory: DataDirectory, connections: Int, commits: Int) throws(StoreError) {
        try directory.create()
        let key = try DatabaseKey.load(directory)
        database = try PostgresDatabase(
            conninfo: conninfo, sealKey: key, connections: connections, commits: commits)
        control = database.openControl()
        isNew = try control.realms().isEmpty
    }

    func watchOthers(_ body: @escaping @Sendable ((@Sendable (ULID) -> Bool)?) -> Void) {
        database.exchangeSignals { [database] names in
            guard let names else { return body(nil) }
            body { names.contains(database.signalName(of: $0)) }
        }
    }

    var budgets: (any BudgetStore)? { database.openBudgets() }

    var servers: (any ServerDirectory)? { database.openServers() }

    func openRealm(_ realm: Realm) throws(StoreError) -> any RealmStore { database.openRealm(realm) }

    func openDeliveries(_ realm: Realm) throws(StoreError) -> any DeliveryStore {
        leases.open(database.openDeliveries(realm), realm.id)
    }

    func othersDeliveries(_ realm: Realm) -> (any DeliveryStore)? { database.openDeliveriesForReading(realm) }

    func mayHaveDeliveries(_ realm: Realm) -> Bool { true }

    func close() {
        leases.stop()
        control.close()
        database.close()
    }
}

/// Leases of deliveries that this server holds, renewed while nothing is delivered.
private final class DeliveryLeases: Sendable {
    private let stores = Mutex<[ULID: PostgresDeliveryStore]>([:])
    private let renewing = Mutex<PeriodicThread?>(nil)

    init() {
        // A lease runs out ten seconds after it was renewed.
        renewing.withLock { renewing in
            renewing = PeriodicThread(everyMilliseconds: 3_000) { [weak self] in self?.renew() }
        }
    }

    /// Renews the store's lease from now on, once it has one.
    func open(_ store: PostgresDeliveryStore, _ realm: ULID) -> PostgresDeliveryStore {
        stores.withLock { $0[realm] = store }
        return store
    }

    private func renew() {
        for store in stores.withLock({ Array($0.values) }) {
            // Whoever delivers learns of a lost lease when it commits; a database that is away is tried again.
            try? store.renew()
        }
    }

    func stop() {
        let thread = renewing.withLock { renewing in
            defer { renewing = nil }
            return renewing
        }
        thread?.stop()
    }
}

/// The key with which servers seal realms: all servers of a database have the same.
enum DatabaseKey {
    /// Where it stands, unless the environment has it.
    static let variable = "BINCARD_DATABASE_KEY"

    static func path(_ directory: DataDirectory) -> String { directory.path + "/database.key" }

    /// The key from the environment, or from the file that a migration has made.
    /// - Throws: `StoreError.failed` with what to do when there is none or it is none.
    static func load(_ directory: DataDirectory) throws(StoreError) -> RealmSealKey {
        if let key = try find(directory) { return key }
        throw .failed(
            operation: "open the database",
            detail:
                "there is no key to it. Run `bincard db migrate --database …` here, copy \(path(directory)) from the "
                + "server where that was done, or set \(variable)")
    }

    /// nil when there is none.
    static func find(_ directory: DataDirectory) throws(StoreError) -> RealmSealKey? {
        let text: String
        let place: String
        if let given = ProcessInfo.processInfo.environment[variable] {
            text = given
            place = variable
        } else {
            place = path(directory)
            guard FileManager.default.fileExists(atPath: place) else { return nil }
            guard let found = try? String(contentsOfFile: place, encoding: .utf8) else {
                throw .notWritable(path: place, detail: "it can't be read")
            }
            text = found
        }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let digest = Digest256(hex: trimmed), let key = RealmSealKey(bytes: digest.bytes) else {
            throw .failed(operation: "open the database", detail: "\(place) is not 64 hexadecimal digits")
        }
        return key
    }

    /// A new one, kept nowhere yet.
    static func make() throws(StoreError) -> (key: RealmSealKey, text: String) {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        guard let digest = Digest256(bytes: bytes), let key = RealmSealKey(bytes: bytes) else {
            throw .failed(operation: "make a key", detail: "no random bytes")
        }
        return (key, digest.hex + "\n")
    }

    /// Keeps a new key in the directory, for its owner alone.
    static func keep(_ text: String, in directory: DataDirectory) throws(StoreError) {
        try directory.create()
        let path = path(directory)
        do throws(SecretKeyFault) {
            try SecretKeyFile.write(text, to: path)
        } catch {
            throw .notWritable(path: path, detail: "\(error)")
        }
    }
}
