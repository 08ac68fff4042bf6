/// What a caller gets: the exact bytes that are also stored under the idempotency key.
package struct Answer: Hashable, Sendable {
    package var status: UInt16
    /// Which `Content-Type` the body has; the numbers are the HTTP layer's.
    package var contentKind: UInt8
    package var body: [UInt8]

    package init(status: UInt16, contentKind: UInt8, body: [UInt8]) {
        self.status = status
        self.contentKind = contentKind
        self.body = body
    }
}

/// How a submission ended.
package enum SubmissionResult: Sendable {
    /// Decided now, and durable if it changed anything.
    case decided(Answer)
    /// The stored answer of an earlier request with the same key.
    case replayed(Answer)
    /// The key names another request. Nothing was done; its record is untouched.
    case keyReused
    /// Too much is waiting, or the realm is shutting down. Nothing was done, and the key is free.
    case busy
    /// The disk has no room. Nothing was done, and the key is free.
    case storageFull
    /// The database can't be reached. When the outcome is unknown, the write may have taken effect: the same key tells.
    case unavailable(isOutcomeUnknown: Bool)
}
