import GRDB
import LedgerCore
import LedgerStorage

/// Where the dispatcher is: lanes, the health of endpoints, and how far it has read what the journal asks of it.
enum DeliveryLaneStatements {
    static let replaceLane = """
        INSERT INTO lane (webhook, origin, next_seq, settled, last_seq, events, dead_only)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (webhook, origin) DO UPDATE SET next_seq = excluded.next_seq, settled = excluded.settled,
            last_seq = excluded.last_seq, events = excluded.events, dead_only = excluded.dead_only
        """

    static let lanes = """
        SELECT webhook, origin, next_seq, settled, last_seq, events, dead_only FROM lane ORDER BY webhook, origin
        """

    static let deleteLane = "DELETE FROM lane WHERE webhook = ? AND origin = ?"

    static let replaceHealth = """
        INSERT OR REPLACE INTO health (
            webhook, failing_since, consecutive_failures, last_success_at, last_failure_at, delivered, died
        ) VALUES (?, ?, ?, ?, ?, ?, ?)
        """

    static let health = """
        SELECT webhook, failing_since, consecutive_failures, last_success_at, last_failure_at, delivered, died
        FROM health ORDER BY webhook
        """

    static let setControlSeq = "UPDATE dispatch_state SET control_seq = ? WHERE only = 1"

    static let controlSeq = "SELECT control_seq FROM dispatch_state WHERE only = 1"

    static func write(_ lanes: [DeliveryLane], _ db: Database) throws {
        guard !lanes.isEmpty else { return }
        let statement = try BoundStatement(replaceLane, db)
        for lane in lanes {
            statement.bind(lane.id.webhook, at: 1)
            statement.bind(lane.id.origin, at: 2)
            statement.bind(lane.nextSeq, at: 3)
            statement.bind(DeliveryCodec.encode(seqs: lane.settledAhead, from: lane.nextSeq), at: 4)
            statement.bind(lane.lastSeq.map { Int64(bitPattern: $0) }, at: 5)
            statement.bind(lane.events.map { DeliveryCodec.encode(patterns: $0) }, at: 6)
            statement.bind(Int64(lane.deadOnly ? 1 : 0), at: 7)
            try statement.run()
        }
    }

    static func lanes(_ db: Database) throws -> [DeliveryLane] {
        var lanes: [DeliveryLane] = []
        try BoundStatement(Self.lanes, db).forEachRow { row in
            lanes.append(
                DeliveryLane(
                    id: LaneID(webhook: row.webhook(0), origin: row.uint64(1)),
                    nextSeq: row.uint64(2),
                    settledAhead: try DeliveryCodec.seqs(row.blob(3), from: row.uint64(2)),
                    lastSeq: row.int64IfPresent(4).map { UInt64(bitPattern: $0) },
                    events: row.isNull(5) ? nil : try DeliveryCodec.patterns(row.blob(5)),
                    deadOnly: row.int64(6) != 0))
        }
        return lanes
    }

    static func delete(_ lanes: [LaneID], _ db: Database) throws {
        guard !lanes.isEmpty else { return }
        let statement = try BoundStatement(deleteLane, db)
        for lane in lanes {
            statement.bind(lane.webhook, at: 1)
            statement.bind(lane.origin, at: 2)
            try statement.run()
        }
    }

    static func write(_ health: [EndpointHealth], _ db: Database) throws {
        guard !health.isEmpty else { return }
        let statement = try BoundStatement(replaceHealth, db)
        for health in health {
            statement.bind(health.webhook, at: 1)
            statement.bind(health.failingSince?.milliseconds, at: 2)
            statement.bind(Int64(health.consecutiveFailures), at: 3)
            statement.bind(health.lastSuccessAt?.milliseconds, at: 4)
            statement.bind(health.lastFailureAt?.milliseconds, at: 5)
            statement.bind(health.delivered, at: 6)
            statement.bind(health.died, at: 7)
            try statement.run()
        }
    }

    static func health(_ db: Database) throws -> [EndpointHealth] {
        var all: [EndpointHealth] = []
        try BoundStatement(Self.health, db).forEachRow { row in
            all.append(
                EndpointHealth(
                    webhook: row.webhook(0),
                    failingSince: row.int64IfPresent(1).map(Instant.init(milliseconds:)),
                    consecutiveFailures: Int(row.int64(2)),
                    lastSuccessAt: row.int64IfPresent(3).map(Instant.init(milliseconds:)),
                    lastFailureAt: row.int64IfPresent(4).map(Instant.init(milliseconds:)),
                    delivered: row.uint64(5), died: row.uint64(6)))
        }
        return all
    }

    static func setControlSeq(_ seq: UInt64, _ db: Database) throws {
        let statement = try BoundStatement(setControlSeq, db)
        statement.bind(seq, at: 1)
        try statement.run()
    }

    static func controlSeq(_ db: Database) throws -> UInt64 {
        let statement = try BoundStatement(controlSeq, db)
        defer { statement.finish() }
        guard try statement.step() else { throw StoreError.corrupt(seq: nil, detail: "dispatch_state has no row") }
        return statement.uint64(0)
    }
}

extension BoundStatement {
    func bind(_ webhook: WebhookNumber, at index: Int32) { bind(Int64(webhook.rawValue), at: index) }

    func webhook(_ column: Int32) -> WebhookNumber {
        WebhookNumber(rawValue: UInt32(truncatingIfNeeded: int64(column)))
    }
}
