import LedgerCore
import LedgerStorage

/// What a realm's store holds.
struct MemoryRealm {
    private(set) var blocks: [Block] = []
    private(set) var pages: [IdempotencyPage] = []
    private(set) var items: [ItemNumber: Item] = [:]
    private(set) var locations: [LocationNumber: Location] = [:]
    private(set) var levels: [LevelKey: StockLevel] = [:]
    private(set) var webhooks: [WebhookNumber: WebhookEndpoint] = [:]
    private(set) var segments: [ReferenceSegment] = []
    private(set) var appliedSeq: UInt64 = 0
    private(set) var lastPage: UInt64 = 0
    var lastSeq: UInt64 { blocks.last?.lastSeq ?? 0 }

    /// Most pages that one commit deletes.
    private static let droppedPages = 16

    var opened: OpenedRealm {
        let locations = locations.values.sorted { $0.number < $1.number }
        var stocked = [Int](repeating: 0, count: locations.count)
        for level in levels.values where level.pool.onHand != 0 {
            let index = Int(level.key.location.rawValue) - 1
            if stocked.indices.contains(index) { stocked[index] += 1 }
        }
        return OpenedRealm(
            head: blocks.last?.sealedHead ?? .start, appliedSeq: appliedSeq,
            referencedSeq: segments.last?.lastSeq ?? 0, items: items.values.sorted { $0.number < $1.number },
            locations: locations, webhooks: webhooks.values.sorted { $0.number < $1.number },
            levelKeys: levels.keys.sorted(), stockedLevelsByLocation: stocked,
            lastIdempotencyPage: lastPage)
    }

    func checkOrder(of unit: CommitUnit) throws(StoreError) {
        if let block = unit.block, block.firstSeq != lastSeq + 1 || block.lastSeq < block.firstSeq {
            throw .corrupt(
                seq: block.firstSeq,
                detail: "block \(block.firstSeq) to \(block.lastSeq) does not follow entry \(lastSeq)")
        }
        if let page = unit.idempotency, page.number <= lastPage {
            throw .corrupt(seq: nil, detail: "idempotency page \(page.number) does not follow \(lastPage)")
        }
    }

    mutating func apply(_ unit: CommitUnit) throws(StoreError) {
        if let segments = unit.projection?.references { try checkOrder(of: segments) }
        if let block = unit.block { blocks.append(block) }
        if let page = unit.idempotency {
            pages.append(page)
            lastPage = page.number
        }
        if let chunk = unit.projection {
            for item in chunk.items { items[item.number] = item }
            for location in chunk.locations { locations[location.number] = location }
            for level in chunk.levels { levels[level.key] = level }
            for webhook in chunk.webhooks { webhooks[webhook.number] = webhook }
            segments += chunk.references
            appliedSeq = chunk.appliedSeq ?? appliedSeq
        }
        if let slice = unit.dropSlicesBefore {
            let old = pages.prefix(Self.droppedPages).prefix { $0.slice < slice }
            pages.removeFirst(old.count)
        }
    }

    private func checkOrder(of segments: [ReferenceSegment]) throws(StoreError) {
        var lastSeq = self.segments.last?.lastSeq ?? 0
        for segment in segments {
            guard segment.firstSeq == lastSeq + 1, segment.lastSeq >= segment.firstSeq else {
                throw .corrupt(
                    seq: segment.firstSeq,
                    detail: "reference segment \(segment.firstSeq) to \(segment.lastSeq) does not follow \(lastSeq)")
            }
            lastSeq = segment.lastSeq
        }
    }

    /// What was committed after a place, at most so many blocks of it. Its version is the caller's to say.
    func news(after seq: UInt64, page: UInt64, limit: Int) -> RealmNews {
        let first = indexOfBlock(endingAtOrAfter: seq + 1) ?? blocks.count
        let new = blocks[first...].prefix(limit)
        let hasMore = first + new.count < blocks.count
        // A page belongs to a block that may come with the next look: all of them come with the last.
        let pages = hasMore ? [] : pages.filter { $0.number > page }
        return RealmNews(
            version: 0, blocks: Array(new),
            pages: pages.map {
                IdempotencyPageKeys(
                    number: $0.number, slice: $0.slice, recordedAt: $0.recordedAt, keys: $0.records.map(\.key))
            },
            lastPage: lastPage, appliedSeq: appliedSeq, referencedSeq: segments.last?.lastSeq ?? 0, hasMore: hasMore)
    }

    /// Found by halving: simulations are long.
    func indexOfBlock(endingAtOrAfter seq: UInt64) -> Int? {
        var low = 0
        var high = blocks.count
        while low < high {
            let middle = (low + high) / 2
            if blocks[middle].lastSeq < seq { low = middle + 1 } else { high = middle }
        }
        return low < blocks.count ? low : nil
    }
}
