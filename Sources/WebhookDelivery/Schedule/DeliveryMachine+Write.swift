package import LedgerCore
package import LedgerStorage

/// Writing what is settled: together with whatever else is new, one unit at a time.
extension DeliveryMachine {
    mutating func write() {
        guard unwritten.writing == nil, unwritten.opened == nil, !unwritten.isClean || unwritten.logIsWanted else {
            return
        }
        guard now.steady >= unwritten.heldUntil else { return wake(at: unwritten.heldUntil) }
        let earliest = unwritten.lastWrite + limits.writeInterval
        let logIsDue = isLogDue
        let isLazyDue = unwritten.isLazyDue(at: now.steady, limits)
        guard unwritten.isUrgent || logIsDue || isLazyDue || unwritten.moreToDelete else {
            return wake(at: min(logDueAt, unwritten.lastWrite + limits.logInterval))
        }
        guard now.steady >= earliest || unwritten.logIsWanted else { return wake(at: earliest) }
        let unit = makeUnit(withLog: logIsDue)
        unwritten.writing = unit
        unwritten.lastWrite = now.steady
        actions.append(.write(unit))
        // Told by `written`, or by time if there is a log that must not wait for the next delivery.
        if unwritten.logCount > 0 { wake(at: logDueAt) }
    }

    private var logDueAt: Int64 { (unwritten.logSince ?? now.steady) + limits.logInterval }

    private var isLogDue: Bool {
        unwritten.logIsWanted
            || unwritten.logCount > 0
                && (now.steady >= logDueAt || unwritten.logCount >= limits.logLength
                    || unwritten.logBytes >= 1 << 20)
    }

    private mutating func makeUnit(withLog: Bool) -> DeliveryUnit {
        var unit = DeliveryUnit()
        if unwritten.controlMoved { unit.controlSeq = control.scanned }
        let isLazyDue = unwritten.isLazyDue(at: now.steady, limits)
        let lanes = isLazyDue ? unwritten.lanes.union(unwritten.scannedLanes) : unwritten.lanes
        unit.lanes = lanes.sorted().compactMap { settledLane($0) }
        unwritten.lanes = []
        unwritten.scannedLanes.subtract(lanes)
        unit.endedLanes = unwritten.ended
        unit.deliveries = unwritten.rows.values.sorted { $0.id < $1.id }
        unit.attempts = unwritten.attempts
        if withLog { unit.pages = unwritten.takePages(at: now.wall) }
        if withLog || isLazyDue || !unit.deliveries.isEmpty {
            unit.health = unwritten.health.sorted().compactMap { endpoints[$0]?.health }
            unwritten.health = []
        }
        unit.removedWebhooks = unwritten.removed.sorted()
        if unwritten.moreToDelete || now.steady >= unwritten.lastDrop + RetrySchedule.minute {
            unit.dropBefore = Instant(milliseconds: now.wall.milliseconds - limits.retention)
            unit.dropDeadBefore = Instant(milliseconds: now.wall.milliseconds - limits.deadRetention)
            unwritten.lastDrop = now.steady
        }
        for number in Array(endpoints.keys) {
            let unrecorded = endpoints[number]?.unrecorded ?? 0
            endpoints[number]?.recording = unrecorded
        }
        unwritten.controlMoved = false
        unwritten.ended = []
        unwritten.rows = [:]
        unwritten.attempts = []
        unwritten.isUrgent = false
        unwritten.moreToDelete = false
        return unit
    }

    private mutating func settledLane(_ id: LaneID) -> DeliveryLane? {
        guard let index = endpoints[id.webhook]?.laneIndex(id.origin) else { return nil }
        return endpoints[id.webhook]?.lanes[index].settledLane()
    }

    mutating func written(moreToDelete: Bool) {
        guard let unit = unwritten.writing else { return }
        unwritten.writing = nil
        if moreToDelete { unwritten.moreToDelete = true } else { unwritten.removed.subtract(unit.removedWebhooks) }
        // What a crash would have sent again is safe now: there is room for more.
        for number in endpoints.keys.sorted() {
            guard let state = endpoints[number], state.recording > 0 else { continue }
            endpoints[number]?.unrecorded -= state.recording
            endpoints[number]?.recording = 0
            pump(number)
        }
    }

    /// What was not written is still to be written, where nothing newer has taken its place.
    mutating func notWritten() {
        guard let unit = unwritten.writing else { return }
        unwritten.writing = nil
        for number in Array(endpoints.keys) { endpoints[number]?.recording = 0 }
        unwritten.heldUntil = now.steady + RetrySchedule.second
        unwritten.isUrgent = true
        if unit.controlSeq != nil { unwritten.controlMoved = true }
        for lane in unit.lanes where endpoints[lane.id.webhook] != nil { unwritten.lanes.insert(lane.id) }
        unwritten.ended = unit.endedLanes + unwritten.ended
        for row in unit.deliveries where unwritten.rows[row.id] == nil { unwritten.rows[row.id] = row }
        unwritten.attempts = unit.attempts + unwritten.attempts
        for page in unit.pages {
            for delivery in page.deliveries { unwritten.note(delivery, to: page.webhook, at: now.steady) }
        }
        for health in unit.health where endpoints[health.webhook] != nil { unwritten.health.insert(health.webhook) }
        for number in unit.removedWebhooks { unwritten.forget(number) }
    }

    // MARK: What can be seen

    /// How an endpoint is doing.
    package func progress(of number: WebhookNumber) -> EndpointProgress? {
        guard let state = endpoints[number] else { return nil }
        var lanes = state.lanes
        let written = lanes.indices.map { lanes[$0].settledLane() }
        return EndpointProgress(
            health: state.health, lanes: written, pending: state.retries.count, underWay: state.underWay,
            concurrency: state.limit.value,
            pausedFor: state.pausedUntil > now.steady ? state.pausedUntil - now.steady : nil)
    }

    /// Whether the store has everything that is settled; how far lanes have looked is no loss.
    package var isWritten: Bool { unwritten.writing == nil && unwritten.isSettled }
}

/// How an endpoint is doing.
package struct EndpointProgress: Sendable {
    package var health: EndpointHealth
    /// The live lane, whose cursor says what has been settled, and replays that are under way.
    package var lanes: [DeliveryLane]
    package var pending: Int
    package var underWay: Int
    /// Deliveries that it may have under way.
    package var concurrency: Int
    /// Milliseconds for which nothing new is sent to it; nil when it is not spared.
    package var pausedFor: Int64?
}

extension EndpointProgress {
    /// What a store says of an endpoint that another process delivers to; nil when it says nothing. What is under way,
    /// that process alone knows.
    package init?(of webhook: WebhookNumber, writtenIn opened: OpenedDeliveries) {
        let lanes = opened.lanes.filter { $0.id.webhook == webhook }
        guard !lanes.isEmpty else { return nil }
        self.init(
            health: opened.health.first { $0.webhook == webhook } ?? EndpointHealth(webhook: webhook), lanes: lanes,
            pending: opened.pending.count { $0.id.webhook == webhook }, underWay: 0, concurrency: 0, pausedFor: nil)
    }
}
