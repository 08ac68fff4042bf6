package import LedgerCore
import LedgerEngine
package import LedgerStorage
import WebhookDelivery

/// Everything that is kept of one event on its way to one endpoint.
package struct DeliveryDetail: Sendable {
    package var record: DeliveryRecord
    /// The latest attempts, in order.
    package var log: [DeliveryAttempt]
    /// What was sent last; nil when nothing was, or it is not kept any more.
    package var request: SentRequest?

    /// Attempts that are shown at most.
    package static let logLength = 50
}

/// A request as it was sent.
package struct SentRequest: Sendable {
    package var url: String
    /// Those that say what it is; not those of every HTTP request.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
}

extension DeliveryReads {
    /// What is kept of the event on its way to the endpoint, whose progress was asked for; nil when it is not sent
    /// there. Blocks.
    package func detail(
        of entry: Entry, to endpoint: WebhookEndpoint, at now: Instant
    ) throws(StoreError) -> DeliveryDetail? {
        let id = DeliveryID(webhook: endpoint.number, seq: entry.seq)
        let row = try store?.delivery(id)
        var log = try row.map { row throws(StoreError) in try store?.attempts(of: row.id) ?? [] } ?? []
        let firsts = try store?.firstDeliveries(
            to: endpoint.number, in: entry.seq...entry.seq, limit: DeliveryDetail.logLength)
        // Newest first, as they come.
        log = (firsts?.deliveries.reversed().map(\.attempt) ?? []) + log
        log.sort { $0.startedAt < $1.startedAt }
        guard var record = record(id, row, log) ?? guess(id, of: entry, to: endpoint, at: now) else { return nil }
        record.attempts = max(log.count, record.attempts)
        record.first = log.first
        record.last = log.last
        let request = try log.last.map { attempt throws(StoreError) in try self.request(entry, attempt) }
        return DeliveryDetail(
            record: record, log: Array(log.suffix(DeliveryDetail.logLength)), request: request ?? nil)
    }

    private func record(
        _ id: DeliveryID, _ row: ExceptionalDelivery?, _ log: [DeliveryAttempt]
    ) -> DeliveryRecord? {
        if let row { return DeliveryRecord(row, log: log) }
        return log.isEmpty ? nil : DeliveryRecord(to: id.webhook, seq: id.seq, log: log)
    }

    /// What becomes of an event of which the store has nothing, from where the endpoint is in the journal.
    private func guess(
        _ id: DeliveryID, of entry: Entry, to endpoint: WebhookEndpoint, at now: Instant
    ) -> DeliveryRecord? {
        let type = entry.change.eventType
        guard let name = EventFilter(known: endpoint.events).name(of: type) else { return nil }
        let lanes = progress?.lanes ?? []
        if lanes.contains(where: { $0.id.origin != 0 && $0.isStillToSend(entry.seq, type) }) {
            return DeliveryRecord(id, .waiting, eventName: name)
        }
        guard entry.seq > endpoint.createdSeq else { return nil }
        guard let live = lanes.first(where: { $0.id.origin == 0 }), !live.isStillToSend(entry.seq, type) else {
            return DeliveryRecord(id, .waiting, eventName: name)
        }
        // A delivery that fails has a row from its first attempt on, and nothing of it is dropped before it is as old
        // as that: what is not there has arrived, unless it was not wanted then.
        let isYoung = now.milliseconds - entry.recordedAt.milliseconds < DeliveryMachine.Limits().retention
        let isCertain = isYoung && entry.seq > endpoint.changedSeq
        return DeliveryRecord(id, isCertain ? .delivered : .settled, eventName: name)
    }

    /// The request of an attempt. The journal has the body and the head's hash, so that neither is kept beside it.
    private func request(_ entry: Entry, _ attempt: DeliveryAttempt) throws(StoreError) -> SentRequest? {
        guard let json = Event.json(of: [entry], in: ledger).first,
            let event = JournalEvent(seq: entry.seq, id: entry.id, type: entry.change.eventType, json: json)
        else { return nil }
        var headers = [
            (name: "content-type", value: "application/json"),
            (name: StandardSignature.idHeader, value: "evt_\(entry.id.text)"),
            (name: StandardSignature.timestampHeader, value: "\(attempt.startedAt.milliseconds / 1_000)"),
        ]
        if !attempt.signature.isEmpty {
            headers.append((name: StandardSignature.signatureHeader, value: attempt.signature))
        }
        if let block = try ledger.store.block(containing: attempt.headSeq), block.lastSeq == attempt.headSeq {
            headers.append((name: LedgerHeadHeader.name, value: LedgerHeadHeader.value(block.sealedHead)))
        }
        return SentRequest(url: attempt.url, headers: headers, body: event.body(named: attempt.eventName))
    }
}

extension DeliveryLane {
    /// Whether the event lies ahead, as far as its place and type say.
    fileprivate func isStillToSend(_ seq: UInt64, _ type: EventType) -> Bool {
        guard seq >= nextSeq, seq <= lastSeq ?? .max, !deadOnly, !settledAhead.contains(seq) else { return false }
        return events.map { EventFilter(known: $0).matches(type) } ?? true
    }
}
