import LedgerCore
import LedgerStorage
import SampleLedger
import Testing

@Suite("a realm's store", .serialized)
struct RealmStoreTests {
    @Test("an empty realm opens at the start", arguments: StorageEngine.allCases)
    func empty(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        for _ in 0..<2 {
            let opened = try installation.store.open()
            #expect(opened.head == .start)
            #expect(opened.appliedSeq == 0 && opened.referencedSeq == 0 && opened.lastIdempotencyPage == 0)
            #expect(opened.items.isEmpty && opened.locations.isEmpty && opened.levelKeys.isEmpty)
            #expect(opened.webhooks.isEmpty)
            #expect(try installation.store.block(containing: 0) == nil)
            #expect(try installation.store.block(containing: 1) == nil)
            #expect(try installation.store.blocks(from: 1, maximumBytes: 1_000) == [])
            #expect(try installation.store.lastSeq(recordedAtOrBefore: Instant(milliseconds: .max)) == 0)
            #expect(try installation.store.block(reaching: .zero) == nil)
            #expect(try installation.store.levels([LevelKey(packed: 1)]) == [])
            #expect(try installation.store.references(1, before: .max, limit: 9) == [])
            #expect(try installation.store.idempotencyPage(1) == nil)
            try installation.reopen()
        }
    }

    @Test("what was committed is there when the store is opened again", arguments: StorageEngine.allCases)
    func roundTrip(engine: StorageEngine) throws {
        let ledger = SampleLedger(seed: 51, items: 8, locations: 3, blocks: 40)
        let installation = try Installation(engine)
        try ledger.write(to: installation.store)
        try installation.store.commit(CommitUnit(projection: ledger.projection))
        for _ in 0..<2 {
            let store = installation.store
            let opened = try store.open()
            #expect(opened.head == ledger.sealed)
            #expect(opened.appliedSeq == ledger.sealed.head.seq && opened.referencedSeq == ledger.sealed.head.seq)
            #expect(opened.items == ledger.items)
            #expect(opened.locations == ledger.locations)
            #expect(opened.webhooks == ledger.webhooks && !ledger.webhooks.isEmpty)
            #expect(opened.levelKeys == ledger.levels.keys.sorted())
            #expect(
                opened.stockedLevelsByLocation
                    == ledger.locations.map { location in
                        ledger.levels.values.count { $0.key.location == location.number && $0.pool.onHand != 0 }
                    })
            #expect(opened.lastIdempotencyPage == UInt64(ledger.pages.count))
            #expect(try store.blocks(from: 1, maximumBytes: .max) == ledger.blocks)
            for page in ledger.pages { #expect(try store.idempotencyPage(page.number) == page) }
            var levels: [StockLevel] = []
            try store.projectedLevels { levels.append($0) }
            #expect(levels == ledger.levels.values.sorted { $0.key < $1.key })
            #expect(try LedgerVerifier(store: store).run().problem == nil)
            try installation.reopen()
        }
    }

    @Test("records with every member set and with none come back as they were", arguments: StorageEngine.allCases)
    func catalogue(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let moment = Instant(milliseconds: -5)
        let items = [
            Item(
                number: ItemNumber(rawValue: 1), id: ULID(high: .max, low: .max), sku: "Ä\u{0}ß", name: "", scale: 6,
                barcode: "", price: .max, weight: 0, reorderPoint: .min, allowNegative: true, metadata: [],
                createdAt: moment, updatedAt: moment, archivedAt: moment, createdSeq: 7, archivedSeq: 8),
            Item(
                number: ItemNumber(rawValue: 2), id: .zero, sku: "B", name: "b", createdAt: moment, updatedAt: moment,
                createdSeq: 9),
        ]
        let locations = [
            Location(
                number: LocationNumber(rawValue: 1), id: .zero, code: "C", name: "c", type: "", address: "",
                timeZone: "", allowNegative: true, isDefault: true, metadata: [0x7B, 0x7D], createdAt: moment,
                updatedAt: moment, archivedAt: moment, createdSeq: 1, archivedSeq: 2),
            Location(
                number: LocationNumber(rawValue: 2), id: .zero, code: "D", name: "d", createdAt: moment,
                updatedAt: moment, createdSeq: 3),
        ]
        try installation.store.commit(CommitUnit(projection: ProjectionChunk(items: items, locations: locations)))
        try installation.reopen()
        let opened = try installation.store.open()
        #expect(opened.items == items)
        #expect(opened.locations == locations)
        #expect(opened.appliedSeq == 0)
    }

