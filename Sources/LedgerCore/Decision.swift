/// What a command comes to: one entry, and behind it the thresholds that it crosses.
public struct Decision: Hashable, Sendable {
    /// The command's own entry.
    public var first: Entry
    /// `stock.low` before `stock.out`; empty for most.
    public var alerts: [Entry]

    public init(first: Entry, alerts: [Entry] = []) {
        self.first = first
        self.alerts = alerts
    }

    /// All entries in the order of their seq. Makes an array: a hot path uses `first` and `alerts`.
    public var entries: [Entry] { [first] + alerts }

    public var lastEntry: Entry { alerts.last ?? first }
}

extension Head {
    /// The entry that follows this head at `moment`: the next seq; a time that never falls; and an id that ascends,
    /// random when the clock's millisecond has moved past the last id's, else that id's successor.
    func next(at moment: Moment, _ change: (Stamp) -> Change) -> Entry {
        let fresh = ULID(at: moment.now, random: moment.random)
        let stamp = Stamp(
            // 2⁶⁴ entries can't be reached; a wrap is no trap.
            seq: seq &+ 1,
            id: fresh.high >> 16 > id.high >> 16 ? fresh : id.successor,
            recordedAt: max(recordedAt, moment.now))
        return Entry(
            seq: stamp.seq, id: stamp.id, recordedAt: stamp.recordedAt, actor: moment.actor, change: change(stamp))
    }
}

/// What an entry is given when it is made.
struct Stamp {
    var seq: UInt64
    var id: ULID
    var recordedAt: Instant
}

extension Entry {
    /// The head of the journal once this entry is its last.
    public var head: Head { Head(seq: seq, id: id, recordedAt: recordedAt) }

    /// An entry of the same moment and actor, just behind this one.
    func following(_ change: Change) -> Entry {
        Entry(seq: seq &+ 1, id: id.successor, recordedAt: recordedAt, actor: actor, change: change)
    }
}
