/// A quantity or value that the ledger can't hold: on hand beyond `Limits.onHand`, or a value, cost or average beyond
/// 64 bits. `decide` turns it into `Rejection.stockOutOfRange`.
public struct CostOutOfRange: Error, Hashable, Sendable {
    public init() {}
}

/// What a movement does to one cost pool.
public struct CostEffect: Hashable, Sendable {
    /// The pool afterwards.
    public var pool: CostPool
    /// Value after − value before, in micro-units. An issue's cost is its negation.
    public var valueChange: Int64
    /// Inflow into a negative pool: settlement − provisional value. Supplier return: credit − value removed. Else 0.
    /// Micro-units.
    public var variance: Int64

    public init(pool: CostPool, valueChange: Int64, variance: Int64) {
        self.pool = pool
        self.valueChange = valueChange
        self.variance = variance
    }
}

// Weighted average cost as costing.md, *Movements*, has it, in these settled readings:
//
// - After a movement that leaves on hand above 0, `lastWAC` = round(value × 10^scale / onHand). At 0 and below it
//   stays, but for an inflow that brings a negative pool to exactly 0: then it is that inflow's cost per unit.
// - At 0 on hand the value is exactly 0; above 0 it is never below 0; below 0 it is never above 0.
// - A covered shortage settles at the cost of what covers it, whatever kind of inflow that is.
//
// All functions are total: what can't be computed in range is thrown, and nothing traps, whatever the pool.
extension CostPool {
    /// The weighted average cost in micro-units per item unit: value × 10^scale / on hand while on hand is above 0,
    /// `lastWAC` when it is not; nil when that does not fit into 64 bits.
    public func weightedAverageCost(scale: UInt8) -> Int64? {
        onHand > 0 ? value.roundedQuotient(times: baseUnits(scale: scale), over: onHand) : lastWAC
    }

    /// What `quantity` base units cost at the current average: round(value × q / on hand), or
    /// round(`lastWAC` × q / 10^scale) when nothing is on hand.
    public func costAtAverage(of quantity: Int64, scale: UInt8) throws(CostOutOfRange) -> Int64 {
        if onHand > 0 { return try Self.inRange(value.roundedQuotient(times: quantity, over: onHand)) }
        return try Self.cost(of: quantity, at: lastWAC, scale: scale)
    }

    /// round(unitCost × q / 10^scale): what `quantity` base units cost at `unitCost` micro-units per item unit.
    public static func cost(
        of quantity: Int64, at unitCost: Int64, scale: UInt8
    ) throws(CostOutOfRange) -> Int64 {
        try inRange(unitCost.roundedQuotient(times: quantity, over: baseUnits(scale: scale)))
    }

    /// Takes in `quantity` base units (above 0) worth `total` micro-units (0 or more): a receipt, a gain, a customer
    /// return or a transfer's arrival.
    ///
    /// On 0 or more on hand the value grows by `total`. Below 0 the units that cover the shortage settle at this
    /// inflow's cost, and settlement − provisional value is the `variance`:
    /// - all covered: settlement = round(total × covered / quantity), and the rest of `total` is the new value;
    /// - still negative: provisional = round(|value| × quantity / |on hand|), the average stays.
    public func receiving(
        _ quantity: Int64, total: Int64, scale: UInt8
    ) throws(CostOutOfRange) -> CostEffect {
        guard quantity > 0, total >= 0 else { throw CostOutOfRange() }
        let afterwards = try Self.sum(onHand, quantity)
        if onHand >= 0 {
            let pool = try settled(onHand: afterwards, value: Self.sum(value, total), scale: scale)
            return CostEffect(pool: pool, valueChange: total, variance: 0)
        }
        // Below 0 on hand and at most `Limits.onHand` away from it once checked, so the negations can't overflow.
        guard onHand >= -Limits.onHand, value > Int64.min else { throw CostOutOfRange() }
        let shortage = -onHand
        if quantity < shortage {
            let owed = value < 0 ? -value : value
            let provisional = try Self.inRange(owed.roundedQuotient(times: quantity, over: shortage))
            let pool = try settled(onHand: afterwards, value: Self.sum(value, provisional), scale: scale)
            return CostEffect(pool: pool, valueChange: provisional, variance: try Self.difference(total, provisional))
        }
        let settlement = try Self.inRange(total.roundedQuotient(times: shortage, over: quantity))
        let variance = try Self.sum(settlement, value)
        var pool = try settled(onHand: afterwards, value: Self.difference(total, settlement), scale: scale)
        if afterwards == 0 {
            pool.lastWAC = try Self.inRange(total.roundedQuotient(times: baseUnits(scale: scale), over: quantity))
        }
        return CostEffect(pool: pool, valueChange: try Self.difference(pool.value, value), variance: variance)
    }

