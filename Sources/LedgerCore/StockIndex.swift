/// Every stock level's quantity and every item's totals, in columns: what lists filter, count and page by.
///
/// Items stand in groups of 64 in the order of their numbers. A group has a column for each location that has a level
/// of one of them, with the levels that exist packed one behind the other; and the totals of each item. So a level
/// costs some ten bytes, absent ones nothing, and a filter is bit masks and a loop over integers. It is a plain
/// container: who shares it between threads guards it.
public struct StockIndex: Sendable {
    var groups: [StockGroup] = []
    var locations: [LocationColumnTraits] = []
    private(set) var archivedLocations = 0
    /// Grows with each change; a group has it as of its last one.
    private var version: UInt64 = 0

    public init() {}

    /// What lists read of a location.
    struct LocationColumnTraits: Sendable {
        var isArchived: Bool
        var isMarketplace: Bool

        /// Whether its safety stock counts: a marketplace's has none, and what is archived sells nothing.
        var holdsBack: Bool { !isMarketplace && !isArchived }
    }

    /// How many items it knows.
    public var itemCount: Int { groups.last.map { (groups.count - 1) * 64 + $0.itemCount } ?? 0 }

    /// Takes an item over as it is now; new ones in the order of their numbers.
    public mutating func put(_ item: Item) {
        let index = Int(item.number.rawValue) - 1
        guard index >= 0, index <= itemCount else { return }
        if index >> 6 == groups.count { groups.append(StockGroup()) }
        version &+= 1
        groups[index >> 6].put(
            index & 63, isArchived: item.archivedSeq != nil, reorderPoint: item.reorderPoint, version)
    }

    /// Takes a location over as it is now; new ones in the order of their numbers.
    public mutating func put(_ location: Location) {
        let index = Int(location.number.rawValue) - 1
        guard index >= 0, index <= locations.count else { return }
        let traits = LocationColumnTraits(
            isArchived: location.archivedSeq != nil, isMarketplace: location.isMarketplace)
        guard index < locations.count else {
            locations.append(traits)
            if traits.isArchived { archivedLocations += 1 }
            return touch()
        }
        let before = locations[index]
        archivedLocations += (traits.isArchived ? 1 : 0) - (before.isArchived ? 1 : 0)
        locations[index] = traits
        if before.holdsBack != traits.holdsBack {
            version &+= 1
            for group in groups.indices { groups[group].retotal(location.number, locations, version) }
        }
        if before.isArchived != traits.isArchived { touch() }
    }

    /// Takes a level over as it is now. Its item and location are known.
    public mutating func put(_ level: borrowing StockLevel) {
        let index = Int(level.key.item.rawValue) - 1
        let place = Int(level.key.location.rawValue) - 1
        guard index >= 0, index < itemCount, locations.indices.contains(place) else { return }
        version &+= 1
        groups[index >> 6].put(
            index & 63, level.key.location,
            StockCell(level),
            holdsBack: locations[place].holdsBack, version)
    }

    /// Everything counts anew.
    private mutating func touch() {
        version &+= 1
        for group in groups.indices { groups[group].version = version }
    }
}

/// What lists read of a stock level.
public struct StockCell: Hashable, Sendable {
    /// Base units, as in `StockLevel`.
    public var onHand: Int64
    public var reserved: Int64
    public var safetyStock: Int64
    public var isAvailable: Bool

    public init(onHand: Int64, reserved: Int64 = 0, safetyStock: Int64 = 0, isAvailable: Bool = true) {
        self.onHand = onHand
        self.reserved = reserved
        self.safetyStock = safetyStock
        self.isAvailable = isAvailable
    }

    /// A level as lists show it.
    public init(_ level: borrowing StockLevel) {
        self.init(
            onHand: level.pool.onHand, reserved: level.reserved, safetyStock: level.settings?.safetyStock ?? 0,
            isAvailable: level.settings?.isAvailable ?? true)
    }

    /// Where nothing was ever recorded.
    public static let none = StockCell(onHand: 0)
}

/// One location's levels of a group's items: where in the group's cells they stand.
struct StockColumn: Sendable {
    var location: LocationNumber
    /// Which items have a level here.
    var exists: UInt64 = 0
    /// Which items are not for sale here, of those that have a level.
    var unavailable: UInt64 = 0
    /// Place of the first cell.
    var first: Int

    var cells: Range<Int> { first..<first + exists.nonzeroBitCount }

    /// Where an item's cell is, or would be.
    func place(of slot: Int) -> Int { first + (exists & ((1 << UInt64(slot)) &- 1)).nonzeroBitCount }
}

/// 64 items in the order of their numbers.
struct StockGroup: Sendable {
    private(set) var itemCount = 0
    private(set) var archived: UInt64 = 0
    /// Ascending by location.
    private(set) var columns: [StockColumn] = []
    /// Which items have a level anywhere.
    private(set) var recorded: UInt64 = 0
    /// The levels that exist, column after column, in one piece: what a filter by quantity runs through.
    private(set) var onHand = QuantityCells()
    /// Likewise; empty while all are 0.
    private var reserved: [Int64] = []
    private var safetyStock: [Int64] = []
    /// Sums over locations, by slot.
    private var totals: [StockTotals] = []
    private var reorderPoints: [Int64?] = []
    /// Which items have a status, by its raw value.
    private(set) var statuses: [UInt64] = [0, 0, 0, 0]
    var version: UInt64 = 0

