package import LedgerCore
package import LedgerStorage

/// Which movements a list shows. Members that are nil do not choose.
package struct MovementFilter: Hashable, Sendable {
    package var item: ItemNumber?
    /// Either leg of a transfer counts.
    package var location: LocationNumber?
    package var kind: MovementKind?
    package var reason: String?
    package var reference: String?
    /// Recorded at or after.
    package var from: Instant?
    /// Recorded before.
    package var until: Instant?

    package init() {}

    func accepts(_ entry: Entry) -> Movement? {
        guard case .movementRecorded(let movement) = entry.change else { return nil }
        if let item, movement.item != item { return nil }
        if let location, movement.location != location, movement.target?.location != location { return nil }
        if let kind, movement.kind != kind { return nil }
        if let reason, movement.reason != reason { return nil }
        if let reference, movement.reference != reference { return nil }
        if let from, entry.recordedAt < from { return nil }
        if let until, entry.recordedAt >= until { return nil }
        return movement
    }
}

/// A movement as a list shows it.
package struct RecordedMovement: Sendable {
    package var entry: Entry
    package var movement: Movement
}

/// A page of movements, newest first.
package struct MovementPage: Sendable {
    package var movements: [RecordedMovement] = []
    /// Where the next page begins: entries with a smaller seq. nil at the end. A page may be short and still have a
    /// next one: a walk reads a bounded stretch of the journal and then comes back for more.
    package var next: UInt64?
}

extension RealmLedger {
    /// Movements with a seq below `before`, newest first, at most `limit`, which is 1 or more. Blocks.
    ///
    /// A level's own chain is followed where item and location are given, all chains of an item merged where only the
    /// item is, the reference index where a reference is; anything else scans the journal backwards.
    package func movements(
        _ filter: MovementFilter, before: UInt64, limit: Int
    ) throws(StoreError) -> MovementPage {
        var walk = MovementWalk(ledger: self, filter: filter, limit: max(1, limit))
        var before = min(before, head.head.seq &+ 1)
        if let until = filter.until {
            let (last, overflow) = until.milliseconds.subtractingReportingOverflow(1)
            if overflow { return walk.page }
            before = min(before, try store.lastSeq(recordedAtOrBefore: Instant(milliseconds: last)) &+ 1)
        }
        guard before > 1 else { return walk.page }
        if let reference = filter.reference {
            try walk.byReference(reference, before: before)
        } else if let item = filter.item {
            try walk.byItem(item, before: before)
        } else {
            try walk.scan(before: before)
        }
        return walk.page
    }
}

/// One page's walk.
private struct MovementWalk {
    let ledger: RealmLedger
    let filter: MovementFilter
    let limit: Int
    var page = MovementPage()
    var history: History

    /// Entries that a page may look at before it is handed out short.
    static let reach = 100_000

    init(ledger: RealmLedger, filter: MovementFilter, limit: Int) {
        self.ledger = ledger
        self.filter = filter
        self.limit = limit
        history = History(store: ledger.store)
    }

    private mutating func entry(_ seq: UInt64) throws(StoreError) -> Entry {
        guard let entry = try history.entry(seq) else {
            throw .corrupt(seq: seq, detail: "the journal has no entry \(seq)")
        }
        return entry
    }

    mutating func take(_ entry: Entry) {
        if let movement = filter.accepts(entry) {
            page.movements.append(RecordedMovement(entry: entry, movement: movement))
        }
    }

    /// Whether what follows is older than the filter wants.
    func isPast(_ entry: Entry) -> Bool { filter.from.map { entry.recordedAt < $0 } ?? false }

    mutating func byReference(_ reference: String, before: UInt64) throws(StoreError) {
        var next = before
        var seen = 0
        while true {
            let seqs = try ledger.references(to: reference, before: next, limit: limit + 1)
            for seq in seqs {
                if page.movements.count == limit || seen == MovementWalk.reach {
                    page.next = seq + 1
                    return
                }
                seen += 1
                next = seq
                let entry = try entry(seq)
                if isPast(entry) { return }
                take(entry)
            }
            if seqs.count <= limit { return }
        }
    }

    /// Follows the chains of the item's levels, always the newest entry among them.
    mutating func byItem(_ item: ItemNumber, before: UInt64) throws(StoreError) {
        let locations = filter.location.map { [$0] } ?? ledger.withCommitted { $0.locations(of: item) }
        let levels = try ledger.levels(locations.map { LevelKey(item: item, location: $0) })
        var chains: [(key: LevelKey, seq: UInt64)] = []
        for level in levels {
            let seq = try history.lastSeq(of: level.key, from: level.history.lastSeq, atOrBefore: before - 1)
            if seq > 0 { chains.append((level.key, seq)) }
        }
        var seen = 0
        while let newest = chains.lazy.map(\.seq).max() {
            if page.movements.count == limit || seen == MovementWalk.reach {
                page.next = newest + 1
                return
            }
            seen += 1
            let entry = try entry(newest)
            if isPast(entry) { return }
            take(entry)
            try follow(entry, in: &chains)
        }
    }

    /// Moves each chain that the entry is the end of to the one before; a transfer is the end of two and is taken once.
    private func follow(_ entry: Entry, in chains: inout [(key: LevelKey, seq: UInt64)]) throws(StoreError) {
        for index in chains.indices where chains[index].seq == entry.seq {
            guard case .movementRecorded(let movement) = entry.change, let leg = movement.leg(at: chains[index].key),
                leg.link.previous < entry.seq
            else { throw .corrupt(seq: entry.seq, detail: "linked as a movement of another level") }
            chains[index].seq = leg.link.previous
        }
        chains.removeAll { $0.seq == 0 }
    }

    mutating func scan(before: UInt64) throws(StoreError) {
        var next = before
        var seen = 0
        while next > 1 {
            guard let block = try ledger.store.block(containing: next - 1), block.firstSeq < next else {
                throw .corrupt(seq: next - 1, detail: "the journal has no entry \(next - 1)")
            }
            let reader = try BlockReader(block)
            for seq in stride(from: next - 1, through: block.firstSeq, by: -1) {
                if page.movements.count == limit || seen == MovementWalk.reach {
                    page.next = seq + 1
                    return
                }
                seen += 1
                let entry = try reader.entry(seq)
                if isPast(entry) { return }
                take(entry)
            }
            next = block.firstSeq
        }
    }
}
