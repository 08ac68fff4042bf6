import LedgerCore
import Testing

/// Numbered pages of items, against an array that is filtered anew each time.
@Suite struct StockIndexItemsTests {
    @Test("any page of the items in use is what a filter over all items gives", arguments: [0, 1, 63, 64, 65, 300])
    func pages(count: Int) {
        let seed = UInt64(count) &+ 17
        var random = SeededGenerator(seed: seed)
        var index = StockIndex()
        var archived = [Bool](repeating: false, count: count)
        for number in 0..<count { index.put(item(number, isArchived: false)) }
        for round in 0..<40 {
            let active = archived.indices.filter { !archived[$0] }.map { ItemNumber(rawValue: UInt32($0 + 1)) }
            #expect(index.activeItemCount == active.count, "seed \(seed), round \(round)")
            for offset in [0, 1, active.count / 2, max(active.count - 1, 0), active.count, active.count + 7, .max] {
                for limit in [1, 3, 64, 100] {
                    #expect(
                        index.activeItems(offset: offset, limit: limit)
                            == Array(active.dropFirst(offset).prefix(limit)),
                        "seed \(seed), round \(round), offset \(offset), limit \(limit)")
                }
            }
            guard count > 0 else { return }
            for _ in 0..<8 {
                let number = Int.random(in: 0..<count, using: &random)
                archived[number].toggle()
                index.put(item(number, isArchived: archived[number]))
            }
        }
    }

    private func item(_ index: Int, isArchived: Bool) -> Item {
        let start = Instant(milliseconds: 0)
        return Item(
            number: ItemNumber(rawValue: UInt32(index + 1)), id: .zero, sku: "S\(index)", name: "N", createdAt: start,
            updatedAt: start, createdSeq: 1, archivedSeq: isArchived ? 2 : nil)
    }
}
