/// How the rows of a file become movements. A file is read twice: the survey sees every row and finds what is wrong
/// and what must be known beforehand, so that nothing has been sent when a file turns out to be broken; then the
/// movements are written.
package protocol MovementSource {
    /// Looks at one row of the first pass.
    mutating func survey(_ row: borrowing CSVReader) throws(ImportError)

    /// Items and locations that must exist before the first movement is sent. Asked for once, after the survey.
    var catalogue: Catalogue { get }

    /// Writes one row of the second pass as one or two movements, as an invalid row, or not at all. Returns how many
    /// movements it wrote.
    mutating func post(_ row: borrowing CSVReader, into batch: inout BatchBuilder) throws(ImportError) -> Int

    /// What the survey counted.
    var counts: SurveyCounts { get }
}

/// What a first pass found.
package struct SurveyCounts: Hashable, Sendable, Codable {
    /// Records in the file, without the header.
    package var linesRead = 0
    /// Lines that will be posted.
    package var postable = 0
    /// Lines that can be no movement; they go to the errors file.
    package var invalid = 0
    /// Lines that are passed over on purpose, by reason.
    package var skipped: [String: Int] = [:]
    /// Receipts that the import adds itself.
    package var openings = 0
    /// Σ of their quantities, base units.
    package var openingQuantity: Int64 = 0
    /// Σ of quantity × unit cost, in ten-thousandths of the currency.
    package var openingValue: Int64 = 0
    /// What will be posted, openings included.
    package var kinds = KindTally()

    package init() {}

    package var skippedTotal: Int { skipped.values.reduce(0, +) }
    /// Movements that will be sent.
    package var postings: Int { postable + openings }
}

/// What must exist before movements can name it.
package struct Catalogue: Sendable {
    /// An item to create.
    package struct Item: Hashable, Sendable {
        package var sku: String
        package var name: String
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
