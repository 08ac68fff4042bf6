/// Endpoints that a batch has written.
struct WebhookOverlay {
    /// Endpoints there are, the batch's own and deleted ones included.
    var count: Int
    var changed: [WebhookNumber: WebhookEndpoint] = [:]
    var ids: [ULID: WebhookNumber] = [:]
    /// By how many the batch has changed the number of those that exist.
    var live = 0

    init(count: Int) {
        self.count = count
    }
}

extension LedgerState {
    /// The endpoint with this id, deleted ones included.
    public func webhook(_ id: ULID) -> WebhookEndpoint? {
        if let number = webhooks.ids[id] { return webhooks.changed[number] }
        guard let committed = base.webhook(id) else { return nil }
        return webhooks.changed[committed.number] ?? committed
    }

    /// The endpoint with this number, deleted ones included.
    public func webhook(_ number: WebhookNumber) -> WebhookEndpoint? {
        webhooks.changed[number] ?? base.webhook(number)
    }

    /// Endpoints that exist.
    var liveWebhooks: Int { base.liveWebhooks + webhooks.live }

    /// The number of the next endpoint; nil when all are used.
    var nextWebhookNumber: WebhookNumber? { UInt32(exactly: webhooks.count + 1).map { WebhookNumber(rawValue: $0) } }

    mutating func put(_ webhook: WebhookEndpoint) {
        let old = self.webhook(webhook.number)
        if old == nil {
            webhooks.count = max(webhooks.count, Int(webhook.number.rawValue))
            webhooks.ids[webhook.id] = webhook.number
        }
        webhooks.live += (webhook.isDeleted ? 0 : 1) - (old.map { $0.isDeleted ? 0 : 1 } ?? 0)
        webhooks.changed[webhook.number] = webhook
    }
}

extension CommittedLedger {
    /// The endpoint with this id, deleted ones included.
    public func webhook(_ id: ULID) -> WebhookEndpoint? { webhooksByID[id].flatMap { webhook($0) } }

    /// The endpoint with this number, deleted ones included.
    public func webhook(_ number: WebhookNumber) -> WebhookEndpoint? {
        let index = Int(number.rawValue) - 1
        return webhooks.indices.contains(index) ? webhooks[index] : nil
    }

    func put(_ webhook: WebhookEndpoint) {
        let index = Int(webhook.number.rawValue) - 1
        if index == webhooks.count {
            webhooks.append(webhook)
            webhooksByID[webhook.id] = webhook.number
            if !webhook.isDeleted { liveWebhooks += 1 }
        } else if webhooks.indices.contains(index) {
            liveWebhooks += (webhook.isDeleted ? 0 : 1) - (webhooks[index].isDeleted ? 0 : 1)
            webhooks[index] = webhook
        }
        webhooksChangedSeq = max(webhooksChangedSeq, webhook.changedSeq)
    }
}
