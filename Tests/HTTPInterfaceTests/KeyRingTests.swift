import HTTPInterface
import LedgerCore
import LedgerStorage
import Logging
import Synchronization
import Testing

@Suite("The keys in memory")
struct KeyRingTests {
    /// A store, a ring over it, and clocks that move when told to.
    struct Bench {
        let store = MemoryControlStore()
        let wall = TestClock(1_700_000_000_000)
        let monotonic = TestClock(1_000_000_000)
        let ring: KeyRing

        init() {
            let (wall, monotonic) = (self.wall, self.monotonic)
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            ring = KeyRing(
                store: store, logger: logger, wallClock: { Instant(milliseconds: wall.now) },
                monotonicClock: { UInt64(monotonic.now) })
        }

        func makeKey(mode: Mode = .test, limit: RateLimit? = nil) throws -> (key: APIKey, header: String) {
            let id = ULID(high: .random(in: 0...(.max)), low: .random(in: 0...(.max)))
            let secret = KeySecret.mint(mode: mode, id: id)
            let key = APIKey(
                id: id, realm: Realm(id: .zero, tenant: "t", mode: mode), name: "n", scopes: [.inventoryRead],
                secretHash: secret.hash, limit: limit, createdAt: Instant(milliseconds: 0))
            try store.insert(key)
            return (key, "Bearer \(secret.text)")
        }

        /// What became of a header, in words.
        func outcome(_ header: String?) -> String {
            switch ring.authenticate(header) {
            case .key(let key): "key \(key.key.id.text)"
            case .absent: "absent"
            case .malformed: "malformed"
            case .unknown: "unknown"
            case .unseen(let id): "unseen \(id.text)"
            }
        }
    }

