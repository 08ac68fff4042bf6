import LedgerCore

/// Copies a realm from one store into another: ids, seqs, hashes and blocks byte for byte, stored answers under their
/// numbers, the rows of projections and the index of references, and what endpoints were sent.
///
/// It can be killed at any moment and run again: the target's own head says where it goes on, so that nothing is kept
/// beside the two. A target with another history is left as it is. The source may be written to meanwhile; what comes
/// late is in the next copy.
///
/// A row may know more than the journal that was read before it. So the journal is always brought up to what is written
/// after it, as in `LedgerVerifier`.
public struct RealmCopy {
    let source: any RealmStore
    let target: any RealmStore
    private let deliveries: DeliveryCopy?
    private let isUnserved: Bool
    private let progress: (CopyStep, _ done: UInt64, _ total: UInt64) -> Void
    /// The end of the target's journal.
    private var head = SealedHead.start
    /// Pages that were read and not written yet.
    private var pages: ArraySlice<IdempotencyPage> = []
    /// Number of the last page that was copied, and of the last one that belongs to the journal that is copied.
    private var lastPage: UInt64 = 0
    private var lastPageToCopy: UInt64 = 0
    private var report = RealmCopyReport()

    /// Bytes that are read and written at a time, and rows.
    private let stretch: Int
    private let rowsAtOnce: Int

    /// - Parameters:
    ///   - deliveries: what the realm's endpoints were sent; nil where there is nothing.
    ///   - isUnserved: whether nobody can have served the target yet; then its rows are written anew each time, since
    ///     those that were written by a copy of a damaged source would stay.
    ///   - bytesAtOnce: what one commit writes of the journal and of answers, about.
    ///   - rowsAtOnce: what one commit writes of items and levels.
    ///   - progress: called often, with what is done of a step and how much it is.
    public init(
        from source: any RealmStore, to target: any RealmStore, deliveries: DeliveryCopy? = nil,
        isUnserved: Bool = false, bytesAtOnce: Int = 2 << 20, rowsAtOnce: Int = 8_192,
        progress: @escaping (CopyStep, _ done: UInt64, _ total: UInt64) -> Void = { _, _, _ in }
    ) {
        self.source = source
        self.target = target
        self.deliveries = deliveries
        self.isUnserved = isUnserved
        stretch = bytesAtOnce
        self.rowsAtOnce = rowsAtOnce
        self.progress = progress
    }

    /// Copies what is missing, then proves the target and compares it with the source. Blocks.
    public func run() throws(CopyFailure) -> RealmCopyReport {
        var copy = self
        return try copy.copy()
    }

    private mutating func copy() throws(CopyFailure) -> RealmCopyReport {
        var from = try reading { [source] () throws(StoreError) in try source.open() }
        let to = try writing { [target] () throws(StoreError) in try target.open() }
        target.finishOpening()
        try checkHistory(of: from, to)
        head = to.head
        let writtenBefore = to.head.head.seq
        lastPage = to.lastIdempotencyPage
        lastPageToCopy = from.lastIdempotencyPage
        try copyJournal(to: from.head.head.seq)
        try copyReferences(from, to)
        if from.appliedSeq > to.appliedSeq || isUnserved && from.appliedSeq == to.appliedSeq { try copyRows(from) }
        var cursors: OpenedDeliveries?
        if let deliveries {
            cursors = try deliveries.copyDeliveries { [progress] in progress(.deliveries, $0, $1) }
            report.deliveries = cursors == nil ? .targetIsAhead : .copied
            // They may be further than the journal that was read before them.
            from = try reading { [source] () throws(StoreError) in try source.open() }
            lastPageToCopy = from.lastIdempotencyPage
            try copyJournal(to: from.head.head.seq)
            if let cursors { try deliveries.moveLanes(cursors) }
        }
        try copyPages()
        report.entries = head.head.seq - writtenBefore
        report.head = head
        try prove(knownPage: to.lastIdempotencyPage)
        if let deliveries, let cursors { try deliveries.compare(cursors) }
        return report
    }

    /// The target's last block must be one of the source's.
    private func checkHistory(of from: OpenedRealm, _ to: OpenedRealm) throws(CopyFailure) {
        let source = source
        let target = target
        let (sourceHead, targetHead) = (from.head.head.seq, to.head.head.seq)
        if targetHead == 0 { return }
        if targetHead <= sourceHead {
            let block = try reading { () throws(StoreError) in try source.block(containing: targetHead) }
            if block?.sealedHead == to.head { return }
        } else {
            if sourceHead == 0 { throw .targetIsAhead(targetHead: targetHead, sourceHead: 0) }
            let block = try writing { () throws(StoreError) in try target.block(containing: sourceHead) }
            if block?.sealedHead == from.head {
                throw .targetIsAhead(targetHead: targetHead, sourceHead: sourceHead)
            }
        }
        throw .otherHistory(targetHead: targetHead, sourceHead: sourceHead)
    }

    /// Up to this entry and, as blocks are read in stretches, somewhat further.
    private mutating func copyJournal(to end: UInt64) throws(CopyFailure) {
        while head.head.seq < end {
            let next = head.head.seq + 1
            let blocks = try reading { [source, stretch] () throws(StoreError) in
                try source.blocks(from: next, maximumBytes: stretch)
            }
            guard blocks.first?.firstSeq == next, let last = blocks.last else {
                throw .source(.corrupt(seq: next, detail: "the journal has no entry \(next)"))
            }
            // What is written to a journal stays there: nothing is that does not follow.
            var before = head
            for block in blocks {
                try reading { () throws(StoreError) in try block.prove(after: before) }
                before = block.sealedHead
            }
            let answers = try nextPages(upTo: last.recordedAt)
            try append(blocks, answers)
            head = last.sealedHead
            report.blocks += UInt64(blocks.count)
            progress(.entries, head.head.seq, max(end, head.head.seq))
        }
    }

