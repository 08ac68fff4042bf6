import LedgerCore

/// A second ledger to hold the real one against: written from costing.md, not from the code, and as plain as can be.
///
/// It keeps nothing but a list of what moved. What is on hand, what it is worth and its last average are found by going
/// through the whole list each time. All numbers have 128 bits, so nothing overflows on the way, and whether a result
/// is in range is asked once, at the end. Rounding is by floor and remainder. There is one function for each rule.
struct NaiveLedger {
    struct Thing {
        var name: String
        var id: ULID
        var scale = 0
        var reorderPoint: Int64?
        var negative = false
        var archived = false
        /// Of a place.
        var type = ""
        var readOnly = false
        var observedAt: Instant?

        var isMarketplace: Bool { type == "FBA" || type == "FBS" }
    }

    struct Record {
        var item: Int
        var place: Int
        var quantity: Int128
        var value: Int128
        var averageAfter: Int128
    }

    struct Level: Equatable {
        var onHand: Int128 = 0
        var value: Int128 = 0
        var average: Int128 = 0
    }

    struct Leg: Equatable {
        var place: Int
        var quantity: Int128
        var value: Int128
        var variance: Int128
        var after: Level
    }

    struct Done {
        var legs: [Leg] = []
        var alerts: [String] = []
    }

    struct OutOfRange: Error {}

    var items: [Thing] = []
    var places: [Thing] = []
    var defaultPlace: Int?
    var records: [Record] = []
    var settings: [Pair: Settings] = [:]
    /// Webhook endpoints, deleted ones included.
    var hooks: [Hook] = []
    /// Quantity and total of every receipt, by the id that the real ledger gave it.
    var receipts: [ULID: (item: Int, quantity: Int128, total: Int128)] = [:]
    /// Ids of entries that are no receipts and that the real one has been told about.
    var others: Set<ULID> = []

    func level(_ item: Int, _ place: Int) -> Level {
        var level = Level()
        for record in records where record.item == item && record.place == place {
            level.onHand += record.quantity
            level.value += record.value
            level.average = record.averageAfter
        }
        return level
    }

    func find(_ reference: ItemReference) -> Int? {
        switch reference {
        case .sku(let sku): items.firstIndex { $0.name == sku }
        case .id(let id): items.firstIndex { $0.id == id }
        }
    }

    func find(_ reference: LocationReference) -> Int? {
        switch reference {
        case .code(let code): places.firstIndex { $0.name == code }
        case .id(let id): places.firstIndex { $0.id == id }
        case .default: defaultPlace
        }
    }
}

// Arithmetic.
extension NaiveLedger {
    static func round(_ dividend: Int128, _ divisor: Int128) -> Int128 {
        var floor = dividend / divisor
        if dividend % divisor < 0 { floor -= 1 }
        let rest = dividend - floor * divisor
        if rest + rest < divisor { return floor }
        if rest + rest > divisor { return floor + 1 }
        return floor % 2 == 0 ? floor : floor + 1
    }

    static func unit(_ scale: Int) -> Int128 {
        var unit: Int128 = 1
        for _ in 0..<scale { unit *= 10 }
        return unit
    }

    static func inRange(_ number: Int128) throws(OutOfRange) {
        if number > Int128(Int64.max) || number < Int128(Int64.min) { throw OutOfRange() }
    }
}

// The rules of costing.md, *Movements*.
extension NaiveLedger {
    /// What leaves costs the average; all takes all; below zero the last average.
    static func issueCost(_ level: Level, _ quantity: Int128, _ unit: Int128) -> Int128 {
        if level.onHand <= 0 { return round(level.average * quantity, unit) }
        if quantity == level.onHand { return level.value }
        if quantity < level.onHand { return round(level.value * quantity, level.onHand) }
        return level.value + round(level.average * (quantity - level.onHand), unit)
    }

    /// What comes in without a cost of its own.
    static func costAtAverage(_ level: Level, _ quantity: Int128, _ unit: Int128) -> Int128 {
        level.onHand > 0 ? round(level.value * quantity, level.onHand) : round(level.average * quantity, unit)
    }

    /// The level without `quantity` and `cost`.
    static func leave(_ level: Level, _ quantity: Int128, _ cost: Int128, _ unit: Int128) -> Level {
        let onHand = level.onHand - quantity
        let value = level.value - cost
        return Level(onHand: onHand, value: value, average: onHand > 0 ? round(value * unit, onHand) : level.average)
    }

    /// The level with `quantity` worth `total` more, and the variance of a shortage that it covers.
    static func arrive(
        _ level: Level, _ quantity: Int128, _ total: Int128, _ unit: Int128
    ) -> (after: Level, variance: Int128) {
        let onHand = level.onHand + quantity
        if level.onHand >= 0 {
            let value = level.value + total
            return (Level(onHand: onHand, value: value, average: round(value * unit, onHand)), 0)
        }
        if onHand < 0 {
            let provisional = round(-level.value * quantity, -level.onHand)
            return (
                Level(onHand: onHand, value: level.value + provisional, average: level.average), total - provisional
            )
        }
        let settlement = round(total * -level.onHand, quantity)
        let variance = settlement + level.value
        if onHand == 0 { return (Level(onHand: 0, value: 0, average: round(total * unit, quantity)), variance) }
        let value = total - settlement
        return (Level(onHand: onHand, value: value, average: round(value * unit, onHand)), variance)
    }

    static func alerts(before: Int128, after: Int128, reorderPoint: Int64?) -> [String] {
        var alerts: [String] = []
        if let point = reorderPoint.map({ Int128($0) }), before >= point, after < point { alerts.append("stock.low") }
        if before > 0, after <= 0 { alerts.append("stock.out") }
        return alerts
    }
}
