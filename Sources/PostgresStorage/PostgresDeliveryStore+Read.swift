public import LedgerCore
public import LedgerStorage

extension PostgresDeliveryStore {
    /// Every statement that looks something up while the server runs, with the index that serves it: tests look at
    /// their plans. What the functions of the schema do, tests count.
    package static let lookUps: [(sql: String, index: String)] = [
        (DeliveryStatements.delivery.text, "delivery_pkey"), (DeliveryStatements.ofWebhook.text, "delivery_pkey"),
        (DeliveryStatements.ofWebhookByStatus.text, "delivery_of_webhook"),
        (DeliveryStatements.ofAll.text, "delivery_of_all"), (DeliveryStatements.ofAllByStatus.text, "delivery_of_all"),
        (DeliveryStatements.deadSeqs.text, "delivery_of_webhook"),
        (DeliveryStatements.counts.text, "delivery_of_webhook"), (DeliveryStatements.attempts.text, "attempt_pkey"),
        (DeliveryStatements.attemptsOfEach.text, "attempt_pkey"),
        (DeliveryPageStatements.reaching.text, "page_of_webhook"),
    ]

    /// Those that read all that a realm has of something, when it is opened.
    package static let openingReads = [
        DeliveryLaneStatements.controlSeq.text, DeliveryLaneStatements.lanes.text, DeliveryLaneStatements.health.text,
        DeliveryStatements.pending.text,
    ]

    public func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [ExceptionalDelivery] {
        guard let statement = DeliveryStatements.list(query, context) else { return [] }
        return try DeliveryStatements.deliveries(try read("list deliveries", statement))
    }

    public func delivery(_ id: DeliveryID) throws(StoreError) -> ExceptionalDelivery? {
        let statement = DeliveryStatements.statement(DeliveryStatements.delivery, of: id, context)
        return try DeliveryStatements.deliveries(try read("read a delivery", statement)).first
    }

    public func attempts(of id: DeliveryID) throws(StoreError) -> [DeliveryAttempt] {
        let statement = DeliveryStatements.statement(DeliveryStatements.attempts, of: id, context)
        var attempts: [DeliveryAttempt] = []
        for row in try read("read attempts", statement).rows {
            attempts.append(try DeliveryCodec.attempt(row.blob(0)))
        }
        return attempts
    }

    /// In one round trip: a copy between two machines would otherwise wait for one with each delivery.
    public func attempts(ofEach ids: [DeliveryID]) throws(StoreError) -> [[DeliveryAttempt]] {
        var attempts = [[DeliveryAttempt]](repeating: [], count: ids.count)
        guard !ids.isEmpty else { return attempts }
        var parameters = context.parameters
        parameters.add(array: ids.map { Int64($0.webhook.rawValue) })
        parameters.add(array: ids.map { Int64(clamping: $0.seq) })
        for row in try read("read attempts", Statement(DeliveryStatements.attemptsOfEach, parameters)).rows {
            let place = Int(row.int64(0)) - 1
            guard attempts.indices.contains(place) else { continue }
            attempts[place].append(try DeliveryCodec.attempt(row.blob(1)))
        }
        return attempts
    }

    public func deadSeqs(
        of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> [UInt64] {
        guard limit > 0, let first = Int64(exactly: seqs.lowerBound) else { return [] }
        var parameters = context.parameters
        parameters.add(webhook)
        parameters.add(first)
        parameters.add(Int64(clamping: seqs.upperBound))
        parameters.add(Int64(limit))
        let rows = try read("list dead letters", Statement(DeliveryStatements.deadSeqs, parameters))
        return rows.rows.map { $0.uint64(0) }
    }

    public func counts(of webhook: WebhookNumber) throws(StoreError) -> (pending: Int, dead: Int) {
        var parameters = context.parameters
        parameters.add(webhook)
        let rows = try read("count deliveries", Statement(DeliveryStatements.counts, parameters))
        return (Int(rows.first?.int64(0) ?? 0), Int(rows.first?.int64(1) ?? 0))
    }

    public func firstDeliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        var search = FirstDeliverySearch(seqs: seqs, limit: limit)
        guard seqs.lowerBound <= UInt64(Int64.max) else { return search.result }
        // No page reaches further down from its last seq than its span.
        let highest = seqs.upperBound.addingReportingOverflow(DeliveryPage.maximumSpan - 1)
        var chunk = DeliveryPageStatements.Chunk(
            webhook: webhook, seqs: seqs, lastSeq: highest.overflow ? .max : Int64(clamping: highest.partialValue),
            number: .max, missing: Int64(max(1, limit)))
        while true {
            let rows = try read("read delivered events", DeliveryPageStatements.read(chunk, context))
            var isBroken = false
            for row in rows.rows {
                guard search.wantsPage(reaching: row.uint64(0)) else { return search.result }
                chunk.lastSeq = row.int64(0)
                chunk.number = row.int64(1)
                if row.isNull(2) {
                    // It was not certain to be wanted: now it is.
                    chunk.missing = max(1, chunk.missing)
                    isBroken = true
                    break
                }
                let deliveries = try DeliveryCodec.deliveries(row.blob(2))
                search.take(deliveries)
                chunk.missing -= Int64(deliveries.count { seqs.contains($0.seq) })
                // Below this one, from now on.
                chunk.number -= 1
            }
            if !isBroken, rows.count < DeliveryPageStatements.most { return search.result }
        }
    }

    /// One statement on a snapshot of its own.
    private func read(_ operation: String, _ statement: Statement) throws(StoreError) -> PostgresRows {
        let rows = try run(operation, [context.entering, statement])
        guard let last = rows.last else { throw .failed(operation: operation, detail: "no answer") }
        return last
    }
}
