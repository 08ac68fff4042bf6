import LedgerCore
import LedgerStorage

/// A delivery store as plain as can be: lists that are searched from end to end. The real ones are held against it.
struct NaiveDeliveries {
    var controlSeq: UInt64 = 0
    var lanes: [DeliveryLane] = []
    var health: [EndpointHealth] = []
    var deliveries: [ExceptionalDelivery] = []
    var attempts: [NumberedAttempt] = []
    var pages: [DeliveryPage] = []

    mutating func apply(_ unit: DeliveryUnit) {
        if let seq = unit.controlSeq { controlSeq = seq }
        for lane in unit.lanes {
            lanes.removeAll { $0.id == lane.id }
            lanes.append(lane)
        }
        lanes.removeAll { unit.endedLanes.contains($0.id) }
        for delivery in unit.deliveries {
            deliveries.removeAll { $0.id == delivery.id }
            deliveries.append(delivery)
        }
        for attempt in unit.attempts {
            attempts.removeAll { $0.delivery == attempt.delivery && $0.ordinal == attempt.ordinal }
            attempts.append(attempt)
        }
        pages += unit.pages
        for record in unit.health {
            health.removeAll { $0.webhook == record.webhook }
            health.append(record)
        }
        for webhook in unit.removedWebhooks {
            lanes.removeAll { $0.id.webhook == webhook }
            health.removeAll { $0.webhook == webhook }
            deliveries.removeAll { $0.id.webhook == webhook }
            attempts.removeAll { $0.delivery.webhook == webhook }
            pages.removeAll { $0.webhook == webhook }
        }
        if let moment = unit.dropBefore {
            pages.removeAll { $0.recordedAt < moment }
            drop(.delivered, before: moment)
        }
        if let moment = unit.dropDeadBefore { drop(.dead, before: moment) }
    }

    private mutating func drop(_ status: DeliveryStatus, before moment: Instant) {
        let ended = deliveries.filter { $0.status == status && $0.updatedAt < moment }.map(\.id)
        deliveries.removeAll { ended.contains($0.id) }
        attempts.removeAll { ended.contains($0.delivery) }
    }

    var opened: OpenedDeliveries {
        OpenedDeliveries(
            controlSeq: controlSeq, lanes: lanes.sorted { $0.id < $1.id },
            health: health.sorted { $0.webhook < $1.webhook },
            pending: deliveries.filter { $0.status == .pending }.sorted { $0.id < $1.id })
    }

    func list(_ query: DeliveryQuery) -> [ExceptionalDelivery] {
        var found: [ExceptionalDelivery] = []
        let all = deliveries.sorted { one, other in
            one.id.seq == other.id.seq ? one.id.webhook > other.id.webhook : one.id.seq > other.id.seq
        }
        for delivery in all where found.count < query.limit {
            if let webhook = query.webhook, delivery.id.webhook != webhook { continue }
            if let status = query.status, delivery.status != status { continue }
            if let names = query.eventNames, !names.contains(delivery.eventName) { continue }
            if !query.seqs.contains(delivery.id.seq) { continue }
            if let before = query.before {
                if delivery.id.seq > before.seq { continue }
                if delivery.id.seq == before.seq, delivery.id.webhook >= before.webhook { continue }
            }
            found.append(delivery)
        }
        return found
    }

    func attempts(of id: DeliveryID) -> [DeliveryAttempt] {
        attempts.filter { $0.delivery == id }.sorted { $0.ordinal < $1.ordinal }.map(\.attempt)
    }

    func count(of webhook: WebhookNumber, _ status: DeliveryStatus) -> Int {
        deliveries.count { $0.id.webhook == webhook && $0.status == status }
    }

    /// Every delivery of the pages within the range, newest seq first.
    func firstDeliveries(to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>) -> [FirstDelivery] {
        let all = pages.filter { $0.webhook == webhook }.flatMap(\.deliveries).filter { seqs.contains($0.seq) }
        return all.sorted { one, other in
            one.seq == other.seq
                ? one.attempt.startedAt.milliseconds > other.attempt.startedAt.milliseconds : one.seq > other.seq
        }
    }

    /// Rows as an engine would count them.
    var rows: Int { lanes.count + health.count + deliveries.count + attempts.count + pages.count }
}
