internal import NIOCore

/// Makes one batch after the other; nil at the end.
package protocol BatchStream: ~Copyable {
    /// The batch that follows; nil at the end.
    mutating func nextBatch() throws(ImportError) -> PreparedBatch?
}

/// What became of one batch: a result for each of its movements that the ledger refused, and how many it took.
package struct BatchOutcome: Sendable {
    /// A movement that the ledger refused, and why.
    package struct Refusal: Hashable, Sendable {
        /// Its place in the batch.
        package var index: Int
        package var fault: RowFault
    }

    package var recorded = 0
    package var replayed = 0
    package var refusals: [Refusal] = []
}

/// Sends batches in their order. One is in flight at a time; meanwhile the next is prepared and the last answer is
/// gone through.
package struct BatchPoster: Sendable {
    package static let path = "/inventory/v1/movements/batch"
    /// More requests than this refused as a whole while looking for the guilty movements, and the import stops:
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

    /// Sends one batch. When the server refuses the request as a whole (400, 413, 422: one movement that fits no
    /// schema spoils it), it is sent again in halves until the guilty movements stand alone.
    package func post(_ batch: PreparedBatch) async throws -> BatchOutcome {
        var outcome = BatchOutcome()
        guard !batch.lines.isEmpty else { return outcome }
        var parts = [0..<batch.lines.count]
        var splits = 0
        while let part = parts.popLast() {
            let isWhole = part.count == batch.lines.count
            let answer = try await connection.post(
                Self.path, body: isWhole ? batch.body : batch.body(of: part), isUsable: Self.isSettled)
            switch answer.status {
            case 200: try Self.read(answer, part: part, into: &outcome)
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

    /// Whether no movement of an answer is to be sent again.
    private static func isSettled(_ answer: LedgerAnswer) -> Bool {
        guard answer.status == 200 else { return true }
        return answer.body.withUnsafeReadableBytes { raw in
            let bytes = raw.bindMemory(to: UInt8.self)
            guard let counts = BatchAnswer.counts(bytes), counts.refused > 0 else { return true }
            return BatchAnswer.results(bytes)?.contains(where: \.isTemporary) != true
        }
    }

    /// Checks an answer against what was sent. The counts are believed when they say that everything was recorded;
    /// otherwise each result is looked at.
    private static func read(_ answer: LedgerAnswer, part: Range<Int>, into outcome: inout BatchOutcome) throws {
        try answer.body.withUnsafeReadableBytes { raw in
            let bytes = raw.bindMemory(to: UInt8.self)
            guard let counts = BatchAnswer.counts(bytes) else {
                throw ImportError.answer("it has no counts: \(answer.problem.text)")
            }
            if counts.recorded == part.count, counts.replayed == 0, counts.refused == 0 {
                outcome.recorded += part.count
                return
            }
            guard let results = BatchAnswer.results(bytes), results.count == part.count else {
                throw ImportError.answer("\(part.count) movements were sent and as many results must come back")
            }
            for (place, result) in results.enumerated() {
                guard result.index == place else {
                    throw ImportError.answer("result \(place) says that it is number \(result.index)")
                }
                if result.isRefused {
                    let fault = RowFault(result.code ?? "refused", result.detail ?? "no reason given")
                    outcome.refusals.append(.init(index: part.lowerBound + place, fault: fault))
                } else if result.replayed {
                    outcome.replayed += 1
                } else {
                    outcome.recorded += 1
                }
            }
        }
    }
}
