extension CommittedLedger {
    /// Folds one entry of the journal straight in, from what it says was there afterwards. It decides nothing, and
    /// gives what `decide`, `apply` and `publish` gave when the entry was written.
    ///
    /// Entries come in the order of their seq; one that is not beyond `head` changes nothing, so that replaying again
    /// is harmless. A level that is not in memory is created when this is its first entry. One with a past is left out
    /// of memory, because its chain of entries is not known here: to have it brought up to date, load what
    /// `footprint(of:into:)` names first.
    ///
    /// - Parameter rowsAreCounted: whether a level that was loaded ahead of `head` is counted in
    ///   `stockedLevelsByLocation` as it is there. So it is when the counts were taken from the same rows, at a start;
    ///   not when another process has written the rows meanwhile.
    public func replay(_ entry: Entry, rowsAreCounted: Bool = true) {
        guard entry.seq > head.seq else { return }
        switch entry.change {
        case .movementRecorded(let movement):
            replay(
                movement.after, at: LevelKey(item: movement.item, location: movement.location),
                quantity: movement.quantity, link: movement.link, seq: entry.seq, rowsAreCounted)
            if let target = movement.target {
                replay(
                    target.after, at: LevelKey(item: movement.item, location: target.location),
                    quantity: 0 &- movement.quantity, link: target.link, seq: entry.seq, rowsAreCounted)
            }
        case .stockSettingsChanged(let change): replay(change)
        case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item): put(item)
        case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
            put(location)
        case .webhookChanged(_, let webhook): put(webhook)
        case .stockLow, .stockOut, .replayRequested: break
        }
        head = entry.head
    }

    /// Adds the levels that `entry` touches and that exist but are not in memory: what to load before `replay`, if they
    /// are to be in memory and up to date after it.
    public func footprint(of entry: Entry, into footprint: inout Footprint) {
        if case .stockSettingsChanged(let change) = entry.change {
            if levels[change.level] == nil, hasLevel(change.level) { footprint.levels.append(change.level) }
        }
        guard case .movementRecorded(let movement) = entry.change else { return }
        let key = LevelKey(item: movement.item, location: movement.location)
        need(key, movement.link, into: &footprint)
        guard let target = movement.target else { return }
        let other = LevelKey(item: movement.item, location: target.location)
        need(other, target.link, into: &footprint)
    }

    /// A level's first entry too may find it in the store, when its row was written ahead of the others: replayed on
    /// nothing, the entry would be counted a second time.
    private func need(_ key: LevelKey, _ link: HistoryLink, into footprint: inout Footprint) {
        if levels[key] == nil, link.previous != 0 || hasLevel(key) { footprint.levels.append(key) }
    }

    private func replay(
        _ pool: CostPool, at key: LevelKey, quantity: Int64, link: HistoryLink, seq: UInt64, _ rowsAreCounted: Bool
    ) {
        // A level that was loaded from a store that is ahead of this memory has the entry already.
        let isAhead = levels[key].map { $0.history.lastSeq >= seq } ?? false
        if isAhead, rowsAreCounted { return }
        count(stockedChange(after: pool.onHand, quantity: quantity), at: key.location)
        if link.previous == 0 {
            // Its settings may have made the level before, and it may have left the memory since.
            if levels[key] == nil, !hasLevel(key) { levels[key] = StockLevel(key: key) }
            note(key)
        }
        if !isAhead, levels[key] != nil { levels[key]?.record(pool, seq: seq) }
    }

    private func replay(_ change: StockSettingsChange) {
        let key = change.level
        if levels[key] == nil, !hasLevel(key) { levels[key] = StockLevel(key: key) }
        note(key)
        // A level that was loaded from a store that is ahead of this memory has later settings already.
        let known = levels[key]?.settings?.changedSeq ?? 0
        if known < change.settings.changedSeq { levels[key]?.settings = change.settings }
    }

    /// The ledger knows the level from here on.
    private func note(_ key: LevelKey) {
        let index = Int(key.item.rawValue) - 1
        if locationsByItem.indices.contains(index), !locationsByItem[index].contains(key.location) {
            locationsByItem[index].append(key.location)
        }
    }
}
