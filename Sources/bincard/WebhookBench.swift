import Foundation
import ImportClient
import ServerApp
import Synchronization

/// What webhooks cost the writes, and how fast they are, with receivers on the same machine.
struct WebhookBench: Sendable {
    let run: BenchRun
    let realm: BenchRealm

    /// A stretch of time with some load and some endpoints.
    struct Row: Encodable, Sendable {
        var name: String
        var endpoints: Int
        var writes_per_second: Double
        var write_p99_ms: Double
        var deliveries_per_second: Double
        var first_attempt_p50_ms: Double
        var first_attempt_p99_ms: Double
    }

    /// Of 20 endpoints the last one, which in some turns is one that hangs; it doesn't count among the others.
    static let lastPath = 20
    static let hangingPath = 99
    /// Movements a second, of which some cross a threshold.
    static let rate = 5_000.0
    private static let alertsPerSecond = 250

    /// What was measured.
    struct Findings: Encodable, Sendable {
        var rows: [Row]
        var hanging: Hanging
    }

    func measure() async throws -> Findings {
        let receiver = try BenchReceiver()
        defer { receiver.stop() }
        let connection = try LedgerConnection(
            url: run.server.url, apiKey: run.server.apiKey, policy: RetryPolicy(), connections: 4, onRetry: { _ in })
        let alerts = BenchAlerts(connection: connection, location: realm.location)
        try await alerts.prepare()
        var rows: [Row] = []
        rows.append(try await measure("5,000 movements/s, no endpoint", WebhookBench.rate, alerts, receiver))
        rows.append(try await measure("as many as it takes, no endpoint", nil, alerts, receiver))
        var ids = try await subscribe(1...(WebhookBench.lastPath - 1), ["stock.*"], connection, receiver)
        let hanging = try await hanging(alerts, connection, receiver)
        rows += hanging.rows
        ids += try await subscribe(
            WebhookBench.lastPath...WebhookBench.lastPath, ["stock.*"], connection, receiver)
        rows.append(try await measure("as many as it takes, 20 take stock.*", nil, alerts, receiver))
        try await delete(ids, connection)
        ids = try await subscribe(101...101, ["movement.recorded"], connection, receiver)
        rows.append(try await measure("3,500 movements/s, 1 takes each of them", 3_500, nil, receiver))
        rows.append(try await measure("as many as it takes, 1 takes each of them", nil, nil, receiver))
        try await delete(ids, connection)
        ids = try await subscribe(201...220, ["*"], connection, receiver)
        rows.append(try await measure("5,000 movements/s, 20 take everything", WebhookBench.rate, nil, receiver))
        try await delete(ids, connection)
        await connection.close()
        return Findings(rows: rows, hanging: hanging.summary)
    }

    func measure(
        _ name: String, _ rate: Double?, _ alerts: BenchAlerts?, _ receiver: BenchReceiver
    ) async throws -> Row {
        // What is still on its way belongs to what was measured before.
        try await Task.sleep(for: .milliseconds(500))
        let isOver = StopSign()
        let alerting = Task {
            // Not by cancelling: half a round would leave the stock where no threshold is crossed any more.
            try await alerts?.run(perSecond: WebhookBench.alertsPerSecond) { isOver.isUp }
        }
        try await Task.sleep(for: .milliseconds(500))
        _ = receiver.take()
        let result = try await run.load(.ledgerWrite, connections: run.command.connections, rate: rate, realm)
        let tallies = receiver.take()
        isOver.putUp()
        try await alerting.value
        var ages = LatencyHistogram()
        for (path, tally) in tallies where path != WebhookBench.lastPath && path != WebhookBench.hangingPath {
            ages.merge(tally.ages)
        }
        let seconds = Double(run.command.seconds) + 0.5
        return Row(
            name: name, endpoints: tallies.count, writes_per_second: result.requestsPerSecond,
            write_p99_ms: Double(result.latencies.quantile(0.99)) / 1e6,
            deliveries_per_second: Double(tallies.values.reduce(0) { $0 + $1.ages.count }) / seconds,
            first_attempt_p50_ms: Double(ages.quantile(0.5)) / 1e6,
            first_attempt_p99_ms: Double(ages.quantile(0.99)) / 1e6)
    }

