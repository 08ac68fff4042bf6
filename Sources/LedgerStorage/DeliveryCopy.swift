import LedgerCore

/// Copies what a realm's endpoints were sent: how far each is, what waits, what died, every attempt, and what arrived.
///
/// It adds and replaces, and takes nothing away but endpoints that the source has deleted. Cursors go last, once the
/// journal is as far as they are: whoever is stopped before that sends something again, and loses nothing.
public struct DeliveryCopy {
    /// What has become of it.
    public enum Outcome: Hashable, Sendable {
        case copied
        /// The target has delivered more than the source: it was left as it is.
        case targetIsAhead
    }

    private let source: any DeliveryStore
    private let target: any DeliveryStore

    /// Each may have ten attempts with 64 KiB of an answer.
    private static let rowsAtOnce = 128
    private static let pagesAtOnce = 32

    public init(from source: any DeliveryStore, to target: any DeliveryStore) {
        self.source = source
        self.target = target
    }

    /// All but the cursors.
    /// - Returns: the cursors that go with it, read first: what is written to the source later is not behind them. nil
    ///   when the target is ahead.
    func copyDeliveries(progress: (_ done: UInt64, _ total: UInt64) -> Void) throws(CopyFailure) -> OpenedDeliveries? {
        let from = try reading { () throws(StoreError) in try source.open() }
        let to = try writing { () throws(StoreError) in try target.open() }
        let reached = Dictionary(from.lanes.map { ($0.id, $0.nextSeq) }, uniquingKeysWith: { first, _ in first })
        let isAhead = to.lanes.contains { lane in lane.nextSeq > reached[lane.id] ?? .max }
        if isAhead { return nil }
        try removeDeleted(from, to)
        var done: UInt64 = 0
        try endForgotten(from, to)
        try forEachDelivery { deliveries, attempts throws(CopyFailure) in
            let unit = DeliveryUnit(deliveries: deliveries, attempts: Self.numbered(attempts, of: deliveries))
            _ = try writing { () throws(StoreError) in try target.commit(unit) }
            done += UInt64(deliveries.count)
            progress(done, done)
        }
        var known = try writing { () throws(StoreError) in try PageCounts(of: target) }
        var number: Int64 = 0
        while true {
            let pages = try reading { [number] () throws(StoreError) in
                try source.pages(after: number, limit: Self.pagesAtOnce)
            }
            guard let last = pages.last else { return from }
            number = last.number
            let missing = pages.map(\.page).filter { !known.remove($0) }
            if missing.isEmpty { continue }
            _ = try writing { () throws(StoreError) in try target.commit(DeliveryUnit(pages: missing)) }
            done += missing.reduce(0) { $0 + UInt64($1.deliveries.count) }
            progress(done, done)
        }
    }

    private func removeDeleted(_ from: OpenedDeliveries, _ to: OpenedDeliveries) throws(CopyFailure) {
        let kept = Set(from.health.map(\.webhook) + from.lanes.map(\.id.webhook) + from.pending.map(\.id.webhook))
        let all = to.health.map(\.webhook) + to.lanes.map(\.id.webhook) + to.pending.map(\.id.webhook)
        let removed = Set(all).subtracting(kept).sorted()
        guard !removed.isEmpty else { return }
        try writing { () throws(StoreError) in
            while try target.commit(DeliveryUnit(removedWebhooks: removed)) {}
        }
    }

    /// What still waits in the target, from an earlier copy, and is not in the source any more: there it has arrived or
    /// died, and so long ago that it was deleted. The target is not to send it again, and deletes it by its age.
    private func endForgotten(_ from: OpenedDeliveries, _ to: OpenedDeliveries) throws(CopyFailure) {
        let waiting = Set(from.pending.map(\.id))
        var ended: [ExceptionalDelivery] = []
        for delivery in to.pending where !waiting.contains(delivery.id) {
            let isKnown = try reading { () throws(StoreError) in try source.delivery(delivery.id) } != nil
            if isKnown { continue }
            var delivery = delivery
            delivery.status = .delivered
            delivery.nextAttemptAt = nil
            ended.append(delivery)
        }
        guard !ended.isEmpty else { return }
        _ = try writing { [ended] () throws(StoreError) in try target.commit(DeliveryUnit(deliveries: ended)) }
    }

    /// The cursors, to where `copyDeliveries` has found them.
    func moveLanes(_ from: OpenedDeliveries) throws(CopyFailure) {
        let to = try writing { () throws(StoreError) in try target.open() }
        let lanes = Set(from.lanes.map(\.id))
        let unit = DeliveryUnit(
            controlSeq: from.controlSeq, lanes: from.lanes,
            endedLanes: to.lanes.map(\.id).filter { !lanes.contains($0) }, health: from.health)
        _ = try writing { () throws(StoreError) in try target.commit(unit) }
    }

