import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// `{sku}` of a path: a SKU or an id.
struct SKUPath: WireParameters {
    var item = WireItemReference()

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("sku", &value.item, .text(WireItemReference.self), doc: "The SKU, or the item's id.")
    }
}

struct InventoryListQuery: WireParameters {
    var limit: Int64 = 50
    var cursor: String?
    var status: StockStatusWord?
    var warehouse: WireLocationReference?
    var item: WireItemReference?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("limit", &value.limit, .integer(1...200), doc: "Results per page.")
        v.optional("cursor", &value.cursor, .string(1...128), doc: "nextCursor of the page before.")
        v.optional(
            "status", &value.status, .oneOf(StockStatusWord.self), doc: "Only items whose totals have this status.")
        v.optional(
            "warehouse_id", &value.warehouse, .text(WireLocationReference.self),
            doc:
                """
                A warehouse's id or code: only items that have a record there, with that warehouse alone. Totals and \
                status stay the item's.
                """
        )
        v.optional("sku", &value.item, .text(WireItemReference.self), doc: "Only this SKU, or item by its id.")
    }
}

extension Call {
    func listInventory() throws(Refusal) -> Reply {
        let query = try parameters(InventoryListQuery.self)
        var selection = ItemSelection(status: query.status?.status)
        if let reference = query.warehouse?.reference {
            guard let location = ledger.withCommitted({ $0.locationNumber(reference) }) else {
                throw Refusal(seller: .locationNotFound(reference))
            }
            selection.location = location
        }
        if let reference = query.item?.reference {
            // 0 is no item's number: an unknown one has no row.
            selection.item = ledger.withCommitted { $0.itemNumber(reference) } ?? ItemNumber(rawValue: 0)
        }
        let chosen = selection
        let binding = chosen.cursorBinding
        let after = try position(query.cursor, binding)
        let limit = Int(query.limit)
        return .blocking { [self] in
            let page = ledger.itemRows(chosen, after: after, limit: limit + 1)
            var list = InventoryList()
            list.meta.total = Int64(page.total)
            list.meta.limit = query.limit
            // Under the writer's lock only what the rows name.
            let (items, locations) = ledger.withCommitted { committed in
                (page.rows.prefix(limit).map { committed.item($0.item) }, committed.locations)
            }
            list.data = zip(items, page.rows).compactMap { item, row in
                item.map { item in
                    InventoryRow(item, StockPicture(row, reorderPoint: item.reorderPoint)) { number in
                        let index = Int(number.rawValue) - 1
                        return locations.indices.contains(index) ? locations[index] : nil
                    }
                }
            }
            if page.rows.count > limit {
                list.meta.nextCursor = cursors.seal(
                    position: UInt64(page.rows[limit - 1].item.rawValue), horizon: 0, realm: ledger.realm.id,
                    filter: binding)
            }
            let places = page.rows.reduce(0) { $0 + $1.levels.count }
            return .json(200, list.jsonBytes(capacity: 256 * (page.rows.count + 1) + 192 * places))
        }
    }

    private func position(_ cursor: String?, _ binding: String) throws(Refusal) -> ItemNumber? {
        guard let cursor else { return nil }
        guard let place = cursors.open(cursor, realm: ledger.realm.id, filter: binding),
            let number = UInt32(exactly: place.position)
        else { throw .invalidCursor }
        return ItemNumber(rawValue: number)
    }

    func getInventory() throws(Refusal) -> Reply {
        let reference = try parameters(SKUPath.self).item.reference
        guard let item = ledger.withCommitted({ $0.item(reference) }) else {
            throw Refusal(seller: .itemNotFound(reference))
        }
        return .blocking { [ledger] in
            guard let row = ledger.itemRow(item.number) else { throw Refusal.noRecord(item.sku) }
            let levels = try ledger.levels(
                row.levels.map { LevelKey(item: item.number, location: $0.location) })
            var history = History(store: ledger.store)
            let changedAt = try history.entry(levels.map(\.changedSeq).max() ?? 0)?.recordedAt ?? item.updatedAt
            let record = ledger.withCommitted { committed in
                InventoryRecord(
                    item, StockPicture(row, reorderPoint: item.reorderPoint), changedAt: changedAt
                ) { committed.location($0) }
            }
            return .json(200, record.jsonBytes(capacity: 1_024))
        }
    }

    func updateInventory() throws(Refusal) -> Reply {
        let reference = try parameters(SKUPath.self).item.reference
        let document = try document()
        let body = try decode(InventoryUpdate.self, from: document)
        let submission = submission(body.commands(of: reference), document, render: renderRecord(of: reference))
        guard let warehouse = body.warehouse?.reference, body.quantity == nil, body.safetyStock == nil else {
            return .write(submission)
        }
        // No command names the warehouse, but it must be right all the same. Another server may have just created it.
        return writeAfterReading { [ledger] in
            guard ledger.withCommitted({ $0.locationNumber(warehouse) }) != nil else {
                throw Refusal(seller: .locationNotFound(warehouse))
            }
            return submission
        }
    }
}

extension ItemSelection {
    /// Everything that chooses the rows, so that a cursor serves only the list that it was made for.
    fileprivate var cursorBinding: String {
        let parts = [status.map { "\($0.rawValue)" }, location.map { "\($0.rawValue)" }, item.map { "\($0.rawValue)" }]
        return "seller-inventory;" + parts.map { $0 ?? "-" }.joined(separator: ";")
    }
}
