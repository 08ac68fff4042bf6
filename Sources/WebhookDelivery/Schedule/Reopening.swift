package import LedgerStorage

/// When a realm's store of deliveries that could not be opened, or that has failed, is opened again: after a second,
/// then twice as long each time, up to half a minute; every two seconds while another process has it.
package struct Reopening: Sendable {
    /// Milliseconds.
    package struct Pauses: Sendable {
        package var first: Int64 = 1_000
        package var longest: Int64 = 30_000
        /// While another process has the store: it says nothing when it lets go.
        package var inUse: Int64 = 2_000

        package init() {}
    }

    /// What is to be done about a failure.
    package struct Step: Hashable, Sendable {
        /// Milliseconds until the next attempt.
        package var pause: Int64
        /// Whether a person should be told: not of the same thing again and again.
        package var isNews: Bool
    }

    private let pauses: Pauses
    private var next: Int64
    private var told: StoreError?

    package init(_ pauses: Pauses = Pauses()) {
        self.pauses = pauses
        next = pauses.first
    }

    /// The store could not be opened, or has failed before anything was written to it.
    package mutating func failed(_ error: StoreError) -> Step {
        if case .inUse = error {
            // Whoever has it may change; that it is in use stays the same.
            var isNews = true
            if case .inUse? = told { isNews = false }
            told = error
            next = pauses.first
            return Step(pause: pauses.inUse, isNews: isNews)
        }
        defer {
            told = error
            next = min(next * 2, pauses.longest)
        }
        return Step(pause: next, isNews: told != error)
    }
}
