/// How long to wait after each failure in a row: twice as long each time, up to a limit.
package struct RetryPauses: Sendable {
    /// Tries in all, 1 or more.
    package var tries: Int
    package var first: Duration
    /// No pause is longer, whatever a server asks for.
    package var longest: Duration

    package init(tries: Int = 5, first: Duration = .milliseconds(200), longest: Duration = .seconds(30)) {
        self.tries = max(tries, 1)
        self.first = first
        self.longest = longest
    }

    /// The pause after the `failures`-th failure in a row, from 1.
    /// - Parameter retryAfter: the header's text; seconds count when they are more, and a date is passed over.
    package func pause(afterFailures failures: Int, retryAfter: String? = nil) -> Duration {
        var pause = min(first, longest)
        var doublings = max(failures, 1) - 1
        while doublings > 0, pause < longest {
            pause *= 2
            doublings -= 1
        }
        if let seconds = retryAfter.flatMap({ Int64($0) }), seconds > 0 {
            pause = max(pause, .seconds(min(seconds, 86_400)))
        }
        return min(pause, longest)
    }
}

extension Duration {
    /// Such as `0.5 s`; tenths are enough for a pause.
    package var shownSeconds: String {
        let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }

    /// Whole nanoseconds.
    var nanoseconds: Int64 { components.seconds &* 1_000_000_000 &+ components.attoseconds / 1_000_000_000 }
}
