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

    /// How it shows: what is found must be the bug, and not something beside it.
    var symptoms: [String] {
        switch self {
        case .acknowledgeBeforeCommit, .forgetUnsynced:
            [
                "an acknowledged movement is not in the journal", "an acknowledged record is not in the journal",
                "replays are not identical", "a request was decided twice",
            ]
        case .idempotencyInMemory: ["a request was decided twice", "replays are not identical"]
        case .reencodedReplay: ["replays are not identical"]
        case .sequenceOutsideLock:
            ["seqs have a gap or repeat", "a server met a corrupt ledger", "replays are not identical"]
        case .eventAfterCommit: ["events were not delivered"]
        case .cursorByTime: ["a reader of the journal has missed or doubled something", "seqs have a gap or repeat"]
        case .forbiddenForForeignID: ["another realm's id is told from none"]
        case .realmLeftOnSession: ["a server met a corrupt ledger", "another realm's id is told from none"]
        case .floatCost: ["a cost is wrong"]
        case .newEventIDOnRetry: ["an event was delivered that the journal has not"]
        case .signatureOverReserialised: ["a signature does not fit the bytes"]
        }
    }

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
