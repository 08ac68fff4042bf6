import HTTPInterface
package import LedgerCore
import LedgerEngine
import WireSchema

/// Wire → command and entry → wire, for movements. Pure.
extension MovementCreate {
    /// The movement to record; without a reason the type is the reason.
    package var draft: MovementDraft {
        var draft = MovementDraft(
            kind: type.kind, item: item.reference, location: location?.reference ?? .default, quantity: quantity,
            reason: reason ?? type.rawValue)
        draft.target = target?.reference
        draft.reference = reference
        draft.note = note
        draft.occurredAt = occurredAt.map { Instant(milliseconds: $0) }
        draft.unitCost = unitCost
        draft.lineTotal = lineTotal
        draft.receipt = receipt?.ulid
        return draft
    }
}

extension MovementView {
    package init(_ entry: Entry, _ movement: Movement, in catalogue: some CatalogueNames) {
        let item = catalogue.itemName(movement.item)
        id = WireID(entry.id)
        self.item = WireID(item?.id ?? .zero)
        sku = item?.sku ?? ""
        location = WireID(catalogue.locationName(movement.location)?.id ?? .zero)
        // The magnitude of a transfer is what was sent; the ledger signs it at the source.
        quantity = movement.target == nil ? movement.quantity : 0 &- movement.quantity
        type = MovementType(movement.kind)
        reason = movement.reason
        reference = movement.reference
        note = movement.note
        unitCost = movement.bookedUnitCost(scale: item?.scale ?? 0)
        value = movement.valueChange
        let variance = movement.variance &+ (movement.target?.variance ?? 0)
        self.variance = variance == 0 ? nil : variance
        onHand = movement.after.onHand
        if let leg = movement.target {
            target = WireID(catalogue.locationName(leg.location)?.id ?? .zero)
            targetOnHand = leg.after.onHand
        }
        receipt = movement.receipt.map { WireID($0) }
        occurredAt = (movement.occurredAt ?? entry.recordedAt).milliseconds
        recordedAt = entry.recordedAt.milliseconds
        seq = Int64(clamping: entry.seq)
    }
}

extension Call {
    /// Renders a movement's outcome: 201 with the movement, or the problem.
    func renderMovement(path: String) -> RenderOutcome {
        let requestID = requestID
        return { outcome, _, state in
            switch outcome {
            case .success(let decision):
                guard case .movementRecorded(let movement) = decision.first.change else {
                    return Problem(.internalError, instance: path, requestID: requestID).answer()
                }
                return .json(201, MovementView(decision.first, movement, in: state).jsonBytes(capacity: 768))
            case .failure(let rejection):
                return Problem(Refusal(rejection), instance: path, requestID: requestID).answer()
            }
        }
    }
}
