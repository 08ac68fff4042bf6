import LedgerCore
import Testing

@Suite("committed ledger")
struct CommittedLedgerTests {
    private let key = LevelKey(item: ItemNumber(rawValue: 1), location: LocationNumber(rawValue: 1))

    @Test("nothing that a batch does is seen before it is published, and all of it afterwards")
    func publish() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 3))
        #expect(ledger.committed.items.isEmpty)
        #expect(ledger.committed.head == .start)
        #expect(ledger.committed.level(key) == nil)
        let head = ledger.state.head
        ledger.publish()
        #expect(ledger.committed.head == head)
        #expect(ledger.committed.level(key)?.pool.onHand == 3)
        #expect(ledger.committed.locations(of: key.item) == [key.location])
        #expect(ledger.committed.item(.sku("X"))?.number == key.item)
        #expect(ledger.committed.location(.code("B"))?.number.rawValue == 2)
    }

    @Test("a state put back undoes everything since it was copied")
    func rollback() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 3))
        let copy = ledger.state
        let entries = ledger.journal.count
        try ledger.move(draft(.receipt, 4, at: "B"))
        try ledger.perform(.createItem(ItemDraft(sku: "Y", name: "Y")))
        try ledger.move(draft(.sale, -3))
        ledger.state = copy
        #expect(ledger.pool() == pool(3, 0, 0))
        #expect(ledger.pool("B") == .empty)
        #expect(ledger.state.item(.sku("Y")) == nil)
        #expect(ledger.state.head.seq == UInt64(entries))
        #expect(try ledger.move(draft(.sale, -1)).link.previous == UInt64(entries))
    }

    @Test("a restored ledger decides like the one that it was saved from")
    func restore() throws {
        var ledger = try TestLedger.stocked(items: ["X", "Y"])
        try ledger.move(draft(.receipt, 3))
        try ledger.perform(.archiveItem(.sku("Y")))
        var changes = LocationChanges()
        changes.isDefault = true
        try ledger.perform(.updateLocation(.code("B"), changes))
        ledger.publish()
        let saved = ledger.committed
        let restored = CommittedLedger()
        restored.restore(
            items: saved.items, locations: saved.locations, locationsByItem: saved.locationsByItem,
            stockedLevelsByLocation: saved.stockedLevelsByLocation, head: saved.head)
        #expect(restored.defaultLocation == saved.defaultLocation)
        #expect(restored.levels.isEmpty)
        #expect(restored.hasLevel(key))
        var movement = draft(.sale, -1)
        let needed = footprint(of: .recordMovement(movement), given: LedgerState(base: restored))
        #expect(needed.levels == [key])
        restored.load(try #require(saved.level(key)))
        let moment = Moment(now: Instant(milliseconds: 1), actor: nil, random: (0, 0))
        movement.item = .id(saved.items[0].id)
        movement.location = .id(saved.locations[0].id)
        #expect(
            try decide(.recordMovement(movement), given: LedgerState(base: restored), at: moment)
                == decide(.recordMovement(movement), given: LedgerState(base: saved), at: moment))
    }

    @Test("loading does not overwrite what is in memory, and an absent level is not asked for again")
    func loading() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 3))
        ledger.publish()
        ledger.committed.load(StockLevel(key: key))
        #expect(ledger.committed.level(key)?.pool.onHand == 3)
        ledger.committed.loadAbsent(key)
        #expect(ledger.committed.hasLevel(key))
        ledger.committed.evict(key)
        #expect(ledger.committed.level(key) == nil)
        #expect(ledger.committed.hasLevel(key))
        ledger.committed.loadAbsent(key)
        #expect(!ledger.committed.hasLevel(key))
    }

    @Test("replaying entries again changes nothing")
    func replayTwice() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 3))
        try ledger.move(draft(.transfer, 1, to: "B"))
        let replica = CommittedLedger()
        for _ in 0..<2 { for entry in ledger.journal { replica.replay(entry) } }
        ledger.publish()
        #expect(difference(replica, ledger.committed) == nil)
    }

    @Test("replay leaves a level out that has a past and is not loaded, and brings up to date one that is")
    func replayOfUnloaded() throws {
        var ledger = try TestLedger.stocked()
        try ledger.move(draft(.receipt, 3))
        ledger.publish()
        let replica = CommittedLedger()
        for entry in ledger.journal { replica.replay(entry) }
        let old = try #require(replica.level(key))
        replica.evict(key)
        let sale = try ledger.perform(.recordMovement(draft(.sale, -3))).first
        let other = try ledger.perform(.recordMovement(draft(.receipt, 1))).first
        ledger.publish()

        var needed = Footprint()
        replica.footprint(of: sale, into: &needed)
        #expect(needed.levels == [key])
        replica.replay(sale)
        #expect(replica.level(key) == nil)
        #expect(replica.hasLevel(key))
        #expect(replica.stockedLevelsByLocation == [0, 0])
        #expect(replica.head.seq == sale.seq)

        // As the store has it after the sale.
        var level = old
        level.pool = try #require(sale.movement).after
        level.history.append(sale.seq)
        replica.load(level)
        for entry in ledger.journal { replica.replay(entry) }
        replica.replay(other)
        #expect(difference(replica, ledger.committed) == nil)
    }

    @Test("an entry's time never falls, and its id ascends whatever the clock and the random bits do")
    func timeAndIds() throws {
        var ledger = TestLedger()
        let clocks: [Int64] = [100, 100, 50, .min, 101, 101, -1, 1 << 40, 1 << 40, 0]
        var last: Entry?
        for (index, clock) in clocks.enumerated() {
            let moment = Moment(
                now: Instant(milliseconds: clock), actor: ULID(high: 1, low: 2), random: (.max, .max))
            let decision = try decide(
                .createItem(ItemDraft(sku: "\(index)", name: "")), given: ledger.state, at: moment)
            apply(decision, to: &ledger.state)
            let entry = decision.first
            #expect(entry.actor == ULID(high: 1, low: 2))
            if let last {
                #expect(entry.id > last.id)
                #expect(entry.recordedAt >= last.recordedAt)
                #expect(entry.seq == last.seq + 1)
            }
            last = entry
        }
        #expect(last?.recordedAt == Instant(milliseconds: 1 << 40))
    }

    @Test("within a millisecond ids count up; the next millisecond starts at random again")
    func idsWithinAMillisecond() throws {
        var ledger = TestLedger()
        var ids: [ULID] = []
        for (index, moment) in [(5, 1), (5, 9), (4, 9), (6, 3)].enumerated() {
            let decision = try decide(
                .createItem(ItemDraft(sku: "\(index)", name: "")), given: ledger.state,
                at: Moment(now: Instant(milliseconds: Int64(moment.0)), actor: nil, random: (0, UInt64(moment.1))))
            apply(decision, to: &ledger.state)
            ids.append(decision.first.id)
        }
        #expect(ids == [(5, 1), (5, 2), (5, 3), (6, 3)].map { ULID(high: $0 << 16, low: $1) })
    }
}

