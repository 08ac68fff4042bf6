import BlockingWork
package import LedgerCore
package import LedgerEngine
package import LedgerStorage
package import WebhookDelivery

/// A realm's deliveries at the moment of a request.
package struct DeliveryReads: Sendable {
    package var ledger: RealmLedger
    /// nil in a realm that never had an endpoint.
    package var store: (any DeliveryStore)?
    /// How the endpoint that was asked about is doing; nil when none was, or nothing is known of it yet.
    package var progress: EndpointProgress?
}

extension Call {
    /// Answers from what is known of deliveries, on a thread that may block.
    ///
    /// - Parameters:
    ///   - endpoint: whose progress is wanted.
    ///   - isFlushed: whether everything that has arrived so far must be in the store first.
    package func readDeliveries(
        of endpoint: ULID? = nil, isFlushed: Bool = true, _ read: @escaping @Sendable (DeliveryReads) throws -> Answer
    ) -> Reply {
        .deferred { [self] complete in
            gatherDeliveries(of: endpoint, isFlushed: isFlushed) { reads in
                complete(Result { try read(reads.get()) })
            }
        }
    }

    /// A write that depends on what is known of deliveries; `prepare` runs on a thread that may block.
    ///
    /// - Parameter endpoint: whose progress is wanted.
    package func writeAfterReading(
        of endpoint: ULID, _ prepare: @escaping @Sendable (DeliveryReads) throws -> Submission
    ) -> Reply {
        .deferredWrite { [self] complete in
            gatherDeliveries(of: endpoint, isFlushed: true) { reads in
                complete(Result { try prepare(reads.get()) })
            }
        }
    }

    /// Calls `body` on a thread that may block; with a refusal when the store can't be had just now and what is wanted
    /// stands there: an empty list would be wrong.
    private func gatherDeliveries(
        of endpoint: ULID?, isFlushed: Bool, _ body: @escaping @Sendable (Result<DeliveryReads, Refusal>) -> Void
    ) {
        let dispatcher = webhooks.dispatcher
        let realm = ledger.realm.id
        // The progress first: what it says is settled is in the store once that is flushed.
        @Sendable func flush(_ progress: EndpointProgress?) {
            @Sendable func read() {
                ledger.readers.run { [ledger, webhooks] in
                    let own = dispatcher.deliveries(realm)
                    let store = own ?? webhooks.othersDeliveries(ledger.realm)
                    if isFlushed, store == nil, dispatcher.isResting(realm) {
                        return body(.failure(.deliveriesUnavailable))
                    }
                    var reads = DeliveryReads(ledger: ledger, store: store, progress: progress)
                    if own == nil, let endpoint { reads.progress = progress ?? reads.othersProgress(of: endpoint) }
                    body(.success(reads))
                }
            }
            if isFlushed { dispatcher.flush(realm) { read() } } else { read() }
        }
        guard let endpoint else { return flush(nil) }
        dispatcher.progress(of: endpoint, in: realm) { flush($0) }
    }
}

extension Refusal {
    /// 503: the store of deliveries has failed and is opened again.
    package static let deliveriesUnavailable = Refusal(
        503, "deliveries_unavailable",
        "What became of this ledger's deliveries can't be read just now; the server goes on trying. Try again later.",
        retryAfter: 5)
}

extension DeliveryReads {
    /// How an endpoint is doing as the server that delivers to it has written it down; nil when that can't be read.
    /// Blocks.
    fileprivate func othersProgress(of endpoint: ULID) -> EndpointProgress? {
        guard let opened = try? store?.open(),
            let webhook = ledger.withCommitted({ $0.webhook(endpoint) })
        else { return nil }
        return EndpointProgress(of: webhook.number, writtenIn: opened)
    }

    /// The seqs of the entries recorded at `since` or later and before `until`, up to the head; nil when there are
    /// none. Blocks.
    package func seqs(since: Int64?, until: Int64?) throws(StoreError) -> ClosedRange<UInt64>? {
        var first: UInt64 = 1
        var last = ledger.head.head.seq
        if let since {
            first = try ledger.store.lastSeq(recordedAtOrBefore: Instant(milliseconds: since - 1)) + 1
        }
        if let until {
            last = min(last, try ledger.store.lastSeq(recordedAtOrBefore: Instant(milliseconds: until - 1)))
        }
        return first <= last ? first...last : nil
    }

    /// The entry that an event's id names; nil when this realm has none. Blocks.
    package func entry(named text: String) throws(StoreError) -> Entry? {
        guard let id = EntryID.parse(text) else { return nil }
        // What is durable and not yet published was not told to anybody: nobody can know its id.
        let head = ledger.head.head.seq
        var history = History(store: ledger.store)
        guard let entry = try history.entry(id: id), entry.seq <= head else { return nil }
        return entry
    }
}
