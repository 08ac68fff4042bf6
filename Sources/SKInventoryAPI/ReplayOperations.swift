import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WebhookDelivery
import WireSchema

/// Sending again.
extension SKInventoryAPI {
    private static let busyOrDisabled = ErrorDescription(
        409, "The key belongs to another request, the endpoint is disabled, or it has eight replays under way.",
        codes: ["idempotency_key_reused", "webhook_disabled", "too_many_replays"])

    static let replayOperations: [APIOperation] = [
        webhooks(
            OperationDescription(
                id: "replayWebhookDelivery", method: .post,
                path: "/inventory/v1/webhooks/{id}/deliveries/{event_id}/replay", summary: "Send an event again",
                description:
                    """
                    Any event of the journal that the endpoint takes, one from before its creation too, whatever \
                    became of it before. Same id, same bytes.
                    """,
                tag: "Webhooks", idempotency: .required, parameters: ParameterList(DeliveryPath.self),
                responses: [ResponseDescription(202, "It will be sent.", body: .json(ReplayView.self))],
                errors: [
                    ErrorDescription(
                        404, "No such endpoint, or it takes no such event.",
                        codes: ["webhook_not_found", "delivery_not_found"]),
                    busyOrDisabled, unavailable,
                ])
        ) { call throws(Refusal) in try call.replayDelivery() },
        webhooks(
            OperationDescription(
                id: "replayWebhook", method: .post, path: "/inventory/v1/webhooks/{id}/replay",
                summary: "Send a stretch of the journal again",
                description:
                    """
                    Beside what is new: live events don't wait for it. Every event keeps its id and its bytes, so that \
                    a receiver that deduplicates takes in only what it lacks.
                    """,
                tag: "Webhooks", idempotency: .required, parameters: ParameterList(WebhookPath.self),
                request: .json(
                    ReplayCreate.self,
                    examples: [
                        NamedExample("dead", summary: "All dead letters", json: #"{"dead_only": true}"#),
                        NamedExample(
                            "since", json: #"{"since": "2026-04-22T17:04:11Z", "events": ["movement.*"]}"#),
                    ], isRequired: false),
                responses: [ResponseDescription(202, "It will be sent.", body: .json(ReplayView.self))],
                errors: [
                    ErrorDescription(
                        404, "No such endpoint, or no dead letter matches.",
                        codes: ["webhook_not_found", "nothing_to_replay"]),
                    busyOrDisabled,
                    ErrorDescription(
                        422, "There is no such stretch.",
                        codes: ["validation_failed", "unknown_event_type", "replay_range_empty"]),
                    unavailable,
                ])
        ) { call throws(Refusal) in try call.replayStretch() },
        webhooks(
            OperationDescription(
                id: "listWebhookReplays", method: .get, path: "/inventory/v1/webhooks/{id}/replays",
                summary: "List the replays that are under way", tag: "Webhooks",
                parameters: ParameterList(WebhookPath.self),
                responses: [
                    ResponseDescription(200, "Replays, oldest first.", body: .json(RunningReplayList.self))
                ],
                errors: [noSuchWebhook])
        ) { call throws(Refusal) in try call.listReplays() },
    ]
}

extension Call {
    fileprivate func replayDelivery() throws(Refusal) -> Reply {
        let path = try parameters(DeliveryPath.self)
        let id = try webhookID(path.id)
        let document = try emptyDocument()
        return writeAfterReading(of: id) { [self] reads in
            guard let webhook = existingWebhook(id) else { return refusal(.webhookNotFound(path.id), document) }
            guard reads.hasRoomForReplay else { return refusal(.tooManyReplays, document) }
            guard let entry = try reads.entry(named: path.event),
                EventFilter(known: webhook.events).matches(entry.change)
            else { return refusal(.deliveryNotFound(path.event), document) }
            return replay(to: webhook, from: entry.seq, to: entry.seq, document)
        }
    }

    fileprivate func replayStretch() throws(Refusal) -> Reply {
        let name = try parameters(WebhookPath.self).id
        let id = try webhookID(name)
        let document = try documentOrEmpty()
        let body = try decode(ReplayCreate.self, from: document)
        if let events = body.events { try checkEventPatterns(events) }
        return writeAfterReading(of: id) { [self] reads in
            guard let webhook = existingWebhook(id) else { return refusal(.webhookNotFound(name), document) }
            guard reads.hasRoomForReplay else { return refusal(.tooManyReplays, document) }
            let journal = reads.ledger.store
            var first = body.fromSeq.map { UInt64($0) } ?? webhook.createdSeq + 1
            var last = body.toSeq.map { UInt64($0) }
            if let since = body.since {
                first = try journal.lastSeq(recordedAtOrBefore: Instant(milliseconds: since - 1)) + 1
            }
            if let until = body.until {
                last = try journal.lastSeq(recordedAtOrBefore: Instant(milliseconds: until - 1))
            }
            // What the ledger refuses anyway is left to it.
            let head = reads.ledger.head.head.seq
            if body.deadOnly, webhook.isActive, first <= min(last ?? head, head),
                try !reads.hasDeadLetters(of: webhook, in: first...min(last ?? head, head), body.events)
            {
                return refusal(.nothingToReplay, document)
            }
            return replay(
                to: webhook, from: first, to: last, events: body.events, deadOnly: body.deadOnly, document)
        }
    }

    private func replay(
        to webhook: WebhookEndpoint, from first: UInt64, to last: UInt64?, events: [String]? = nil,
        deadOnly: Bool = false, _ document: JSONDocument
    ) -> Submission {
        let command = WebhookCommand.replay(
            webhook.id, firstSeq: first, lastSeq: last, events: events, deadOnly: deadOnly)
        return submission(command, document) { entry in
            ReplayView(entry, of: webhook).map { .json(202, $0.jsonBytes()) }
        }
    }

    fileprivate func listReplays() throws(Refusal) -> Reply {
        let webhook = try webhook(named: try parameters(WebhookPath.self).id)
        return readDeliveries(of: webhook.id, isFlushed: false) { reads in
            var history = History(store: reads.ledger.store)
            var list = RunningReplayList()
            for lane in reads.progress?.lanes.filter({ $0.id.origin != 0 }).sorted(by: { $0.id < $1.id }) ?? [] {
                guard let entry = try history.entry(lane.id.origin), let view = ReplayView(entry, of: webhook) else {
                    continue
                }
                var running = RunningReplayView()
                running.replay = view
                running.settledSeq = Int64(clamping: lane.nextSeq - 1)
                list.data.append(running)
            }
            return .json(200, list.jsonBytes())
        }
    }
}

extension DeliveryReads {
    /// Replays of one endpoint that may be under way when another is asked for: each keeps its place, and events that
    /// it has read ahead. Those asked for at the same moment may pass it together.
    fileprivate static let replaysUnderWay = 8

    fileprivate var hasRoomForReplay: Bool {
        (progress?.lanes.count { $0.id.origin != 0 } ?? 0) < DeliveryReads.replaysUnderWay
    }

    /// Whether a dead letter of these types lies in the stretch. Looks at a bounded number: among more than that some
    /// may match. Blocks.
    fileprivate func hasDeadLetters(
        of webhook: WebhookEndpoint, in seqs: ClosedRange<UInt64>, _ events: [String]?
    ) throws(StoreError) -> Bool {
        guard let store else { return false }
        let wanted = EventFilter(known: webhook.events)
        let asked = EventFilter(known: events ?? ["*"])
        let rows = try store.deliveries(
            DeliveryQuery(webhook: webhook.number, status: .dead, seqs: seqs, limit: DeliverySearch.reach))
        return rows.count == DeliverySearch.reach
            || rows.contains { row in
                EventType(named: row.eventName).map { wanted.matches($0) && asked.matches($0) } ?? false
            }
    }
}

extension Refusal {
    fileprivate static let tooManyReplays = Refusal(
        409, "too_many_replays",
        "Eight replays to this endpoint are under way. GET its replays; send a new request when one is through.")

    fileprivate static let nothingToReplay = Refusal(
        404, "nothing_to_replay", "No dead letter of this endpoint matches. GET its deliveries to see.")
}