    /// Items in use.
    var active: UInt64 { (itemCount == 64 ? .max : (1 << UInt64(itemCount)) &- 1) & ~archived }

    func totals(_ slot: Int) -> StockTotals { totals[slot] }

    func column(_ location: LocationNumber) -> StockColumn? {
        let index = place(of: location)
        return index < columns.count && columns[index].location == location ? columns[index] : nil
    }

    func cell(_ slot: Int, _ column: StockColumn) -> StockCell {
        guard column.exists & 1 << UInt64(slot) != 0 else { return .none }
        let place = column.place(of: slot)
        return StockCell(
            onHand: onHand[place], reserved: reserved.isEmpty ? 0 : reserved[place],
            safetyStock: safetyStock.isEmpty ? 0 : safetyStock[place],
            isAvailable: column.unavailable & 1 << UInt64(slot) == 0)
    }

    mutating func put(_ slot: Int, isArchived: Bool, reorderPoint: Int64?, _ version: UInt64) {
        self.version = version
        if slot == itemCount {
            itemCount += 1
            totals.append(StockTotals(onHand: 0, reserved: 0, safetyStock: 0, status: .outOfStock))
            reorderPoints.append(nil)
        }
        let bit: UInt64 = 1 << UInt64(slot)
        if isArchived { archived |= bit } else { archived &= ~bit }
        reorderPoints[slot] = reorderPoint
        settle(slot)
    }

    mutating func put(
        _ slot: Int, _ location: LocationNumber, _ cell: StockCell, holdsBack: Bool, _ version: UInt64
    ) {
        self.version = version
        let index = place(of: location)
        if index == columns.count || columns[index].location != location {
            let first = index == columns.count ? onHand.count : columns[index].first
            columns.insert(StockColumn(location: location, first: first), at: index)
        }
        let before = self.cell(slot, columns[index])
        set(slot, index, cell)
        totals[slot].onHand = totals[slot].onHand &+ cell.onHand &- before.onHand
        totals[slot].reserved = totals[slot].reserved &+ cell.reserved &- before.reserved
        if holdsBack { totals[slot].safetyStock = totals[slot].safetyStock &+ cell.safetyStock &- before.safetyStock }
        settle(slot)
    }

    private mutating func set(_ slot: Int, _ index: Int, _ cell: StockCell) {
        let bit: UInt64 = 1 << UInt64(slot)
        let place = columns[index].place(of: slot)
        if columns[index].exists & bit == 0 {
            columns[index].exists |= bit
            recorded |= bit
            for later in columns.indices.dropFirst(index + 1) { columns[later].first += 1 }
            onHand.insert(cell.onHand, at: place)
            if !reserved.isEmpty { reserved.insert(0, at: place) }
            if !safetyStock.isEmpty { safetyStock.insert(0, at: place) }
        } else {
            onHand[place] = cell.onHand
        }
        StockGroup.put(cell.reserved, at: place, of: onHand.count, in: &reserved)
        StockGroup.put(cell.safetyStock, at: place, of: onHand.count, in: &safetyStock)
        if cell.isAvailable { columns[index].unavailable &= ~bit } else { columns[index].unavailable |= bit }
    }

    private static func put(_ value: Int64, at place: Int, of count: Int, in cells: inout [Int64]) {
        if cells.isEmpty {
            if value == 0 { return }
            cells = [Int64](repeating: 0, count: count)
        }
        cells[place] = value
    }

    /// Sums safety stock anew where a location has begun or ceased to hold some back.
    mutating func retotal(
        _ location: LocationNumber, _ locations: [StockIndex.LocationColumnTraits], _ version: UInt64
    ) {
        guard column(location) != nil, !safetyStock.isEmpty else { return }
        self.version = version
        for slot in 0..<itemCount {
            totals[slot].safetyStock = columns.reduce(0) { sum, column in
                locations[Int(column.location.rawValue) - 1].holdsBack
                    ? sum &+ cell(slot, column).safetyStock : sum
            }
            settle(slot)
        }
    }

    private mutating func settle(_ slot: Int) {
        let sums = totals[slot]
        let status = StockStatus(
            onHand: sums.onHand, reserved: sums.reserved, safetyStock: sums.safetyStock,
            reorderPoint: reorderPoints[slot])
        totals[slot].status = status
        let bit: UInt64 = 1 << UInt64(slot)
        if statuses[Int(status.rawValue)] & bit != 0 { return }
        for other in 0..<4 { statuses[other] &= ~bit }
        statuses[Int(status.rawValue)] |= bit
    }

    /// Where the location's column is, or would be.
    private func place(of location: LocationNumber) -> Int {
        var low = 0
        var high = columns.count
        while low < high {
            let middle = (low + high) / 2
            if columns[middle].location < location { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// An item over all its locations, in base units.
public struct StockTotals: Hashable, Sendable {
    public var onHand: Int64
    public var reserved: Int64
    /// What its locations hold back, those of marketplaces and archived ones excepted.
    public var safetyStock: Int64
    public var status: StockStatus

    public init(onHand: Int64, reserved: Int64, safetyStock: Int64, status: StockStatus) {
        self.onHand = onHand
        self.reserved = reserved
        self.safetyStock = safetyStock
        self.status = status
    }

    /// What can be offered (contracts, *Seller*).
    public var available: Int64 { onHand &- reserved &- safetyStock }
}
