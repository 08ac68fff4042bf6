package import LedgerCore
import Synchronization

extension RealmLedger {
    /// A page of the items in use, in the order in which they were created, and how many there are in all. As for the
    /// other lists of `RealmLedger+Stock`, the lock is no place for an event loop.
    ///
    /// - Parameters:
    ///   - offset: how many items stand before the page, 0 or more; past the end the page is empty.
    ///   - limit: 1 or more.
    package func activeItems(offset: Int, limit: Int) -> (total: Int, items: [ItemNumber]) {
        stock.withLock { stock in
            (stock.index.activeItemCount, stock.index.activeItems(offset: offset, limit: limit))
        }
    }
}
