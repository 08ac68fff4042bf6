import LedgerCore
import LedgerStorage

/// Exceptional deliveries and their attempts. `$1` is the realm throughout.
enum DeliveryStatements {
    private static let columns = """
        webhook, seq, status, attempts, last_ordinal, next_attempt_at, updated_at, event_name
        """

    static let delivery = SQL(
        "delivery",
        """
        SELECT \(columns) FROM bincard.delivery
        WHERE realm = $1 AND webhook = $2 AND seq = $3
        """)

    /// All that are pending, for a start.
    static let pending = SQL(
        "pending",
        """
        SELECT \(columns) FROM bincard.delivery
        WHERE realm = $1 AND status = 1 AND \(byWebhook) ORDER BY webhook, seq
        """)

    static let ofWebhook = SQL(
        "deliveries_of_webhook",
        """
        SELECT \(columns) FROM bincard.delivery
        WHERE realm = $1 AND webhook = $2 AND seq >= $3 AND seq <= $4
            AND ($5::text[] IS NULL OR event_name = ANY ($5))
        ORDER BY seq DESC LIMIT $6
        """)

    /// What names the indexes `delivery_of_webhook` and `delivery_of_all` (`DeliverySchema`).
    private static let byWebhook = "(webhook + 0) IS NOT NULL"
    private static let bySeq = "(seq + 0) IS NOT NULL"

    static let ofWebhookByStatus = SQL(
        "deliveries_of_webhook_by_status",
        """
        SELECT \(columns) FROM bincard.delivery
        WHERE realm = $1 AND status = $7 AND \(byWebhook) AND webhook = $2 AND seq >= $3 AND seq <= $4
            AND ($5::text[] IS NULL OR event_name = ANY ($5))
        ORDER BY seq DESC LIMIT $6
        """)

    private static func ofAll(_ status: String) -> String {
        """
        SELECT \(columns) FROM bincard.delivery
        WHERE realm = $1 AND status = \(status) AND \(bySeq) AND seq >= $2 AND (seq, webhook) < ($3, $4)
            AND ($5::text[] IS NULL OR event_name = ANY ($5))
        ORDER BY seq DESC, webhook DESC LIMIT $6
        """
    }

    static let ofAllByStatus = SQL("deliveries_by_status", ofAll("$7"))

    /// There is an index by status and none over all: three short lists make one.
    static let ofAll = SQL(
        "deliveries",
        DeliveryStatus.allCases.map { "(\(ofAll("\($0.rawValue)")))" }.joined(separator: "\nUNION ALL\n")
            + "\nORDER BY seq DESC, webhook DESC LIMIT $6")

    static let deadSeqs = SQL(
        "dead_seqs",
        """
        SELECT seq FROM bincard.delivery
        WHERE realm = $1 AND status = 2 AND \(byWebhook) AND webhook = $2 AND seq >= $3 AND seq <= $4
        ORDER BY seq LIMIT $5
        """)

    private static func count(_ status: DeliveryStatus) -> String {
        """
        (SELECT count(*) FROM bincard.delivery
            WHERE realm = $1 AND status = \(status.rawValue) AND \(byWebhook) AND webhook = $2)
        """
    }

    static let counts = SQL("delivery_counts", "SELECT \(count(.pending)), \(count(.dead))")

    static let attempts = SQL(
        "attempts",
        "SELECT data FROM bincard.attempt WHERE realm = $1 AND webhook = $2 AND seq = $3 ORDER BY ordinal")

    /// Of several deliveries: the place of each, from 1. `OFFSET 0` keeps the planner, which knows nothing of how many
    /// attempts there are, from reading all of them to join them.
    static let attemptsOfEach = SQL(
        "attempts_of_each",
        """
        SELECT u.place, a.data FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS u(webhook, seq, place)
        CROSS JOIN LATERAL (
            SELECT data FROM bincard.attempt WHERE realm = $1 AND webhook = u.webhook AND seq = u.seq
            ORDER BY ordinal OFFSET 0
        ) AS a
        """)

    /// A statement of which `$2` and `$3` name a delivery.
    static func statement(_ sql: SQL, of id: DeliveryID, _ context: RealmContext) -> Statement {
        var parameters = context.parameters
        parameters.add(id.webhook)
        parameters.add(id.seq)
        return Statement(sql, parameters)
    }

