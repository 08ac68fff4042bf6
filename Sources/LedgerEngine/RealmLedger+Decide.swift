import LedgerCore
import LedgerStorage

/// Idempotency around decisions: a key that is known answers without deciding, a new one keeps its answer.
extension RealmLedger {
    /// Decides a submission within the batch.
    func decide(_ submission: Submission, in fold: inout BatchFold) throws(StoreError) -> BatchResult {
        guard let compose = submission.compose else {
            return single(submission, try outcome(of: submission.commands[0], at: 0, of: submission, in: &fold))
        }
        if let identity = submission.identity, let known = try recall(identity, in: fold) {
            return known.batchResult
        }
        let results =
            submission.atomic
            ? try atomicGroup(submission, in: &fold) : try group(submission, in: &fold)
        let answer = compose(results.map(\.result))
        if let identity = submission.identity { fold.keep(answer, under: identity) }
        return BatchResult(
            result: .decided(answer),
            dependsOnCommit: submission.identity != nil || results.contains { $0.dependsOnCommit })
    }

    private struct CommandOutcome {
        var result: CommandResult
        /// Whether it says something that will not be true if the batch is not committed.
        var dependsOnCommit: Bool
    }

    private func single(_ submission: Submission, _ outcome: CommandOutcome) -> BatchResult {
        guard let answer = outcome.result.answer else {
            return BatchResult(result: .keyReused, dependsOnCommit: outcome.dependsOnCommit)
        }
        return BatchResult(
            result: outcome.result.kind == .replayed ? .replayed(answer) : .decided(answer),
            dependsOnCommit: outcome.dependsOnCommit)
    }

    private func outcome(
        of submitted: SubmittedCommand, at index: Int, of submission: Submission, in fold: inout BatchFold
    ) throws(StoreError) -> CommandOutcome {
        if let identity = submitted.identity, let known = try recall(identity, of: submission, in: fold) {
            return known.commandOutcome
        }
        // A refusal may be due to what was accepted before it in the batch.
        let isBehindOthers = !fold.entries.isEmpty
        let result = try decide(submitted.command, actor: submission.actor, in: &fold)
        let answer = submission.render(result, index, fold.state)
        if let identity = submitted.identity { fold.keep(answer, under: identity) }
        if result.isAccepted {
            return CommandOutcome(result: CommandResult(kind: .recorded, answer: answer), dependsOnCommit: true)
        }
        return CommandOutcome(
            result: CommandResult(kind: .refused, answer: answer),
            dependsOnCommit: submitted.identity != nil || isBehindOthers)
    }

    /// Decides a command; a level that its footprint could not name yet (because a command before it in the batch gave
    /// an item its name) is loaded then.
    private func decide(
        _ command: Command, actor: ULID?, in fold: inout BatchFold
    ) throws(StoreError) -> Result<Decision, Rejection> {
        while true {
            do throws(Rejection) {
                return .success(try fold.decide(command, actor: actor))
            } catch .levelNotLoaded(let key) {
                try load([key])
                guard committed.level(key) != nil else {
                    throw .corrupt(seq: nil, detail: "the projections lack the stock level \(key)")
                }
            } catch {
                return .failure(error)
            }
        }
    }

    private func group(_ submission: Submission, in fold: inout BatchFold) throws(StoreError) -> [CommandOutcome] {
        var outcomes: [CommandOutcome] = []
        outcomes.reserveCapacity(submission.commands.count)
        for (index, submitted) in submission.commands.enumerated() {
            outcomes.append(try outcome(of: submitted, at: index, of: submission, in: &fold))
        }
        return outcomes
    }

