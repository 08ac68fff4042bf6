internal import Foundation

/// The preset `uci-online-retail`: the year of a gift wholesaler that the UCI repository publishes as *Online Retail*.
/// The file has no warehouses and no receipts; both are derived, always in the same way:
///
/// - item: StockCode, trimmed, case kept. Codes without a digit, `C2`, `gift_…` and `DCGS…` are no products.
/// - location: `UK-1` for United Kingdom, else `EU-1`.
/// - invoices that begin with C: `return`, reason `cancellation`; other lines below 0: `adjustment`, reason
///   `stock_correction`, note = Description; lines above 0: `sale`, reason `order_shipped`.
/// - opening: for each item and location the smallest quantity with which no running balance is negative, as one
///   `receipt` before that pair's first line, at 0.6 × the item's first UnitPrice above 0, half to even to 4 decimals.
package struct OnlineRetailPreset: RowSource {
    package static let name = "uci-online-retail"
    package static var keyWord: String { "uci" }
    static let columnNames = [
        "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "Country",
    ]

    /// Why a line is no product, or no movement.
    enum Skip: Int, CaseIterable {
        case noDigit, carriage, giftVoucher, dotcomGift, zeroQuantity

        var name: String {
            switch self {
            case .noDigit: "no_digit"
            case .carriage: "c2"
            case .giftVoucher: "gift"
            case .dotcomGift: "dcgs"
            case .zeroQuantity: "zero_quantity"
            }
        }
    }

    private struct Columns {
        var invoice = 0, code = 0, description = 0, quantity = 0, date = 0, price = 0, country = 0
    }

    /// One item at one location during the survey.
    private struct Pair {
        var balance: Int64 = 0
        var lowest: Int64 = 0
        var isSeen = false
        var isOpened = false
    }

    private struct Product {
        /// Nil until a description is found.
        var name: String?
        /// Ten-thousandths of the currency; nil until a price above 0 is found.
        var openingCost: Int64?
    }

    /// A line as far as it can be understood by itself.
    private enum Reading {
        case movement(MovementFields, pair: Int, local: Int64)
        case skipped(Skip)
        case invalid(RowFault)
    }

    private var columns = Columns()
    private var clock: ZoneClock
    private var codes = CodeTable()
    private var products: [Product] = []
    /// Two for each product: `UK-1`, `EU-1`.
    private var pairs: [Pair] = []
    private var skips = [Int](repeating: 0, count: Skip.allCases.count)
    private var found = SurveyCounts()

    /// Throws `ImportError.header` when a column is missing.
    package init(header: [String]) throws(ImportError) {
        guard let london = TimeZone(identifier: "Europe/London") else {
            throw .usage("this system has no time zone data for Europe/London")
        }
        clock = ZoneClock(zone: london)
        var places: [Int] = []
        for name in Self.columnNames {
            let matches = header.indices.filter { header[$0] == name }
            guard let place = matches.first, matches.count == 1 else {
                let problem = matches.isEmpty ? "there is no column" : "there is more than one column"
                throw .header("\(problem) \(name); the header is \(header.joined(separator: ","))")
            }
            places.append(place)
        }
        columns = Columns(
            invoice: places[0], code: places[1], description: places[2], quantity: places[3], date: places[4],
            price: places[5], country: places[6])
    }

    package var counts: SurveyCounts {
        var counts = found
        for skip in Skip.allCases where skips[skip.rawValue] > 0 { counts.skipped[skip.name] = skips[skip.rawValue] }
        for (index, pair) in pairs.enumerated() where pair.lowest < 0 {
            let quantity = pair.lowest.magnitude
            counts.openings += 1
            let signed = Int64(clamping: quantity)
            counts.kinds.add(.receipt, quantity: signed)
            counts.openingQuantity = Int64(clamping: Int128(counts.openingQuantity) + Int128(quantity))
            let value = Int128(quantity) * Int128(products[index / 2].openingCost ?? 0)
            counts.openingValue = Int64(clamping: Int128(counts.openingValue) + value)
        }
        return counts
    }

    package var catalogue: Catalogue {
        var items: [Catalogue.Item] = []
        items.reserveCapacity(products.count)
        for number in products.indices where pairs[2 * number].isSeen || pairs[2 * number + 1].isSeen {
            let sku = String(decoding: codes[number], as: UTF8.self)
            items.append(Catalogue.Item(sku: sku, name: products[number].name ?? sku))
        }
        guard !items.isEmpty else { return Catalogue() }
        return Catalogue(
            items: items,
            locations: [
                .init(code: "UK-1", name: "United Kingdom", timeZone: "Europe/London"),
                .init(code: "EU-1", name: "Outside the United Kingdom"),
            ])
    }

    package mutating func survey(_ row: borrowing CSVReader) throws(ImportError) {
        found.linesRead += 1
        switch read(row, isSurvey: true) {
        case .skipped(let skip): skips[skip.rawValue] += 1
        case .invalid: found.invalid += 1
        case .movement(let fields, let pair, _):
            let (balance, overflow) = pairs[pair].balance.addingReportingOverflow(fields.quantity)
            guard !overflow else {
                throw .malformed(line: row.line, problem: "the running balance of this item goes beyond 64 bits")
            }
            pairs[pair].balance = balance
            pairs[pair].lowest = min(pairs[pair].lowest, balance)
            pairs[pair].isSeen = true
            found.postable += 1
            found.kinds.add(fields.kind, quantity: fields.quantity)
        }
    }

    package mutating func post(
        _ row: borrowing CSVReader, into batch: inout BatchBuilder
    ) throws(ImportError) -> Int {
        switch read(row, isSurvey: false) {
        case .skipped: return 0
        case .invalid(let fault):
            batch.add(invalid: fault, line: row.line, record: row.record)
            return 0
        case .movement(var fields, let pair, let local):
            return clock.utcText(local: local).withUnsafeBufferPointer { occurredAt in
                fields.occurredAt = occurredAt
                var written = 1
                if !pairs[pair].isOpened {
                    pairs[pair].isOpened = true
                    if pairs[pair].lowest < 0 {
                        open(pair, for: fields, row: row, into: &batch)
                        written = 2
                    }
                }
                batch.add(fields, line: row.line, record: row.record)
                return written
            }
        }
    }

    private func open(
        _ pair: Int, for line: MovementFields, row: borrowing CSVReader, into batch: inout BatchBuilder
    ) {
        var opening = MovementFields(
            item: line.item, location: line.location, kind: .receipt,
            quantity: Int64(clamping: pairs[pair].lowest.magnitude))
        opening.reason = Bytes("opening")
        opening.occurredAt = line.occurredAt
        let cost = products[pair / 2].openingCost ?? 0
        var text = Array("\(cost / 10_000).".utf8)
        let fraction = String(cost % 10_000)
        text.append(contentsOf: repeatElement(0x30, count: 4 - fraction.utf8.count))
        text.append(contentsOf: fraction.utf8)
        text.withUnsafeBufferPointer { bytes in
            opening.unitCost = bytes
            batch.add(opening, line: row.line, isOpening: true, record: row.record)
        }
    }

    /// Understands a line. In the survey it also takes note of a new product, of its name and of its price.
    @inline(__always)
    private mutating func read(_ row: borrowing CSVReader, isSurvey: Bool) -> Reading {
        let code = row.field(columns.code).trimmed
        if let skip = Self.skip(code) { return .skipped(skip) }
        let invoice = row.field(columns.invoice)
        let description = row.field(columns.description).trimmed
        guard code.isText, invoice.isText, description.isText else {
            return .invalid(RowFault("invalid_text", "the line is not valid UTF-8"))
        }
        guard let quantity = row.field(columns.quantity).quantity else {
            return .invalid(RowFault("invalid_quantity", "Quantity is no whole number of at most 10^12"))
        }
        guard let price = DecimalAmount(row.field(columns.price)) else {
            return .invalid(RowFault("invalid_price", "UnitPrice is no plain decimal number"))
        }
        guard let time = CivilTime(row.field(columns.date)) else {
            return .invalid(RowFault("invalid_date", "InvoiceDate is no time such as 2010-12-01T08:26:00"))
        }
        let number: Int
        if isSurvey {
            number = note(code, description: description, price: price)
        } else if let known = codes.number(of: code) {
            number = known
        } else {
            return .invalid(RowFault("file_changed", "the file changed while it was read"))
        }
        if quantity == 0 { return .skipped(.zeroQuantity) }
        let isHome = row.field(columns.country).equals("United Kingdom")
        var fields = MovementFields(
            item: code, location: Bytes(isHome ? "UK-1" : "EU-1"), kind: .sale, quantity: -quantity)
        fields.reason = Bytes("order_shipped")
        fields.reference = invoice
        if invoice.begins(with: "C") {
            fields.kind = .return
            fields.reason = Bytes("cancellation")
        } else if quantity < 0 {
            fields.kind = .adjustment
            fields.quantity = quantity
            fields.reason = Bytes("stock_correction")
            fields.note = description
        }
        return .movement(fields, pair: 2 * number + (isHome ? 0 : 1), local: time.seconds)
    }

    private mutating func note(_ code: Bytes, description: Bytes, price: DecimalAmount) -> Int {
        let (number, isNew) = codes.insert(code)
        if isNew {
            products.append(Product())
            pairs.append(Pair())
            pairs.append(Pair())
        }
        if products[number].name == nil, !description.isEmpty { products[number].name = description.text }
        if products[number].openingCost == nil, price.digits > 0 { products[number].openingCost = price.openingCost }
        return number
    }

    private static func skip(_ code: Bytes) -> Skip? {
        if !code.containsDigit { return .noDigit }
        if code.equals("C2") { return .carriage }
        if code.begins(with: "gift_") { return .giftVoucher }
        if code.begins(with: "DCGS") { return .dotcomGift }
        return nil
    }
}
