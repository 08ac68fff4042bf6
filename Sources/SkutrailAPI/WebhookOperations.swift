import HTTPInterface
import LedgerCore
import LedgerStorage
import WireSchema

/// `POST /v1/webhooks/subscribe`.
extension SkutrailAPI {
    static let webhookOperations: [APIOperation] = [
        APIOperation(
            OperationDescription(
                id: "subscribeWebhook", method: .post, path: "/v1/webhooks/subscribe",
                summary: "Subscribe a URL to events",
                description:
                    """
                    Each event of these types that is recorded from now on is sent there, at least once, signed with \
                    the secret. docs/webhooks.md says how to check the signature. Everything else about endpoints is \
                    under /inventory/v1/webhooks.
                    """,
                tag: "Webhooks", idempotency: .optional,
                request: .json(
                    WebhookSubscribe.self,
                    examples: [
                        NamedExample(
                            "subscribe",
                            json:
                                #"""
                                {"url": "https://your.app/webhooks/skutrail", "events": ["shipment.created", \#
                                "inventory.updated"], "secret": "whsec_REPLACE"}
                                """#
                        )
                    ]),
                responses: [ResponseDescription(201, "The subscription.", body: .json(WebhookSubscribed.self))],
                errors: [
                    ErrorDescription(409, "The key belongs to another request.", codes: ["idempotency_key_reused"]),
                    ErrorDescription(
                        422, "The URL can't be subscribed so.",
                        codes: [
                            "validation_failed", "webhook_url_refused", "unknown_event_type", "weak_secret",
                            "webhook_limit",
                        ]),
                ]), scope: .webhooksManage, dialect: .problem
        ) { call throws(Refusal) in
            let document = try call.document()
            let body = try call.decode(WebhookSubscribe.self, from: document)
            let request = WebhookDraftRequest(url: body.url, events: body.events, secret: body.secret)
            return try call.createWebhook(request, document) { webhook, secret in
                var subscribed = WebhookSubscribed()
                subscribed.id = WireID(webhook.id)
                subscribed.url = webhook.url
                subscribed.events = webhook.events
                subscribed.createdAt = webhook.createdAt.milliseconds
                subscribed.secret = secret
                return subscribed.jsonBytes()
            }
        }
    ]
}

/// The body of `POST /v1/webhooks/subscribe`.
struct WebhookSubscribe: WireObject {
    var url = ""
    var events: [String] = []
    var secret: String?

    static let schemaName = "WebhookSubscribe"
    static let schemaDoc = "A URL, what it is sent, and what signs."

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "url", &value.url, .string(1...2_048),
            doc: "Absolute, with a public host; https, in test mode also http.",
            example: #""https://your.app/webhooks/skutrail""#)
        v.required(
            "events", &value.events, .array(of: .string(1...64), 1...64),
            doc: "Types of events, families such as `stock.*`, or `*`. An event goes by the name that is given here.",
            example: #"["shipment.created", "inventory.updated"]"#)
        v.optional(
            "secret", &value.secret, .string(1...256, pattern: .webhookSecret),
            doc:
                """
                What signs: `whsec_` and 24 to 64 bytes in base64; in test mode any text. Leave it out to have one \
                made, which the answer shows once.
                """
        )
    }
}

/// The answer.
struct WebhookSubscribed: WireObject {
    var id = WireID<WebhookPrefix>()
    var url = ""
    var events: [String] = []
    var createdAt: Int64 = 0
    var secret: String?

    static let schemaName = "WebhookSubscribed"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<WebhookPrefix>.self))
        v.required("url", &value.url, .string(1...2_048))
        v.required("events", &value.events, .array(of: .string(1...64), 1...64))
        v.required("created_at", &value.createdAt, .timestamp(.seconds))
        v.optional(
            "secret", &value.secret, .string(1...256), doc: "`whsec_…`, where one was made: it is shown here only.")
    }
}
