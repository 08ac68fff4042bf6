/// A movement's checks and its cost. The order is that of `decide`.
///
/// - Parameters:
///   - head: what its entry follows, when entries of the same decision come before it.
///   - isMarketplace: whether it says what a marketplace has seen, which alone may change what lies there.
func decideMovement(
    _ draft: MovementDraft, given state: LedgerState, at moment: Moment, behind head: Head? = nil,
    isMarketplace: Bool = false
) throws(Rejection) -> Decision {
    try draft.check()

    guard let itemNumber = state.itemNumber(draft.item), let item = state.traits(of: itemNumber) else {
        throw .itemNotFound(draft.item)
    }
    guard let locationNumber = state.locationNumber(draft.location),
        let location = state.traits(of: locationNumber)
    else {
        throw draft.location == .default ? .noDefaultLocation : .locationNotFound(draft.location)
    }
    let target = try draft.target.map { reference throws(Rejection) in try state.target(reference) }

    if item.isArchived { throw .itemArchived(sku: state.sku(itemNumber)) }
    if location.isArchived { throw .locationArchived(code: state.code(locationNumber)) }
    if let target {
        if target.isArchived { throw .targetArchived(code: state.code(target.number)) }
        if target.number == locationNumber { throw .sameLocation(code: state.code(locationNumber)) }
        if target.refusesWrites { throw .locationReadOnly(code: state.code(target.number)) }
    }
    if location.refusesWrites, !isMarketplace { throw .locationReadOnly(code: state.code(locationNumber)) }
    let credit = try draft.receipt.map { receipt throws(Rejection) in try state.receipt(receipt, of: itemNumber) }

    let source = try state.loadedStanding(at: LevelKey(item: itemNumber, location: locationNumber))
    let arrival = try target.map { target throws(Rejection) in
        try state.loadedStanding(at: LevelKey(item: itemNumber, location: target.number))
    }

    let quantity = draft.kind == .transfer ? -draft.quantity : draft.quantity
    if quantity < 0, source.pool.onHand < -quantity, !(item.allowNegative && location.allowNegative) {
        throw .insufficientStock(
            sku: state.sku(itemNumber), code: state.code(locationNumber), onHand: source.pool.onHand,
            requested: -quantity)
    }

    let effect: CostEffect
    do throws(CostOutOfRange) {
        effect = try draft.effect(on: source.pool, credit: credit, scale: item.scale)
    } catch {
        throw .stockOutOfRange(sku: state.sku(itemNumber), code: state.code(locationNumber))
    }
    var leg: TransferLeg?
    if let target, let arrival {
        do throws(CostOutOfRange) {
            leg = try arrival.leg(at: target.number, of: draft.quantity, leaving: effect, scale: item.scale)
        } catch {
            throw .stockOutOfRange(sku: state.sku(itemNumber), code: state.code(target.number))
        }
    }

    // Every check has passed: from here it must succeed.
    let entry = (head ?? state.head).next(at: moment) { _ in
        .movementRecorded(
            Movement(
                kind: draft.kind, item: itemNumber, location: locationNumber, quantity: quantity,
                reason: draft.reason, reference: draft.reference, note: draft.note, occurredAt: draft.occurredAt,
                unitCost: draft.unitCost, receipt: draft.receipt, valueChange: effect.valueChange,
                variance: effect.variance, after: effect.pool, link: source.link, target: leg))
    }
    // Thresholds are crossed downwards only, so a transfer's target never fires.
    guard quantity < 0 else { return Decision(first: entry) }
    return Decision(
        first: entry,
        following: alerts(
            behind: entry, item: itemNumber, location: locationNumber, before: source.pool.onHand,
            after: effect.pool.onHand, reorderPoint: item.reorderPoint))
}

/// The thresholds that on hand crosses at one level, low before out (costing.md, *Thresholds*).
private func alerts(
    behind entry: Entry, item: ItemNumber, location: LocationNumber, before: Int64, after: Int64,
    reorderPoint: Int64?
) -> [Entry] {
    let low = reorderPoint.map { before >= $0 && after < $0 } ?? false
    let out = before > 0 && after <= 0
    guard low || out else { return [] }
    let alert = StockAlert(
        item: item, location: location, before: before, after: after, reorderPoint: reorderPoint,
        movementSeq: entry.seq)
    guard low else { return [entry.following(.stockOut(alert))] }
    let first = entry.following(.stockLow(alert))
    return out ? [first, first.following(.stockOut(alert))] : [first]
}

