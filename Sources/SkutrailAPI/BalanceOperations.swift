import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// `GET /v1/inventory/balance`: what is on hand, now or at any past moment.
extension SkutrailAPI {
    static let balanceOperations: [APIOperation] = [
        APIOperation(
            OperationDescription(
                id: "getBalance", method: .get, path: "/v1/inventory/balance", summary: "Read a balance",
                description:
                    """
                    On hand of an item at a warehouse; without `warehouse` the total and every warehouse. With \
                    `as_of` (a time) or `at` (an entry) as it was then, exactly.
                    """,
                tag: "Balance", parameters: ParameterList(BalanceQuery.self),
                responses: [ResponseDescription(200, "The balance.", body: .json(BalanceView.self))],
                errors: [
                    ErrorDescription(
                        404, "The item, warehouse or entry does not exist.",
                        codes: ["item_not_found", "location_not_found", "entry_not_found"])
                ]), scope: .inventoryRead, dialect: .problem
        ) { call throws(Refusal) in
            let query = try call.parameters(BalanceQuery.self)
            let moment = try PastMoment(asOf: query.asOf, at: query.at, of: call)
            if moment == nil, let view = try call.balanceFromMemory(query) {
                return .answer(.json(200, view.jsonBytes(capacity: 192)))
            }
            let asked = try call.places(query)
            return .blocking { .json(200, try asked.read(at: moment, now: call.now, from: call.ledger).jsonBytes()) }
        }
    ]
}

struct BalanceQuery: WireParameters {
    var item = WireItemReference()
    var location: WireLocationReference?
    var asOf: WirePastTime?
    var at: String?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "sku", &value.item, .text(WireItemReference.self), doc: "The item's SKU or id.", example: #""SKU-0042""#)
        v.optional(
            "warehouse", &value.location, .text(WireLocationReference.self), doc: "The location's code or id.",
            example: #""SEA-1""#)
        v.optional(
            "as_of", &value.asOf, .text(WirePastTime.self),
            doc: "As it was recorded up to and with this second (or millisecond, when one is written).")
        v.optional("at", &value.at, .string(1...64), doc: "As it was just after this entry (ledger_…, inv_…, mov_…).")
    }
}

/// The levels that a balance is asked of.
private struct AskedBalance: Sendable {
    var sku: String
    /// The one warehouse that was asked for, or all that the item has.
    var places: [(code: String, key: LevelKey)]
    var isOne: Bool

    /// Blocks.
    func read(at moment: PastMoment?, now: Instant, from ledger: RealmLedger) throws -> BalanceView {
        let levels = try ledger.levels(places.map(\.key))
        guard let bound = try moment?.resolve(in: ledger) else { return view(levels.map { $0.pool.onHand }, asOf: now) }
        var history = History(store: ledger.store)
        var balances: [Int64] = []
        for level in levels {
            let pool = try history.pool(of: level.key, from: level.history.lastSeq, asOf: bound.seq)
            balances.append(pool.onHand)
        }
        return view(balances, asOf: bound.instant)
    }

    func view(_ balances: [Int64], asOf: Instant) -> BalanceView {
        var view = BalanceView()
        view.sku = sku
        view.asOf = asOf.milliseconds
        if isOne {
            view.warehouse = places.first?.code
            view.balance = balances.first ?? 0
            return view
        }
        view.balance = balances.reduce(0, &+)
        view.warehouses = zip(places, balances).map { place, balance in
            var one = WarehouseBalance()
            one.warehouse = place.code
            one.balance = balance
            return one
        }
        return view
    }
}

extension Call {
    /// nil when a level is not in memory.
    fileprivate func balanceFromMemory(_ query: BalanceQuery) throws(Refusal) -> BalanceView? {
        let result = ledger.withCommitted { ledger -> Result<BalanceView?, Refusal> in
            AskedBalance.find(query, in: ledger).map { asked in
                var balances: [Int64] = []
                balances.reserveCapacity(asked.places.count)
                for place in asked.places {
                    switch RealmLedger.level(place.key, in: ledger) {
                    case .level(let level): balances.append(level.pool.onHand)
                    case .none: balances.append(0)
                    case .cold: return nil
                    }
                }
                return asked.view(balances, asOf: now)
            }
        }
        return try result.get()
    }

    fileprivate func places(_ query: BalanceQuery) throws(Refusal) -> AskedBalance {
        try ledger.withCommitted { AskedBalance.find(query, in: $0) }.get()
    }
}

extension AskedBalance {
    static func find(_ query: BalanceQuery, in ledger: CommittedLedger) -> Result<AskedBalance, Refusal> {
        guard let item = ledger.item(query.item.reference) else {
            return .failure(Refusal(.itemNotFound(query.item.reference)))
        }
        guard let reference = query.location?.reference else {
            let places = ledger.locations(of: item.number).compactMap { number in
                ledger.location(number).map { (code: $0.code, key: LevelKey(item: item.number, location: number)) }
            }
            return .success(AskedBalance(sku: item.sku, places: places, isOne: false))
        }
        guard let location = ledger.location(reference) else {
            return .failure(Refusal(.locationNotFound(reference)))
        }
        let key = LevelKey(item: item.number, location: location.number)
        return .success(AskedBalance(sku: item.sku, places: [(location.code, key)], isOne: true))
    }
}
