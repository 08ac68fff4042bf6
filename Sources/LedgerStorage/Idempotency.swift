public import LedgerCore

/// A write's answer under its key, kept 24 hours from the write (contracts, *All four*). It commits with the entries
/// that it answers for.
public struct IdempotencyRecord: Hashable, Sendable {
    /// SHA-256 of the key, truncated.
    public var key: Digest128
    /// SHA-256 over method, path and the canonical form of the body, truncated: what makes a request the same.
    public var fingerprint: Digest128
    public var status: UInt16
    /// Which `Content-Type` the answer had; the meaning of the numbers is the HTTP layer's and never changes.
    public var contentKind: UInt8
    /// The exact bytes of the answer.
    public var body: [UInt8]

    public init(key: Digest128, fingerprint: Digest128, status: UInt16, contentKind: UInt8, body: [UInt8]) {
        self.key = key
        self.fingerprint = fingerprint
        self.status = status
        self.contentKind = contentKind
        self.body = body
    }
}

/// The records of one commit. Pages are numbered 1, 2, 3 … in each realm and belong to a slice of time, which is
/// dropped whole when its last record has expired.
public struct IdempotencyPage: Hashable, Sendable {
    public var number: UInt64
    /// `recordedAt` in units of the slice's length.
    public var slice: Int64
    public var recordedAt: Instant
    public var records: [IdempotencyRecord]

    /// Bytes that it takes, about.
    public var size: Int { records.reduce(0) { $0 + $1.body.count + 40 } }

    public init(number: UInt64, slice: Int64, recordedAt: Instant, records: [IdempotencyRecord]) {
        self.number = number
        self.slice = slice
        self.recordedAt = recordedAt
        self.records = records
    }
}

/// What a start needs of a page: where it is and which keys it holds, without the answers.
public struct IdempotencyPageKeys: Sendable {
    public var number: UInt64
    public var slice: Int64
    public var recordedAt: Instant
    public var keys: [Digest128]

    public init(number: UInt64, slice: Int64, recordedAt: Instant, keys: [Digest128]) {
        self.number = number
        self.slice = slice
        self.recordedAt = recordedAt
        self.keys = keys
    }
}