    @Test("a key that was loaded is found, again and again, whatever the case of Bearer")
    func found() throws {
        let bench = Bench()
        let (key, header) = try bench.makeKey()
        try bench.ring.refresh()
        for _ in 0..<3 { #expect(bench.outcome(header) == "key \(key.id.text)") }
        #expect(bench.outcome("bearer" + header.dropFirst(6)) == "key \(key.id.text)")
        guard case .key(let active) = bench.ring.authenticate(header) else {
            Issue.record("not found")
            return
        }
        #expect(active.requests.current == 5)
        #expect(bench.store.lookUps == 0)
    }

    @Test("no header, another scheme, a typing error and a wrong secret are told apart")
    func notFound() throws {
        let bench = Bench()
        let (key, header) = try bench.makeKey()
        try bench.ring.refresh()
        #expect(bench.outcome(nil) == "absent")
        #expect(bench.outcome("") == "absent")
        #expect(bench.outcome("Basic dXNlcjpwYXNz") == "absent")
        #expect(bench.outcome("Bearer") == "absent")
        #expect(bench.outcome("Bearer ") == "absent")
        #expect(bench.outcome("Bearer x") == "malformed")
        #expect(bench.outcome("Bearer  " + header.dropFirst(7)) == "malformed")
        #expect(bench.outcome(header + " ") == "malformed")
        // Right id and checksum, another secret: the same way as for an id that nobody has.
        let wrong = [Mode.test, .live].map { "Bearer \(KeySecret.mint(mode: $0, id: key.id).text)" }
        for header in wrong { #expect(bench.outcome(header) == "unseen \(key.id.text)") }
        for header in wrong { #expect(bench.ring.lookUp(key.id, authorization: header) == nil) }
        for header in wrong { #expect(bench.outcome(header) == "unknown") }
        #expect(bench.store.lookUps == 2)
        #expect(bench.outcome(header) == "key \(key.id.text)")
    }

    @Test("a key made a moment ago is found by one look-up, and without one after that")
    func lookUp() throws {
        let bench = Bench()
        try bench.ring.refresh()
        let (key, header) = try bench.makeKey()
        #expect(bench.outcome(header) == "unseen \(key.id.text)")
        #expect(bench.ring.lookUp(key.id, authorization: header)?.key == key)
        #expect(bench.outcome(header) == "key \(key.id.text)")
        #expect(bench.store.lookUps == 1)
    }

    @Test("a key that was looked up while all keys were on their way stays known, until it is removed")
    func lookUpWhileLoading() throws {
        let bench = Bench()
        try bench.ring.refresh()
        let (first, _) = try bench.makeKey()
        let key = Mutex<APIKey?>(nil)
        let header = Mutex("")
        bench.store.whileLoading {
            guard let made = try? bench.makeKey() else { return }
            key.withLock { $0 = made.key }
            header.withLock { $0 = made.header }
            #expect(bench.ring.lookUp(made.key.id, authorization: made.header)?.key == made.key)
        }
        #expect(try bench.ring.refresh())
        let made = try #require(key.withLock { $0 })
        let known = "key \(made.id.text)"
        #expect(bench.outcome(header.withLock { $0 }) == known)
        #expect(try bench.ring.refresh(), "what stayed is asked about once more")
        #expect(bench.outcome(header.withLock { $0 }) == known)
        #expect(try !bench.ring.refresh())
        #expect(bench.ring.count == 2)

        try bench.store.insert(first)
        bench.store.whileLoading {
            guard let made = try? bench.makeKey() else { return }
            header.withLock { $0 = made.header }
            _ = bench.ring.lookUp(made.key.id, authorization: made.header)
            try? bench.store.removeRealm(made.key.realm)
        }
        try bench.ring.refresh()
        try bench.ring.refresh()
        #expect(bench.outcome(header.withLock { $0 }) == "unknown")
        #expect(bench.ring.count == 0)
    }

    @Test("a look-up does not help a wrong secret, a dead key or a broken store")
    func lookUpInVain() throws {
        let bench = Bench()
        try bench.ring.refresh()
        let (key, header) = try bench.makeKey()
        let wrong = "Bearer \(KeySecret.mint(mode: .test, id: key.id).text)"
        #expect(bench.ring.lookUp(key.id, authorization: wrong) == nil)
        #expect(bench.outcome(wrong) == "unknown")
        #expect(bench.outcome(header) == "key \(key.id.text)")
        _ = try bench.store.setExpiry(of: key.id, to: Instant(milliseconds: bench.wall.now))
        try bench.ring.refresh()
        #expect(bench.ring.lookUp(key.id, authorization: header) == nil)
        bench.store.breakDown()
        let (other, otherHeader) = try bench.makeKey()
        #expect(bench.ring.lookUp(other.id, authorization: otherHeader) == nil)
    }

    @Test("what is called after each refresh is as deep in the stack the hundredth time as the first")
    func depth() async throws {
        let bench = Bench()
        let places = Mutex<[UInt]>([])
        bench.ring.afterEachRefresh {
            var local = 0
            let place = withUnsafePointer(to: &local) { UInt(bitPattern: $0) }
            places.withLock { $0.append(place) }
        }
        bench.ring.start(everyMilliseconds: 1)
        while places.withLock({ $0.count }) < 100 { try await Task.sleep(for: .milliseconds(5)) }
        bench.ring.stop()
        #expect(Set(places.withLock { $0 }).count == 1)
    }

    @Test("a revoked key is dead after the next refresh, one with an end at that very moment")
    func expiry() throws {
        let bench = Bench()
        let (key, header) = try bench.makeKey()
        try bench.ring.refresh()
        #expect(bench.outcome(header).hasPrefix("key"))
        _ = try bench.store.setExpiry(of: key.id, to: Instant(milliseconds: bench.wall.now + 1000))
        try bench.ring.refresh()
        bench.wall.advance(999)
        #expect(bench.outcome(header).hasPrefix("key"))
        bench.wall.advance(1)
        // Found among the verified headers a moment ago, and dead all the same.
        #expect(bench.outcome(header) == "unknown")
        let (revoked, revokedHeader) = try bench.makeKey()
        try bench.ring.refresh()
        #expect(bench.outcome(revokedHeader).hasPrefix("key"))
        _ = try bench.store.setExpiry(of: revoked.id, to: Instant(milliseconds: bench.wall.now))
        try bench.ring.refresh()
        #expect(bench.outcome(revokedHeader) == "unknown")
    }

    @Test("a removed key is unknown after the refresh, even to those who used it a moment ago")
    func removed() throws {
        let bench = Bench()
        let (key, header) = try bench.makeKey()
        try bench.ring.refresh()
        #expect(bench.outcome(header).hasPrefix("key"))
        try bench.store.removeRealm(key.realm)
        try bench.ring.refresh()
        #expect(bench.outcome(header) == "unseen \(key.id.text)")
        #expect(bench.ring.lookUp(key.id, authorization: header) == nil)
        #expect(bench.outcome(header) == "unknown")
    }

    @Test("a refresh loads only when the version has changed, and keeps budgets that did not change")
    func refreshing() throws {
        let bench = Bench()
        let (key, header) = try bench.makeKey(limit: RateLimit(rate: 1, burst: 5))
        #expect(try bench.ring.refresh())
        #expect(try !bench.ring.refresh())
        #expect(bench.store.loads == 1)
        guard case .key(let before) = bench.ring.authenticate(header) else {
            Issue.record("not found")
            return
        }
        for _ in 0..<5 { #expect(before.limiter.take(at: 1).isAllowed) }
        _ = try bench.store.setExpiry(of: key.id, to: Instant(milliseconds: bench.wall.now + 60_000))
        try bench.ring.refresh()
        guard case .key(let after) = bench.ring.authenticate(header) else {
            Issue.record("not found")
            return
        }
        #expect(after.key.expiresAt != nil)
        #expect(!after.limiter.take(at: 1).isAllowed)
        var changed = after.key
        changed.limit = RateLimit(rate: 1, burst: 9)
        try bench.store.insert(changed)
        try bench.ring.refresh()
        guard case .key(let wider) = bench.ring.authenticate(header) else {
            Issue.record("not found")
            return
        }
        #expect(wider.limiter.take(at: 1).remaining == 8)
    }

    @Test("guessed keys cost the store a bounded number of questions, and memory does not grow")
    func guessing() throws {
        let bench = Bench()
        let (_, header) = try bench.makeKey()
        try bench.ring.refresh()
        var asked = 0
        let id = ULID(high: 1, low: 1)
        let guess = "Bearer \(KeySecret.mint(mode: .test, id: id).text)"
        guard case .unseen = bench.ring.authenticate(guess) else {
            Issue.record("expected a look-up")
            return
        }
        #expect(bench.ring.lookUp(id, authorization: guess) == nil)
        for _ in 0..<100 { #expect(bench.outcome(guess) == "unknown") }
        var numbers = SeededNumbers(seed: 9)
        for _ in 0..<2000 {
            let id = ULID(high: numbers.next(), low: numbers.next())
            let guess = "Bearer \(KeySecret.mint(mode: .test, id: id, using: &numbers).text)"
            if case .unseen(let id) = bench.ring.authenticate(guess) {
                asked += 1
                _ = bench.ring.lookUp(id, authorization: guess)
            }
        }
        #expect(asked <= 100)
        #expect(bench.ring.count == 1)
        #expect(bench.outcome(header).hasPrefix("key"))
        bench.monotonic.advance(1_000_000_000)
        #expect(
            bench.outcome("Bearer \(KeySecret.mint(mode: .test, id: ULID(high: 5, low: 5)).text)").hasPrefix("unseen"))
    }

    @Test("the thread of the ring picks up a new key and a revocation, and survives a store that fails")
    func thread() async throws {
        let bench = Bench()
        bench.ring.start(everyMilliseconds: 10)
        let (key, header) = try bench.makeKey()
        try await onThread { #expect(waitUntil { bench.outcome(header).hasPrefix("key") }) }
        _ = try bench.store.setExpiry(of: key.id, to: Instant(milliseconds: bench.wall.now))
        try await onThread { #expect(waitUntil { bench.outcome(header) == "unknown" }) }
        bench.store.breakDown()
        sleepMilliseconds(30)
        #expect(bench.outcome(header) == "unknown")
        bench.ring.stop()
        bench.ring.stop()
    }

    @Test("many threads may ask while keys change")
    func concurrency() async throws {
        let bench = Bench()
        let keys = try (0..<20).map { _ in try bench.makeKey() }
        try bench.ring.refresh()
        let failures = Tally()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    try await onThread {
                        for round in 0..<2000 {
                            let (key, header) = keys[(round + worker) % keys.count]
                            if bench.outcome(header) != "key \(key.id.text)" { failures.increment() }
                            if round % 200 == 0 {
                                _ = try bench.store.setExpiry(
                                    of: key.id, to: Instant(milliseconds: bench.wall.now + 100_000))
                                try bench.ring.refresh()
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(failures.count == 0)
    }
}
