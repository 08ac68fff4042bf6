import LedgerCore
import Testing

/// Random catalogues and levels go to the columns and to plain lists, and every filter is asked of both.
@Suite("the columns that lists read")
struct StockIndexTests {
    @Test("rows, pages and counts are those of a search through everything, however it came about")
    func againstTheModel() {
        let first = UInt64.random(in: 1...UInt64(UInt32.max))
        for seed in first..<first + 150 {
            var run = IndexRun(seed: seed)
            for _ in 0..<6 {
                run.change()
                #expect(run.itemFault() == nil, "seed \(seed)")
                #expect(run.levelFault() == nil, "seed \(seed)")
            }
        }
    }

    @Test(
        "an item's status follows from its totals",
        arguments: [
            (10, 0, 0, nil, StockStatus.normal), (10, 0, 0, 9, .normal), (10, 0, 0, 10, .low), (10, 3, 0, 7, .low),
            (10, 3, 7, 7, .critical), (10, 3, 9, nil, .critical), (10, 10, 0, nil, .outOfStock),
            (0, 0, 0, 5, .outOfStock),
            (-4, 0, 0, nil, .outOfStock), (10, 12, 5, 1, .outOfStock), (487, 23, 15, 100, .normal),
        ] as [(Int64, Int64, Int64, Int64?, StockStatus)])
    func statuses(onHand: Int64, reserved: Int64, safetyStock: Int64, reorderPoint: Int64?, expected: StockStatus) {
        #expect(
            StockStatus(onHand: onHand, reserved: reserved, safetyStock: safetyStock, reorderPoint: reorderPoint)
                == expected)
    }

    @Test("what an index does not know is in no list")
    func unknown() {
        let index = StockIndex()
        var counts = LevelCounts()
        var selection = LevelSelection()
        selection.item = ItemNumber(rawValue: 4)
        #expect(index.count(selection, &counts) == 0)
        selection.item = nil
        selection.location = LocationNumber(rawValue: 9)
        #expect(index.count(selection, &counts) == 0 && index.levels(selection, offset: 0, limit: 5, &counts).isEmpty)
        #expect(index.count(ItemSelection(location: LocationNumber(rawValue: 9))) == 0)
        #expect(index.row(ItemNumber(rawValue: 0)) == nil && index.row(ItemNumber(rawValue: .max)) == nil)
    }
}

private struct IndexRun {
    var random: SeededGenerator
    var index = StockIndex()
    var items: [Item] = []
    var locations: [Location] = []
    var cells: [LevelKey: StockCell] = [:]
    /// Kept over changes, as an engine keeps them.
    var counts: [LevelSelection: LevelCounts] = [:]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
    mutating func chance(_ percent: Int64) -> Bool { number(1...100) <= percent }

    mutating func change() {
        for _ in 0..<number(0...60) {
            let item = Item(
                number: ItemNumber(rawValue: UInt32(items.count + 1)), id: .zero, sku: "", name: "",
                reorderPoint: chance(50) ? number(0...20) : nil, createdAt: Instant(milliseconds: 0),
                updatedAt: Instant(milliseconds: 0), createdSeq: 1)
            items.append(item)
            index.put(item)
        }
        for _ in 0..<number(0...2) {
            let location = Location(
                number: LocationNumber(rawValue: UInt32(locations.count + 1)), id: .zero, code: "", name: "",
                type: chance(20) ? "FBA" : "own", createdAt: Instant(milliseconds: 0),
                updatedAt: Instant(milliseconds: 0), createdSeq: 1)
            locations.append(location)
            index.put(location)
        }
        for _ in 0..<number(0...4) where !items.isEmpty {
            let place = Int(number(0...Int64(items.count - 1)))
            items[place].archivedSeq = chance(50) ? 7 : nil
            items[place].reorderPoint = chance(50) ? number(0...20) : nil
            index.put(items[place])
        }
        for _ in 0..<number(0...1) where !locations.isEmpty {
            let place = Int(number(0...Int64(locations.count - 1)))
            locations[place].archivedSeq = chance(30) ? 7 : nil
            locations[place].type = chance(30) ? "FBS" : "own"
            index.put(locations[place])
        }
        for _ in 0..<number(0...200) where !items.isEmpty && !locations.isEmpty {
            let key = LevelKey(
                item: ItemNumber(rawValue: UInt32(number(1...Int64(items.count)))),
                location: LocationNumber(rawValue: UInt32(number(1...Int64(locations.count)))))
            let cell = StockCell(
                onHand: chance(2)
                    ? [Int64(Int32.max), Int64(Int32.max) + 1, -Limits.onHand].randomElement(using: &random) ?? 0
                    : number(-2...30), reserved: chance(20) ? number(0...5) : 0,
                safetyStock: chance(20) ? number(0...9) : 0, isAvailable: chance(80))
            cells[key] = cell
            index.put(
                StockLevel(
                    key: key, pool: CostPool(onHand: cell.onHand, value: 0, lastWAC: 0), reserved: cell.reserved,
                    settings: StockSettings(
                        isAvailable: cell.isAvailable, safetyStock: cell.safetyStock,
                        changedAt: Instant(milliseconds: 0), changedSeq: 1)))
        }
    }

