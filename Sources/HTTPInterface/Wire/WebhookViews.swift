package import LedgerCore
package import WireSchema

/// Marks the id of a webhook endpoint.
package enum WebhookPrefix: IDPrefix {
    package static let text: StaticString = "whk_"
    package static let pattern: StaticString = "^whk_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be a webhook endpoint's id, such as whk_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// Marks the id of a replay: the ULID of the entry that asked for it.
package enum ReplayPrefix: IDPrefix {
    package static let text: StaticString = "rpl_"
    package static let pattern: StaticString = "^rpl_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be a replay's id, such as rpl_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// Whether an endpoint is sent events.
package enum WebhookStatusWord: String, CaseIterable, Sendable {
    case enabled
    case disabled

    package init(_ status: WebhookStatus) { self = status == .enabled ? .enabled : .disabled }
}

/// Why an endpoint is sent nothing.
package enum WebhookDisablingWord: String, CaseIterable, Sendable {
    /// Somebody asked for it.
    case requested
    /// It answered 410.
    case gone
    /// Nothing reached it for days.
    case failing

    /// nil for an endpoint that is enabled.
    package init?(_ status: WebhookStatus) {
        switch status {
        case .enabled: return nil
        case .disabled(.requested): self = .requested
        case .disabled(.gone): self = .gone
        case .disabled(.failing): self = .failing
        }
    }
}

/// A webhook endpoint as it is: in answers and in events. Never its secrets.
package struct WebhookView: WireObject {
    package var id = WireID<WebhookPrefix>()
    package var url = ""
    package var events: [String] = []
    package var description: String?
    package var status = WebhookStatusWord.enabled
    package var disabledReason: WebhookDisablingWord?
    package var createdAt: Int64 = 0
    package var updatedAt: Int64 = 0

    package init() {}

    package init(_ webhook: WebhookEndpoint) {
        id = WireID(webhook.id)
        url = webhook.url
        events = webhook.events
        description = webhook.description
        status = WebhookStatusWord(webhook.status)
        disabledReason = WebhookDisablingWord(webhook.status)
        createdAt = webhook.createdAt.milliseconds
        updatedAt = webhook.updatedAt.milliseconds
    }

    /// As events show it to everybody who reads the journal: of the URL only where it leads. Behind the host there is
    /// often a token that lets its holder write there; whoever may manage endpoints can read it from the endpoint.
    package init(inEvent webhook: WebhookEndpoint) {
        self.init(webhook)
        url = WebhookView.shown(webhook.url)
    }

    /// `https://hooks.example.com/…`: everything behind the host and port is left out.
    static func shown(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "…" }
        let rest = url[scheme.upperBound...]
        let host = rest.prefix { !"/?#".contains($0) }
        let isWhole = host.endIndex == rest.endIndex || rest[host.endIndex...] == "/"
        return isWhole ? url : "\(url[..<host.endIndex])/…"
    }

    package static let schemaName = "Webhook"
    package static let schemaDoc = "Where events are sent to."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<WebhookPrefix>.self))
        v.required("url", &value.url, .string(1...2_048))
        v.required("events", &value.events, .array(of: .string(1...64), 1...64))
        v.optional("description", &value.description, .string(0...500, lines: true), whenNil: .null)
        v.required("status", &value.status, .oneOf(WebhookStatusWord.self))
        v.optional("disabled_reason", &value.disabledReason, .oneOf(WebhookDisablingWord.self), whenNil: .null)
        v.required("created_at", &value.createdAt, .timestamp(.milliseconds))
        v.required("updated_at", &value.updatedAt, .timestamp(.milliseconds))
    }
}

/// What `webhook.replay_requested` says.
package struct ReplayEventData: WireObject {
    package var replay = WireID<ReplayPrefix>()
    package var webhook = WireID<WebhookPrefix>()
    package var fromSeq: Int64 = 0
    package var toSeq: Int64 = 0
    package var events: [String]?
    package var deadOnly = false

    package init() {}

    package init(_ replay: ReplayRequest, id: ULID, in ledger: CommittedLedger) {
        self.replay = WireID(id)
        webhook = WireID(ledger.webhook(replay.webhook)?.id ?? .zero)
        fromSeq = Int64(clamping: replay.firstSeq)
        toSeq = Int64(clamping: replay.lastSeq)
        events = replay.events
        deadOnly = replay.deadOnly
    }

    package static let schemaName = "ReplayEventData"
    package static let schemaDoc = "A stretch of the journal that an endpoint is sent once more."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("replay_id", &value.replay, .text(WireID<ReplayPrefix>.self))
        v.required("webhook_id", &value.webhook, .text(WireID<WebhookPrefix>.self))
        v.required("from_seq", &value.fromSeq, .integer)
        v.required("to_seq", &value.toSeq, .integer)
        v.optional("events", &value.events, .array(of: .string(1...64), 1...64), whenNil: .null)
        v.required("dead_only", &value.deadOnly, .boolean)
    }
}
