public import LedgerCore

/// Test and live share nothing: each has its own realm.
public enum Mode: String, Sendable, CaseIterable {
    case test
    case live
}

/// A tenant's ledger in one mode. The unit of isolation, of order and of storage.
public struct Realm: Hashable, Sendable {
    /// Names the realm's file; made when the tenant is.
    public var id: ULID
    public var tenant: String
    public var mode: Mode

    public init(id: ULID, tenant: String, mode: Mode) {
        self.id = id
        self.tenant = tenant
        self.mode = mode
    }
}

/// What a key may do (contracts, *All four*). Raw values are stored and appear on the wire.
public enum Scope: String, Sendable, CaseIterable {
    case inventoryRead = "inventory:read"
    case inventoryWrite = "inventory:write"
    case ordersRead = "orders:read"
    case ordersWrite = "orders:write"
    case webhooksManage = "webhooks:manage"
    case marketplaceSync = "marketplace:sync"
    case keysManage = "keys:manage"
}

/// Requests per second that a key sustains, and how many it may send at once. `nil` in `APIKey.limit` is unlimited.
public struct RateLimit: Hashable, Sendable {
    /// Tokens per second, 1 or more.
    public var rate: Int
    /// Size of the bucket, 1 or more.
    public var burst: Int

    public init(rate: Int, burst: Int) {
        self.rate = rate
        self.burst = burst
    }
}

/// An API key as it is stored: never the secret, only its SHA-256.
public struct APIKey: Hashable, Sendable {
    /// `key_…` on the wire, and the part of the secret by which it is looked up.
    public var id: ULID
    public var realm: Realm
    public var name: String
    public var scopes: Set<Scope>
    public var secretHash: Digest256
    public var limit: RateLimit?
    public var createdAt: Instant
    /// Dead from this moment on: set by revoke (now) and by roll (after the grace time).
    public var expiresAt: Instant?

    public init(
        id: ULID, realm: Realm, name: String, scopes: Set<Scope>, secretHash: Digest256, limit: RateLimit?,
        createdAt: Instant, expiresAt: Instant? = nil
    ) {
        self.id = id
        self.realm = realm
        self.name = name
        self.scopes = scopes
        self.secretHash = secretHash
        self.limit = limit
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// Tenants and keys: what is shared by all realms. Every call blocks. Other processes may write to it at the same time
/// (`bincard keys` beside a running server).
public protocol ControlStore: Sendable {
    /// The realm of the tenant and mode; made, with its tenant, when it is new. `makeID` is called at most twice.
    func realm(tenant: String, mode: Mode, at now: Instant, makeID: () -> ULID) throws(StoreError) -> Realm

    /// All realms, ordered by tenant and mode.
    func realms() throws(StoreError) -> [Realm]

    /// Forgets a realm and its keys, so that the tenant starts anew; its file is left to whoever owns the directory.
    func removeRealm(_ realm: Realm) throws(StoreError)

    /// Adds a new key. Ids are never used twice.
    func insert(_ key: APIKey) throws(StoreError)

    /// nil when no such key exists.
    func key(_ id: ULID) throws(StoreError) -> APIKey?

    /// All keys of a tenant (of all tenants when nil), oldest first.
    func keys(tenant: String?) throws(StoreError) -> [APIKey]

    /// Moves the key's end; nil when no such key exists.
    func setExpiry(of key: ULID, to moment: Instant) throws(StoreError) -> APIKey?

    /// A number that changes whenever anybody, in any process, has changed something here. Cheap: asked every second.
    func version() throws(StoreError) -> Int64

    /// 32 random bytes made once for this installation: they seal cursors.
    func installationSecret(make: () -> [UInt8]) throws(StoreError) -> [UInt8]

    /// Releases files and connections. Nothing may be called after it.
    func close()
}
