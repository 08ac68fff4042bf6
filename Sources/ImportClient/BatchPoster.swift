/// Makes one batch after the other; nil at the end.
package protocol BatchStream: ~Copyable {
    /// The batch that follows; nil at the end.
    mutating func nextBatch() throws(ImportError) -> PreparedBatch?
}

/// What became of one batch: a result for each of its lines that the ledger refused, and how many it took.
package struct BatchOutcome: Sendable {
    /// A line that the ledger refused, and why.
    package struct Refusal: Hashable, Sendable {
        /// Its place in the batch.
        package var index: Int
        package var fault: RowFault
    }

    /// Movements that were recorded, stock levels that were set.
    package var recorded = 0
    /// Stock levels that were so already.
    package var unchanged = 0
    /// What was sent before; the server answered what it had answered then.
    package var replayed = 0
    package var refusals: [Refusal] = []
}

/// Sends batches in their order. One is in flight at a time; meanwhile the next is prepared and the last answer is
/// gone through.
package struct BatchPoster: Sendable {
    /// More requests than this refused as a whole while looking for the guilty lines, and the import stops:
    /// then it is not some rows that are wrong.
    static let mostSplits = 1_000

    private let connection: LedgerConnection

    package init(connection: LedgerConnection) {
        self.connection = connection
    }

    /// Sends everything. `confirm` is called for each batch, in order, when its answer has come; when it throws, no
    /// further batch is sent. Throws `ImportError` or `CancellationError`.
    package func run<Stream: BatchStream & ~Copyable>(
        _ stream: inout Stream, confirm: (PreparedBatch, BatchOutcome) throws -> Void
    ) async throws {
        var next = try stream.nextBatch()
        var answered: (batch: PreparedBatch, outcome: BatchOutcome)?
        while let batch = next {
            async let outcome = post(batch)
            if let answered { try confirm(answered.batch, answered.outcome) }
            answered = nil
            next = try stream.nextBatch()
            answered = (batch, try await outcome)
        }
        if let answered { try confirm(answered.batch, answered.outcome) }
    }

    /// Sends one batch. When the server refuses the request as a whole (400, 413, 422: one line that fits no
    /// schema spoils it), it is sent again in halves until the guilty lines stand alone.
    package func post(_ batch: PreparedBatch) async throws -> BatchOutcome {
        var outcome = BatchOutcome()
        guard !batch.lines.isEmpty else { return outcome }
        let shape = batch.shape
        var parts = [0..<batch.lines.count]
        var splits = 0
        while let part = parts.popLast() {
            let isWhole = part.count == batch.lines.count
            let answer = try await connection.post(
                shape.path, body: isWhole ? batch.body : batch.body(of: part), idempotencyKey: batch.key(of: part),
                isUsable: { shape.isSettled($0) })
            switch answer.status {
            case 200: try shape.read(answer, to: part, of: batch, into: &outcome)
            case 400, 413, 422:
                splits += 1
                let problem = answer.problem
                if part.count == 1 {
                    let fault = RowFault(problem.code ?? "refused", problem.text)
                    outcome.refusals.append(.init(index: part.lowerBound, fault: fault))
                } else if splits > Self.mostSplits {
                    throw ImportError.refused(status: answer.status, problem: problem.text)
                } else {
                    let middle = part.lowerBound + part.count / 2
                    parts.append(middle..<part.upperBound)
                    parts.append(part.lowerBound..<middle)
                }
            default: throw ImportError.refused(status: answer.status, problem: answer.problem.text)
            }
        }
        return outcome
    }
}