    private func row(_ item: Item, _ selection: ItemSelection) -> ItemStockRow? {
        guard item.archivedSeq == nil else { return nil }
        var totals = StockTotals(onHand: 0, reserved: 0, safetyStock: 0, status: .normal)
        var levels: [PlacedStock] = []
        var isShown = false
        for location in locations {
            guard let cell = cells[LevelKey(item: item.number, location: location.number)] else { continue }
            totals.onHand += cell.onHand
            totals.reserved += cell.reserved
            if !location.isMarketplace, location.archivedSeq == nil { totals.safetyStock += cell.safetyStock }
            guard location.archivedSeq == nil else { continue }
            guard selection.location == nil || selection.location == location.number else { continue }
            isShown = true
            levels.append(PlacedStock(location: location.number, isMarketplace: location.isMarketplace, stock: cell))
        }
        totals.status = StockStatus(
            onHand: totals.onHand, reserved: totals.reserved, safetyStock: totals.safetyStock,
            reorderPoint: item.reorderPoint)
        guard isShown, selection.status == nil || selection.status == totals.status else { return nil }
        guard selection.item == nil || selection.item == item.number else { return nil }
        return ItemStockRow(item: item.number, totals: totals, levels: levels)
    }

    mutating func itemFault() -> String? {
        for _ in 0..<8 {
            let selection = ItemSelection(
                status: chance(60) ? StockStatus.allCases.randomElement(using: &random) : nil,
                location: chance(40) ? LocationNumber(rawValue: UInt32(number(1...6))) : nil,
                item: chance(15) ? ItemNumber(rawValue: UInt32(number(1...90))) : nil)
            let expected = items.compactMap { row($0, selection) }
            if index.count(selection) != expected.count { return "\(selection): \(index.count(selection))" }
            var found: [ItemStockRow] = []
            let limit = Int(number(1...40))
            while true {
                let page = index.rows(selection, after: found.last?.item, limit: limit)
                if page.isEmpty { break }
                found += page
            }
            if found != expected { return "\(selection) in pages of \(limit)" }
        }
        return nil
    }

    mutating func levelFault() -> String? {
        for _ in 0..<8 {
            var selection = LevelSelection()
            if chance(15) { selection.item = ItemNumber(rawValue: UInt32(number(1...90))) }
            if chance(40) { selection.location = LocationNumber(rawValue: UInt32(number(1...6))) }
            if chance(40) { selection.isAvailable = chance(50) }
            if chance(40) { selection.minimum = chance(10) ? Int64(Int32.max) : number(-1...9) }
            if chance(40) { selection.maximum = chance(10) ? Int64(Int32.max) + 1 : number(-1...20) }
            var expected: [LevelKey] = []
            for item in items where item.archivedSeq == nil {
                for location in locations where location.archivedSeq == nil {
                    let key = LevelKey(item: item.number, location: location.number)
                    let cell = cells[key] ?? .none
                    if selection.item ?? item.number == item.number,
                        selection.location ?? location.number == location.number,
                        selection.isAvailable ?? cell.isAvailable == cell.isAvailable,
                        cell.onHand >= selection.minimum ?? .min, cell.onHand <= selection.maximum ?? .max
                    {
                        expected.append(key)
                    }
                }
            }
            var known = counts[selection] ?? LevelCounts()
            let count = index.count(selection, &known)
            if count != expected.count { return "\(selection): \(count) instead of \(expected.count)" }
            let offset = Int(number(0...Int64(count + 2)))
            let limit = Int(number(1...30))
            let page = index.levels(selection, offset: offset, limit: limit, &known)
            counts[selection] = known
            if page.map(\.key) != Array(expected.dropFirst(offset).prefix(limit)) {
                return "\(selection) from \(offset)"
            }
            if page.contains(where: { (cells[$0.key] ?? .none) != $0.stock }) { return "\(selection): cells" }
        }
        return nil
    }
}
