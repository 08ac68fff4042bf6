package import LedgerCore
package import LedgerStorage

/// A realm as the dispatcher sees it: where its journal is, how an entry is rendered, and how the journal is told.
/// Closures, because the ledger at work is beside this layer and not below it.
package struct DeliverySource: Sendable {
    package var realm: Realm
    package var journal: any RealmStore
    package var deliveries: any DeliveryStore
    /// The end of the journal with its proof, as readers see it. Must not block.
    package var head: @Sendable () -> SealedHead
    /// The realm's endpoints, deleted ones included, and the seq of the newest entry about one. Must not block.
    package var webhooks: @Sendable () -> (webhooks: [WebhookEndpoint], changedSeq: UInt64)
    /// Seq of the newest entry about an endpoint. Called for each commit.
    package var webhooksChangedSeq: @Sendable () -> UInt64
    /// The entries as the events feed shows them, byte for byte. Called on a thread that may block.
    package var render: @Sendable ([Entry]) -> [[UInt8]]
    /// Writes to the journal in the server's own name. Says whether it was recorded, on any thread.
    package var submit: @Sendable (WebhookCommand, @escaping @Sendable (Bool) -> Void) -> Void

    package init(
        realm: Realm, journal: any RealmStore, deliveries: any DeliveryStore,
        head: @escaping @Sendable () -> SealedHead,
        webhooks: @escaping @Sendable () -> (webhooks: [WebhookEndpoint], changedSeq: UInt64),
        webhooksChangedSeq: @escaping @Sendable () -> UInt64,
        render: @escaping @Sendable ([Entry]) -> [[UInt8]],
        submit: @escaping @Sendable (WebhookCommand, @escaping @Sendable (Bool) -> Void) -> Void
    ) {
        self.realm = realm
        self.journal = journal
        self.deliveries = deliveries
        self.head = head
        self.webhooks = webhooks
        self.webhooksChangedSeq = webhooksChangedSeq
        self.render = render
        self.submit = submit
    }
}
