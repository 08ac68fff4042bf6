import LedgerCore
import LedgerStorage

/// Endpoints come, change and go.
extension DeliveryMachine {
    mutating func take(_ webhooks: [WebhookEndpoint]) {
        let opened = unwritten.opened
        unwritten.opened = nil
        for webhook in webhooks {
            if webhook.isDeleted {
                remove(webhook.number, hadState: opened?.knows(webhook.number) ?? false)
            } else if endpoints[webhook.number] == nil {
                add(webhook, opened)
            } else if endpoints[webhook.number]?.endpoint != webhook {
                change(webhook)
            }
        }
        for number in endpoints.keys.sorted() { pump(number) }
        scanControl()
    }

    private mutating func add(_ webhook: WebhookEndpoint, _ opened: OpenedDeliveries?) {
        var new = EndpointDeliveries(webhook, maximumConcurrency: limits.concurrency)
        if let health = opened?.health.first(where: { $0.webhook == webhook.number }) { new.health = health }
        for row in opened?.pending ?? [] where row.id.webhook == webhook.number {
            new.retries.insert(row.planned(at: now.wall))
        }
        endpoints[webhook.number] = new
        // A store that is new to the realm has nothing to look for before its first endpoint.
        if control.scanned == 0 {
            control.scanned = webhook.createdSeq
            unwritten.controlMoved = true
        }
        for lane in opened?.lanes.sorted(by: { $0.id < $1.id }) ?? [] where lane.id.webhook == webhook.number {
            add(lane)
        }
        if endpoints[webhook.number]?.laneIndex(0) == nil {
            let live = LaneID(webhook: webhook.number, origin: 0)
            add(DeliveryLane(id: live, nextSeq: webhook.createdSeq + 1))
            unwritten.lanes.insert(live)
            unwritten.isUrgent = true
        }
    }

    mutating func add(_ lane: DeliveryLane) {
        guard let endpoint = endpoints[lane.id.webhook], endpoint.laneIndex(lane.id.origin) == nil else { return }
        endpoints[lane.id.webhook]?.lanes.append(LaneProgress(lane, filter: endpoint.filter(of: lane)))
    }

    private mutating func change(_ webhook: WebhookEndpoint) {
        guard var state = endpoints[webhook.number] else { return }
        let isEnabledAnew = webhook.isActive && !state.endpoint.isActive
        let isElsewhere = webhook.url != state.endpoint.url
        state.endpoint = webhook
        state.disablingAsOf = nil
        let filter = EventFilter(known: webhook.events)
        if filter != state.filter {
            state.filter = filter
            for index in state.lanes.indices {
                state.lanes[index].forget(filter: state.filter(of: state.lanes[index].lane))
            }
        }
        if isEnabledAnew || isElsewhere {
            // A person has mended it: it is as good as new, and what waits is tried at once.
            state.health.failingSince = nil
            state.health.consecutiveFailures = 0
            state.pausedUntil = .min
            state.limit = ConcurrencyLimit(maximum: limits.concurrency)
            for row in state.retries.bySeq.values.sorted(by: { $0.id < $1.id }) {
                var row = row
                row.nextAttemptAt = now.wall
                state.retries.insert(row)
            }
            unwritten.health.insert(webhook.number)
        }
        endpoints[webhook.number] = state
    }

    private mutating func remove(_ number: WebhookNumber, hadState: Bool) {
        let had = endpoints.removeValue(forKey: number) != nil
        guard had || hadState else { return }
        unwritten.forget(number)
        unwritten.removed.insert(number)
        unwritten.isUrgent = true
    }
}

extension ExceptionalDelivery {
    /// A row of the future was written before the clock was set back: its delay counts from now.
    fileprivate func planned(at now: Instant) -> ExceptionalDelivery {
        guard let nextAttemptAt, updatedAt.milliseconds > now.milliseconds + RetrySchedule.second else { return self }
        var row = self
        row.nextAttemptAt = Instant(
            milliseconds: now.milliseconds + max(0, nextAttemptAt.milliseconds - updatedAt.milliseconds))
        return row
    }
}

extension OpenedDeliveries {
    fileprivate func knows(_ webhook: WebhookNumber) -> Bool {
        lanes.contains { $0.id.webhook == webhook } || health.contains { $0.webhook == webhook }
            || pending.contains { $0.id.webhook == webhook }
    }
}
