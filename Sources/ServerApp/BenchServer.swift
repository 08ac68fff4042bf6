import Foundation
import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import Logging
import NIOPosix
import SkutrailAPI
import WireSchema

/// A server and its yardstick in one process, over a data directory of its own: what `bincard bench` measures.
package struct BenchServer: Sendable {
    package var url: String
    package var yardstickURL: String
    package var apiKey: String
    /// Median of a small write and its fsync in the data directory, in nanoseconds.
    package var syncTime: UInt64
    private var ledgers: @Sendable () -> UInt64

    /// Seq of the realm that is measured.
    package var seq: UInt64 { ledgers() }

    /// Runs both while `body` measures.
    ///
    /// - Parameter data: the directory, made when it is new; what is there already stays and is measured too.
    ///   - database: a PostgreSQL that is migrated; nil for SQLite.
    package static func during<Result: Sendable>(
        data: String, database: String? = nil, body: @escaping @Sendable (BenchServer) async throws -> Result
    ) async throws -> Result {
        let settings = try settings(data: data, database: database)
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let server = try BincardServer(settings: settings, logger: logger)
        let administration = Administration(data: data)
        let key = try Administration.createKey(
            in: server.control, tenant: "bench", mode: .test, name: "bench", scopes: Set(Scope.allCases), limit: nil)
        let syncTime = administration.syncTime ?? 0
        let engine = server.engine
        return try await server.during { url in
            try await withYardstick { yardstickURL in
                try await body(
                    BenchServer(
                        url: url, yardstickURL: yardstickURL, apiKey: key.secret, syncTime: syncTime,
                        ledgers: { engine.openRealms.map(\.head.head.seq).max() ?? 0 }))
            }
        }
    }

    private static func settings(
        data: String, database: String?, advertise: String = "auto", threads: Int = 0
    ) throws -> Settings {
        try Settings(
            flags: [
                "advertise": advertise,
                "data": data, "database": database ?? "sqlite", "host": "127.0.0.1", "port": "0", "access-log": "off",
                "log-level": "error", "webhook-allow": "127.0.0.0/8",
                // So that within a turn an endpoint that hangs fails, is spared and is tried again.
                "webhook-timeout": "2",
            ].merging(threads > 0 ? ["threads": "\(threads)"] : [:]) { $1 },
            environment: ProcessInfo.processInfo.environment)
    }

    /// Makes a key of a tenant of this name.
    package typealias KeyMaker = @Sendable (_ tenant: String) throws -> String

    /// Runs several servers over one PostgreSQL, in this process, while `body` measures, and one beside them that hands
    /// nothing on: the first of the URLs.
    ///
    /// - Parameters:
    ///   - data: the directory with the key to the database; the servers share it.
    ///   - database: a PostgreSQL that is migrated.
    ///   - apart: whether none hands anything on.
    ///   - threads: event loops of each but the one beside them; 0 for what the
    ///     setting says.
    ///   - body: gets the servers' URLs.
    package static func sharing<Result: Sendable>(
        data: String, database: String, servers: Int, apart: Bool, threads: Int,
        body: @escaping @Sendable (_ urls: [String], _ makeKey: KeyMaker) async throws -> Result
    ) async throws -> Result {
        try await addServer(data, database, (apart, threads), to: [], upTo: max(1, servers) + 1, body)
    }

    private static func addServer<Result: Sendable>(
        _ data: String, _ database: String, _ how: (apart: Bool, threads: Int), to urls: [String], upTo count: Int,
        _ body: @escaping @Sendable ([String], KeyMaker) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        let settings = try settings(
            data: data, database: database, advertise: how.apart || urls.isEmpty ? "off" : "auto",
            threads: urls.isEmpty ? 0 : how.threads)
        let server = try BincardServer(settings: settings, logger: logger)
        return try await server.during { url in
            let all = urls + [url]
            if all.count < count { return try await addServer(data, database, how, to: all, upTo: count, body) }
            return try await body(all) { tenant in
                try Administration.createKey(
                    in: server.control, tenant: tenant, mode: .test, name: "bench", scopes: Set(Scope.allCases),
                    limit: nil
                ).secret
            }
        }
    }

    private static func withYardstick<Result: Sendable>(
        _ body: @escaping @Sendable (_ url: String) async throws -> Result
    ) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: ProcessInfo.processInfo.activeProcessorCount)
        let (ports, continuation) = AsyncStream<Int>.makeStream()
        let yardstick = Task {
            try await Yardstick().run(
                eventLoopGroup: group,
                decode: { bytes in try JSONDocument(bytes).decode(LedgerWrite.self).jsonBytes() },
                onRunning: { continuation.yield($0) })
        }
        defer { yardstick.cancel() }
        var ports_ = ports.makeAsyncIterator()
        guard let port = await ports_.next() else { throw CancellationError() }
        let result = try await body("http://127.0.0.1:\(port)")
        yardstick.cancel()
        return result
    }
}
