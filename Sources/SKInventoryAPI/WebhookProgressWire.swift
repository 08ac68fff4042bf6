package import HTTPInterface
import LedgerCore
import LedgerStorage
import WebhookDelivery
package import WireSchema

/// How an endpoint is doing.
package struct WebhookProgress: WireObject {
    package var settledSeq: Int64 = 0
    package var headSeq: Int64 = 0
    package var pending: Int64 = 0
    package var dead: Int64 = 0
    package var inFlight: Int64 = 0
    package var concurrency: Int64 = 0
    package var pausedFor: Int64?
    package var failingSince: Int64?
    package var consecutiveFailures: Int64 = 0
    package var lastSuccessAt: Int64?
    package var lastFailureAt: Int64?
    package var delivered: Int64 = 0
    package var died: Int64 = 0

    package init() {}

    package static let schemaName = "WebhookProgress"
    package static let schemaDoc = "How deliveries to the endpoint are doing."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "settled_seq", &value.settledSeq, .integer,
            doc: "Everything up to here was delivered, was not wanted, or is pending or dead.")
        v.required("head_seq", &value.headSeq, .integer, doc: "The journal's last entry.")
        v.required("pending", &value.pending, .integer, doc: "Deliveries that failed and are tried again.")
        v.required("dead", &value.dead, .integer, doc: "Deliveries that were given up.")
        v.required("in_flight", &value.inFlight, .integer, doc: "Deliveries under way.")
        v.required(
            "concurrency", &value.concurrency, .integer,
            doc: "Deliveries that may be under way at a time: more while the endpoint keeps up, fewer when it fails.")
        v.optional(
            "paused_for", &value.pausedFor, .integer, whenNil: .null,
            doc: "Milliseconds for which nothing new is sent, after many failures in a row.")
        v.optional(
            "failing_since", &value.failingSince, .timestamp(.milliseconds), whenNil: .null,
            doc: "The first attempt since which none has arrived.")
        v.required("consecutive_failures", &value.consecutiveFailures, .integer)
        v.optional("last_success_at", &value.lastSuccessAt, .timestamp(.milliseconds), whenNil: .null)
        v.optional("last_failure_at", &value.lastFailureAt, .timestamp(.milliseconds), whenNil: .null)
        v.required("delivered", &value.delivered, .integer, doc: "Deliveries that ever arrived.")
        v.required("died", &value.died, .integer, doc: "Deliveries that were ever given up.")
    }
}

extension WebhookProgress {
    /// - Parameter progress: nil while deliveries are about to begin.
    init(
        _ progress: EndpointProgress?, of webhook: WebhookEndpoint, counts: (pending: Int, dead: Int)?, head: UInt64
    ) {
        headSeq = Int64(clamping: head)
        settledSeq = Int64(clamping: webhook.createdSeq)
        pending = Int64(counts?.pending ?? 0)
        dead = Int64(counts?.dead ?? 0)
        guard let progress else { return }
        if let live = progress.lanes.first(where: { $0.id.origin == 0 }) {
            settledSeq = Int64(clamping: live.nextSeq - 1)
        }
        inFlight = Int64(progress.underWay)
        concurrency = Int64(progress.concurrency)
        pausedFor = progress.pausedFor
        let health = progress.health
        failingSince = health.failingSince?.milliseconds
        consecutiveFailures = Int64(health.consecutiveFailures)
        lastSuccessAt = health.lastSuccessAt?.milliseconds
        lastFailureAt = health.lastFailureAt?.milliseconds
        delivered = Int64(clamping: health.delivered)
        died = Int64(clamping: health.died)
    }
}

/// An endpoint and how it is doing.
package struct WebhookDetail: WireObject {
    package var webhook = WebhookView()
    package var delivery = WebhookProgress()

    package init() {}

    package static let schemaName = "WebhookDetail"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        WebhookView.describe(&value.webhook, with: &v)
        v.required("delivery", &value.delivery, .object(WebhookProgress.self))
    }
}
