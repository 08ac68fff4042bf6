import BlockingWork
import LedgerCore
import LedgerStorage
import Synchronization

/// The reads of one realm's dispatcher: gathered while one runs, then done together on a thread that may block.
///
/// @unchecked Sendable: `window` is touched by the one job that runs at a time.
final class JournalReads: @unchecked Sendable {
    /// What is to be read.
    enum Request: Sendable {
        case lane(LaneID, filter: EventFilter, from: UInt64, through: UInt64, limit: Int, deadOnly: Bool)
        case control(from: UInt64, through: UInt64)
        case delivery(DeliveryID)

        var name: DeliveryMachine.ReadRequest {
            switch self {
            case .lane(let id, _, _, _, _, _): .lane(id)
            case .control: .control
            case .delivery(let id): .delivery(id)
            }
        }
    }

    private struct Waiting {
        var requests: [Request] = []
        var wanted: Set<EventType> = []
        var isRunning = false
    }

    private let source: DeliverySource
    private let threads: BlockingThreads
    /// Called on a reading thread with what the machine is to be told.
    private let deliver: @Sendable ([DeliveryMachine.Input], _ failure: StoreError?) -> Void
    private let waiting = Mutex(Waiting())
    private var window: JournalWindow

    init(
        _ source: DeliverySource, threads: BlockingThreads,
        deliver: @escaping @Sendable ([DeliveryMachine.Input], _ failure: StoreError?) -> Void
    ) {
        self.source = source
        self.threads = threads
        self.deliver = deliver
        window = JournalWindow(journal: source.journal, render: source.render)
    }

    /// - Parameter wanted: types that any endpoint wants.
    func request(_ requests: [Request], wanted: Set<EventType>) {
        let starts = waiting.withLock { waiting in
            waiting.requests += requests
            waiting.wanted = wanted
            guard !waiting.isRunning else { return false }
            waiting.isRunning = true
            return true
        }
        if starts, !threads.run({ self.run() }) { waiting.withLock { $0.isRunning = false } }
    }

    private func run() {
        while true {
            let (requests, wanted) = waiting.withLock { waiting in
                defer { waiting.requests = [] }
                if waiting.requests.isEmpty { waiting.isRunning = false }
                return (waiting.requests, waiting.wanted)
            }
            guard !requests.isEmpty else { return }
            var inputs: [DeliveryMachine.Input] = []
            var failure: StoreError?
            for request in requests {
                do throws(StoreError) {
                    inputs.append(try read(request, wanted))
                } catch {
                    failure = error
                    inputs.append(.readFailed(request.name))
                }
            }
            deliver(inputs, failure)
            // Others wait for a thread: they come first.
            if threads.isContended {
                threads.run { self.run() }
                return
            }
        }
    }

    private func read(_ request: Request, _ wanted: Set<EventType>) throws(StoreError) -> DeliveryMachine.Input {
        switch request {
        case .control(let from, let through):
            let (events, end) = try window.events(
                .replayRequests, from: from, through: through, limit: 256,
                wanted: wanted.union([.webhookReplayRequested]))
            return .controlScanned(requests: events, through: end)
        case .delivery(let id):
            return .fetched(id, try window.event(id.seq))
        case .lane(let id, let filter, let from, let through, let limit, false):
            let (events, end) = try window.events(
                filter, from: from, through: through, limit: limit,
                wanted: wanted.union(filter.types).union([.webhookReplayRequested]))
            let rows = id.origin == 0 ? [] : try rows(of: id, nil, in: from...max(from, end))
            return .loaded(id, events: events, rows: rows, through: end)
        case .lane(let id, let filter, let from, let through, let limit, true):
            let seqs = try source.deliveries.deadSeqs(of: id.webhook, in: from...through, limit: limit)
            var events: [JournalEvent] = []
            for seq in seqs {
                if let event = try window.event(seq), filter.matches(event.type) { events.append(event) }
            }
            let end = seqs.count < limit ? through : seqs[seqs.count - 1]
            let rows = try rows(of: id, .dead, in: from...max(from, end))
            return .loaded(id, events: events, rows: rows, through: end)
        }
    }

    /// The rows that a replay meets. (The live lane is the first to come by and meets none.)
    private func rows(
        of lane: LaneID, _ status: DeliveryStatus?, in seqs: ClosedRange<UInt64>
    ) throws(StoreError) -> [ExceptionalDelivery] {
        try source.deliveries.deliveries(
            DeliveryQuery(
                webhook: lane.webhook, status: status, seqs: seqs, limit: Int(seqs.upperBound - seqs.lowerBound) + 1))
    }
}

extension EventFilter {
    static let replayRequests = EventFilter(known: [EventType.webhookReplayRequested.name])
}
