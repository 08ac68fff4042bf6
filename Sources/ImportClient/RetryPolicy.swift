/// How often, and how soon, a request is sent again when no answer came or the server had no room (429, 502, 503, 504).
/// Only requests that carry idempotency keys are sent this way, so a repetition never counts twice.
package struct RetryPolicy: Sendable {
    /// Tries in all, 1 or more.
    package var tries: Int
    /// Pause after the first failure; each later one is twice as long.
    package var firstPause: Duration
    /// No pause is longer, whatever `Retry-After` asks for.
    package var longestPause: Duration
    /// Waits; tests put something quicker here.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        tries: Int = 10, firstPause: Duration = .milliseconds(100), longestPause: Duration = .seconds(30),
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.tries = max(tries, 1)
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.sleep = sleep
    }

    /// How long to wait after the `failures`-th failure in a row, from 1. `Retry-After`, in seconds, counts when it is
    /// the longer one.
    package func pause(afterFailures failures: Int, retryAfter: String?) -> Duration {
        var pause = firstPause
        for _ in 1..<max(failures, 1) where pause < longestPause { pause *= 2 }
        if let retryAfter, let seconds = Int64(retryAfter), seconds > 0 {
            pause = max(pause, .seconds(min(seconds, 86_400)))
        }
        return min(pause, longestPause)
    }
}