/// In what two ledgers differ; nil when they don't.
func difference(_ lhs: CommittedLedger, _ rhs: CommittedLedger) -> String? {
    if lhs.head != rhs.head { return "head: \(lhs.head) and \(rhs.head)" }
    if lhs.items != rhs.items { return "items" }
    if lhs.locations != rhs.locations { return "locations" }
    if lhs.defaultLocation != rhs.defaultLocation { return "default location" }
    if lhs.locationsByItem != rhs.locationsByItem { return "locations by item" }
    if lhs.stockedLevelsByLocation != rhs.stockedLevelsByLocation { return "stocked levels" }
    if lhs.levels != rhs.levels { return "levels" }
    if lhs.webhooks != rhs.webhooks { return "webhooks" }
    if lhs.webhooksChangedSeq != rhs.webhooksChangedSeq { return "seq of the last change of a webhook" }
    for webhook in lhs.webhooks where rhs.webhook(webhook.id) != webhook { return "webhook \(webhook.id)" }
    for item in lhs.items where lhs.item(.sku(item.sku)) != rhs.item(.sku(item.sku)) { return "sku \(item.sku)" }
    for location in lhs.locations
    where lhs.location(.code(location.code)) != rhs.location(.code(location.code)) {
        return "code \(location.code)"
    }
    return nil
}
