import HTTPInterface
package import LedgerCore
import LedgerEngine
import WireSchema

/// Wire → command and entry → wire. Pure.
extension LedgerWrite {
    /// The movement to record, for a `delta` as for a `qty`.
    package var draft: MovementDraft {
        let (kind, signed) = movement
        var draft = MovementDraft(
            kind: kind, item: WireItemReference.reference(sku), location: WireLocationReference.reference(warehouse),
            quantity: signed, reason: reason)
        draft.target = target.map { WireLocationReference.reference($0) }
        draft.reference = reference
        draft.note = note
        draft.unitCost = unitCost
        draft.occurredAt = occurredAt.map { Instant(milliseconds: $0) }
        return draft
    }

    /// A `qty` takes its direction from the reason. A `delta` is what its sign and reason say where the reason is one
    /// of the ledger's own words, and an adjustment otherwise: how it is costed is the same.
    private var movement: (MovementKind, Int64) {
        if let quantity {
            switch QuantityReason(rawValue: reason) {
            case .receipt: return (.receipt, quantity)
            // A pick of less than 1 must stay wrong: its sign is refused by the ledger.
            case .pick: return (.pick, 0 &- quantity)
            case .transfer: return (.transfer, quantity)
            case .adjustment, nil: return (.adjustment, quantity)
            }
        }
        let delta = delta ?? 0
        switch reason {
        case "receipt" where delta > 0: return (.receipt, delta)
        case "pick" where delta < 0: return (.pick, delta)
        case "sale" where delta < 0, "order_shipped" where delta < 0, "order_fulfilled" where delta < 0:
            return (.sale, delta)
        case "return" where delta > 0, "customer_return" where delta > 0: return (.return, delta)
        default: return (.adjustment, delta)
        }
    }

    /// The answer, in the shape of the page that the request followed.
    package func result(_ entry: Entry, _ movement: Movement, in catalogue: some CatalogueNames) -> [UInt8] {
        let sku = catalogue.itemName(movement.item)?.sku ?? ""
        let code = catalogue.locationName(movement.location)?.code ?? ""
        if let quantity {
            var result = QuantityResult()
            result.id = WireID(entry.id)
            result.sku = sku
            result.warehouse = code
            result.quantity = quantity
            result.balance = movement.after.onHand
            result.createdAt = entry.recordedAt.milliseconds
            if let leg = movement.target {
                result.target = catalogue.locationName(leg.location)?.code
                result.targetBalance = leg.after.onHand
            }
            result.reason = reason
            result.reference = reference
            result.note = note
            return result.jsonBytes()
        }
        var result = DeltaResult()
        result.id = WireID(entry.id)
        result.sku = sku
        result.warehouse = code
        result.delta = movement.quantity
        result.balance = movement.after.onHand
        result.appliedAt = entry.recordedAt.milliseconds
        result.reason = reason
        result.reference = reference
        result.note = note
        return result.jsonBytes()
    }
}

extension LedgerEntryView {
    package init(_ entry: Entry, _ movement: Movement, in catalogue: some CatalogueNames) {
        id = WireID(entry.id)
        sku = catalogue.itemName(movement.item)?.sku ?? ""
        warehouse = catalogue.locationName(movement.location)?.code ?? ""
        delta = movement.quantity
        balance = movement.after.onHand
        target = movement.target.flatMap { catalogue.locationName($0.location)?.code }
        targetBalance = movement.target?.after.onHand
        type = MovementType(movement.kind)
        reason = movement.reason
        reference = movement.reference
        note = movement.note
        appliedAt = entry.recordedAt.milliseconds
        seq = Int64(clamping: entry.seq)
    }
}
