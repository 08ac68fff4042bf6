import BlockingWork
package import LedgerCore
package import LedgerStorage
import Logging
package import NIOCore
import Synchronization

/// Delivers the events of every realm that has endpoints.
package final class WebhookDispatcher: Sendable {
    private let environment: DispatchEnvironment
    private let loops: [DispatchLoop]
    private let threads: BlockingThreads
    private let realms = Mutex(Realms())

    private struct Realms {
        var started: [ULID: RealmDispatcher] = [:]
        /// Those that are about to begin, with who waits for it.
        var starting: [ULID: [@Sendable (RealmDispatcher?) -> Void]] = [:]
        var isStopping = false
    }

    /// - Parameter eventLoops: where attempts run; a realm stays with one of them.
    package init(environment: DispatchEnvironment, eventLoops: [any EventLoop], threads: Int = 4) {
        self.environment = environment
        loops = eventLoops.map { DispatchLoop(eventLoop: $0, environment: environment) }
        self.threads = BlockingThreads(name: "webhooks", maximum: threads)
    }

    /// Whether the realm's deliveries are under way or about to be.
    package func isStarted(_ realm: ULID) -> Bool {
        realms.withLock { $0.started[realm] != nil || $0.starting[realm] != nil }
    }

    /// Begins to deliver a realm's events, from where it was left. A second call does nothing.
    ///
    /// - Parameter open: makes the source; called on a thread that may block.
    package func start(_ realm: Realm, open: @escaping @Sendable () throws(StoreError) -> DeliverySource) {
        let isFirst = realms.withLock { realms in
            guard !realms.isStopping, realms.started[realm.id] == nil, realms.starting[realm.id] == nil else {
                return false
            }
            realms.starting[realm.id] = []
            return true
        }
        guard isFirst else { return }
        threads.run { [self] in
            do throws(StoreError) {
                let source = try open()
                let opened = try source.deliveries.open()
                begin(source, opened)
            } catch {
                environment.logger.error(
                    "a ledger's webhooks can't be started",
                    metadata: ["realm": "\(realm.id.text)", "error": "\(error)"])
                let waiting = realms.withLock { $0.starting.removeValue(forKey: realm.id) ?? [] }
                for body in waiting { body(nil) }
            }
        }
    }

    private func begin(_ source: DeliverySource, _ opened: OpenedDeliveries) {
        // The last bits of a ULID are random.
        let loop = loops[Int(source.realm.id.low % UInt64(loops.count))]
        let dispatcher = RealmDispatcher(
            source, opened: opened, loop: loop, environment: environment, threads: threads)
        let (waiting, isStopping) = realms.withLock { realms in
            if !realms.isStopping {
                realms.started[source.realm.id] = dispatcher
                // Under the lock, so that whoever finds it comes after this in the loop's order.
                loop.eventLoop.execute { dispatcher.start() }
            }
            return (realms.starting.removeValue(forKey: source.realm.id) ?? [], realms.isStopping)
        }
        if isStopping { source.deliveries.close() }
        for body in waiting { body(isStopping ? nil : dispatcher) }
    }

    /// The realm's journal has grown. Called for each commit, on any thread; returns at once.
    package func journalHasGrown(_ realm: ULID) {
        dispatcher(realm)?.journalHasGrown()
    }

    private func dispatcher(_ realm: ULID) -> RealmDispatcher? { realms.withLock { $0.started[realm] } }

    /// Calls back with the realm's dispatcher, which it waits for while that is about to begin; with nil when the realm
    /// has none.
    private func whenBegun(_ realm: ULID, _ body: @escaping @Sendable (RealmDispatcher?) -> Void) {
        let (found, waits) = realms.withLock { realms -> (RealmDispatcher?, Bool) in
            if let started = realms.started[realm] { return (started, false) }
            guard realms.starting[realm] != nil else { return (nil, false) }
            realms.starting[realm]?.append(body)
            return (nil, true)
        }
        if !waits { body(found) }
    }

    private func loop(of realm: ULID) -> DispatchLoop { loops[Int(realm.low % UInt64(loops.count))] }

    // MARK: What can be seen and done

    /// The store of a realm's deliveries; nil before it has begun.
    package func deliveries(_ realm: ULID) -> (any DeliveryStore)? { dispatcher(realm)?.source.deliveries }

    /// How an endpoint is doing. Calls back on any thread; with nil when the realm or the endpoint is not known.
    package func progress(
        of endpoint: ULID, in realm: ULID, _ completion: @escaping @Sendable (EndpointProgress?) -> Void
    ) {
        whenBegun(realm) { [self] dispatcher in
            guard let dispatcher else { return completion(nil) }
            loop(of: realm).eventLoop.execute { completion(dispatcher.progress(of: endpoint)) }
        }
    }

    /// Calls back, on any thread, when everything that has arrived so far can be read from the store.
    package func flush(_ realm: ULID, _ completion: @escaping @Sendable () -> Void) {
        whenBegun(realm) { [self] dispatcher in
            guard let dispatcher else { return completion() }
            loop(of: realm).eventLoop.execute { dispatcher.flush(completion) }
        }
    }

    /// Sends a sample at once. Nothing is remembered of it. Calls back on any thread; with nil when the realm is not
    /// known.
    package func sendSample(
        id: String, name: String, body: [UInt8], to endpoint: WebhookEndpoint, in realm: ULID,
        _ completion: @escaping @Sendable (DeliveryAttempt?) -> Void
    ) {
        whenBegun(realm) { [self] dispatcher in
            guard let dispatcher else { return completion(nil) }
            loop(of: realm).eventLoop.execute {
                dispatcher.sendSample(id: id, name: name, body: body, to: endpoint) { completion($0) }
            }
        }
    }

    // MARK: The end

    /// Sends nothing more, lets what is under way end for a while, writes what is settled and closes the stores.
    /// Blocks; not to be called on an event loop.
    package func stop() {
        let started = realms.withLock { realms in
            realms.isStopping = true
            return Array(realms.started.values)
        }
        let grace = environment.stopGrace
        for loop in loops {
            let stopped = BlockingSignal()
            loop.eventLoop.execute {
                loop.drain(within: grace) { loop.client.shutdown { stopped.signal() } }
            }
            for dispatcher in started where self.loop(of: dispatcher.source.realm.id) === loop {
                loop.eventLoop.execute { dispatcher.hold() }
            }
            stopped.wait()
        }
        for dispatcher in started {
            let written = BlockingSignal()
            loop(of: dispatcher.source.realm.id).eventLoop.execute { dispatcher.stop { written.signal() } }
            written.wait()
            dispatcher.source.deliveries.close()
        }
        threads.stop()
    }
}
