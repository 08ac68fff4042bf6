import LedgerCore
public import LedgerStorage

/// Buckets in a table that is not logged: after a crash of the database they are full again.
public struct PostgresBudgetStore: BudgetStore {
    private let pool: ConnectionPool
    private let context: RealmContext

    private static let settle = SQL("settle", "SELECT place, level FROM bincard.settle_budgets($1, $2, $3, $4, $5, $6)")

    init(pool: ConnectionPool, context: RealmContext) {
        self.pool = pool
        self.context = context
    }

    public func settle(_ uses: [BudgetUse]) throws(StoreError) -> [Int64] {
        guard !uses.isEmpty else { return [] }
        // In one order on every server: whoever waits for a bucket holds none that the other waits for.
        let order = uses.indices.sorted { uses[$0].key < uses[$1].key }
        var parameters = context.sealedParameters
        parameters.add(ids: order.map { uses[$0].key })
        parameters.add(array: order.map { Int64(uses[$0].limit.rate) })
        parameters.add(array: order.map { Int64(uses[$0].limit.burst) })
        parameters.add(array: order.map { uses[$0].taken })
        let rows = try pool.write("share the budgets of keys", [Statement(Self.settle, parameters)])[0]
        var levels = [Int64](repeating: 0, count: uses.count)
        for row in rows.rows {
            let place = Int(row.int64(0)) - 1
            if order.indices.contains(place) { levels[order[place]] = row.int64(1) }
        }
        return levels
    }
}
