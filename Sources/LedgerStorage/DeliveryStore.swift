public import LedgerCore

/// What one step of the dispatcher writes, atomically.
public struct DeliveryUnit: Hashable, Sendable {
    /// Every journal entry up to here has been looked at for what it asks of the dispatcher.
    public var controlSeq: UInt64?
    /// Lanes as they are now; an unknown one is new.
    public var lanes: [DeliveryLane]
    /// Replays that are through.
    public var endedLanes: [LaneID]
    public var deliveries: [ExceptionalDelivery]
    /// Attempts of exceptional deliveries, to be added to them, with their ordinals from 1.
    public var attempts: [NumberedAttempt]
    public var pages: [DeliveryPage]
    public var health: [EndpointHealth]
    /// Endpoints that were deleted: everything about them goes, some in each unit, a bounded number of rows at a time;
    /// name them until `commit` says that nothing is left.
    public var removedWebhooks: [WebhookNumber]
    /// Pages written before this moment, and deliveries that arrived before it, may be deleted, a bounded number of
    /// rows in each unit. What is pending stays.
    public var dropBefore: Instant?
    /// So may dead letters that were given up before this moment: a person may want them for longer.
    public var dropDeadBefore: Instant?

    public init(
        controlSeq: UInt64? = nil, lanes: [DeliveryLane] = [], endedLanes: [LaneID] = [],
        deliveries: [ExceptionalDelivery] = [], attempts: [NumberedAttempt] = [], pages: [DeliveryPage] = [],
        health: [EndpointHealth] = [], removedWebhooks: [WebhookNumber] = [], dropBefore: Instant? = nil,
        dropDeadBefore: Instant? = nil
    ) {
        self.controlSeq = controlSeq
        self.lanes = lanes
        self.endedLanes = endedLanes
        self.deliveries = deliveries
        self.attempts = attempts
        self.pages = pages
        self.health = health
        self.removedWebhooks = removedWebhooks
        self.dropBefore = dropBefore
        self.dropDeadBefore = dropDeadBefore
    }
}

/// An attempt of an exceptional delivery.
public struct NumberedAttempt: Hashable, Sendable {
    public var delivery: DeliveryID
    /// From 1.
    public var ordinal: Int
    public var attempt: DeliveryAttempt

    public init(delivery: DeliveryID, ordinal: Int, attempt: DeliveryAttempt) {
        self.delivery = delivery
        self.ordinal = ordinal
        self.attempt = attempt
    }
}

/// What a dispatcher starts from.
public struct OpenedDeliveries: Hashable, Sendable {
    /// 0 in a new store.
    public var controlSeq: UInt64
    public var lanes: [DeliveryLane]
    public var health: [EndpointHealth]
    /// Every pending delivery, by id.
    public var pending: [ExceptionalDelivery]

    public init(
        controlSeq: UInt64 = 0, lanes: [DeliveryLane] = [], health: [EndpointHealth] = [],
        pending: [ExceptionalDelivery] = []
    ) {
        self.controlSeq = controlSeq
        self.lanes = lanes
        self.health = health
        self.pending = pending
    }
}

/// Which exceptional deliveries a list shows.
public struct DeliveryQuery: Hashable, Sendable {
    /// nil for all endpoints.
    public var webhook: WebhookNumber?
    /// nil for any.
    public var status: DeliveryStatus?
    /// nil for any; else one of these names.
    public var eventNames: [String]?
    /// Only seqs within it.
    public var seqs: ClosedRange<UInt64>
    /// Only ids below it, by seq and then by endpoint: where a page goes on.
    public var before: DeliveryID?
    public var limit: Int

    public init(
        webhook: WebhookNumber? = nil, status: DeliveryStatus? = nil, eventNames: [String]? = nil,
        seqs: ClosedRange<UInt64> = 0...UInt64(Int64.max), before: DeliveryID? = nil, limit: Int
    ) {
        self.webhook = webhook
        self.status = status
        self.eventNames = eventNames
        self.seqs = seqs
        self.before = before
        self.limit = limit
    }
}

/// The port through which the dispatcher reaches a realm's delivery state: where each endpoint is in the journal, what
/// must be retried, what has died, and what arrived lately. The journal is not here, and nothing here is needed to read
/// it.
///
/// A unit that was committed survives the end of the process. A power cut may take the last second of them with it:
/// then something that had arrived is sent again, which is what at-least-once means, and nothing is ever lost.
///
/// Every call blocks. `commit` is called by one thread at a time; reads may run beside it.
public protocol DeliveryStore: Sendable {
    /// Reads what a start needs.
    func open() throws(StoreError) -> OpenedDeliveries

    /// Writes the unit.
    /// - Returns: whether more of `removedWebhooks` or of what is old is left to delete.
    /// - Throws: `StoreError.full` when nothing was written for want of room; after any other error the store is
    ///   unusable until it is opened again.
    @discardableResult
    func commit(_ unit: DeliveryUnit) throws(StoreError) -> Bool

    /// Exceptional deliveries, newest seq first, and for one seq the largest endpoint first.
    func deliveries(_ query: DeliveryQuery) throws(StoreError) -> [ExceptionalDelivery]

    /// One exceptional delivery; nil when the event arrived at once, or was not sent yet.
    func delivery(_ id: DeliveryID) throws(StoreError) -> ExceptionalDelivery?

    /// All attempts of an exceptional delivery, in order.
    func attempts(of id: DeliveryID) throws(StoreError) -> [DeliveryAttempt]

    /// The same of several deliveries, in their order. For a copy, which asks for all that there are.
    func attempts(ofEach ids: [DeliveryID]) throws(StoreError) -> [[DeliveryAttempt]]

    /// Seqs of the endpoint's dead letters within the range, ascending, at most `limit`.
    func deadSeqs(of webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int) throws(StoreError) -> [UInt64]

    /// Numbers of pending and of dead deliveries of the endpoint.
    func counts(of webhook: WebhookNumber) throws(StoreError) -> (pending: Int, dead: Int)

    /// First-attempt deliveries of the endpoint with seqs in the range, newest first, one for each time it was
    /// delivered (a replay delivers again). Reads only pages that can hold such seqs; stops after the page with which
    /// `limit` is reached: `searchedFrom` says down to which seq the answer is complete (the range's lower bound when
    /// it was not stopped).
    func firstDeliveries(
        to webhook: WebhookNumber, in seqs: ClosedRange<UInt64>, limit: Int
    ) throws(StoreError) -> (deliveries: [FirstDelivery], searchedFrom: UInt64)

    /// Pages of deliveries that arrived at once, in the order in which they were written, with the store's own numbers
    /// for them: those after a number, at most `limit`. For a copy.
    func pages(after number: Int64, limit: Int) throws(StoreError) -> [(number: Int64, page: DeliveryPage)]

    /// Releases files and connections. Nothing may be called after it.
    func close()
}

extension DeliveryStore {
    /// One after the other, where that costs no way to another machine.
    public func attempts(ofEach ids: [DeliveryID]) throws(StoreError) -> [[DeliveryAttempt]] {
        try ids.map { id throws(StoreError) in try attempts(of: id) }
    }
}
