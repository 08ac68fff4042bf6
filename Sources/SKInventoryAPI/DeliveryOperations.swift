import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WebhookDelivery
import WireSchema

/// What became of the events that went to endpoints.
extension SKInventoryAPI {
    static let deliveryOperations: [APIOperation] = [
        webhooks(
            OperationDescription(
                id: "listWebhookDeliveries", method: .get, path: "/inventory/v1/webhooks/{id}/deliveries",
                summary: "List deliveries",
                description:
                    """
                    Newest event first: what arrived in the last seven days, what is tried again and what was given \
                    up. With filters a page can be short, even empty, and still have a next one.
                    """,
                tag: "Webhooks", parameters: ParameterList(DeliveryListQuery.self),
                responses: [ResponseDescription(200, "A page of deliveries.", body: .json(DeliveryList.self))],
                errors: [noSuchWebhook, unavailable])
        ) { call throws(Refusal) in try call.listDeliveries() },
        webhooks(
            OperationDescription(
                id: "getWebhookDelivery", method: .get, path: "/inventory/v1/webhooks/{id}/deliveries/{event_id}",
                summary: "Read a delivery", description: "With what was sent, and the log of all attempts.",
                tag: "Webhooks", parameters: ParameterList(DeliveryPath.self),
                responses: [ResponseDescription(200, "The delivery.", body: .json(DeliveryDetailView.self))],
                errors: [
                    ErrorDescription(
                        404, "No such endpoint, or the event is not sent to it.",
                        codes: ["webhook_not_found", "delivery_not_found"]),
                    unavailable,
                ])
        ) { call throws(Refusal) in try call.getDelivery() },
        webhooks(
            OperationDescription(
                id: "listDeadLetters", method: .get, path: "/inventory/v1/dead-letters", summary: "List dead letters",
                description:
                    "Deliveries to any endpoint that were given up within the last 90 days, newest event first.",
                tag: "Webhooks",
                parameters: ParameterList(DeadLetterQuery.self),
                responses: [ResponseDescription(200, "A page of dead letters.", body: .json(DeadLetterList.self))],
                errors: [noSuchWebhook, unavailable])
        ) { call throws(Refusal) in try call.listDeadLetters() },
    ]
}

/// An endpoint and an event.
struct DeliveryPath: WireParameters {
    var id = ""
    var event = ""

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path(
            "id", &value.id, .string(1...64), doc: "The endpoint's id.", example: #""whk_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#)
        v.path(
            "event_id", &value.event, .string(1...64), doc: "The event's id.",
            example: #""evt_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#)
    }
}

/// What a list of deliveries can be narrowed to.
enum DeliveryFilterWord: String, CaseIterable, Sendable {
    case pending
    case dead
    case delivered

    var status: DeliveryStatus {
        switch self {
        case .pending: .pending
        case .dead: .dead
        case .delivered: .delivered
        }
    }
}

struct DeliveryListQuery: WireParameters {
    var id = ""
    var limit: Int64 = 50
    var cursor: String?
    var status: DeliveryFilterWord?
    var types: EventFilter?
    var since: Int64?
    var until: Int64?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path(
            "id", &value.id, .string(1...64), doc: "The endpoint's id.", example: #""whk_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#)
        v.defaulted("limit", &value.limit, .integer(1...200))
        v.optional("cursor", &value.cursor, .string(1...128), doc: "next_cursor of the page before.")
        v.optional("status", &value.status, .oneOf(DeliveryFilterWord.self))
        v.optional("type", &value.types, .eventFilter, doc: typeDoc, example: #""movement.recorded""#)
        v.optional("since", &value.since, .timestamp(.milliseconds), doc: "The event was recorded at or after.")
        v.optional("until", &value.until, .timestamp(.milliseconds), doc: "The event was recorded before.")
    }

    static let typeDoc: StaticString = "Only events of this type, under any of its names; families and lists work too."
}

struct DeadLetterQuery: WireParameters {
    var limit: Int64 = 50
    var cursor: String?
    var webhook: String?
    var types: EventFilter?
    var since: Int64?
    var until: Int64?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("limit", &value.limit, .integer(1...200))
        v.optional("cursor", &value.cursor, .string(1...128), doc: "next_cursor of the page before.")
        v.optional("webhook", &value.webhook, .string(1...64), doc: "An endpoint's id.")
        v.optional(
            "type", &value.types, .eventFilter, doc: DeliveryListQuery.typeDoc, example: #""movement.recorded""#)
        v.optional("since", &value.since, .timestamp(.milliseconds), doc: "The event was recorded at or after.")
        v.optional("until", &value.until, .timestamp(.milliseconds), doc: "The event was recorded before.")
    }
}

extension Call {
    fileprivate func listDeliveries() throws(Refusal) -> Reply {
        let query = try parameters(DeliveryListQuery.self)
        let webhook = try webhook(named: query.id)
        let binding = cursorBinding(
            "deliveries", webhook, query.status?.rawValue, query.types, since: query.since, until: query.until)
        let before = try position(query.cursor, binding)
        let limit = Int(query.limit)
        return readDeliveries { [cursors] reads in
            guard let store = reads.store, let seqs = try reads.seqs(since: query.since, until: query.until) else {
                return .json(200, DeliveryList().jsonBytes())
            }
            let search = DeliverySearch(
                store, webhook: webhook.number, status: query.status?.status, types: query.types)
            let page = try search.page(in: seqs, before: before, limit: limit)
            var list = DeliveryList()
            list.data = try reads.named(page.records).map { DeliveryView($0, event: $1) }
            list.hasMore = page.next != nil
            list.nextCursor = page.next.map { cursors.seal($0, realm: reads.ledger.realm.id, filter: binding) }
            return .json(200, list.jsonBytes(capacity: 512 * (list.data.count + 1)))
        }
    }

