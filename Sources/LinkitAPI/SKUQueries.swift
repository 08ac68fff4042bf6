import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// `{ivId}` of a SKU's path.
struct SKUPath: WireParameters {
    var ivID = ""

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("ivId", &value.ivID, .string(1...1_024), doc: "{product_iv_id}_{branch_iv_id}.")
    }
}

struct SKUListQuery: WireParameters {
    var page: Int64 = 1
    var limit: Int64 = 20
    var product: WireItemReference?
    var branch: WireLocationReference?
    var isAvailable: Bool?
    var minimum: Int64?
    var maximum: Int64?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("page", &value.page, .page)
        v.defaulted("limit", &value.limit, .integer(1...100))
        v.optional("product_iv_id", &value.product, .text(WireItemReference.self), doc: "Only this product's.")
        v.optional("branch_iv_id", &value.branch, .text(WireLocationReference.self), doc: "Only this branch's.")
        v.optional("available", &value.isAvailable, .flag, doc: "Only those that are for sale, or are not.")
        v.optional("min_qty", &value.minimum, .integer(LinkitRanges.onHand), doc: "At least so many on hand.")
        v.optional("max_qty", &value.maximum, .integer(LinkitRanges.onHand), doc: "At most so many on hand.")
    }
}

enum LinkitRanges {
    /// Base units on hand.
    static let onHand: ClosedRange<Int64> = -Limits.onHand...Limits.onHand
    /// How many rows a list has: items are numbered in 32 bits, locations too.
    static let rows: ClosedRange<Int64> = 0...Int64.max
}

extension Call {
    /// A page of SKUs.
    func listSKUs() throws(Refusal) -> Reply {
        let query = try parameters(SKUListQuery.self)
        let page = PageOfRows(query.page, query.limit)
        var selection = LevelSelection()
        selection.isAvailable = query.isAvailable
        selection.minimum = query.minimum
        selection.maximum = query.maximum
        let (item, location) = ledger.withCommitted { ledger in
            (
                query.product.map { ledger.itemNumber($0.reference) },
                query.branch.map { ledger.locationNumber($0.reference) }
            )
        }
        // What does not exist has no SKUs.
        if case .some(.none) = item { return .answer(.json(200, NumberedPage<SKURow>([], total: 0, page).jsonBytes())) }
        if case .some(.none) = location {
            return .answer(.json(200, NumberedPage<SKURow>([], total: 0, page).jsonBytes()))
        }
        selection.item = item ?? nil
        selection.location = location ?? nil
        let chosen = selection
        return .blocking { [ledger] in
            let (total, found) = ledger.levelRows(chosen, offset: page.offset, limit: Int(page.limit))
            let rows = try SKURow.rows(found, in: ledger)
            return .json(
                200, NumberedPage(rows, total: total, page).jsonBytes(capacity: 192 * (rows.count + 1)))
        }
    }

    /// A SKU.
    func getSKU() throws(Refusal) -> Reply {
        let ivID = try parameters(SKUPath.self).ivID
        return .blocking { [ledger] in
            let found = ledger.withCommitted { ledger -> (item: Item, location: Location)? in
                guard let key = ledger.level(named: ivID), let item = ledger.item(key.item),
                    let location = ledger.location(key.location), item.archivedSeq == nil,
                    location.archivedSeq == nil
                else { return nil }
                return (item, location)
            }
            guard let (item, location) = found else { throw Refusal.notFound(.sku, ivID) }
            let key = LevelKey(item: item.number, location: location.number)
            let level = try ledger.levels([key]).first ?? StockLevel(key: key)
            let view = SKUView(
                level, of: item, at: location, organization: LinkitID.organization(ledger.realm),
                moved: try LastMovement.time(of: level, in: ledger))
            return .json(200, view.jsonBytes())
        }
    }
}

/// The newest movement at a level.
struct LastMovement: Sendable {
    var seq: UInt64
    var time: Instant

    /// When something moved there last; nil when nothing did, or when a setting was changed since. Blocks.
    static func time(of level: StockLevel, in ledger: RealmLedger) throws -> Instant? {
        let seq = level.history.lastSeq
        if seq == 0 || level.changedSeq > seq { return nil }
        var history = History(store: ledger.store)
        return try history.entry(seq)?.recordedAt
    }
}

extension SKURow {
    /// The rows of what a list has found, with the prices that were set: from memory in one short look, where they are
    /// there. Blocks.
    fileprivate static func rows(
        _ found: [(key: LevelKey, stock: StockCell)], in ledger: RealmLedger
    ) throws -> [SKURow] {
        var rows: [SKURow] = []
        rows.reserveCapacity(found.count)
        // Rows whose level is in the store only.
        var cold: [Int] = []
        ledger.withCommitted { ledger in
            var product: (number: ItemNumber, sku: String, price: Int64?)?
            for (key, stock) in found {
                if product?.number != key.item {
                    let item = ledger.item(key.item)
                    product = (key.item, item?.sku ?? "", item?.price)
                }
                var row = SKURow()
                row.product = product?.sku ?? ""
                row.branch = ledger.locationName(key.location)?.code ?? ""
                row.price = product?.price
                row.quantity = stock.onHand
                row.isAvailable = stock.isAvailable
                switch RealmLedger.level(key, in: ledger) {
                case .level(let level): if let price = level.settings?.price { row.price = price }
                case .none: break
                case .cold: cold.append(rows.count)
                }
                rows.append(row)
            }
        }
        if !cold.isEmpty {
            for (index, level) in zip(cold, try ledger.levels(cold.map { found[$0].key })) {
                if let price = level.settings?.price { rows[index].price = price }
            }
        }
        for index in rows.indices {
            rows[index].id = LinkitID.sku(found[index].key)
            rows[index].ivID = "\(rows[index].product)_\(rows[index].branch)"
        }
        return rows
    }
}
