import LedgerCore
import LedgerStorage
import Synchronization

/// What is in memory: loaded before it is needed to decide, forgotten when it has been cold for long.
extension RealmLedger {
    /// Loads what the batch's commands need and memory lacks: all levels in one call, then the receipts.
    func loadFootprint(of batch: [Pending], into state: inout LedgerState) throws(StoreError) {
        var needed = Footprint()
        for pending in batch {
            for submitted in pending.submission.commands where hasColdLevels || submitted.command.namesReceipt {
                footprint(of: submitted.command, given: state, into: &needed)
            }
        }
        if !needed.levels.isEmpty { try load(Array(Set(needed.levels))) }
        for id in Set(needed.receipts) {
            var history = History(store: store)
            guard let entry = try history.entry(id: id) else { continue }
            if case .movementRecorded(let movement) = entry.change {
                state.receipts[id] = ReceiptFacts(movement)
            } else {
                state.receipts[id] = .notAReceipt
            }
        }
    }

    /// Levels that readers missed, as far as there is room for them: what was written last is worth more. A read never
    /// fails because memory could not be filled.
    func loadForReads(_ keys: [LevelKey]) {
        let room = environment.limits.levelsInMemory - committed.levels.count
        guard room > 0 else { return }
        do throws(StoreError) {
            let missing = Set(keys.filter { committed.levels[$0] == nil && committed.hasLevel($0) })
            try load(Array(missing.prefix(room)))
        } catch {
            return
        }
    }

    func load(_ keys: [LevelKey]) throws(StoreError) {
        let levels = try store.levels(keys)
        publishing.withLock { _ in
            for level in levels { committed.load(level) }
        }
    }

    /// Forgets levels when there are more than the limit: those whose last entry is oldest and whose row is written.
    /// Which ones is decided by a sample, so that no order of use has to be kept.
    func evictColdLevels() {
        let limit = environment.limits.levelsInMemory
        guard committed.levels.count > max(limit, evictionFloor), !behind.isInPass else { return }
        let excess = committed.levels.count - limit + limit / 16
        let sample = committed.levels.values.prefix(4_096).map(\.changedSeq).sorted()
        let position = min(sample.count - 1, sample.count * excess / committed.levels.count)
        let coldest = sample[position]
        var victims: [LevelKey] = []
        var newest: UInt64 = 0
        for level in committed.levels.values where level.changedSeq <= coldest && behind.isWritten(level.key) {
            victims.append(level.key)
            newest = max(newest, level.changedSeq)
            if victims.count == excess { break }
        }
        if !victims.isEmpty { hasColdLevels = true }
        // In short stretches: readers wait for the lock on their event loops.
        for start in stride(from: 0, to: victims.count, by: 1_024) {
            publishing.withLock { _ in
                newestEvicted = max(newestEvicted, newest)
                for key in victims[start..<min(start + 1_024, victims.count)] { committed.evict(key) }
            }
        }
        // Levels that are dirty stay until the next pass: going through all of them after each commit would change
        // nothing.
        evictionFloor = committed.levels.count > limit ? committed.levels.count + limit / 16 : 0
    }
}

extension Command {
    /// Whether it refers to a receipt, which is looked up in the journal.
    fileprivate var namesReceipt: Bool {
        guard case .recordMovement(let draft) = self else { return false }
        return draft.receipt != nil
    }
}
