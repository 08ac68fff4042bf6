public import LedgerCore
public import LedgerStorage

/// A believable journal, made without the ledger's own rules: goods come in at whole prices and go out, and what each
/// entry says of before and after is right. Storage is tested on it.
public struct SampleLedger: Sendable {
    public private(set) var sealed = SealedHead.start
    public private(set) var items: [Item] = []
    public private(set) var locations: [Location] = []
    public private(set) var levels: [LevelKey: StockLevel] = [:]
    public internal(set) var webhooks: [WebhookEndpoint] = []
    /// Every entry, in order: the naive model against which searches are compared.
    public private(set) var entries: [Entry] = []
    public private(set) var blocks: [Block] = []
    public private(set) var pages: [IdempotencyPage] = []

    var chance: SeededGenerator
    private(set) var clock = Instant(milliseconds: 1_780_000_000_000)
    private var pending: [Entry] = []
    private var lastID = ULID.zero
    private let actor = ULID(high: 0x0190_0000_0000_0001, low: 77)

    public init(seed: UInt64) {
        chance = SeededGenerator(seed: seed)
    }

    /// A ledger of so many blocks over so many items and locations.
    public init(seed: UInt64, items: Int, locations: Int, blocks: Int, entriesPerBlock: ClosedRange<Int> = 1...12) {
        self.init(seed: seed)
        for number in 1...locations { addLocation("UK-\(number)") }
        seal()
        for number in 1...items { addItem("SKU-\(number)") }
        seal()
        addWebhook("https://example.com/stock")
        seal()
        for _ in 0..<blocks {
            for _ in 0..<Int.random(in: entriesPerBlock, using: &chance) {
                switch Int.random(in: 0..<20, using: &chance) {
                case 0: changeWebhook()
                case 1: changeSettings()
                default: addMovement()
                }
            }
            seal()
        }
    }

    /// Everything that the projections would hold now.
    public var projection: ProjectionChunk {
        ProjectionChunk(
            items: items, locations: locations, levels: Array(levels.values), webhooks: webhooks,
            references: ReferenceSegment(indexing: entries).map { [$0] } ?? [], appliedSeq: sealed.head.seq)
    }

    var nextSeq: UInt64 { sealed.head.seq + UInt64(pending.count) + 1 }

    mutating func add(_ change: Change) {
        let random = (UInt16.random(in: 0...0x7FFF, using: &chance), UInt64.random(in: 0...UInt64.max, using: &chance))
        lastID = max(lastID.successor, ULID(at: clock, random: random))
        pending.append(
            Entry(
                seq: nextSeq, id: lastID, recordedAt: clock, actor: Bool.random(using: &chance) ? actor : nil,
                change: change))
    }

    public mutating func addLocation(_ code: String) {
        let location = Location(
            number: LocationNumber(rawValue: UInt32(locations.count + 1)), id: ULID(high: 1, low: nextSeq), code: code,
            name: "Warehouse \(code)", address: "1 Quay Street", timeZone: "Europe/London",
            marketplace: code.hasSuffix("2") ? "amazon_eu" : nil, isReadOnly: code.hasSuffix("3"),
            observedAt: code.hasSuffix("2") ? clock : nil, allowNegative: true,
            isDefault: locations.isEmpty, metadata: Array("{\"zone\":1}".utf8), createdAt: clock, updatedAt: clock,
            createdSeq: nextSeq)
        locations.append(location)
        add(.locationCreated(location))
    }

    public mutating func addItem(_ sku: String) {
        let item = Item(
            number: ItemNumber(rawValue: UInt32(items.count + 1)), id: ULID(high: 2, low: nextSeq), sku: sku,
            name: "Thé vert \(sku)", scale: 3, barcode: "5012345678900", price: 4_990_000, weight: nil,
            reorderPoint: 10,
            metadata: nil, createdAt: clock, updatedAt: clock, createdSeq: nextSeq)
        items.append(item)
        add(.itemCreated(item))
    }

    /// The next change of an item: a new name.
    public mutating func renameItem(_ index: Int, to name: String) {
        items[index].name = name
        items[index].updatedAt = clock
        add(.itemUpdated(items[index]))
    }

    /// Makes another location the default, which takes the flag from the one that is.
    public mutating func moveDefault(to index: Int) {
        for other in locations.indices { locations[other].isDefault = false }
        locations[index].isDefault = true
        locations[index].updatedAt = clock
        add(.locationUpdated(locations[index]))
    }

