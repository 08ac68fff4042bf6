import Foundation
package import HTTPInterface
import LedgerCore
package import LedgerEngine
package import LedgerStorage
package import Logging
import NIOCore
import NIOPosix
package import SQLiteStorage
package import WebhookDelivery

/// Webhooks in a running server: the dispatcher with its event loops, and what it needs of the settings and the system.
package final class WebhookService: Sendable {
    package let dispatcher: WebhookDispatcher
    package let access: WebhookAccess
    private let storage: any ServerStorage
    private let resolver: SystemResolver
    private let group: MultiThreadedEventLoopGroup
    private let ledgers: DeliveredLedgers

    /// Reads the key that encrypts secrets, making it when the installation is new. Blocks.
    ///
    /// - Parameters:
    ///   - resolve: looks names up in place of the system; for tests.
    ///   - deliverySchedule: milliseconds between attempts in place of the published ones; for tests.
    /// - Throws: `SecretKeyFault`, `AddressPolicyFault`, `DeliveryTLSFault`.
    package init(
        settings: Settings, directory: DataDirectory, storage: any ServerStorage, metrics: ServerMetrics,
        logger: Logger,
        resolve: HostResolver? = nil, deliverySchedule: [Int64]? = nil
    ) throws {
        self.storage = storage
        let vault = try SecretVault.load(
            environment: ProcessInfo.processInfo.environment["BINCARD_SECRET_KEY"], file: directory.secretKeyPath)
        let allowed = settings["webhook-allow"]
        let policy = try allowed == "none" ? AddressPolicy.publicOnly : AddressPolicy(parsing: allowed)
        let authorities = settings["webhook-ca"]
        let tls = try DeliveryTLS(authorities: authorities == "system" ? nil : authorities)
        resolver = SystemResolver()
        var client = DeliveryClientConfiguration(tls: tls)
        client.userAgent = "Bincard/\(BincardVersion.current) (webhooks)"
        var environment = DispatchEnvironment(
            now: { Administration.now }, steady: { RequestClock.monotonic() },
            seed: { UInt64.random(in: .min ... .max) }, vault: vault, policy: policy,
            resolver: resolve ?? resolver.resolver, client: client, logger: logger)
        environment.limits.concurrency = settings.number("webhook-concurrency")
        if let deliverySchedule { environment.limits.retryDelays = deliverySchedule }
        environment.timeout = .seconds(Int64(settings.number("webhook-timeout")))
        environment.observer = metrics.deliveryObserver()
        group = MultiThreadedEventLoopGroup(numberOfThreads: settings.number("webhook-threads"))
        let loops = Array(group.makeIterator())
        for loop in loops { loop.execute { WebhookService.giveWay() } }
        dispatcher = WebhookDispatcher(environment: environment, eventLoops: loops)
        ledgers = DeliveredLedgers(dispatcher: dispatcher) { (realm) throws(StoreError) in
            try storage.openDeliveries(realm)
        }
        access = WebhookAccess(
            dispatcher: dispatcher, vault: vault, policy: policy,
            othersDeliveries: { storage.othersDeliveries($0) })
    }

    /// What is delivered can wait a moment, a write can't: on a machine that has too much to do the thread gets less.
    private static func giveWay() {
        // On Linux 0 names the calling thread; where it is the whole process, nothing is to be changed.
        #if os(Linux)
            setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
        #endif
    }

    /// Begins with the realms that had endpoints when the server was last stopped. Returns at once.
    package func resume(_ realms: [Realm], in engine: LedgerEngine) {
        for realm in realms where storage.mayHaveDeliveries(realm) { engine.open(realm) { _ in } }
    }

    /// A ledger was opened.
    package func attach(_ ledger: RealmLedger) { ledgers.attach(ledger) }

    /// Lets what is under way end and writes what is settled, before the ledgers are closed. Blocks.
    package func close() {
        ledgers.detach()
        dispatcher.stop()
        resolver.stop()
        try? group.syncShutdownGracefully()
    }
}

extension ServerMetrics {
    /// Instruments of deliveries, made when webhooks begin.
    fileprivate func deliveryObserver() -> DeliveryObserver {
        let attempts = [true, false].map { isSuccess in
            registry.counter(
                "bincard_webhook_attempts_total", help: "Attempts to deliver an event, by what came of them.",
                labels: [(name: "outcome", value: isSuccess ? "success" : "failure")])
        }
        let dead = registry.counter("bincard_webhook_dead_letters_total", help: "Deliveries that were given up.")
        let duration = registry.histogram(
            "bincard_webhook_attempt_duration_seconds", help: "From an attempt's beginning to the end of the answer.",
            bounds: Histogram.latencyBounds, unit: .nanoseconds)
        let delay = registry.histogram(
            "bincard_webhook_first_attempt_delay_seconds",
            help: "From the record of an entry to the first attempt to deliver it.", bounds: Histogram.latencyBounds,
            unit: .nanoseconds)
        return DeliveryObserver(
            attempted: { isSuccess, nanoseconds, sinceRecorded in
                attempts[isSuccess ? 0 : 1].increment()
                duration.observe(nanoseconds)
                if let sinceRecorded { delay.observe(sinceRecorded) }
            },
            died: { dead.increment() })
    }
}
