/// An endpoint to create. Its URL was checked before.
public struct WebhookDraft: Hashable, Sendable {
    public var url: String
    public var events: [String]
    public var description: String?
    /// The signing secret, encrypted.
    public var secret: [UInt8]

    public init(url: String, events: [String], description: String? = nil, secret: [UInt8]) {
        self.url = url
        self.events = events
        self.description = description
        self.secret = secret
    }
}

/// Members of an endpoint to change; nil and `.keep` leave them as they are.
public struct WebhookChanges: Hashable, Sendable {
    public var url: String?
    public var events: [String]?
    public var description: Patch<String> = .keep

    public init() {}
}

/// What may be done to an endpoint.
public enum WebhookCommand: Hashable, Sendable {
    case create(WebhookDraft)
    case update(ULID, WebhookChanges)
    case enable(ULID)
    /// - Parameter changedSeq: when it is given, only if no entry about the endpoint is newer: what the server found
    ///   out about an endpoint must not disable what a person has just mended.
    case disable(ULID, WebhookDisabling, changedSeq: UInt64? = nil)
    case delete(ULID)
    /// The new secret, encrypted; the ones before sign beside it until `oldExpiresAt`.
    case rotateSecret(ULID, sealed: [UInt8], oldExpiresAt: Instant)
    /// A stretch of the journal once more; without `lastSeq` up to the present head.
    case replay(ULID, firstSeq: UInt64, lastSeq: UInt64?, events: [String]?, deadOnly: Bool)
}
