import LedgerCore
import LedgerStorage

/// A unit as one call of `bincard.write_deliveries`: each kind of row as arrays of its columns.
enum DeliveryUnitStatement {
    private static let write = SQL(
        "write_deliveries",
        """
        SELECT is_left, held_until FROM bincard.write_deliveries($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
            $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34,
            $35, $36, $37, $38, $39, $40, $41)
        """)

    static func write(_ unit: DeliveryUnit, by holder: Int64, _ context: RealmContext) -> Statement {
        var parameters = context.sealedParameters
        parameters.add(holder)
        parameters.add(unit.controlSeq.map { Int64(bitPattern: $0) })
        add(lastOfEach(unit.lanes, by: \.id), to: &parameters)
        parameters.add(array: unit.endedLanes.map { Int64($0.webhook.rawValue) })
        parameters.add(array: unit.endedLanes.map { Int64(bitPattern: $0.origin) })
        add(lastOfEach(unit.deliveries, by: \.id), to: &parameters)
        add(unit.attempts, to: &parameters)
        add(unit.pages, to: &parameters)
        add(lastOfEach(unit.health, by: \.webhook), to: &parameters)
        parameters.add(array: unit.removedWebhooks.map { Int64($0.rawValue) })
        parameters.add(unit.dropBefore?.milliseconds)
        parameters.add(unit.dropDeadBefore?.milliseconds)
        return Statement(write, parameters)
    }

    /// A statement writes no row twice: of several with one key the last counts.
    private static func lastOfEach<Row, Key: Hashable>(_ rows: [Row], by key: (Row) -> Key) -> [Row] {
        guard rows.count > 1 else { return rows }
        var seen: Set<Key> = []
        return rows.reversed().filter { seen.insert(key($0)).inserted }.reversed()
    }

    private static func add(_ lanes: [DeliveryLane], to parameters: inout Parameters) {
        parameters.add(array: lanes.map { Int64($0.id.webhook.rawValue) })
        parameters.add(array: lanes.map { Int64(bitPattern: $0.id.origin) })
        parameters.add(array: lanes.map { Int64(bitPattern: $0.nextSeq) })
        parameters.add(array: lanes.map { DeliveryCodec.encode(seqs: $0.settledAhead, from: $0.nextSeq) })
        parameters.add(optionals: lanes.map { $0.lastSeq.map { Int64(bitPattern: $0) } })
        parameters.add(optionals: lanes.map { $0.events.map { DeliveryCodec.encode(patterns: $0) } })
        parameters.add(array: lanes.map { Int64($0.deadOnly ? 1 : 0) })
    }

    private static func add(_ deliveries: [ExceptionalDelivery], to parameters: inout Parameters) {
        parameters.add(array: deliveries.map { Int64($0.id.webhook.rawValue) })
        parameters.add(array: deliveries.map { Int64(bitPattern: $0.id.seq) })
        parameters.add(array: deliveries.map { Int64($0.status.rawValue) })
        parameters.add(array: deliveries.map { Int64($0.attempts) })
        parameters.add(array: deliveries.map { Int64($0.lastOrdinal) })
        parameters.add(optionals: deliveries.map { $0.nextAttemptAt?.milliseconds })
        parameters.add(array: deliveries.map(\.updatedAt.milliseconds))
        parameters.add(array: deliveries.map(\.eventName))
    }

    private static func add(_ attempts: [NumberedAttempt], to parameters: inout Parameters) {
        struct Key: Hashable {
            var delivery: DeliveryID
            var ordinal: Int
        }
        let attempts = lastOfEach(attempts) { Key(delivery: $0.delivery, ordinal: $0.ordinal) }
        parameters.add(array: attempts.map { Int64($0.delivery.webhook.rawValue) })
        parameters.add(array: attempts.map { Int64(bitPattern: $0.delivery.seq) })
        parameters.add(array: attempts.map { Int64($0.ordinal) })
        parameters.add(array: attempts.map { DeliveryCodec.encode($0.attempt) })
    }

    private static func add(_ pages: [DeliveryPage], to parameters: inout Parameters) {
        // Checked before: no page is empty.
        parameters.add(array: pages.map { Int64($0.webhook.rawValue) })
        parameters.add(array: pages.map { Int64(bitPattern: $0.deliveries.first?.seq ?? 0) })
        parameters.add(array: pages.map { Int64(bitPattern: $0.deliveries.last?.seq ?? 0) })
        parameters.add(array: pages.map(\.recordedAt.milliseconds))
        parameters.add(array: pages.map { Int64($0.deliveries.count) })
        parameters.add(array: pages.map { DeliveryCodec.encode($0.deliveries) })
    }

    private static func add(_ health: [EndpointHealth], to parameters: inout Parameters) {
        parameters.add(array: health.map { Int64($0.webhook.rawValue) })
        parameters.add(optionals: health.map { $0.failingSince?.milliseconds })
        parameters.add(array: health.map { Int64($0.consecutiveFailures) })
        parameters.add(optionals: health.map { $0.lastSuccessAt?.milliseconds })
        parameters.add(optionals: health.map { $0.lastFailureAt?.milliseconds })
        parameters.add(array: health.map { Int64(bitPattern: $0.delivered) })
        parameters.add(array: health.map { Int64(bitPattern: $0.died) })
    }
}
