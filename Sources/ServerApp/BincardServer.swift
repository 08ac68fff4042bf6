import BlockingWork
import Foundation
package import HTTPInterface
import LedgerCore
package import LedgerEngine
package import LedgerStorage
package import Logging
import NIOCore
import NIOPosix
import SKInventoryAPI
package import SQLiteStorage
import ServiceLifecycle
import SkutrailAPI
import Synchronization
package import UnixSignals
package import WebhookDelivery

/// The composition root: a data directory becomes a server.
package final class BincardServer: Sendable {
    package let engine: LedgerEngine
    package let directory: DataDirectory
    package let metrics = ServerMetrics()
    private let storage: any ServerStorage
    private let keys: KeyRing
    private let gateway: Gateway
    private let webhooks: WebhookService
    private let accessLog: AccessLog
    private let readiness = Readiness()
    private let fellows: FellowServers?
    private let memory = MemoryReturn()
    private let settings: Settings
    private let logger: Logger
    /// What runs, to shut it down from within the process.
    private let running = Mutex<ServiceGroup?>(nil)

    /// Tenants and keys.
    var control: any ControlStore { storage.control }

    /// A key that was made because the installation is new; nil later.
    package let firstKey: Administration.CreatedKey?

    /// Opens the installation, making it when it is new. Blocks.
    ///
    /// - Parameters:
    ///   - resolve: looks up the hosts of webhooks in place of the system; for tests.
    ///   - deliverySchedule: milliseconds between the attempts to deliver, in place of the published ones; for tests.
    /// - Throws: `StoreError` (in use, not writable, too new, not durable …), or the access log's error.
    package init(settings: Settings, logger: Logger, resolve: HostResolver? = nil, deliverySchedule: [Int64]? = nil)
        throws
    {
        self.settings = settings
        self.logger = logger
        directory = DataDirectory(path: settings["data"])
        let storage = try BincardServer.openStorage(settings, directory)
        self.storage = storage
        let control = storage.control
        firstKey =
            storage.isNew
            ? try Administration.createKey(
                in: control, tenant: "default", mode: .test, name: "first key", scopes: Set(Scope.allCases),
                limit: RateLimit(rate: settings.number("rate"), burst: settings.number("burst")))
            : nil
        let secret = try control.installationSecret {
            var generator = SystemRandomNumberGenerator()
            return (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        }
        keys = KeyRing(store: control, logger: logger)
        try keys.refresh()
        keys.start()
        if let budgets = storage.budgets { keys.share(budgets) }
        let webhooks = try WebhookService(
            settings: settings, directory: directory, storage: storage, metrics: metrics, logger: logger,
            resolve: resolve,
            deliverySchedule: deliverySchedule)
        self.webhooks = webhooks
        engine = BincardServer.makeEngine(settings, storage, metrics, webhooks, logger)
        accessLog = try AccessLog(destination: BincardServer.logDestination(settings["access-log"]))
        fellows = settings["advertise"] == "off" ? nil : storage.servers.map { FellowServers($0, logger: logger) }
        gateway = Gateway(
            operations: APIDocuments.operations,
            openRoutes: OpenRoutes.all(readiness: readiness, metrics: metrics)
                + (fellows.map { [$0.handingOn.openRoute()] } ?? []),
            engine: engine, keys: keys, metrics: metrics, accessLog: accessLog, cursors: CursorSeal(secret: secret),
            webhooks: webhooks.access, handingOn: fellows?.handingOn,
            streamLimits: BincardServer.streamLimits(settings), dialects: APIDocuments.dialects, logger: logger)
        registerRealmMetrics()
        let following = LedgersFollowed(engine)
        storage.watchOthers { grew in following.othersHaveWritten(grew) }
        webhooks.resume(try control.realms(), in: engine)
    }

    private static func openStorage(
        _ settings: Settings, _ directory: DataDirectory
    ) throws(StoreError) -> any ServerStorage {
        let database = settings["database"]
        if database == "sqlite" { return try EmbeddedStorage(directory) }
        let commits = settings.number("database-commits")
        return try SharedStorage(
            database, directory, connections: settings.number("database-connections"),
            commits: commits > 0 ? commits : max(2, System.coreCount))
    }

    private static func makeEngine(
        _ settings: Settings, _ storage: any ServerStorage, _ metrics: ServerMetrics, _ webhooks: WebhookService,
        _ logger: Logger
    ) -> LedgerEngine {
        var limits = EngineLimits()
        limits.queuedCommands = settings.number("queue")
        limits.levelsInMemory = settings.number("levels-in-memory")
        let environment = EngineEnvironment(
            now: { Administration.now }, random: Administration.random,
            failStop: { realm, error in
                // The outcome of the commit is unknown: nothing more may be acknowledged (docs/ARCHITECTURE.md).
                logger.critical(
                    "a ledger can't be written; stopping", metadata: ["realm": "\(realm.id.text)", "error": "\(error)"])
                _exit(1)
            },
            observer: EngineObserver(
                committed: { commands, nanoseconds in
                    metrics.batchSize.observe(UInt64(commands))
                    metrics.commitTime.observe(nanoseconds)
                },
                opened: { webhooks.attach($0) }),
            limits: limits)
        return LedgerEngine(
            environment: environment, writerThreads: settings.number("writers"),
            readerThreads: settings.number("readers")
        ) { realm throws(StoreError) in try storage.openRealm(realm) }
    }

    private static func streamLimits(_ settings: Settings) -> StreamLimits {
        var limits = StreamLimits()
        limits.total = settings.number("streams")
        limits.perKey = settings.number("streams-per-key")
        return limits
    }

    private static func logDestination(_ text: String) -> AccessLog.Destination {
        switch text {
        case "off": .off
        case "-": .standardOutput
        default: .file(text)
        }
    }

    private func registerRealmMetrics() {
        let engine = engine
        metrics.registry.computed("bincard_queue_depth", help: "Commands that wait in a ledger's queue.", kind: .gauge)
        {
            engine.openRealms.map { MetricSample(labels: BincardServer.labels($0.realm), value: Double($0.queueDepth)) }
        }
        metrics.registry.computed("bincard_ledger_seq", help: "Seq of a ledger's last entry.", kind: .gauge) {
            engine.openRealms.map {
                MetricSample(labels: BincardServer.labels($0.realm), value: Double($0.head.head.seq))
            }
        }
        metrics.registry.computed(
            "bincard_ledger_observers", help: "Who is told of a ledger's commits: streams, as one, and webhooks."
        ) {
            engine.openRealms.map {
                MetricSample(labels: BincardServer.labels($0.realm), value: Double($0.headObservers))
            }
        }
    }

    private static func labels(_ realm: Realm) -> [(name: String, value: String)] {
        [(name: "tenant", value: realm.tenant), (name: "mode", value: realm.mode.rawValue)]
    }

    /// Serves until SIGTERM or SIGINT, or until the task is cancelled: then it accepts nothing more, finishes what
    /// runs, writes the projections and closes the files.
    ///
    /// - Parameter onRunning: called with the address once connections are accepted.
    package func run(
        gracefulShutdownSignals: [UnixSignal] = [.sigterm, .sigint],
        onRunning: @escaping @Sendable (_ host: String, _ port: Int) async -> Void
    ) async throws {
        var configuration = ListenerConfiguration(host: settings["host"], port: settings.number("port"))
        configuration.threads = settings.number("threads")
        configuration.limits.bodyBytes = settings.number("body-limit")
        configuration.limits.connections = settings.number("connections")
        configuration.limits.requestDeadline = .seconds(Int64(settings.number("request-timeout")))
        configuration.limits.streamHeartbeat = .seconds(Int64(settings.number("stream-heartbeat")))
        configuration.limits.shutdownGrace = .seconds(Int64(settings.number("shutdown-grace")))
        let host = settings["host"]
        let listener = HTTPListener(
            configuration: configuration, handler: gateway, telemetry: metrics.listener, logger: logger
        ) { [readiness, directory, logger, fellows, settings] address in
            let port = address?.port ?? 0
            readiness.set(true)
            fellows?.start(advertise: settings["advertise"], host: host, port: port)
            if !ServerNote(host: host, port: port).write(in: directory) {
                logger.warning("server.json can't be written; `demo load` will not find this server")
            }
            await onRunning(host, port)
        }
        let services = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: listener, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: gracefulShutdownSignals, logger: logger))
        running.withLock { $0 = services }
        memory.start()
        let reopening = Task { [accessLog] in
            guard !gracefulShutdownSignals.isEmpty else { return }
            for await _ in await UnixSignalsSequence(trapping: .sighup) { accessLog.reopen() }
        }
        defer { reopening.cancel() }
        let result: Result<Void, any Error>
        do {
            try await services.run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        let wasListening = readiness.isReady
        readiness.set(false)
        close()
        do {
            try result.get()
        } catch let error as IOError where !wasListening {
            throw ListenFailure(
                host: host, port: settings.number("port"), reason: String(cString: strerror(error.errnoCode)))
        }
    }

    /// Serves on the address of the settings while `body` runs, then shuts down gracefully.
    ///
    /// - Parameter body: gets the server's URL.
    package func during<Result: Sendable>(
        _ body: @escaping @Sendable (_ url: String) async throws -> Result
    ) async throws -> Result {
        let (addresses, continuation) = AsyncStream<String>.makeStream()
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { continuation.finish() }
                try await self.run(gracefulShutdownSignals: []) { host, port in
                    continuation.yield("http://\(host):\(port)")
                }
                return nil
            }
            group.addTask {
                for await url in addresses {
                    do {
                        let result = try await body(url)
                        await self.shutDown()
                        return result
                    } catch {
                        await self.shutDown()
                        throw error
                    }
                }
                return nil
            }
            var result: Result?
            for try await value in group { result = value ?? result }
            guard let result else { throw CancellationError() }
            return result
        }
    }

    /// Begins a graceful shutdown of a running server.
    package func shutDown() async {
        await running.withLock { $0 }?.triggerGracefulShutdown()
    }

    /// Writes and closes everything. Blocks for as long as the projections take.
    private func close() {
        ServerNote.remove(from: directory)
        memory.stop()
        fellows?.stop()
        webhooks.close()
        engine.close()
        keys.stop()
        accessLog.close()
        storage.close()
    }

    /// Opens every ledger now rather than with its first request. Blocks.
    package func warm() throws(StoreError) {
        for realm in try storage.control.realms() {
            let opened = BlockingResult<StoreError?>()
            engine.open(realm) { result in
                if case .failure(let error) = result { opened.set(error) } else { opened.set(nil) }
            }
            if let error = opened.wait() { throw error }
        }
    }
}

/// The server can't have the address that it was told to listen on.
package struct ListenFailure: Error, CustomStringConvertible {
    package let description: String

    init(host: String, port: Int, reason: String) {
        description =
            "can't listen on \(host):\(port): \(reason). Stop what listens there, or use another --host or --port"
    }
}
