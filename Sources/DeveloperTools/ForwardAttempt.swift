/// One try to hand an event to the receiver under development.
package struct ForwardAttempt: Sendable {
    /// What came of it.
    package enum Outcome: Hashable, Sendable {
        /// The receiver answered; the text is the beginning of its body.
        case answered(status: Int, body: String)
        /// No answer, and why.
        case failed(String)
    }

    package var eventID: String
    /// The name under which it was asked for.
    package var type: String
    /// From 1.
    package var number: Int
    /// Milliseconds since 1970.
    package var startedAt: Int64
    package var duration: Duration
    package var outcome: Outcome
    /// When it is tried again; nil when it is not.
    package var again: Duration?

    package init(
        eventID: String, type: String, number: Int, startedAt: Int64, duration: Duration, outcome: Outcome,
        again: Duration? = nil
    ) {
        self.eventID = eventID
        self.type = type
        self.number = number
        self.startedAt = startedAt
        self.duration = duration
        self.outcome = outcome
        self.again = again
    }

    /// A 2xx, and nothing else: redirects are not followed.
    package var isDelivered: Bool {
        if case .answered(200...299, _) = outcome { true } else { false }
    }
}

/// What a session of forwarding has come to.
package struct ForwardSummary: Hashable, Sendable {
    /// Events that came.
    package var events = 0
    /// Events that the receiver took.
    package var delivered = 0
    /// Events whose last try has failed.
    package var givenUp = 0
    /// Tries that failed.
    package var failedTries = 0

    package init() {}

    /// Events that were still being tried.
    package var underWay: Int { events - delivered - givenUp }

    mutating func count(_ attempt: ForwardAttempt) {
        if attempt.isDelivered {
            delivered += 1
        } else {
            failedTries += 1
            if attempt.again == nil { givenUp += 1 }
        }
    }
}

extension ForwardSummary: CustomStringConvertible {
    package var description: String {
        var text = "\(events) \(events == 1 ? "event" : "events"): \(delivered) delivered, \(givenUp) given up"
        if underWay > 0 { text += ", \(underWay) still being tried" }
        if failedTries > 0 { text += "; \(failedTries) failed \(failedTries == 1 ? "try" : "tries")" }
        return text + "."
    }
}
