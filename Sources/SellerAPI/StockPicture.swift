package import LedgerCore

/// An item's stock over all its warehouses at one moment: what every answer about it is made of. Pure.
package struct StockPicture: Hashable, Sendable {
    /// Sums in base units; what a marketplace's or an archived warehouse is set to hold back does not count.
    package var onHand: Int64 = 0
    package var reserved: Int64 = 0
    package var safetyStock: Int64 = 0
    package var reorderPoint: Int64?
    /// Where the item has a record, by number; archived warehouses left out.
    package var places: [Place] = []

    /// The item at one warehouse.
    package struct Place: Hashable, Sendable {
        package var location: LocationNumber
        package var onHand: Int64
        package var reserved: Int64
        /// What it holds back: nothing at a marketplace's.
        package var safetyStock: Int64
        /// What it would hold back as one's own warehouse.
        fileprivate var setSafetyStock: Int64
    }

    /// What can be offered, in base units.
    package var available: Int64 { onHand &- reserved &- safetyStock }

    /// What can be offered, in a word.
    package var status: StockStatus {
        StockStatus(onHand: onHand, reserved: reserved, safetyStock: safetyStock, reorderPoint: reorderPoint)
    }

    /// As a list has it.
    package init(_ row: ItemStockRow, reorderPoint: Int64?) {
        onHand = row.totals.onHand
        reserved = row.totals.reserved
        safetyStock = row.totals.safetyStock
        self.reorderPoint = reorderPoint
        places = row.levels.map {
            Place($0.location, $0.stock, isMarketplace: $0.isMarketplace)
        }
    }

    /// As it is after what a batch has changed so far, which lists don't show before the commit.
    ///
    /// - Parameters:
    ///   - committed: the item's row as of the last commit, which the batch is decided on; nil where it has none.
    ///   - state: holds the levels that the batch has changed, and only those need to be in memory.
    package init(_ committed: ItemStockRow?, of item: Item, in state: LedgerState) {
        if let committed { self.init(committed, reorderPoint: item.reorderPoint) } else { self.init() }
        reorderPoint = item.reorderPoint
        let fresh = state.newLocationsByItem[item.number] ?? []
        for location in fresh where !places.contains(where: { $0.location == location }) {
            places.append(Place(location, .none, isMarketplace: false))
        }
        var present: [Place] = []
        present.reserveCapacity(places.count)
        for before in places {
            guard let location = state.location(before.location) else { continue }
            let after = Place(before, at: location, of: item.number, in: state)
            onHand = onHand &+ after.onHand &- before.onHand
            reserved = reserved &+ after.reserved &- before.reserved
            safetyStock = safetyStock &+ after.safetyStock &- before.safetyStock
            if location.archivedSeq == nil { present.append(after) }
        }
        places = present.sorted { $0.location < $1.location }
    }

    private init() {}
}

extension StockPicture.Place {
    fileprivate init(_ location: LocationNumber, _ cell: StockCell, isMarketplace: Bool) {
        self.init(
            location: location, onHand: cell.onHand, reserved: cell.reserved,
            safetyStock: isMarketplace ? 0 : cell.safetyStock, setSafetyStock: cell.safetyStock)
    }

    /// What the batch has made of it.
    fileprivate init(_ before: Self, at location: Location, of item: ItemNumber, in state: LedgerState) {
        // What is archived sells nothing, so its safety stock does not count either.
        let holdsNothingBack = location.isMarketplace || location.archivedSeq != nil
        if let changed = state.changedLevels[LevelKey(item: item, location: location.number)] {
            self.init(location.number, StockCell(changed), isMarketplace: holdsNothingBack)
        } else {
            self = before
            safetyStock = holdsNothingBack ? 0 : setSafetyStock
        }
    }
}