    @Test("endpoints come back as they were last written, ordered by number", arguments: StorageEngine.allCases)
    func webhooks(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let moment = Instant(milliseconds: -5)
        let full = WebhookEndpoint(
            number: WebhookNumber(rawValue: 1), id: ULID(high: .max, low: .max), url: "https://ä\u{0}.example",
            events: ["*", ""], description: "",
            secrets: [
                WebhookSecretRecord(sealed: [], expiresAt: moment), WebhookSecretRecord(sealed: [0, 1]),
            ], status: .disabled(.failing), createdAt: moment, updatedAt: Instant(milliseconds: .max), createdSeq: 7,
            changedSeq: .max, deletedSeq: 9)
        var bare = WebhookEndpoint(
            number: WebhookNumber(rawValue: .max), id: .zero, url: "", events: [], description: nil, secrets: [],
            createdAt: moment, updatedAt: moment, createdSeq: 9, changedSeq: 9)
        try installation.store.commit(CommitUnit(projection: ProjectionChunk(webhooks: [bare])))
        try installation.store.commit(CommitUnit(projection: ProjectionChunk(webhooks: [full])))
        bare.url = "https://later.example"
        try installation.store.commit(CommitUnit(projection: ProjectionChunk(webhooks: [bare])))
        for _ in 0..<2 {
            #expect(try installation.store.open().webhooks == [full, bare])
            #expect(try installation.store.open().appliedSeq == 0)
            try installation.reopen()
        }
    }

