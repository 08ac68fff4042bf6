/// What a command needs in memory that is not there yet: levels to load from the store, receipts to look up in the
/// journal. What the ledger has never heard of is not in it, and neither is what is loaded already: on a warm ledger it
/// stays empty.
public struct Footprint: Hashable, Sendable {
    /// May name a level twice when several commands share one footprint.
    public var levels: [LevelKey] = []
    public var receipts: [ULID] = []

    public init() {}

    public var isEmpty: Bool { levels.isEmpty && receipts.isEmpty }

    /// Empties it for the next batch; its memory is kept.
    public mutating func removeAll() {
        levels.removeAll(keepingCapacity: true)
        receipts.removeAll(keepingCapacity: true)
    }
}

/// What must be loaded before `decide` is asked for `command`. See `footprint(of:given:into:)`.
public func footprint(of command: Command, given state: LedgerState) -> Footprint {
    var result = Footprint()
    footprint(of: command, given: state, into: &result)
    return result
}

/// Adds what must be loaded before `decide` is asked for `command` to `footprint`; a whole batch can be gathered so.
///
/// References are resolved as `state` knows them. A command behind a rename in the same batch may therefore need more
/// than was gathered before the rename was applied: `decide` then refuses it with `Rejection.levelNotLoaded`, and
/// nothing is lost by loading that level and deciding again.
public func footprint(of command: Command, given state: LedgerState, into footprint: inout Footprint) {
    switch command {
    case .recordMovement(let draft):
        guard let item = state.itemNumber(draft.item) else { return }
        if let location = state.locationNumber(draft.location) {
            state.need(LevelKey(item: item, location: location), into: &footprint)
        }
        if let target = draft.target, let location = state.locationNumber(target) {
            state.need(LevelKey(item: item, location: location), into: &footprint)
        }
        if let receipt = draft.receipt, state.receipts[receipt] == nil { footprint.receipts.append(receipt) }
    case .archiveItem(let reference):
        guard let item = state.itemNumber(reference) else { return }
        state.forEachLocation(of: item) { location in
            state.need(LevelKey(item: item, location: location), into: &footprint)
        }
    case .setStock(let target):
        guard let item = state.itemNumber(target.item), let location = state.locationNumber(target.location) else {
            return
        }
        state.need(LevelKey(item: item, location: location), into: &footprint)
    case .createItem, .updateItem, .createLocation, .updateLocation, .archiveLocation, .observeLocation, .webhook:
        return
    }
}

extension LedgerState {
    /// Adds the level to the footprint if the ledger has it, but not in memory.
    fileprivate func need(_ key: LevelKey, into footprint: inout Footprint) {
        if !isLoaded(key), hasLevel(key) { footprint.levels.append(key) }
    }
}
