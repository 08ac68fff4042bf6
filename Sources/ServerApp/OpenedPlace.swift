import LedgerCore
import LedgerStorage
import PostgresStorage
import SQLiteStorage

/// An installation that a command works on, beside its servers or without one.
protocol OpenedPlace: Sendable {
    var control: any ControlStore { get }

    /// nil when nothing was ever written to the realm.
    func read(_ realm: Realm) throws(StoreError) -> (any RealmStore)?

    /// nil when the realm never had an endpoint.
    func readDeliveries(_ realm: Realm) throws(StoreError) -> (any DeliveryStore)?

    /// For a place that was opened for writing.
    func write(_ realm: Realm) throws(StoreError) -> any RealmStore

    /// For a place that was opened for writing.
    func writeDeliveries(_ realm: Realm) throws(StoreError) -> any DeliveryStore

    /// Releases files, connections and locks.
    func close()
}

extension LedgerPlace {
    /// What a place is opened for.
    enum Purpose {
        /// There must be an installation.
        case existing
        /// One is made where there is none.
        case new
        /// The same, and ledgers are written to: no server may run on a directory meanwhile.
        case writing
    }

    /// - Throws: `StoreError.notFound` when there is no installation, `.inUse` when a server writes to it, and whatever
    ///   keeps a database from being opened.
    func open(_ purpose: Purpose) throws(StoreError) -> any OpenedPlace {
        switch self {
        case .directory(let directory): try OpenedDirectory(directory, purpose)
        case .database(let conninfo, let directory): try OpenedDatabase(conninfo, keyIn: directory)
        }
    }
}

private struct OpenedDirectory: OpenedPlace {
    let directory: DataDirectory
    let lock: DirectoryLock?
    let control: any ControlStore

    init(_ directory: DataDirectory, _ purpose: LedgerPlace.Purpose) throws(StoreError) {
        self.directory = directory
        switch purpose {
        case .existing:
            guard directory.exists else { throw .notFound("installation in \(directory.path)") }
            lock = nil
        case .new:
            try directory.create()
            lock = nil
        case .writing:
            try directory.create()
            lock = try directory.lock()
        }
        control = try directory.openControl()
    }

    func read(_ realm: Realm) throws(StoreError) -> (any RealmStore)? {
        do throws(StoreError) {
            return try directory.openRealmForReading(realm)
        } catch .notFound {
            return nil
        }
    }

    func readDeliveries(_ realm: Realm) throws(StoreError) -> (any DeliveryStore)? {
        directory.hasDeliveries(realm) ? try directory.openDeliveriesForReading(realm) : nil
    }

    func write(_ realm: Realm) throws(StoreError) -> any RealmStore {
        try directory.openRealm(realm, holding: try held())
    }

    func writeDeliveries(_ realm: Realm) throws(StoreError) -> any DeliveryStore {
        try directory.openDeliveries(realm, holding: try held())
    }

    private func held() throws(StoreError) -> DirectoryLock {
        guard let lock else { throw .failed(operation: "write", detail: "opened for reading only") }
        return lock
    }

    func close() {
        control.close()
        lock?.release()
    }
}

private struct OpenedDatabase: OpenedPlace {
    let database: PostgresDatabase
    let control: any ControlStore

    /// A command does one thing after another, on few connections.
    private static let connections = 6

    init(_ conninfo: String, keyIn directory: DataDirectory) throws(StoreError) {
        let key = try DatabaseKey.load(directory)
        database = try PostgresDatabase(conninfo: conninfo, sealKey: key, connections: Self.connections)
        control = database.openControl()
    }

    func read(_ realm: Realm) throws(StoreError) -> (any RealmStore)? { database.openRealm(realm) }

    func readDeliveries(_ realm: Realm) throws(StoreError) -> (any DeliveryStore)? {
        let store = database.openDeliveriesForReading(realm)
        return try store.open() == OpenedDeliveries() ? nil : store
    }

    func write(_ realm: Realm) throws(StoreError) -> any RealmStore { database.openRealm(realm) }

    func writeDeliveries(_ realm: Realm) throws(StoreError) -> any DeliveryStore { database.openDeliveries(realm) }

    func close() {
        control.close()
        database.close()
    }
}
