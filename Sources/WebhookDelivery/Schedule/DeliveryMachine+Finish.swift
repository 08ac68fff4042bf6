import LedgerCore
import LedgerStorage

/// What an attempt leaves behind.
extension DeliveryMachine {
    mutating func fetched(_ id: DeliveryID, _ event: JournalEvent?) {
        guard let flight = flights[id] else { return }
        guard let event, let state = endpoints[id.webhook], state.isActive else {
            // Nothing can be sent now: what was due stays due.
            flights[id] = nil
            endpoints[id.webhook]?.underWay -= 1
            if let row = flight.row { endpoints[id.webhook]?.retries.insert(row) }
            return
        }
        send(event, id, flight)
    }

    mutating func finished(_ id: DeliveryID, _ attempt: DeliveryAttempt, _ retryAfter: Int64?) {
        guard let flight = flights.removeValue(forKey: id), endpoints[id.webhook] != nil else { return }
        endpoints[id.webhook]?.underWay -= 1
        endpoints[id.webhook]?.unrecorded += 1
        let attempt = answers.keep(attempt, at: now.steady)
        if attempt.outcome.isSuccess {
            succeeded(id, flight, attempt)
        } else {
            failed(id, flight, attempt, retryAfter)
        }
        unwritten.isUrgent = true
        if let origin = flight.origin { settle(id, origin: origin) }
        pump(id.webhook)
        if let origin = flight.origin { endIfThrough(LaneID(webhook: id.webhook, origin: origin)) }
    }

    private mutating func succeeded(_ id: DeliveryID, _ flight: Flight, _ attempt: DeliveryAttempt) {
        let number = id.webhook
        endpoints[number]?.limit.succeeded()
        endpoints[number]?.health.failingSince = nil
        endpoints[number]?.health.consecutiveFailures = 0
        endpoints[number]?.health.lastSuccessAt = attempt.startedAt
        endpoints[number]?.health.delivered += 1
        endpoints[number]?.pausedUntil = .min
        unwritten.health.insert(number)
        guard var row = flight.row else {
            unwritten.note(FirstDelivery(seq: id.seq, attempt: attempt), to: number, at: now.steady)
            return
        }
        row.status = .delivered
        row.nextAttemptAt = nil
        record(attempt, in: &row)
    }

    private mutating func failed(
        _ id: DeliveryID, _ flight: Flight, _ attempt: DeliveryAttempt, _ retryAfter: Int64?
    ) {
        noteFailure(id.webhook, flight, attempt, retryAfter)
        var row =
            flight.row
            ?? ExceptionalDelivery(
                id: id, status: .pending, attempts: 0, lastOrdinal: 0, nextAttemptAt: nil, updatedAt: now.wall,
                eventName: flight.name)
        // What had ended and is replayed begins its schedule anew.
        if row.status != .pending { row.attempts = 0 }
        row.nextAttemptAt = RetrySchedule.next(
            afterAttempt: row.attempts + 1, at: now.wall, retryAfter: retryAfter, by: limits.retryDelays,
            chance: chance.next())
        row.status = row.nextAttemptAt == nil ? .dead : .pending
        if row.status == .dead { endpoints[id.webhook]?.health.died += 1 }
        record(attempt, in: &row)
        endpoints[id.webhook]?.retries.insert(row)
    }

    /// Adds the attempt to the row.
    private mutating func record(_ attempt: DeliveryAttempt, in row: inout ExceptionalDelivery) {
        row.attempts += 1
        row.lastOrdinal += 1
        row.updatedAt = now.wall
        unwritten.rows[row.id] = row
        unwritten.attempts.append(NumberedAttempt(delivery: row.id, ordinal: row.lastOrdinal, attempt: attempt))
    }

    private mutating func noteFailure(
        _ number: WebhookNumber, _ flight: Flight, _ attempt: DeliveryAttempt, _ retryAfter: Int64?
    ) {
        // What was sent before somebody changed the endpoint says nothing about it as it is now.
        guard var state = endpoints[number], state.endpoint.changedSeq == flight.endpointChangedSeq else { return }
        state.limit.failed()
        state.health.failingSince = state.health.failingSince ?? attempt.startedAt
        state.health.consecutiveFailures += 1
        state.health.lastFailureAt = attempt.startedAt
        var pause = RetrySchedule.pause(afterFailures: state.health.consecutiveFailures)
        var status = 0
        if case .answered(let answer) = attempt.outcome { status = answer.status }
        // Both speak for the whole endpoint, not for one event.
        if status == 429 || status == 503 { pause = max(pause, RetrySchedule.asked(retryAfter)) }
        if pause > 0 { state.pausedUntil = max(state.pausedUntil, now.steady + pause) }
        endpoints[number] = state
        unwritten.health.insert(number)
        let failingFor = now.wall.milliseconds - (state.health.failingSince ?? now.wall).milliseconds
        if status == 410 {
            disable(number, .gone)
        } else if failingFor >= limits.patience {
            disable(number, .failing)
        }
    }

    private mutating func disable(_ number: WebhookNumber, _ reason: WebhookDisabling) {
        guard let state = endpoints[number], state.isActive else { return }
        endpoints[number]?.disablingAsOf = state.endpoint.changedSeq
        actions.append(.disable(state.endpoint.id, number, reason, changedSeq: state.endpoint.changedSeq))
    }

    // MARK: The cursor

    mutating func settle(_ id: DeliveryID, origin: UInt64) {
        guard let index = endpoints[id.webhook]?.laneIndex(origin) else { return }
        endpoints[id.webhook]?.lanes[index].settle(id.seq)
        let lane = LaneID(webhook: id.webhook, origin: origin)
        unwritten.lanes.insert(lane)
        park(lane, index)
        // Also what was on its way for another lane can be the last that a replay waited for.
        endIfThrough(lane)
    }

    /// A slow answer must not hold the cursor back: what has been waited for too long gets a row, and the cursor goes
    /// on.
    private mutating func park(_ lane: LaneID, _ index: Int) {
        guard let progress = endpoints[lane.webhook]?.lanes[index], progress.aheadCount > limits.settledAhead,
            let seq = progress.oldestUnderWay
        else { return }
        // The cursor may only be waiting to be written.
        guard let written = endpoints[lane.webhook]?.lanes[index].settledLane(),
            written.settledAhead.count
                > limits.settledAhead
        else { return }
        let id = DeliveryID(webhook: lane.webhook, seq: seq)
        guard var flight = flights[id], flight.origin == lane.origin else { return }
        var row =
            flight.row
            ?? ExceptionalDelivery(
                id: id, status: .pending, attempts: 0, lastOrdinal: 0, nextAttemptAt: nil, updatedAt: now.wall,
                eventName: flight.name)
        row.nextAttemptAt = now.wall
        row.status = .pending
        flight.row = row
        flight.origin = nil
        flights[id] = flight
        unwritten.rows[id] = row
        endpoints[lane.webhook]?.lanes[index].settle(seq)
        unwritten.isUrgent = true
    }
}
