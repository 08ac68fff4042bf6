public import LedgerCore

/// One way through the journal for one endpoint: the live one, or a replay.
public struct DeliveryLane: Hashable, Sendable {
    public var id: LaneID
    /// Every event below is settled: delivered, not wanted, or a row of its own.
    public var nextSeq: UInt64
    /// Seqs from `nextSeq` on that are settled too, ascending; what was sent at the same time ends in any order.
    public var settledAhead: [UInt64]
    /// Last seq of a replay; nil for the live lane, which has no end.
    public var lastSeq: UInt64?
    /// Patterns that a replay chooses by, among what the endpoint wants; nil for all.
    public var events: [String]?
    /// A replay of dead letters alone.
    public var deadOnly: Bool

    public init(
        id: LaneID, nextSeq: UInt64, settledAhead: [UInt64] = [], lastSeq: UInt64? = nil, events: [String]? = nil,
        deadOnly: Bool = false
    ) {
        self.id = id
        self.nextSeq = nextSeq
        self.settledAhead = settledAhead
        self.lastSeq = lastSeq
        self.events = events
        self.deadOnly = deadOnly
    }
}

/// Names a lane.
public struct LaneID: Hashable, Comparable, Sendable {
    public var webhook: WebhookNumber
    /// 0 for the live lane, else the seq of the entry that asked for the replay.
    public var origin: UInt64

    public init(webhook: WebhookNumber, origin: UInt64) {
        self.webhook = webhook
        self.origin = origin
    }

    public static func < (lhs: LaneID, rhs: LaneID) -> Bool {
        lhs.webhook != rhs.webhook ? lhs.webhook < rhs.webhook : lhs.origin < rhs.origin
    }
}

/// Names an event on its way to an endpoint.
public struct DeliveryID: Hashable, Comparable, Sendable {
    public var webhook: WebhookNumber
    public var seq: UInt64

    public init(webhook: WebhookNumber, seq: UInt64) {
        self.webhook = webhook
        self.seq = seq
    }

    public static func < (lhs: DeliveryID, rhs: DeliveryID) -> Bool {
        lhs.webhook != rhs.webhook ? lhs.webhook < rhs.webhook : lhs.seq < rhs.seq
    }
}

/// Where an exceptional delivery stands. Raw values are stored.
public enum DeliveryStatus: UInt8, Hashable, Sendable, CaseIterable {
    /// An attempt has failed and another is due.
    case pending = 1
    /// Every attempt has failed.
    case dead = 2
    /// It arrived, but not at the first attempt.
    case delivered = 3
}

/// A delivery that did not arrive at its first attempt: the only kind that has a row of its own.
public struct ExceptionalDelivery: Hashable, Sendable {
    public var id: DeliveryID
    public var status: DeliveryStatus
    /// Attempts of the present schedule; a replay of a dead letter begins a new one.
    public var attempts: Int
    /// All attempts that were ever made, which is the ordinal of the last one.
    public var lastOrdinal: Int
    /// When the next attempt is due; nil unless pending.
    public var nextAttemptAt: Instant?
    public var updatedAt: Instant
    /// Under which name the event goes to the endpoint.
    public var eventName: String

    public init(
        id: DeliveryID, status: DeliveryStatus, attempts: Int, lastOrdinal: Int, nextAttemptAt: Instant?,
        updatedAt: Instant, eventName: String
    ) {
        self.id = id
        self.status = status
        self.attempts = attempts
        self.lastOrdinal = lastOrdinal
        self.nextAttemptAt = nextAttemptAt
        self.updatedAt = updatedAt
        self.eventName = eventName
    }
}

/// One attempt to deliver: what was sent, beside the body that the journal gives, and what came back.
public struct DeliveryAttempt: Hashable, Sendable {
    public var startedAt: Instant
    /// Microseconds from the start to the end of it.
    public var microseconds: Int64
    public var url: String
    /// Under which name the event was sent.
    public var eventName: String
    /// The `webhook-signature` header.
    public var signature: String
    /// The seq of the ledger's head that was sent with it.
    public var headSeq: UInt64
    public var outcome: AttemptOutcome

    public init(
        startedAt: Instant, microseconds: Int64, url: String, eventName: String, signature: String, headSeq: UInt64,
        outcome: AttemptOutcome
    ) {
        self.startedAt = startedAt
        self.microseconds = microseconds
        self.url = url
        self.eventName = eventName
        self.signature = signature
        self.headSeq = headSeq
        self.outcome = outcome
    }
}

/// What came of an attempt.
public enum AttemptOutcome: Hashable, Sendable {
    case answered(ReceivedAnswer)
    /// No answer: a stable code such as `timeout`, and a sentence for a person.
    case failed(code: String, detail: String)

    /// 2xx and nothing else.
    public var isSuccess: Bool {
        if case .answered(let answer) = self { return (200..<300).contains(answer.status) }
        return false
    }
}

/// An endpoint's answer, as far as it was read.
public struct ReceivedAnswer: Hashable, Sendable {
    public var status: Int
    public var contentType: String?
    /// At most 64 KiB.
    public var body: [UInt8]
    public var isTruncated: Bool

    public init(status: Int, contentType: String?, body: [UInt8], isTruncated: Bool) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.isTruncated = isTruncated
    }
}

/// Deliveries to one endpoint that arrived at the first attempt: written together, kept for a while, then dropped.
public struct DeliveryPage: Hashable, Sendable {
    public var webhook: WebhookNumber
    /// When it was written.
    public var recordedAt: Instant
    /// Ascending by seq, at least one; from the first to the last at most `maximumSpan` − 1.
    public var deliveries: [FirstDelivery]

    /// Bounds which pages can hold a given seq.
    public static let maximumSpan: UInt64 = 4_096

    public init(webhook: WebhookNumber, recordedAt: Instant, deliveries: [FirstDelivery]) {
        self.webhook = webhook
        self.recordedAt = recordedAt
        self.deliveries = deliveries
    }
}

/// A delivery that arrived at its first attempt.
public struct FirstDelivery: Hashable, Sendable {
    public var seq: UInt64
    public var attempt: DeliveryAttempt

    public init(seq: UInt64, attempt: DeliveryAttempt) {
        self.seq = seq
        self.attempt = attempt
    }
}

/// How an endpoint has fared.
public struct EndpointHealth: Hashable, Sendable {
    public var webhook: WebhookNumber
    /// Start of the first attempt since which none has succeeded; nil while it is well.
    public var failingSince: Instant?
    public var consecutiveFailures: Int
    public var lastSuccessAt: Instant?
    public var lastFailureAt: Instant?
    /// Deliveries that arrived, and those that became dead letters, since the endpoint exists.
    public var delivered: UInt64
    public var died: UInt64

    public init(
        webhook: WebhookNumber, failingSince: Instant? = nil, consecutiveFailures: Int = 0,
        lastSuccessAt: Instant? = nil, lastFailureAt: Instant? = nil, delivered: UInt64 = 0, died: UInt64 = 0
    ) {
        self.webhook = webhook
        self.failingSince = failingSince
        self.consecutiveFailures = consecutiveFailures
        self.lastSuccessAt = lastSuccessAt
        self.lastFailureAt = lastFailureAt
        self.delivered = delivered
        self.died = died
    }
}
