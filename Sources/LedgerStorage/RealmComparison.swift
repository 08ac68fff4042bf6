import Crypto
import LedgerCore

/// Two stores of a realm side by side, row by row.
public struct RealmComparison {
    /// What was found the same.
    public struct Outcome: Hashable, Sendable {
        /// SHA-256 over all blocks with what stands beside them.
        public var journal = Digest256.zero
        /// SHA-256 over the rows of items, locations, endpoints, levels and the reference index; nil when they are not
        /// as of the same entry, because the source is being written to or the target was served: then they were proven
        /// against the journal alone.
        public var rows: Digest256?
    }

    let source: any RealmStore
    let target: any RealmStore
    /// The end of the target's journal.
    let head: SealedHead
    /// Up to this page the target had the answers before, and may have dropped some that have expired.
    let knownPage: UInt64
    /// Up to this page the answers were copied. What came since is in the next copy.
    let lastPage: UInt64

    func run(progress: (_ done: UInt64, _ total: UInt64) -> Void) throws(CopyFailure) -> Outcome {
        var outcome = Outcome()
        let ours = try writing { () throws(StoreError) in
            try RowDigest.journal(of: target, to: head.head.seq) { progress($0, 2 * head.head.seq) }
        }
        let theirs = try reading { () throws(StoreError) in
            try RowDigest.journal(of: source, to: head.head.seq) { progress(head.head.seq + $0, 2 * head.head.seq) }
        }
        guard ours == theirs else { throw .differs(detail: "the blocks of the journal are not the same") }
        outcome.journal = ours
        try comparePages()
        let from = try reading { () throws(StoreError) in try source.open() }
        let to = try writing { () throws(StoreError) in try target.open() }
        defer { target.finishOpening() }
        guard to.head == head else { throw .targetInUse }
        guard from.head == to.head, from.appliedSeq == to.appliedSeq, from.referencedSeq == to.referencedSeq else {
            return outcome
        }
        let theirRows = try reading { () throws(StoreError) in try RowDigest.rows(of: source, from) }
        let ourRows = try writing { () throws(StoreError) in try RowDigest.rows(of: target, to) }
        if theirRows == ourRows {
            outcome.rows = ourRows
            return outcome
        }
        // A server that writes brings its rows up to date now and then: it has not stood still.
        let again = try reading { () throws(StoreError) in
            let opened = try source.open()
            let rows = try RowDigest.rows(of: source, opened)
            return opened.head == from.head && opened.appliedSeq == from.appliedSeq && rows == theirRows
        }
        if again { throw .differs(detail: "the rows are not the same") }
        return outcome
    }

    private func comparePages() throws(CopyFailure) {
        let firstKept = try writing { () throws(StoreError) in
            try target.idempotencyPages(from: 0, maximumBytes: 0).first?.number ?? .max
        }
        var next: UInt64 = 0
        while next <= lastPage {
            let pages = try reading { [next] () throws(StoreError) in
                try source.idempotencyPages(from: next, maximumBytes: Self.stretch)
            }
            guard let first = pages.first, let last = pages.last else { return }
            let copies = try writing { () throws(StoreError) in
                try target.idempotencyPages(from: first.number, maximumBytes: Self.stretch)
            }
            let copied = Dictionary(copies.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
            for page in pages where page.number <= lastPage {
                let number = page.number
                var copy = copied[number]
                if copy == nil { copy = try writing { () throws(StoreError) in try target.idempotencyPage(number) } }
                if copy == page || copy == nil && number <= knownPage && number < firstKept { continue }
                throw .differs(detail: "page \(number) of stored answers is not the same")
            }
            next = last.number + 1
        }
    }

    private static let stretch = 2 << 20
}

/// Digests of what a store holds, the same whichever engine it is.
enum RowDigest {
    private static let stretch = 4 << 20

    static func journal(
        of store: any RealmStore, to end: UInt64, progress: (UInt64) -> Void
    ) throws(StoreError) -> Digest256 {
        var hasher = SHA256()
        var next: UInt64 = 1
        while next <= end {
            for block in try store.blocks(from: next, maximumBytes: stretch) {
                guard block.firstSeq == next else {
                    throw .corrupt(seq: next, detail: "the journal has no entry \(next)")
                }
                guard block.lastSeq <= end else { return Digest256(hasher.finalize()) }
                var mark: [UInt8] = []
                mark.appendVarint(block.firstSeq)
                mark.appendVarint(block.lastSeq)
                mark.appendSigned(block.recordedAt.milliseconds)
                mark.appendID(block.lastID)
                mark.append(contentsOf: block.hash.bytes)
                mark.appendVarint(UInt64(block.data.count))
                hasher.update(data: mark)
                hasher.update(data: block.data)
                next = block.lastSeq + 1
            }
            progress(next - 1)
        }
        return Digest256(hasher.finalize())
    }

    static func rows(of store: any RealmStore, _ opened: OpenedRealm) throws(StoreError) -> Digest256 {
        var hasher = SHA256()
        for item in opened.items { hasher.update(data: EntryCodec.row(of: item)) }
        for location in opened.locations { hasher.update(data: EntryCodec.row(of: location)) }
        for webhook in opened.webhooks { hasher.update(data: EntryCodec.row(of: webhook)) }
        try store.projectedLevels { level in
            var row: [UInt8] = []
            row.appendVarint(level.key.packed)
            row.appendSigned(level.pool.onHand)
            row.appendSigned(level.pool.value)
            row.appendSigned(level.pool.lastWAC)
            row.appendSigned(level.reserved)
            row.appendBlob(level.history.encodedRoots)
            if let settings = level.settings { row.appendBlob(EntryCodec.row(of: settings)) }
            hasher.update(data: row)
        }
        var next: UInt64 = 1
        while next <= opened.referencedSeq, let segment = try store.referenceSegment(containing: next) {
            var row: [UInt8] = []
            row.appendVarint(segment.firstSeq)
            row.appendVarint(segment.lastSeq)
            for posting in segment.postings {
                row.appendFixed(posting.hash)
                row.appendVarint(posting.seq)
            }
            hasher.update(data: row)
            next = segment.lastSeq + 1
        }
        return Digest256(hasher.finalize())
    }
}
