// What a stock level shall be, and what a marketplace has seen.

/// Settings first, then the difference as an adjustment, then the thresholds that it crosses: one decision, since the
/// caller asked for one thing.
func decideTarget(_ target: StockTarget, given state: LedgerState, at moment: Moment) throws(Rejection) -> Decision {
    let settled = try target.checked(given: state)
    let key = settled.key
    let level = settled.level

    let quantity = target.quantity.map { $0 &- settled.onHand } ?? 0
    var settings = level?.settings
    // A record that is new must begin somewhere: with a movement, else with settings that say nothing.
    let isNew = level == nil && quantity == 0
    var first: Entry?
    if isNew || !target.settings.isEmpty {
        var changed: StockSettings?
        let entry = state.head.next(at: moment) { stamp in
            changed = target.settings.applied(to: settings, at: stamp, isNew: isNew)
            let same = settings ?? StockSettings(changedAt: stamp.recordedAt, changedSeq: stamp.seq)
            return .stockSettingsChanged(StockSettingsChange(level: key, settings: changed ?? same))
        }
        if let changed {
            settings = changed
            first = entry
        }
    }
    guard quantity != 0 else {
        guard let first else { throw .unchanged(key) }
        return Decision(first: first)
    }

    var draft = MovementDraft(
        kind: .adjustment, item: target.item, location: target.location, quantity: quantity, reason: target.reason)
    draft.reference = target.reference
    draft.note = target.note
    draft.occurredAt = target.observedAt
    if quantity > 0 { draft.unitCost = settings?.cost }
    let booked = try decideMovement(
        draft, given: state, at: moment, behind: first?.head, isMarketplace: target.observedAt != nil)
    guard let first else { return booked }
    return Decision(first: first, following: booked.entries)
}

/// What a target names, once everything about it that can be wrong has been looked at.
private struct SettledTarget {
    var key: LevelKey
    /// nil when nothing was ever recorded there.
    var level: StockLevel?

    var onHand: Int64 { level?.pool.onHand ?? 0 }
}

extension StockTarget {
    fileprivate func checked(given state: LedgerState) throws(Rejection) -> SettledTarget {
        if let quantity, quantity > Limits.quantity { throw .quantityOutOfRange }
        for case .set(let money) in [settings.price, settings.cost] where !(0...Limits.money).contains(money) {
            throw .priceOutOfRange
        }
        if let safetyStock = settings.safetyStock, !(0...Limits.quantity).contains(safetyStock) {
            throw .safetyStockOutOfRange
        }
        guard let number = state.itemNumber(item), let itemTraits = state.traits(of: number) else {
            throw .itemNotFound(item)
        }
        guard let place = state.locationNumber(location), let traits = state.traits(of: place) else {
            throw location == .default ? .noDefaultLocation : .locationNotFound(location)
        }
        // Names are looked up when something is refused.
        var sku: String { state.sku(number) }
        var code: String { state.code(place) }
        if itemTraits.isArchived { throw .itemArchived(sku: sku) }
        if traits.isArchived { throw .locationArchived(code: code) }
        if let observedAt {
            if !traits.isMarketplace { throw .locationNotMarketplace(code: code) }
            if let last = state.location(place)?.observedAt, last > observedAt {
                throw .snapshotOutdated(code: code, last: last)
            }
        } else if traits.refusesWrites, quantity != nil {
            throw .locationReadOnly(code: code)
        }
        if let safetyStock = settings.safetyStock, safetyStock > 0, traits.isMarketplace {
            throw .safetyStockNotAllowed(code: code)
        }
        if let quantity, quantity < 0 { throw .negativeQuantity(sku: sku, code: code) }
        let key = LevelKey(item: number, location: place)
        let level = state.level(key)
        if level == nil, state.hasLevel(key) { throw .levelNotLoaded(key) }
        let onHand = level?.pool.onHand ?? 0
        if let expected, expected != onHand {
            throw .staleQuantity(sku: sku, code: code, expected: expected, onHand: onHand)
        }
        return SettledTarget(key: key, level: level)
    }
}

/// A snapshot begins: from here on nothing older is taken.
func decideObservation(
    of reference: LocationReference, at time: Instant, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    guard var location = state.location(reference) else {
        throw reference == .default ? .noDefaultLocation : .locationNotFound(reference)
    }
    if location.archivedSeq != nil { throw .locationArchived(code: location.code) }
    if !location.isMarketplace { throw .locationNotMarketplace(code: location.code) }
    if let last = location.observedAt {
        if last > time { throw .snapshotOutdated(code: location.code, last: last) }
        if last == time { throw .unchanged(LevelKey(item: ItemNumber(rawValue: 0), location: location.number)) }
    }
    return Decision(
        first: state.head.next(at: moment) { stamp in
            location.updatedAt = stamp.recordedAt
            location.observedAt = time
            return .locationUpdated(location)
        })
}
