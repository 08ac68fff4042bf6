import LedgerCore

extension NaiveLedger {
    /// What a draft says by itself, in the documented order.
    private func shapeFault(_ draft: MovementDraft) -> Rejection? {
        let supplierReturn = draft.kind == .return && draft.quantity < 0
        let quantity = Int128(draft.quantity)
        if quantity == 0 { return .quantityZero }
        if quantity > 1_000_000_000_000 || quantity < -1_000_000_000_000 { return .quantityOutOfRange }
        if [.receipt, .transfer].contains(draft.kind), quantity < 0 { return .quantitySign(draft.kind, expected: 1) }
        if [.sale, .pick].contains(draft.kind), quantity > 0 { return .quantitySign(draft.kind, expected: -1) }
        if let cost = draft.unitCost {
            let allowed = draft.kind == .receipt || (draft.kind == .adjustment && quantity > 0) || supplierReturn
            if !allowed { return .unitCostNotAllowed(draft.kind) }
            if cost < 0 || cost > 1_000_000_000_000_000_000 { return .unitCostOutOfRange }
        }
        if let total = draft.lineTotal {
            if draft.kind != .receipt || total < 0 || total > 1_000_000_000_000_000_000 { return .lineTotalNotAllowed }
        }
        if draft.receipt != nil, !supplierReturn { return .receiptNotAllowed }
        if draft.kind == .transfer, draft.target == nil { return .targetRequired }
        if draft.kind != .transfer, draft.target != nil { return .targetNotAllowed(draft.kind) }
        return nil
    }

    mutating func move(_ draft: MovementDraft) -> Result<Done, Rejection> {
        if let fault = shapeFault(draft) { return .failure(fault) }
        guard let item = find(draft.item) else { return .failure(.itemNotFound(draft.item)) }
        guard let place = find(draft.location) else {
            return .failure(draft.location == .default ? .noDefaultLocation : .locationNotFound(draft.location))
        }
        var target: Int?
        if let reference = draft.target {
            guard let found = find(reference) else {
                return .failure(reference == .default ? .noDefaultLocation : .targetNotFound(reference))
            }
            target = found
        }
        if items[item].archived { return .failure(.itemArchived(sku: items[item].name)) }
        if places[place].archived { return .failure(.locationArchived(code: places[place].name)) }
        if let target, places[target].archived { return .failure(.targetArchived(code: places[target].name)) }
        if target == place { return .failure(.sameLocation(code: places[place].name)) }
        for place in [target, place].compactMap({ $0 }) where places[place].isMarketplace || places[place].readOnly {
            return .failure(.locationReadOnly(code: places[place].name))
        }
        if let id = draft.receipt {
            guard receipts[id] != nil || others.contains(id) else { return .failure(.receiptNotFound(id)) }
            guard receipts[id]?.item == item else { return .failure(.receiptMismatch(id)) }
        }

        let taken = draft.kind == .transfer ? Int128(draft.quantity) : -Int128(draft.quantity)
        let level = level(item, place)
        if taken > level.onHand, taken > 0, !(items[item].negative && places[place].negative) {
            return .failure(
                .insufficientStock(
                    sku: items[item].name, code: places[place].name, onHand: Int64(level.onHand),
                    requested: Int64(taken)))
        }
        return finish(draft, item: item, place: place, target: target, level: level)
    }

    private mutating func finish(
        _ draft: MovementDraft, item: Int, place: Int, target: Int?, level: Level
    ) -> Result<Done, Rejection> {
        var done = Done()
        do throws(OutOfRange) {
            done.legs.append(try leg(draft, item: item, place: place, level: level))
        } catch {
            return .failure(.stockOutOfRange(sku: items[item].name, code: places[place].name))
        }
        if let target {
            do throws(OutOfRange) {
                done.legs.append(
                    try arrival(item, target, Int128(draft.quantity), -done.legs[0].value))
            } catch {
                return .failure(.stockOutOfRange(sku: items[item].name, code: places[target].name))
            }
        }
        for leg in done.legs {
            records.append(
                Record(
                    item: item, place: leg.place, quantity: leg.quantity, value: leg.value,
                    averageAfter: leg.after.average))
        }
        done.alerts = Self.alerts(
            before: level.onHand, after: done.legs[0].after.onHand, reorderPoint: items[item].reorderPoint)
        return .success(done)
    }

    /// The leg at the movement's own location.
    private func leg(_ draft: MovementDraft, item: Int, place: Int, level: Level) throws(OutOfRange) -> Leg {
        let unit = Self.unit(items[item].scale)
        let quantity = Int128(draft.quantity)
        if draft.kind != .transfer, quantity > 0 {
            var total = Self.costAtAverage(level, quantity, unit)
            if let cost = draft.unitCost { total = Self.round(Int128(cost) * quantity, unit) }
            if let line = draft.lineTotal { total = Int128(line) }
            return try arrival(item, place, quantity, total)
        }
        let taken = draft.kind == .transfer ? quantity : -quantity
        var cost = Self.issueCost(level, taken, unit)
        var credit = cost
        if draft.kind == .return {
            if let id = draft.receipt, let receipt = receipts[id] {
                credit = Self.round(receipt.total * taken, receipt.quantity)
            } else if let unitCost = draft.unitCost {
                credit = Self.round(Int128(unitCost) * taken, unit)
            }
            try Self.inRange(credit)
            if taken < level.onHand, credit <= level.value { cost = credit }
        }
        let after = Self.leave(level, taken, cost, unit)
        return try checked(
            Leg(place: place, quantity: -taken, value: -cost, variance: credit - cost, after: after))
    }

    private func arrival(_ item: Int, _ place: Int, _ quantity: Int128, _ total: Int128) throws(OutOfRange) -> Leg {
        try Self.inRange(total)
        let level = level(item, place)
        let (after, variance) = Self.arrive(level, quantity, total, Self.unit(items[item].scale))
        return try checked(
            Leg(place: place, quantity: quantity, value: after.value - level.value, variance: variance, after: after))
    }

    private func checked(_ leg: Leg) throws(OutOfRange) -> Leg {
        for number in [leg.value, leg.variance, leg.after.value, leg.after.average] { try Self.inRange(number) }
        if leg.after.onHand > 9_007_199_254_740_991 || leg.after.onHand < -9_007_199_254_740_991 { throw OutOfRange() }
        return leg
    }
}
