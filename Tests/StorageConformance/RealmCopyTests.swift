import LedgerCore
import LedgerStorage
import MemoryStorage
import SampleLedger
import Testing

@Suite("a copy of a realm", .serialized)
struct RealmCopyTests {
    static let pairs: [(StorageEngine, StorageEngine)] = [
        (.sqlite, .postgres), (.postgres, .sqlite), (.sqlite, .sqlite), (.postgres, .postgres), (.memory, .memory),
        (.sqlite, .divided), (.divided, .sqlite),
    ]

    private func ledger(_ seed: UInt64 = 71) -> SampleLedger {
        SampleLedger(seed: seed, items: 30, locations: 4, blocks: 60)
    }

    /// A ledger whose projections are behind its journal, with an endpoint that was sent something.
    private func fill(_ installation: Installation, _ ledger: inout SampleLedger) throws {
        try ledger.write(to: installation.store)
        try installation.store.commit(CommitUnit(projection: ledger.projection))
        for _ in 0..<5 {
            ledger.addMovement()
            try installation.store.commit(ledger.seal())
        }
        try send(to: try installation.deliveries)
    }

    private func send(to store: any DeliveryStore) throws {
        var random = RandomUnits(seed: 5)
        let webhook = WebhookNumber(rawValue: 1)
        func attempts(_ id: DeliveryID, _ count: Int) -> [NumberedAttempt] {
            (1...count).map { NumberedAttempt(delivery: id, ordinal: $0, attempt: random.attempt()) }
        }
        var unit = DeliveryUnit(controlSeq: 40)
        unit.lanes = [
            DeliveryLane(id: LaneID(webhook: webhook, origin: 0), nextSeq: 44, settledAhead: [46, 47]),
            DeliveryLane(
                id: LaneID(webhook: webhook, origin: 9), nextSeq: 3, lastSeq: 8, events: ["stock.*"], deadOnly: true),
        ]
        for (index, status) in DeliveryStatus.allCases.enumerated() {
            for seq in UInt64(10 * index + 1)...UInt64(10 * index + 5) {
                let id = DeliveryID(webhook: webhook, seq: seq)
                unit.deliveries.append(
                    ExceptionalDelivery(
                        id: id, status: status, attempts: 2, lastOrdinal: 3,
                        nextAttemptAt: status == .pending ? Instant(milliseconds: 7) : nil,
                        updatedAt: Instant(milliseconds: 6), eventName: "stock.low"))
                unit.attempts += attempts(id, 3)
            }
        }
        unit.health = [EndpointHealth(webhook: webhook, consecutiveFailures: 2, delivered: 900, died: 5)]
        for index in 0..<70 {
            unit.pages.append(
                DeliveryPage(
                    webhook: webhook, recordedAt: Instant(milliseconds: Int64(index / 2)),
                    deliveries: [FirstDelivery(seq: UInt64(index / 2) + 1, attempt: random.attempt())]))
        }
        // Twice the same page: a replay.
        unit.pages.append(unit.pages[3])
        _ = try store.open()
        try store.commit(unit)
    }

    private func pages(of store: any DeliveryStore) throws -> [DeliveryPage] {
        try store.pages(after: 0, limit: .max).map(\.page)
    }

