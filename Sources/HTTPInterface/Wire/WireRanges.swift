import LedgerCore

/// The ranges of numbers on the wire, from the ledger's own limits.
package enum WireRanges {
    /// Base units in one movement.
    package static let quantity: ClosedRange<Int64> = -Limits.quantity...Limits.quantity
    /// Base units that can't be negative.
    package static let threshold: ClosedRange<Int64> = 0...Limits.quantity
    /// Prices, costs and weights, in micro-units.
    package static let money: ClosedRange<Int64> = 0...Limits.money
    /// Decimals of an item unit.
    package static let scale: ClosedRange<Int64> = 0...6
}
