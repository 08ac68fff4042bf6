import ArgumentParser
import Foundation
import ImportClient
import ServerApp

/// Several servers over one database against a single one, in turns, with the same number of connections: what it costs
/// that they are one ledger.
struct ServersBench: Sendable {
    let command: BenchCommand

    func run() async throws {
        guard let database = command.database, let data = command.data else {
            throw ValidationError("--only servers needs --database and --data.")
        }
        try await BenchServer.sharing(
            data: data, database: database, servers: command.servers, apart: command.apart,
            threads: command.serverThreads
        ) { urls, makeKey in
            let realm = BenchRealm(items: command.items)
            let keys = try (0..<command.realms).map { try makeKey("bench-\($0)") }
            // Until each server knows each key.
            try await Task.sleep(for: .seconds(2))
            for (number, key) in keys.enumerated() {
                let connection = try LedgerConnection(
                    url: urls[number % urls.count], apiKey: key, policy: RetryPolicy(), connections: 16,
                    onRetry: { _ in })
                try await realm.prepare(on: connection) { _, _ in }
                await connection.close()
            }
            let apiKey = keys.count == 1 ? keys[0] : "{{of:\(keys.joined(separator: "|"))}}"
            try await measure(urls, apiKey, realm)
        }
    }

    private func measure(_ urls: [String], _ apiKey: String, _ realm: BenchRealm) async throws {
        var ratios: [Double] = []
        // Until the servers know of each other, and of the ledgers that all of them are asked to write to.
        _ = try await load(Array(urls.dropFirst()), apiKey, realm)
        for turn in 1...command.turns {
            // As many generators and connections in both cases: only the servers differ.
            let alone = try await load(Array(repeating: urls[0], count: command.servers), apiKey, realm)
            let together = try await load(Array(urls.dropFirst()), apiKey, realm)
            ratios.append(together / alone)
            print(
                "turn \(turn): one server \(Int(alone))/s, \(command.servers) servers \(Int(together))/s, ratio "
                    + String(format: "%.2f", together / alone))
        }
        ratios.sort()
        print("median ratio \(String(format: "%.2f", ratios[ratios.count / 2])) over \(command.realms) ledgers")
    }

    /// Writes per second over all these servers, which share the connections.
    private func load(_ urls: [String], _ apiKey: String, _ realm: BenchRealm) async throws -> Double {
        try await withThrowingTaskGroup(of: Double.self) { group in
            for url in urls {
                group.addTask {
                    var options = LoadGenerator.Options(url: url)
                    options.connections = max(1, command.connections / urls.count)
                    options.threads = 1
                    options.duration = .seconds(command.seconds)
                    options.warmUp = .milliseconds(500)
                    options.seed = UInt64.random(in: 1 ... .max)
                    let generator = try LoadGenerator(options)
                    let template = try BenchScenario.ledgerWrite.template(
                        authority: generator.authority, apiKey: apiKey, realm: realm)
                    return try await generator.run(template).requestsPerSecond
                }
            }
            return try await group.reduce(0, +)
        }
    }
}
