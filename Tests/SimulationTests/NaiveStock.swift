/// A second ledger, from the rules of costing alone: sequential, in numbers that nothing overflows, knowing neither
/// batches nor keys nor disks. It is told what was recorded, in order, and says what must have come of it.
struct NaiveStock {
    struct Pool: Equatable {
        var onHand: Int128 = 0
        var value: Int128 = 0
        /// The average cost while there was something, in micro-units.
        var average: Int128 = 0
    }

    struct Place: Hashable {
        var item: Int
        var place: Int
    }

    /// What a movement did at a place.
    struct Effect: Equatable {
        var before: Int128
        var after: Int128
        var value: Int128
        var stockValue: Int128
    }

    private(set) var pools: [Place: Pool] = [:]
    /// On hand after each seq that changed it.
    private(set) var past: [Place: [(seq: Int64, onHand: Int128)]] = [:]

    /// Half to even.
    static func round(_ dividend: Int128, _ divisor: Int128) -> Int128 {
        var floor = dividend / divisor
        if dividend % divisor < 0 { floor -= 1 }
        let rest = dividend - floor * divisor
        if rest * 2 < divisor { return floor }
        if rest * 2 > divisor { return floor + 1 }
        return floor % 2 == 0 ? floor : floor + 1
    }

    /// Applies a movement; nil when there is not enough.
    mutating func apply(_ write: Write, seq: Int64) -> (place: Effect, target: Effect?)? {
        let place = Place(item: write.item, place: write.place)
        if write.kind == .transfer {
            guard let left = take(Int128(write.quantity), from: place, seq: seq) else { return nil }
            let target = Place(item: write.item, place: write.target)
            return (left, bring(Int128(write.quantity), worth: -left.value, to: target, seq: seq))
        }
        if write.quantity < 0 { return take(-Int128(write.quantity), from: place, seq: seq).map { ($0, nil) } }
        let pool = pools[place] ?? Pool()
        let quantity = Int128(write.quantity)
        let worth =
            if let cost = write.unitCost {
                Int128(cost) * quantity
            } else if pool.onHand > 0 {
                NaiveStock.round(pool.value * quantity, pool.onHand)
            } else {
                pool.average * quantity
            }
        return (bring(quantity, worth: worth, to: place, seq: seq), nil)
    }

    private mutating func take(_ quantity: Int128, from place: Place, seq: Int64) -> Effect? {
        var pool = pools[place] ?? Pool()
        guard quantity <= pool.onHand else { return nil }
        let cost = quantity == pool.onHand ? pool.value : NaiveStock.round(pool.value * quantity, pool.onHand)
        return change(&pool, at: place, by: -quantity, worth: -cost, seq: seq)
    }

    private mutating func bring(_ quantity: Int128, worth: Int128, to place: Place, seq: Int64) -> Effect {
        var pool = pools[place] ?? Pool()
        return change(&pool, at: place, by: quantity, worth: worth, seq: seq)
    }

    private mutating func change(
        _ pool: inout Pool, at place: Place, by quantity: Int128, worth: Int128, seq: Int64
    ) -> Effect {
        let before = pool.onHand
        pool.onHand += quantity
        pool.value += worth
        if pool.onHand > 0 { pool.average = NaiveStock.round(pool.value, pool.onHand) }
        pools[place] = pool
        past[place, default: []].append((seq, pool.onHand))
        return Effect(before: before, after: pool.onHand, value: worth, stockValue: pool.value)
    }

    /// Everything that was on hand there at some moment between two seqs, both included.
    func onHand(at place: Place, from first: Int64, through last: Int64) -> Set<Int128> {
        let past = past[place] ?? []
        var found: Set<Int128> = [past.last { $0.seq <= first }?.onHand ?? 0]
        for moment in past where moment.seq > first && moment.seq <= last { found.insert(moment.onHand) }
        return found
    }
}