    fileprivate func listDeadLetters() throws(Refusal) -> Reply {
        let query = try parameters(DeadLetterQuery.self)
        let webhook = try query.webhook.map { name throws(Refusal) in try self.webhook(named: name) }
        let binding = cursorBinding(
            "dead-letters", webhook, nil, query.types, since: query.since, until: query.until)
        let before = try position(query.cursor, binding)
        let limit = Int(query.limit)
        return readDeliveries { [cursors] reads in
            guard let store = reads.store, let seqs = try reads.seqs(since: query.since, until: query.until) else {
                return .json(200, DeadLetterList().jsonBytes())
            }
            let endpoints = reads.ledger.withCommitted { $0.webhooks }.filter { !$0.isDeleted }
            let ids = Dictionary(endpoints.map { ($0.number, $0.id) }, uniquingKeysWith: { $1 })
            // The rows of a deleted endpoint go little by little.
            let search = DeliverySearch(store, webhook: webhook?.number, status: .dead, types: query.types) {
                ids[$0.webhook] != nil
            }
            let page = try search.page(in: seqs, before: before, limit: limit)
            var list = DeadLetterList()
            list.data = try reads.named(page.records).map { record, event in
                var letter = DeadLetter()
                letter.delivery = DeliveryView(record, event: event)
                letter.webhook = WireID(ids[record.id.webhook] ?? .zero)
                return letter
            }
            list.hasMore = page.next != nil
            list.nextCursor = page.next.map { cursors.seal($0, realm: reads.ledger.realm.id, filter: binding) }
            return .json(200, list.jsonBytes(capacity: 512 * (list.data.count + 1)))
        }
    }

    fileprivate func getDelivery() throws(Refusal) -> Reply {
        let path = try parameters(DeliveryPath.self)
        let webhook = try webhook(named: path.id)
        return readDeliveries(of: webhook.id) { [now] reads in
            guard let entry = try reads.entry(named: path.event),
                let detail = try reads.detail(of: entry, to: webhook, at: now)
            else { throw Refusal.deliveryNotFound(path.event) }
            return .json(200, DeliveryDetailView(detail, event: entry.id).jsonBytes(capacity: 4_096))
        }
    }

    /// Everything that chooses the rows, so that a cursor serves only the list that it was made for.
    private func cursorBinding(
        _ list: String, _ webhook: WebhookEndpoint?, _ status: String?, _ types: EventFilter?, since: Int64?,
        until: Int64?
    ) -> String {
        // Only words without blanks.
        let parts = [
            list, webhook?.id.text, status, types?.patterns.joined(separator: ","), since.map { "\($0)" },
            until.map { "\($0)" },
        ]
        return parts.map { $0 ?? "-" }.joined(separator: " ")
    }

    private func position(_ cursor: String?, _ binding: String) throws(Refusal) -> DeliveryID? {
        guard let cursor else { return nil }
        guard let place = cursors.open(cursor, realm: ledger.realm.id, filter: binding) else { throw .invalidCursor }
        return DeliveryID(webhook: WebhookNumber(rawValue: UInt32(clamping: place.horizon)), seq: place.position)
    }
}

extension CursorSeal {
    /// A place in a list of deliveries: its second number is the endpoint's.
    fileprivate func seal(_ place: DeliveryID, realm: ULID, filter: String) -> String {
        seal(position: place.seq, horizon: UInt64(place.webhook.rawValue), realm: realm, filter: filter)
    }
}

extension DeliveryReads {
    /// Each with its event's id. Blocks.
    fileprivate func named(_ records: [DeliveryRecord]) throws(StoreError) -> [(DeliveryRecord, ULID)] {
        var history = History(store: ledger.store)
        var named: [(DeliveryRecord, ULID)] = []
        for record in records {
            guard let entry = try history.entry(record.id.seq) else {
                throw .corrupt(seq: record.id.seq, detail: "delivered, and not in the journal")
            }
            named.append((record, entry.id))
        }
        return named
    }
}

extension Refusal {
    /// 404: the endpoint is not sent the event, or there is no such event.
    static func deliveryNotFound(_ event: String) -> Refusal {
        Refusal(404, "delivery_not_found", "\(event) is no event that this endpoint is sent.")
    }
}
