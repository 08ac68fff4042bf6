package import LedgerCore
package import LedgerStorage

/// A list of deliveries, newest event first: rows of those that met with trouble, and the log of those that arrived at
/// once, as one. A page looks at a bounded number of deliveries: with filters it can be short, even empty, and still
/// have more behind it. Blocks.
package struct DeliverySearch {
    private let store: any DeliveryStore
    /// nil for all endpoints.
    private let webhook: WebhookNumber?
    private let status: DeliveryStatus?
    private let types: EventFilter?
    /// Asked about each delivery.
    private let isShown: (DeliveryID) -> Bool

    /// Deliveries that a page looks at before it is handed out short.
    package static let reach = 10_000
    /// Deliveries that are read at a time.
    private static let stretch = 256

    /// A page, and where the next one goes on: below this id; nil at the end.
    package struct Page: Sendable {
        package var records: [DeliveryRecord] = []
        package var next: DeliveryID?
    }

    /// - Parameters:
    ///   - webhook: nil for all endpoints, of which only deliveries with a row are listed: give a status then.
    ///   - status: nil for any.
    ///   - types: nil for any.
    ///   - isShown: false for deliveries that must not be seen.
    package init(
        _ store: any DeliveryStore, webhook: WebhookNumber?, status: DeliveryStatus?, types: EventFilter?,
        isShown: @escaping (DeliveryID) -> Bool = { _ in true }
    ) {
        self.store = store
        self.webhook = webhook
        self.status = status
        self.types = types
        self.isShown = isShown
    }

    /// - Parameters:
    ///   - seqs: where to look.
    ///   - before: only ids below it, by seq and then by endpoint.
    ///   - limit: 1 or more.
    package func page(
        in seqs: ClosedRange<UInt64>, before: DeliveryID?, limit: Int
    ) throws(StoreError) -> Page {
        var page = Page()
        var before = before
        var seen = 0
        while true {
            let (candidates, next) = try stretch(in: seqs, before: before)
            for candidate in candidates where matches(candidate) {
                if page.records.count == limit {
                    page.next = page.records.last?.id
                    return page
                }
                page.records.append(try record(candidate))
            }
            seen += candidates.count
            guard let next else { return page }
            before = next
            if seen >= DeliverySearch.reach {
                page.next = next
                return page
            }
        }
    }

    /// What is known of an event, before its attempts are read.
    private enum Candidate {
        case row(ExceptionalDelivery)
        /// In order.
        case firsts(DeliveryID, [DeliveryAttempt])

        var id: DeliveryID {
            switch self {
            case .row(let row): row.id
            case .firsts(let id, _): id
            }
        }
    }

    private func matches(_ candidate: Candidate) -> Bool {
        let name: String
        let found: DeliveryStatus
        switch candidate {
        case .row(let row): (name, found) = (row.eventName, row.status)
        case .firsts(_, let log): (name, found) = (log.last?.eventName ?? "", .delivered)
        }
        if let status, status != found { return false }
        if let types, !(EventType(named: name).map { types.matches($0) } ?? false) { return false }
        return isShown(candidate.id)
    }

    private func record(_ candidate: Candidate) throws(StoreError) -> DeliveryRecord {
        switch candidate {
        case .row(let row): DeliveryRecord(row, log: try store.attempts(of: row.id))
        case .firsts(let id, let log): DeliveryRecord(to: id.webhook, seq: id.seq, log: log)
        }
    }

    /// The newest of what is left, and where the rest begins; nil when there is none.
    private func stretch(
        in seqs: ClosedRange<UInt64>, before: DeliveryID?
    ) throws(StoreError) -> (candidates: [Candidate], next: DeliveryID?) {
        // A row says more than the log, so where the log counts every row does.
        guard let webhook, status == nil || status == .delivered else {
            let rows = try store.deliveries(
                DeliveryQuery(
                    webhook: webhook, status: status, seqs: seqs, before: before, limit: DeliverySearch.stretch))
            return (rows.map { .row($0) }, rows.count < DeliverySearch.stretch ? nil : rows.last?.id)
        }
        let last = before.map { min(seqs.upperBound, $0.seq &- 1) } ?? seqs.upperBound
        guard before?.seq != 0, seqs.lowerBound <= last else { return ([], nil) }
        let range = seqs.lowerBound...last
        let rows = try store.deliveries(
            DeliveryQuery(webhook: webhook, seqs: range, limit: DeliverySearch.stretch))
        let (firsts, searchedFrom) = try store.firstDeliveries(to: webhook, in: range, limit: DeliverySearch.stretch)
        // Above it both are complete.
        let floor = max(
            searchedFrom, rows.count < DeliverySearch.stretch ? range.lowerBound : rows.last?.id.seq ?? 0)
        var candidates: [UInt64: Candidate] = [:]
        for first in firsts where first.seq >= floor {
            let id = DeliveryID(webhook: webhook, seq: first.seq)
            if case .firsts(_, let log) = candidates[first.seq] {
                candidates[first.seq] = .firsts(id, [first.attempt] + log)
            } else {
                candidates[first.seq] = .firsts(id, [first.attempt])
            }
        }
        for row in rows where row.id.seq >= floor { candidates[row.id.seq] = .row(row) }
        let newestFirst = candidates.values.sorted { $0.id.seq > $1.id.seq }
        return (newestFirst, floor > range.lowerBound ? DeliveryID(webhook: webhook, seq: floor) : nil)
    }
}
