import GRDB
public import LedgerCore
public import LedgerStorage
import Synchronization

/// Tenants and keys in `control.db`. Several processes may have it open: `bincard keys` writes beside a running server.
public final class SQLiteControlStore: ControlStore {
    private let queue: DatabaseQueue
    /// `PRAGMA data_version` counts what others have changed; this counts what was changed here.
    private let ownChanges = Atomic<Int64>(0)

    /// Opens the file, makes it when it is missing.
    ///
    /// - Throws: `StoreError.schemaTooNew`, `.notDurable`, `.failed`.
    package init(path: String) throws(StoreError) {
        queue = try SQLiteFailure.translating("open \(path)") {
            var configuration = DatabaseSettings.configuration(cacheKibibytes: 512, busyTimeout: 10)
            configuration.journalMode = .wal
            PrivateFile.make(path)
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { db in
                try DatabaseSettings.makeDurable(db)
                try ControlSchema.migrations.migrate(db)
            }
            return queue
        }
    }

    public func realm(tenant: String, mode: Mode, at now: Instant, makeID: () -> ULID) throws(StoreError) -> Realm {
        if let realm = try read({ try ControlStatements.realm(tenant: tenant, mode: mode, $0) }) { return realm }
        return try write("make a realm") { db in
            // Another process may have made it in the meantime.
            if let realm = try ControlStatements.realm(tenant: tenant, mode: mode, db) { return realm }
            let realm = Realm(id: makeID(), tenant: tenant, mode: mode)
            try ControlStatements.insert(realm, at: now, db)
            return realm
        }
    }

    public func realms() throws(StoreError) -> [Realm] {
        try read { try ControlStatements.realms($0) }
    }

    public func removeRealm(_ realm: Realm) throws(StoreError) {
        try write("remove a realm") { try ControlStatements.delete(realm, $0) }
    }

    public func insert(_ key: APIKey) throws(StoreError) {
        try write("insert a key") { db in
            guard try ControlStatements.realm(tenant: key.realm.tenant, mode: key.realm.mode, db) == key.realm else {
                throw StoreError.notFound("realm \(key.realm.tenant) \(key.realm.mode.rawValue)")
            }
            try ControlStatements.insert(key, db)
        }
    }

    public func key(_ id: ULID) throws(StoreError) -> APIKey? {
        try read { try ControlStatements.key(id, $0) }
    }

    public func keys(tenant: String?) throws(StoreError) -> [APIKey] {
        try read { try ControlStatements.keys(tenant: tenant, $0) }
    }

    public func setExpiry(of key: ULID, to moment: Instant) throws(StoreError) -> APIKey? {
        try write("set a key's end") { db in
            try ControlStatements.setExpiry(of: key, to: moment, db)
            return try ControlStatements.key(key, db)
        }
    }

    public func version() throws(StoreError) -> Int64 {
        // Both counters only ever grow.
        try read { try ControlStatements.dataVersion($0) } + ownChanges.load(ordering: .sequentiallyConsistent)
    }

    public func installationSecret(make: () -> [UInt8]) throws(StoreError) -> [UInt8] {
        if let secret = try read({ try ControlStatements.secret($0) }) { return secret }
        return try write("make the installation's secret") { db in
            if let secret = try ControlStatements.secret(db) { return secret }
            let secret = make()
            try ControlStatements.insert(secret: secret, db)
            return secret
        }
    }

    public func close() {
        try? queue.close()
    }

    /// Copies the whole file, complete and consistent, beside whoever writes to it.
    package func backup(to path: String) throws(StoreError) {
        try SQLiteFailure.translating("back up to \(path)") {
            PrivateFile.make(path)
            let copy = try DatabaseQueue(path: path)
            try queue.backup(to: copy)
            try copy.close()
        }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        try SQLiteFailure.translating("read control.db") { try queue.unsafeRead(body) }
    }

    private func write<Value>(_ operation: String, _ body: (Database) throws -> Value) throws(StoreError) -> Value {
        try SQLiteFailure.translating(operation) {
            try queue.writeWithoutTransaction { db in
                try BoundStatement("BEGIN IMMEDIATE", db).run()
                do {
                    let value = try body(db)
                    try BoundStatement("COMMIT", db).run()
                    ownChanges.add(1, ordering: .sequentiallyConsistent)
                    return value
                } catch {
                    if db.isInsideTransaction { try? BoundStatement("ROLLBACK", db).run() }
                    throw error
                }
            }
        }
    }
}
