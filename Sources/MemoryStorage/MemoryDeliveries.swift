import LedgerCore
import LedgerStorage

/// What a realm's delivery store holds.
struct MemoryDeliveries {
    private struct Page {
        var number: Int
        var page: DeliveryPage
        var lastSeq: UInt64
    }

    private(set) var controlSeq: UInt64 = 0
    private(set) var lanes: [LaneID: DeliveryLane] = [:]
    private(set) var health: [WebhookNumber: EndpointHealth] = [:]
    private(set) var deliveries: [DeliveryID: ExceptionalDelivery] = [:]
    private var attempts: [DeliveryID: [Int: DeliveryAttempt]] = [:]
    private var pages: [Page] = []
    private var lastPage = 0

    /// Most rows that one unit deletes.
    private static let removedRows = 256

    var opened: OpenedDeliveries {
        OpenedDeliveries(
            controlSeq: controlSeq, lanes: lanes.values.sorted { $0.id < $1.id },
            health: health.values.sorted { $0.webhook < $1.webhook },
            pending: deliveries.values.filter { $0.status == .pending }.sorted { $0.id < $1.id })
    }

    func pages(after number: Int64, limit: Int) -> [(number: Int64, page: DeliveryPage)] {
        pages.filter { Int64($0.number) > number }.prefix(max(0, limit)).map { (Int64($0.number), $0.page) }
    }

    /// - Returns: whether something is left to delete.
    mutating func apply(_ unit: DeliveryUnit) -> Bool {
        controlSeq = unit.controlSeq ?? controlSeq
        for lane in unit.lanes { lanes[lane.id] = lane }
        for lane in unit.endedLanes { lanes[lane] = nil }
        for delivery in unit.deliveries { deliveries[delivery.id] = delivery }
        for attempt in unit.attempts { attempts[attempt.delivery, default: [:]][attempt.ordinal] = attempt.attempt }
        for page in unit.pages {
            guard let lastSeq = page.deliveries.last?.seq else { continue }
            lastPage += 1
            pages.append(Page(number: lastPage, page: page, lastSeq: lastSeq))
        }
        for health in unit.health { self.health[health.webhook] = health }
        var room = Self.removedRows
        var isComplete = true
        for webhook in unit.removedWebhooks { isComplete = remove(webhook, &room) && isComplete }
        if let moment = unit.dropBefore {
            isComplete = removePages({ $0.recordedAt < moment }, &room) && isComplete
            isComplete = removeDeliveries(.delivered, before: moment, &room) && isComplete
        }
        if let moment = unit.dropDeadBefore {
            isComplete = removeDeliveries(.dead, before: moment, &room) && isComplete
        }
        return !isComplete
    }

    private mutating func remove(_ webhook: WebhookNumber, _ room: inout Int) -> Bool {
        health[webhook] = nil
        let lanes = lanes.keys.filter { $0.webhook == webhook }.sorted()
        for lane in lanes.prefix(room) { self.lanes[lane] = nil }
        let isComplete = lanes.count <= room
        room -= min(room, lanes.count)
        let ids = Set(deliveries.keys).union(attempts.keys).filter { $0.webhook == webhook }.sorted()
        return removeDeliveries(ids, &room) && removePages({ $0.webhook == webhook }, &room) && isComplete
    }

    private mutating func removeDeliveries(
        _ status: DeliveryStatus, before moment: Instant, _ room: inout Int
    ) -> Bool {
        let ended = deliveries.values.filter { $0.status == status && $0.updatedAt < moment }
        return removeDeliveries(ended.sorted { $0.updatedAt < $1.updatedAt }.map(\.id), &room)
    }

    /// Each with its attempts, unless they alone are more than a unit may delete.
    private mutating func removeDeliveries(_ ids: [DeliveryID], _ room: inout Int) -> Bool {
        for id in ids {
            let ordinals = (attempts[id] ?? [:]).keys.sorted()
            guard ordinals.count < room || room == Self.removedRows else { return false }
            for ordinal in ordinals.prefix(room) { attempts[id]?[ordinal] = nil }
            guard ordinals.count < room else {
                room = 0
                return false
            }
            attempts[id] = nil
            deliveries[id] = nil
            room -= ordinals.count + 1
        }
        return true
    }

    private mutating func removePages(_ isGone: (DeliveryPage) -> Bool, _ room: inout Int) -> Bool {
        let gone = pages.filter { isGone($0.page) }
        let numbers = Set(gone.prefix(room).map(\.number))
        if !numbers.isEmpty { pages.removeAll { numbers.contains($0.number) } }
        room -= numbers.count
        return numbers.count == gone.count
    }

    func list(_ query: DeliveryQuery) -> [ExceptionalDelivery] {
        let found = deliveries.values.filter { delivery in
            query.webhook ?? delivery.id.webhook == delivery.id.webhook
                && query.status ?? delivery.status == delivery.status
                && query.eventNames?.contains(delivery.eventName) ?? true
                && query.seqs.contains(delivery.id.seq)
                && query.before.map { (delivery.id.seq, delivery.id.webhook) < ($0.seq, $0.webhook) } ?? true
        }
        let newestFirst = found.sorted { ($0.id.seq, $0.id.webhook) > ($1.id.seq, $1.id.webhook) }
        return Array(newestFirst.prefix(max(0, query.limit)))
    }

    func attempts(of id: DeliveryID) -> [DeliveryAttempt] {
        (attempts[id] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
    }

    func firstDeliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        var search = FirstDeliverySearch(seqs: seqs, limit: limit)
        let reaching = pages.filter { $0.page.webhook == webhook && $0.lastSeq >= seqs.lowerBound }
        for page in reaching.sorted(by: { ($0.lastSeq, $0.number) > ($1.lastSeq, $1.number) }) {
            guard search.wantsPage(reaching: page.lastSeq) else { break }
            search.take(page.page.deliveries)
        }
        return search.result
    }
}
