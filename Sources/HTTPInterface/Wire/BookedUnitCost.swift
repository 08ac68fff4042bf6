package import LedgerCore

extension Movement {
    /// The cost of one item unit as it was booked, in micro-units: what was sent, else the whole line's cost over its
    /// quantity. Includes a variance, which is a part of the cost that did not enter the stock's value.
    package func bookedUnitCost(scale: UInt8) -> Int64 {
        if let unitCost { return unitCost }
        let cost = Int64(clamping: valueChange.magnitude).addingReportingOverflow(variance)
        guard quantity != 0, !cost.overflow else { return 0 }
        let unit = (0..<min(scale, Limits.scale)).reduce(Int64(1)) { power, _ in power * 10 }
        return cost.partialValue.roundedQuotient(times: unit, over: Int64(clamping: quantity.magnitude)) ?? 0
    }
}
