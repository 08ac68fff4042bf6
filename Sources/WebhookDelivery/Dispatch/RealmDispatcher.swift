import BlockingWork
import LedgerCore
import LedgerStorage
import Logging
import NIOCore
import Synchronization

/// Drives one realm's delivery machine: does what it asks for, and tells it what came of it.
///
/// When its store fails it is over: it sends nothing more, and one that begins with the store opened anew takes its
/// place.
///
/// @unchecked Sendable: everything but `news` is touched on the event loop alone.
final class RealmDispatcher: @unchecked Sendable {
    let source: DeliverySource
    private let loop: DispatchLoop
    private let environment: DispatchEnvironment
    private let threads: BlockingThreads
    private var machine: DeliveryMachine
    private var signing: DeliverySigning
    private var reads: JournalReads?
    private var wake: Scheduled<Void>?
    private var webhooksSeq: UInt64 = 0
    /// Types that an active endpoint wants.
    private var wanted: Set<EventType> = []
    private var endpointIDs: [ULID: WebhookNumber] = [:]
    private var isStopping = false
    private var isBroken = false
    /// Whether the store has taken anything.
    private(set) var hasWritten = false
    /// Called once, on the event loop, when the store has failed.
    private let onBroken: @Sendable (RealmDispatcher, StoreError) -> Void
    private var onIdle: (() -> Void)?
    /// Called, each once, when the unit that begins next is written: it holds everything that is settled by then.
    private var onFlushed: [@Sendable () -> Void] = []

    /// Whether the loop knows that the journal has grown.
    private let news = Atomic<Bool>(false)

    init(
        _ source: DeliverySource, opened: OpenedDeliveries, loop: DispatchLoop, environment: DispatchEnvironment,
        threads: BlockingThreads, onBroken: @escaping @Sendable (RealmDispatcher, StoreError) -> Void
    ) {
        self.source = source
        self.loop = loop
        self.environment = environment
        self.threads = threads
        self.onBroken = onBroken
        signing = DeliverySigning(realm: source.realm, vault: environment.vault, policy: environment.policy)
        machine = DeliveryMachine(
            opened, limits: environment.limits, seed: environment.seed(),
            now: RealmDispatcher.time(environment))
    }

    private static func time(_ environment: DispatchEnvironment) -> DeliveryTime {
        DeliveryTime(wall: environment.now(), steady: Int64(clamping: environment.steady() / 1_000_000))
    }

    /// Begins, on the event loop.
    func start() {
        reads = JournalReads(source, threads: threads) { [weak self, eventLoop = loop.eventLoop] inputs, failure in
            eventLoop.execute {
                guard let self, !self.isBroken else { return }
                if let failure { self.report("the journal can't be read for webhooks", failure) }
                for input in inputs { self.tell(input) }
            }
        }
        lookAtJournal()
    }

    /// The journal has grown. Called on any thread for each commit: the loop is woken once until it looks.
    func journalHasGrown() {
        guard !news.exchange(true, ordering: .acquiringAndReleasing) else { return }
        loop.eventLoop.execute { self.lookAtJournal() }
    }

    private func lookAtJournal() {
        // First, so that what comes while we look wakes us again.
        news.store(false, ordering: .releasing)
        guard !isStopping, !isBroken else { return }
        if source.webhooksChangedSeq() > webhooksSeq || webhooksSeq == 0 {
            let (webhooks, changedSeq) = source.webhooks()
            webhooksSeq = changedSeq
            endpointIDs = Dictionary(webhooks.map { ($0.id, $0.number) }, uniquingKeysWith: { $1 })
            wanted = webhooks.filter(\.isActive).reduce(into: []) { types, webhook in
                types.formUnion(EventFilter(known: webhook.events).types)
            }
            tell(.webhooks(webhooks))
        }
        tell(.head(source.head().head.seq))
    }

    private func tell(_ input: DeliveryMachine.Input) {
        guard !isBroken else { return }
        let actions = machine.handle(input, at: RealmDispatcher.time(environment))
        perform(actions)
        if isStopping { finishIfIdle() }
    }

    private func perform(_ actions: [DeliveryMachine.Action]) {
        var requests: [JournalReads.Request] = []
        for action in actions {
            switch action {
            case .load(let id, let filter, let from, let through, let limit, let deadOnly):
                requests.append(
                    .lane(id, filter: filter, from: from, through: through, limit: limit, deadOnly: deadOnly))
            case .scanControl(let from, let through): requests.append(.control(from: from, through: through))
            case .fetch(let id): requests.append(.delivery(id))
            case .send(let sending): send(sending)
            case .write(let unit): write(unit)
            case .disable(let id, let number, let reason, let changedSeq):
                disable(id, number, reason, changedSeq: changedSeq)
            case .wake(let milliseconds):
                wake?.cancel()
                wake = loop.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { [weak self] in self?.tell(.tick) }
            }
        }
        if !requests.isEmpty { reads?.request(requests, wanted: wanted) }
    }

    // MARK: Attempts

    private func send(_ sending: Sending) {
        // What is not sent now is not settled: the next start sends it.
        guard !isStopping else { return }
        loop.whenFree { [weak self] release in
            guard let self, !self.isStopping, !self.isBroken else { return release() }
            self.attempt(sending, release)
        }
    }

