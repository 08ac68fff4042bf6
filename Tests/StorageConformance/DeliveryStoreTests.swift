import LedgerCore
import LedgerStorage
import MemoryStorage
import SampleLedger
import Testing

@Suite("a store of deliveries", .serialized)
struct DeliveryStoreTests {
    private let webhook = WebhookNumber(rawValue: 3)

    private func id(_ seq: UInt64, _ webhook: UInt32 = 3) -> DeliveryID {
        DeliveryID(webhook: WebhookNumber(rawValue: webhook), seq: seq)
    }

    private func delivery(_ id: DeliveryID, _ status: DeliveryStatus, at moment: Int64 = 0) -> ExceptionalDelivery {
        ExceptionalDelivery(
            id: id, status: status, attempts: 1, lastOrdinal: 1,
            nextAttemptAt: status == .pending ? Instant(milliseconds: moment + 5) : nil,
            updatedAt: Instant(milliseconds: moment), eventName: "stock.low")
    }

    private func attempt(at moment: Int64 = 0) -> DeliveryAttempt {
        DeliveryAttempt(
            startedAt: Instant(milliseconds: moment), microseconds: 900, url: "https://example.com",
            eventName: "stock.low", signature: "v1,AA==", headSeq: 9,
            outcome: .answered(ReceivedAnswer(status: 200, contentType: nil, body: [], isTruncated: false)))
    }

    private func page(_ seqs: some Sequence<UInt64>, at moment: Int64 = 0, to webhook: UInt32 = 3) -> DeliveryPage {
        DeliveryPage(
            webhook: WebhookNumber(rawValue: webhook), recordedAt: Instant(milliseconds: moment),
            deliveries: seqs.map { FirstDelivery(seq: $0, attempt: attempt(at: moment)) })
    }

