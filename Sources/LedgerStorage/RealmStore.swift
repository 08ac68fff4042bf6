public import LedgerCore

/// Everything that one commit writes, atomically and durably: when `commit` returns, it survives a power cut.
public struct CommitUnit: Sendable {
    /// nil when no command of the batch was accepted.
    public var block: Block?
    /// nil when no command carried a key.
    public var idempotency: IdempotencyPage?
    /// A chunk of what is written behind the journal.
    public var projection: ProjectionChunk?
    /// Pages of slices before this one may be deleted, some in each commit (at most a bounded number of rows at a time,
    /// so that no commit is long).
    public var dropSlicesBefore: Int64?

    public init(
        block: Block? = nil, idempotency: IdempotencyPage? = nil, projection: ProjectionChunk? = nil,
        dropSlicesBefore: Int64? = nil
    ) {
        self.block = block
        self.idempotency = idempotency
        self.projection = projection
        self.dropSlicesBefore = dropSlicesBefore
    }
}

/// Rows of the projections, written behind the journal in chunks. A row may be newer than `appliedSeq`, never older:
/// replaying the journal from there, which assigns after-values, brings every row to its present state.
public struct ProjectionChunk: Sendable {
    public var items: [Item]
    public var locations: [Location]
    public var levels: [StockLevel]
    public var webhooks: [WebhookEndpoint]
    /// Complete segments of the reference index.
    public var references: [ReferenceSegment]
    /// Set by the last chunk of a pass: every change up to this seq is now in the rows.
    public var appliedSeq: UInt64?

    public init(
        items: [Item] = [], locations: [Location] = [], levels: [StockLevel] = [], webhooks: [WebhookEndpoint] = [],
        references: [ReferenceSegment] = [], appliedSeq: UInt64? = nil
    ) {
        self.items = items
        self.locations = locations
        self.levels = levels
        self.webhooks = webhooks
        self.references = references
        self.appliedSeq = appliedSeq
    }
}

/// An index from a movement's reference to its entry, over one stretch of the journal: built once behind it and never
/// changed, so that its cost does not grow with the ledger. Postings lie in 256 buckets by the top byte of the
/// reference's hash, each sorted by (hash, seq). A look-up reads one bucket of each segment.
public struct ReferenceSegment: Hashable, Sendable {
    public var firstSeq: UInt64
    public var lastSeq: UInt64
    public var postings: [ReferencePosting]

    public init(firstSeq: UInt64, lastSeq: UInt64, postings: [ReferencePosting]) {
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
        self.postings = postings
    }
}

/// A reference's hash (see `ReferencePosting.hash(of:)`) and the seq of a movement that carries it.
public struct ReferencePosting: Hashable, Comparable, Sendable {
    public var hash: UInt64
    public var seq: UInt64

    public init(hash: UInt64, seq: UInt64) {
        self.hash = hash
        self.seq = seq
    }

    public static func < (lhs: ReferencePosting, rhs: ReferencePosting) -> Bool {
        lhs.hash != rhs.hash ? lhs.hash < rhs.hash : lhs.seq < rhs.seq
    }
}

/// What a realm starts from: its head, its catalogue, and how far the projections are behind.
public struct OpenedRealm: Sendable {
    public var head: SealedHead
    /// The projections hold every change up to here; `head.seq` after a clean stop.
    public var appliedSeq: UInt64
    /// Last seq that a reference segment covers.
    public var referencedSeq: UInt64
    /// Ordered by number, as of the projection rows.
    public var items: [Item]
    public var locations: [Location]
    public var webhooks: [WebhookEndpoint]
    /// Every level's key, ordered: 16 bytes a level are always in memory, the levels themselves when they are hot.
    public var levelKeys: [LevelKey]
    /// Number of levels with on hand ≠ 0, by location number − 1.
    public var stockedLevelsByLocation: [Int]
    public var lastIdempotencyPage: UInt64

