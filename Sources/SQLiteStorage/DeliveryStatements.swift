import GRDB
import LedgerCore
import LedgerStorage

/// Exceptional deliveries and their attempts.
///
/// The lists name the index that serves them: without statistics SQLite would take the primary key for some.
enum DeliveryStatements {
    static let replace = """
        INSERT INTO delivery (
            webhook, seq, status, attempts, last_ordinal, next_attempt_at, updated_at, event_name
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (webhook, seq) DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
            last_ordinal = excluded.last_ordinal, next_attempt_at = excluded.next_attempt_at,
            updated_at = excluded.updated_at, event_name = excluded.event_name
        """

    private static let columns = """
        webhook, seq, status, attempts, last_ordinal, next_attempt_at, updated_at, event_name
        """

    static let delivery = "SELECT \(columns) FROM delivery WHERE webhook = ? AND seq = ?"

    /// All that are pending, for a start.
    static let pending = """
        SELECT \(columns) FROM delivery INDEXED BY delivery_of_webhook WHERE status = 1 ORDER BY webhook, seq
        """

    static let ofWebhook = """
        SELECT \(columns) FROM delivery WHERE webhook = ? AND seq >= ? AND seq <= ? ORDER BY seq DESC
        """

    static let ofWebhookByStatus = """
        SELECT \(columns) FROM delivery INDEXED BY delivery_of_webhook
        WHERE status = ? AND webhook = ? AND seq >= ? AND seq <= ? ORDER BY seq DESC
        """

    static let ofAllByStatus = """
        SELECT \(columns) FROM delivery INDEXED BY delivery_of_all
        WHERE status = ? AND seq >= ? AND (seq, webhook) < (?, ?) ORDER BY seq DESC, webhook DESC
        """

    static let seqsByStatus = """
        SELECT seq FROM delivery INDEXED BY delivery_of_webhook
        WHERE status = ? AND webhook = ? AND seq >= ? AND seq <= ? ORDER BY seq LIMIT ?
        """

    static let count = "SELECT count(*) FROM delivery INDEXED BY delivery_of_webhook WHERE status = ? AND webhook = ?"

    /// One that was written before is replaced: after a power cut the same attempt is made again.
    static let replaceAttempt = "INSERT OR REPLACE INTO attempt (webhook, seq, ordinal, data) VALUES (?, ?, ?, ?)"

    static let attempts = "SELECT data FROM attempt WHERE webhook = ? AND seq = ? ORDER BY ordinal"

    static func write(_ deliveries: [ExceptionalDelivery], _ db: Database) throws {
        guard !deliveries.isEmpty else { return }
        let statement = try BoundStatement(replace, db)
        for delivery in deliveries {
            statement.bind(delivery.id.webhook, at: 1)
            statement.bind(delivery.id.seq, at: 2)
            statement.bind(delivery.status, at: 3)
            statement.bind(Int64(delivery.attempts), at: 4)
            statement.bind(Int64(delivery.lastOrdinal), at: 5)
            statement.bind(delivery.nextAttemptAt?.milliseconds, at: 6)
            statement.bind(delivery.updatedAt.milliseconds, at: 7)
            statement.bind(delivery.eventName, at: 8)
            try statement.run()
        }
    }

    static func delivery(_ id: DeliveryID, _ db: Database) throws -> ExceptionalDelivery? {
        let statement = try BoundStatement(delivery, db)
        defer { statement.finish() }
        statement.bind(id.webhook, at: 1)
        statement.bind(id.seq, at: 2)
        return try statement.step() ? try delivery(statement) : nil
    }

    static func pending(_ db: Database) throws -> [ExceptionalDelivery] {
        var pending: [ExceptionalDelivery] = []
        try BoundStatement(Self.pending, db).forEachRow { pending.append(try delivery($0)) }
        return pending
    }

    static func deliveries(_ query: DeliveryQuery, _ db: Database) throws -> [ExceptionalDelivery] {
        let last = Int64(clamping: query.seqs.upperBound)
        guard query.limit > 0, let first = Int64(exactly: query.seqs.lowerBound) else { return [] }
        if let webhook = query.webhook {
            return try deliveries(to: webhook, query, from: first, to: last, db)
        }
        // Exclusive: above every endpoint's delivery of the last seq.
        // (No endpoint has the last number there is.)
        var before = DeliveryID(webhook: WebhookNumber(rawValue: .max), seq: UInt64(max(0, last)))
        if let asked = query.before, (asked.seq, asked.webhook) < (before.seq, before.webhook) { before = asked }
        // There is an index by status and none over all: three short lists make one.
        var deliveries: [ExceptionalDelivery] = []
        for status in query.status.map({ [$0] }) ?? DeliveryStatus.allCases {
            let statement = try BoundStatement(ofAllByStatus, db)
            statement.bind(status, at: 1)
            statement.bind(first, at: 2)
            statement.bind(before.seq, at: 3)
            statement.bind(before.webhook, at: 4)
            deliveries += try list(statement, query)
        }
        guard query.status == nil else { return deliveries }
        deliveries.sort { ($0.id.seq, $0.id.webhook) > ($1.id.seq, $1.id.webhook) }
        return Array(deliveries.prefix(query.limit))
    }

