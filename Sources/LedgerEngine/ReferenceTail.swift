import LedgerCore
import LedgerStorage

/// References of the newest movements, which no segment of the index covers yet. A value, so that a reader's copy stays
/// what it was.
struct ReferenceTail: Sendable {
    /// Last seq that a committed segment covers.
    var coveredSeq: UInt64
    /// Postings after it, in order of seq.
    var postings: [ReferencePosting] = []

    init(coveredSeq: UInt64) {
        self.coveredSeq = coveredSeq
    }

    mutating func note(_ entry: Entry) {
        guard case .movementRecorded(let movement) = entry.change, let reference = movement.reference else { return }
        postings.append(ReferencePosting(hash: ReferencePosting.hash(of: reference), seq: entry.seq))
    }

    /// The segment up to `seq`, when it is long enough to be written.
    func segment(upTo seq: UInt64, length: UInt64) -> ReferenceSegment? {
        guard seq >= coveredSeq + length else { return nil }
        let covered = postings.prefix { $0.seq <= seq }
        return ReferenceSegment(firstSeq: coveredSeq + 1, lastSeq: seq, postings: covered.sorted())
    }

    /// The segment is durable: its postings need not be here.
    mutating func wrote(_ segment: ReferenceSegment) {
        coveredSeq = segment.lastSeq
        postings.removeFirst(postings.prefix { $0.seq <= segment.lastSeq }.count)
    }

    /// Seqs of movements that may carry the reference: below `before`, newest first.
    func seqs(_ hash: UInt64, before seq: UInt64) -> [UInt64] {
        postings.reversed().compactMap { $0.hash == hash && $0.seq < seq ? $0.seq : nil }
    }
}