    /// nil when nothing can be in the list.
    static func list(_ query: DeliveryQuery, _ context: RealmContext) -> Statement? {
        let last = Int64(clamping: query.seqs.upperBound)
        guard query.limit > 0, let first = Int64(exactly: query.seqs.lowerBound) else { return nil }
        var parameters = context.parameters
        if let webhook = query.webhook {
            parameters.add(webhook)
            parameters.add(first)
            var last = last
            if let before = query.before, let seq = Int64(exactly: before.seq) {
                last = min(last, webhook < before.webhook ? seq : seq - 1)
            }
            parameters.add(last)
        } else {
            // Exclusive: above every endpoint's delivery of the last seq. (No endpoint has the last number there is.)
            var before = DeliveryID(webhook: WebhookNumber(rawValue: .max), seq: UInt64(max(0, last)))
            if let asked = query.before, (asked.seq, asked.webhook) < (before.seq, before.webhook) { before = asked }
            parameters.add(first)
            parameters.add(before.seq)
            parameters.add(before.webhook)
        }
        if let names = query.eventNames {
            // No text in the database has a zero byte.
            parameters.add(array: names.filter { !$0.utf8.contains(0) })
        } else {
            parameters.addNull()
        }
        parameters.add(Int64(query.limit))
        guard let status = query.status else {
            return Statement(query.webhook == nil ? ofAll : ofWebhook, parameters)
        }
        parameters.add(Int64(status.rawValue))
        return Statement(query.webhook == nil ? ofAllByStatus : ofWebhookByStatus, parameters)
    }

    static func deliveries(_ rows: PostgresRows) throws(StoreError) -> [ExceptionalDelivery] {
        var deliveries: [ExceptionalDelivery] = []
        deliveries.reserveCapacity(rows.count)
        for row in rows.rows {
            guard let status = UInt8(exactly: row.int64(2)).flatMap(DeliveryStatus.init(rawValue:)) else {
                throw .corrupt(seq: nil, detail: "a delivery has the unknown status \(row.int64(2))")
            }
            deliveries.append(
                ExceptionalDelivery(
                    id: DeliveryID(webhook: row.webhook(0), seq: row.uint64(1)), status: status,
                    attempts: Int(row.int64(3)), lastOrdinal: Int(row.int64(4)),
                    nextAttemptAt: row.instantIfPresent(5), updatedAt: row.instant(6), eventName: row.text(7)))
        }
        return deliveries
    }
}

/// Deliveries that arrived at the first attempt, a page of them in a row.
enum DeliveryPageStatements {
    /// Pages in one answer.
    static let most = 32

    /// Where a search reads next.
    struct Chunk {
        var webhook: WebhookNumber
        var seqs: ClosedRange<UInt64>
        /// The first page to read, or below it.
        var lastSeq: Int64
        var number: Int64
        /// How many deliveries the search still needs; below 1 when a further page may be needed or not.
        var missing: Int64
    }

    /// Pages that may hold seqs of a range, the one that reaches furthest up first. `data` is NULL, and is not read, of
    /// those that may not be needed: the ones before them hold as many as are missing, or 4 MiB.
    static let reaching = SQL(
        "pages_reaching",
        """
        SELECT last_seq, number, CASE WHEN held < $7::bigint AND bytes < 4194304 THEN data END
        FROM (
            SELECT last_seq, number, data, sum(deliveries) OVER above - deliveries AS held,
                sum(length(data)) OVER above - length(data) AS bytes
            FROM (
                SELECT last_seq, number, deliveries, data FROM bincard.delivery_page
                WHERE realm = $1 AND (webhook + 0) IS NOT NULL AND webhook = $2 AND last_seq >= $3
                    AND (last_seq, number) <= ($4, $5)
                    AND first_seq <= $6
                ORDER BY last_seq DESC, number DESC LIMIT 32
            ) AS newest
            WINDOW above AS (ORDER BY last_seq DESC, number DESC)
        ) AS page ORDER BY last_seq DESC, number DESC
        """)

    static func read(_ chunk: Chunk, _ context: RealmContext) -> Statement {
        var parameters = context.parameters
        parameters.add(chunk.webhook)
        parameters.add(chunk.seqs.lowerBound)
        parameters.add(chunk.lastSeq)
        parameters.add(chunk.number)
        parameters.add(Int64(clamping: chunk.seqs.upperBound))
        parameters.add(chunk.missing)
        return Statement(reaching, parameters)
    }
}
