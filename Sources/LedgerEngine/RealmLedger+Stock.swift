package import LedgerCore
import LedgerStorage
import Synchronization

/// The columns that lists read, with what was counted for the last filters.
struct StockLists {
    var index = StockIndex()
    private var counts: [LevelSelection: LevelCounts] = [:]
    /// Oldest first.
    private var recent: [LevelSelection] = []
    /// Filters whose counts are kept, 25 KB each at 100,000 items.
    private static let kept = 256

    /// What was counted for these filters; who counts on puts it back.
    func counts(of selection: LevelSelection) -> LevelCounts { counts[selection] ?? LevelCounts() }

    mutating func put(_ known: LevelCounts, of selection: LevelSelection) {
        counts[selection] = known
        recent.removeAll { $0 == selection }
        recent.append(selection)
        if recent.count > StockLists.kept { counts[recent.removeFirst()] = nil }
    }
}

/// Lists of items and of their stock levels, from memory: filtered, counted and paged without a look at the store.
///
/// They show every write that was acknowledged before they began. Each looks at the columns as they were at one moment:
/// taking them costs a retain, and the first write after it copies what it changes. A list with a new filter goes
/// through all of them, so none belongs on an event loop.
extension RealmLedger {
    /// Rows behind an item, in the order in which items were created, and how many the selection takes in all.
    ///
    /// - Parameter limit: 1 or more.
    package func itemRows(
        _ selection: ItemSelection, after item: ItemNumber?, limit: Int
    ) -> (total: Int, rows: [ItemStockRow]) {
        let index = stock.withLock { $0.index }
        return (index.count(selection), index.rows(selection, after: item, limit: limit))
    }

    /// An item's row; nil when nothing was ever recorded of it, or it is archived.
    package func itemRow(_ item: ItemNumber) -> ItemStockRow? { stock.withLock { $0.index.row(item) } }

    /// A page of the pairs of an item and a location, in the order of the items and then of the locations, and how many
    /// the selection takes in all.
    ///
    /// - Parameters:
    ///   - offset: how many pairs stand before the page, 0 or more; past the end the page is empty.
    ///   - limit: 1 or more.
    package func levelRows(
        _ selection: LevelSelection, offset: Int, limit: Int
    ) -> (total: Int, rows: [(key: LevelKey, stock: StockCell)]) {
        // Those of one item are counted without.
        let (index, counted) = stock.withLock { stock in
            (stock.index, selection.item == nil ? stock.counts(of: selection) : LevelCounts())
        }
        var known = counted
        let total = index.count(selection, &known)
        let rows = offset >= total ? [] : index.levels(selection, offset: offset, limit: limit, &known)
        if selection.item == nil { stock.withLock { [known] stock in stock.put(known, of: selection) } }
        return (total, rows)
    }

    /// Takes what a commit has changed into the columns, once it is published.
    func noteStock(_ entries: [Entry], _ levels: some Sequence<StockLevel>) {
        stock.withLock { stock in
            for entry in entries { stock.index.note(entry.change) }
            for level in levels { stock.index.put(level) }
        }
    }

    /// The same for entries that were replayed: their levels are taken from memory, where they are.
    func noteStock(replayed entries: [Entry]) {
        var keys: Set<LevelKey> = []
        for entry in entries {
            switch entry.change {
            case .movementRecorded(let movement):
                keys.insert(LevelKey(item: movement.item, location: movement.location))
                if let target = movement.target {
                    keys.insert(LevelKey(item: movement.item, location: target.location))
                }
            case .stockSettingsChanged(let change): keys.insert(change.level)
            default: break
            }
        }
        noteStock(entries, keys.compactMap { committed.levels[$0] })
    }
}

extension StockIndex {
    fileprivate mutating func note(_ change: Change) {
        switch change {
        case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item): put(item)
        case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
            put(location)
        default: break
        }
    }
}
