internal import NIOCore

/// What a request of many lines looks like, and how its answer is read. A value of its own for each bulk endpoint, so
/// that reading files, sending, halving, noting down and going on are done once for all of them.
package protocol BatchShape: Sendable {
    /// Where it is posted.
    var path: String { get }
    /// JSON before the first line.
    var opening: StaticString { get }
    /// JSON after the last line.
    var closing: StaticString { get }
    /// Most lines that a request may have.
    var mostLines: Int { get }
    /// Lines in a request when nobody says how many, 1 to `mostLines`.
    var usualLines: Int { get }
    /// Most lines that one row of a file becomes.
    var mostLinesOfRow: Int { get }
    /// Whether each line brings an idempotency key; else the request as a whole has one.
    var linesHaveKeys: Bool { get }
    /// Whether a line says what shall be: then sending it again, however late, counts nothing twice.
    var isAbsolute: Bool { get }
    /// What its lines are called, in the plural.
    var unit: String { get }

    /// Whether no line of an answer is to be sent again.
    func isSettled(_ answer: LedgerAnswer) -> Bool

    /// Adds to `outcome` what a 200 says of a part of a batch. Throws `ImportError.answer` when it does not add up with
    /// what was sent.
    func read(
        _ answer: LedgerAnswer, to part: Range<Int>, of batch: PreparedBatch, into outcome: inout BatchOutcome) throws
}

extension BatchShape {
    package var mostLinesOfRow: Int { 1 }
    package var linesHaveKeys: Bool { false }
    package var isAbsolute: Bool { true }
    package var unit: String { "stock levels" }
    package func isSettled(_ answer: LedgerAnswer) -> Bool { true }
}

extension BatchOutcome {
    /// Counts lines that were set, or were so before. When the server answered with what it had kept, they were sent
    /// before, and nothing was done now.
    mutating func add(updated: Int, unchanged: Int, isReplay: Bool) {
        if isReplay {
            replayed += updated + unchanged
        } else {
            recorded += updated
            self.unchanged += unchanged
        }
    }
}

/// `movements/batch` of SK Inventory.
package struct MovementBatch: BatchShape {
    package init() {}

    package var path: String { "/inventory/v1/movements/batch" }
    package var opening: StaticString { #"{"atomic":false,"movements":["# }
    package var closing: StaticString { "]}" }
    package var mostLines: Int { 1_000 }
    package var usualLines: Int { 500 }
    /// A movement, and the opening receipt before it.
    package var mostLinesOfRow: Int { 2 }
    package var linesHaveKeys: Bool { true }
    package var isAbsolute: Bool { false }
    package var unit: String { "movements" }

    package func isSettled(_ answer: LedgerAnswer) -> Bool {
        guard answer.status == 200 else { return true }
        return answer.body.withUnsafeReadableBytes { raw in
            let bytes = raw.bindMemory(to: UInt8.self)
            guard let counts = BatchAnswer.counts(bytes), counts.refused > 0 else { return true }
            return BatchAnswer.results(bytes)?.contains(where: \.isTemporary) != true
        }
    }

    /// The counts are believed when they say that everything was recorded; otherwise each result is looked at.
    package func read(
        _ answer: LedgerAnswer, to part: Range<Int>, of batch: PreparedBatch, into outcome: inout BatchOutcome
    ) throws {
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
