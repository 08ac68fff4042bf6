package import LedgerCore
package import LedgerStorage

/// A key as the server holds it in memory. A refresh that finds it changed makes a new one that keeps the budget,
/// unless the budget itself was changed.
package final class ActiveKey: Sendable {
    package let key: APIKey
    package let limiter: RateLimiter
    /// Requests that came with this key.
    package let requests: Counter

    init(_ key: APIKey, replacing old: ActiveKey? = nil) {
        self.key = key
        if let old, old.key.limit == key.limit {
            limiter = old.limiter
        } else {
            limiter = RateLimiter(limit: key.limit)
        }
        requests = old?.requests ?? Counter()
    }

    func isAlive(at now: Instant) -> Bool {
        key.expiresAt.map { now < $0 } ?? true
    }
}

/// Whether an `Authorization` header belongs to a key.
package enum Authentication: Sendable {
    case key(ActiveKey)
    /// No header, or one of another scheme than Bearer.
    case absent
    /// Not the form of a key, or a wrong checksum: a typing error.
    case malformed
    /// No such key, a wrong secret, or dead.
    case unknown
    /// A possible key that is not in memory, or another secret than is known of it: perhaps it was made a moment ago.
    /// `KeyRing.lookUp` tells.
    case unseen(ULID)
}