    @Test("a new store is empty, and everything asked of it has an answer", arguments: StorageEngine.allCases)
    func empty(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        for _ in 0..<2 {
            let store = try installation.deliveries
            #expect(try store.open() == OpenedDeliveries())
            #expect(try store.commit(DeliveryUnit()) == false)
            #expect(
                try store.commit(
                    DeliveryUnit(
                        removedWebhooks: [webhook], dropBefore: Instant(milliseconds: 5),
                        dropDeadBefore: Instant(milliseconds: 5))) == false)
            #expect(try store.deliveries(DeliveryQuery(limit: 10)) == [])
            #expect(try store.delivery(id(1)) == nil)
            #expect(try store.attempts(of: id(1)) == [])
            #expect(try store.deadSeqs(of: webhook, in: 0...UInt64.max, limit: 5) == [])
            #expect(try store.counts(of: webhook) == (0, 0))
            let (found, from) = try store.firstDeliveries(to: webhook, in: 4...9, limit: 5)
            #expect(found == [] && from == 4)
            try installation.reopen()
        }
    }

    @Test(
        "random units leave what a naive model has, whatever is asked of it and however often it is opened",
        arguments: StorageEngine.allCases)
    func againstTheModel(engine: StorageEngine) throws {
        let first = UInt64.random(in: 1...UInt64(UInt32.max))
        for seed in first..<first + 12 {
            let installation = try Installation(engine)
            var random = RandomUnits(seed: seed)
            var model = NaiveDeliveries()
            for round in 0..<40 {
                let note = Comment(rawValue: "\(engine) seed \(seed), round \(round)")
                var unit = random.unit()
                if random.chance(6) { unit.removedWebhooks = [random.webhook(), random.webhook()] }
                if random.chance(6) { unit.dropBefore = random.later() }
                if random.chance(6) { unit.dropDeadBefore = random.later() }
                let store = try installation.deliveries
                var isLeft = try store.commit(unit)
                model.apply(unit)
                for _ in 0..<100 where isLeft {
                    isLeft = try store.commit(
                        DeliveryUnit(
                            removedWebhooks: unit.removedWebhooks, dropBefore: unit.dropBefore,
                            dropDeadBefore: unit.dropDeadBefore))
                }
                if random.chance(10) { try installation.reopen() }
                try compare(try installation.deliveries, model, &random, note)
            }
        }
    }

    private func compare(
        _ store: any DeliveryStore, _ model: NaiveDeliveries, _ random: inout RandomUnits, _ note: Comment
    ) throws {
        // Without the whole lists in the message.
        let isSame = try store.open() == model.opened
        #expect(isSame, note)
        for _ in 0..<6 {
            let query = random.query()
            let isSame = try store.deliveries(query) == model.list(query)
            #expect(isSame, "\(note.rawValue): \(query)")
        }
        for _ in 0..<3 {
            let id = random.id()
            #expect(try store.delivery(id) == model.deliveries.first { $0.id == id }, note)
            let hasAttempts = try store.attempts(of: id) == model.attempts(of: id)
            #expect(hasAttempts, note)
        }
        let webhook = random.webhook()
        let counts = try store.counts(of: webhook)
        #expect(counts == (model.count(of: webhook, .pending), model.count(of: webhook, .dead)), note)
        let range = random.range()
        let limit = random.pick([0, 1, 7, 1_000])
        let dead = model.deliveries.filter { $0.id.webhook == webhook && $0.status == .dead }.map(\.id.seq).sorted()
        let expected = Array(dead.filter(range.contains).prefix(limit))
        #expect(try store.deadSeqs(of: webhook, in: range, limit: limit) == expected, note)
        try compareFirst(store, model, webhook, range, limit: limit, note)
    }

    /// Asked for piece by piece, the whole range comes, each delivery once.
    private func compareFirst(
        _ store: any DeliveryStore, _ model: NaiveDeliveries, _ webhook: WebhookNumber, _ range: ClosedRange<UInt64>,
        limit: Int, _ note: Comment
    ) throws {
        var rest: ClosedRange<UInt64>? = range
        var all: [FirstDelivery] = []
        while let seqs = rest {
            let (found, from) = try store.firstDeliveries(to: webhook, in: seqs, limit: limit)
            let isRight = found == model.firstDeliveries(to: webhook, in: from...seqs.upperBound)
            #expect(isRight && seqs.contains(from), note)
            // It stops for nothing but the limit.
            guard isRight, seqs.contains(from), from == seqs.lowerBound || found.count >= limit else {
                Issue.record("\(note.rawValue): \(found.count) of \(limit), searched from \(from) in \(seqs)")
                return
            }
            all += found
            rest = from > range.lowerBound ? range.lowerBound...(from - 1) : nil
        }
        let isWhole = all == model.firstDeliveries(to: webhook, in: range)
        #expect(isWhole, note)
    }

    @Test("a list goes on where the page before it ended, each delivery once", arguments: StorageEngine.allCases)
    func paging(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let store = try installation.deliveries
        var random = RandomUnits(seed: 41)
        var model = NaiveDeliveries()
        for _ in 0..<60 {
            let unit = DeliveryUnit(deliveries: (0..<8).map { _ in random.delivery() })
            try store.commit(unit)
            model.apply(unit)
        }
        let statuses: [DeliveryStatus?] = [nil, .pending, .dead, .delivered]
        for webhook in [nil, WebhookNumber(rawValue: 2)] {
            for status in statuses {
                for limit in [1, 7, 100] {
                    var query = DeliveryQuery(webhook: webhook, status: status, limit: limit)
                    var found: [ExceptionalDelivery] = []
                    while found.count <= model.deliveries.count {
                        let page = try store.deliveries(query)
                        found += page
                        guard let last = page.last, page.count == limit else { break }
                        query.before = last.id
                    }
                    query = DeliveryQuery(webhook: webhook, status: status, limit: .max)
                    let isWhole = found == model.list(query)
                    #expect(isWhole, "\(query), pages of \(limit)")
                }
            }
        }
    }

    @Test(
        "a page of a list may begin within a seq: one endpoint's is before another's", arguments: StorageEngine.allCases
    )
    func withinSeq(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let store = try installation.deliveries
        let ids = [id(7, 1), id(7, 2), id(7, 3), id(6, 2), id(8, 2)]
        try store.commit(DeliveryUnit(deliveries: ids.map { delivery($0, .dead) }))
        for status in [nil, DeliveryStatus.dead] {
            func list(_ webhook: UInt32?, before: DeliveryID) throws -> [DeliveryID] {
                let number = webhook.map { WebhookNumber(rawValue: $0) }
                return try store.deliveries(
                    DeliveryQuery(webhook: number, status: status, before: before, limit: 9)
                ).map(\.id)
            }
            #expect(try list(nil, before: id(8, 2)) == [id(7, 3), id(7, 2), id(7, 1), id(6, 2)])
            #expect(try list(nil, before: id(8, 3)) == [id(8, 2), id(7, 3), id(7, 2), id(7, 1), id(6, 2)])
            #expect(try list(nil, before: id(7, 2)) == [id(7, 1), id(6, 2)])
            #expect(try list(2, before: id(7, 3)) == [id(7, 2), id(6, 2)])
            #expect(try list(2, before: id(7, 2)) == [id(6, 2)])
            #expect(try list(2, before: id(7, 1)) == [id(6, 2)])
            #expect(try list(1, before: id(7, 1)) == [])
        }
    }

    @Test("pages are read from the newest down, no further than the limit asks", arguments: StorageEngine.allCases)
    func stopping(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let store = try installation.deliveries
        try store.commit(DeliveryUnit(pages: [page(1...10), page(11...20), page(21...30)]))
        func read(_ seqs: ClosedRange<UInt64>, limit: Int) throws -> ([UInt64], UInt64) {
            let (found, from) = try store.firstDeliveries(to: webhook, in: seqs, limit: limit)
            return (found.map(\.seq), from)
        }
        #expect(try read(1...30, limit: 10) == (Array((21...30).reversed()), 21))
        #expect(try read(1...30, limit: 11) == (Array((11...30).reversed()), 11))
        #expect(try read(1...24, limit: 4) == ([24, 23, 22, 21], 21))
        #expect(try read(1...24, limit: 5) == (Array((11...24).reversed()), 11))
        #expect(try read(5...30, limit: 1_000) == (Array((5...30).reversed()), 5))
        #expect(try read(31...99, limit: 1) == ([], 31))
        #expect(try read(13...13, limit: 1) == ([13], 13))
        // A replay has sent the first twenty again: what it sent lies beside what was sent at first.
        try store.commit(DeliveryUnit(pages: [page(1...20, at: 9)]))
        #expect(try read(1...30, limit: 10) == (Array((21...30).reversed()), 21))
        let (found, from) = try store.firstDeliveries(to: webhook, in: 1...30, limit: 11)
        #expect(from == 11 && found.count == 30)
        #expect(found.filter { $0.seq == 20 }.map(\.attempt.startedAt.milliseconds) == [9, 0])
    }

    @Test("pages as wide as they may be are found by each of their seqs, also at the end of all seqs")
    func wide() throws {
        for engine in StorageEngine.allCases {
            let installation = try Installation(engine)
            let store = try installation.deliveries
            let span = DeliveryPage.maximumSpan - 1
            let last = UInt64(Int64.max)
            let wide: [UInt64] = [1, 1 + span]
            let far: [UInt64] = [last - span, last]
            try store.commit(DeliveryUnit(pages: [page(wide), page([2] as [UInt64]), page(far)]))
            for seq in wide + [2] + far {
                #expect(try store.firstDeliveries(to: webhook, in: seq...seq, limit: 1).deliveries.map(\.seq) == [seq])
            }
            #expect(try store.firstDeliveries(to: webhook, in: 3...span, limit: 1).deliveries == [])
            #expect(try store.firstDeliveries(to: webhook, in: 0...(.max), limit: 9).deliveries.count == 5)
        }
    }

    @Test("a page without deliveries, out of order or too wide is refused, and the store goes on")
    func badPages() throws {
        for engine in StorageEngine.allCases {
            let installation = try Installation(engine)
            let store = try installation.deliveries
            let bad: [[UInt64]] = [[], [2, 1], [1, 1 + DeliveryPage.maximumSpan], [.max, 0]]
            for seqs in bad {
                let unit = DeliveryUnit(controlSeq: 5, pages: [page([7] as [UInt64]), page(seqs)])
                #expect(throws: StoreError.self, "\(engine) \(seqs)") { try store.commit(unit) }
            }
            #expect(try store.open().controlSeq == 0)
            #expect(try store.firstDeliveries(to: webhook, in: 0...100, limit: 9).deliveries == [])
            try store.commit(DeliveryUnit(controlSeq: 6, pages: [page([1, 1, 2] as [UInt64])]))
            #expect(try store.open().controlSeq == 6)
        }
    }

    /// Everything about three endpoints, a thousand rows and more of each.
    private func crowded(_ installation: Installation) throws -> NaiveDeliveries {
        var model = NaiveDeliveries()
        for number in 1...3 as ClosedRange<UInt32> {
            var unit = DeliveryUnit()
            let webhook = WebhookNumber(rawValue: number)
            unit.lanes = (0..<300).map { DeliveryLane(id: LaneID(webhook: webhook, origin: $0), nextSeq: 1) }
            unit.health = [EndpointHealth(webhook: webhook)]
            for seq in 1...300 as ClosedRange<UInt64> {
                let status: DeliveryStatus = [.pending, .dead, .delivered][Int(seq % 3)]
                unit.deliveries.append(delivery(id(seq, number), status, at: Int64(seq)))
                for ordinal in 1...Int(seq % 4 + 1) {
                    unit.attempts.append(
                        NumberedAttempt(delivery: id(seq, number), ordinal: ordinal, attempt: attempt()))
                }
                unit.pages.append(page([seq], at: Int64(seq), to: number))
            }
            // More attempts than one unit may delete.
            unit.attempts += (5...700).map {
                NumberedAttempt(delivery: id(20, number), ordinal: $0, attempt: attempt())
            }
            try installation.deliveries.commit(unit)
            model.apply(unit)
        }
        return model
    }

    /// Rows that can be seen from outside.
    private func rows(_ store: any DeliveryStore) throws -> Int {
        let opened = try store.open()
        let deliveries = try store.deliveries(DeliveryQuery(limit: .max))
        var rows = opened.lanes.count + opened.health.count + deliveries.count
        for delivery in deliveries { rows += try store.attempts(of: delivery.id).count }
        for number in 1...3 as ClosedRange<UInt32> {
            let webhook = WebhookNumber(rawValue: number)
            rows += try store.firstDeliveries(to: webhook, in: 0...(.max), limit: .max).deliveries.count
        }
        return rows
    }

    @Test(
        "what is removed or old goes a bounded number of rows at a time, until the store says that nothing is left",
        arguments: StorageEngine.allCases)
    func boundedDeletion(engine: StorageEngine) throws {
        let units = [
            DeliveryUnit(removedWebhooks: [WebhookNumber(rawValue: 2)]),
            DeliveryUnit(dropBefore: Instant(milliseconds: 200)),
            DeliveryUnit(dropDeadBefore: Instant(milliseconds: 300)),
            DeliveryUnit(
                removedWebhooks: [WebhookNumber(rawValue: 1), WebhookNumber(rawValue: 3)],
                dropBefore: Instant(milliseconds: 250), dropDeadBefore: Instant(milliseconds: 100)),
        ]
        for unit in units {
            let installation = try Installation(engine)
            var model = try crowded(installation)
            let store = try installation.deliveries
            var before = try rows(store)
            #expect(before == model.rows)
            model.apply(unit)
            var commits = 0
            while try store.commit(unit), commits < 100 {
                commits += 1
                let after = try rows(store)
                // A row of health for each endpoint is beside the count.
                #expect(before - after <= 256 + unit.removedWebhooks.count && after < before, "\(unit)")
                before = after
            }
            #expect(commits >= 2 && commits < 100)
            #expect(try rows(store) == model.rows)
            var random = RandomUnits(seed: 5)
            try compare(store, model, &random, "\(unit)")
            #expect(try store.commit(unit) == false)
        }
    }

    @Test("a unit that makes an old dead letter pending again and drops what is old keeps it")
    func pendingStays() throws {
        for engine in StorageEngine.allCases {
            let installation = try Installation(engine)
            let store = try installation.deliveries
            let old = [delivery(id(1), .dead), delivery(id(2), .dead), delivery(id(3), .pending)]
            try store.commit(
                DeliveryUnit(
                    deliveries: old,
                    attempts: old.map { NumberedAttempt(delivery: $0.id, ordinal: 1, attempt: attempt()) }))
            try store.commit(
                DeliveryUnit(deliveries: [delivery(id(1), .pending)], dropDeadBefore: Instant(milliseconds: 100)))
            #expect(try store.deliveries(DeliveryQuery(limit: 9)).map(\.id.seq) == [3, 1])
            #expect(try store.attempts(of: id(1)).count == 1 && store.attempts(of: id(2)).isEmpty)
        }
    }

    @Test(
        "dead letters outlive what arrived: each is dropped by a moment of its own", arguments: StorageEngine.allCases)
    func deadLettersStay(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let store = try installation.deliveries
        let ended = [
            delivery(id(1), .dead, at: 10), delivery(id(2), .dead, at: 60), delivery(id(3), .delivered, at: 10),
            delivery(id(4), .delivered, at: 60), delivery(id(5), .pending, at: 10),
        ]
        try store.commit(
            DeliveryUnit(
                deliveries: ended,
                attempts: ended.map { NumberedAttempt(delivery: $0.id, ordinal: 1, attempt: attempt()) }))
        func seqs() throws -> [UInt64] { try store.deliveries(DeliveryQuery(limit: 9)).map(\.id.seq) }
        #expect(try store.commit(DeliveryUnit(dropBefore: Instant(milliseconds: 60))) == false)
        #expect(try seqs() == [5, 4, 2, 1] && store.attempts(of: id(3)).isEmpty)
        #expect(try store.commit(DeliveryUnit(dropDeadBefore: Instant(milliseconds: 60))) == false)
        #expect(try seqs() == [5, 4, 2] && store.attempts(of: id(1)).isEmpty)
        #expect(try store.commit(DeliveryUnit(dropBefore: Instant(milliseconds: 61))) == false)
        #expect(try seqs() == [5, 2])
        #expect(try store.attempts(of: id(2)).count == 1)
    }

    @Test("readers on other threads see whole units", .timeLimit(.minutes(1)), arguments: StorageEngine.allCases)
    func concurrency(engine: StorageEngine) async throws {
        let installation = try Installation(engine)
        let store = try installation.deliveries
        let last: UInt64 = 2_000
        let webhook = webhook
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for seq in 1...last {
                    try store.commit(
                        DeliveryUnit(
                            controlSeq: seq,
                            lanes: [DeliveryLane(id: LaneID(webhook: webhook, origin: 0), nextSeq: seq)],
                            health: [EndpointHealth(webhook: webhook, delivered: seq)]))
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    var seen: UInt64 = 0
                    while seen < last, !Task.isCancelled {
                        let opened = try store.open()
                        let parts: [UInt64] = [
                            opened.controlSeq, opened.lanes.first?.nextSeq ?? 0, opened.health.first?.delivered ?? 0,
                        ]
                        #expect(parts[0] == parts[1] && parts[1] == parts[2] && parts[0] >= seen)
                        seen = parts[0]
                        await Task.yield()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    // MARK: the memory's faults

    @Test("a full memory leaves nothing and goes on; after another fault it must be opened again")
    func faults() throws {
        let store = MemoryDeliveryStore()
        store.fail(.full, .refused)
        #expect(throws: StoreError.full(detail: "simulated")) { try store.commit(DeliveryUnit(controlSeq: 1)) }
        #expect(try store.open().controlSeq == 0)
        for _ in 0..<2 { #expect(throws: StoreError.self) { try store.commit(DeliveryUnit(controlSeq: 2)) } }
        #expect(try store.open().controlSeq == 0)
        store.fail(.unheard)
        #expect(throws: StoreError.self) { try store.commit(DeliveryUnit(controlSeq: 3)) }
        #expect(try store.open().controlSeq == 3)
        try store.commit(DeliveryUnit(controlSeq: 4))
        #expect(try store.open().controlSeq == 4)
    }

    @Test("a power cut goes back to the last mark, and what was opened is a mark")
    func powerCut() throws {
        let store = MemoryDeliveryStore()
        try store.commit(DeliveryUnit(controlSeq: 1))
        store.forgetUnsynced()
        #expect(try store.open().controlSeq == 0)
        try store.commit(DeliveryUnit(controlSeq: 2))
        store.sync()
        try store.commit(DeliveryUnit(controlSeq: 3))
        store.forgetUnsynced()
        #expect(try store.open().controlSeq == 2)
        try store.commit(DeliveryUnit(controlSeq: 4))
        _ = try store.open()
        store.forgetUnsynced()
        #expect(try store.open().controlSeq == 4)
    }
}
