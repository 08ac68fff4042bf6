import ArgumentParser
import Foundation
import ImportClient
import ServerApp

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine against bare Hummingbird endpoints in the same process.",
        discussion: """
            Every write is durable (synchronous=FULL) and has a unique idempotency key. Pairs are measured in turns \
            in one run, so that their ratio holds on a noisy machine. The load generator shares the machine with the \
            server.
            """)

    @Option(help: "Seconds for each measurement.") var seconds = 5
    @Option(help: "Turns of each pair; medians are shown.") var turns = 3
    @Option(help: "Connections for single writes and reads.") var connections = 64
    @Option(help: "Threads of the load generator.") var threads = 1
    @Option(help: "SKUs.") var items = 10_000
    @Option(help: "Entries to fill the ledger with before measuring.") var prefill: UInt64 = 0
    @Option(
        help: "write, batch, read, single, webhooks, lists, servers: several may be given; without it the first four.")
    var only: [String] = []
    @Option(help: "A directory to keep; without it a temporary one.") var data: String?
    @Option(help: "A migrated PostgreSQL instead of SQLite, as the server's role; its key is in --data.")
    var database: String?
    @Option(help: "With --only servers: how many share the database.") var servers = 3
    @Option(help: "With --only servers: event loops of each of those that share; 0 for what BINCARD_THREADS says.")
    var serverThreads = 0
    @Flag(help: "With --only servers: each decides its own writes, and hands none on.") var apart = false
    @Option(help: "With --only servers: how many ledgers are written to.") var realms = 1
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard (1...600).contains(seconds), (1...20).contains(turns), (1...1_024).contains(connections),
            (1...64).contains(threads), (1...1_000_000).contains(items)
        else {
            throw ValidationError(
                "--seconds 1–600, --turns 1–20, --connections 1–1024, --threads 1–64, --items 1–1000000.")
        }
    }

    func run() async throws {
        if only == ["servers"] { return try await ServersBench(command: self).run() }
        let folder =
            data ?? FileManager.default.temporaryDirectory.appendingPathComponent("bincard-bench-\(getpid())").path
        defer { if data == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let report = try await BenchServer.during(data: folder, database: database) { server in
            try await BenchRun(command: self, server: server).run()
        }
        switch format {
        case .json: try JSONLine.print(report)
        case .text: print(report.table)
        }
    }

    func measures(_ name: String) -> Bool { only.isEmpty || only.contains(name) }
}

/// What was measured.
struct BenchReport: Encodable, Sendable {
    struct Row: Encodable, Sendable {
        var name: String
        var requests_per_second: Double
        var movements_per_second: Double?
        var yardstick_per_second: Double?
        var ratio: Double?
        var p50_ms: Double
        var p99_ms: Double
        var max_ms: Double
        var refused: UInt64
    }

    var machine_cores: Int
    var entries_before: UInt64
    var entries_after: UInt64
    var fsync_ms: Double
    var resident_mib: Int
    var rows: [Row]
    var webhooks: WebhookBench.Findings?

    var table: String {
        var lines = [
            """
            \(machine_cores) cores, fsync \(BenchReport.two(fsync_ms)) ms, ledger \(entries_before) → \
            \(entries_after) entries, resident \(resident_mib) MiB (server, yardstick and load generator)
            """,
            "", "| what | requests/s | movements/s | yardstick/s | ratio | p50 ms | p99 ms | max ms | refused |",
            "|---|---|---|---|---|---|---|---|---|",
        ]
        for row in rows {
            let cells = [
                row.name, BenchReport.whole(row.requests_per_second),
                row.movements_per_second.map(BenchReport.whole) ?? "",
                row.yardstick_per_second.map(BenchReport.whole) ?? "", row.ratio.map(BenchReport.two) ?? "",
                BenchReport.two(row.p50_ms), BenchReport.two(row.p99_ms), BenchReport.two(row.max_ms), "\(row.refused)",
            ]
            lines.append("| \(cells.joined(separator: " | ")) |")
        }
        if let webhooks { lines += ["", WebhookBench.table(webhooks)] }
        return lines.joined(separator: "\n")
    }

    private static func two(_ value: Double) -> String { String(format: "%.2f", value) }
    private static func whole(_ value: Double) -> String { grouped(Int64(value.rounded())) }
}
