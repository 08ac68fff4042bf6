/// A webhook endpoint's place in the order of creation within its realm, from 1.
public struct WebhookNumber: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static func < (lhs: WebhookNumber, rhs: WebhookNumber) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Where events are sent to: a URL, what it wants, and what signs.
public struct WebhookEndpoint: Hashable, Sendable {
    public var number: WebhookNumber
    /// `whk_…` on the wire.
    public var id: ULID
    /// As it was given; checked before it got here.
    public var url: String
    /// Patterns of `EventFilter`, in the order given, at least one.
    public var events: [String]
    public var description: String?
    /// The present one first, then those that sign beside it for a while.
    public var secrets: [WebhookSecretRecord]
    public var status: WebhookStatus
    public var createdAt: Instant
    public var updatedAt: Instant
    /// Seq of the entry that created it: it is sent what comes after.
    public var createdSeq: UInt64
    /// Seq of the newest entry about it.
    public var changedSeq: UInt64
    /// Seq of the entry that deleted it; nil while it exists.
    public var deletedSeq: UInt64?

    public init(
        number: WebhookNumber, id: ULID, url: String, events: [String], description: String?,
        secrets: [WebhookSecretRecord], status: WebhookStatus = .enabled, createdAt: Instant, updatedAt: Instant,
        createdSeq: UInt64, changedSeq: UInt64, deletedSeq: UInt64? = nil
    ) {
        self.number = number
        self.id = id
        self.url = url
        self.events = events
        self.description = description
        self.secrets = secrets
        self.status = status
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.createdSeq = createdSeq
        self.changedSeq = changedSeq
        self.deletedSeq = deletedSeq
    }

    public var isDeleted: Bool { deletedSeq != nil }

    /// Whether events are sent to it.
    public var isActive: Bool { status == .enabled && deletedSeq == nil }
}

/// A signing secret as the journal keeps it: encrypted, with a key that is not in the database.
public struct WebhookSecretRecord: Hashable, Sendable {
    public var sealed: [UInt8]
    /// It signs until then; nil for the present one.
    public var expiresAt: Instant?

    public init(sealed: [UInt8], expiresAt: Instant? = nil) {
        self.sealed = sealed
        self.expiresAt = expiresAt
    }
}

/// Whether an endpoint is sent events, or why not.
public enum WebhookStatus: Hashable, Sendable {
    case enabled
    case disabled(WebhookDisabling)
}

/// Why an endpoint is sent nothing. Raw values are stored.
public enum WebhookDisabling: UInt8, Hashable, Sendable, CaseIterable {
    /// Somebody asked for it.
    case requested = 1
    /// It answered 410.
    case gone = 2
    /// Nothing reached it for days.
    case failing = 3
}

/// What an entry about an endpoint says of it. Raw values are stored.
public enum WebhookChange: UInt8, Hashable, Sendable, CaseIterable {
    case created = 1
    case updated = 2
    case disabled = 3
    case enabled = 4
    case deleted = 5
    case secretRotated = 6
}

/// That an endpoint shall be sent a stretch of the journal once more: the same ids and the same bytes.
public struct ReplayRequest: Hashable, Sendable {
    public var webhook: WebhookNumber
    /// Both included; `first` ≥ 1, `last` ≤ the seq before this entry's own.
    public var firstSeq: UInt64
    public var lastSeq: UInt64
    /// Patterns of `EventFilter` that choose among what the endpoint wants; nil for all of it.
    public var events: [String]?
    /// Only what is a dead letter at that moment.
    public var deadOnly: Bool

    public init(webhook: WebhookNumber, firstSeq: UInt64, lastSeq: UInt64, events: [String]?, deadOnly: Bool) {
        self.webhook = webhook
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
        self.events = events
        self.deadOnly = deadOnly
    }
}
