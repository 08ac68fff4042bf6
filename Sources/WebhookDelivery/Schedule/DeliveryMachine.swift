package import LedgerCore
package import LedgerStorage

/// Which deliveries of a realm happen when: a state machine without clock, chance, network or disk. It is told what has
/// happened and answers with what is to be done; the same inputs give the same actions, so that a simulation can drive
/// it through anything.
///
/// - An endpoint has a cursor into the journal. A delivery that arrives at its first attempt moves the cursor and
///   leaves a line in a log; one that fails gets a row and is retried by the schedule, whatever comes after it.
/// - An event is settled on disk only after its outcome is known: it may be delivered again after a crash, never lost.
/// - Endpoints never wait for each other. Each has as many deliveries under way as it has shown that it can take.
package struct DeliveryMachine {
    /// Bounds of what it keeps in memory and of how busy it makes the store.
    package struct Limits: Sendable {
        /// Deliveries under way to one endpoint at a time.
        package var concurrency = 32
        /// Deliveries that were sent to one endpoint and whose outcome is not on disk: what a crash may send again.
        package var unrecorded = 64
        /// Wanted events that a lane holds ready.
        package var eventsAhead = 128
        /// Retries that an endpoint may have waiting; beyond it nothing new is sent to it until some are through.
        package var pendingRetries = 10_000
        /// Settled events above one that is not; beyond it the oldest under way gets a row, so that a slow answer does
        /// not hold the cursor back.
        package var settledAhead = 256
        /// Milliseconds between two writes of what is settled.
        package var writeInterval: Int64 = 5
        /// Milliseconds until the log of what arrived is written.
        package var logInterval: Int64 = 1_000
        /// Deliveries in the log that are written at once.
        package var logLength = 1_024
        /// Milliseconds that pages of the log are kept, and deliveries that arrived after some failures.
        package var retention: Int64 = 7 * 24 * RetrySchedule.hour
        /// Milliseconds that dead letters are kept: long enough for a person who comes back from anything.
        package var deadRetention: Int64 = 90 * 24 * RetrySchedule.hour
        /// An endpoint that nothing has reached for so many milliseconds is disabled.
        package var patience = RetrySchedule.patience
        /// Milliseconds after the first failed attempt until the next, after the second …; then it is given up.
        package var retryDelays = RetrySchedule.delays

        package init() {}
    }

    /// What has happened.
    package enum Input: Sendable {
        /// The journal has grown to this seq.
        case head(UInt64)
        /// The endpoints of the realm, deleted ones included, as of now.
        case webhooks([WebhookEndpoint])
        /// What a `load` has found: the wanted events up to `through`, and for a replay the rows that they have.
        case loaded(LaneID, events: [JournalEvent], rows: [ExceptionalDelivery], through: UInt64)
        /// What `scanControl` has found.
        case controlScanned(requests: [JournalEvent], through: UInt64)
        /// What `fetch` has found; nil when the journal does not have it, which can't be.
        case fetched(DeliveryID, JournalEvent?)
        /// A read of the journal or the store has failed; it is asked for again.
        case readFailed(ReadRequest)
        /// An attempt is over.
        case finished(DeliveryID, DeliveryAttempt, retryAfter: Int64?)
        /// The last unit is written; whether it has left something to delete.
        case written(moreToDelete: Bool)
        /// The last unit could not be written for want of room.
        case notWritten
        /// The journal has refused to disable the endpoint.
        case notDisabled(WebhookNumber)
        /// Whoever looks at the log wants it whole.
        case flushLog
        /// Time has passed.
        case tick
    }

    /// A read that was asked for.
    package enum ReadRequest: Hashable, Sendable {
        case lane(LaneID)
        case control
        case delivery(DeliveryID)
    }

    /// What is to be done.
    package enum Action: Sendable {
        /// Read the wanted events of the lane from the seq on, at most so many, up to `through`.
        case load(LaneID, filter: EventFilter, from: UInt64, through: UInt64, limit: Int, deadOnly: Bool)
        /// Look for requests of replays.
        case scanControl(from: UInt64, through: UInt64)
        /// Read the event of a delivery that is due again.
        case fetch(DeliveryID)
        case send(Sending)
        case write(DeliveryUnit)
        /// Record in the journal that the endpoint is disabled, unless it was changed since.
        case disable(ULID, WebhookNumber, WebhookDisabling, changedSeq: UInt64)
        /// Call with `tick` after so many milliseconds; an earlier call is not needed any more.
        case wake(after: Int64)
    }

    let limits: Limits
    var chance: SplitMix64
    var now: DeliveryTime
    var actions: [Action] = []
    var head: UInt64 = 0
    var endpoints: [WebhookNumber: EndpointDeliveries] = [:]
    /// Everything that is being sent or fetched.
    var flights: [DeliveryID: Flight] = [:]
    var control: ControlScan
    var unwritten = Unwritten()
    var answers = AnswerAllowance()
    var wakeAt: Int64?

    /// A delivery under way.
    struct Flight {
        /// The lane that it came from; nil for a retry.
        var origin: UInt64?
        /// Its row, when it has one.
        var row: ExceptionalDelivery?
        var name: String
        var endpointChangedSeq: UInt64
    }

    /// Where the search for requests of replays is.
    struct ControlScan {
        var scanned: UInt64
        var isScanning = false
    }

    /// - Parameters:
    ///   - opened: what the store has.
    ///   - seed: of the chance that spreads retries.
    package init(_ opened: OpenedDeliveries, limits: Limits = Limits(), seed: UInt64, now: DeliveryTime) {
        self.limits = limits
        self.now = now
        chance = SplitMix64(state: seed)
        control = ControlScan(scanned: opened.controlSeq)
        unwritten.opened = opened
    }

    /// Takes note of what has happened and says what is to be done.
    package mutating func handle(_ input: Input, at now: DeliveryTime) -> [Action] {
        follow(now)
        switch input {
        case .head(let seq): headMoved(to: seq)
        case .webhooks(let webhooks): take(webhooks)
        case .loaded(let id, let events, let rows, let through): loaded(id, events, rows, through)
        case .controlScanned(let requests, let through): controlScanned(requests, through)
        case .fetched(let id, let event): fetched(id, event)
        case .readFailed(let request): readFailed(request)
        case .finished(let id, let attempt, let retryAfter): finished(id, attempt, retryAfter)
        case .written(let moreToDelete): written(moreToDelete: moreToDelete)
        case .notWritten: notWritten()
        case .notDisabled(let number):
            endpoints[number]?.disablingAsOf = nil
            pump(number)
        case .flushLog: unwritten.logIsWanted = true
        case .tick:
            wakeAt = nil
            for number in endpoints.keys.sorted() { pump(number) }
        }
        write()
        scheduleWake()
        defer { actions = [] }
        return actions
    }

    /// The time is told. A wall clock that was set back would put off by as much whatever is due by it: what waits is
    /// brought forward instead.
    private mutating func follow(_ now: DeliveryTime) {
        let setBack =
            (now.steady - self.now.steady) - (now.wall.milliseconds - self.now.wall.milliseconds)
        self.now = now
        guard setBack > RetrySchedule.second else { return }
        for number in endpoints.keys { endpoints[number]?.retries.bringForward(by: setBack) }
    }

    private mutating func headMoved(to seq: UInt64) {
        guard seq > head else { return }
        head = seq
        scanControl()
        for number in endpoints.keys.sorted() { pump(number) }
    }

    private mutating func readFailed(_ request: ReadRequest) {
        // Not at once: what has failed is likely to fail again.
        switch request {
        case .control: control.isScanning = false
        case .lane(let id):
            guard let index = endpoints[id.webhook]?.laneIndex(id.origin) else { return }
            endpoints[id.webhook]?.lanes[index].isLoading = false
        case .delivery(let id):
            guard let flight = flights.removeValue(forKey: id) else { return }
            endpoints[id.webhook]?.underWay -= 1
            if var row = flight.row {
                row.nextAttemptAt = Instant(milliseconds: now.wall.milliseconds + RetrySchedule.second)
                endpoints[id.webhook]?.retries.insert(row)
            }
        }
        wake(at: now.steady + RetrySchedule.second)
    }

    // MARK: What is asked of the dispatcher

    mutating func scanControl() {
        guard !control.isScanning, control.scanned < head, !endpoints.isEmpty else { return }
        control.isScanning = true
        actions.append(.scanControl(from: control.scanned + 1, through: head))
    }

    private mutating func controlScanned(_ requests: [JournalEvent], _ through: UInt64) {
        control.isScanning = false
        guard through > control.scanned else { return }
        for event in requests where event.seq > control.scanned {
            guard let replay = event.replay else { continue }
            let lane = DeliveryLane(
                id: LaneID(webhook: replay.webhook, origin: event.seq), nextSeq: replay.firstSeq,
                lastSeq: replay.lastSeq, events: replay.events, deadOnly: replay.deadOnly)
            add(lane)
            unwritten.lanes.insert(lane.id)
        }
        control.scanned = through
        unwritten.controlMoved = true
        if !requests.isEmpty { unwritten.isUrgent = true }
        for replay in requests.compactMap(\.replay) { pump(replay.webhook) }
        scanControl()
    }
}

/// A small generator of uniformly random numbers; the same seed gives the same ones.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
