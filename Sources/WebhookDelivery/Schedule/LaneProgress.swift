import LedgerCore
import LedgerStorage

/// A lane at work: what it has looked at, what it has found, and what of it is settled.
struct LaneProgress {
    private(set) var lane: DeliveryLane
    /// What the endpoint wants of this lane.
    var filter: EventFilter
    /// Everything up to here was looked at.
    private(set) var scanned: UInt64
    /// Wanted and not yet sent, ascending.
    private var found: ArraySlice<JournalEvent> = []
    /// The rows that some of them have, in a replay.
    private var rows: [UInt64: ExceptionalDelivery] = [:]
    /// Sent and not settled.
    private var underWay: Set<UInt64> = []
    /// Settled, above something that is not.
    private var ahead: Set<UInt64>
    var isLoading = false

    init(_ lane: DeliveryLane, filter: EventFilter) {
        self.lane = lane
        self.filter = filter
        scanned = lane.nextSeq &- 1
        ahead = Set(lane.settledAhead)
    }

    /// The last seq that it may look at, now that the journal ends at `head`.
    func end(head: UInt64) -> UInt64 { min(lane.lastSeq ?? head, head) }

    var hasFound: Bool { !found.isEmpty }

    var foundCount: Int { found.count }

    /// A replay with nothing left to do.
    var isThrough: Bool {
        guard let last = lane.lastSeq else { return false }
        return scanned >= last && found.isEmpty && underWay.isEmpty
    }

    /// Takes over what was read: the wanted events of `scanned + 1 ... through`.
    mutating func loaded(_ events: [JournalEvent], _ rows: [ExceptionalDelivery], through: UInt64) {
        isLoading = false
        guard through > scanned else { return }
        found.append(contentsOf: events.filter { $0.seq > scanned && !ahead.contains($0.seq) })
        for row in rows { self.rows[row.id.seq] = row }
        scanned = through
    }

    /// What was found is looked for anew: the endpoint wants something else now.
    mutating func forget(filter: EventFilter) {
        self.filter = filter
        isLoading = false
        if let first = found.first { scanned = first.seq - 1 }
        found = []
        rows = [:]
    }

    /// The next event to send, with its row.
    mutating func takeNext() -> (event: JournalEvent, row: ExceptionalDelivery?)? {
        guard let event = found.popFirst() else { return nil }
        underWay.insert(event.seq)
        return (event, rows.removeValue(forKey: event.seq))
    }

    /// The event arrived, has a row of its own now, or is somebody else's concern.
    mutating func settle(_ seq: UInt64) {
        guard underWay.remove(seq) != nil else { return }
        ahead.insert(seq)
    }

    /// How many are settled above one that is not.
    var aheadCount: Int { ahead.count }

    /// The oldest that was sent and is not settled.
    var oldestUnderWay: UInt64? { underWay.min() }

    /// The lane as it is to be written now.
    mutating func settledLane() -> DeliveryLane {
        var next = scanned + 1
        if let first = found.first { next = min(next, first.seq) }
        if let first = underWay.min() { next = min(next, first) }
        lane.nextSeq = max(lane.nextSeq, next)
        if !ahead.isEmpty { ahead = ahead.filter { $0 >= lane.nextSeq } }
        lane.settledAhead = ahead.sorted()
        return lane
    }
}
