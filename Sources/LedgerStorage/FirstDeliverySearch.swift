import LedgerCore

/// What `DeliveryStore.firstDeliveries` makes of the pages, the same for every engine. Pages may overlap, so they are
/// taken in the order of how far up they reach: once the next one reaches no further than some seq, everything above it
/// is known.
public struct FirstDeliverySearch: Sendable {
    private let seqs: ClosedRange<UInt64>
    private let limit: Int
    private var found: [FirstDelivery] = []
    private var searchedFrom: UInt64

    /// - Parameter limit: how many deliveries are enough; at least one is looked for.
    public init(seqs: ClosedRange<UInt64>, limit: Int) {
        self.seqs = seqs
        self.limit = max(1, limit)
        searchedFrom = seqs.lowerBound
    }

    /// Called with the last seq of each page, which never ascends, before the page is read.
    ///
    /// - Returns: false when enough is known: this page and those behind it are not read.
    public mutating func wantsPage(reaching lastSeq: UInt64) -> Bool {
        guard found.count >= limit, found.count(where: { $0.seq > lastSeq }) >= limit else { return true }
        searchedFrom = lastSeq + 1
        return false
    }

    /// Takes a page's deliveries; those outside of the range are left out. Pages that reach equally far come newest
    /// first.
    public mutating func take(_ deliveries: [FirstDelivery]) {
        found += deliveries.filter { seqs.contains($0.seq) }
    }

    /// Newest seq first and, of one seq, what began last. Nothing below `searchedFrom`: it might be a part of it all.
    public var result: (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        let complete = found.filter { $0.seq >= searchedFrom }
        let ordered = complete.sorted {
            ($0.seq, $0.attempt.startedAt.milliseconds) > ($1.seq, $1.attempt.startedAt.milliseconds)
        }
        return (ordered, searchedFrom)
    }
}
