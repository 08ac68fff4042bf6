import LedgerCore
import LedgerStorage

/// References of the newest movements, which no segment of the index covers yet. A value, so that a reader's copy stays
/// what it was; in stretches, so that such a copy does not make the writer's next note copy all of them.
struct ReferenceTail: Sendable {
    /// Last seq that a committed segment covers.
    private(set) var coveredSeq: UInt64
    /// Postings after it: those of a stretch come before those of the next, and within it they are sorted by hash.
    private var stretches: [[ReferencePosting]] = []
    /// The newest, in order of seq.
    private var newest: [ReferencePosting] = []

    private static let stretchLength = 1_024

    init(coveredSeq: UInt64) {
        self.coveredSeq = coveredSeq
    }

    mutating func note(_ posting: ReferencePosting) {
        newest.append(posting)
        guard newest.count >= ReferenceTail.stretchLength else { return }
        newest.sort()
        stretches.append(newest)
        newest = []
        newest.reserveCapacity(ReferenceTail.stretchLength)
    }

    /// The segment up to `seq`, which is the last entry noted, when it is long enough to be written.
    func segment(upTo seq: UInt64, length: UInt64) -> ReferenceSegment? {
        guard seq > coveredSeq, seq - coveredSeq >= length else { return nil }
        var postings: [ReferencePosting] = []
        postings.reserveCapacity(stretches.count * ReferenceTail.stretchLength + newest.count)
        for stretch in stretches { postings.append(contentsOf: stretch) }
        postings.append(contentsOf: newest)
        // Stretches are sorted: the sort finds runs and merges them.
        postings.sort()
        return ReferenceSegment(firstSeq: coveredSeq + 1, lastSeq: seq, postings: postings)
    }

    /// The segment, which has all postings, is durable.
    mutating func wrote(_ segment: ReferenceSegment) {
        coveredSeq = segment.lastSeq
        stretches = []
        newest.removeAll(keepingCapacity: true)
    }

    /// Another process has committed segments up to the seq: what they cover is let go of.
    mutating func othersWrote(upTo seq: UInt64) {
        guard seq > coveredSeq else { return }
        coveredSeq = seq
        stretches = stretches.compactMap { stretch in
            let rest = stretch.filter { $0.seq > seq }
            return rest.isEmpty ? nil : rest
        }
        newest.removeAll { $0.seq <= seq }
    }

    /// Seqs of movements that may carry the reference: below `before`, newest first, at most `limit`.
    func seqs(_ hash: UInt64, before seq: UInt64, limit: Int) -> [UInt64] {
        var seqs: [UInt64] = []
        for posting in newest.reversed() where posting.hash == hash && posting.seq < seq {
            if seqs.count == limit { return seqs }
            seqs.append(posting.seq)
        }
        for stretch in stretches.reversed() {
            var place = ReferenceTail.place(of: ReferencePosting(hash: hash, seq: seq), in: stretch)
            while place > 0, stretch[place - 1].hash == hash {
                if seqs.count == limit { return seqs }
                place -= 1
                seqs.append(stretch[place].seq)
            }
        }
        return seqs
    }

    /// How many postings are below the bound.
    private static func place(of bound: ReferencePosting, in stretch: [ReferencePosting]) -> Int {
        var low = 0
        var high = stretch.count
        while low < high {
            let middle = (low + high) / 2
            if stretch[middle] < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