    @Test("blocks are found at both ends, in the middle, and not beyond", arguments: StorageEngine.allCases)
    func blocks(engine: StorageEngine) throws {
        let ledger = SampleLedger(seed: 52, items: 8, locations: 3, blocks: 60)
        let installation = try Installation(engine)
        let store = installation.store
        for (block, page) in zip(ledger.blocks, ledger.pages) {
            try store.commit(CommitUnit(block: block, idempotency: page))
            // A read sees every commit that returned.
            #expect(try store.block(containing: block.lastSeq) == block)
        }
        for block in ledger.blocks {
            for seq in block.firstSeq...block.lastSeq { #expect(try store.block(containing: seq) == block) }
        }
        let end = ledger.sealed.head.seq
        for seq in [0, end + 1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max] {
            #expect(try store.block(containing: seq) == nil, "seq \(seq)")
        }
        #expect(try store.blocks(from: 0, maximumBytes: .max) == ledger.blocks)
        #expect(try store.blocks(from: end + 1, maximumBytes: .max) == [])
        #expect(try store.blocks(from: end, maximumBytes: 0) == [try #require(ledger.blocks.last)])
        let third = ledger.blocks[2]
        #expect(try store.blocks(from: third.lastSeq, maximumBytes: 0) == [third])
        #expect(try store.blocks(from: third.lastSeq, maximumBytes: third.data.count) == Array(ledger.blocks[2...3]))
    }

    @Test(
        "searching by time and by id gives what a scan gives", arguments: StorageEngine.allCases, [53, 54] as [UInt64])
    func search(engine: StorageEngine, seed: UInt64) throws {
        let ledger = SampleLedger(seed: seed, items: 8, locations: 3, blocks: 120)
        let installation = try Installation(engine)
        try ledger.write(to: installation.store)
        for block in ledger.blocks {
            for step in [-1, 0, 1] as [Int64] {
                let moment = Instant(milliseconds: block.recordedAt.milliseconds + step)
                let expected = ledger.entries.last { $0.recordedAt <= moment }?.seq ?? 0
                #expect(try installation.store.lastSeq(recordedAtOrBefore: moment) == expected, "seed \(seed)")
            }
            for id in [block.lastID, block.lastID.successor] {
                let expected = ledger.blocks.first { $0.lastID >= id }
                #expect(try installation.store.block(reaching: id) == expected, "seed \(seed)")
            }
        }
        for moment in [Int64.min, 0, .max] {
            let expected = ledger.entries.last { $0.recordedAt.milliseconds <= moment }?.seq ?? 0
            #expect(try installation.store.lastSeq(recordedAtOrBefore: Instant(milliseconds: moment)) == expected)
        }
        #expect(try installation.store.block(reaching: .zero) == ledger.blocks.first)
        #expect(try installation.store.block(reaching: ULID(high: .max, low: .max)) == nil)
    }

    @Test(
        "a unit out of order is refused, writes nothing, and the right one still goes in",
        arguments: StorageEngine.allCases)
    func order(engine: StorageEngine) throws {
        let ledger = SampleLedger(seed: 55, items: 3, locations: 2, blocks: 5)
        let installation = try Installation(engine)
        let store = installation.store
        func refused(_ unit: CommitUnit) -> Bool {
            do throws(StoreError) {
                try store.commit(unit)
                return false
            } catch {
                if case .corrupt = error { return true }
                return false
            }
        }
        try store.commit(CommitUnit(block: ledger.blocks[0], idempotency: ledger.pages[0]))
        #expect(refused(CommitUnit(block: ledger.blocks[2], idempotency: ledger.pages[2])))
        #expect(refused(CommitUnit(block: ledger.blocks[0], idempotency: ledger.pages[1])))
        #expect(refused(CommitUnit(block: ledger.blocks[1], idempotency: ledger.pages[0])))
        #expect(try store.idempotencyPage(2) == nil)
        #expect(try store.open().head == ledger.blocks[0].sealedHead)
        try store.commit(CommitUnit(block: ledger.blocks[1], idempotency: ledger.pages[1]))
        #expect(try store.open().head == ledger.blocks[1].sealedHead)
    }

    @Test("rows of levels are replaced, and only those asked for come back", arguments: StorageEngine.allCases)
    func levels(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let store = installation.store
        var levels: [StockLevel] = []
        for item in 1...50 as ClosedRange<UInt32> {
            for location in 1...3 as ClosedRange<UInt32> {
                let key = LevelKey(item: ItemNumber(rawValue: item), location: LocationNumber(rawValue: location))
                levels.append(
                    StockLevel(
                        key: key, pool: CostPool(onHand: Int64(item) - 25, value: .min, lastWAC: .max), reserved: 3,
                        history: LevelHistory(roots: [UInt64(item) << 30 | 3, 1 << 6 | 1])))
            }
        }
        try store.commit(CommitUnit(projection: ProjectionChunk(levels: levels.shuffled())))
        levels[7].pool = .empty
        try store.commit(CommitUnit(projection: ProjectionChunk(levels: [levels[7]])))
        let missing = LevelKey(packed: 99 << 32 | 1)
        let asked = [levels[7], levels[100], levels[0]]
        let found = try store.levels(asked.map(\.key) + [missing])
        #expect(found.sorted { $0.key < $1.key } == asked.sorted { $0.key < $1.key })
        #expect(try store.levels([]) == [])
    }

    @Test("references are found over several segments, newest first", arguments: StorageEngine.allCases)
    func references(engine: StorageEngine) throws {
        let ledger = SampleLedger(seed: 56, items: 8, locations: 3, blocks: 120)
        let installation = try Installation(engine)
        let store = installation.store
        try ledger.write(to: store)
        let segments = stride(from: 0, to: ledger.entries.count, by: 200).compactMap { start in
            ReferenceSegment(indexing: ledger.entries[start..<min(start + 200, ledger.entries.count)])
        }
        try store.commit(CommitUnit(projection: ProjectionChunk(references: [segments[0]])))
        #expect(try store.open().referencedSeq == 200)
        try store.commit(CommitUnit(projection: ProjectionChunk(references: Array(segments[1...]))))
        try installation.reopen()
        let reopened = installation.store
        #expect(try reopened.open().referencedSeq == UInt64(ledger.entries.count))
        #expect(segments.count > 2)
        for number in 1...41 {
            let hash = ReferencePosting.hash(of: "ORD-\(number)")
            let all = segments.flatMap(\.postings).filter { $0.hash == hash }.map(\.seq).sorted(by: >)
            for (bound, limit) in [(UInt64.max, 1_000), (all.first ?? 1, 1_000), (401, 3), (0, 3), (500, 0)] {
                let expected = Array(all.filter { $0 < bound }.prefix(limit))
                #expect(try reopened.references(hash, before: bound, limit: limit) == expected)
            }
        }
        for segment in segments {
            #expect(try reopened.referenceSegment(containing: segment.firstSeq) == segment)
            #expect(try reopened.referenceSegment(containing: segment.lastSeq) == segment)
        }
        #expect(try reopened.referenceSegment(containing: UInt64(ledger.entries.count) + 1) == nil)
    }

    @Test("slices are dropped a bounded number of pages at a time, the newest never", arguments: StorageEngine.allCases)
    func slices(engine: StorageEngine) throws {
        let installation = try Installation(engine)
        let store = installation.store
        func numbers(from slice: Int64) throws -> [UInt64] {
            var numbers: [UInt64] = []
            try store.idempotencyKeys(fromSlice: slice) { page in
                numbers.append(page.number)
                #expect(page.keys == [Digest128(high: page.number, low: 1)] && page.slice == Int64(page.number / 100))
            }
            return numbers
        }
        for number in 1...299 as ClosedRange<UInt64> {
            let record = IdempotencyRecord(
                key: Digest128(high: number, low: 1), fingerprint: Digest128(high: 1, low: number), status: 422,
                contentKind: 2, body: [UInt8](repeating: 7, count: Int(number) * 50))
            try store.commit(
                CommitUnit(
                    idempotency: IdempotencyPage(
                        number: number, slice: Int64(number / 100), recordedAt: Instant(milliseconds: Int64(number)),
                        records: [record])))
        }
        #expect(try numbers(from: -5) == Array(1...299))
        #expect(try numbers(from: 1) == Array(100...299))
        #expect(try numbers(from: 2) == Array(200...299))
        #expect(try numbers(from: 3) == [])
        var commits = 0
        while try numbers(from: 0).first != 200, commits < 1_000 {
            let before = try numbers(from: 0).count
            try store.commit(CommitUnit(dropSlicesBefore: 2))
            commits += 1
            #expect(before - (try numbers(from: 0).count) <= 16)
        }
        #expect(commits < 100)
        try store.commit(CommitUnit(dropSlicesBefore: 2))
        #expect(try numbers(from: 0) == Array(200...299))
        #expect(try store.idempotencyPage(199) == nil)
        #expect(try store.idempotencyPage(200)?.records.first?.body.count == 10_000)
        #expect(try store.open().lastIdempotencyPage == 299)
    }

    @Test(
        "readers on other threads see whole commits, each at least as new as what had returned",
        arguments: StorageEngine.allCases)
    func concurrency(engine: StorageEngine) async throws {
        let ledger = SampleLedger(seed: 57, items: 8, locations: 3, blocks: 300)
        let installation = try Installation(engine)
        let store = installation.store
        let committed = Committed()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for (block, page) in zip(ledger.blocks, ledger.pages) {
                    try store.commit(CommitUnit(block: block, idempotency: page))
                    await committed.set(block.lastSeq)
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    var last: UInt64 = 0
                    while last < ledger.sealed.head.seq {
                        let floor = await committed.seq
                        last = try store.lastSeq(recordedAtOrBefore: Instant(milliseconds: .max))
                        #expect(last >= floor)
                        if last > 0 { #expect(try store.block(containing: last)?.lastSeq == last) }
                        await Task.yield()
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private actor Committed {
        var seq: UInt64 = 0

        func set(_ seq: UInt64) { self.seq = seq }
    }
}