    private func attempt(_ sending: Sending, _ release: @escaping () -> Void) {
        let head = source.head()
        let startedAt = environment.now()
        let start = environment.steady()
        let isFirst = sending.isFirst
        let id = "evt_\(sending.event.id.text)"
        func finish(_ outcome: AttemptOutcome, _ signature: String, _ retryAfter: Int64?) {
            let nanoseconds = environment.steady() &- start
            let attempt = DeliveryAttempt(
                startedAt: startedAt, microseconds: Int64(clamping: nanoseconds / 1_000), url: sending.endpoint.url,
                eventName: sending.name, signature: signature, headSeq: head.head.seq, outcome: outcome)
            let age = startedAt.milliseconds - sending.event.id.instant.milliseconds
            environment.observer.attempted(
                outcome.isSuccess, nanoseconds, isFirst ? UInt64(max(0, age)) * 1_000_000 : nil)
            release()
            tell(.finished(sending.id, attempt, retryAfter: retryAfter))
        }
        let signed: DeliverySigning.Signed
        do throws(DeliveryFailure) {
            signed = try signing.sign(
                id: id, body: sending.event.body(named: sending.name), to: sending.endpoint, head: head, at: startedAt)
        } catch {
            // Not from within the machine's own actions, which are still being carried out.
            return loop.eventLoop.execute { finish(.failed(code: error.code, detail: error.description), "", nil) }
        }
        loop.client.send(signed.request, timeout: environment.timeout) { result in
            switch result {
            case .success(let answer):
                finish(.answered(ReceivedAnswer(answer)), signed.signature, answer.retryAfter.map(Int64.init))
            case .failure(.shutDown): release()
            case .failure(let failure):
                finish(.failed(code: failure.code, detail: failure.description), signed.signature, nil)
            }
        }
    }

    // MARK: The store and the journal

    private func write(_ unit: DeliveryUnit) {
        let died = unit.deliveries.count { $0.status == .dead }
        for _ in 0..<died { environment.observer.died() }
        // A flush was asked for before this unit was made, so it has the log in it.
        let waiting = onFlushed
        onFlushed = []
        let started = threads.run { [self] in
            let result: Result<Bool, StoreError>
            do throws(StoreError) {
                result = .success(try source.deliveries.commit(unit))
            } catch {
                result = .failure(error)
            }
            loop.eventLoop.execute { [self] in wrote(result, waiting) }
        }
        if !started {
            isBroken = true
            for body in waiting { body() }
        }
    }

    /// - Parameter waiting: those who wait for what was in the unit.
    private func wrote(_ result: Result<Bool, StoreError>, _ waiting: [@Sendable () -> Void]) {
        for body in waiting { body() }
        switch result {
        case .success(let moreToDelete):
            hasWritten = true
            tell(.written(moreToDelete: moreToDelete))
            if machine.isWritten { callFlushed() }
        case .failure(.full(let detail)):
            report("the disk is full: webhook deliveries can't be recorded", .full(detail: detail))
            tell(.notWritten)
            callFlushed()
        case .failure(let error):
            // What arrived is not on disk and will be sent again: at least once.
            isBroken = true
            wake?.cancel()
            callFlushed()
            finishIfIdle()
            onBroken(self, error)
        }
    }

    private func callFlushed() {
        let waiting = onFlushed
        onFlushed = []
        for body in waiting { body() }
    }

    private func disable(_ id: ULID, _ number: WebhookNumber, _ reason: WebhookDisabling, changedSeq: UInt64) {
        source.submit(.disable(id, reason, changedSeq: changedSeq)) { [weak self, loop] isRecorded in
            guard !isRecorded else { return }
            loop.eventLoop.execute { self?.tell(.notDisabled(number)) }
        }
    }

    private func report(_ message: Logger.Message, _ error: StoreError) {
        environment.logger.error(message, metadata: ["realm": "\(source.realm.id.text)", "error": "\(error)"])
    }

    // MARK: What can be seen

    /// How an endpoint is doing; nil when it is not known.
    func progress(of id: ULID) -> EndpointProgress? {
        endpointIDs[id].flatMap { machine.progress(of: $0) }
    }

    /// Calls back when everything that has arrived so far is on disk.
    func flush(_ completion: @escaping @Sendable () -> Void) {
        guard !isBroken, !machine.isWritten else { return completion() }
        onFlushed.append(completion)
        tell(.flushLog)
    }

    // MARK: The end

    /// Sends nothing more.
    func hold() {
        isStopping = true
        wake?.cancel()
    }

    /// Writes what is settled, after `hold` and once nothing is under way.
    func stop(_ completion: @escaping () -> Void) {
        hold()
        onIdle = completion
        tell(.flushLog)
        finishIfIdle()
    }

    private func finishIfIdle() {
        guard let onIdle else { return }
        guard isBroken || machine.isWritten else { return }
        self.onIdle = nil
        onIdle()
    }
}

extension ReceivedAnswer {
    init(_ answer: DeliveryAnswer) {
        let type = answer.headers.first { $0.name.lowercased() == "content-type" }?.value
        self.init(status: answer.status, contentType: type, body: answer.body, isTruncated: answer.isTruncated)
    }
}