    private static func deliveries(
        to webhook: WebhookNumber, _ query: DeliveryQuery, from first: Int64, to last: Int64, _ db: Database
    ) throws -> [ExceptionalDelivery] {
        var last = last
        if let before = query.before, let seq = Int64(exactly: before.seq) {
            last = min(last, webhook < before.webhook ? seq : seq - 1)
        }
        let statement = try BoundStatement(query.status == nil ? ofWebhook : ofWebhookByStatus, db)
        var index: Int32 = 1
        if let status = query.status {
            statement.bind(status, at: index)
            index += 1
        }
        statement.bind(webhook, at: index)
        statement.bind(first, at: index + 1)
        statement.bind(last, at: index + 2)
        return try list(statement, query)
    }

    /// Rows as they come, as far as the query wants them.
    private static func list(_ statement: BoundStatement, _ query: DeliveryQuery) throws -> [ExceptionalDelivery] {
        defer { statement.finish() }
        let names = query.eventNames.map(Set.init)
        var deliveries: [ExceptionalDelivery] = []
        while deliveries.count < query.limit, try statement.step() {
            if let names, !names.contains(statement.text(7)) { continue }
            deliveries.append(try delivery(statement))
        }
        return deliveries
    }

    static func deadSeqs(
        of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int, _ db: Database
    ) throws -> [UInt64] {
        guard limit > 0, let first = Int64(exactly: seqs.lowerBound) else { return [] }
        let statement = try BoundStatement(seqsByStatus, db)
        statement.bind(.dead, at: 1)
        statement.bind(webhook, at: 2)
        statement.bind(first, at: 3)
        statement.bind(Int64(clamping: seqs.upperBound), at: 4)
        statement.bind(Int64(limit), at: 5)
        var dead: [UInt64] = []
        try statement.forEachRow { dead.append($0.uint64(0)) }
        return dead
    }

    static func count(of webhook: WebhookNumber, _ status: DeliveryStatus, _ db: Database) throws -> Int {
        let statement = try BoundStatement(count, db)
        defer { statement.finish() }
        statement.bind(status, at: 1)
        statement.bind(webhook, at: 2)
        return try statement.step() ? Int(statement.int64(0)) : 0
    }

    static func write(_ attempts: [NumberedAttempt], _ db: Database) throws {
        guard !attempts.isEmpty else { return }
        let statement = try BoundStatement(replaceAttempt, db)
        for attempt in attempts {
            statement.bind(attempt.delivery.webhook, at: 1)
            statement.bind(attempt.delivery.seq, at: 2)
            statement.bind(Int64(attempt.ordinal), at: 3)
            let data = DeliveryCodec.encode(attempt.attempt)
            try data.withUnsafeBytes { data in
                statement.bind(lending: data, at: 4)
                try statement.run()
            }
        }
    }

    static func attempts(of id: DeliveryID, _ db: Database) throws -> [DeliveryAttempt] {
        let statement = try BoundStatement(attempts, db)
        statement.bind(id.webhook, at: 1)
        statement.bind(id.seq, at: 2)
        var attempts: [DeliveryAttempt] = []
        try statement.forEachRow { attempts.append(try DeliveryCodec.attempt($0.blob(0))) }
        return attempts
    }

    private static func delivery(_ row: BoundStatement) throws -> ExceptionalDelivery {
        guard let status = UInt8(exactly: row.int64(2)).flatMap(DeliveryStatus.init(rawValue:)) else {
            throw StoreError.corrupt(seq: nil, detail: "a delivery has the unknown status \(row.int64(2))")
        }
        return ExceptionalDelivery(
            id: DeliveryID(webhook: row.webhook(0), seq: row.uint64(1)), status: status, attempts: Int(row.int64(3)),
            lastOrdinal: Int(row.int64(4)), nextAttemptAt: row.int64IfPresent(5).map(Instant.init(milliseconds:)),
            updatedAt: row.instant(6), eventName: row.text(7))
    }
}

extension BoundStatement {
    fileprivate func bind(_ status: DeliveryStatus, at index: Int32) { bind(Int64(status.rawValue), at: index) }
}
