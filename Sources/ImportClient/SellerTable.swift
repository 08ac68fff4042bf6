/// The preset `seller`: a CSV whose columns are the members of an update of `POST /api/inventory/bulk`. `sku`,
/// `warehouse_id` or `warehouse` (an id or a code), and `quantity` are needed; `reason`, `note`, `reference` and
/// `expected_quantity` may be there. `title`, `price` and `reorder_point` are of the items that are created. An empty
/// field is a member that is not sent.
package struct SellerTable: RowSource {
    package static let name = "seller"
    package static var shape: any BatchShape { SellerBatch() }
    package static var keyWord: String { name }

    private enum Column: Int, NamedColumn {
        case sku, warehouse, quantity, reason, note, reference, expected, title, price, reorderPoint

        var names: [String] {
            switch self {
            case .sku: ["sku"]
            case .warehouse: ["warehouse_id", "warehouse"]
            case .quantity: ["quantity"]
            case .reason: ["reason"]
            case .note: ["note"]
            case .reference: ["reference"]
            case .expected: ["expected_quantity"]
            case .title: ["title"]
            case .price: ["price"]
            case .reorderPoint: ["reorder_point"]
            }
        }
    }

    /// A row as far as it can be understood by itself.
    private struct Update {
        var item: CatalogueDraft.ItemFields
        var warehouse: Bytes
        var quantity: Int64
        var expected: Int64?
        var reason: Bytes
        var note: Bytes
        var reference: Bytes
    }

    private let columns: ColumnPlaces<Column>
    private var draft = CatalogueDraft()
    private var found = SurveyCounts()

    /// Throws `ImportError.header` when a column is missing, given twice, or unknown.
    package init(header: [String]) throws(ImportError) {
        columns = try ColumnPlaces(header: header)
        try columns.need([.sku, .warehouse, .quantity])
    }

    package var counts: SurveyCounts { found }
    package var catalogue: Catalogue { draft.catalogue }

    package mutating func survey(_ row: borrowing CSVReader) throws(ImportError) {
        found.linesRead += 1
        switch read(row) {
        case .success(let update):
            found.postable += 1
            draft.note(update.item)
            draft.note(location: update.warehouse)
        case .failure:
            found.invalid += 1
        }
    }

    package mutating func post(
        _ row: borrowing CSVReader, into batch: inout BatchBuilder
    ) throws(ImportError) -> Int {
        switch read(row) {
        case .success(let update):
            batch.add(line: row.line, record: row.record) { Self.write(update, to: &$0) }
            return 1
        case .failure(let fault):
            batch.add(invalid: fault, line: row.line, record: row.record)
            return 0
        }
    }

    private func read(_ row: borrowing CSVReader) -> Result<Update, RowFault> {
        guard row.record.isText else { return .failure(RowFault("invalid_text", "the line is not valid UTF-8")) }
        var item = CatalogueDraft.ItemFields(sku: columns.field(.sku, row).trimmed)
        guard !item.sku.isEmpty else { return .failure(RowFault("item_missing", "the line names no SKU")) }
        let warehouse = columns.field(.warehouse, row).trimmed
        guard !warehouse.isEmpty else {
            return .failure(RowFault("location_missing", "the line names no warehouse"))
        }
        guard let quantity = columns.field(.quantity, row).trimmed.quantity else {
            return .failure(RowFault("invalid_quantity", "quantity is no whole number of at most 10^12"))
        }
        let expectedText = columns.field(.expected, row).trimmed
        let expected = expectedText.quantity
        guard expectedText.isEmpty || expected != nil else {
            let detail = "expected_quantity is no whole number of at most 10^12"
            return .failure(RowFault("invalid_expected_quantity", detail))
        }
        item.name = columns.field(.title, row).trimmed
        guard item.name.fits(characters: 200) else {
            return .failure(RowFault("invalid_title", "title has more than 200 characters"))
        }
        item.price = columns.field(.price, row).trimmed
        guard item.price.isEmpty || item.price.isUnitCost else {
            return .failure(RowFault("invalid_price", "price is no decimal, 0 or more, of at most 6 decimals"))
        }
        let reorderPoint = columns.field(.reorderPoint, row).trimmed
        item.reorderPoint = reorderPoint.quantity
        guard reorderPoint.isEmpty || item.reorderPoint.map({ $0 >= 0 }) == true else {
            return .failure(
                RowFault("invalid_reorder_point", "reorder_point is no whole number, 0 or more, of at most 10^12"))
        }
        return .success(
            Update(
                item: item, warehouse: warehouse, quantity: quantity, expected: expected,
                reason: columns.field(.reason, row), note: columns.field(.note, row),
                reference: columns.field(.reference, row)))
    }

    private static func write(_ update: Update, to json: inout JSONBytes) {
        json.append(#"{"sku":"#)
        json.append(string: update.item.sku)
        json.append(#","warehouse_id":"#)
        json.append(string: update.warehouse)
        json.append(#","quantity":"#)
        json.append(number: update.quantity)
        json.append(#","reason":"#, unlessEmpty: update.reason)
        json.append(#","note":"#, unlessEmpty: update.note)
        json.append(#","reference":"#, unlessEmpty: update.reference)
        if let expected = update.expected {
            json.append(#","expected_quantity":"#)
            json.append(number: expected)
        }
        json.append(byte: 0x7D)
    }
}
