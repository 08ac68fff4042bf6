/// What a command comes to: an entry, and those that follow from it.
public struct Decision: Hashable, Sendable {
    /// The command's own entry.
    public var first: Entry
    /// The adjustment of a target that changed settings too; then the thresholds that a movement crosses, `stock.low`
    /// before `stock.out`. Empty for most.
    public var following: [Entry]

    public init(first: Entry, following: [Entry] = []) {
        self.first = first
        self.following = following
    }

    /// All entries in the order of their seq. Makes an array: a hot path uses `first` and `following`.
    public var entries: [Entry] { [first] + following }

    public var lastEntry: Entry { following.last ?? first }
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
