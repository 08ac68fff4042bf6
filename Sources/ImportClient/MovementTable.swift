/// A CSV whose columns are the members of a movement. `item_id` or `sku`, `type` and `qty` are needed; `location_id` or
/// `location`, `to_location_id` or `to_location`, `reason`, `reference`, `note`, `unit_cost`, `occurred_at` and
/// `idempotency_key` may be there. An empty field is a member that is not sent. Items and locations must exist.
///
/// An errors file can be corrected and imported: the three columns that it adds are passed over.
package struct MovementTable: RowSource {
    package static var keyWord: String { "csv" }

    private enum Column: Int, NamedColumn {
        case item, location, target, kind, quantity, reason, reference, note, unitCost, occurredAt, key

        var names: [String] {
            switch self {
            case .item: ["item_id", "sku"]
            case .location: ["location_id", "location"]
            case .target: ["to_location_id", "to_location"]
            case .kind: ["type"]
            case .quantity: ["qty"]
            case .reason: ["reason"]
            case .reference: ["reference"]
            case .note: ["note"]
            case .unitCost: ["unit_cost"]
            case .occurredAt: ["occurred_at"]
            case .key: ["idempotency_key"]
            }
        }
    }

    private let columns: ColumnPlaces<Column>
    private var found = SurveyCounts()

    /// Throws `ImportError.header` when a column is missing, given twice, or unknown.
    package init(header: [String]) throws(ImportError) {
        columns = try ColumnPlaces(header: header)
        try columns.need([.item, .kind, .quantity])
    }

    package var counts: SurveyCounts { found }
    package var catalogue: Catalogue { Catalogue() }

    package mutating func survey(_ row: borrowing CSVReader) throws(ImportError) {
        found.linesRead += 1
        switch read(row) {
        case .success(let fields):
            found.postable += 1
            found.kinds.add(fields.kind, quantity: fields.quantity)
        case .failure:
            found.invalid += 1
        }
    }

    package mutating func post(
        _ row: borrowing CSVReader, into batch: inout BatchBuilder
    ) throws(ImportError) -> Int {
        switch read(row) {
        case .success(let fields):
            batch.add(fields, line: row.line, record: row.record)
            return 1
        case .failure(let fault):
            batch.add(invalid: fault, line: row.line, record: row.record)
            return 0
        }
    }

    private func read(_ row: borrowing CSVReader) -> Result<MovementFields, RowFault> {
        guard row.record.isText else { return .failure(RowFault("invalid_text", "the line is not valid UTF-8")) }
        let item = columns.field(.item, row).trimmed
        guard !item.isEmpty else { return .failure(RowFault("item_missing", "the line names no item")) }
        guard let kind = MovementWord(columns.field(.kind, row).trimmed) else {
            let words = MovementWord.allCases.map { "\($0.literal)" }.joined(separator: ", ")
            return .failure(RowFault("invalid_type", "type is none of \(words)"))
        }
        guard let quantity = columns.field(.quantity, row).trimmed.quantity else {
            return .failure(RowFault("invalid_quantity", "qty is no whole number of at most 10^12"))
        }
        var fields = MovementFields(
            item: item, location: columns.field(.location, row).trimmed, kind: kind, quantity: quantity)
        fields.target = columns.field(.target, row).trimmed
        fields.reason = columns.field(.reason, row)
        fields.reference = columns.field(.reference, row)
        fields.note = columns.field(.note, row)
        fields.unitCost = columns.field(.unitCost, row).trimmed
        fields.occurredAt = columns.field(.occurredAt, row).trimmed
        fields.key = columns.field(.key, row)
        guard fields.unitCost.isEmpty || fields.unitCost.isUnitCost else {
            return .failure(RowFault("invalid_unit_cost", "unit_cost is no decimal, 0 or more, of at most 6 decimals"))
        }
        guard fields.key.isEmpty || Self.isKey(fields.key) else {
            let detail = "idempotency_key is not 1 to 255 printable ASCII characters"
            return .failure(RowFault("invalid_idempotency_key", detail))
        }
        return .success(fields)
    }

    private static func isKey(_ text: Bytes) -> Bool {
        text.count <= 255 && text.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

extension RowFault: Error {}
