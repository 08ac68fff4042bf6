package import LedgerCore
package import LedgerStorage

/// Where an event on its way to an endpoint stands.
package enum DeliveryState: String, CaseIterable, Sendable {
    /// It arrived.
    case delivered
    /// An attempt has failed and another is due.
    case pending
    /// Every attempt has failed.
    case dead
    /// It was not sent yet.
    case waiting
    /// It is behind the endpoint, and what came of it is not kept any more.
    case settled

    package init(_ status: DeliveryStatus) {
        switch status {
        case .pending: self = .pending
        case .dead: self = .dead
        case .delivered: self = .delivered
        }
    }
}

/// What is known of one event on its way to one endpoint.
package struct DeliveryRecord: Sendable {
    package var id: DeliveryID
    package var state: DeliveryState
    /// Under which name the event goes to the endpoint.
    package var eventName: String
    package var attempts: Int
    package var first: DeliveryAttempt?
    package var last: DeliveryAttempt?
    package var nextAttemptAt: Instant?

    /// A delivery with a row of its own.
    ///
    /// - Parameter log: its attempts, in order.
    package init(_ row: ExceptionalDelivery, log: [DeliveryAttempt]) {
        id = row.id
        state = DeliveryState(row.status)
        eventName = row.eventName
        attempts = row.lastOrdinal
        first = log.first
        last = log.last
        nextAttemptAt = row.nextAttemptAt
    }

    /// A delivery that arrived at once, each time it was sent.
    ///
    /// - Parameter log: the attempts, in order, at least one.
    package init(to webhook: WebhookNumber, seq: UInt64, log: [DeliveryAttempt]) {
        id = DeliveryID(webhook: webhook, seq: seq)
        state = .delivered
        eventName = log.last?.eventName ?? ""
        attempts = log.count
        first = log.first
        last = log.last
    }

    /// An event of which nothing is kept.
    package init(_ id: DeliveryID, _ state: DeliveryState, eventName: String) {
        self.id = id
        self.state = state
        self.eventName = eventName
        attempts = 0
    }
}
