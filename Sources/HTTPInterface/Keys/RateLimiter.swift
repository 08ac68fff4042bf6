package import LedgerStorage
internal import Synchronization

/// The budget of one key: a bucket of `burst` tokens that fills at `rate` tokens per second. Every request takes one;
/// without one it is denied and takes nothing.
///
/// Exact: the level is kept in billionths of a token, and each nanosecond adds `rate` of them. The clock is handed in,
/// monotonic nanoseconds; one that goes back adds nothing.
package final class RateLimiter: Sendable {
    /// What a key without a limit shows in its headers: a billion a second, which nothing here reaches.
    package static let unlimited = RateLimit(rate: 1_000_000_000, burst: 1_000_000_000)

    private static let token: Int64 = 1_000_000_000

    private struct Bucket {
        /// Less than nothing after other servers have let through what this one had counted on.
        var level: Int64
        var filledAt: UInt64?
        /// Tokens taken since it was last told to the other servers.
        var taken: Int64 = 0
    }

    /// nil is unlimited.
    package let limit: RateLimit?
    private let rate: UInt64
    private let capacity: Int64
    private let bucket: Mutex<Bucket>
    /// The header lines that never change, then the start of the first that does.
    private let fixedHeaders: [UInt8]

    /// The bucket is full at first. Rate and burst count within 1…10^9.
    package init(limit: RateLimit?) {
        self.limit = limit
        let effective = limit ?? RateLimiter.unlimited
        let rate = min(max(effective.rate, 1), 1_000_000_000)
        let burst = min(max(effective.burst, 1), 1_000_000_000)
        self.rate = UInt64(rate)
        self.capacity = Int64(burst) * RateLimiter.token
        self.bucket = Mutex(Bucket(level: Int64(burst) * RateLimiter.token, filledAt: nil))
        // The form of draft-ietf-httpapi-ratelimit-headers-11: quota units in a window of seconds.
        let window = max(1, (burst + rate - 1) / rate)
        self.fixedHeaders = Array(
            """
            X-RateLimit-Limit: \(burst)\r
            RateLimit-Policy: "burst";q=\(burst);w=\(window), "sustained";q=\(rate);w=1\r
            X-RateLimit-Remaining:\u{20}
            """.utf8)
    }

    /// Takes a token, if there is one.
    package func take(at now: UInt64) -> RateDecision { decide(at: now, cost: RateLimiter.token) }

    /// The same without taking one, for the headers of a response that cost nothing.
    package func observe(at now: UInt64) -> RateDecision { decide(at: now, cost: 0) }

    /// Tokens taken since the last call.
    package func takenSinceTold() -> Int64 {
        bucket.withLock { bucket in
            defer { bucket.taken = 0 }
            return bucket.taken
        }
    }

    /// They were not told after all: they count for the next time, but no more than a bucket of them. The shared bucket
    /// is filled once for all that time, and no further than to its brim: were all of them taken out of it, a key that
    /// kept to its rate would be shut out afterwards, for about as long as the servers could not tell each other.
    package func wasNotTold(_ taken: Int64) {
        bucket.withLock { $0.taken = min($0.taken + taken, max($0.taken, capacity / RateLimiter.token)) }
    }

    /// What is left of the budget that all servers share, in millionths of a token: from here on it counts, less what
    /// was taken since it was asked for. Never less than one bucket below nothing, so that a key comes back in time.
    func settle(at now: UInt64, shared: Int64) {
        bucket.withLock { bucket in
            let level = min(max(shared, -(capacity / 1_000)), capacity / 1_000) * 1_000
            bucket.level = max(level - bucket.taken * RateLimiter.token, -capacity)
            bucket.filledAt = now
        }
    }

    private func decide(at now: UInt64, cost: Int64) -> RateDecision {
        guard limit != nil else { return decision(isAllowed: true, level: capacity) }
        let (isAllowed, level) = bucket.withLock { bucket in
            if let filledAt = bucket.filledAt {
                if now > filledAt {
                    let (added, overflow) = (now - filledAt).multipliedReportingOverflow(by: rate)
                    // No more than the bucket holds is missing unless it is overdrawn; the sum of two such fits.
                    let most = UInt64(2 * capacity)
                    bucket.level =
                        overflow || added >= most ? capacity : min(capacity, bucket.level + Int64(added))
                    bucket.filledAt = now
                }
            } else {
                bucket.filledAt = now
            }
            guard bucket.level >= cost else { return (false, bucket.level) }
            bucket.level -= cost
            if cost > 0 { bucket.taken += 1 }
            return (true, bucket.level)
        }
        return decision(isAllowed: isAllowed, level: level)
    }

    private func decision(isAllowed: Bool, level: Int64) -> RateDecision {
        let missing = UInt64(capacity - level)
        let toNext = level >= RateLimiter.token ? 0 : UInt64(RateLimiter.token - level)
        return RateDecision(
            isAllowed: isAllowed, remaining: Int(max(0, level) / RateLimiter.token),
            nanosecondsToFull: (missing + rate - 1) / rate, nanosecondsToNext: (toNext + rate - 1) / rate,
            fixedHeaders: fixedHeaders)
    }
}

/// What the bucket said to one request, and what its headers say.
package struct RateDecision: Sendable {
    package let isAllowed: Bool
    /// Whole tokens left.
    package let remaining: Int
    /// Until the bucket is full again.
    package let nanosecondsToFull: UInt64
    /// Until there is a token; 0 when there is one.
    package let nanosecondsToNext: UInt64
    fileprivate let fixedHeaders: [UInt8]

    /// Whole seconds after which a denied request may succeed, 1 or more: the value of `Retry-After`, which is the
    /// refusal's to write.
    package var retryAfterSeconds: Int { RateDecision.seconds(nanosecondsToNext) }

    /// Appends `X-RateLimit-Limit`, `-Remaining`, `-Reset` (the epoch second at which the bucket is full again),
    /// `RateLimit-Policy` and `RateLimit` (`r` tokens left, `t` seconds until it is full).
    package func appendHeaders(
        to bytes: inout [UInt8], wallMilliseconds: Int64 = RequestClock.wallMilliseconds()
    ) {
        let untilFull = RateDecision.seconds(nanosecondsToFull)
        let reset = UInt64(clamping: wallMilliseconds) / 1000 + (nanosecondsToFull == 0 ? 0 : UInt64(untilFull))
        bytes.append(contentsOf: fixedHeaders)
        bytes.append(decimal: UInt64(remaining))
        bytes.append(text: "\r\nX-RateLimit-Reset: ")
        bytes.append(decimal: reset)
        bytes.append(text: "\r\nRateLimit: \"burst\";r=")
        bytes.append(decimal: UInt64(remaining))
        bytes.append(text: ";t=")
        bytes.append(decimal: UInt64(untilFull))
        bytes.append(text: "\r\n")
    }

    /// Rounded up, at least 1.
    private static func seconds(_ nanoseconds: UInt64) -> Int {
        Int(max(1, (nanoseconds + 999_999_999) / 1_000_000_000))
    }
}
