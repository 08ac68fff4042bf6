/// Folds a decision into the state that it was decided on. Can't fail: everything was checked by `decide`.
public func apply(_ decision: Decision, to state: inout LedgerState) {
    state.fold(decision.first)
    for entry in decision.following { state.fold(entry) }
    state.head = decision.lastEntry.head
}

extension LedgerState {
    fileprivate mutating func fold(_ entry: Entry) {
        switch entry.change {
        case .movementRecorded(let movement): fold(movement, seq: entry.seq, id: entry.id)
        case .stockSettingsChanged(let change): fold(change)
        case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item): put(item)
        case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
            put(location)
        case .webhookChanged(_, let webhook): put(webhook)
        // Alerts say what a movement did, and a request to send something again changes nothing of what is known.
        case .stockLow, .stockOut, .replayRequested: break
        }
    }

    private mutating func fold(_ change: StockSettingsChange) {
        let key = change.level
        if !hasLevel(key) { newLocationsByItem[key.item, default: []].append(key.location) }
        changedLevels[key, default: base.levels[key] ?? StockLevel(key: key)].settings = change.settings
    }

    private mutating func fold(_ movement: Movement, seq: UInt64, id: ULID) {
        fold(
            movement.after, at: LevelKey(item: movement.item, location: movement.location),
            quantity: movement.quantity, isFirst: movement.link.previous == 0, seq: seq)
        if let target = movement.target {
            fold(
                target.after, at: LevelKey(item: movement.item, location: target.location),
                quantity: 0 &- movement.quantity, isFirst: target.link.previous == 0, seq: seq)
        }
        if movement.kind == .receipt { receipts[id] = ReceiptFacts(movement) }
    }

    private mutating func fold(
        _ pool: CostPool, at key: LevelKey, quantity: Int64, isFirst: Bool, seq: UInt64
    ) {
        changedLevels[key, default: base.levels[key] ?? StockLevel(key: key)].record(pool, seq: seq)
        // Its settings may have made the level before.
        if isFirst, !hasLevel(key) { newLocationsByItem[key.item, default: []].append(key.location) }
        let change = stockedChange(after: pool.onHand, quantity: quantity)
        if change != 0 { stockedLevels[key.location, default: 0] += change }
    }
}

extension StockLevel {
    /// Makes the entry `seq` the newest of the level.
    @inline(__always)
    mutating func record(_ pool: CostPool, seq: UInt64) {
        self.pool = pool
        history.append(seq)
    }
}

/// +1 when a level has gained stock (on hand was 0), −1 when it has lost it, else 0.
func stockedChange(after onHand: Int64, quantity: Int64) -> Int {
    let before = onHand &- quantity
    return (onHand != 0 ? 1 : 0) - (before != 0 ? 1 : 0)
}
