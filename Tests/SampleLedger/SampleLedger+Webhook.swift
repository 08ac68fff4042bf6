public import LedgerCore

extension SampleLedger {
    /// A new endpoint, with optional members or without.
    public mutating func addWebhook(_ url: String) {
        let webhook = WebhookEndpoint(
            number: WebhookNumber(rawValue: UInt32(webhooks.count + 1)), id: ULID(high: 3, low: nextSeq), url: url,
            events: ["movement.*", "stock.low"], description: webhooks.count.isMultiple(of: 2) ? "für den Laden" : nil,
            secrets: [WebhookSecretRecord(sealed: [1, 2, 3, UInt8(truncatingIfNeeded: nextSeq)])], createdAt: clock,
            updatedAt: clock, createdSeq: nextSeq, changedSeq: nextSeq)
        webhooks.append(webhook)
        add(.webhookChanged(.created, webhook))
    }

    /// A change of some endpoint, or a request to send it something again.
    public mutating func changeWebhook() {
        guard let index = webhooks.indices.filter({ !webhooks[$0].isDeleted }).randomElement(using: &chance) else {
            return addWebhook("https://example.com/another")
        }
        let changes: [WebhookChange] = [.updated, .disabled, .enabled, .secretRotated, .created, .deleted]
        switch Int.random(in: 0..<12, using: &chance) {
        case let roll where roll < 6: changeWebhook(index, changes[roll])
        case let roll where webhooks[index].isActive:
            addReplay(to: index, events: roll.isMultiple(of: 2) ? ["stock.*"] : nil, deadOnly: roll > 8)
        default: changeWebhook(index, .enabled)
        }
    }

    /// The given change of the endpoint at the index; `.created` makes another one.
    public mutating func changeWebhook(_ index: Int, _ change: WebhookChange) {
        var webhook = webhooks[index]
        switch change {
        case .created: return addWebhook("https://example.com/\(webhooks.count)")
        case .updated: webhook.url = "https://example.com/\(nextSeq)"
        case .disabled: webhook.status = .disabled(WebhookDisabling.allCases[webhooks.count % 3])
        case .enabled: webhook.status = .enabled
        case .deleted: webhook.deletedSeq = nextSeq
        case .secretRotated:
            webhook.secrets[0].expiresAt = Instant(milliseconds: clock.milliseconds + 86_400_000)
            webhook.secrets.insert(WebhookSecretRecord(sealed: [9, UInt8(truncatingIfNeeded: nextSeq)]), at: 0)
        }
        webhook.updatedAt = clock
        webhook.changedSeq = nextSeq
        webhooks[index] = webhook
        add(.webhookChanged(change, webhook))
    }

    /// A request to send the endpoint at the index everything so far again.
    public mutating func addReplay(to index: Int, events: [String]? = nil, deadOnly: Bool = false) {
        add(
            .replayRequested(
                ReplayRequest(
                    webhook: webhooks[index].number, firstSeq: 1, lastSeq: nextSeq - 1, events: events,
                    deadOnly: deadOnly)))
    }

    /// An entry about an endpoint that says whatever it is given, right or wrong.
    public mutating func add(_ webhook: WebhookEndpoint, as change: WebhookChange) {
        add(.webhookChanged(change, webhook))
    }
}
