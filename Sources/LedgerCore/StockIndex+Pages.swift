/// Which items a list shows: those in use that have a record somewhere.
public struct ItemSelection: Hashable, Sendable {
    public var status: StockStatus?
    /// Only items that have a record here.
    public var location: LocationNumber?
    public var item: ItemNumber?

    public init(status: StockStatus? = nil, location: LocationNumber? = nil, item: ItemNumber? = nil) {
        self.status = status
        self.location = location
        self.item = item
    }
}

/// An item's row of a list.
public struct ItemStockRow: Hashable, Sendable {
    public var item: ItemNumber
    public var totals: StockTotals
    /// Where it has a record, by number; archived locations left out.
    public var levels: [PlacedStock]

    public init(item: ItemNumber, totals: StockTotals, levels: [PlacedStock]) {
        self.item = item
        self.totals = totals
        self.levels = levels
    }
}

/// A level's row.
public struct PlacedStock: Hashable, Sendable {
    public var location: LocationNumber
    public var isMarketplace: Bool
    public var stock: StockCell

    public init(location: LocationNumber, isMarketplace: Bool, stock: StockCell) {
        self.location = location
        self.isMarketplace = isMarketplace
        self.stock = stock
    }
}

/// Which pairs of an item and a location a list shows, of all that are in use, whether anything was recorded there or
/// not: what was never moved has 0 on hand and is for sale.
public struct LevelSelection: Hashable, Sendable {
    public var item: ItemNumber?
    public var location: LocationNumber?
    public var isAvailable: Bool?
    /// Base units on hand, both ends included.
    public var minimum: Int64?
    public var maximum: Int64?

    public init() {}

    fileprivate var low: Int64 { minimum ?? .min }
    fileprivate var high: Int64 { maximum ?? .max }

    func contains(_ cell: StockCell) -> Bool {
        if let isAvailable, cell.isAvailable != isAvailable { return false }
        if let minimum, cell.onHand < minimum { return false }
        if let maximum, cell.onHand > maximum { return false }
        return true
    }
}

/// How many pairs of each group a selection takes, as of each group's version: a walk through the pages of a list, and
/// the next list with the same filters, counts only what has changed.
public struct LevelCounts: Sendable {
    fileprivate var versions: [UInt64] = []
    fileprivate var counts: [Int] = []

    public init() {}
}

// Items.
extension StockIndex {
    /// How many items the selection takes.
    public func count(_ selection: ItemSelection) -> Int {
        if let item = selection.item { return row(item, selection) == nil ? 0 : 1 }
        return groups.reduce(0) { $0 + mask(of: $1, selection).nonzeroBitCount }
    }

    /// The first rows behind an item, in the order of the items' numbers.
    ///
    /// - Parameter limit: 1 or more.
    public func rows(_ selection: ItemSelection, after item: ItemNumber?, limit: Int) -> [ItemStockRow] {
        if let only = selection.item {
            if let item, only <= item { return [] }
            return row(only, selection).map { [$0] } ?? []
        }
        var rows: [ItemStockRow] = []
        let first = Int(item?.rawValue ?? 0)
        for index in groups.indices.dropFirst(first >> 6) {
            var mask = mask(of: groups[index], selection)
            if index == first >> 6 { mask &= ~((1 << UInt64(first & 63)) &- 1) }
            while mask != 0 {
                rows.append(row(index, mask.trailingZeroBitCount, selection))
                if rows.count == limit { return rows }
                mask &= mask &- 1
            }
        }
        return rows
    }

    /// An item's row; nil when the item is not known, archived, has no record or is not in the selection.
    public func row(_ item: ItemNumber, _ selection: ItemSelection = ItemSelection()) -> ItemStockRow? {
        let index = Int(item.rawValue) - 1
        guard index >= 0, index < itemCount else { return nil }
        guard mask(of: groups[index >> 6], selection) & 1 << UInt64(index & 63) != 0 else { return nil }
        return row(index >> 6, index & 63, selection)
    }

    private func row(_ group: Int, _ slot: Int, _ selection: ItemSelection) -> ItemStockRow {
        var levels: [PlacedStock] = []
        for column in groups[group].columns where column.exists & 1 << UInt64(slot) != 0 {
            let traits = traits(column.location)
            if traits.isArchived { continue }
            if let only = selection.location, only != column.location { continue }
            levels.append(
                PlacedStock(
                    location: column.location, isMarketplace: traits.isMarketplace,
                    stock: groups[group].cell(slot, column)))
        }
        return ItemStockRow(
            item: ItemNumber(rawValue: UInt32(truncatingIfNeeded: group * 64 + slot + 1)),
            totals: groups[group].totals(slot), levels: levels)
    }

    private func mask(of group: borrowing StockGroup, _ selection: ItemSelection) -> UInt64 {
        var mask = group.active
        if let status = selection.status { mask &= group.statuses[Int(status.rawValue)] }
        if mask == 0 { return 0 }
        if let location = selection.location {
            return traits(location).isArchived ? 0 : mask & (group.column(location)?.exists ?? 0)
        }
        // Mostly no location is archived.
        if archivedLocations == 0 { return mask & group.recorded }
        var recorded: UInt64 = 0
        for column in group.columns where !traits(column.location).isArchived { recorded |= column.exists }
        return mask & recorded
    }

    func traits(_ location: LocationNumber) -> LocationColumnTraits {
        let index = Int(location.rawValue) - 1
        return locations.indices.contains(index)
            ? locations[index] : LocationColumnTraits(isArchived: true, isMarketplace: false)
    }
}

