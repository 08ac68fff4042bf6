package import LedgerCore
package import LedgerStorage
import Synchronization

/// Reads. They go past the queue and see every write that was acknowledged before they began: a write is published
/// before its caller is answered.
extension RealmLedger {
    /// The end of the journal with its proof.
    package var head: SealedHead { publishing.withLock { _ in sealed } }

    /// Looks at the committed state. `body` runs under a lock that the writer needs: it must be short and must not block.
    package func withCommitted<Result>(_ body: (CommittedLedger) -> Result) -> Result {
        publishing.withLock { _ in body(committed) }
    }

    /// A stock level, or that it is not in memory.
    package enum LevelLookup: Sendable {
        case level(StockLevel)
        /// Nothing was ever recorded there.
        case none
        /// Not in memory: ask `fetchLevels` on a thread that may block.
        case cold(LevelKey)
    }

    package static func level(_ key: LevelKey, in ledger: CommittedLedger) -> LevelLookup {
        if let level = ledger.level(key) { return .level(level) }
        return ledger.hasLevel(key) ? .cold(key) : .none
    }

    /// Levels from the store, for those that are not in memory. Blocks. They are at least as new as what was
    /// acknowledged before the call: only a level whose row is written leaves the memory.
    package func fetchLevels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        let stored = try store.levels(keys)
        requestLoad(keys)
        // What the writer loaded and changed meanwhile is newer than the row.
        return withCommitted { ledger in stored.map { ledger.level($0.key) ?? $0 } }
    }

    /// The levels in the order of the keys, from memory where they are there, else from the store; a level without any
    /// entry is empty. Blocks.
    package func levels(_ keys: [LevelKey]) throws(StoreError) -> [StockLevel] {
        let found = withCommitted { ledger in keys.map { RealmLedger.level($0, in: ledger) } }
        let cold = found.compactMap { lookup -> LevelKey? in
            if case .cold(let key) = lookup { key } else { nil }
        }
        let fetched = cold.isEmpty ? [] : try fetchLevels(cold)
        let byKey = Dictionary(fetched.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        return zip(keys, found).map { key, lookup in
            if case .level(let level) = lookup { level } else { byKey[key] ?? StockLevel(key: key) }
        }
    }

    /// Seqs of movements that may carry the reference, below `before`, newest first, at most `limit`. The caller compares
    /// the entry's own reference, since hashes may collide. Blocks.
    package func references(to reference: String, before seq: UInt64, limit: Int) throws(StoreError) -> [UInt64] {
        let hash = ReferencePosting.hash(of: reference)
        let tail = publishing.withLock { _ in references }
        var seqs = tail.seqs(hash, before: seq)
        if seqs.count < limit {
            let below = min(seq, tail.coveredSeq + 1)
            seqs += try store.references(hash, before: below, limit: limit - seqs.count)
        }
        return Array(seqs.prefix(limit))
    }
}
