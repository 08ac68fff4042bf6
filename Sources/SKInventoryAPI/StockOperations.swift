import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// What is on hand, now or at any past moment.
extension SKInventoryAPI {
    static let stockOperations: [APIOperation] = [
        read(
            OperationDescription(
                id: "getItemStock", method: .get, path: "/inventory/v1/items/{id}/stock",
                summary: "Read an item's stock",
                description:
                    """
                    On hand, reserved, available, weighted average cost and value, in total and by location, in \
                    one call; with `as_of` or `at` as it was then.
                    """,
                tag: "Stock", parameters: ParameterList(StockQuery.self),
                responses: [ResponseDescription(200, "The item's stock.", body: .json(ItemStock.self))],
                errors: [
                    ErrorDescription(404, "No such item or entry.", codes: ["item_not_found", "entry_not_found"])
                ])
        ) { call throws(Refusal) in
            let query = try call.parameters(StockQuery.self)
            let moment = try PastMoment(asOf: query.asOf, at: query.at, of: call)
            guard let item = call.ledger.withCommitted({ $0.item(query.item.reference) }) else {
                throw Refusal(.itemNotFound(query.item.reference))
            }
            if moment == nil, let stock = call.stockFromMemory(item) { return .answer(.json(200, stock.jsonBytes())) }
            return .blocking {
                .json(200, try ItemStock.read(item, at: moment, now: call.now, from: call.ledger).jsonBytes())
            }
        }
    ]
}

struct StockQuery: WireParameters {
    var item = WireItemReference()
    var asOf: WirePastTime?
    var at: String?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("id", &value.item, .text(WireItemReference.self), doc: "The item's id or SKU.")
        v.optional(
            "as_of", &value.asOf, .text(WirePastTime.self),
            doc: "As it was recorded up to and with this second (or millisecond, when one is written).")
        v.optional("at", &value.at, .string(1...64), doc: "As it was just after this entry (mov_…, ledger_…, evt_…).")
    }
}

extension Call {
    /// nil when a level is not in memory.
    fileprivate func stockFromMemory(_ item: Item) -> ItemStock? {
        ledger.withCommitted { ledger in
            var pools: [PlacedPool] = []
            for number in ledger.locations(of: item.number) {
                guard let location = ledger.location(number),
                    let level = ledger.level(LevelKey(item: item.number, location: number))
                else { return nil }
                pools.append(PlacedPool(location: location, pool: level.pool, reserved: level.reserved))
            }
            return ItemStock(item, pools, asOf: now)
        }
    }
}

/// What lies, or lay, at one location.
private struct PlacedPool {
    var location: Location
    var pool: CostPool
    var reserved: Int64
}

extension ItemStock {
    /// Blocks.
    fileprivate static func read(
        _ item: Item, at moment: PastMoment?, now: Instant, from ledger: RealmLedger
    ) throws -> ItemStock {
        let places = ledger.withCommitted { committed in
            committed.locations(of: item.number).compactMap { committed.location($0) }
        }
        let levels = try ledger.levels(places.map { LevelKey(item: item.number, location: $0.number) })
        let bound = try moment?.resolve(in: ledger)
        var history = History(store: ledger.store)
        var pools: [PlacedPool] = []
        for (location, level) in zip(places, levels) {
            guard let bound else {
                pools.append(PlacedPool(location: location, pool: level.pool, reserved: level.reserved))
                continue
            }
            let seq = try history.lastSeq(of: level.key, from: level.history.lastSeq, atOrBefore: bound.seq)
            guard seq > 0 else { continue }
            pools.append(
                PlacedPool(location: location, pool: try history.leg(of: level.key, at: seq).after, reserved: 0))
        }
        return ItemStock(item, pools, asOf: bound?.instant ?? now)
    }

    fileprivate init(_ item: Item, _ pools: [PlacedPool], asOf: Instant) {
        self.item = WireID(item.id)
        sku = item.sku
        self.asOf = asOf.milliseconds
        for placed in pools {
            var stock = LocationStock()
            stock.location = WireID(placed.location.id)
            stock.code = placed.location.code
            stock.onHand = placed.pool.onHand
            stock.reserved = placed.reserved
            stock.available = placed.pool.onHand &- placed.reserved
            stock.wac = placed.pool.weightedAverageCost(scale: item.scale) ?? 0
            stock.value = placed.pool.value
            reserved &+= placed.reserved
            locations.append(stock)
        }
        let total = CostPool.total(of: pools.map(\.pool), scale: item.scale) ?? .empty
        onHand = total.onHand
        available = onHand &- reserved
        value = total.value
        wac = total.weightedAverageCost(scale: item.scale) ?? 0
    }
}
