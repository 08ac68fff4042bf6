import LedgerCore
import LedgerStorage
import MemoryStorage
import WebhookDelivery

/// A realm's dispatcher in a world of its own: a journal that grows, receivers that behave as they are told, a store in
/// memory, and a clock that jumps from one thing to the next. One seed gives one run.
struct DeliverySimulation {
    /// How a receiver takes an attempt.
    enum Reaction {
        case answer(Int, after: Int64, retryAfter: Int64? = nil)
        case hang
    }

    /// Something that will happen.
    private enum Happening {
        case input(DeliveryMachine.Input, of: Int)
        case written(DeliveryUnit, of: Int)
        case tick(of: Int)
    }

    static let timeout: Int64 = 15_000

    var random: SplitMix64
    private(set) var steady: Int64 = 0
    let start = Instant(milliseconds: 1_760_000_000_000)
    /// Milliseconds by which the wall clock was set forward, or back where it is negative.
    var wallShift: Int64 = 0
    let store = MemoryDeliveryStore()
    var limits: DeliveryMachine.Limits
    private(set) var journal: [JournalEvent] = []
    private(set) var webhooks: [WebhookEndpoint] = []
    private var machine: DeliveryMachine?
    /// Counts the starts: what was meant for an earlier life reaches nobody.
    private var life = 0
    private var agenda: [(at: Int64, order: Int, what: Happening)] = []
    private var order = 0
    private var wake: (at: Int64, life: Int)?

    /// By endpoint: how it takes the attempt; given the event, how many attempts of it came before, and the time.
    var reactions: [WebhookNumber: (_ seq: UInt64, _ earlier: Int, _ at: Int64) -> Reaction] = [:]
    /// Every attempt that reached a receiver.
    private(set) var received: [Received] = []
    private(set) var sent: [DeliveryID: Int] = [:]
    private(set) var disabled: [(WebhookNumber, WebhookDisabling, at: Int64)] = []
    var mostUnderWay: [WebhookNumber: Int] = [:]
    private var underWay: [WebhookNumber: Int] = [:]

    struct Received {
        var id: DeliveryID
        var name: String
        var at: Int64
        var status: Int?
    }

    init(seed: UInt64, limits: DeliveryMachine.Limits = DeliveryMachine.Limits()) {
        random = SplitMix64(state: seed)
        self.limits = limits
    }

    var now: DeliveryTime {
        DeliveryTime(wall: Instant(milliseconds: start.milliseconds + wallShift + steady), steady: steady)
    }

    // MARK: The world

    /// Appends entries to the journal and tells the dispatcher.
    mutating func append(_ types: [EventType]) {
        for type in types { append(type, replay: nil) }
        tell(.head(UInt64(journal.count)))
    }

    private mutating func append(_ type: EventType, replay: ReplayRequest?) {
        let seq = UInt64(journal.count) + 1
        journal.append(
            JournalEvent(seq: seq, id: ULID(high: seq, low: seq), type: type, rest: Array("\"}".utf8), replay: replay))
    }

    mutating func addEndpoint(_ events: [String] = ["*"]) -> WebhookNumber {
        append(.webhookCreated, replay: nil)
        let number = WebhookNumber(rawValue: UInt32(webhooks.count + 1))
        let seq = UInt64(journal.count)
        webhooks.append(
            WebhookEndpoint(
                number: number, id: ULID(high: 7, low: seq), url: "https://example.com/", events: events,
                description: nil, secrets: [], createdAt: now.wall, updatedAt: now.wall, createdSeq: seq,
                changedSeq: seq))
        announce()
        return number
    }

    mutating func change(_ number: WebhookNumber, _ body: (inout WebhookEndpoint) -> Void) {
        append(.webhookUpdated, replay: nil)
        let index = Int(number.rawValue) - 1
        body(&webhooks[index])
        webhooks[index].changedSeq = UInt64(journal.count)
        announce()
    }

    mutating func replay(_ request: ReplayRequest) {
        append(.webhookReplayRequested, replay: request)
        tell(.head(UInt64(journal.count)))
    }

    private mutating func announce() {
        guard machine != nil else { return }
        tell(.webhooks(webhooks))
        tell(.head(UInt64(journal.count)))
    }

    mutating func begin() throws {
        life += 1
        underWay = [:]
        machine = DeliveryMachine(try store.open(), limits: limits, seed: random.next(), now: now)
        announce()
    }

    /// The process is gone: nothing of it is heard any more. What was sent has been sent.
    mutating func crash() {
        machine = nil
        wake = nil
    }

    func progress(_ number: WebhookNumber) -> EndpointProgress? { machine?.progress(of: number) }

    /// Lets time pass, until so much of it has passed or nothing is left to happen.
    mutating func run(for duration: Int64) throws {
        let end = steady + duration
        while let next = nextTime(), next <= end {
            steady = max(steady, next)
            if let wake, wake.at <= steady, agenda.first.map({ $0.at > steady }) ?? true {
                self.wake = nil
                if wake.life == life { tell(.tick) }
                continue
            }
            let happening = agenda.removeFirst()
            switch happening.what {
            case .input(let input, let life) where life == self.life: tell(input)
            case .written(let unit, let life) where life == self.life:
                let more = try store.commit(unit)
                tell(.written(moreToDelete: more))
            default: break
            }
        }
        steady = end
    }