    /// A movement of a random kind at a random place.
    public mutating func addMovement() {
        let item = items[Int.random(in: 0..<items.count, using: &chance)].number
        let location = locations[Int.random(in: 0..<locations.count, using: &chance)].number
        let key = LevelKey(item: item, location: location)
        let onHand = levels[key]?.pool.onHand ?? 0
        let roll = Int.random(in: 0..<10, using: &chance)
        if roll == 0, onHand > 1, locations.count > 1 {
            addTransfer(of: onHand / 2, from: key)
        } else if roll < 4 || onHand <= 0 {
            let quantity = Int64.random(in: 1...500, using: &chance)
            add(kind: .receipt, quantity, value: quantity * 2_000_000, at: key)
        } else {
            let quantity = Int64.random(in: 1...onHand, using: &chance)
            add(kind: .sale, 0 - quantity, value: 0 - quantity * 2_000_000, at: key)
        }
    }

    /// Sets something about a level, which may come into being so.
    public mutating func changeSettings() {
        let key = LevelKey(
            item: items[Int.random(in: 0..<items.count, using: &chance)].number,
            location: locations[Int.random(in: 0..<locations.count, using: &chance)].number)
        let settings = StockSettings(
            price: Bool.random(using: &chance) ? Int64.random(in: 0...9_000_000, using: &chance) : nil,
            cost: Bool.random(using: &chance) ? 2_000_000 : nil, isAvailable: Bool.random(using: &chance),
            safetyStock: Bool.random(using: &chance) ? Int64.random(in: 1...9, using: &chance) : 0, changedAt: clock,
            changedSeq: nextSeq)
        levels[key, default: StockLevel(key: key)].settings = settings
        add(.stockSettingsChanged(StockSettingsChange(level: key, settings: settings)))
    }

    private mutating func add(kind: MovementKind, _ quantity: Int64, value: Int64, at key: LevelKey) {
        let seq = nextSeq
        let (after, link) = move(quantity, value: value, at: key, seq: seq)
        var movement = Movement(
            kind: kind, item: key.item, location: key.location, quantity: quantity,
            reason: kind == .sale ? "order_shipped" : "purchase", valueChange: value, after: after, link: link)
        if Int.random(in: 0..<3, using: &chance) > 0 {
            movement.reference = "ORD-\(Int.random(in: 1...40, using: &chance))"
        }
        if Bool.random(using: &chance) { movement.occurredAt = Instant(milliseconds: clock.milliseconds - 86_400_000) }
        if kind == .receipt { movement.unitCost = 2_000_000 }
        add(.movementRecorded(movement))
        if after.onHand == 0 {
            add(
                .stockOut(
                    StockAlert(
                        item: key.item, location: key.location, before: 0 - quantity, after: 0, reorderPoint: 10,
                        movementSeq: seq)))
        }
    }

    private mutating func addTransfer(of quantity: Int64, from key: LevelKey) {
        let target = locations[(Int(key.location.rawValue)) % locations.count].number
        let value = quantity * 2_000_000
        let seq = nextSeq
        let (after, link) = move(0 - quantity, value: 0 - value, at: key, seq: seq)
        let (other, otherLink) = move(quantity, value: value, at: LevelKey(item: key.item, location: target), seq: seq)
        add(
            .movementRecorded(
                Movement(
                    kind: .transfer, item: key.item, location: key.location, quantity: 0 - quantity,
                    reason: "rebalance",
                    note: "van 7", valueChange: 0 - value, after: after, link: link,
                    target: TransferLeg(
                        location: target, valueChange: value, variance: 0, after: other, link: otherLink))))
    }

    private mutating func move(
        _ quantity: Int64, value: Int64, at key: LevelKey, seq: UInt64
    ) -> (CostPool, HistoryLink) {
        var level = levels[key] ?? StockLevel(key: key)
        let link = level.history.nextLink
        level.pool.onHand += quantity
        level.pool.value += value
        level.pool.lastWAC = 2_000_000_000
        level.history.append(seq)
        levels[key] = level
        return (level.pool, link)
    }

    /// Closes the batch: a block and a page of answers. Time goes on, now and then not at all.
    @discardableResult
    public mutating func seal() -> CommitUnit {
        let block = Block.seal(pending, after: sealed)
        var unit = CommitUnit(block: block)
        if let block {
            blocks.append(block)
            sealed = block.sealedHead
            let page = IdempotencyPage(
                number: UInt64(pages.count + 1), slice: clock.milliseconds / 3_600_000, recordedAt: clock,
                records: pending.map { entry in
                    IdempotencyRecord(
                        key: Digest128(high: 9, low: entry.seq), fingerprint: Digest128(high: entry.id.high, low: 5),
                        status: 201, contentKind: 1, body: Array("{\"seq\":\(entry.seq)}".utf8))
                })
            pages.append(page)
            unit.idempotency = page
        }
        entries += pending
        pending = []
        clock.milliseconds += Int64.random(in: 0...3, using: &chance) * 700_000
        return unit
    }

    /// Writes everything into the store, a commit for each block, projections not included.
    public func write(to store: any RealmStore) throws {
        for (block, page) in zip(blocks, pages) { try store.commit(CommitUnit(block: block, idempotency: page)) }
    }
}