    /// The answers that belong to entries up to a moment, as many as are written at a time.
    private mutating func nextPages(upTo moment: Instant?) throws(CopyFailure) -> [IdempotencyPage] {
        var answers: [IdempotencyPage] = []
        var bytes = 0
        while bytes < stretch, let page = try nextPage(), moment.map({ page.recordedAt <= $0 }) ?? true {
            pages.removeFirst()
            lastPage = page.number
            bytes += page.size
            answers.append(page)
        }
        report.pages += UInt64(answers.count)
        return answers
    }

    private mutating func nextPage() throws(CopyFailure) -> IdempotencyPage? {
        if pages.isEmpty, lastPage < lastPageToCopy {
            pages = try reading { [source, lastPage, stretch] () throws(StoreError) in
                try source.idempotencyPages(from: lastPage + 1, maximumBytes: stretch)[...]
            }
        }
        guard let page = pages.first, page.number <= lastPageToCopy else { return nil }
        return page
    }

    private mutating func copyPages() throws(CopyFailure) {
        while try nextPage() != nil {
            try append([], try nextPages(upTo: nil))
            progress(.answers, lastPage, lastPageToCopy)
        }
    }

    private func append(_ blocks: [Block], _ pages: [IdempotencyPage]) throws(CopyFailure) {
        guard !blocks.isEmpty || !pages.isEmpty else { return }
        let outcome = try writing { [target] () throws(StoreError) in try target.append(blocks, pages: pages) }
        if outcome == .overtaken { throw .targetInUse }
    }

    private func commit(_ chunk: ProjectionChunk) throws(CopyFailure) {
        let outcome = try writing { [target] () throws(StoreError) in try target.commit(CommitUnit(projection: chunk)) }
        if outcome == .overtaken { throw .targetInUse }
    }

    /// Segments as the source has cut them. Where the target has gone on by itself it may have cut them otherwise: then
    /// a server does the rest.
    private func copyReferences(_ from: OpenedRealm, _ to: OpenedRealm) throws(CopyFailure) {
        var next = to.referencedSeq + 1
        while next <= from.referencedSeq {
            let segment = try reading { [source] () throws(StoreError) in try source.referenceSegment(containing: next)
            }
            guard let segment, segment.firstSeq == next else { return }
            try commit(ProjectionChunk(references: [segment]))
            next = segment.lastSeq + 1
        }
    }

    private mutating func copyRows(_ from: OpenedRealm) throws(CopyFailure) {
        var items = from.items[...]
        while !items.isEmpty {
            try commit(ProjectionChunk(items: Array(items.prefix(rowsAtOnce))))
            items = items.dropFirst(rowsAtOnce)
        }
        try commit(ProjectionChunk(locations: from.locations, webhooks: from.webhooks))
        var levels: [StockLevel] = []
        var done: UInt64 = 0
        var failure: CopyFailure?
        try reading { [source] () throws(StoreError) in
            try source.projectedLevels { level in
                levels.append(level)
                guard levels.count == rowsAtOnce, failure == nil else { return }
                do throws(CopyFailure) {
                    done += UInt64(levels.count)
                    try write(levels)
                    progress(.levels, done, max(done, UInt64(from.levelKeys.count)))
                } catch {
                    failure = error
                }
                levels.removeAll(keepingCapacity: true)
            }
        }
        if let failure { throw failure }
        try write(levels)
        try commit(ProjectionChunk(appliedSeq: from.appliedSeq))
    }

    private mutating func write(_ levels: [StockLevel]) throws(CopyFailure) {
        try copyJournal(to: levels.map(\.history.lastSeq).max() ?? 0)
        try commit(ProjectionChunk(levels: levels))
    }

    private mutating func prove(knownPage: UInt64) throws(CopyFailure) {
        // A database ends a transaction in which nothing is asked for long, and this takes its time.
        source.finishOpening()
        let verification = try writing { [target, progress] () throws(StoreError) in
            try LedgerVerifier(store: target).run { progress(.verification, $0, $1) }
        }
        target.finishOpening()
        if let problem = verification.problem { throw .damaged(problem) }
        guard verification.head == head else { throw .targetInUse }
        report.verification = verification
        let comparison = RealmComparison(
            source: source, target: target, head: head, knownPage: knownPage, lastPage: lastPage)
        report.comparison = try comparison.run { [progress] in progress(.comparison, $0, $1) }
    }
}

extension Block {
    /// - Throws: `StoreError.corrupt` unless the block follows the head and its entries give its hash.
    func prove(after previous: SealedHead) throws(StoreError) {
        let reader = try BlockReader(self)
        guard firstSeq == previous.head.seq + 1 else {
            throw .corrupt(seq: previous.head.seq + 1, detail: "the journal goes on with a block from \(firstSeq)")
        }
        var digest = previous.hash
        for seq in reader.seqs {
            let link = try reader.chain(after: digest, seq)
            guard link.isSealed else { throw .corrupt(seq: seq, detail: "entry \(seq) is not what was sealed") }
            digest = link.hash
        }
        guard digest == hash else { throw .corrupt(seq: lastSeq, detail: "the entries give another hash") }
        let last = try reader.entry(lastSeq)
        guard last.id == lastID, last.recordedAt == recordedAt else {
            throw .corrupt(seq: lastSeq, detail: "the block ends with another entry than it says")
        }
    }
}
