import Foundation
import LedgerCore
import LedgerStorage
import MemoryStorage
import PostgresServer
import PostgresStorage
import SQLiteStorage
import Testing

/// An engine that the suite runs on. Each test makes a fresh installation, and may open its stores again.
enum StorageEngine: String, CaseIterable, CustomTestStringConvertible {
    case memory
    case sqlite
    case postgres
    /// As `bincard db migrate --citus` makes it, on what stands in for a Citus and is none: every table in partitions
    /// by the hash of its realm (`CitusStandIn`).
    case divided = "postgres, divided"

    /// With BINCARD_CONFORMANCE=all the divided one too, which takes as long as the others together: `OneShardTests`
    /// and copies there and back run in any case.
    static let allCases: [StorageEngine] =
        [.memory, .sqlite, .postgres]
        + (ProcessInfo.processInfo.environment["BINCARD_CONFORMANCE"] == "all" ? [.divided] : [])

    var testDescription: String { rawValue }
}

/// One realm and one control store of an engine, in a place of their own that goes away with it.
final class Installation {
    let engine: StorageEngine
    private let directory: DataDirectory
    private let lock: DirectoryLock?
    private let realm = Realm(id: ULID(high: 3, low: 4), tenant: "acme", mode: .test)
    private let memoryRealm = MemoryRealmStore()
    private let memoryControl = MemoryControlStore()
    private let memoryDeliveries = MemoryDeliveryStore()
    private let testDatabase: TestDatabase?
    private var database: PostgresDatabase?
    private var openedDeliveries: (any DeliveryStore)?
    private(set) var store: any RealmStore
    private(set) var control: any ControlStore

    init(_ engine: StorageEngine) throws {
        self.engine = engine
        directory = DataDirectory(path: NSTemporaryDirectory() + "/bincard-\(UUID().uuidString)")
        switch engine {
        case .memory:
            lock = nil
            testDatabase = nil
            store = memoryRealm
            control = memoryControl
        case .sqlite:
            try directory.create()
            let lock = try directory.lock()
            self.lock = lock
            testDatabase = nil
            store = try directory.openRealm(realm, holding: lock)
            control = try directory.openControl()
        case .postgres, .divided:
            lock = nil
            let server = try PostgresServer.shared.get()
            let isDivided = engine == .divided
            let testDatabase = try TestDatabase(
                on: server, template: isDivided ? "bincard_divided_template" : "bincard_template"
            ) { url in
                if isDivided { try CitusStandIn.install(on: server, ownerURL: url) }
                _ = try PostgresAdministration(conninfo: url).migrate(
                    serverRole: TestDatabase.role, sealKey: Installation.sealKey,
                    distribution: isDivided ? .citus(shards: nil) : .asItIs)
            }
            self.testDatabase = testDatabase
            let database = try PostgresDatabase(conninfo: testDatabase.url, sealKey: Installation.sealKey)
            self.database = database
            store = database.openRealm(realm)
            control = database.openControl()
        }
    }

    /// Of all databases here: they are copies of one.
    private static let sealKey = RealmSealKey(bytes: TestDatabase.sealKey) ?? .random()

    deinit {
        store.close()
        control.close()
        openedDeliveries?.close()
        lock?.release()
        database?.close()
        testDatabase?.drop()
        try? FileManager.default.removeItem(atPath: directory.path)
    }

    /// The store of the realm's deliveries, which not every test needs.
    var deliveries: any DeliveryStore {
        get throws {
            if let openedDeliveries { return openedDeliveries }
            let store: any DeliveryStore =
                if let lock {
                    try directory.openDeliveries(realm, holding: lock)
                } else if let database {
                    database.openDeliveries(realm)
                } else {
                    memoryDeliveries
                }
            openedDeliveries = store
            return store
        }
    }

    /// Closes the stores and opens them again: what was committed must be there.
    func reopen() throws {
        store.close()
        control.close()
        openedDeliveries?.close()
        openedDeliveries = nil
        if let testDatabase {
            database?.close()
            let database = try PostgresDatabase(conninfo: testDatabase.url, sealKey: Installation.sealKey)
            self.database = database
            store = database.openRealm(realm)
            control = database.openControl()
        }
        guard let lock else { return }
        store = try directory.openRealm(realm, holding: lock)
        control = try directory.openControl()
    }

    /// A second connection to the control store, as another process would have one.
    func otherControl() throws -> any ControlStore {
        switch engine {
        case .memory: memoryControl
        case .sqlite: try directory.openControl()
        case .postgres, .divided: database.map { $0.openControl() } ?? control
        }
    }
}
