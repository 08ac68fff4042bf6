/// The preset `linkit`: a CSV whose columns are the members of a SKU in `POST /api/v1/skus/bulk`. `product_iv_id` and
/// `branch_iv_id` name it, or `iv_id` alone, which must exist; of `qty`, `price`, `cost` and `available` at least one
/// is needed, in each row too. `product_name`, `barcode` and `branch_name` are of what is created, and so is the first
/// `price` of a product. An empty field is a member that is not sent.
package struct LinkitTable: RowSource {
    package static let name = "linkit"
    package static var shape: any BatchShape { LinkitBatch() }
    package static var keyWord: String { name }

    private enum Column: Int, NamedColumn {
        case ivID, product, branch, quantity, price, cost, available, productName, barcode, branchName

        var names: [String] {
            switch self {
            case .ivID: ["iv_id"]
            case .product: ["product_iv_id"]
            case .branch: ["branch_iv_id"]
            case .quantity: ["qty"]
            case .price: ["price"]
            case .cost: ["cost"]
            case .available: ["available"]
            case .productName: ["product_name"]
            case .barcode: ["barcode"]
            case .branchName: ["branch_name"]
            }
        }
    }

    /// A row as far as it can be understood by itself.
    private struct SKU {
        var ivID: Bytes
        var item: CatalogueDraft.ItemFields
        var branch: Bytes
        var branchName: Bytes
        var quantity: Int64?
        var price: Bytes
        var cost: Bytes
        var isAvailable: Bool?

        /// Whether product and branch are named, and so can be created.
        var isPair: Bool { !item.sku.isEmpty && !branch.isEmpty }
    }

    private let columns: ColumnPlaces<Column>
    private var draft = CatalogueDraft()
    private var found = SurveyCounts()

    /// Throws `ImportError.header` when a column is missing, given twice, or unknown.
    package init(header: [String]) throws(ImportError) {
        columns = try ColumnPlaces(header: header)
        guard columns.has(.product) || columns.has(.branch) || columns.has(.ivID) else {
            throw .header("there are no columns product_iv_id and branch_iv_id, nor iv_id")
        }
        if !columns.has(.ivID) { try columns.need([.product, .branch]) }
        guard [.quantity, .price, .cost, .available].contains(where: columns.has) else {
            throw .header("there is none of the columns qty, price, cost and available")
        }
    }

    package var counts: SurveyCounts { found }
    package var catalogue: Catalogue { draft.catalogue }

    package mutating func survey(_ row: borrowing CSVReader) throws(ImportError) {
        found.linesRead += 1
        switch read(row) {
        case .success(let sku):
            found.postable += 1
            guard sku.isPair else { return }
            draft.note(sku.item)
            draft.note(location: sku.branch, name: sku.branchName)
        case .failure:
            found.invalid += 1
        }
    }

    /// A second line of the same SKU: their answers would stand under one name.
    package func closes(_ batch: borrowing BatchBuilder, before row: borrowing CSVReader) -> Bool {
        let ivID = columns.field(.ivID, row).trimmed
        guard ivID.isEmpty else { return batch.has(name: ivID.text) }
        return batch.has(
            name: "\(columns.field(.product, row).trimmed.text)_\(columns.field(.branch, row).trimmed.text)")
    }

    package mutating func post(
        _ row: borrowing CSVReader, into batch: inout BatchBuilder
    ) throws(ImportError) -> Int {
        switch read(row) {
        case .success(let sku):
            let name = sku.ivID.isEmpty ? "\(sku.item.sku.text)_\(sku.branch.text)" : sku.ivID.text
            batch.add(line: row.line, record: row.record, name: name) { Self.write(sku, name: name, to: &$0) }
            return 1
        case .failure(let fault):
            batch.add(invalid: fault, line: row.line, record: row.record)
            return 0
        }
    }

    private func read(_ row: borrowing CSVReader) -> Result<SKU, RowFault> {
        guard row.record.isText else { return .failure(RowFault("invalid_text", "the line is not valid UTF-8")) }
        var sku = SKU(
            ivID: columns.field(.ivID, row).trimmed,
            item: CatalogueDraft.ItemFields(sku: columns.field(.product, row).trimmed),
            branch: columns.field(.branch, row).trimmed, branchName: columns.field(.branchName, row).trimmed,
            price: columns.field(.price, row).trimmed, cost: columns.field(.cost, row).trimmed)
        guard !sku.ivID.isEmpty || sku.isPair else {
            return .failure(RowFault("item_missing", "the line names no SKU: product and branch, or iv_id"))
        }
        let quantity = columns.field(.quantity, row).trimmed
        sku.quantity = quantity.quantity
        guard quantity.isEmpty || sku.quantity != nil else {
            return .failure(RowFault("invalid_quantity", "qty is no whole number of at most 10^12"))
        }
        guard sku.price.isEmpty || sku.price.isUnitCost else {
            return .failure(RowFault("invalid_price", "price is no decimal, 0 or more, of at most 6 decimals"))
        }
        guard sku.cost.isEmpty || sku.cost.isUnitCost else {
            return .failure(RowFault("invalid_cost", "cost is no decimal, 0 or more, of at most 6 decimals"))
        }
        let available = columns.field(.available, row).trimmed
        sku.isAvailable = available.flag
        guard available.isEmpty || sku.isAvailable != nil else {
            return .failure(RowFault("invalid_available", "available is neither true nor false"))
        }
        guard sku.quantity != nil || !sku.price.isEmpty || !sku.cost.isEmpty || sku.isAvailable != nil else {
            return .failure(RowFault("nothing_to_set", "the line has none of qty, price, cost and available"))
        }
        sku.item.name = columns.field(.productName, row).trimmed
        sku.item.barcode = columns.field(.barcode, row).trimmed
        sku.item.price = sku.price
        guard sku.item.name.fits(characters: 200), sku.branchName.fits(characters: 200) else {
            return .failure(RowFault("invalid_name", "a name has more than 200 characters"))
        }
        guard sku.item.barcode.fits(characters: 64) else {
            return .failure(RowFault("invalid_barcode", "barcode has more than 64 characters"))
        }
        return .success(sku)
    }

    private static func write(_ sku: SKU, name: String, to json: inout JSONBytes) {
        json.append(#"{"iv_id":"#)
        json.append(string: name)
        json.append(#","product_iv_id":"#, unlessEmpty: sku.item.sku)
        json.append(#","branch_iv_id":"#, unlessEmpty: sku.branch)
        if let quantity = sku.quantity {
            json.append(#","qty":"#)
            json.append(number: quantity)
        }
        if !sku.price.isEmpty {
            json.append(#","price":"#)
            json.append(decimal: sku.price)
        }
        if !sku.cost.isEmpty {
            json.append(#","cost":"#)
            json.append(decimal: sku.cost)
        }
        if let isAvailable = sku.isAvailable {
            json.append(isAvailable ? #","available":true"# : #","available":false"#)
        }
        json.append(byte: 0x7D)
    }
}
