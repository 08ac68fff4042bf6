extension Int64 {
    /// round(self × multiplier / divisor), half to even: the one division of the ledger (costing.md, *Representation*).
    ///
    /// The intermediate product has 128 bits, so only the result can be out of range.
    /// - Parameter divisor: above 0.
    /// - Returns: nil when the result does not fit, or the divisor is not above 0.
    public func roundedQuotient(times multiplier: Int64, over divisor: Int64) -> Int64? {
        guard divisor > 0 else { return nil }
        let (product, overflow) = multipliedReportingOverflow(by: multiplier)
        guard !overflow else { return wideRoundedQuotient(times: multiplier, over: divisor) }
        if divisor == 1 { return product }
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: divisor)
        // |remainder| < divisor, and with a divisor of 2 or more the quotient is far from the ends of the range.
        let magnitude = remainder < 0 ? -remainder : remainder
        let rest = divisor - magnitude
        guard magnitude > rest || (magnitude == rest && quotient & 1 != 0) else { return quotient }
        return product < 0 ? quotient - 1 : quotient + 1
    }

    /// The same where the product needs more than 64 bits; it never needs more than 127.
    @inline(never)
    private func wideRoundedQuotient(times multiplier: Int64, over divisor: Int64) -> Int64? {
        let product = Int128(self) * Int128(multiplier)
        let divisor = Int128(divisor)
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: divisor)
        let magnitude = remainder < 0 ? -remainder : remainder
        let rest = divisor - magnitude
        guard magnitude > rest || (magnitude == rest && quotient & 1 != 0) else { return Int64(exactly: quotient) }
        return Int64(exactly: product < 0 ? quotient - 1 : quotient + 1)
    }
}

/// Base units in one item unit: 10^scale. A scale beyond `Limits.scale` can't be created; it counts as the largest.
@inline(__always)
func baseUnits(scale: UInt8) -> Int64 {
    switch scale {
    case 0: 1
    case 1: 10
    case 2: 100
    case 3: 1_000
    case 4: 10_000
    case 5: 100_000
    default: 1_000_000
    }
}
