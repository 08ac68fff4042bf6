/// One state change: what the journal consists of, in the order of `seq`. An entry never changes.
public struct Entry: Hashable, Sendable {
    /// 1, 2, 3 … without a gap in each realm.
    public var seq: UInt64
    /// Ascends with `seq`.
    public var id: ULID
    /// What the clock said; never less than in the entry before.
    public var recordedAt: Instant
    /// Who caused it: the id of the API key; nil for the server itself.
    public var actor: ULID?
    public var change: Change

    public init(seq: UInt64, id: ULID, recordedAt: Instant, actor: ULID?, change: Change) {
        self.seq = seq
        self.id = id
        self.recordedAt = recordedAt
        self.actor = actor
        self.change = change
    }
}

/// What an entry says. Catalogue changes carry the whole record as it is afterwards, so that a fold is an assignment.
public enum Change: Hashable, Sendable {
    case itemCreated(Item)
    case itemUpdated(Item)
    case itemArchived(Item)
    case locationCreated(Location)
    case locationUpdated(Location)
    case locationArchived(Location)
    case movementRecorded(Movement)
    case stockSettingsChanged(StockSettingsChange)
    case stockLow(StockAlert)
    case stockOut(StockAlert)
    case webhookChanged(WebhookChange, WebhookEndpoint)
    case replayRequested(ReplayRequest)
}

/// The end of the journal: what the next entry follows.
public struct Head: Hashable, Sendable {
    /// 0 in an empty realm.
    public var seq: UInt64
    public var id: ULID
    public var recordedAt: Instant

    public static let start = Head(seq: 0, id: .zero, recordedAt: Instant(milliseconds: 0))

    public init(seq: UInt64, id: ULID, recordedAt: Instant) {
        self.seq = seq
        self.id = id
        self.recordedAt = recordedAt
    }
}
