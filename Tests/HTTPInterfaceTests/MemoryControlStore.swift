import LedgerCore
import LedgerStorage
import Synchronization

/// Keys in a dictionary, counting what it is asked.
final class MemoryControlStore: ControlStore {
    private struct State {
        var keys: [ULID: APIKey] = [:]
        var version: Int64 = 1
        var lookUps = 0
        var loads = 0
        var isBroken = false
        var whileLoading: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var lookUps: Int { state.withLock { $0.lookUps } }
    var loads: Int { state.withLock { $0.loads } }

    func breakDown() { state.withLock { $0.isBroken = true } }

    /// Has `body` called once, when the next load has read its keys and not yet answered.
    func whileLoading(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.whileLoading = body } }

    func realm(tenant: String, mode: Mode, at now: Instant, makeID: () -> ULID) throws(StoreError) -> Realm {
        Realm(id: makeID(), tenant: tenant, mode: mode)
    }

    func realms() throws(StoreError) -> [Realm] { [] }

    func removeRealm(_ realm: Realm) throws(StoreError) {
        state.withLock { state in
            state.keys = state.keys.filter { $0.value.realm != realm }
            state.version += 1
        }
    }

    func insert(_ key: APIKey) throws(StoreError) {
        state.withLock { state in
            state.keys[key.id] = key
            state.version += 1
        }
    }

    func key(_ id: ULID) throws(StoreError) -> APIKey? {
        let (key, isBroken) = state.withLock { state in
            state.lookUps += 1
            return (state.keys[id], state.isBroken)
        }
        if isBroken { throw .failed(operation: "key", detail: "broken") }
        return key
    }

    func keys(tenant: String?) throws(StoreError) -> [APIKey] {
        let (keys, whileLoading) = state.withLock { state in
            defer { state.whileLoading = nil }
            state.loads += 1
            return (Array(state.keys.values), state.whileLoading)
        }
        whileLoading?()
        return keys
    }

    func setExpiry(of key: ULID, to moment: Instant) throws(StoreError) -> APIKey? {
        state.withLock { state in
            state.keys[key]?.expiresAt = moment
            state.version += 1
            return state.keys[key]
        }
    }

    func version() throws(StoreError) -> Int64 {
        let (version, isBroken) = state.withLock { ($0.version, $0.isBroken) }
        if isBroken { throw .failed(operation: "version", detail: "broken") }
        return version
    }

    func installationSecret(make: () -> [UInt8]) throws(StoreError) -> [UInt8] { make() }

    func close() {}
}
