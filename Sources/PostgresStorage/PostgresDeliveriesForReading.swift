public import LedgerCore
public import LedgerStorage

/// A realm's deliveries in PostgreSQL for whoever only reads them, beside a server that delivers: it takes no lease.
public final class PostgresDeliveriesForReading: DeliveryStore {
    private let store: PostgresDeliveryStore

    init(_ store: PostgresDeliveryStore) { self.store = store }

    /// Empty where no server has ever delivered.
    public func open() throws(StoreError) -> OpenedDeliveries {
        let rows = try store.run("open the deliveries", DeliveryLaneStatements.opening(store.context))
        guard rows.count > 2, !rows[2].isEmpty else { return OpenedDeliveries() }
        return try DeliveryLaneStatements.opened(rows)
    }

    @discardableResult
    public func commit(_ unit: DeliveryUnit) throws(StoreError) -> Bool {
        throw .failed(operation: "commit deliveries", detail: "they were opened for reading only")
    }

    public func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [ExceptionalDelivery] {
        try store.deliveries(query)
    }

    public func delivery(_ id: DeliveryID) throws(StoreError) -> ExceptionalDelivery? { try store.delivery(id) }

    public func attempts(of id: DeliveryID) throws(StoreError) -> [DeliveryAttempt] { try store.attempts(of: id) }

    public func attempts(ofEach ids: [DeliveryID]) throws(StoreError) -> [[DeliveryAttempt]] {
        try store.attempts(ofEach: ids)
    }

    public func deadSeqs(
        of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> [UInt64] {
        try store.deadSeqs(of: webhook, in: seqs, limit: limit)
    }

    public func counts(of webhook: WebhookNumber) throws(StoreError) -> (pending: Int, dead: Int) {
        try store.counts(of: webhook)
    }

    public func firstDeliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        try store.firstDeliveries(to: webhook, in: seqs, limit: limit)
    }

    public func pages(after number: Int64, limit: Int) throws(StoreError) -> [(number: Int64, page: DeliveryPage)] {
        try store.pages(after: number, limit: limit)
    }

    public func close() {}
}

extension PostgresDatabase {
    /// The realm's deliveries for whoever only reads them.
    public func openDeliveriesForReading(_ realm: Realm) -> PostgresDeliveriesForReading {
        PostgresDeliveriesForReading(openDeliveries(realm))
    }
}

extension PostgresDeliveryStore {
    private static let pagesAfter = SQL(
        "delivery_pages_after",
        """
        SELECT number, webhook, recorded_at, data FROM bincard.delivery_page
        WHERE realm = $1 AND number > $2 ORDER BY number LIMIT $3
        """)

    public func pages(after number: Int64, limit: Int) throws(StoreError) -> [(number: Int64, page: DeliveryPage)] {
        var parameters = context.parameters
        parameters.add(number)
        parameters.add(Int64(limit))
        let statement = Statement(Self.pagesAfter, parameters)
        let rows = try run("read pages of deliveries", [context.entering, statement])
        var pages: [(number: Int64, page: DeliveryPage)] = []
        for row in rows[1].rows {
            let page = DeliveryPage(
                webhook: row.webhook(1), recordedAt: row.instant(2),
                deliveries: try DeliveryCodec.deliveries(row.blob(3)))
            pages.append((row.int64(0), page))
        }
        return pages
    }
}
