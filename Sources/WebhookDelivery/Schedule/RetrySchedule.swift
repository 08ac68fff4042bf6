package import LedgerCore

/// When a delivery that failed is tried again (docs/webhooks.md, *Retries*).
package enum RetrySchedule {
    /// Milliseconds after the first failed attempt, the second …; after the last of them there is none.
    package static let delays: [Int64] = [
        5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour,
    ]

    /// Attempts that a delivery has before it is a dead letter.
    package static let attempts = delays.count + 1

    /// An endpoint that nothing has reached for so long is disabled.
    package static let patience = 5 * 24 * hour

    /// Most that a `Retry-After` can put an attempt off.
    package static let longestRetryAfter = 24 * hour

    static let second: Int64 = 1_000
    static let minute = 60 * second
    static let hour = 60 * minute

    /// The moment of the next attempt; nil when the failed one was the last.
    ///
    /// - Parameters:
    ///   - attempts: attempts made so far, the failed one included, from 1.
    ///   - retryAfter: seconds that the receiver has asked for; it can put the attempt off, never bring it forward.
    ///   - delays: the schedule, in milliseconds.
    ///   - chance: uniformly random; adds up to a tenth to the delay, so that what failed together does not come back
    ///     together.
    package static func next(
        afterAttempt attempts: Int, at now: Instant, retryAfter: Int64?, by delays: [Int64] = delays, chance: UInt64
    ) -> Instant? {
        guard attempts >= 1, attempts <= delays.count else { return nil }
        let delay = delays[attempts - 1]
        let jittered = delay + Int64(chance % UInt64(delay / 10 + 1))
        return Instant(milliseconds: now.milliseconds + max(jittered, asked(retryAfter)))
    }

    /// Milliseconds that a receiver has asked for, within bounds.
    package static func asked(_ retryAfter: Int64?) -> Int64 {
        guard let seconds = retryAfter, seconds > 0 else { return 0 }
        return min(seconds, longestRetryAfter / second) * second
    }

    /// How long an endpoint that has failed so often in a row is not sent anything new, in milliseconds. What is due
    /// again is still tried, so that an endpoint that comes back is noticed; what is new waits at its place in the
    /// journal, so that an outage fills no table.
    package static func pause(afterFailures count: Int) -> Int64 {
        guard count >= failuresBeforePause else { return 0 }
        let doublings = min(count - failuresBeforePause, 6)
        return min(5 * second << Int64(doublings), 5 * minute)
    }

    /// Failures in a row before an endpoint is spared.
    package static let failuresBeforePause = 10
}
