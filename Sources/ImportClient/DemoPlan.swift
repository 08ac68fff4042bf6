/// Ninety days of a made-up shop: the same seed and last day always give the same movements. Every other day a truck
/// brings what sold, people buy more towards the weekend, some of it comes back, shelves are counted, warehouses help
/// each other out. A few items are ordered too late and run low. Nothing is ever taken that is not there.
package struct DemoPlan: Sendable {
    /// One movement of the plan.
    package struct Line: Hashable, Sendable {
        package var kind: MovementWord
        package var sku: String
        package var location: String
        package var target: String?
        /// Signed as the wire wants it.
        package var quantity: Int64
        package var reason: String
        package var reference: String?
        package var note: String?
        package var unitCost: String?
        /// RFC 3339.
        package var occurredAt: String
    }

    package static let days = 90

    package let catalogue = DemoCatalogue()
    /// In the order of `occurredAt`.
    package private(set) var lines: [Line] = []
    /// What idempotency keys begin with: it names the plan, so that loading it twice changes nothing.
    package let keyPrefix: String

    /// Seconds since 1970 at the last day's midnight, UTC.
    private let lastDay: Int64
    private var chance: DemoChance
    /// On hand by product and warehouse.
    private var stock: [[Int64]]
    private var orders: Int64 = 100_234

    /// Plans the ninety days that end with the given one, UTC. Throws `ImportError.usage` for no such day.
    package init(seed: UInt64 = 42, lastDay: String) throws(ImportError) {
        var text = lastDay + "T00:00:00"
        guard let midnight = text.withUTF8({ CivilTime($0) }) else {
            throw .usage("\(lastDay) is no day such as 2026-04-21")
        }
        self.lastDay = midnight.seconds
        keyPrefix = "demo-\(seed)-\(lastDay)"
        chance = DemoChance(state: seed)
        stock = Array(
            repeating: Array(repeating: 0, count: catalogue.warehouses.count), count: catalogue.products.count)
        for day in 0..<Self.days {
            var today: [Line] = []
            plan(day: day, into: &today)
            lines.append(contentsOf: today)
        }
    }

    /// Events of a day are planned in the order in which they happen, so that stock is never taken before it came.
    private mutating func plan(day: Int, into today: inout [Line]) {
        let date = lastDay - Int64(Self.days - 1 - day) * 86_400
        // 1970-01-01 was a Thursday; 0 is Monday.
        let weekday = Int((date / 86_400 + 3) % 7)
        // Half past nine on the east coast; the day's planned events end before midnight UTC.
        var second = 52_200
        if day % 2 == 0 {
            for warehouse in catalogue.warehouses.indices {
                for product in catalogue.products.indices {
                    second += 4
                    if let line = replenish(product, warehouse, day: day, at: Self.time(date, second)) {
                        today.append(line)
                    }
                }
            }
        }
        // Customers: every product in every warehouse has up to two moments in the day at which it sells.
        for round in 0..<2 {
            for product in catalogue.products.indices {
                for warehouse in catalogue.warehouses.indices {
                    second += 120 + Int(chance.below(12))
                    let time = Self.time(date, second)
                    sell(product, warehouse, weekday: weekday, isPick: round == 0, at: time, &today)
                }
            }
        }
        if weekday == 6 { count(date, &second, &today) }
        if day % 7 == 3 { balance(date, &second, &today) }
    }

    private static func time(_ date: Int64, _ second: Int) -> String {
        CivilTime(seconds: date + Int64(min(second, 86_399))).text
    }

    /// A truck fills the shelf up to some days' sales. Every seventh product is ordered too little and runs low.
    private mutating func replenish(_ product: Int, _ warehouse: Int, day: Int, at time: String) -> Line? {
        let item = catalogue.products[product]
        let daily = max(1, Int64(item.daily * catalogue.warehouses[warehouse].share / 100))
        let isNeglected = product % 7 == 3
        let wanted = daily * (day == 0 ? 8 : isNeglected ? 1 : 5)
        let missing = wanted - stock[product][warehouse]
        guard missing > daily / 2, day == 0 || !isNeglected || chance.below(3) == 0 else { return nil }
        stock[product][warehouse] += missing
        // Suppliers raise their prices a little with time, and haggle.
        let percent = 100 + Int64(day / 30) * 2 + Int64(chance.below(5)) - 2
        let tenThousandths = item.cost * percent
        let fraction = String(tenThousandths % 10_000)
        return Line(
            kind: .receipt, sku: item.sku, location: catalogue.warehouses[warehouse].code, quantity: missing,
            reason: day == 0 ? "opening" : "purchase_order",
            reference: "PO-\(10_000 + day * 10 + warehouse)",
            unitCost: "\(tenThousandths / 10_000)." + String(repeating: "0", count: 4 - fraction.count) + fraction,
            occurredAt: time)
    }

    private mutating func sell(
        _ product: Int, _ warehouse: Int, weekday: Int, isPick: Bool, at time: String, _ today: inout [Line]
    ) {
        let item = catalogue.products[product]
        // Monday to Sunday, in percent of an average day.
        let season: [UInt64] = [80, 80, 90, 100, 125, 140, 85]
        let expected = item.daily * catalogue.warehouses[warehouse].share * season[weekday] / 2
        // `expected` is in ten-thousandths of a unit; what is beyond whole units is left to chance.
        let scaled = expected * (60 + chance.below(81)) / 100
        var wanted = Int64(scaled / 10_000)
        if chance.below(10_000) < scaled % 10_000 { wanted += 1 }
        let taken = min(wanted, stock[product][warehouse])
        guard taken > 0 else { return }
        stock[product][warehouse] -= taken
        orders += 1
        let location = catalogue.warehouses[warehouse].code
        today.append(
            Line(
                kind: isPick ? .pick : .sale, sku: item.sku, location: location, quantity: -taken,
                reason: isPick ? "order_picked" : "order_shipped", reference: "ord_\(orders)", occurredAt: time))
        if chance.below(40) == 0 {
            let back = 1 + Int64(chance.below(UInt64(taken)))
            stock[product][warehouse] += back
            today.append(
                Line(
                    kind: .return, sku: item.sku, location: location, quantity: back, reason: "customer_return",
                    reference: "ord_\(orders)", occurredAt: time))
        }
    }

    /// On Sunday evening some shelves are counted, and now and then something is broken or turns up.
    private mutating func count(_ date: Int64, _ second: inout Int, _ today: inout [Line]) {
        for product in catalogue.products.indices where chance.below(3) == 0 {
            let warehouse = Int(chance.below(UInt64(catalogue.warehouses.count)))
            let isLoss = chance.below(3) > 0
            let found = 1 + Int64(chance.below(3))
            guard !isLoss || stock[product][warehouse] >= found else { continue }
            second += 20
            stock[product][warehouse] += isLoss ? -found : found
            today.append(
                Line(
                    kind: .adjustment, sku: catalogue.products[product].sku,
                    location: catalogue.warehouses[warehouse].code, quantity: isLoss ? -found : found,
                    reason: isLoss ? "damaged" : "found", note: isLoss ? "water damage" : "behind the shelf",
                    occurredAt: Self.time(date, second)))
        }
    }

    /// Once a week the warehouse with most of a product helps the one with least.
    private mutating func balance(_ date: Int64, _ second: inout Int, _ today: inout [Line]) {
        for product in catalogue.products.indices where chance.below(2) == 0 {
            let shelves = stock[product]
            guard let from = shelves.indices.max(by: { shelves[$0] < shelves[$1] }),
                let to = shelves.indices.min(by: { shelves[$0] < shelves[$1] }), from != to
            else { continue }
            let moved = (shelves[from] - shelves[to]) / 4
            guard moved > 0 else { continue }
            second += 20
            stock[product][from] -= moved
            stock[product][to] += moved
            today.append(
                Line(
                    kind: .transfer, sku: catalogue.products[product].sku, location: catalogue.warehouses[from].code,
                    target: catalogue.warehouses[to].code, quantity: moved, reason: "rebalance",
                    reference: "TR-\(date / 86_400)-\(product)", occurredAt: Self.time(date, second)))
        }
    }
}

/// SplitMix64: small, and the same everywhere.
struct DemoChance: Sendable {
    var state: UInt64

    /// 0 to `limit` − 1, for a limit above 0.
    mutating func below(_ limit: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return (z ^ (z >> 31)).multipliedFullWidth(by: limit).high
    }
}
