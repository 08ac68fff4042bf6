import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// A batch as a group of submissions: each line is a `POST /inventory/v1/movements` of its own.
extension Call {
    func batch() throws(Refusal) -> Reply {
        let document = try document()
        let body = try decode(BatchCreate.self, from: document)
        let path = SKInventoryAPI.movementPath
        var lines = BatchLines(count: body.lines.count)
        var commands: [SubmittedCommand] = []
        commands.reserveCapacity(body.lines.count)
        for (index, line) in body.lines.enumerated() {
            switch line.result {
            case .success(let decoded):
                lines.keys[index] = decoded.idempotencyKey
                guard decoded.idempotencyKey != nil || idempotencyKey != nil else { throw .lineKeyRequired(index) }
                lines.places.append(index)
                commands.append(
                    SubmittedCommand(
                        .recordMovement(decoded.movement.draft),
                        identity: decoded.idempotencyKey.map {
                            IdempotencyKey.identity(
                                key: IdempotencyKey.ofLine($0), method: "POST", path: path,
                                canonicalBody: document.canonicalBytes(of: line.index, omitting: "idempotency_key"))
                        }))
            case .failure(let faults):
                lines.refused[index] = problem(Refusal(faults))
            }
        }
        return submission(commands, lines, document, atomic: body.atomic)
    }

    private func submission(
        _ commands: [SubmittedCommand], _ lines: BatchLines, _ document: JSONDocument, atomic: Bool
    ) -> Reply {
        // With a line that could not even be read, an atomic batch is refused as a whole.
        if commands.isEmpty || (atomic && commands.count < lines.keys.count) {
            let results = commands.map { _ in CommandResult(kind: .notApplied) }
            return .answer(lines.compose(results, atomic: atomic, problem: problem))
        }
        return .write(
            Submission(
                group: commands, atomic: atomic, identity: identity(document), actor: actor,
                render: renderMovement(path: SKInventoryAPI.movementPath),
                compose: { [self] in lines.compose($0, atomic: atomic, problem: problem) }))
    }
}

extension Refusal {
    fileprivate static func lineKeyRequired(_ index: Int) -> Refusal {
        Refusal(
            400, "idempotency_key_required",
            """
            Movement \(index) has no idempotency_key, and the request has no Idempotency-Key header. Send one or \
            the other.
            """,
            faults: [
                WireFault(
                    pointer: "/movements/\(index)/idempotency_key", code: .required,
                    message: "is required unless the request has an Idempotency-Key header")
            ])
    }

    fileprivate static let notApplied = Refusal(
        422, "not_applied",
        "Another movement of this atomic batch was refused, so that none was recorded. Its key stays free.")
}

/// Which lines of a batch became commands, and what was wrong with the others.
private struct BatchLines: Sendable {
    var keys: [String?]
    /// The line of each command.
    var places: [Int] = []
    var refused: [Int: Answer] = [:]

    init(count: Int) {
        keys = Array(repeating: nil, count: count)
        places.reserveCapacity(count)
    }

    /// Puts the results together. Bytes of answers are spliced in as they are: what is replayed is what was stored.
    func compose(_ results: [CommandResult], atomic: Bool, problem: (Refusal) -> Answer) -> Answer {
        var answer = BatchResults()
        answer.results.reserveCapacity(keys.count)
        var next = 0
        for index in keys.indices {
            var line = BatchLineResult()
            line.index = Int64(index)
            line.idempotencyKey = keys[index]
            let outcome: Answer
            if let refused = refused[index] {
                outcome = refused
            } else {
                let result = results[next]
                next += 1
                switch result.kind {
                case .recorded, .refused: outcome = result.answer ?? problem(.internalError)
                case .replayed:
                    line.replayed = true
                    outcome = result.answer ?? problem(.internalError)
                case .keyReused: outcome = problem(.idempotencyKeyReused)
                case .notApplied: outcome = problem(.notApplied)
                }
            }
            line.status = Int64(outcome.status)
            if outcome.status < 400 {
                line.movement = Rendered(bytes: outcome.body)
                if line.replayed { answer.replayed += 1 } else { answer.recorded += 1 }
            } else {
                line.problem = Rendered(bytes: outcome.body)
                answer.refused += 1
            }
            answer.results.append(line)
        }
        let status: UInt16 = atomic && answer.refused > 0 ? 422 : 200
        return .json(status, answer.jsonBytes(capacity: 512 * (keys.count + 1)))
    }
}
