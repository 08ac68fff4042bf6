import LedgerCore

/// The rows of the projections against the fold. A row may be newer than the applied seq: it is right when it is what
/// the fold was at some seq from there on. A level's row says at which, by its last entry.
struct ProjectionCheck {
    private let appliedSeq: UInt64
    private let referencedSeq: UInt64
    /// Rows that no entry has confirmed yet.
    private var levels: [LevelKey: StockLevel] = [:]
    private let items: [ItemNumber: Item]
    private let locations: [LocationNumber: Location]
    private let webhooks: [WebhookNumber: WebhookEndpoint]
    private var confirmedWebhooks: Set<WebhookNumber> = []
    private var confirmedItems: Set<ItemNumber> = []
    private var confirmedLocations: Set<LocationNumber> = []
    private var defaultLocation: LocationNumber?
    private var segment: ReferenceSegment?
    private var postings: [ReferencePosting] = []
    private var problem: VerificationReport.Problem?
    /// The newest entry that the rows know.
    private(set) var lastSeq: UInt64

    init(_ opened: OpenedRealm) {
        appliedSeq = opened.appliedSeq
        referencedSeq = opened.referencedSeq
        items = Dictionary(opened.items.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        locations = Dictionary(opened.locations.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        webhooks = Dictionary(opened.webhooks.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        lastSeq = max(opened.appliedSeq, opened.referencedSeq)
    }

    mutating func add(_ row: StockLevel) {
        levels[row.key] = row
        lastSeq = max(lastSeq, row.changedSeq)
    }

    private mutating func differs(_ detail: String) {
        problem = problem ?? .init(seq: nil, what: .projectionDiffers, detail: detail)
    }

    /// Called with each entry, after the fold has taken it over.
    mutating func check(_ entry: Entry, _ fold: LedgerFold, store: any RealmStore) throws(StoreError) {
        switch entry.change {
        case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item):
            if entry.seq > appliedSeq { confirm(item) }
        case .locationCreated, .locationUpdated, .locationArchived:
            // The default may have gone over from one location to another.
            if entry.seq > appliedSeq { for location in fold.locations { confirm(location) } }
        case .movementRecorded(let movement):
            check(movement.sourceLeg.level, fold, seq: entry.seq)
            if let target = movement.targetLeg { check(target.level, fold, seq: entry.seq) }
        case .stockSettingsChanged(let change): check(change.level, fold, seq: entry.seq)
        case .webhookChanged(_, let webhook):
            if entry.seq > appliedSeq { confirm(webhook) }
        case .stockLow, .stockOut, .replayRequested: break
        }
        if entry.seq <= referencedSeq, problem == nil { try checkReference(entry, store) }
        settleIfApplied(fold, at: entry.seq)
    }

    /// At the applied seq every row must exist; those of the catalogue are compared with what the fold is then.
    mutating func settleIfApplied(_ fold: LedgerFold, at seq: UInt64) {
        guard seq == appliedSeq else { return }
        for item in fold.items {
            if items[item.number] == nil { differs("item \(item.sku) has no row") }
            confirm(item)
        }
        for location in fold.locations {
            if locations[location.number] == nil { differs("location \(location.code) has no row") }
            confirm(location)
        }
        for webhook in fold.webhooks {
            if webhooks[webhook.number] == nil { differs("webhook endpoint \(webhook.number.rawValue) has no row") }
            confirm(webhook)
        }
    }

    private mutating func confirm(_ webhook: WebhookEndpoint) {
        if webhooks[webhook.number] == webhook { confirmedWebhooks.insert(webhook.number) }
    }

    private mutating func confirm(_ item: Item) {
        if items[item.number] == item { confirmedItems.insert(item.number) }
    }

    private mutating func confirm(_ location: Location) {
        if locations[location.number] == location { confirmedLocations.insert(location.number) }
    }

    private mutating func check(_ key: LevelKey, _ fold: LedgerFold, seq: UInt64) {
        guard let row = levels[key] else {
            // Either there is none, or it was confirmed by an entry before this one, which it should know.
            if seq <= appliedSeq { differs("the row of \(fold.name(key)) is missing or older than entry \(seq)") }
            return
        }
        guard row.changedSeq == seq, let level = fold.levels[key] else { return }
        levels[key] = nil
        guard row != level else { return }
        guard row.settings == level.settings else {
            return differs("\(fold.name(key)): the row's settings are not those of entry \(seq)")
        }
        differs(
            "\(fold.name(key)): the row says \(row.pool.onHand) on hand, value \(row.pool.value), last WAC "
                + "\(row.pool.lastWAC), reserved \(row.reserved); entry \(seq) says \(level.pool.onHand), "
                + "\(level.pool.value), \(level.pool.lastWAC), \(level.reserved)")
    }

    private mutating func checkReference(_ entry: Entry, _ store: any RealmStore) throws(StoreError) {
        if segment == nil {
            segment = try store.referenceSegment(containing: entry.seq)
            guard segment?.firstSeq == entry.seq else {
                return differs("the reference index does not cover entry \(entry.seq)")
            }
            postings = []
        }
        guard let segment else { return }
        if let posting = ReferencePosting(indexing: entry) { postings.append(posting) }
        guard entry.seq == segment.lastSeq else { return }
        postings.sort()
        if postings != segment.postings {
            differs("the reference index of \(segment.firstSeq) to \(segment.lastSeq) is not what the journal gives")
        }
        self.segment = nil
    }

    /// The first thing that is wrong, once the journal has been read to its end.
    mutating func finish(_ fold: LedgerFold, head: UInt64) -> VerificationReport.Problem? {
        if lastSeq > head {
            return .init(
                seq: head + 1, what: .sequenceGap,
                detail: "the journal ends at \(head), the projections know \(lastSeq)")
        }
        for number in items.keys.sorted() where !confirmedItems.contains(number) {
            differs("the row of item \(items[number]?.sku ?? "") is not what the journal says")
        }
        for number in locations.keys.sorted() where !confirmedLocations.contains(number) {
            differs("the row of location \(locations[number]?.code ?? "") is not what the journal says")
        }
        for number in webhooks.keys.sorted() where !confirmedWebhooks.contains(number) {
            differs("the row of webhook endpoint \(number.rawValue) is not what the journal says")
        }
        if let key = levels.keys.min(), let row = levels[key] {
            differs("the row of \(fold.name(key)) ends with entry \(row.changedSeq), which is not of that level")
        }
        return problem
    }
}