    private func expectSame(_ source: Installation, _ target: Installation) throws {
        let (from, to) = (try source.store.open(), try target.store.open())
        #expect(from.head == to.head && from.appliedSeq == to.appliedSeq && from.referencedSeq == to.referencedSeq)
        #expect(from.items == to.items && from.locations == to.locations && from.webhooks == to.webhooks)
        #expect(from.levelKeys == to.levelKeys && from.lastIdempotencyPage == to.lastIdempotencyPage)
        #expect(try levels(source.store) == levels(target.store))
        let blocks = try source.store.blocks(from: 1, maximumBytes: .max)
        #expect(try target.store.blocks(from: 1, maximumBytes: .max) == blocks)
        for number in 1...from.lastIdempotencyPage {
            #expect(try source.store.idempotencyPage(number) == target.store.idempotencyPage(number))
        }
        if from.referencedSeq > 0 {
            #expect(
                try source.store.referenceSegment(containing: 1) == target.store.referenceSegment(containing: 1))
        }
        let (sent, copied) = (try source.deliveries, try target.deliveries)
        #expect(try sent.open() == copied.open())
        let all = try sent.deliveries(DeliveryQuery(limit: 1_000))
        #expect(try copied.deliveries(DeliveryQuery(limit: 1_000)) == all)
        for delivery in all { #expect(try sent.attempts(of: delivery.id) == copied.attempts(of: delivery.id)) }
        #expect(try sent.attempts(ofEach: all.map(\.id)) == copied.attempts(ofEach: all.map(\.id)))
        #expect(try pages(of: sent) == pages(of: copied))
    }

    private func levels(_ store: any RealmStore) throws -> [StockLevel] {
        var levels: [StockLevel] = []
        try store.projectedLevels { levels.append($0) }
        return levels
    }

    private func copy(_ source: Installation, _ target: Installation, isUnserved: Bool = true) throws -> RealmCopyReport
    {
        try RealmCopy(
            from: source.store, to: target.store,
            deliveries: DeliveryCopy(from: try source.deliveries, to: try target.deliveries), isUnserved: isUnserved
        ).run()
    }

    @Test("everything arrives as it was, and again what has come since", arguments: pairs)
    func identical(from: StorageEngine, to: StorageEngine) throws {
        let (source, target) = (try Installation(from), try Installation(to))
        var ledger = ledger()
        try fill(source, &ledger)
        let first = try copy(source, target)
        #expect(first.entries == ledger.sealed.head.seq && first.head == ledger.sealed)
        #expect(first.pages == UInt64(ledger.pages.count) && first.deliveries == .copied)
        #expect(first.verification.isOK && first.comparison.rows != nil)
        try expectSame(source, target)

        let again = try copy(source, target, isUnserved: false)
        #expect(again.entries == 0 && again.pages == 0 && again.comparison == first.comparison)
        for _ in 0..<30 {
            ledger.addMovement()
            try source.store.commit(ledger.seal())
        }
        try source.store.commit(
            CommitUnit(
                projection: ProjectionChunk(
                    items: ledger.items, locations: ledger.locations, levels: Array(ledger.levels.values),
                    webhooks: ledger.webhooks, appliedSeq: ledger.sealed.head.seq)))
        let third = try copy(source, target, isUnserved: false)
        #expect(third.entries > 0 && third.comparison.rows != nil)
        try target.reopen()
        try expectSame(source, target)
    }

    @Test("killed at any moment and run again, it ends the same", arguments: pairs, [true, false])
    func killed(pair: (StorageEngine, StorageEngine), isHeard: Bool) throws {
        let (source, target) = (try Installation(pair.0), try Installation(pair.1))
        var ledger = ledger(72)
        try fill(source, &ledger)
        var kills = 0
        var report: RealmCopyReport?
        // Each run comes one commit further than the one before would alone.
        while report == nil {
            let left = CommitsLeft(kills, isHeard: isHeard)
            do throws(CopyFailure) {
                report = try RealmCopy(
                    from: source.store, to: StoppingStore(target.store, left),
                    deliveries: DeliveryCopy(
                        from: try reading { try source.deliveries },
                        to: StoppingDeliveries(try reading { try target.deliveries }, left)),
                    isUnserved: true, bytesAtOnce: 1_500, rowsAtOnce: 25
                ).run()
            } catch {
                guard case .target(.failed(_, "killed")) = error else { throw error }
                kills += 1
                try target.reopen()
            }
        }
        #expect(kills > 8, "\(kills)")
        #expect(report?.comparison.rows != nil)
        try expectSame(source, target)
    }

