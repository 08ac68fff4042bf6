import LedgerCore
import LedgerStorage

/// The lease of a realm's deliveries: calls of one function each.
enum DeliveryLeaseStatements {
    private static let take = SQL("take_dispatch", "SELECT bincard.take_dispatch($1, $2, $3, $4)")

    private static let keep = SQL("keep_dispatch", "SELECT bincard.keep_dispatch($1, $2, $3, $4, $5)")

    /// - Parameter former: a holder whose lease may be taken as well.
    static func take(for holder: Int64, former: Int64?, _ context: RealmContext) -> Statement {
        var parameters = context.sealedParameters
        parameters.add(holder)
        parameters.add(former)
        return Statement(take, parameters)
    }

    /// - Parameter keep: false to give it up.
    static func keep(_ keep: Bool, by holder: Int64, former: Int64?, _ context: RealmContext) -> Statement {
        var parameters = context.sealedParameters
        parameters.add(holder)
        parameters.add(former)
        parameters.add(keep)
        return Statement(Self.keep, parameters)
    }
}

/// What a start reads: how far the dispatcher has read what the journal asks of it, lanes, the health of endpoints, and
/// what must be sent again.
enum DeliveryLaneStatements {
    static let controlSeq = SQL("control_seq", "SELECT control_seq FROM bincard.dispatch WHERE realm = $1")

    static let lanes = SQL(
        "lanes",
        """
        SELECT webhook, origin, next_seq, settled, last_seq, events, dead_only FROM bincard.lane
        WHERE realm = $1 ORDER BY webhook, origin
        """)

    static let health = SQL(
        "health",
        """
        SELECT webhook, failing_since, consecutive_failures, last_success_at, last_failure_at, delivered, died
        FROM bincard.endpoint_health WHERE realm = $1 ORDER BY webhook
        """)

    /// In one snapshot.
    static func opening(_ context: RealmContext) -> [Statement] {
        [Statement(RealmStatements.beginSnapshot), context.entering]
            + [controlSeq, lanes, health, DeliveryStatements.pending].map { Statement($0, context.parameters) }
            + [Statement(CommitStatements.commit)]
    }

    /// What the statements of `opening` gave.
    static func opened(_ rows: [PostgresRows]) throws(StoreError) -> OpenedDeliveries {
        guard rows.count == 7, let dispatch = rows[2].first else {
            throw .corrupt(seq: nil, detail: "the realm's deliveries have no row in bincard.dispatch")
        }
        var opened = OpenedDeliveries(controlSeq: dispatch.uint64(0))
        for row in rows[3].rows { opened.lanes.append(try lane(row)) }
        for row in rows[4].rows { opened.health.append(health(row)) }
        opened.pending = try DeliveryStatements.deliveries(rows[5])
        return opened
    }

    private static func lane(_ row: PostgresRow) throws(StoreError) -> DeliveryLane {
        DeliveryLane(
            id: LaneID(webhook: row.webhook(0), origin: row.uint64(1)), nextSeq: row.uint64(2),
            settledAhead: try DeliveryCodec.seqs(row.blob(3), from: row.uint64(2)),
            lastSeq: row.int64IfPresent(4).map { UInt64(bitPattern: $0) },
            events: row.isNull(5) ? nil : try DeliveryCodec.patterns(row.blob(5)), deadOnly: row.bool(6))
    }

    private static func health(_ row: PostgresRow) -> EndpointHealth {
        EndpointHealth(
            webhook: row.webhook(0), failingSince: row.instantIfPresent(1), consecutiveFailures: Int(row.int64(2)),
            lastSuccessAt: row.instantIfPresent(3), lastFailureAt: row.instantIfPresent(4), delivered: row.uint64(5),
            died: row.uint64(6))
    }
}

extension PostgresRow {
    func webhook(_ column: Int32) -> WebhookNumber {
        WebhookNumber(rawValue: UInt32(truncatingIfNeeded: int64(column)))
    }
}

extension Parameters {
    mutating func add(_ webhook: WebhookNumber) { add(Int64(webhook.rawValue)) }
}
