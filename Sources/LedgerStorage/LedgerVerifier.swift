import LedgerCore

/// Reads a realm's whole journal and proves it: the chain of hashes, the order, each entry against the entries before
/// it, and then every row of the projections against the fold.
///
/// It may run beside a server that writes. Rows are read first, the journal afterwards, so that the journal has every
/// entry that a row knows; a row may be newer than the applied seq, and is compared with the fold at its own moment.
/// Memory grows with the number of levels, not of entries.
public struct LedgerVerifier {
    private let store: any RealmStore
    private var report = VerificationReport()
    private var fold = LedgerFold()
    private var lastEntry = Head.start

    /// Bytes of the journal that are read at a time.
    private static let stretch = 4 << 20

    public init(store: any RealmStore) {
        self.store = store
    }

    /// Verifies the realm as it is now.
    ///
    /// - Parameter progress: called now and then with the entries read so far and those there were at the start.
    /// - Throws: `StoreError` when the store can't be read. What is wrong with what was read is in the report.
    public func run(
        progress: (_ done: UInt64, _ total: UInt64) -> Void = { _, _ in }
    ) throws(StoreError) -> VerificationReport {
        var fresh = LedgerVerifier(store: store)
        return try fresh.verify(progress)
    }

    private mutating func verify(
        _ progress: (_ done: UInt64, _ total: UInt64) -> Void
    ) throws(StoreError) -> VerificationReport {
        let opened: OpenedRealm
        var rows: ProjectionCheck
        do throws(StoreError) {
            opened = try store.open()
            rows = ProjectionCheck(opened)
            try store.projectedLevels { rows.add($0) }
        } catch {
            guard case .corrupt(let seq, let detail) = error else { throw error }
            report.problem = .init(seq: seq, what: seq == nil ? .projectionDiffers : .entryUndecodable, detail: detail)
            return report
        }
        let end = max(opened.head.head.seq, rows.lastSeq)
        rows.settleIfApplied(fold, at: 0)
        let wrong = try readJournal(to: end) { [store] entry, fold throws(StoreError) in
            try rows.check(entry, fold, store: store)
            if entry.seq & 0xFFFF == 0 { progress(entry.seq, end) }
        }
        report.problem = wrong ?? rows.finish(fold, head: report.head.head.seq)
        progress(report.entries, end)
        report.levels = fold.levels.count
        report.items = fold.items.count
        report.locations = fold.locations.count
        return report
    }

    /// Nil when every entry up to `end`, or where the journal ends, is right.
    private mutating func readJournal(
        to end: UInt64, _ body: (Entry, LedgerFold) throws(StoreError) -> Void
    ) throws(StoreError) -> VerificationReport.Problem? {
        while report.head.head.seq < end {
            let next = report.head.head.seq + 1
            let blocks: [Block]
            do throws(StoreError) {
                blocks = try store.blocks(from: next, maximumBytes: Self.stretch)
            } catch {
                guard case .corrupt(let seq, let detail) = error else { throw error }
                return .init(seq: seq ?? next, what: .entryUndecodable, detail: detail)
            }
            if blocks.isEmpty { return nil }
            for block in blocks {
                do throws(Wrong) {
                    try read(block, body)
                } catch {
                    switch error {
                    case .problem(let problem): return problem
                    case .store(let error): throw error
                    }
                }
            }
        }
        return nil
    }

    private enum Wrong: Error {
        case problem(VerificationReport.Problem)
        case store(StoreError)

        init(_ seq: UInt64, _ what: VerificationReport.Kind, _ detail: String) {
            self = .problem(.init(seq: seq, what: what, detail: detail))
        }
    }

    private mutating func read(
        _ block: Block, _ body: (Entry, LedgerFold) throws(StoreError) -> Void
    ) throws(Wrong) {
        let next = report.head.head.seq + 1
        guard block.firstSeq == next else {
            throw Wrong(next, .sequenceGap, "the journal goes on with a block from \(block.firstSeq)")
        }
        let reader = try Self.undecodable(at: next) { () throws(StoreError) in try BlockReader(block) }
        var hash = report.head.hash
        for seq in reader.seqs {
            let link = try Self.undecodable(at: seq) { [hash] () throws(StoreError) in
                try reader.chain(after: hash, seq)
            }
            guard link.isSealed else { throw Wrong(seq, .hashMismatch, "entry \(seq) is not what was sealed") }
            hash = link.hash
            // The block's own hash is what proves the chain; its seals are only four bytes.
            if seq == block.lastSeq, hash != block.hash {
                throw Wrong(seq, .hashMismatch, "hash \(block.hash.hex) is stored, the entries give \(hash.hex)")
            }
            let entry = try Self.undecodable(at: seq) { () throws(StoreError) in try reader.entry(seq) }
            try checkOrder(of: entry, in: block)
            if let detail = fold.append(entry) { throw Wrong(seq, .entryInconsistent, detail) }
            do throws(StoreError) { try body(entry, fold) } catch { throw .store(error) }
            report.entries += 1
        }
        report.blocks += 1
        report.head = SealedHead(head: lastEntry, hash: hash)
    }

    private static func undecodable<Value>(
        at seq: UInt64, _ body: () throws(StoreError) -> Value
    ) throws(Wrong) -> Value {
        do throws(StoreError) {
            return try body()
        } catch {
            guard case .corrupt(let named, let detail) = error else { throw .store(error) }
            throw Wrong(named ?? seq, .entryUndecodable, detail)
        }
    }

    private mutating func checkOrder(of entry: Entry, in block: Block) throws(Wrong) {
        guard entry.id > lastEntry.id else {
            throw Wrong(entry.seq, .orderBroken, "id \(entry.id.text) does not come after \(lastEntry.id.text)")
        }
        guard entry.recordedAt >= lastEntry.recordedAt || lastEntry.seq == 0 else {
            throw Wrong(entry.seq, .orderBroken, "recorded before the entry before it")
        }
        guard entry.recordedAt == block.recordedAt else {
            throw Wrong(entry.seq, .orderBroken, "recorded at another moment than its block")
        }
        guard entry.seq < block.lastSeq || entry.id == block.lastID else {
            throw Wrong(entry.seq, .orderBroken, "the block ends with id \(block.lastID.text)")
        }
        lastEntry = Head(seq: entry.seq, id: entry.id, recordedAt: entry.recordedAt)
    }
}
