import GRDB
import LedgerCore
import LedgerStorage

/// Deliveries that arrived at the first attempt, a page of them in a row.
enum DeliveryPageStatements {
    static let insert = "INSERT INTO page (webhook, first_seq, last_seq, recorded_at, data) VALUES (?, ?, ?, ?, ?)"

    /// Those that may hold seqs of a range, the one that reaches furthest up first. `data` is read only of those that
    /// do hold some.
    static let reaching = """
        SELECT first_seq, last_seq, data FROM page INDEXED BY page_of_webhook
        WHERE webhook = ? AND last_seq >= ? AND last_seq <= ? ORDER BY last_seq DESC, number DESC
        """

    static let after = "SELECT number, webhook, recorded_at, data FROM page WHERE number > ? ORDER BY number LIMIT ?"

    static func pages(
        after number: Int64, limit: Int, _ db: Database
    ) throws -> [(number: Int64, page: DeliveryPage)] {
        let statement = try BoundStatement(after, db)
        statement.bind(number, at: 1)
        statement.bind(Int64(limit), at: 2)
        var pages: [(number: Int64, page: DeliveryPage)] = []
        try statement.forEachRow { row in
            let page = DeliveryPage(
                webhook: WebhookNumber(rawValue: UInt32(truncatingIfNeeded: row.int64(1))), recordedAt: row.instant(2),
                deliveries: try DeliveryCodec.deliveries(row.blob(3)))
            pages.append((row.int64(0), page))
        }
        return pages
    }

    static func write(_ pages: [DeliveryPage], _ db: Database) throws {
        guard !pages.isEmpty else { return }
        let statement = try BoundStatement(insert, db)
        for page in pages {
            guard let first = page.deliveries.first?.seq, let last = page.deliveries.last?.seq else { continue }
            statement.bind(page.webhook, at: 1)
            statement.bind(first, at: 2)
            statement.bind(last, at: 3)
            statement.bind(page.recordedAt.milliseconds, at: 4)
            let data = DeliveryCodec.encode(page.deliveries)
            try data.withUnsafeBytes { data in
                statement.bind(lending: data, at: 5)
                try statement.run()
            }
        }
    }

    static func deliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int, _ db: Database
    ) throws -> (deliveries: [FirstDelivery], searchedFrom: UInt64) {
        var search = FirstDeliverySearch(seqs: seqs, limit: limit)
        let statement = try BoundStatement(reaching, db)
        defer { statement.finish() }
        statement.bind(webhook, at: 1)
        statement.bind(Int64(clamping: seqs.lowerBound), at: 2)
        // No page reaches further down from its last seq than its span.
        let highest = seqs.upperBound.addingReportingOverflow(DeliveryPage.maximumSpan - 1)
        statement.bind(highest.overflow ? .max : Int64(clamping: highest.partialValue), at: 3)
        while try statement.step(), search.wantsPage(reaching: statement.uint64(1)) {
            guard statement.uint64(0) <= seqs.upperBound else { continue }
            search.take(try DeliveryCodec.deliveries(statement.blob(2)))
        }
        return search.result
    }
}
