import LedgerCore
import LedgerEngine
import Testing

/// A mistake put in on purpose, where the simulation joins the real parts to its world: what does not find them would
/// not find ours either. None of them is in anything that is shipped.
enum PlantedBug: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case acknowledgeBeforeCommit
    case forgetUnsynced
    case idempotencyInMemory
    case reencodedReplay
    case sequenceOutsideLock
    case eventAfterCommit
    case cursorByTime
    case forbiddenForForeignID
    case realmLeftOnSession
    case floatCost
    case newEventIDOnRetry
    case signatureOverReserialised

    var testDescription: String { rawValue }

    /// Some are mistakes that only servers of one database can make, or only one with its own files; nil for any.
    var isShared: Bool? {
        switch self {
        case .sequenceOutsideLock, .realmLeftOnSession: true
        case .acknowledgeBeforeCommit, .forgetUnsynced: false
        default: nil
        }
    }
}

/// Costs as somebody would compute them in binary floating point.
enum FloatCost {
    static let decide: DecideCommand = { (command, state, moment) throws(Rejection) in
        var decision = try LedgerCore.decide(command, given: state, at: moment)
        guard case .movementRecorded(var movement) = decision.first.change, movement.quantity < 0 else {
            return decision
        }
        let onHand = Double(movement.after.onHand - movement.quantity)
        let value = Double(movement.after.value - movement.valueChange)
        guard onHand > 0, movement.target == nil else { return decision }
        let cost = Int64((value / onHand * Double(-movement.quantity)).rounded())
        movement.after.value -= -movement.valueChange &- cost
        movement.valueChange = -cost
        decision.first.change = .movementRecorded(movement)
        return decision
    }
}
