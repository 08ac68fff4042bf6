/// How many deliveries an endpoint may have under way: grows while it answers, halves each time it does not. One that
/// hangs for ever soon holds one connection, whatever it is owed.
package struct ConcurrencyLimit: Hashable, Sendable {
    package private(set) var value: Int
    private let maximum: Int
    private var successes = 0

    /// - Parameter maximum: 1 or more.
    package init(maximum: Int) {
        self.maximum = max(1, maximum)
        value = min(8, self.maximum)
    }

    /// A delivery arrived: after as many as may be under way, a quarter more may.
    package mutating func succeeded() {
        successes += 1
        guard successes >= value else { return }
        successes = 0
        value = min(maximum, value + max(1, value / 4))
    }

    /// A delivery failed: half as many may be under way, one at least.
    package mutating func failed() {
        successes = 0
        value = max(1, value / 2)
    }
}