    /// Takes out `quantity` base units (above 0) at the average: a sale, a pick, a loss or a transfer's departure.
    /// Whether on hand may go below 0 is the caller's question.
    ///
    /// Taking all takes the whole value. Below 0 the remaining value goes first, then `lastWAC` × the shortage, and the
    /// value goes negative.
    public func issuing(_ quantity: Int64, scale: UInt8) throws(CostOutOfRange) -> CostEffect {
        guard quantity > 0 else { throw CostOutOfRange() }
        let cost: Int64
        if onHand > quantity {
            cost = try Self.inRange(value.roundedQuotient(times: quantity, over: onHand))
        } else if onHand == quantity {
            cost = value
        } else if onHand > 0 {
            cost = try Self.sum(value, Self.cost(of: quantity - onHand, at: lastWAC, scale: scale))
        } else {
            cost = try Self.cost(of: quantity, at: lastWAC, scale: scale)
        }
        return try removing(quantity, value: cost, scale: scale)
    }

    /// Takes out `quantity` base units (above 0) that go back to their supplier for `credit` micro-units (0 or more;
    /// nil: at the average).
    ///
    /// The value falls by the credit, but at the average where it would go below 0; taking all takes the whole value;
    /// and beyond what is on hand it is an issue. `variance` is the credit − what was removed.
    public func returningToSupplier(
        _ quantity: Int64, credit: Int64?, scale: UInt8
    ) throws(CostOutOfRange) -> CostEffect {
        guard let credit else { return try issuing(quantity, scale: scale) }
        guard quantity > 0, credit >= 0 else { throw CostOutOfRange() }
        guard onHand > quantity, credit <= value else {
            var effect = try issuing(quantity, scale: scale)
            // removed = −valueChange
            effect.variance = try Self.sum(credit, effect.valueChange)
            return effect
        }
        return try removing(quantity, value: credit, scale: scale)
    }

    /// The sum over several locations of one item: its weighted average cost is total value over total quantity, and is
    /// kept in the sum's `lastWAC`. Where that is undefined (nothing on hand) it is the average of the only pool, or 0
    /// among several.
    /// - Returns: nil when a sum does not fit into 64 bits.
    public static func total(of pools: some Sequence<CostPool>, scale: UInt8) -> CostPool? {
        var sum = CostPool.empty
        var count = 0
        for pool in pools {
            count += 1
            let (onHand, overOnHand) = sum.onHand.addingReportingOverflow(pool.onHand)
            let (value, overValue) = sum.value.addingReportingOverflow(pool.value)
            if overOnHand || overValue { return nil }
            sum = CostPool(onHand: onHand, value: value, lastWAC: pool.lastWAC)
        }
        guard count > 1 else { return sum }
        sum.lastWAC = 0
        guard let average = sum.weightedAverageCost(scale: scale) else { return nil }
        sum.lastWAC = average
        return sum
    }
}

extension CostPool {
    /// The pool without `quantity` base units and `removed` micro-units.
    private func removing(
        _ quantity: Int64, value removed: Int64, scale: UInt8
    ) throws(CostOutOfRange) -> CostEffect {
        let pool = try settled(
            onHand: Self.difference(onHand, quantity), value: Self.difference(value, removed), scale: scale)
        return CostEffect(pool: pool, valueChange: try Self.difference(0, removed), variance: 0)
    }

    /// A pool of the given contents that comes after this one: its average follows the rule, its range is checked.
    @inline(__always)
    private func settled(onHand: Int64, value: Int64, scale: UInt8) throws(CostOutOfRange) -> CostPool {
        guard onHand >= -Limits.onHand, onHand <= Limits.onHand else { throw CostOutOfRange() }
        guard onHand > 0 else { return CostPool(onHand: onHand, value: value, lastWAC: lastWAC) }
        let average = try Self.inRange(value.roundedQuotient(times: baseUnits(scale: scale), over: onHand))
        return CostPool(onHand: onHand, value: value, lastWAC: average)
    }

    private static func sum(_ lhs: Int64, _ rhs: Int64) throws(CostOutOfRange) -> Int64 {
        let (sum, overflow) = lhs.addingReportingOverflow(rhs)
        guard !overflow else { throw CostOutOfRange() }
        return sum
    }

    private static func difference(_ lhs: Int64, _ rhs: Int64) throws(CostOutOfRange) -> Int64 {
        let (difference, overflow) = lhs.subtractingReportingOverflow(rhs)
        guard !overflow else { throw CostOutOfRange() }
        return difference
    }

    private static func inRange(_ result: Int64?) throws(CostOutOfRange) -> Int64 {
        guard let result else { throw CostOutOfRange() }
        return result
    }

}
