import LedgerCore
import LedgerStorage

/// Sending: as much as the endpoint may have under way, what is due again before what is new.
extension DeliveryMachine {
    mutating func pump(_ number: WebhookNumber) {
        guard let state = endpoints[number], state.isActive else { return }
        while let state = endpoints[number], state.underWay < state.limit.value,
            state.underWay + state.unrecorded < limits.unrecorded
        {
            guard retryOne(number) || sendOne(number) else { break }
        }
        loadMore(number)
        wakeForNext(number)
    }

    /// Begins with a delivery that is due again; false when none is.
    private mutating func retryOne(_ number: WebhookNumber) -> Bool {
        guard let row = endpoints[number]?.retries.popDue(at: now.wall) else { return false }
        guard flights[row.id] == nil else { return true }
        begin(row.id, Flight(origin: nil, row: row, name: row.eventName, endpointChangedSeq: changedSeq(number)))
        actions.append(.fetch(row.id))
        return true
    }

    /// Sends the next event of the lanes; false when none may be sent now.
    private mutating func sendOne(_ number: WebhookNumber) -> Bool {
        guard let state = endpoints[number], state.pausedUntil <= now.steady,
            state.retries.count < limits.pendingRetries,
            // While it fails, one at a time finds out whether it still does.
            state.health.consecutiveFailures < RetrySchedule.failuresBeforePause || state.underWay == 0
        else { return false }
        guard let (event, loadedRow, origin) = endpoints[number]?.takeNext() else { return false }
        let id = DeliveryID(webhook: number, seq: event.seq)
        // On its way already: by another lane, or as a retry.
        if flights[id] != nil {
            settle(id, origin: origin)
            return true
        }
        // A replay may meet what is to be retried anyway, or what has ended.
        let row = endpoints[number]?.retries.remove(event.seq) ?? loadedRow
        guard let name = row?.eventName ?? laneName(of: event, number, origin) else {
            settle(id, origin: origin)
            return true
        }
        let flight = Flight(origin: origin, row: row, name: name, endpointChangedSeq: changedSeq(number))
        begin(id, flight)
        send(event, id, flight)
        return true
    }

    private func laneName(of event: JournalEvent, _ number: WebhookNumber, _ origin: UInt64) -> String? {
        guard let state = endpoints[number], let index = state.laneIndex(origin) else { return nil }
        return state.lanes[index].filter.name(of: event.type)
    }

    private func changedSeq(_ number: WebhookNumber) -> UInt64 { endpoints[number]?.endpoint.changedSeq ?? 0 }

    private mutating func begin(_ id: DeliveryID, _ flight: Flight) {
        flights[id] = flight
        endpoints[id.webhook]?.underWay += 1
    }

    mutating func send(_ event: JournalEvent, _ id: DeliveryID, _ flight: Flight) {
        guard let endpoint = endpoints[id.webhook]?.endpoint else { return }
        actions.append(
            .send(
                Sending(
                    id: id, endpoint: endpoint, event: event, name: flight.name,
                    isFirst: flight.row == nil && flight.origin == 0)))
    }

    // MARK: Reading ahead

    mutating func loadMore(_ number: WebhookNumber) {
        guard let state = endpoints[number] else { return }
        for index in state.lanes.indices {
            let progress = state.lanes[index]
            let end = progress.end(head: head)
            guard !progress.isLoading, progress.scanned < end, progress.foundCount < limits.eventsAhead / 2 else {
                continue
            }
            endpoints[number]?.lanes[index].isLoading = true
            actions.append(
                .load(
                    progress.lane.id, filter: progress.filter, from: progress.scanned + 1, through: end,
                    limit: limits.eventsAhead, deadOnly: progress.lane.deadOnly))
        }
    }

    mutating func loaded(
        _ id: LaneID, _ events: [JournalEvent], _ rows: [ExceptionalDelivery], _ through: UInt64
    ) {
        guard let index = endpoints[id.webhook]?.laneIndex(id.origin),
            endpoints[id.webhook]?.lanes[index].isLoading == true
        else { return }
        endpoints[id.webhook]?.lanes[index].loaded(events, rows, through: through)
        unwritten.scannedLanes.insert(id)
        pump(id.webhook)
        endIfThrough(id)
    }

    /// A replay that is through has no lane any more.
    mutating func endIfThrough(_ id: LaneID) {
        guard let index = endpoints[id.webhook]?.laneIndex(id.origin),
            endpoints[id.webhook]?.lanes[index].isThrough == true
        else { return }
        endpoints[id.webhook]?.lanes.remove(at: index)
        unwritten.end(id)
    }

    // MARK: Time

    private mutating func wakeForNext(_ number: WebhookNumber) {
        guard let state = endpoints[number] else { return }
        if let due = endpoints[number]?.retries.nextDue() {
            if state.underWay < state.limit.value {
                wake(at: now.steady + max(0, due.milliseconds - now.wall.milliseconds))
            }
        }
        if state.pausedUntil > now.steady { wake(at: state.pausedUntil) }
    }

    mutating func wake(at moment: Int64) {
        if let wakeAt, wakeAt <= moment { return }
        wakeAt = moment
        unwritten.wakeMoved = true
    }

    mutating func scheduleWake() {
        guard let wakeAt, unwritten.wakeMoved else { return }
        unwritten.wakeMoved = false
        // At most a minute: a wall clock that was set forward is noticed then.
        actions.append(.wake(after: min(max(0, wakeAt - now.steady), RetrySchedule.minute)))
    }
}
