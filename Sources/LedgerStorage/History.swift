public import LedgerCore

/// Finds entries in the journal, without any index but the blocks' own order and the entries' links.
///
/// It keeps the last few blocks that it read, so make one for each request and let it go afterwards.
public struct History {
    private let store: any RealmStore
    private var readers: [BlockReader] = []
    /// A walk goes back and forth between few blocks; more would only hold memory.
    private static let blocksKept = 4

    public init(store: any RealmStore) {
        self.store = store
    }

    /// The entry with this seq; nil when the journal has not come so far, or for 0.
    public mutating func entry(_ seq: UInt64) throws(StoreError) -> Entry? {
        try reader(of: seq)?.entry(seq)
    }

    /// The entry with this id; nil when there is none. O(log n).
    public mutating func entry(id: ULID) throws(StoreError) -> Entry? {
        guard let block = try store.block(reaching: id) else { return nil }
        let reader = try BlockReader(block)
        remember(reader)
        // Ids ascend within the block too.
        var low = block.firstSeq
        var high = block.lastSeq
        while low < high {
            let middle = low + (high - low) / 2
            if try reader.entry(middle).id < id { low = middle + 1 } else { high = middle }
        }
        let entry = try reader.entry(low)
        return entry.id == id ? entry : nil
    }

    /// Seq of the level's last entry at or before `bound`; 0 when it had none yet. O(log n) of the level's entries.
    ///
    /// - Parameter newest: an entry of the level from which to look back, usually the newest; 0 for none.
    public mutating func lastSeq(
        of level: LevelKey, from newest: UInt64, atOrBefore bound: UInt64
    ) throws(StoreError) -> UInt64 {
        var seq = newest
        while seq > bound {
            let link = try leg(of: level, at: seq).link
            // Everything between an entry's jump and the entry itself is newer than the jump.
            seq = link.jump > bound ? link.jump : link.previous
        }
        return seq
    }

    /// What the level held once every entry up to `bound` was recorded; empty before its first.
    ///
    /// - Parameter newest: an entry of the level from which to look back, usually the newest; 0 for none.
    public mutating func pool(
        of level: LevelKey, from newest: UInt64, asOf bound: UInt64
    ) throws(StoreError) -> CostPool {
        let seq = try lastSeq(of: level, from: newest, atOrBefore: bound)
        return seq == 0 ? .empty : try leg(of: level, at: seq).after
    }

    /// What the movement `seq` did at the level.
    ///
    /// - Throws: `StoreError.corrupt` when that entry is not a movement at the level: a link led astray.
    public mutating func leg(of level: LevelKey, at seq: UInt64) throws(StoreError) -> MovementLeg {
        guard let entry = try entry(seq), case .movementRecorded(let movement) = entry.change,
            let leg = movement.leg(at: level), leg.link.previous < seq
        else { throw .corrupt(seq: seq, detail: "linked as a movement of another level") }
        return leg
    }

    private mutating func reader(of seq: UInt64) throws(StoreError) -> BlockReader? {
        for reader in readers where reader.seqs.contains(seq) { return reader }
        guard let block = try store.block(containing: seq) else { return nil }
        let reader = try BlockReader(block)
        remember(reader)
        return reader
    }

    private mutating func remember(_ reader: BlockReader) {
        if readers.count == Self.blocksKept { readers.removeFirst() }
        readers.append(reader)
    }
}
