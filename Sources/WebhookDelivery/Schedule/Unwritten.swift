import LedgerCore
import LedgerStorage

/// What the store does not have yet.
struct Unwritten {
    /// Lanes of which something was settled, or that are new.
    var lanes: Set<LaneID> = []
    /// Lanes that have only looked further: nothing is lost when they look again.
    var scannedLanes: Set<LaneID> = []
    var ended: [LaneID] = []
    var rows: [DeliveryID: ExceptionalDelivery] = [:]
    var attempts: [NumberedAttempt] = []
    var log: [WebhookNumber: [FirstDelivery]] = [:]
    var logCount = 0
    /// Bytes of answers in the log.
    var logBytes = 0
    /// Steady time of the log's first line.
    var logSince: Int64?
    var logIsWanted = false
    var health: Set<WebhookNumber> = []
    var removed: Set<WebhookNumber> = []
    var controlMoved = false
    /// Something that must be on disk soon.
    var isUrgent = false

    /// What is being written just now.
    var writing: DeliveryUnit?
    /// Steady time of the last write's beginning.
    var lastWrite: Int64 = .min / 2
    /// Steady time of the last look for what has become old.
    var lastDrop: Int64 = .min / 2
    var moreToDelete = false
    /// Steady time before which a store without room is left alone.
    var heldUntil: Int64 = .min

    /// What the store had at the start, until the endpoints are known.
    var opened: OpenedDeliveries?
    var wakeMoved = false

    var isClean: Bool {
        lanes.isEmpty && scannedLanes.isEmpty && ended.isEmpty && rows.isEmpty && attempts.isEmpty && logCount == 0
            && health.isEmpty && removed.isEmpty && !controlMoved && !moreToDelete
    }

    /// Whether everything is written whose loss would be noticed.
    var isSettled: Bool {
        lanes.isEmpty && ended.isEmpty && rows.isEmpty && attempts.isEmpty && logCount == 0 && health.isEmpty
            && !controlMoved
    }

    func isLazyDue(at steady: Int64, _ limits: DeliveryMachine.Limits) -> Bool {
        logIsWanted || steady >= lastWrite + limits.logInterval
    }

    mutating func end(_ lane: LaneID) {
        lanes.remove(lane)
        scannedLanes.remove(lane)
        ended.append(lane)
        isUrgent = true
    }

    /// The endpoint is gone, and with it whatever is still to be written about it.
    mutating func forget(_ webhook: WebhookNumber) {
        lanes = lanes.filter { $0.webhook != webhook }
        scannedLanes = scannedLanes.filter { $0.webhook != webhook }
        ended.removeAll { $0.webhook == webhook }
        rows = rows.filter { $0.key.webhook != webhook }
        attempts.removeAll { $0.delivery.webhook == webhook }
        logCount -= log.removeValue(forKey: webhook)?.count ?? 0
        health.remove(webhook)
    }

    mutating func note(_ delivery: FirstDelivery, to webhook: WebhookNumber, at steady: Int64) {
        if logCount == 0 { logSince = steady }
        log[webhook, default: []].append(delivery)
        logCount += 1
        if case .answered(let answer) = delivery.attempt.outcome { logBytes += answer.body.count }
    }

    /// The log as pages: each ascending, without a seq twice, and within the span that the store searches.
    mutating func takePages(at now: Instant) -> [DeliveryPage] {
        var pages: [DeliveryPage] = []
        for webhook in log.keys.sorted() {
            var rest = (log[webhook] ?? []).sorted { $0.seq < $1.seq }
            while !rest.isEmpty {
                var page: [FirstDelivery] = []
                var left: [FirstDelivery] = []
                for delivery in rest {
                    let isNext = page.last.map { $0.seq < delivery.seq } ?? true
                    let isNear = delivery.seq - (page.first?.seq ?? delivery.seq) < DeliveryPage.maximumSpan
                    if isNext, isNear { page.append(delivery) } else { left.append(delivery) }
                }
                pages.append(DeliveryPage(webhook: webhook, recordedAt: now, deliveries: page))
                rest = left
            }
        }
        log = [:]
        logCount = 0
        logBytes = 0
        logSince = nil
        logIsWanted = false
        return pages
    }
}
