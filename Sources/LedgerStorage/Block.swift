public import LedgerCore

/// What one commit appends to the journal: all entries of a batch, encoded (`EntryCodec`), and the hash of the last
/// one. Its row is (realm, first_seq, last_seq, recorded_at, last_id, data, hash); it is never changed or deleted.
public struct Block: Hashable, Sendable {
    public var firstSeq: UInt64
    public var lastSeq: UInt64
    /// The same for all entries of the block; never less than the block's before.
    public var recordedAt: Instant
    /// Id of the last entry: ids ascend, so that an entry is found by id without an index on ids.
    public var lastID: ULID
    public var data: [UInt8]
    /// hash(n) = SHA-256(hash(n−1) ‖ canonical bytes of entry n), for the last entry.
    public var hash: Digest256

    public init(
        firstSeq: UInt64, lastSeq: UInt64, recordedAt: Instant, lastID: ULID, data: [UInt8], hash: Digest256
    ) {
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
        self.recordedAt = recordedAt
        self.lastID = lastID
        self.data = data
        self.hash = hash
    }
}

/// The end of the journal with its proof.
public struct SealedHead: Hashable, Sendable {
    public var head: Head
    public var hash: Digest256

    public static let start = SealedHead(head: .start, hash: .zero)

    public init(head: Head, hash: Digest256) {
        self.head = head
        self.hash = hash
    }
}
