import HTTPInterface
import LedgerCore
package import LedgerEngine
package import LedgerStorage
import Synchronization
package import WebhookDelivery

/// Joins the ledgers at work to the dispatcher, which knows neither them nor the engine: a ledger's events are
/// delivered from the moment on that it has an endpoint.
package final class DeliveredLedgers: Sendable {
    private let dispatcher: WebhookDispatcher
    private let openDeliveries: @Sendable (Realm) throws(StoreError) -> any DeliveryStore
    private let observations = Mutex<[HeadObservation]>([])

    /// - Parameter openDeliveries: the store of a realm's deliveries; called on a thread that may block.
    package init(
        dispatcher: WebhookDispatcher,
        openDeliveries: @escaping @Sendable (Realm) throws(StoreError) -> any DeliveryStore
    ) {
        self.dispatcher = dispatcher
        self.openDeliveries = openDeliveries
    }

    /// A ledger was opened.
    package func attach(_ ledger: RealmLedger) {
        let isStarted = Atomic<Bool>(false)
        let start: @Sendable () -> Void = { [self] in
            guard ledger.withCommitted({ $0.webhooksChangedSeq }) > 0 else { return }
            guard !isStarted.exchange(true, ordering: .acquiringAndReleasing) else { return }
            dispatcher.start(ledger.realm) { [self] () throws(StoreError) in try source(of: ledger) }
        }
        start()
        let realm = ledger.realm.id
        // Without an endpoint there is nothing to deliver, and a new one can wait for a second.
        let observation = ledger.observeHead(isUrgent: { isStarted.load(ordering: .relaxed) }) { [dispatcher] _ in
            if isStarted.load(ordering: .relaxed) { dispatcher.journalHasGrown(realm) } else { start() }
        }
        observations.withLock { $0.append(observation) }
    }

    private func source(of ledger: RealmLedger) throws(StoreError) -> DeliverySource {
        DeliverySource(
            realm: ledger.realm, journal: ledger.store,
            deliveries: try openDeliveries(ledger.realm),
            head: { ledger.head },
            webhooks: { ledger.withCommitted { ($0.webhooks, $0.webhooksChangedSeq) } },
            webhooksChangedSeq: { ledger.withCommitted { $0.webhooksChangedSeq } },
            render: { Event.json(of: $0, in: ledger) },
            submit: { command, completion in
                let submission = Submission(.webhook(command), identity: nil, actor: nil) { outcome, _, _ in
                    // Nobody reads it but the line below.
                    var isRecorded = false
                    if case .success = outcome { isRecorded = true }
                    return Answer(status: isRecorded ? 200 : 409, contentKind: 0, body: [])
                }
                ledger.submit(submission) { result in
                    if case .decided(let answer) = result {
                        completion(answer.status == 200)
                    } else {
                        completion(false)
                    }
                }
            })
    }

    /// Tells the dispatcher of no commit any more.
    package func detach() {
        for observation in observations.withLock({ observations in
            defer { observations = [] }
            return observations
        }) { observation.cancel() }
    }
}
