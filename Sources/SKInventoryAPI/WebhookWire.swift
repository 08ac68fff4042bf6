package import HTTPInterface
import LedgerCore
package import WireSchema

/// The body of `POST /inventory/v1/webhooks`.
package struct WebhookCreate: WireObject {
    package var url = ""
    package var events: [String] = []
    package var description: String?
    package var secret: String?

    package init() {}

    package static let schemaName = "WebhookCreate"
    package static let schemaDoc = "An endpoint to create."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "url", &value.url, .string(1...2_048),
            doc: "Absolute, with a public host; https, in test mode also http.",
            example: #""https://your.app/webhooks/stock""#)
        v.required(
            "events", &value.events, .array(of: .string(1...64), 1...64),
            doc: "Types of events, families such as `stock.*`, or `*`. An event goes by the name that is given here.",
            example: #"["movement.recorded", "stock.*"]"#)
        v.optional("description", &value.description, .string(0...500, lines: true))
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

/// The answer to a creation: the endpoint, and the secret where one was made.
package struct WebhookCreated: WireObject {
    package var webhook = WebhookView()
    package var secret: String?

    package init() {}

    package static let schemaName = "WebhookCreated"
    package static let schemaDoc = "The endpoint, and its secret if one was made: it is shown here only."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        WebhookView.describe(&value.webhook, with: &v)
        v.optional("secret", &value.secret, .string(1...256), doc: "`whsec_…`: keep it, it is not shown again.")
    }
}

/// The body of `PATCH /inventory/v1/webhooks/{id}`.
package struct WebhookUpdate: WireObject {
    package var url = WireSchema.Patch<String>.absent
    package var events = WireSchema.Patch<[String]>.absent
    package var description = WireSchema.Patch<String>.absent

    package init() {}

    package static let schemaName = "WebhookUpdate"
    package static let schemaDoc = "Members to change; null clears one, what is left out stays."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.patch("url", &value.url, .string(1...2_048), nullable: false)
        v.patch("events", &value.events, .array(of: .string(1...64), 1...64), nullable: false)
        v.patch("description", &value.description, .string(0...500, lines: true))
        v.atLeastOneMember()
    }

    /// The command's changes.
    var changes: WebhookChanges {
        var changes = WebhookChanges()
        changes.url = url.applied(to: nil)
        changes.events = events.applied(to: nil)
        switch description {
        case .absent: changes.description = .keep
        case .null: changes.description = .clear
        case .value(let text): changes.description = .set(text)
        }
        return changes
    }
}

/// The answer to a deletion.
package struct WebhookDeleted: WireObject {
    package var id = WireID<WebhookPrefix>()
    package var deleted = true

    package init() {}

    package static let schemaName = "WebhookDeleted"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<WebhookPrefix>.self))
        v.required("deleted", &value.deleted, .boolean)
    }
}

/// The body of `POST /inventory/v1/webhooks/{id}/rotate-secret`.
package struct SecretRotation: WireObject {
    package var secret: String?
    package var grace: Int64 = 86_400

    package init() {}

    package static let schemaName = "SecretRotation"
    package static let schemaDoc = "A new secret, and for how long the one before signs beside it."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional(
            "secret", &value.secret, .string(1...256, pattern: .webhookSecret), doc: "Leave it out to have one made.")
        v.defaulted(
            "grace_seconds", &value.grace, .integer(0...604_800),
            doc: "Until then each delivery has a signature of both; 0 ends the old one at once.")
    }
}

/// The answer to a rotation.
package struct SecretRotated: WireObject {
    package var id = WireID<WebhookPrefix>()
    package var secret: String?
    package var oldExpiresAt: Int64 = 0

    package init() {}

    package static let schemaName = "SecretRotated"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<WebhookPrefix>.self))
        v.optional("secret", &value.secret, .string(1...256), doc: "`whsec_…`, where one was made: shown here only.")
        v.required("old_secret_expires_at", &value.oldExpiresAt, .timestamp(.milliseconds))
    }
}

/// The body of `POST /inventory/v1/webhooks/{id}/test`.
package struct WebhookTest: WireObject {
    package var type = ""

    package init() {}

    package static let schemaName = "WebhookTest"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "type", &value.type, .string(1...64), doc: "A type of event, or one of its aliases.",
            example: #""movement.recorded""#)
    }
}

/// The answer to a test: what came of it.
package struct WebhookTestResult: WireObject {
    package var event = WireID<EventPrefix>()
    package var type = ""
    package var delivered = false
    package var attempt = AttemptView()

    package init() {}

    package static let schemaName = "WebhookTestResult"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("event_id", &value.event, .text(WireID<EventPrefix>.self))
        v.required("type", &value.type, .string(1...64))
        v.required("delivered", &value.delivered, .boolean, doc: "Whether the endpoint answered with 2xx.")
        v.required("attempt", &value.attempt, .object(AttemptView.self))
    }
}

/// A page of endpoints, in the order in which they were created.
package struct WebhookList: WireObject {
    package var data: [WebhookView] = []
    package var hasMore = false
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "WebhookList"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(WebhookView.self)))
        v.required("has_more", &value.hasMore, .boolean)
        v.optional("next_cursor", &value.nextCursor, .string(1...128), whenNil: .null)
    }
}