    /// Every row of the source must be in the target, unless the source has been at work meanwhile.
    ///
    /// - Parameter from: what was copied.
    func compare(_ from: OpenedDeliveries) throws(CopyFailure) {
        let to = try writing { () throws(StoreError) in try target.open() }
        var difference: String?
        if from != to { difference = "the cursors of webhooks are not the same" }
        var copies = DeliveryWalk()
        try forEachDelivery { deliveries, attempts throws(CopyFailure) in
            let ids = deliveries.map(\.id)
            let theirs = try writing { () throws(StoreError) in try target.attempts(ofEach: ids) }
            for (place, delivery) in deliveries.enumerated() where difference == nil {
                let id = delivery.id
                let copy = try writing { () throws(StoreError) in try copies.find(id, in: target) }
                if copy != delivery || theirs[place] != attempts[place] {
                    difference = "delivery \(id.seq) to endpoint \(id.webhook.rawValue) is not the same"
                }
            }
        }
        var known = try writing { () throws(StoreError) in try PageCounts(of: target) }
        try reading { () throws(StoreError) in
            try PageCounts.forEach(in: source) { page in
                if !known.remove(page) { difference = difference ?? "a page of deliveries is missing" }
            }
        }
        guard let difference else { return }
        let isStill = try reading { () throws(StoreError) in try source.open() } == from
        if isStill { throw .differs(detail: difference) }
    }

    /// Exceptional deliveries of the source with the attempts of each, some at a time.
    private func forEachDelivery(
        _ body: ([ExceptionalDelivery], [[DeliveryAttempt]]) throws(CopyFailure) -> Void
    ) throws(CopyFailure) {
        var before: DeliveryID?
        while true {
            let deliveries = try reading { [before] () throws(StoreError) in
                try source.deliveries(DeliveryQuery(before: before, limit: Self.rowsAtOnce))
            }
            guard let last = deliveries.last else { return }
            let attempts = try reading { () throws(StoreError) in try source.attempts(ofEach: deliveries.map(\.id)) }
            before = last.id
            try body(deliveries, attempts)
        }
    }

    private static func numbered(
        _ attempts: [[DeliveryAttempt]], of deliveries: [ExceptionalDelivery]
    ) -> [NumberedAttempt] {
        zip(deliveries, attempts).flatMap { delivery, made in
            // Of a delivery that is being deleted the first may be gone.
            let first = max(1, delivery.lastOrdinal - made.count + 1)
            return made.enumerated().map { index, attempt in
                NumberedAttempt(delivery: delivery.id, ordinal: first + index, attempt: attempt)
            }
        }
    }
}

/// Looks for deliveries in the order in which stores list them, newest first, by reading the list once.
private struct DeliveryWalk {
    private var rows: ArraySlice<ExceptionalDelivery> = []
    private var before: DeliveryID?
    private var isOver = false

    /// nil when there is none. Each call asks for one further down than the one before.
    mutating func find(_ id: DeliveryID, in store: any DeliveryStore) throws(StoreError) -> ExceptionalDelivery? {
        while true {
            while let row = rows.first, (row.id.seq, row.id.webhook) > (id.seq, id.webhook) { rows.removeFirst() }
            if let row = rows.first { return row.id == id ? row : nil }
            if isOver { return nil }
            // A stretch that only the other store has need not be read.
            let highest = DeliveryQuery(seqs: 0...id.seq, before: before, limit: 256)
            rows = try store.deliveries(highest)[...]
            guard let last = rows.last else {
                isOver = true
                return nil
            }
            before = last.id
        }
    }
}

/// How often each page is in a store, by its digest: pages have no names that hold in two stores.
private struct PageCounts {
    private var counts: [Digest256: Int] = [:]

    init(of store: any DeliveryStore) throws(StoreError) {
        var counts: [Digest256: Int] = [:]
        try PageCounts.forEach(in: store) { counts[PageCounts.digest($0), default: 0] += 1 }
        self.counts = counts
    }

    /// - Returns: false when there was none.
    mutating func remove(_ page: DeliveryPage) -> Bool {
        let digest = PageCounts.digest(page)
        guard let count = counts[digest], count > 0 else { return false }
        counts[digest] = count - 1
        return true
    }

    static func forEach(in store: any DeliveryStore, _ body: (DeliveryPage) -> Void) throws(StoreError) {
        var number: Int64 = 0
        while let last = try read(store, after: number, body) { number = last }
    }

    private static func read(
        _ store: any DeliveryStore, after number: Int64, _ body: (DeliveryPage) -> Void
    ) throws(StoreError) -> Int64? {
        let pages = try store.pages(after: number, limit: 32)
        for page in pages { body(page.page) }
        return pages.last?.number
    }

    private static func digest(_ page: DeliveryPage) -> Digest256 {
        var bytes: [UInt8] = []
        bytes.appendVarint(UInt64(page.webhook.rawValue))
        bytes.appendSigned(page.recordedAt.milliseconds)
        bytes += DeliveryCodec.encode(page.deliveries)
        return Digest256(hashing: bytes)
    }
}
