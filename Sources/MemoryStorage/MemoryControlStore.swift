public import LedgerCore
public import LedgerStorage
import Synchronization

/// Tenants and keys in memory, for simulation and tests alone.
public final class MemoryControlStore: ControlStore {
    private struct State {
        var realms: [Realm] = []
        var keys: [ULID: APIKey] = [:]
        var secret: [UInt8]?
        var version: Int64 = 0

        func realm(_ tenant: String, _ mode: Mode) -> Realm? {
            realms.first { $0.tenant == tenant && $0.mode == mode }
        }
    }

    private let state = Mutex(State())

    public init() {}

    public func realm(tenant: String, mode: Mode, at now: Instant, makeID: () -> ULID) throws(StoreError) -> Realm {
        if let realm = state.withLock({ $0.realm(tenant, mode) }) { return realm }
        let realm = Realm(id: makeID(), tenant: tenant, mode: mode)
        return state.withLock { state in
            if let other = state.realm(tenant, mode) { return other }
            state.realms.append(realm)
            state.version += 1
            return realm
        }
    }

    public func realms() throws(StoreError) -> [Realm] {
        state.withLock { state in
            // By the bytes of the name and then of the mode, as the database orders text.
            state.realms.sorted {
                $0.tenant == $1.tenant
                    ? $0.mode.rawValue < $1.mode.rawValue
                    : $0.tenant.utf8.lexicographicallyPrecedes($1.tenant.utf8)
            }
        }
    }

    public func removeRealm(_ realm: Realm) throws(StoreError) {
        state.withLock { state in
            state.realms.removeAll { $0 == realm }
            state.keys = state.keys.filter { $0.value.realm != realm }
            state.version += 1
        }
    }

    public func insert(_ key: APIKey) throws(StoreError) {
        try state.withLock { (state) throws(StoreError) in
            guard state.realms.contains(key.realm) else {
                throw .notFound("realm \(key.realm.tenant) \(key.realm.mode.rawValue)")
            }
            guard state.keys[key.id] == nil else {
                throw .failed(operation: "insert a key", detail: "the id \(key.id.text) exists")
            }
            state.keys[key.id] = key
            state.version += 1
        }
    }

    public func key(_ id: ULID) throws(StoreError) -> APIKey? {
        state.withLock { $0.keys[id] }
    }

    public func keys(tenant: String?) throws(StoreError) -> [APIKey] {
        state.withLock { state in
            state.keys.values.filter { tenant == nil || $0.realm.tenant == tenant }
                .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        }
    }

    public func setExpiry(of key: ULID, to moment: Instant) throws(StoreError) -> APIKey? {
        state.withLock { state in
            guard state.keys[key] != nil else { return nil }
            state.keys[key]?.expiresAt = moment
            state.version += 1
            return state.keys[key]
        }
    }

    public func version() throws(StoreError) -> Int64 {
        state.withLock { $0.version }
    }

    public func installationSecret(make: () -> [UInt8]) throws(StoreError) -> [UInt8] {
        if let secret = state.withLock({ $0.secret }) { return secret }
        let made = make()
        return state.withLock { state in
            let secret = state.secret ?? made
            state.secret = secret
            return secret
        }
    }

    public func close() {}
}
