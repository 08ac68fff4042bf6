import Foundation
import ImportClient
import ServerApp

/// One run of the benchmark: prepares the realm, fills it where asked, and measures pairs in turns.
struct BenchRun: Sendable {
    let command: BenchCommand
    let server: BenchServer

    func run() async throws -> BenchReport {
        let realm = BenchRealm(items: command.items)
        try await prepare(realm)
        try await fill(realm)
        var report = BenchReport(
            machine_cores: ProcessInfo.processInfo.activeProcessorCount, entries_before: server.seq, entries_after: 0,
            fsync_ms: Double(server.syncTime) / 1e6, resident_mib: 0, rows: [])
        if command.measures("write") {
            report.rows.append(
                try await pair(
                    "single write, \(command.connections) connections", .ledgerWrite, .echo(path: "/echo"), realm))
        }
        if command.measures("read") {
            report.rows.append(
                try await pair(
                    "balance read, \(command.connections) connections", .balanceRead, .hello(path: "/hello"), realm))
        }
        if command.measures("batch") {
            report.rows.append(try await alone("batch of 500, 8 connections", .batch(movements: 500), 8, realm))
        }
        if command.measures("single") {
            report.rows.append(try await alone("single write, 1 connection", .ledgerWrite, 1, realm))
        }
        if command.only.contains("webhooks") {
            report.webhooks = try await WebhookBench(run: self, realm: realm).measure()
        }
        if command.only.contains("lists") {
            report.rows += try await ListsBench(run: self, realm: realm).rows()
        }
        report.entries_after = server.seq
        report.resident_mib = BenchRun.residentMiB
        return report
    }

    private func prepare(_ realm: BenchRealm) async throws {
        var bar = ProgressBar(.automatic)
        bar.begin("Preparing \(realm.items) SKUs", unit: "steps")
        let connection = try connection()
        try await realm.prepare(on: connection) { done, all in
            bar.update(fraction: Double(done) / Double(all), count: done)
        }
        await connection.close()
        bar.end()
    }

    func connection() throws -> LedgerConnection {
        try LedgerConnection(
            url: server.url, apiKey: server.apiKey, policy: RetryPolicy(), connections: 32, onRetry: { _ in })
    }

    private func fill(_ realm: BenchRealm) async throws {
        guard command.prefill > server.seq else { return }
        say("filling the ledger to \(command.prefill) entries")
        while server.seq < command.prefill {
            let missing = command.prefill - server.seq
            _ = try await load(.batch(movements: 500), connections: 8, requests: min(2_000, missing / 500 + 1), realm)
        }
    }

    /// The scenario and its yardstick in turns.
    private func pair(
        _ name: String, _ scenario: BenchScenario, _ yardstick: BenchScenario, _ realm: BenchRealm
    ) async throws -> BenchReport.Row {
        var results: [(result: LoadResult, yardstick: LoadResult)] = []
        for _ in 0..<command.turns {
            let theirs = try await load(yardstick, connections: command.connections, url: server.yardstickURL, realm)
            let ours = try await load(scenario, connections: command.connections, realm)
            results.append((ours, theirs))
        }
        results.sort {
            $0.result.requestsPerSecond / $0.yardstick.requestsPerSecond < $1.result.requestsPerSecond
                / $1.yardstick.requestsPerSecond
        }
        let middle = results[results.count / 2]
        var row = BenchRun.row(name, middle.result, scenario)
        row.yardstick_per_second = middle.yardstick.requestsPerSecond
        row.ratio = middle.result.requestsPerSecond / middle.yardstick.requestsPerSecond
        return row
    }

    private func alone(
        _ name: String, _ scenario: BenchScenario, _ connections: Int, _ realm: BenchRealm
    ) async throws -> BenchReport.Row {
        var results: [LoadResult] = []
        for _ in 0..<command.turns { results.append(try await load(scenario, connections: connections, realm)) }
        results.sort { $0.requestsPerSecond < $1.requestsPerSecond }
        return BenchRun.row(name, results[results.count / 2], scenario)
    }

    func load(
        _ scenario: BenchScenario, connections: Int, url: String? = nil, requests: UInt64? = nil, rate: Double? = nil,
        _ realm: BenchRealm
    ) async throws -> LoadResult {
        var options = LoadGenerator.Options(url: url ?? server.url)
        options.connections = connections
        options.threads = min(command.threads, connections)
        options.duration = .seconds(requests == nil ? command.seconds : 600)
        options.requests = requests
        options.warmUp = requests == nil ? .milliseconds(500) : .zero
        options.rate = rate
        options.seed = UInt64.random(in: 1 ... .max)
        let generator = try LoadGenerator(options)
        return try await generator.run(
            try scenario.template(authority: generator.authority, apiKey: server.apiKey, realm: realm))
    }

    static func row(_ name: String, _ result: LoadResult, _ scenario: BenchScenario) -> BenchReport.Row {
        let movements = scenario.movementsPerRequest
        return BenchReport.Row(
            name: name, requests_per_second: result.requestsPerSecond,
            movements_per_second: movements > 0 ? result.requestsPerSecond * Double(movements) : nil,
            p50_ms: Double(result.latencies.quantile(0.5)) / 1e6, p99_ms: Double(result.latencies.quantile(0.99)) / 1e6,
            max_ms: Double(result.latencies.maximum) / 1e6, refused: result.refused)
    }

    private static var residentMiB: Int {
        guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { return 0 }
        return kilobytes >> 10
    }
}