    public init(
        head: SealedHead, appliedSeq: UInt64, referencedSeq: UInt64, items: [Item], locations: [Location],
        webhooks: [WebhookEndpoint], levelKeys: [LevelKey], stockedLevelsByLocation: [Int],
        lastIdempotencyPage: UInt64
    ) {
        self.head = head
        self.appliedSeq = appliedSeq
        self.referencedSeq = referencedSeq
        self.items = items
        self.locations = locations
        self.webhooks = webhooks
        self.levelKeys = levelKeys
        self.stockedLevelsByLocation = stockedLevelsByLocation
        self.lastIdempotencyPage = lastIdempotencyPage
    }
}

/// What became of a commit that did not fail.
public enum CommitOutcome: Hashable, Sendable {
    /// It is durable, and the realm is at this version now.
    case durable(version: UInt64)
    /// Another process has committed since this store last looked (`news`): nothing was written.
    case overtaken
}

/// What other processes have committed to a realm since this store last looked.
public struct RealmNews: Sendable {
    /// The realm's version that it leads to.
    public var version: UInt64
    /// What was appended, in order.
    public var blocks: [Block]
    /// Pages of stored answers, by number.
    public var pages: [IdempotencyPageKeys]
    /// Number of the last page, there still or dropped.
    public var lastPage: UInt64
    /// As in `OpenedRealm`, now.
    public var appliedSeq: UInt64
    public var referencedSeq: UInt64
    /// There was too much for one answer: ask again.
    public var hasMore: Bool

    public init(
        version: UInt64, blocks: [Block] = [], pages: [IdempotencyPageKeys] = [], lastPage: UInt64 = 0,
        appliedSeq: UInt64 = 0,
        referencedSeq: UInt64 = 0, hasMore: Bool = false
    ) {
        self.version = version
        self.blocks = blocks
        self.pages = pages
        self.lastPage = lastPage
        self.appliedSeq = appliedSeq
        self.referencedSeq = referencedSeq
        self.hasMore = hasMore
    }
}

/// The port through which the ledger reaches a realm's durable state. SQLite, PostgreSQL and the simulator's memory
/// implement it and pass one conformance suite.
///
/// Every call blocks: callers run on threads of their own, never on an event loop or the cooperative pool. `commit` is
/// called by one thread at a time; reads may run beside it on any number of threads, each on a snapshot that includes
/// every commit that returned before the read began.
public protocol RealmStore: Sendable {
    /// Reads what a start needs. Called before anything else; whoever copies or verifies may call it again, for what
    /// has come since, as long as no commit is under way. What a store that writes finds here is durable from then on:
    /// a process that was killed may have left commits that were written but never synced, and their answers are about
    /// to be replayed.
    func open() throws(StoreError) -> OpenedRealm

    /// Writes the unit and makes it durable.
    ///
    /// - Throws: `full` when certainly nothing was written; `unavailable`, which says whether the outcome is unknown,
    ///   and the store can be used again; after any other error the outcome is unknown and the caller stops the
    ///   process.
    @discardableResult
    func commit(_ unit: CommitUnit) throws(StoreError) -> CommitOutcome

    /// Appends blocks and pages of stored answers that others have made, as a copy does: many at once, each following
    /// the one before. Fails like `commit`; then the first few of them may be there.
    @discardableResult
    func append(_ blocks: [Block], pages: [IdempotencyPage]) throws(StoreError) -> CommitOutcome

    /// The block that contains the entry, nil past either end.
    func block(containing seq: UInt64) throws(StoreError) -> Block?

    /// Blocks in order, beginning with the one that contains `seq` (or the first after it), until `maximumBytes` of
    /// data is passed; at least one block where there is one.
    func blocks(from seq: UInt64, maximumBytes: Int) throws(StoreError) -> [Block]

