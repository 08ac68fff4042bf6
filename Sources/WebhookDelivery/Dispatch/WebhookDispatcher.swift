package import BlockingWork
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
        /// Those whose store has failed or could not be opened, and that will be opened again.
        var resting: Set<ULID> = []
        var isStopping = false
    }

    /// A realm whose deliveries are to be under way.
    private struct Beginning: Sendable {
        var realm: Realm
        var open: @Sendable () throws(StoreError) -> DeliverySource
        var reopening: Reopening
    }

    /// - Parameter eventLoops: where attempts run; a realm stays with one of them.
    package convenience init(environment: DispatchEnvironment, eventLoops: [any EventLoop], threads: Int = 4) {
        self.init(
            environment: environment, eventLoops: eventLoops,
            threads: BlockingThreads(name: "webhooks", maximum: threads))
    }

    /// The same on given threads, which `stop` stops.
    package init(environment: DispatchEnvironment, eventLoops: [any EventLoop], threads: BlockingThreads) {
        self.environment = environment
        loops = eventLoops.map { DispatchLoop(eventLoop: $0, environment: environment) }
        self.threads = threads
    }

    /// Whether the realm's deliveries are under way or about to be.
    package func isStarted(_ realm: ULID) -> Bool {
        realms.withLock { $0.started[realm] != nil || $0.starting[realm] != nil }
    }

    /// Whether the realm's deliveries have been asked for, and can't be had just now: the store has failed or could not
    /// be opened, and another attempt is made soon.
    package func isResting(_ realm: ULID) -> Bool { realms.withLock { $0.resting.contains(realm) } }

    /// Begins to deliver a realm's events, from where it was left. A second call does nothing. When the store can't be
    /// opened, or fails later, it is opened again until it works.
    ///
    /// - Parameter open: makes the source; called, each time the store is opened, on a thread that may block.
    package func start(_ realm: Realm, open: @escaping @Sendable () throws(StoreError) -> DeliverySource) {
        let isFirst = realms.withLock { realms in
            guard !realms.isStopping, realms.started[realm.id] == nil, realms.starting[realm.id] == nil,
                !realms.resting.contains(realm.id)
            else { return false }
            realms.starting[realm.id] = []
            return true
        }
        guard isFirst else { return }
        begin(Beginning(realm: realm, open: open, reopening: Reopening(environment.reopening)))
    }

    private func begin(_ beginning: Beginning) {
        threads.run { [self] in
            var opened: (source: DeliverySource, deliveries: OpenedDeliveries)?
            do throws(StoreError) {
                let source = try beginning.open()
                do throws(StoreError) {
                    opened = (source, try source.deliveries.open())
                } catch {
                    source.deliveries.close()
                    throw error
                }
            } catch {
                rest(beginning, after: error)
            }
            if let opened { run(beginning, opened.source, opened.deliveries) }
        }
    }

    private func run(_ beginning: Beginning, _ source: DeliverySource, _ opened: OpenedDeliveries) {
        let loop = loop(of: source.realm.id)
        let dispatcher = RealmDispatcher(
            source, opened: opened, loop: loop, environment: environment, threads: threads
        ) { [weak self] dispatcher, error in
            self?.broke(dispatcher, beginning, error)
        }
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

    // MARK: A store that fails

    /// The store of a realm that was under way has failed: it is closed, and opened again.
    private func broke(_ dispatcher: RealmDispatcher, _ beginning: Beginning, _ error: StoreError) {
        let realm = beginning.realm.id
        let isOurs = realms.withLock { realms in
            // Else the stop that has begun closes it.
            guard !realms.isStopping, realms.started[realm] === dispatcher else { return false }
            realms.started[realm] = nil
            realms.resting.insert(realm)
            return true
        }
        guard isOurs else { return }
        var beginning = beginning
        // It has worked in between: that is another failure, not the same one again.
        if dispatcher.hasWritten { beginning.reopening = Reopening(environment.reopening) }
        threads.run { [self, beginning] in
            dispatcher.source.deliveries.close()
            rest(beginning, after: error)
        }
    }

    /// Tells of the failure, and opens the store again after a while.
    private func rest(_ beginning: Beginning, after error: StoreError) {
        let realm = beginning.realm.id
        var beginning = beginning
        let step = beginning.reopening.failed(error)
        if step.isNews { report(error, realm, again: step.pause) }
        let waiting = realms.withLock { realms in
            realms.resting.insert(realm)
            return realms.starting.removeValue(forKey: realm) ?? []
        }
        for body in waiting { body(nil) }
        loop(of: realm).eventLoop.scheduleTask(in: .milliseconds(step.pause)) { [weak self, beginning] in
            guard let self else { return }
            let goesOn = realms.withLock { realms in
                realms.resting.remove(realm)
                if !realms.isStopping { realms.starting[realm] = [] }
                return !realms.isStopping
            }
            if goesOn { begin(beginning) }
        }
    }

    private func report(_ error: StoreError, _ realm: ULID, again milliseconds: Int64) {
        var metadata: Logger.Metadata = ["realm": "\(realm.text)"]
        if case .inUse(_, let holder) = error {
            metadata["holder"] = "\(holder)"
            environment.logger.notice(
                "another server delivers this ledger's webhooks; waiting for its end", metadata: metadata)
        } else {
            metadata["error"] = "\(error)"
            metadata["again_in_ms"] = "\(milliseconds)"
            environment.logger.error(
                "this ledger's webhooks stand still: the store of deliveries has failed, and is opened again",
                metadata: metadata)
        }
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

    /// Sends a sample at once, whoever delivers for the realm. Nothing is remembered of it. Calls back on any thread.
    package func sendSample(
        id: String, name: String, body: [UInt8], to endpoint: WebhookEndpoint, in realm: Realm, head: SealedHead,
        _ completion: @escaping @Sendable (Result<DeliveryAttempt, SampleFault>) -> Void
    ) {
        let loop = loop(of: realm.id)
        loop.eventLoop.execute {
            loop.sendSample(id: id, name: name, body: body, to: endpoint, in: realm, head: head, completion)
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