extension MovementDraft {
    /// What can be said without looking at the ledger.
    fileprivate func check() throws(Rejection) {
        if quantity == 0 { throw .quantityZero }
        if quantity > Limits.quantity || quantity < -Limits.quantity { throw .quantityOutOfRange }
        switch kind {
        case .receipt, .transfer: if quantity < 0 { throw .quantitySign(kind, expected: 1) }
        case .sale, .pick: if quantity > 0 { throw .quantitySign(kind, expected: -1) }
        case .return, .adjustment: break
        }
        if let unitCost {
            guard takesUnitCost else { throw .unitCostNotAllowed(kind) }
            guard (0...Limits.money).contains(unitCost) else { throw .unitCostOutOfRange }
        }
        if let lineTotal {
            guard kind == .receipt, (0...Limits.money).contains(lineTotal) else { throw .lineTotalNotAllowed }
        }
        if receipt != nil, !isSupplierReturn { throw .receiptNotAllowed }
        if kind == .transfer {
            if target == nil { throw .targetRequired }
        } else if target != nil {
            throw .targetNotAllowed(kind)
        }
    }

    private var isSupplierReturn: Bool { kind == .return && quantity < 0 }

    /// A receipt, a gain and a supplier return may bring a cost; of everything else the ledger derives it.
    private var takesUnitCost: Bool {
        kind == .receipt || (kind == .adjustment && quantity > 0) || isSupplierReturn
    }

    /// What the movement does to the pool at its location (costing.md, *Movements*).
    fileprivate func effect(
        on pool: CostPool, credit receipt: ReceiptFacts?, scale: UInt8
    ) throws(CostOutOfRange) -> CostEffect {
        switch kind {
        case .sale, .pick: return try pool.issuing(0 - quantity, scale: scale)
        case .transfer: return try pool.issuing(quantity, scale: scale)
        case .adjustment where quantity < 0: return try pool.issuing(0 - quantity, scale: scale)
        case .return where quantity < 0:
            let credit = try supplierCredit(receipt, scale: scale)
            return try pool.returningToSupplier(0 - quantity, credit: credit, scale: scale)
        case .receipt, .adjustment, .return:
            return try pool.receiving(quantity, total: inflowTotal(into: pool, scale: scale), scale: scale)
        }
    }

    /// The line total, else the unit cost, else the current average.
    private func inflowTotal(into pool: CostPool, scale: UInt8) throws(CostOutOfRange) -> Int64 {
        if let lineTotal { return lineTotal }
        if let unitCost { return try CostPool.cost(of: quantity, at: unitCost, scale: scale) }
        return try pool.costAtAverage(of: quantity, scale: scale)
    }

    /// What the supplier gives back: by the receipt, else by the unit cost; nil: the average.
    private func supplierCredit(_ receipt: ReceiptFacts?, scale: UInt8) throws(CostOutOfRange) -> Int64? {
        if let receipt {
            guard let credit = receipt.value.roundedQuotient(times: 0 - quantity, over: receipt.quantity) else {
                throw CostOutOfRange()
            }
            return credit
        }
        return try unitCost.map { unitCost throws(CostOutOfRange) in
            try CostPool.cost(of: 0 - quantity, at: unitCost, scale: scale)
        }
    }
}

extension LevelStanding {
    /// The leg of a transfer that arrives here: exactly the value that has left its source.
    fileprivate func leg(
        at location: LocationNumber, of quantity: Int64, leaving: CostEffect, scale: UInt8
    ) throws(CostOutOfRange) -> TransferLeg {
        // What leaves is the negation of a cost, so it can be negated back.
        let entering = try pool.receiving(quantity, total: 0 &- leaving.valueChange, scale: scale)
        return TransferLeg(
            location: location, valueChange: entering.valueChange, variance: entering.variance, after: entering.pool,
            link: link)
    }
}

private struct TargetTraits {
    var number: LocationNumber
    var isArchived: Bool
    var refusesWrites: Bool
}

extension LedgerState {
    fileprivate func target(_ reference: LocationReference) throws(Rejection) -> TargetTraits {
        guard let number = locationNumber(reference), let traits = traits(of: number) else {
            throw reference == .default ? .noDefaultLocation : .targetNotFound(reference)
        }
        return TargetTraits(
            number: number, isArchived: traits.isArchived, refusesWrites: traits.refusesWrites)
    }

    fileprivate func receipt(_ id: ULID, of item: ItemNumber) throws(Rejection) -> ReceiptFacts {
        guard let facts = receipts[id] else { throw .receiptNotFound(id) }
        guard facts.item == item, facts.quantity > 0 else { throw .receiptMismatch(id) }
        return facts
    }

    fileprivate func loadedStanding(at key: LevelKey) throws(Rejection) -> LevelStanding {
        if let standing = standing(at: key) { return standing }
        // Taking a level that is not loaded for an empty one would write a wrong entry that nothing can take back.
        if hasLevel(key) { throw .levelNotLoaded(key) }
        return .new
    }

    func sku(_ number: ItemNumber) -> String { item(number)?.sku ?? "" }
    func code(_ number: LocationNumber) -> String { location(number)?.code ?? "" }
}