    /// Seq of the last entry recorded at or before the moment; 0 when there is none. O(log n).
    func lastSeq(recordedAtOrBefore moment: Instant) throws(StoreError) -> UInt64

    /// The block whose ids' range takes in the id: the first block with `lastID` ≥ id. O(log n).
    func block(reaching id: ULID) throws(StoreError) -> Block?

    /// The rows of these levels, in no particular order; a level without a row is left out.
    func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel]

    /// Seqs of movements that may carry the reference, among the segments: below `before`, newest first, at most
    /// `limit`. The caller checks each against the entry, since a hash may collide.
    func references(_ hash: UInt64, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64]

    /// The segment of the reference index that covers the entry, for `verify`; nil when none does (yet).
    func referenceSegment(containing seq: UInt64) throws(StoreError) -> ReferenceSegment?

    /// The keys of all pages of slices from `slice` on, in order of number, one call of `body` for each page.
    func idempotencyKeys(fromSlice slice: Int64, _ body: (IdempotencyPageKeys) -> Void) throws(StoreError)

    /// One page with its answers; nil when it has been dropped.
    func idempotencyPage(_ number: UInt64) throws(StoreError) -> IdempotencyPage?

    /// Pages with their answers, in order of number: from `number` on, until `maximumBytes` of them is passed; at least
    /// one where there is one. For a copy.
    func idempotencyPages(from number: UInt64, maximumBytes: Int) throws(StoreError) -> [IdempotencyPage]

    /// Everything that is projected, for `verify`: rows in order of key, one call each.
    func projectedLevels(_ body: (StockLevel) -> Void) throws(StoreError)

    /// Releases files, connections and locks. Nothing may be called after it.
    func close()

    // MARK: Several processes over one realm

    /// Whether other processes may write to the realm. Where they can't, what follows is never called.
    var isShared: Bool { get }

    /// The version that `open` found.
    var openedVersion: UInt64 { get }

    /// From `open` up to here, or up to the first commit, every read saw the one moment of `open`; from here on each
    /// sees what is there.
    func finishOpening()

    /// What others have committed since `open`, the last `commit` or the last `news`, whichever came last. Called by
    /// the thread that commits. `locking` keeps everybody else from committing until this store's next `commit` or
    /// `release`.
    func news(locking: Bool) throws(StoreError) -> RealmNews

    /// Gives up what `news(locking: true)` has locked, without a commit.
    func release()

    /// The realm's version now, which grows with each commit of whichever process: a read is fresh when memory is not
    /// behind. May be called by any thread.
    func currentVersion() throws(StoreError) -> UInt64
}

extension RealmStore {
    @discardableResult
    public func append(_ blocks: [Block], pages: [IdempotencyPage]) throws(StoreError) -> CommitOutcome {
        var outcome = CommitOutcome.durable(version: 0)
        for unit in blocks.map({ CommitUnit(block: $0) }) + pages.map({ CommitUnit(idempotency: $0) }) {
            outcome = try commit(unit)
            if outcome == .overtaken { return outcome }
        }
        return outcome
    }

    /// One by one, which is slow.
    public func idempotencyPages(from number: UInt64, maximumBytes: Int) throws(StoreError) -> [IdempotencyPage] {
        var numbers: [UInt64] = []
        try idempotencyKeys(fromSlice: .min) { if $0.number >= number { numbers.append($0.number) } }
        var pages: [IdempotencyPage] = []
        var bytes = 0
        for number in numbers where bytes <= maximumBytes {
            guard let page = try idempotencyPage(number) else { continue }
            bytes += page.size
            pages.append(page)
        }
        return pages
    }

    public var isShared: Bool { false }
    public var openedVersion: UInt64 { 0 }
    public func finishOpening() {}
    public func news(locking: Bool) throws(StoreError) -> RealmNews { RealmNews(version: 0) }
    public func release() {}
    public func currentVersion() throws(StoreError) -> UInt64 { 0 }
}