    @Test(
        "what an earlier copy left waiting, and the source has settled and deleted since, ends there", arguments: pairs)
    func forgotten(from: StorageEngine, to: StorageEngine) throws {
        let (source, target) = (try Installation(from), try Installation(to))
        var ledger = ledger(77)
        try fill(source, &ledger)
        _ = try copy(source, target)
        #expect(try target.deliveries.open().pending.count == 5)
        let sent = try source.deliveries
        let arrived = try sent.open().pending.map { delivery in
            var delivery = delivery
            delivery.status = .delivered
            delivery.nextAttemptAt = nil
            return delivery
        }
        try sent.commit(DeliveryUnit(deliveries: arrived))
        while try sent.commit(DeliveryUnit(dropBefore: Instant(milliseconds: 1_000_000))) {}
        #expect(try sent.deliveries(DeliveryQuery(status: .delivered, limit: 100)).isEmpty)
        #expect(try copy(source, target, isUnserved: false).deliveries == .copied)
        #expect(try target.deliveries.open() == sent.open() && sent.open().pending.isEmpty)
        #expect(try target.deliveries.deliveries(DeliveryQuery(status: .dead, limit: 100)).count == 5)
    }

    @Test(
        "many exceptional deliveries, with their attempts, are copied and compared some hundred at a time",
        arguments: pairs)
    func manyDeliveries(from: StorageEngine, to: StorageEngine) throws {
        let (source, target) = (try Installation(from), try Installation(to))
        let sent = try source.deliveries
        var random = RandomUnits(seed: 78)
        let attempt = random.attempt(body: 200)
        let count = 2_000
        for start in stride(from: 1, through: count, by: 1_000) {
            var unit = DeliveryUnit(controlSeq: UInt64(start))
            for number in start..<start + 1_000 {
                let id = DeliveryID(
                    webhook: WebhookNumber(rawValue: UInt32(number % 3 + 1)), seq: UInt64(number / 3 + 1))
                unit.deliveries.append(
                    ExceptionalDelivery(
                        id: id, status: number % 50 == 0 ? .pending : .dead, attempts: 3, lastOrdinal: 3,
                        nextAttemptAt: number % 50 == 0 ? Instant(milliseconds: 7) : nil,
                        updatedAt: Instant(milliseconds: 6), eventName: "stock.low"))
                for ordinal in 1...3 {
                    unit.attempts.append(NumberedAttempt(delivery: id, ordinal: ordinal, attempt: attempt))
                }
            }
            try sent.commit(unit)
        }
        for _ in 1...2 { #expect(try copy(source, target).deliveries == .copied) }
        #expect(try target.deliveries.deliveries(DeliveryQuery(limit: .max)).count == count)
        // One attempt that is another is found, wherever it stands.
        let odd = DeliveryID(webhook: WebhookNumber(rawValue: 2), seq: 150)
        let other = NumberedAttempt(delivery: odd, ordinal: 2, attempt: random.attempt(body: 3))
        try target.deliveries.commit(DeliveryUnit(attempts: [other]))
        #expect(try copy(source, target).deliveries == .copied, "it is written again")
        #expect(try target.deliveries.attempts(of: odd) == sent.attempts(of: odd))
    }

    private func reading<Value>(_ body: () throws -> Value) throws(CopyFailure) -> Value {
        do { return try body() } catch { throw .source(.failed(operation: "open", detail: "\(error)")) }
    }

    @Test("a target with another history, or one that has gone on, is refused and left as it is", arguments: pairs)
    func refused(from: StorageEngine, to: StorageEngine) throws {
        let (source, target) = (try Installation(from), try Installation(to))
        var mine = ledger(73)
        try fill(source, &mine)
        let other = ledger(74)
        try other.write(to: target.store)
        let before = try target.store.open().head
        #expect(
            throws: CopyFailure.otherHistory(targetHead: before.head.seq, sourceHead: mine.sealed.head.seq)
        ) { try copy(source, target) }
        #expect(try target.store.open().head == before)
        #expect(try target.deliveries.open() == OpenedDeliveries())

        let third = try Installation(to)
        _ = try copy(source, third)
        let served = mine.sealed.head.seq
        mine.addMovement()
        try third.store.commit(mine.seal())
        #expect(
            throws: CopyFailure.targetIsAhead(targetHead: mine.sealed.head.seq, sourceHead: served)
        ) { try copy(source, third, isUnserved: false) }
        // The other way round it is the rest of the same ledger.
        let back = try copy(third, source, isUnserved: false)
        #expect(back.head == mine.sealed)
    }

    @Test("a damaged source is refused at the entry, and nothing wrong is written", arguments: StorageEngine.allCases)
    func damaged(engine: StorageEngine) throws {
        let ledger = ledger(75)
        let source = MemoryRealmStore()
        for (index, block) in ledger.blocks.enumerated() {
            var block = block
            if index == 20 { block.data[block.data.count - 2] ^= 4 }
            try source.commit(CommitUnit(block: block))
        }
        let target = try Installation(engine)
        let wrong = ledger.blocks[20]
        let copy = RealmCopy(from: source, to: target.store, bytesAtOnce: 100)
        let failure = #expect(throws: CopyFailure.self) { try copy.run() }
        if case .source(.corrupt(let seq?, _)) = failure {
            #expect((wrong.firstSeq...wrong.lastSeq).contains(seq))
        } else {
            Issue.record("\(String(describing: failure))")
        }
        #expect(try target.store.open().head.head.seq < wrong.firstSeq)
    }

    @Test("many blocks and pages are appended at once, in order or not at all", arguments: StorageEngine.allCases)
    func append(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let ledger = ledger(76)
        let store = installation.store
        _ = try store.open()
        try store.append(Array(ledger.blocks[..<20]), pages: Array(ledger.pages[..<15]))
        #expect(throws: StoreError.self) { try store.append(Array(ledger.blocks[21...]), pages: []) }
        if engine != .memory {
            #expect(throws: StoreError.self) {
                try store.append([ledger.blocks[20]], pages: [ledger.pages[14]])
            }
        }
        try store.append(Array(ledger.blocks[20...]), pages: Array(ledger.pages[15...]))
        try installation.reopen()
        #expect(try installation.store.open().head == ledger.sealed)
        #expect(try installation.store.blocks(from: 1, maximumBytes: .max) == ledger.blocks)
        for page in ledger.pages { #expect(try installation.store.idempotencyPage(page.number) == page) }
    }

    @Test("a realm, its keys and the secret of cursors are let in, and another's name is not taken", arguments: pairs)
    func control(from: StorageEngine, to: StorageEngine) throws {
        let (source, target) = (try Installation(from), try Installation(to))
        let now = Instant(milliseconds: 1_780_000_000_000)
        let realm = try source.control.realm(tenant: "acme", mode: .live, at: now) { ULID(high: 5, low: 6) }
        var key = APIKey(
            id: ULID(high: 7, low: 8), realm: realm, name: "till", scopes: [.inventoryRead],
            secretHash: Digest256(a: 1, b: 2, c: 3, d: 4), limit: RateLimit(rate: 5, burst: 9), createdAt: now)
        try source.control.insert(key)
        let copy = ControlCopy(from: source.control, to: target.control)
        try copy.check(realm)
        #expect(try copy.copySecret { [UInt8](repeating: 7, count: 32) })
        #expect(try copy.register(realm, at: now) == 1)
        #expect(try target.control.realms() == [realm] && target.control.keys(tenant: nil) == [key])
        #expect(try target.control.installationSecret { [] } == [UInt8](repeating: 7, count: 32))
        key.expiresAt = now
        _ = try source.control.setExpiry(of: key.id, to: now)
        #expect(try copy.register(realm, at: now) == 0)
        #expect(try target.control.key(key.id) == key)

        let other = Realm(id: ULID(high: 9, low: 9), tenant: "acme", mode: .live)
        #expect(throws: CopyFailure.self) { try copy.check(other) }
        #expect(throws: CopyFailure.self) { try copy.check(Realm(id: realm.id, tenant: "zoo", mode: .live)) }
    }
}
