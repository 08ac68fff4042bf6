import LedgerCore
import LedgerEngine
import LedgerStorage
import NIOHTTP1
package import WireSchema

/// The journal's reads as every dialect has them: a page, one event, and a stream. They differ in name, path and tag,
/// and in nothing else.
package enum EventOperations {
    /// `GET …/events`.
    package static func list(id: String, path: PathTemplate, tag: String = "Events") -> APIOperation {
        APIOperation(
            OperationDescription(
                id: id, method: .get, path: path, summary: "Read the journal",
                description:
                    """
                    A realm's whole truth: every state change in the order of the ledger, from the first entry \
                    on, the same bytes each time. Go on with `after` = the `last_seq` of the page before. With \
                    `types` a page looks at a bounded stretch of the journal: it can be short, even empty, and still \
                    have more behind it.
                    """,
                tag: tag, parameters: ParameterList(EventQuery.self),
                responses: [ResponseDescription(200, "Entries after the given one.", body: .json(EventList.self))]),
            scope: .inventoryRead, dialect: .problem
        ) { call throws(Refusal) in
            let query = try call.parameters(EventQuery.self)
            let ledger = call.ledger
            return .blocking {
                let page = try EventList.page(
                    after: UInt64(query.after), limit: Int(query.limit), filter: query.types, of: ledger)
                return .json(200, page.jsonBytes(capacity: 768 * (page.data.count + 1)))
            }
        }
    }

    /// `GET …/events/{id}`.
    package static func get(id: String, path: PathTemplate, tag: String = "Events") -> APIOperation {
        APIOperation(
            OperationDescription(
                id: id, method: .get, path: path, summary: "Read an event", tag: tag,
                parameters: ParameterList(EventPath.self),
                responses: [ResponseDescription(200, "The event.", body: .json(Event.self))],
                errors: [ErrorDescription(404, "No such event.", codes: ["entry_not_found"])]),
            scope: .inventoryRead, dialect: .problem
        ) { call throws(Refusal) in
            let id = try call.parameters(EventPath.self).id
            let ledger = call.ledger
            return .blocking {
                let entry = try ledger.event(named: id)
                let event = ledger.withCommitted { Event(entry, in: $0) }
                return .json(200, event.jsonBytes(capacity: 768))
            }
        }
    }

    /// `GET …/events/stream`.
    package static func stream(id: String, path: PathTemplate, tag: String = "Events") -> APIOperation {
        APIOperation(streamDescription(id: id, path: path, tag: tag), scope: .inventoryRead, dialect: .problem) {
            call throws(Refusal) in
            let query = try call.parameters(EventStreamQuery.self)
            let ledger = call.ledger
            let tails = call.tails
            let filter = query.types == .everything ? nil : query.types
            let lastID = call.request.headers.first(name: "last-event-id").flatMap { $0.isEmpty ? nil : $0 }
            let last = query.after.map { UInt64($0) } ?? ledger.head.head.seq
            return .stream {
                let last = try lastID.map { try ledger.event(named: $0).seq } ?? last
                return EventFeed(of: ledger, from: last + 1, filter: filter, tails: tails)
            }
        }
    }

    private static func streamDescription(id: String, path: PathTemplate, tag: String) -> OperationDescription {
        OperationDescription(
            id: id, method: .get, path: path, summary: "Follow the journal",
            description:
                """
                Server-Sent Events: each entry of the journal as soon as it is committed, every one once and in \
                order, with the bytes that it has in the feed. It begins behind the event that `Last-Event-ID` \
                names, else behind `after`, else with what is recorded from now on; a browser's `EventSource` sends \
                the header by itself when it connects again. A comment comes every 15 seconds when nothing else \
                does. The stream ends when the client closes it, the key dies or the server stops.
                """,
            tag: tag, parameters: ParameterList(EventStreamQuery.self),
            headers: [
                HeaderDescription(
                    "Last-Event-ID", "The id of the last event that arrived; goes before `after`.",
                    schema: .object([(name: "type", value: .string("string"))]),
                    example: .string("evt_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"))
            ],
            responses: [
                ResponseDescription(
                    200, "The events, without an end.",
                    body: .eventStream(
                        of: Event.self,
                        example: """
                            retry: 2000

                            id: evt_01J9X3YB2KQ8M4T6V7W8X9Y0ZA
                            event: movement.recorded
                            data: {"type":"movement.recorded","id":"evt_01J9X3YB2KQ8M4T6V7W8X9Y0ZA","seq":42,…}

                            : heartbeat

                            """))
            ],
            errors: [
                ErrorDescription(404, "No such event.", codes: ["entry_not_found"]),
                ErrorDescription(
                    429, "The key's budget is used up, or it has all the streams open that one may have.",
                    codes: ["rate_limited", "too_many_streams"]),
                ErrorDescription(
                    503, "The server can't take the request now.",
                    codes: ["busy", "storage_full", "database_unavailable", "outcome_unknown", "streams_exhausted"]),
            ])
    }
}

/// The event that is asked for.
struct EventPath: WireParameters {
    var id = ""

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path(
            "id", &value.id, .string(1...64), doc: "The event's id.", example: #""evt_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#)
    }
}

/// Where a stream begins, and what of the journal it shows.
struct EventStreamQuery: WireParameters {
    var after: Int64?
    var types: EventFilter?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.optional(
            "after", &value.after, .integer(0 ... .max),
            doc: "Begin behind this seq: 0 for the whole journal. Without it, what is recorded from now on.")
        v.optional("types", &value.types, .eventFilter, doc: EventQuery.typesDoc, example: #""movement.*,stock.low""#)
    }
}

extension RealmLedger {
    /// The entry with this id, under any prefix that the dialects give it. Blocks. Throws `StoreError`, and a `Refusal`
    /// when there is none.
    fileprivate func event(named text: String) throws -> Entry {
        let missing = Refusal(404, "entry_not_found", "\(text) is no entry of this ledger.")
        guard let id = EntryID.parse(text) else { throw missing }
        // What is durable and not yet published was not told to anybody: nobody can know its id.
        let head = head.head.seq
        var history = History(store: store)
        guard let entry = try history.entry(id: id), entry.seq <= head else { throw missing }
        return entry
    }
}
