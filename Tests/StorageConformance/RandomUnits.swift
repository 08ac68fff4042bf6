import LedgerCore
import LedgerStorage
import SampleLedger

/// Units over few endpoints and seqs, so that they meet, with values at the ends of their ranges among the others.
struct RandomUnits {
    var generator: SeededGenerator
    /// Ascends, so that no two attempts began at the same moment.
    private var clock: Int64 = 1_780_000_000_000

    static let webhooks: UInt32 = 5
    static let seqs: UInt64 = 120
    static let names = ["movement.recorded", "inventory.updated", "stock.low", "größe.geändert", ""]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[number(0...values.count - 1)] }

    mutating func webhook() -> WebhookNumber {
        WebhookNumber(rawValue: .random(in: 1...Self.webhooks, using: &generator))
    }

    mutating func seq() -> UInt64 { .random(in: 1...Self.seqs, using: &generator) }

    mutating func id() -> DeliveryID { DeliveryID(webhook: webhook(), seq: seq()) }

    mutating func moment() -> Instant {
        clock += Int64(number(1...9))
        return Instant(milliseconds: clock)
    }

    /// What was written so far is older.
    mutating func later() -> Instant { moment() }

    mutating func range() -> ClosedRange<UInt64> {
        let (one, other) = (seq(), seq())
        return pick([min(one, other)...max(one, other), 0...UInt64(Int64.max), 0...UInt64.max, one...one, 0...0])
    }

    mutating func unit() -> DeliveryUnit {
        var unit = DeliveryUnit()
        if chance(30) { unit.controlSeq = seq() }
        unit.lanes = (0..<number(0...3)).map { _ in lane() }
        if chance(20) { unit.endedLanes = [laneID(), laneID()] }
        unit.deliveries = (0..<number(0...4)).map { _ in delivery() }
        unit.attempts = (0..<number(0...4)).map { _ in
            NumberedAttempt(delivery: id(), ordinal: number(1...20), attempt: attempt())
        }
        unit.pages = (0..<pick([0, 0, 1, 2])).map { _ in page() }
        unit.health = (0..<number(0...2)).map { _ in health() }
        return unit
    }

    mutating func query() -> DeliveryQuery {
        DeliveryQuery(
            webhook: chance(50) ? webhook() : nil, status: chance(60) ? pick(DeliveryStatus.allCases) : nil,
            eventNames: chance(30) ? [pick(Self.names), pick(Self.names)] : nil, seqs: range(),
            before: chance(50) ? DeliveryID(webhook: webhook(), seq: pick([0, seq(), seq(), .max])) : nil,
            limit: pick([0, 1, 2, 5, 1_000]))
    }

    private mutating func laneID() -> LaneID { LaneID(webhook: webhook(), origin: pick([0, 0, 7, seq()])) }

    private mutating func lane() -> DeliveryLane {
        var lane = DeliveryLane(id: laneID(), nextSeq: seq())
        lane.settledAhead = (0..<number(0...5)).map { _ in lane.nextSeq + seq() }.sorted()
        if chance(50) { lane.lastSeq = seq() }
        if chance(50) { lane.events = (0..<number(0...3)).map { _ in pick(Self.names) } }
        lane.deadOnly = chance(50)
        return lane
    }

    mutating func delivery() -> ExceptionalDelivery {
        let status = pick(DeliveryStatus.allCases)
        return ExceptionalDelivery(
            id: id(), status: status, attempts: number(1...9), lastOrdinal: number(1...20),
            nextAttemptAt: status == .pending ? moment() : nil, updatedAt: moment(), eventName: pick(Self.names))
    }

    mutating func attempt() -> DeliveryAttempt {
        DeliveryAttempt(
            startedAt: moment(), microseconds: pick([0, 17_000, .max, .min]),
            url: pick(["https://example.com/in", "https://example.com/in?\u{E9}", "https://example.com/in?e\u{301}"]),
            eventName: pick(Self.names), signature: "v1,\(generator.next()) v1,\(generator.next())", headSeq: seq(),
            outcome: outcome())
    }

    /// One that was answered with so many bytes.
    mutating func attempt(body: Int) -> DeliveryAttempt {
        var attempt = attempt()
        attempt.outcome = .answered(
            ReceivedAnswer(
                status: 500, contentType: "text/plain", body: [UInt8](repeating: 0x61, count: body), isTruncated: false)
        )
        return attempt
    }

    private mutating func outcome() -> AttemptOutcome {
        guard chance(70) else {
            return .failed(code: pick(["timeout", ""]), detail: "no answer within 15 s: \u{1F4E6}")
        }
        return .answered(
            ReceivedAnswer(
                status: pick([200, 204, 301, 500, -1, .max]), contentType: chance(50) ? pick(["text/plain", ""]) : nil,
                body: pick([[], Array("ok".utf8), [UInt8](repeating: 0xFF, count: number(0...70_000))]),
                isTruncated: chance(50)))
    }

    /// Few and many seqs, near each other and as far apart as a page may have them.
    mutating func page() -> DeliveryPage {
        let first = seq()
        let width = pick([0, 3, 20, DeliveryPage.maximumSpan - 1])
        var seqs: Set<UInt64> = [first, first + width]
        for _ in 0..<number(0...12) { seqs.insert(first + .random(in: 0...width, using: &generator)) }
        return DeliveryPage(
            webhook: webhook(), recordedAt: moment(),
            deliveries: seqs.sorted().map { FirstDelivery(seq: $0, attempt: attempt()) })
    }

    private mutating func health() -> EndpointHealth {
        EndpointHealth(
            webhook: webhook(), failingSince: chance(50) ? moment() : nil, consecutiveFailures: number(0...9),
            lastSuccessAt: chance(50) ? moment() : nil,
            lastFailureAt: chance(50) ? Instant(milliseconds: pick([.min, .max])) : nil,
            delivered: pick([0, 7, UInt64(Int64.max)]), died: pick([0, .max]))
    }
}
