import LedgerCore
import LedgerStorage
import Synchronization

/// The start of a realm: from the rows of the projections to the head of the journal.
extension RealmLedger {
    /// Bytes of the journal that are read at a time.
    private static let stretch = 4 << 20

    func recover(_ opened: OpenedRealm) throws(StoreError) {
        var locationsByItem = [[LocationNumber]](repeating: [], count: opened.items.count)
        for key in opened.levelKeys {
            let index = Int(key.item.rawValue) - 1
            guard locationsByItem.indices.contains(index) else {
                throw .corrupt(seq: nil, detail: "a stock level names item \(key.item.rawValue), which does not exist")
            }
            locationsByItem[index].append(key.location)
        }
        guard opened.items.enumerated().allSatisfy({ Int($1.number.rawValue) == $0 + 1 }),
            opened.locations.enumerated().allSatisfy({ Int($1.number.rawValue) == $0 + 1 }),
            opened.webhooks.enumerated().allSatisfy({ Int($1.number.rawValue) == $0 + 1 })
        else { throw .corrupt(seq: nil, detail: "the numbers of items, locations or webhooks have a gap") }
        var counts = Array(opened.stockedLevelsByLocation.prefix(opened.locations.count))
        counts.append(contentsOf: repeatElement(0, count: opened.locations.count - counts.count))
        committed.restore(
            items: opened.items, locations: opened.locations, locationsByItem: locationsByItem,
            stockedLevelsByLocation: counts, webhooks: opened.webhooks, head: head(at: opened.appliedSeq, of: opened))
        // A crash between two chunks leaves the row of a default that gave way as it was, and no entry is about it.
        let defaults = opened.locations.filter(\.isDefault)
        if defaults.count > 1 { for location in defaults { behind.note(location.number) } }
        try warmLevels()
        try replayJournal(to: opened.head.head)
        try store.idempotencyKeys(fromSlice: IdempotencyIndex.oldestSlice(at: environment.now())) { page in
            // A page that another process has added meanwhile comes as news.
            guard page.number <= lastPage else { return }
            for key in page.keys { index.insert(key, page: page.number, slice: page.slice) }
            // A batch of refusals has a page and no entry: time must not fall behind it either, slices ascend.
            lastMoment = max(lastMoment, page.recordedAt)
        }
    }

    /// The head that the fold begins with. Its id and time matter only when nothing is replayed after it.
    private func head(at seq: UInt64, of opened: OpenedRealm) -> Head {
        seq == opened.head.head.seq
            ? opened.head.head : Head(seq: seq, id: .zero, recordedAt: Instant(milliseconds: 0))
    }

    /// Levels that fit into memory, so that reads after a start need no store; and all of them in the columns of lists.
    private func warmLevels() throws(StoreError) {
        let room = environment.limits.levelsInMemory
        var count = 0
        var stock = StockIndex()
        for item in committed.items { stock.put(item) }
        for location in committed.locations { stock.put(location) }
        try store.projectedLevels { level in
            if count < room { committed.load(level) }
            stock.put(level)
            count += 1
        }
        self.stock.withLock { [stock] lists in lists.index = stock }
        hasColdLevels = count > room
    }

    /// Folds what the projections or the reference index lack, stretch by stretch.
    private func replayJournal(to head: Head) throws(StoreError) {
        var next = min(committed.head.seq, references.coveredSeq) + 1
        while next <= head.seq {
            let blocks = try store.blocks(from: next, maximumBytes: RealmLedger.stretch)
            guard let first = blocks.first, let last = blocks.last, first.firstSeq <= next else {
                throw .corrupt(seq: next, detail: "the journal has no entry \(next)")
            }
            var entries: [Entry] = []
            for block in blocks { entries += try BlockReader(block).entries() }
            try loadLevels(changedBy: entries)
            for entry in entries where entry.seq >= next {
                if entry.seq > references.coveredSeq, let posting = ReferencePosting(indexing: entry) {
                    references.note(posting)
                }
                guard entry.seq > committed.head.seq else { continue }
                let formerDefault = committed.defaultLocation
                committed.replay(entry)
                behind.note(entry.change)
                if let formerDefault, committed.defaultLocation != formerDefault { behind.note(formerDefault) }
            }
            noteStock(replayed: entries)
            next = last.lastSeq + 1
        }
        guard committed.head.seq == head.seq else {
            throw .corrupt(
                seq: committed.head.seq, detail: "the projections are ahead of the journal's end, \(head.seq)")
        }
    }

    /// Levels that the entries change and that memory lacks: before they are replayed.
    func loadLevels(changedBy entries: [Entry]) throws(StoreError) {
        var footprint = Footprint()
        for entry in entries where entry.seq > committed.head.seq { committed.footprint(of: entry, into: &footprint) }
        if !footprint.levels.isEmpty { try load(Array(Set(footprint.levels))) }
    }
}
