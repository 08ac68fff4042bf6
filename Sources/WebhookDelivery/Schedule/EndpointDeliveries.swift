import LedgerCore
import LedgerStorage

/// One endpoint's side of the dispatcher.
struct EndpointDeliveries {
    var endpoint: WebhookEndpoint
    var filter: EventFilter
    var health: EndpointHealth
    var limit: ConcurrencyLimit
    var retries = RetryQueue()
    /// The live lane first, then replays, oldest first.
    var lanes: [LaneProgress] = []
    /// Which lane is next in turn.
    var turn = 0
    /// Deliveries under way, those included whose event is still being read.
    var underWay = 0
    /// Deliveries whose outcome is known and not yet on disk, and those of them that are being written.
    var unrecorded = 0
    var recording = 0
    /// Nothing new is sent before this steady time.
    var pausedUntil: Int64 = .min
    /// The state of the endpoint on which the server has asked the journal to disable it.
    var disablingAsOf: UInt64?

    init(_ endpoint: WebhookEndpoint, maximumConcurrency: Int) {
        self.endpoint = endpoint
        filter = EventFilter(known: endpoint.events)
        health = EndpointHealth(webhook: endpoint.number)
        limit = ConcurrencyLimit(maximum: maximumConcurrency)
    }

    var isActive: Bool { endpoint.isActive && disablingAsOf != endpoint.changedSeq }

    func laneIndex(_ origin: UInt64) -> Int? { lanes.firstIndex { $0.lane.id.origin == origin } }

    /// What a lane of the endpoint wants.
    func filter(of lane: DeliveryLane) -> EventFilter { filter.narrowed(to: lane.events) }

    /// The next event of the lanes in turn, with its lane.
    mutating func takeNext() -> (event: JournalEvent, row: ExceptionalDelivery?, origin: UInt64)? {
        for step in 0..<lanes.count {
            let index = (turn + step) % lanes.count
            if let (event, row) = lanes[index].takeNext() {
                turn = index + 1
                return (event, row, lanes[index].lane.id.origin)
            }
        }
        return nil
    }
}

extension EventFilter {
    /// Only what the patterns take too; nil for no restriction. An event keeps the name that this filter gives it.
    func narrowed(to patterns: [String]?) -> EventFilter {
        guard let patterns else { return self }
        let other = EventFilter(known: patterns)
        // Every name of a type that both take is a pattern for itself.
        return EventFilter(
            known: EventType.allCases.compactMap { other.matches($0) ? name(of: $0) : nil })
    }
}
