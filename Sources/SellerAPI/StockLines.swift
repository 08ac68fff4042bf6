import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// What became of one stock level that was set as one of many. Pure.
enum LineOutcome {
    /// `adjustment` is nil where a record was made that says 0.
    case updated(adjustment: ULID?, before: Int64, after: Int64)
    case unchanged(onHand: Int64)
    case failed(Refusal)

    init(_ outcome: Result<Decision, Rejection>, in state: LedgerState) {
        switch outcome {
        case .success(let decision):
            if let booked = LineOutcome(decision.first) {
                self = booked
            } else {
                self =
                    decision.following.lazy.compactMap { LineOutcome($0) }.first
                    ?? .updated(adjustment: nil, before: 0, after: 0)
            }
        case .failure(.unchanged(let key)): self = .unchanged(onHand: state.level(key)?.pool.onHand ?? 0)
        case .failure(let rejection): self = .failed(Refusal(seller: rejection))
        }
    }

    /// nil for an entry that is no movement.
    private init?(_ entry: Entry) {
        guard case .movementRecorded(let movement) = entry.change else { return nil }
        let after = movement.after.onHand
        self = .updated(adjustment: entry.id, before: after &- movement.quantity, after: after)
    }
}

/// Lines hand their results from the rendering to the composition as answers that nobody sees: the status says how a
/// line ended, the body is its part of the whole.
enum LineAnswer {
    private static let updated: UInt16 = 200
    private static let unchanged: UInt16 = 304

    static func make(_ status: LineStatus, _ body: [UInt8]) -> Answer {
        switch status {
        case .updated: .json(updated, body)
        case .unchanged: .json(unchanged, body)
        case .failed: .json(409, body)
        }
    }

    static func status(of answer: Answer) -> LineStatus {
        switch answer.status {
        case updated: .updated
        case unchanged: .unchanged
        default: .failed
        }
    }
}

extension WireItemReference {
    /// As it was sent.
    var text: String {
        switch reference {
        case .id(let id): WireID<ItemPrefix>(id).text
        case .sku(let sku): sku
        }
    }
}
