import GRDB
import LedgerCore
import LedgerStorage

/// The rows of webhook endpoints: what the journal says of each, in the journal's own encoding.
enum WebhookStatements {
    static let replace = "INSERT OR REPLACE INTO webhook (number, data) VALUES (?, ?)"

    static let all = "SELECT data FROM webhook ORDER BY number"

    static func write(_ webhooks: [WebhookEndpoint], _ db: Database) throws {
        guard !webhooks.isEmpty else { return }
        let statement = try BoundStatement(replace, db)
        for webhook in webhooks {
            statement.bind(UInt64(webhook.number.rawValue), at: 1)
            statement.bind(EntryCodec.row(of: webhook), at: 2)
            try statement.run()
        }
    }

    static func webhooks(_ db: Database) throws -> [WebhookEndpoint] {
        var webhooks: [WebhookEndpoint] = []
        try BoundStatement(all, db).forEachRow { row in
            webhooks.append(try EntryCodec.webhook(row: [UInt8](row.blob(0))))
        }
        return webhooks
    }
}
