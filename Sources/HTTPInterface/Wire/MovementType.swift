package import LedgerCore

/// The kinds of movement by their names on the wire.
package enum MovementType: String, CaseIterable, Sendable {
    case receipt
    case sale
    case pick
    case `return`
    case adjustment
    case transfer

    /// The ledger's own name for it.
    package var kind: MovementKind {
        switch self {
        case .receipt: .receipt
        case .sale: .sale
        case .pick: .pick
        case .return: .return
        case .adjustment: .adjustment
        case .transfer: .transfer
        }
    }

    package init(_ kind: MovementKind) {
        switch kind {
        case .receipt: self = .receipt
        case .sale: self = .sale
        case .pick: self = .pick
        case .return: self = .return
        case .adjustment: self = .adjustment
        case .transfer: self = .transfer
        }
    }
}