    private func nextTime() -> Int64? {
        [agenda.first?.at, wake?.at].compactMap { $0 }.min()
    }

    private mutating func schedule(_ what: Happening, after delay: Int64) {
        order += 1
        let entry = (at: steady + delay, order: order, what: what)
        let index = agenda.firstIndex { ($0.at, $0.order) > (entry.at, entry.order) } ?? agenda.count
        agenda.insert(entry, at: index)
    }

    // MARK: The shell

    private mutating func tell(_ input: DeliveryMachine.Input) {
        guard var machine else { return }
        self.machine = nil
        if case .finished(let id, _, _) = input { underWay[id.webhook, default: 0] -= 1 }
        let actions = machine.handle(input, at: now)
        self.machine = machine
        for action in actions { perform(action) }
    }

    private mutating func perform(_ action: DeliveryMachine.Action) {
        switch action {
        case .load(let id, let filter, let from, let through, let limit, let deadOnly):
            let (events, end) = look(id, filter, from, through, limit, deadOnly)
            let rows = id.origin == 0 ? [] : rows(of: id, deadOnly, from...max(from, end))
            schedule(.input(.loaded(id, events: events, rows: rows, through: end), of: life), after: 1)
        case .scanControl(let from, let through):
            let requests = journal[Int(from - 1)..<Int(through)].filter { $0.replay != nil }
            schedule(.input(.controlScanned(requests: Array(requests), through: through), of: life), after: 1)
        case .fetch(let id):
            schedule(.input(.fetched(id, journal[Int(id.seq) - 1]), of: life), after: 1)
        case .send(let sending): receive(sending)
        case .write(let unit): schedule(.written(unit, of: life), after: 1)
        case .disable(_, let number, let reason, let changedSeq):
            disabled.append((number, reason, at: steady))
            guard webhooks[Int(number.rawValue) - 1].changedSeq == changedSeq else {
                schedule(.input(.notDisabled(number), of: life), after: 1)
                return
            }
            append(.webhookDisabled, replay: nil)
            webhooks[Int(number.rawValue) - 1].status = .disabled(reason)
            webhooks[Int(number.rawValue) - 1].changedSeq = UInt64(journal.count)
            schedule(.input(.webhooks(webhooks), of: life), after: 1)
            schedule(.input(.head(UInt64(journal.count)), of: life), after: 1)
        case .wake(let delay): wake = (steady + delay, life)
        }
    }

    private func look(
        _ id: LaneID, _ filter: EventFilter, _ from: UInt64, _ through: UInt64, _ limit: Int, _ deadOnly: Bool
    ) -> ([JournalEvent], UInt64) {
        var events: [JournalEvent] = []
        let dead = deadOnly ? Set((try? store.deadSeqs(of: id.webhook, in: from...through, limit: .max)) ?? []) : []
        for event in journal[Int(from - 1)..<Int(through)] {
            guard filter.matches(event.type), !deadOnly || dead.contains(event.seq) else { continue }
            events.append(event)
            if events.count == limit { return (events, event.seq) }
        }
        return (events, through)
    }

    private func rows(of id: LaneID, _ deadOnly: Bool, _ seqs: ClosedRange<UInt64>) -> [ExceptionalDelivery] {
        let query = DeliveryQuery(
            webhook: id.webhook, status: deadOnly ? .dead : nil, seqs: seqs, limit: journal.count)
        return (try? store.deliveries(query)) ?? []
    }

    private mutating func receive(_ sending: Sending) {
        let number = sending.id.webhook
        underWay[number, default: 0] += 1
        mostUnderWay[number] = max(mostUnderWay[number] ?? 0, underWay[number] ?? 0)
        let earlier = sent[sending.id] ?? 0
        sent[sending.id] = earlier + 1
        let reaction = reactions[number]?(sending.event.seq, earlier, steady) ?? .answer(200, after: 2)
        var outcome = AttemptOutcome.failed(code: "timed_out", detail: "")
        var delay = DeliverySimulation.timeout
        var asked: Int64?
        if case .answer(let status, let after, let retryAfter) = reaction {
            outcome = .answered(ReceivedAnswer(status: status, contentType: nil, body: [], isTruncated: false))
            delay = after
            asked = retryAfter
            received.append(Received(id: sending.id, name: sending.name, at: steady, status: status))
        } else {
            received.append(Received(id: sending.id, name: sending.name, at: steady, status: nil))
        }
        let attempt = DeliveryAttempt(
            startedAt: now.wall, microseconds: delay * 1_000, url: sending.endpoint.url, eventName: sending.name,
            signature: "v1,", headSeq: UInt64(journal.count), outcome: outcome)
        schedule(.input(.finished(sending.id, attempt, retryAfter: asked), of: life), after: delay)
    }

    // MARK: What is expected

    /// Seqs that the endpoint wants since it was created.
    func wanted(_ number: WebhookNumber) -> [UInt64] {
        let webhook = webhooks[Int(number.rawValue) - 1]
        let filter = EventFilter(known: webhook.events)
        return journal.filter { $0.seq > webhook.createdSeq && filter.matches($0.type) }.map(\.seq)
    }

    /// Seqs that the endpoint has taken with a 2xx, each as often as it did.
    func taken(_ number: WebhookNumber) -> [UInt64] {
        received.filter { $0.id.webhook == number && (200..<300).contains($0.status ?? 0) }.map(\.id.seq)
    }
}
