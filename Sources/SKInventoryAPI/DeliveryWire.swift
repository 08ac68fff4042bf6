package import HTTPInterface
import LedgerCore
import LedgerStorage
package import WireSchema

/// An event on its way to an endpoint.
package struct DeliveryView: WireObject {
    package var event = WireID<EventPrefix>()
    package var seq: Int64 = 0
    package var type = ""
    package var status = DeliveryState.delivered
    package var attempts: Int64 = 0
    package var firstAttemptAt: Int64?
    package var lastAttemptAt: Int64?
    package var nextAttemptAt: Int64?
    package var lastStatus: Int64?
    package var lastError: String?

    package init() {}

    package static let schemaName = "Delivery"
    package static let schemaDoc = "An event on its way to an endpoint."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("event_id", &value.event, .text(WireID<EventPrefix>.self))
        v.required("seq", &value.seq, .integer, doc: "The event's place in the ledger.")
        v.required("type", &value.type, .string(1...64), doc: "The name under which the endpoint gets it.")
        v.required(
            "status", &value.status, .oneOf(DeliveryState.self),
            doc:
                """
                `delivered`; `pending`: failed and tried again; `dead`: given up. One delivery alone can also be \
                `waiting` for its first attempt, or `settled`: too long ago for what came of it to be kept.
                """
        )
        v.required(
            "attempts", &value.attempts, .integer, doc: "In a list, of one that has failed: since it first did.")
        v.optional("first_attempt_at", &value.firstAttemptAt, .timestamp(.milliseconds), whenNil: .null)
        v.optional("last_attempt_at", &value.lastAttemptAt, .timestamp(.milliseconds), whenNil: .null)
        v.optional("next_attempt_at", &value.nextAttemptAt, .timestamp(.milliseconds), whenNil: .null)
        v.optional(
            "last_status", &value.lastStatus, .integer, whenNil: .null,
            doc: "The HTTP status of the last answer; null when there was none.")
        v.optional(
            "last_error", &value.lastError, .string(1...64), whenNil: .null,
            doc: "Why there was no answer, such as `timed_out`.")
    }
}

extension DeliveryView {
    init(_ record: DeliveryRecord, event: ULID) {
        self.event = WireID(event)
        seq = Int64(clamping: record.id.seq)
        type = record.eventName
        status = record.state
        attempts = Int64(record.attempts)
        firstAttemptAt = record.first?.startedAt.milliseconds
        lastAttemptAt = record.last?.startedAt.milliseconds
        nextAttemptAt = record.nextAttemptAt?.milliseconds
        switch record.last?.outcome {
        case .answered(let answer): lastStatus = Int64(answer.status)
        case .failed(let code, _): lastError = code
        case nil: break
        }
    }
}

/// A delivery that was given up.
package struct DeadLetter: WireObject {
    package var delivery = DeliveryView()
    package var webhook = WireID<WebhookPrefix>()

    package init() {}

    package static let schemaName = "DeadLetter"
    package static let schemaDoc = "A delivery that was given up after every attempt had failed."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        DeliveryView.describe(&value.delivery, with: &v)
        v.required("webhook_id", &value.webhook, .text(WireID<WebhookPrefix>.self))
    }
}

/// A page of deliveries, newest event first.
package struct DeliveryList: WireObject {
    package var data: [DeliveryView] = []
    package var hasMore = false
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "DeliveryList"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(DeliveryView.self)))
        v.required("has_more", &value.hasMore, .boolean)
        v.optional("next_cursor", &value.nextCursor, .string(1...128), whenNil: .null)
    }
}

/// A page of dead letters, newest event first.
package struct DeadLetterList: WireObject {
    package var data: [DeadLetter] = []
    package var hasMore = false
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "DeadLetterList"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(DeadLetter.self)))
        v.required("has_more", &value.hasMore, .boolean)
        v.optional("next_cursor", &value.nextCursor, .string(1...128), whenNil: .null)
    }
}

/// A delivery with what was sent last and what came of each attempt.
package struct DeliveryDetailView: WireObject {
    package var delivery = DeliveryView()
    package var request: SentRequestView?
    package var log: [AttemptView] = []

    package init() {}

    package static let schemaName = "DeliveryDetail"
    package static let schemaDoc = "A delivery with what was sent last and the log of its attempts."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        DeliveryView.describe(&value.delivery, with: &v)
        v.optional(
            "request", &value.request, .object(SentRequestView.self), whenNil: .null,
            doc: "Null when nothing was sent, or it is not kept any more.")
        v.required(
            "log", &value.log, .array(of: .object(AttemptView.self)),
            doc: "The attempts, in order, the latest 50. Those that arrived at once are kept for seven days.")
    }
}

extension DeliveryDetailView {
    init(_ detail: DeliveryDetail, event: ULID) {
        delivery = DeliveryView(detail.record, event: event)
        request = detail.request.map { SentRequestView($0) }
        log = detail.log.map { AttemptView($0) }
    }
}

/// A request as it was sent.
package struct SentRequestView: WireObject {
    package var method = "POST"
    package var url = ""
    package var headers = WireMap<String>()
    package var body = Rendered<Event>(bytes: [])

    package init() {}

    init(_ request: SentRequest) {
        url = request.url
        headers = WireMap(request.headers)
        body = Rendered(bytes: request.body)
    }

    package static let schemaName = "SentRequest"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("method", &value.method, .string(1...16))
        v.required("url", &value.url, .string(1...2_048))
        v.required("headers", &value.headers, .map(of: .string(0...8_192)))
        v.required("body", &value.body, .rendered(Event.self), doc: "The very bytes that were signed.")
    }
}
