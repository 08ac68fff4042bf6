package import LedgerCore
package import LedgerStorage
import Synchronization

/// Reads. They go past the queue and see every write that was acknowledged before they began: a write is published
/// before its caller is answered.
extension RealmLedger {
    /// The end of the journal with its proof.
    package var head: SealedHead { publishing.withLock { _ in sealed } }

    /// Looks at the committed state. `body` runs under a lock that the writer needs: it must be short and must not
    /// block.
    package func withCommitted<Result>(_ body: (CommittedLedger) -> Result) -> Result {
        publishing.withLock { _ in body(committed) }
    }

    /// A stock level, or that it is not in memory.
    package enum LevelLookup: Sendable {
        case level(StockLevel)
        /// Nothing was ever recorded there.
        case none
        /// Not in memory: ask `levels` on a thread that may block.
        case cold(LevelKey)
    }

    /// Looks a level up in the committed state, inside of `withCommitted`.
    package static func level(_ key: LevelKey, in ledger: CommittedLedger) -> LevelLookup {
        if let level = ledger.level(key) { return .level(level) }
        return ledger.hasLevel(key) ? .cold(key) : .none
    }

    /// The levels in the order of the keys, from memory where they are there, else from the store; a level without any
    /// entry is empty. All are as they were at one moment, which was not before the call. Blocks.
    package func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        var fetched: [LevelKey: StockLevel] = [:]
        var seq: UInt64 = 0
        while true {
            // Another process may have written rows that are newer than memory.
            if fetched.values.contains(where: { $0.changedSeq > seq }) { try waitUntilCurrent() }
            let look = publishing.withLock { _ in
                // A row that was read is what the level is now, unless the level came into memory, changed and left
                // again meanwhile: only a level whose row is written leaves the memory.
                let isOutrun = newestEvicted > seq
                seq = committed.head.seq
                return settle(keys, isOutrun ? [:] : fetched)
            }
            switch look {
            case .settled(let levels):
                if !fetched.isEmpty { requestLoad(Array(fetched.keys)) }
                return levels
            case .cold(let cold):
                fetched = [:]
                for level in try store.levels(cold) { fetched[level.key] = level }
                if let missing = cold.first(where: { fetched[$0] == nil }) {
                    throw .corrupt(
                        seq: nil,
                        detail:
                            "no stock level of item \(missing.item.rawValue) at location \(missing.location.rawValue)")
                }
            }
        }
    }

    private enum Look {
        case settled([StockLevel])
        /// All that are not in memory, of which at least one was not fetched.
        case cold([LevelKey])
    }

    private func settle(_ keys: [LevelKey], _ fetched: [LevelKey: StockLevel]) -> Look {
        var levels: [StockLevel] = []
        levels.reserveCapacity(keys.count)
        var cold: [LevelKey] = []
        var isSettled = true
        for key in keys {
            switch RealmLedger.level(key, in: committed) {
            case .level(let level): levels.append(level)
            case .none: levels.append(StockLevel(key: key))
            case .cold:
                cold.append(key)
                if let level = fetched[key] { levels.append(level) } else { isSettled = false }
            }
        }
        return isSettled ? .settled(levels) : .cold(cold)
    }

    /// Seqs of movements that may carry the reference, below `before`, newest first, at most `limit`. The caller
    /// compares the entry's own reference, since hashes may collide. Blocks.
    package func references(to reference: String, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        let hash = ReferencePosting.hash(of: reference)
        let tail = publishing.withLock { _ in references }
        var seqs = tail.seqs(hash, before: seq, limit: limit)
        if seqs.count < limit {
            // What the tail holds, a segment may cover by now.
            let below = min(seq, tail.coveredSeq &+ 1)
            seqs += try store.references(hash, before: below, limit: limit - seqs.count)
        }
        return seqs
    }
}
