/// How the rows of a file become lines of requests. A file is read twice: the survey sees every row and finds what is
/// wrong and what must be known beforehand, so that nothing has been sent when a file turns out to be broken; then the
/// lines are written.
package protocol RowSource {
    /// The requests that its lines are sent in.
    static var shape: any BatchShape { get }

    /// What its idempotency keys begin with: it tells the ways apart in which one content can be read.
    static var keyWord: String { get }

    /// Looks at one row of the first pass.
    mutating func survey(_ row: borrowing CSVReader) throws(ImportError)

    /// Items and locations that must exist before the first line is sent. Asked for once, after the survey.
    var catalogue: Catalogue { get }

    /// Whether a row must not go into the same request as what is in the batch already.
    func closes(_ batch: borrowing BatchBuilder, before row: borrowing CSVReader) -> Bool

    /// Writes one row of the second pass as one or more lines, as an invalid row, or not at all. Returns how many lines
    /// it wrote, at most what its shape allows for a row.
    mutating func post(_ row: borrowing CSVReader, into batch: inout BatchBuilder) throws(ImportError) -> Int

    /// What the survey counted.
    var counts: SurveyCounts { get }
}

extension RowSource {
    package static var shape: any BatchShape { MovementBatch() }
    package func closes(_ batch: borrowing BatchBuilder, before row: borrowing CSVReader) -> Bool { false }
}

/// What a first pass found.
package struct SurveyCounts: Hashable, Sendable, Codable {
    /// Records in the file, without the header.
    package var linesRead = 0
    /// Lines that will be posted.
    package var postable = 0
    /// Lines that can't be sent; they go to the errors file.
    package var invalid = 0
    /// Lines that are passed over on purpose, by reason.
    package var skipped: [String: Int] = [:]
    /// Receipts that the import adds itself.
    package var openings = 0
    /// Σ of their quantities, base units.
    package var openingQuantity: Int64 = 0
    /// Σ of quantity × unit cost, in ten-thousandths of the currency.
    package var openingValue: Int64 = 0
    /// The movements that will be posted, openings included.
    package var kinds = KindTally()

    package init() {}

    package var skippedTotal: Int { skipped.values.reduce(0, +) }
    /// Lines that will be sent.
    package var postings: Int { postable + openings }
}

/// What must exist before a line can name it.
package struct Catalogue: Sendable {
    /// An item to create.
    package struct Item: Hashable, Sendable {
        package var sku: String
        package var name: String
        package var barcode: String?
        /// Selling price as a plain decimal.
        package var price: String?
        /// Base units.
        package var reorderPoint: Int64?

        package init(sku: String, name: String, price: String? = nil, reorderPoint: Int64? = nil) {
            self.sku = sku
            self.name = name
            self.price = price
            self.reorderPoint = reorderPoint
        }
    }

    /// A location to create.
    package struct Location: Hashable, Sendable {
        package var code: String
        package var name: String
        /// IANA name.
        package var timeZone: String?

        package init(code: String, name: String, timeZone: String? = nil) {
            self.code = code
            self.name = name
            self.timeZone = timeZone
        }
    }

    package var items: [Item]
    package var locations: [Location]

    package init(items: [Item] = [], locations: [Location] = []) {
        self.items = items
        self.locations = locations
    }
}