    /// All or nothing. A refusal undoes the group and leaves its keys free, so that a corrected group may use them
    /// again; commands that an earlier request has recorded under their keys count as done.
    private func atomicGroup(_ submission: Submission, in fold: inout BatchFold) throws(StoreError) -> [CommandOutcome]
    {
        let mark = fold.mark
        var outcomes: [CommandOutcome] = []
        outcomes.reserveCapacity(submission.commands.count)
        // Done by this very group, so that a refusal undoes them.
        var isOwn: [Bool] = []
        for (index, submitted) in submission.commands.enumerated() {
            if let identity = submitted.identity, let known = try recall(identity, of: submission, in: fold) {
                outcomes.append(known.commandOutcome)
                isOwn.append(fold.recordsByKey[identity.key].map { $0 >= mark.records } ?? false)
                if known.isAccepted { continue }
            } else {
                let result = try decide(submitted.command, actor: submission.actor, in: &fold)
                let answer = submission.render(result, index, fold.state)
                if result.isAccepted {
                    if let identity = submitted.identity { fold.keep(answer, under: identity) }
                    outcomes.append(
                        CommandOutcome(result: CommandResult(kind: .recorded, answer: answer), dependsOnCommit: true))
                    isOwn.append(true)
                    continue
                }
                outcomes.append(
                    CommandOutcome(
                        result: CommandResult(kind: .refused, answer: answer), dependsOnCommit: mark.entries > 0))
            }
            fold.rollBack(to: mark)
            return undone(outcomes, isOwn, of: submission.commands.count)
        }
        return outcomes
    }

    /// The results of an atomic group whose last tried command was refused: that one says why, the others that they
    /// were not applied; replays of earlier requests remain what they are.
    private func undone(_ outcomes: [CommandOutcome], _ isOwn: [Bool], of count: Int) -> [CommandOutcome] {
        let notApplied = CommandOutcome(result: CommandResult(kind: .notApplied), dependsOnCommit: false)
        var results = zip(outcomes.dropLast(), isOwn).map { $1 ? notApplied : $0 }
        results.append(contentsOf: outcomes.suffix(1))
        results.append(contentsOf: repeatElement(notApplied, count: count - results.count))
        return results
    }

    // MARK: What a key already stands for

    private enum Known {
        case replay(Answer, fromThisBatch: Bool)
        case reused(fromThisBatch: Bool)

        var batchResult: BatchResult {
            switch self {
            case .replay(let answer, let fromThisBatch):
                BatchResult(result: .replayed(answer), dependsOnCommit: fromThisBatch)
            case .reused(let fromThisBatch): BatchResult(result: .keyReused, dependsOnCommit: fromThisBatch)
            }
        }

        var commandOutcome: CommandOutcome {
            switch self {
            case .replay(let answer, let fromThisBatch):
                CommandOutcome(result: CommandResult(kind: .replayed, answer: answer), dependsOnCommit: fromThisBatch)
            case .reused(let fromThisBatch):
                CommandOutcome(result: CommandResult(kind: .keyReused), dependsOnCommit: fromThisBatch)
            }
        }

        /// Whether an atomic group may go on after it.
        var isAccepted: Bool {
            switch self {
            case .replay(let answer, _): answer.status < 400
            case .reused: false
            }
        }
    }

    /// What a command's key stands for. The key of the whole request is another request's for each of its commands.
    private func recall(
        _ identity: RequestIdentity, of submission: Submission, in fold: BatchFold
    ) throws(StoreError) -> Known? {
        if submission.identity?.key == identity.key { return .reused(fromThisBatch: false) }
        return try recall(identity, in: fold)
    }

    private func recall(_ identity: RequestIdentity, in fold: BatchFold) throws(StoreError) -> Known? {
        if let position = fold.recordsByKey[identity.key] {
            return known(fold.records[position], identity, fromThisBatch: true)
        }
        var found: Known?
        do {
            try index.forEachCandidate(identity.key) { number in
                guard let page = try pages.page(number, from: store),
                    page.recordedAt.milliseconds + IdempotencyIndex.lifetime > fold.now.milliseconds,
                    let record = page.records.first(where: { $0.key == identity.key })
                else { return false }
                found = known(record, identity, fromThisBatch: false)
                return true
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw .failed(operation: "read of a stored answer", detail: "\(error)")
        }
        return found
    }

    private func known(_ record: IdempotencyRecord, _ identity: RequestIdentity, fromThisBatch: Bool) -> Known {
        guard ConstantTime.areEqual(record.fingerprint, identity.fingerprint) else {
            return .reused(fromThisBatch: fromThisBatch)
        }
        return .replay(
            Answer(status: record.status, contentKind: record.contentKind, body: record.body),
            fromThisBatch: fromThisBatch)
    }
}

extension Result where Success == Decision, Failure == Rejection {
    /// Whether what was asked for is so now: recorded just now, or so already.
    var isAccepted: Bool {
        switch self {
        case .success, .failure(.unchanged): true
        case .failure: false
        }
    }
}
