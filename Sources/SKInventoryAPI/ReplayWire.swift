package import HTTPInterface
import LedgerCore
package import WireSchema

/// The body of `POST /inventory/v1/webhooks/{id}/replay`.
package struct ReplayCreate: WireObject {
    package var fromSeq: Int64?
    package var since: Int64?
    package var toSeq: Int64?
    package var until: Int64?
    package var events: [String]?
    package var deadOnly = false

    package init() {}

    package static let schemaName = "ReplayCreate"
    package static let schemaDoc = "A stretch of the journal to be sent once more: the same ids and the same bytes."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional(
            "from_seq", &value.fromSeq, .integer(1 ... .max),
            doc: "The first entry. Without it and `since`: the first after the endpoint's creation.", example: "1042")
        v.optional("since", &value.since, .timestamp(.milliseconds), doc: "Recorded at or after.")
        v.optional(
            "to_seq", &value.toSeq, .integer(1 ... .max),
            doc: "The last entry. Without it and `until`: the ledger's present head.")
        v.optional("until", &value.until, .timestamp(.milliseconds), doc: "Recorded before.")
        v.optional(
            "events", &value.events, .array(of: .string(1...64), 1...64),
            doc: "Of what the endpoint takes, only these: types, families, or `*`.")
        v.defaulted("dead_only", &value.deadOnly, .boolean, doc: "Only what is a dead letter now.")
    }

    package func validate(_ faults: inout MemberFaults) {
        if fromSeq != nil, since != nil {
            faults.add("since", .exactlyOne, "can't be sent together with from_seq; send one of the two")
        }
        if toSeq != nil, until != nil {
            faults.add("until", .exactlyOne, "can't be sent together with to_seq; send one of the two")
        }
    }
}

/// A replay that was asked for.
package struct ReplayView: WireObject {
    package var id = WireID<ReplayPrefix>()
    package var webhook = WireID<WebhookPrefix>()
    package var fromSeq: Int64 = 0
    package var toSeq: Int64 = 0
    package var events: [String]?
    package var deadOnly = false
    package var requestedAt: Int64 = 0

    package init() {}

    /// nil for an entry that asks for no replay.
    init?(_ entry: Entry, of webhook: WebhookEndpoint) {
        guard case .replayRequested(let request) = entry.change else { return nil }
        id = WireID(entry.id)
        self.webhook = WireID(webhook.id)
        fromSeq = Int64(clamping: request.firstSeq)
        toSeq = Int64(clamping: request.lastSeq)
        events = request.events
        deadOnly = request.deadOnly
        requestedAt = entry.recordedAt.milliseconds
    }

    package static let schemaName = "Replay"
    package static let schemaDoc = "A stretch of the journal that an endpoint is sent once more."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<ReplayPrefix>.self))
        v.required("webhook_id", &value.webhook, .text(WireID<WebhookPrefix>.self))
        v.required("from_seq", &value.fromSeq, .integer)
        v.required("to_seq", &value.toSeq, .integer)
        v.optional("events", &value.events, .array(of: .string(1...64), 1...64), whenNil: .null)
        v.required("dead_only", &value.deadOnly, .boolean)
        v.required("requested_at", &value.requestedAt, .timestamp(.milliseconds))
    }
}

/// A replay that is under way.
package struct RunningReplayView: WireObject {
    package var replay = ReplayView()
    package var settledSeq: Int64 = 0

    package init() {}

    package static let schemaName = "RunningReplay"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        ReplayView.describe(&value.replay, with: &v)
        v.required("settled_seq", &value.settledSeq, .integer, doc: "How far it has come.")
    }
}

/// The replays of an endpoint that are under way, oldest first.
package struct RunningReplayList: WireObject {
    package var data: [RunningReplayView] = []

    package init() {}

    package static let schemaName = "RunningReplayList"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(RunningReplayView.self)))
    }
}
