// Items.

func decideCreation(
    of draft: ItemDraft, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    try checkRanges(
        scale: draft.scale, price: draft.price, weight: draft.weight, reorderPoint: draft.reorderPoint)
    if state.itemNumber(.sku(draft.sku)) != nil { throw .skuTaken(draft.sku) }
    try state.checkJointNames(ofNew: draft.sku)
    guard let number = state.nextItemNumber else { throw .catalogueFull }

    // Every check has passed: from here it must succeed.
    return Decision(
        first: state.head.next(at: moment) { stamp in
            .itemCreated(
                Item(
                    number: number, id: stamp.id, sku: draft.sku, name: draft.name, scale: draft.scale,
                    barcode: draft.barcode, price: draft.price, weight: draft.weight,
                    reorderPoint: draft.reorderPoint, allowNegative: draft.allowNegative, metadata: draft.metadata,
                    createdAt: stamp.recordedAt, updatedAt: stamp.recordedAt, createdSeq: stamp.seq))
        })
}

func decideUpdate(
    of reference: ItemReference, _ changes: ItemChanges, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    try checkRanges(
        scale: changes.scale ?? 0, price: changes.price.applied(to: nil), weight: changes.weight.applied(to: nil),
        reorderPoint: changes.reorderPoint.applied(to: nil))
    guard var item = state.item(reference) else { throw .itemNotFound(reference) }
    if item.archivedSeq != nil { throw .itemArchived(sku: item.sku) }
    if let scale = changes.scale, scale != item.scale, state.hasLevels(item.number) {
        throw .scaleFixed(sku: item.sku)
    }
    if let sku = changes.sku, let owner = state.itemNumber(.sku(sku)), owner != item.number {
        throw .skuTaken(sku)
    }
    if let sku = changes.sku, sku != item.sku { try state.checkJointNames(ofNew: sku, insteadOf: item.number) }

    // Every check has passed: from here it must succeed.
    item.sku = changes.sku ?? item.sku
    item.name = changes.name ?? item.name
    item.scale = changes.scale ?? item.scale
    item.barcode = changes.barcode.applied(to: item.barcode)
    item.price = changes.price.applied(to: item.price)
    item.weight = changes.weight.applied(to: item.weight)
    item.reorderPoint = changes.reorderPoint.applied(to: item.reorderPoint)
    item.allowNegative = changes.allowNegative ?? item.allowNegative
    item.metadata = changes.metadata.applied(to: item.metadata)
    return Decision(
        first: state.head.next(at: moment) { stamp in
            item.updatedAt = stamp.recordedAt
            return .itemUpdated(item)
        })
}

func decideArchival(
    of reference: ItemReference, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    guard var item = state.item(reference) else { throw .itemNotFound(reference) }
    if item.archivedSeq != nil { throw .itemArchived(sku: item.sku) }
    var missing: LevelKey?
    var hasStock = false
    state.forEachLocation(of: item.number) { location in
        let key = LevelKey(item: item.number, location: location)
        guard let level = state.level(key) else {
            missing = missing ?? key
            return
        }
        if level.pool.onHand != 0 { hasStock = true }
    }
    if let missing { throw .levelNotLoaded(missing) }
    if hasStock { throw .itemHasStock(sku: item.sku) }

    // Every check has passed: from here it must succeed.
    return Decision(
        first: state.head.next(at: moment) { stamp in
            item.updatedAt = stamp.recordedAt
            item.archivedAt = stamp.recordedAt
            item.archivedSeq = stamp.seq
            return .itemArchived(item)
        })
}

private func checkRanges(
    scale: UInt8, price: Int64?, weight: Int64?, reorderPoint: Int64?
) throws(Rejection) {
    if scale > Limits.scale { throw .scaleOutOfRange }
    if let price, !(0...Limits.money).contains(price) { throw .priceOutOfRange }
    if let weight, !(0...Limits.money).contains(weight) { throw .weightOutOfRange }
    if let reorderPoint, !(0...Limits.quantity).contains(reorderPoint) { throw .reorderPointOutOfRange }
}

// Locations.

func decideCreation(
    of draft: LocationDraft, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    if state.locationNumber(.code(draft.code)) != nil { throw .codeTaken(draft.code) }
    try state.checkJointNames(ofNewLocation: draft.code)
    guard let number = state.nextLocationNumber else { throw .catalogueFull }

    // Every check has passed: from here it must succeed.
    let isDefault = draft.isDefault || state.defaultLocation == nil
    return Decision(
        first: state.head.next(at: moment) { stamp in
            .locationCreated(
                Location(
                    number: number, id: stamp.id, code: draft.code, name: draft.name, type: draft.type,
                    address: draft.address, timeZone: draft.timeZone, marketplace: draft.marketplace,
                    isReadOnly: draft.isReadOnly, allowNegative: draft.allowNegative, isDefault: isDefault,
                    metadata: draft.metadata, createdAt: stamp.recordedAt,
                    updatedAt: stamp.recordedAt, createdSeq: stamp.seq))
        })
}

func decideUpdate(
    of reference: LocationReference, _ changes: LocationChanges, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    var location = try usable(reference, given: state, archivedToo: changes.restores)
    if changes.isDefault == false, location.isDefault { throw .defaultLocationRequired(code: location.code) }
    if let code = changes.code, let owner = state.locationNumber(.code(code)), owner != location.number {
        throw .codeTaken(code)
    }
    if let code = changes.code, code != location.code {
        try state.checkJointNames(ofNewLocation: code, insteadOf: location.number)
    }

    // Every check has passed: from here it must succeed.
    location.code = changes.code ?? location.code
    location.name = changes.name ?? location.name
    location.type = changes.type ?? location.type
    location.address = changes.address.applied(to: location.address)
    location.timeZone = changes.timeZone.applied(to: location.timeZone)
    location.marketplace = changes.marketplace.applied(to: location.marketplace)
    location.isReadOnly = changes.isReadOnly ?? location.isReadOnly
    if changes.restores {
        location.archivedAt = nil
        location.archivedSeq = nil
    }
    location.allowNegative = changes.allowNegative ?? location.allowNegative
    location.isDefault = changes.isDefault ?? location.isDefault
    location.metadata = changes.metadata.applied(to: location.metadata)
    return Decision(
        first: state.head.next(at: moment) { stamp in
            location.updatedAt = stamp.recordedAt
            return .locationUpdated(location)
        })
}

func decideArchival(
    of reference: LocationReference, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    var location = try usable(reference, given: state)
    if location.isDefault { throw .defaultLocationRequired(code: location.code) }
    if state.stockedLevels(at: location.number) > 0 { throw .locationHasStock(code: location.code) }

    // Every check has passed: from here it must succeed.
    return Decision(
        first: state.head.next(at: moment) { stamp in
            location.updatedAt = stamp.recordedAt
            location.archivedAt = stamp.recordedAt
            location.archivedSeq = stamp.seq
            return .locationArchived(location)
        })
}

/// The location of the reference, if it exists and is not archived.
private func usable(
    _ reference: LocationReference, given state: LedgerState, archivedToo: Bool = false
) throws(Rejection) -> Location {
    guard let location = state.location(reference) else {
        throw reference == .default ? .noDefaultLocation : .locationNotFound(reference)
    }
    if location.archivedSeq != nil, !archivedToo { throw .locationArchived(code: location.code) }
    return location
}

extension Patch {
    /// The member's value after the change.
    public func applied(to value: Value?) -> Value? {
        switch self {
        case .keep: value
        case .clear: nil
        case .set(let new): new
        }
    }
}
