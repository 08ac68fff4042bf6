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

    mutating func levels(
        _ selection: LevelSelection, offset: Int, limit: Int
    ) -> (total: Int, rows: [(key: LevelKey, stock: StockCell)]) {
        var known = counts.removeValue(forKey: selection) ?? LevelCounts()
        let total = index.count(selection, &known)
        let rows = offset >= total ? [] : index.levels(selection, offset: offset, limit: limit, &known)
        // Those of one item are counted without.
        guard selection.item == nil else { return (total, rows) }
        counts[selection] = known
        recent.removeAll { $0 == selection }
        recent.append(selection)
        if recent.count > StockLists.kept { counts[recent.removeFirst()] = nil }
        return (total, rows)
    }
}

/// Lists of items and of their stock levels, from memory: filtered, counted and paged without a look at the store.
///
/// They show every write that was acknowledged before they began. Each takes up to some milliseconds under a lock that
/// the writer needs too, so none of them belongs on an event loop.
extension RealmLedger {
    /// Rows behind an item, in the order in which items were created, and how many the selection takes in all.
    ///
    /// - Parameter limit: 1 or more.
    package func itemRows(
        _ selection: ItemSelection, after item: ItemNumber?, limit: Int
    ) -> (total: Int, rows: [ItemStockRow]) {
        stock.withLock { stock in
            (stock.index.count(selection), stock.index.rows(selection, after: item, limit: limit))
        }
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
        stock.withLock { $0.levels(selection, offset: offset, limit: limit) }
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
