package import LedgerCore
package import WireSchema

// What a member of a change says on the wire, as the ledger's commands take it.

extension WireSchema.Patch where Value: Hashable {
    /// What the command shall do with the member.
    package var change: LedgerCore.Patch<Value> { change { $0 } }
}

extension WireSchema.Patch {
    /// As `change`, with the value in another form.
    package func change<Changed: Hashable & Sendable>(
        _ transform: (Value) -> Changed
    ) -> LedgerCore.Patch<Changed> {
        switch self {
        case .absent: .keep
        case .null: .clear
        case .value(let value): .set(transform(value))
        }
    }
}
