import LedgerCore
import LedgerStorage
import Synchronization

/// The writer's half: what has gathered becomes one commit.
extension RealmLedger {
    /// Decides the batch in order, commits once, publishes, and only then answers.
    func write(_ batch: [Pending]) {
        do throws(StoreError) {
            while true {
                var fold = try beginBatch(batch)
                var results: [BatchResult] = []
                results.reserveCapacity(batch.count)
                for pending in batch { results.append(try decide(pending.submission, in: &fold)) }
                let outcome = try commit(&fold, commands: batch.reduce(0) { $0 + $1.commands })
                // Others have committed since: what was decided may be wrong, and nothing of it was written.
                if outcome == .overtaken {
                    try overtake()
                    continue
                }
                return answer(batch, results, outcome)
            }
        } catch .unavailable(_, let isOutcomeUnknown) {
            // Memory is as it was before the batch. If it was committed after all, it comes back as another's.
            store.release()
            for pending in batch { pending.complete(.unavailable(isOutcomeUnknown: isOutcomeUnknown)) }
        } catch {
            die(error)
        }
    }

    enum BatchOutcome {
        case durable
        case storageFull
        case overtaken
    }

    /// A submission's result, and whether it depends on the commit that is about to happen.
    struct BatchResult {
        var result: SubmissionResult
        var dependsOnCommit: Bool
    }

    private func beginBatch(_ batch: [Pending]) throws(StoreError) -> BatchFold {
        try absorbLeftover()
        lastMoment = max(lastMoment, environment.now())
        var state = LedgerState(base: committed)
        try loadFootprint(of: batch, into: &state)
        let commands = batch.reduce(0) { $0 + $1.commands }
        return BatchFold(
            state: state, now: lastMoment, random: environment.random(), commands: commands, rules: environment.decide)
    }

    /// Everything that the batch writes, in one unit.
    private func commit(_ fold: inout BatchFold, commands: Int) throws(StoreError) -> BatchOutcome {
        guard !fold.entries.isEmpty || !fold.records.isEmpty else { return try confirm() }
        var unit = CommitUnit()
        unit.block = Block.seal(fold.entries, after: sealed)
        if !fold.records.isEmpty {
            unit.idempotency = IdempotencyPage(
                number: lastPage + 1, slice: IdempotencyIndex.slice(of: fold.now), recordedAt: fold.now,
                records: fold.records)
        }
        unit.projection = nextChunk(everything: false)
        // With each commit: one adds a page at most and deletes one at least, so that the pages can't outgrow a day.
        unit.dropSlicesBefore = IdempotencyIndex.oldestSlice(at: fold.now)
        let start = environment.steady()
        do throws(StoreError) {
            guard case .durable(let version) = try store.commit(unit) else {
                if let chunk = unit.projection { behind.restore(chunk) }
                return .overtaken
            }
            environment.observer.committed(commands, environment.steady() &- start)
            sharing.didCommit()
            publish(fold, unit, version)
            return .durable
        } catch {
            if let chunk = unit.projection { behind.restore(chunk) }
            if case .full = error { return .storageFull }
            throw error
        }
    }

    /// Makes a durable commit visible to readers, then tidies what only the writer sees.
    private func publish(_ fold: BatchFold, _ unit: CommitUnit, _ version: UInt64) {
        let segment = unit.projection?.references.first
        // Hashed before the lock is taken: readers wait for it on their event loops.
        let postings = fold.entries.compactMap { ReferencePosting(indexing: $0) }
        publishing.withLock { _ in
            committed.publish(fold.state)
            self.version = version
            if let block = unit.block { sealed = block.sealedHead }
            if let segment { references.wrote(segment) }
            for posting in postings { references.note(posting) }
        }
        noteStock(fold.entries, fold.state.changedLevels.values)
        if let block = unit.block { observers.notify(block.lastSeq) }
        for entry in fold.entries { behind.note(entry.change) }
        for location in fold.displacedDefaults { behind.note(location) }
        if let chunk = unit.projection {
            behind.wrote(chunk)
            // What was dirty is written now and may go.
            if chunk.appliedSeq != nil { evictionFloor = 0 }
        }
        if let page = unit.idempotency {
            lastPage = page.number
            for record in page.records { index.insert(record.key, page: page.number, slice: page.slice) }
            pages.keep(page)
        }
        if let oldest = unit.dropSlicesBefore { _ = index.dropSlices(before: oldest) }
        evictColdLevels()
    }

    private func answer(_ batch: [Pending], _ results: [BatchResult], _ outcome: BatchOutcome) {
        for (pending, result) in zip(batch, results) {
            switch outcome {
            case .storageFull where result.dependsOnCommit: pending.complete(.storageFull)
            case .durable, .storageFull, .overtaken: pending.complete(result.result)
            }
        }
    }

    /// The next rows to write behind the journal, with a segment of the reference index where one is full.
    func nextChunk(everything: Bool) -> ProjectionChunk? {
        var chunk = behind.nextChunk(of: committed, limits: environment.limits, everything: everything)
        let length = environment.limits.entriesPerReferenceSegment
        if let segment = references.segment(upTo: sealed.head.seq, length: length) {
            if chunk == nil { chunk = ProjectionChunk() }
            chunk?.references = [segment]
        }
        return chunk
    }

    /// Brings every projection up to the head, so that the next start has nothing to replay.
    func writeEverythingBehind() {
        do throws(StoreError) {
            while !behind.isClean || behind.appliedSeq < sealed.head.seq {
                guard let chunk = nextChunk(everything: true) else { return }
                guard case .durable(let version) = try store.commit(CommitUnit(projection: chunk)) else {
                    behind.restore(chunk)
                    try catchUp()
                    continue
                }
                behind.wrote(chunk)
                publishing.withLock { _ in
                    self.version = version
                    if let segment = chunk.references.first { references.wrote(segment) }
                }
            }
        } catch .full {
            // The journal has everything; the next start replays what the rows lack.
            return
        } catch .unavailable {
            return
        } catch {
            die(error)
        }
    }
}