// Pairs.
extension StockIndex {
    /// How many pairs the selection takes.
    ///
    /// - Parameter counts: what was counted before for the same selection; brought up to date.
    public func count(_ selection: LevelSelection, _ counts: inout LevelCounts) -> Int {
        if selection.item != nil { return pairs(ofItem: selection).count }
        refresh(&counts, selection)
        return counts.counts.reduce(0, +)
    }

    /// The pairs from a place on, in the order of the items' numbers and then of the locations'.
    ///
    /// - Parameters:
    ///   - offset: how many pairs stand before them, 0 or more.
    ///   - counts: as in `count`.
    public func levels(
        _ selection: LevelSelection, offset: Int, limit: Int, _ counts: inout LevelCounts
    ) -> [(key: LevelKey, stock: StockCell)] {
        if selection.item != nil {
            return Array(pairs(ofItem: selection).dropFirst(offset).prefix(limit))
        }
        refresh(&counts, selection)
        var skipped = 0
        var found: [(key: LevelKey, stock: StockCell)] = []
        for (index, count) in counts.counts.enumerated() {
            if skipped + count <= offset {
                skipped += count
                continue
            }
            for slot in 0..<groups[index].itemCount where groups[index].active & 1 << UInt64(slot) != 0 {
                for pair in pairs(index, slot, selection) {
                    skipped += 1
                    if skipped <= offset { continue }
                    found.append(pair)
                    if found.count == limit { return found }
                }
            }
        }
        return found
    }

    private func pairs(ofItem selection: LevelSelection) -> [(key: LevelKey, stock: StockCell)] {
        let index = Int(selection.item?.rawValue ?? 0) - 1
        guard index >= 0, index < itemCount, groups[index >> 6].active & 1 << UInt64(index & 63) != 0 else { return [] }
        return pairs(index >> 6, index & 63, selection)
    }

    private func pairs(
        _ group: Int, _ slot: Int, _ selection: LevelSelection
    ) -> [(key: LevelKey, stock: StockCell)] {
        let item = ItemNumber(rawValue: UInt32(truncatingIfNeeded: group * 64 + slot + 1))
        var found: [(key: LevelKey, stock: StockCell)] = []
        if let location = selection.location {
            let cell = groups[group].column(location).map { groups[group].cell(slot, $0) } ?? .none
            if !traits(location).isArchived, selection.contains(cell) {
                found.append((LevelKey(item: item, location: location), cell))
            }
            return found
        }
        // The columns of the group and all locations, both ascending, side by side.
        var columns = groups[group].columns[...]
        for (place, traits) in locations.enumerated() {
            let location = LocationNumber(rawValue: UInt32(truncatingIfNeeded: place + 1))
            var cell = StockCell.none
            if let column = columns.first, column.location == location {
                cell = groups[group].cell(slot, column)
                columns = columns.dropFirst()
            }
            if !traits.isArchived, selection.contains(cell) {
                found.append((LevelKey(item: item, location: location), cell))
            }
        }
        return found
    }

    private func refresh(_ counts: inout LevelCounts, _ selection: LevelSelection) {
        if counts.counts.count < groups.count {
            // 0 is no group's version.
            counts.versions += repeatElement(0, count: groups.count - counts.versions.count)
            counts.counts += repeatElement(0, count: groups.count - counts.counts.count)
        }
        let present = locations.reduce(0) { $0 + ($1.isArchived ? 0 : 1) }
        for index in groups.indices where counts.versions[index] != groups[index].version {
            counts.versions[index] = groups[index].version
            counts.counts[index] = count(groups[index], selection, locationsInUse: present)
        }
    }

    private func count(
        _ group: borrowing StockGroup, _ selection: LevelSelection, locationsInUse: Int
    ) -> Int {
        let active = group.active
        let countsAbsent = selection.contains(.none)
        if let location = selection.location {
            if traits(location).isArchived { return 0 }
            guard let column = group.column(location) else { return countsAbsent ? active.nonzeroBitCount : 0 }
            return count(column, of: group, active, selection, countsAbsent)
        }
        let isWhole =
            selection.isAvailable == nil
            || selection.isAvailable == true && group.columns.allSatisfy { $0.unavailable == 0 }
        if isWhole, archivedLocations == 0, group.archived == 0 {
            // Every cell counts, whichever column it is in: the usual case, and much the fastest.
            let inside = group.onHand.count(group.onHand.indices, from: selection.low, through: selection.high)
            let absent = locationsInUse * active.nonzeroBitCount - group.onHand.count
            return countsAbsent ? inside + absent : inside
        }
        var count = 0
        var columns = 0
        for column in group.columns where !traits(column.location).isArchived {
            columns += 1
            count += self.count(column, of: group, active, selection, countsAbsent)
        }
        return countsAbsent ? count + (locationsInUse - columns) * active.nonzeroBitCount : count
    }

    private func count(
        _ column: StockColumn, of group: borrowing StockGroup, _ active: UInt64, _ selection: LevelSelection,
        _ countsAbsent: Bool
    ) -> Int {
        var matching = column.exists
        if let isAvailable = selection.isAvailable {
            matching &= isAvailable ? ~column.unavailable : column.unavailable
        }
        matching &= active
        let absent = countsAbsent ? (active & ~column.exists).nonzeroBitCount : 0
        if selection.minimum == nil, selection.maximum == nil { return absent + matching.nonzeroBitCount }
        if matching == column.exists {
            return absent + group.onHand.count(column.cells, from: selection.low, through: selection.high)
        }
        var count = absent
        while matching != 0 {
            let onHand = group.onHand[column.place(of: matching.trailingZeroBitCount)]
            if onHand >= selection.low, onHand <= selection.high { count += 1 }
            matching &= matching &- 1
        }
        return count
    }
}
