/// Puts a `DemoPlan` into a server.
package struct DemoLoad: Sendable {
    /// What a load came to.
    package struct Summary: Hashable, Sendable, Encodable {
        package var items: CataloguePoster.Counts
        package var locations: CataloguePoster.Counts
        package var movements: Int
        package var recorded: Int
        package var replayed: Int
        package var refused: Int
        /// What the ledger said of the first refused movement.
        package var firstRefusal: String?

        package var exitCode: ExitCode { refused > 0 ? .someRowsRefused : .done }
    }

    /// Sends the catalogue, then the movements in their order. Loading the same plan twice within 24 hours changes
    /// nothing. Throws `ImportError`, or `CancellationError`.
    package static func run(
        _ plan: DemoPlan, url: String, apiKey: String, progress: ProgressBar.Style = .automatic,
        retryPolicy: RetryPolicy = RetryPolicy()
    ) async throws -> Summary {
        var bar = ProgressBar(progress)
        let connection = try LedgerConnection(
            url: url, apiKey: apiKey, policy: retryPolicy, connections: 32,
            onRetry: { ProgressBar(progress).note($0) })
        do {
            let summary = try await run(plan, connection, &bar)
            await connection.close()
            return summary
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func run(
        _ plan: DemoPlan, _ connection: LedgerConnection, _ bar: inout ProgressBar
    ) async throws -> Summary {
        bar.begin("Items", unit: "items")
        let poster = CataloguePoster(connection: connection, keyPrefix: plan.keyPrefix)
        let (locations, items) = try await poster.run(plan.catalogue.catalogue) { done, all in
            bar.update(fraction: Double(done) / Double(max(all, 1)), count: done)
        }
        var summary = Summary(
            items: items, locations: locations, movements: plan.lines.count, recorded: 0, replayed: 0, refused: 0)
        var stream = DemoStream(plan: plan)
        bar.begin("Movements", unit: "movements")
        var done = 0
        try await BatchPoster(connection: connection).run(&stream) { batch, outcome in
            summary.recorded += outcome.recorded
            summary.replayed += outcome.replayed
            summary.refused += outcome.refusals.count
            if summary.firstRefusal == nil { summary.firstRefusal = outcome.refusals.first?.fault.detail }
            done += batch.lines.count
            bar.update(fraction: Double(done) / Double(max(plan.lines.count, 1)), count: done)
        }
        bar.end()
        return summary
    }
}

/// The lines of a plan as batches.
private struct DemoStream: BatchStream, ~Copyable {
    private let plan: DemoPlan
    private var builder: BatchBuilder
    private var next = 0

    init(plan: DemoPlan) {
        self.plan = plan
        builder = BatchBuilder(capacity: 500, keyPrefix: plan.keyPrefix)
    }

    mutating func nextBatch() throws(ImportError) -> PreparedBatch? {
        while next < plan.lines.count, !builder.isFull {
            let line = plan.lines[next]
            next += 1
            let number = next
            withBytes([
                line.sku, line.location, line.target ?? "", line.reason, line.reference ?? "", line.note ?? "",
                line.unitCost ?? "", line.occurredAt,
            ]) { bytes in
                var fields = MovementFields(
                    item: bytes[0], location: bytes[1], kind: line.kind, quantity: line.quantity)
                fields.target = bytes[2]
                fields.reason = bytes[3]
                fields.reference = bytes[4]
                fields.note = bytes[5]
                fields.unitCost = bytes[6]
                fields.occurredAt = bytes[7]
                builder.add(fields, line: number, record: Bytes(start: nil, count: 0))
            }
        }
        return builder.isEmpty ? nil : builder.finish(lastLine: next, position: Int64(next))
    }
}

/// The texts as bytes in one stretch, valid during the call.
private func withBytes(_ texts: [String], _ body: ([Bytes]) -> Void) {
    let all = texts.flatMap { Array($0.utf8) }
    all.withUnsafeBufferPointer { buffer in
        var first = 0
        body(
            texts.map { text in
                let count = text.utf8.count
                defer { first += count }
                return Bytes(rebasing: buffer[first..<first + count])
            })
    }
}
