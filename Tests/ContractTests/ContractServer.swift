import Foundation
import LedgerStorage
import Logging
import ServerApp
import Testing

/// Every test of the contracts, against one server that runs while they do. Tests don't meet: each makes a tenant.
@Suite(.contractServer)
struct ContractTests {}

/// A server over HTTP on a temporary data directory and a free port.
struct ContractServer: Sendable {
    let url: String
    let data: String

    var port: Int { Int(url.split(separator: ":").last ?? "") ?? 0 }
    var administration: Administration { Administration(data: data) }

    @TaskLocal static var shared: ContractServer?

    /// The suite's server.
    static func current() throws -> ContractServer {
        try #require(shared, "a contract test belongs into ContractTests")
    }

    /// Serves while `body` runs; the directory stays, so that the next server can open it.
    ///
    /// - Parameter deliverySchedule: milliseconds between the attempts to deliver, in place of the published ones.
    static func serve<Result: Sendable>(
        _ data: String, flags: [String: String] = [:], deliverySchedule: [Int64]? = nil,
        _ body: (ContractServer) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "contract")
        logger.logLevel = .critical
        let standard = ["data": data, "port": "0", "host": "127.0.0.1", "webhook-allow": "127.0.0.0/8"]
        let flags = flags.merging(standard) { own, _ in own }
        let server = try BincardServer(
            settings: try Settings(flags: flags, environment: [:]), logger: logger, deliverySchedule: deliverySchedule)
        let (urls, continuation) = AsyncStream<String>.makeStream()
        let running = Task {
            defer { continuation.finish() }
            try await server.run(gracefulShutdownSignals: []) { host, port in
                continuation.yield("http://\(host):\(port)")
            }
        }
        let outcome: Swift.Result<Result, any Error>
        do {
            var addresses = urls.makeAsyncIterator()
            let url = try #require(await addresses.next(), "the server did not start")
            outcome = .success(try await body(ContractServer(url: url, data: data)))
        } catch {
            outcome = .failure(error)
        }
        await server.shutDown()
        try await running.value
        return try outcome.get()
    }

    /// Hands out the path of a directory that does not exist yet, and removes it afterwards.
    static func withTemporaryData<Result: Sendable>(_ body: (String) async throws -> Result) async throws -> Result {
        let path = NSTemporaryDirectory() + "bincard-contract-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }
}

/// Runs one server around a suite, and verifies every ledger that the tests have written when it is done.
struct ContractServerTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await ContractServer.withTemporaryData { data in
            try await ContractServer.serve(data) { server in
                try await ContractServer.$shared.withValue(server) { try await function() }
            }
            for verified in try Administration(data: data).verify(tenant: nil, mode: nil, progress: { _, _, _ in }) {
                #expect(verified.report.problem == nil, "the ledger of \(verified.realm.tenant) is not right")
            }
        }
    }
}

extension Trait where Self == ContractServerTrait {
    static var contractServer: ContractServerTrait { ContractServerTrait() }
}