    func subscribe(
        _ numbers: ClosedRange<Int>, _ events: [String], _ connection: LedgerConnection, _ receiver: BenchReceiver
    ) async throws -> [String] {
        var ids: [String] = []
        let names = events.map { "\"\($0)\"" }.joined(separator: ",")
        for number in numbers {
            let body = #"{"url":"\#(receiver.url(number))","events":[\#(names)]}"#
            let answer = try await connection.post(
                "/inventory/v1/webhooks", text: body, idempotencyKey: UUID().uuidString)
            guard answer.status == 201, let id = answer.text(of: "id") else {
                throw ImportError.refused(status: answer.status, problem: answer.problem.text)
            }
            ids.append(id)
        }
        return ids
    }

    func delete(_ ids: [String], _ connection: LedgerConnection) async throws {
        for id in ids {
            _ = try await connection.delete("/inventory/v1/webhooks/\(id)", idempotencyKey: UUID().uuidString)
        }
    }

    static func table(_ findings: Findings) -> String {
        let head = [
            "| what | writes/s | write p99 ms | deliveries/s | first attempt p50 ms | p99 ms |",
            "|---|---|---|---|---|---|",
        ]
        return
            (head
            + findings.rows.map { row in
                let cells = [
                    row.name, grouped(Int64(row.writes_per_second)), String(format: "%.1f", row.write_p99_ms),
                    grouped(Int64(row.deliveries_per_second)), String(format: "%.0f", row.first_attempt_p50_ms),
                    String(format: "%.0f", row.first_attempt_p99_ms),
                ]
                return "| \(cells.joined(separator: " | ")) |"
            } + ["", findings.hanging.text]).joined(separator: "\n")
    }
}

/// Says to what runs beside a measurement that it may end.
private final class StopSign: Sendable {
    private let up = Atomic<Bool>(false)

    var isUp: Bool { up.load(ordering: .relaxed) }

    func putUp() { up.store(true, ordering: .relaxed) }
}

/// Movements of which every second one crosses a reorder point.
struct BenchAlerts: Sendable {
    let connection: LedgerConnection
    let location: String
    private let items = 50

    init(connection: LedgerConnection, location: String) {
        self.connection = connection
        self.location = location
    }

    private func sku(_ number: Int) -> String { "ALERT-\(number)" }

    func prepare() async throws {
        for number in 0..<items {
            _ = try await connection.post(
                "/inventory/v1/items", text: #"{"sku":"\#(sku(number))","name":"Alert","reorder_point":10}"#,
                idempotencyKey: UUID().uuidString)
        }
        try await post(#""type":"receipt","qty":11"#)
    }

    /// One `stock.low` for each item, then back.
    func run(perSecond: Int, until isOver: @Sendable () -> Bool) async throws {
        let turns = max(1, perSecond / items)
        while !isOver() {
            let next = ContinuousClock.now + .seconds(1) / turns
            try await post(#""type":"sale","qty":-2"#)
            try await post(#""type":"receipt","qty":2"#)
            try await Task.sleep(until: next, clock: .continuous)
        }
    }

    private func post(_ movement: String) async throws {
        let lines = (0..<items).map { number in
            #"{"idempotency_key":"\#(UUID().uuidString)","item_id":"\#(sku(number))","location_id":"\#(location)","#
                + #"\#(movement),"reason":"bench"}"#
        }
        _ = try await connection.post(
            "/inventory/v1/movements/batch", text: #"{"atomic":false,"movements":[\#(lines.joined(separator: ","))]}"#)
    }
}
