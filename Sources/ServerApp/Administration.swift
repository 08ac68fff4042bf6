import Foundation
import HTTPInterface
package import LedgerCore
package import LedgerStorage
package import SQLiteStorage

/// What an operator does to an installation, beside a running server or without one.
package struct Administration: Sendable {
    /// Where everything is; beside a PostgreSQL, where the keys are.
    package let directory: DataDirectory
    let place: LedgerPlace

    /// An installation on SQLite.
    package init(data: String) { self.init(data: data, database: "sqlite") }

    /// - Parameter database: as in the setting.
    package init(data: String, database: String) {
        directory = DataDirectory(path: data)
        place = LedgerPlace(data: data, database: database)
    }

    /// The installation that the settings name.
    package init(_ settings: Settings) { self.init(data: settings["data"], database: settings["database"]) }

    package var path: String { directory.path }

    /// Where the ledgers are, for a person.
    package var shownPlace: String { place.shown }

    /// Whether the ledgers are in a PostgreSQL.
    package var isShared: Bool { if case .database = place { true } else { false } }

    /// A server that runs on this data; nil when none does.
    package var runningServer: ServerNote? { ServerNote.read(from: directory) }

    package static var now: Instant { Instant(milliseconds: RequestClock.wallMilliseconds()) }

    /// The 80 random bits of an id.
    package static func random() -> (UInt16, UInt64) {
        var generator = SystemRandomNumberGenerator()
        return (
            UInt16.random(in: .min ... .max, using: &generator), UInt64.random(in: .min ... .max, using: &generator)
        )
    }

    /// An id of this moment.
    package static func freshID() -> ULID { ULID(at: now, random: random()) }

    // MARK: Keys

    /// A key just made: the only time that its secret is seen.
    package struct CreatedKey: Sendable {
        package var key: APIKey
        package var secret: String
    }

    /// Makes a key, and the installation and the tenant when they are new. A server that runs on the data takes the key
    /// within seconds.
    package func createKey(
        tenant: String, mode: Mode, name: String, scopes: Set<Scope>, limit: RateLimit?
    ) throws(StoreError) -> CreatedKey {
        let opened = try place.open(.new)
        defer { opened.close() }
        return try Administration.createKey(
            in: opened.control, tenant: tenant, mode: mode, name: name, scopes: scopes, limit: limit)
    }

    static func createKey(
        in control: any ControlStore, tenant: String, mode: Mode, name: String, scopes: Set<Scope>, limit: RateLimit?
    ) throws(StoreError) -> CreatedKey {
        let realm = try control.realm(tenant: tenant, mode: mode, at: now, makeID: freshID)
        let id = freshID()
        let secret = KeySecret.mint(mode: mode, id: id)
        let key = APIKey(
            id: id, realm: realm, name: name, scopes: scopes, secretHash: secret.hash, limit: limit, createdAt: now)
        try control.insert(key)
        return CreatedKey(key: key, secret: secret.text)
    }

    /// All keys of a tenant, of every tenant when nil, oldest first.
    /// - Throws: `StoreError.notFound` when there is no installation.
    package func keys(tenant: String?) throws(StoreError) -> [APIKey] {
        try withControl { control throws(StoreError) in try control.keys(tenant: tenant) }
    }

    /// Makes a new key with the same rights; the old one lives on for the grace time.
    package func rollKey(_ id: ULID, grace: Duration) throws(StoreError) -> CreatedKey {
        let opened = try place.open(.existing)
        defer { opened.close() }
        let control = opened.control
        guard let old = try control.key(id), old.expiresAt.map({ $0 > Administration.now }) ?? true else {
            throw .notFound("key_\(id.text)")
        }
        let created = try Administration.createKey(
            in: control, tenant: old.realm.tenant, mode: old.realm.mode, name: old.name, scopes: old.scopes,
            limit: old.limit)
        let end = Administration.now.milliseconds + grace.components.seconds * 1_000
        _ = try control.setExpiry(of: id, to: Instant(milliseconds: end))
        return created
    }

    /// Ends a key now.
    /// - Throws: `StoreError.notFound` when there is no such key.
    package func revokeKey(_ id: ULID) throws(StoreError) -> APIKey {
        let key = try withControl { control throws(StoreError) in
            try control.setExpiry(of: id, to: Administration.now)
        }
        guard let key else { throw .notFound("key_\(id.text)") }
        return key
    }

    private func withControl<Value>(
        _ body: (any ControlStore) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        let opened = try place.open(.existing)
        defer { opened.close() }
        return try body(opened.control)
    }

    // MARK: Verify, backup, restore

    /// A realm and what `verify` found in it.
    package struct VerifiedRealm: Sendable {
        package var realm: Realm
        package var report: VerificationReport
    }

    /// Verifies the realms of the tenant and mode, all where nil. A realm to which nothing was ever written is right.
    package func verify(
        tenant: String?, mode: Mode?, progress: (Realm, UInt64, UInt64) -> Void
    ) throws(StoreError) -> [VerifiedRealm] {
        let opened = try place.open(.existing)
        defer { opened.close() }
        var verified: [VerifiedRealm] = []
        for realm in try opened.control.realms()
        where (tenant ?? realm.tenant) == realm.tenant && (mode ?? realm.mode) == realm.mode {
            verified.append(VerifiedRealm(realm: realm, report: try verify(realm, opened) { progress(realm, $0, $1) }))
        }
        if verified.isEmpty, let tenant {
            throw .notFound("tenant \(tenant)\(mode.map { " in \($0.rawValue) mode" } ?? "")")
        }
        return verified
    }

    private func verify(
        _ realm: Realm, _ opened: any OpenedPlace, progress: (UInt64, UInt64) -> Void
    ) throws(StoreError) -> VerificationReport {
        guard let store = try opened.read(realm) else { return VerificationReport() }
        defer { store.close() }
        let verifier = LedgerVerifier(store: store)
        return try verifier.run(progress: progress)
    }

    package func realms() throws(StoreError) -> [Realm] {
        try withControl { control throws(StoreError) in try control.realms() }
    }

    /// Forgets a realm and its keys, so that the tenant starts anew. The file goes when the server starts next, or now
    /// when none runs. In PostgreSQL the rows stay: a journal is never deleted.
    package func removeRealm(tenant: String, mode: Mode) throws(StoreError) -> Bool {
        let opened = try place.open(.existing)
        defer { opened.close() }
        let control = opened.control
        guard let realm = try control.realms().first(where: { $0.tenant == tenant && $0.mode == mode }) else {
            return false
        }
        try control.removeRealm(realm)
        guard case .directory = place else { return true }
        do throws(StoreError) {
            let lock = try directory.lock()
            defer { lock.release() }
            _ = try directory.removeOrphans(sparing: try control.realms(), holding: lock)
        } catch .inUse {
            return true
        }
        return true
    }
}
