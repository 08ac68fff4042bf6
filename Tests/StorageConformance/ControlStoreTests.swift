import LedgerCore
import LedgerStorage
import Testing

@Suite("the store of tenants and keys", .serialized)
struct ControlStoreTests {
    private let now = Instant(milliseconds: 1_780_000_000_000)

    private func key(_ number: UInt64, _ realm: Realm) -> APIKey {
        APIKey(
            id: ULID(high: 7, low: number), realm: realm, name: "till \(number)",
            scopes: [.inventoryRead, .keysManage],
            secretHash: Digest256(a: number, b: 2, c: 3, d: .max), limit: RateLimit(rate: 50, burst: 100),
            createdAt: Instant(milliseconds: now.milliseconds + Int64(number)))
    }

    @Test("a realm is made once, by whoever asks first", arguments: StorageEngine.allCases)
    func realms(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let control = installation.control
        var made: UInt64 = 0
        func makeID() -> ULID {
            made += 1
            return ULID(high: 1, low: made)
        }
        let live = try control.realm(tenant: "zoo", mode: .live, at: now, makeID: makeID)
        let test = try control.realm(tenant: "zoo", mode: .test, at: now, makeID: makeID)
        let other = try control.realm(tenant: "acme", mode: .test, at: now, makeID: makeID)
        #expect(Set([live.id, test.id, other.id]).count == 3)
        let before = made
        #expect(try control.realm(tenant: "zoo", mode: .live, at: now, makeID: makeID) == live)
        #expect(made == before)
        #expect(try control.realms() == [other, live, test])
        try installation.reopen()
        #expect(try installation.control.realms() == [other, live, test])
    }

    @Test("a key comes back as it was, with every scope, limit and end", arguments: StorageEngine.allCases)
    func keys(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let realm = try installation.control.realm(tenant: "acme", mode: .test, at: now) { ULID(high: 1, low: 1) }
        let other = try installation.control.realm(tenant: "zoo", mode: .live, at: now) { ULID(high: 1, low: 2) }
        var full = key(1, realm)
        full.scopes = Set(Scope.allCases)
        full.limit = nil
        full.expiresAt = now
        var none = key(2, other)
        none.scopes = []
        try installation.control.insert(none)
        try installation.control.insert(full)
        try installation.reopen()
        let control = installation.control
        #expect(try control.key(full.id) == full)
        #expect(try control.key(none.id) == none)
        #expect(try control.key(.zero) == nil)
        #expect(try control.keys(tenant: nil) == [full, none])
        #expect(try control.keys(tenant: "acme") == [full])
        #expect(try control.keys(tenant: "nobody") == [])
        #expect(throws: StoreError.self) { try control.insert(full) }
    }

    @Test("a key's end can be set and moved", arguments: StorageEngine.allCases)
    func expiry(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let control = installation.control
        let realm = try control.realm(tenant: "acme", mode: .test, at: now) { ULID(high: 1, low: 1) }
        var expected = key(1, realm)
        try control.insert(expected)
        for end in [now, Instant(milliseconds: now.milliseconds + 60_000)] {
            expected.expiresAt = end
            #expect(try control.setExpiry(of: expected.id, to: end) == expected)
            #expect(try control.key(expected.id) == expected)
        }
        #expect(try control.setExpiry(of: .zero, to: now) == nil)
    }

    @Test("a key of a realm that does not exist is refused", arguments: StorageEngine.allCases)
    func strangers(engine: StorageEngine) throws {
        let control = try Installation(engine)
        let realm = Realm(id: ULID(high: 9, low: 9), tenant: "nobody", mode: .live)
        #expect(throws: StoreError.notFound("realm nobody live")) { try control.control.insert(key(1, realm)) }
    }

    @Test("removing a realm removes its keys and nothing else", arguments: StorageEngine.allCases)
    func removal(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let control = installation.control
        let test = try control.realm(tenant: "acme", mode: .test, at: now) { ULID(high: 1, low: 1) }
        let live = try control.realm(tenant: "acme", mode: .live, at: now) { ULID(high: 1, low: 2) }
        try control.insert(key(1, test))
        try control.insert(key(2, live))
        try control.removeRealm(test)
        #expect(try control.realms() == [live])
        #expect(try control.keys(tenant: "acme") == [key(2, live)])
        #expect(try control.key(key(1, test).id) == nil)
        let again = try control.realm(tenant: "acme", mode: .test, at: now) { ULID(high: 1, low: 3) }
        #expect(again.id == ULID(high: 1, low: 3))
    }

    @Test(
        "the version changes with every change, here or elsewhere, and with nothing else",
        arguments: StorageEngine.allCases)
    func version(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let control = installation.control
        let other = try installation.otherControl()
        defer { other.close() }
        var seen: Set<Int64> = []
        func expectNew(_ what: Comment) throws {
            #expect(seen.insert(try control.version()).inserted, what)
            #expect(try control.version() == control.version())
        }
        try expectNew("at first")
        let realm = try control.realm(tenant: "acme", mode: .test, at: now) { ULID(high: 1, low: 1) }
        try expectNew("a realm was made here")
        try other.insert(key(1, realm))
        try expectNew("a key was inserted elsewhere")
        _ = try control.setExpiry(of: key(1, realm).id, to: now)
        try expectNew("a key's end was set here")
        _ = try other.setExpiry(of: key(1, realm).id, to: Instant(milliseconds: 1))
        try expectNew("a key's end was set elsewhere")
        #expect(try control.key(key(1, realm).id)?.expiresAt == Instant(milliseconds: 1))
        try control.removeRealm(realm)
        try expectNew("a realm was removed")
    }

    @Test("the installation's secret is made once", arguments: StorageEngine.allCases)
    func secret(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let secret = [UInt8](0..<32)
        #expect(try installation.control.installationSecret { secret } == secret)
        #expect(try installation.control.installationSecret { [1] } == secret)
        try installation.reopen()
        #expect(try installation.control.installationSecret { [2] } == secret)
    }
}
