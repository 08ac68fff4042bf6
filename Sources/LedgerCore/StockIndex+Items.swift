// Items in use, whether anything was recorded of them or not: for lists with numbered pages.
extension StockIndex {
    /// How many items are in use.
    public var activeItemCount: Int { groups.reduce(0) { $0 + $1.active.nonzeroBitCount } }

    /// Items in use from a place on, in the order of their numbers. It looks at one word for each 64 items before it.
    ///
    /// - Parameters:
    ///   - offset: how many stand before them, 0 or more; past the end there are none.
    ///   - limit: 1 or more.
    public func activeItems(offset: Int, limit: Int) -> [ItemNumber] {
        var found: [ItemNumber] = []
        var skipped = 0
        for index in groups.indices {
            var mask = groups[index].active
            let count = mask.nonzeroBitCount
            if skipped + count <= offset {
                skipped += count
                continue
            }
            while mask != 0 {
                skipped += 1
                if skipped > offset {
                    let number = index * 64 + mask.trailingZeroBitCount + 1
                    found.append(ItemNumber(rawValue: UInt32(truncatingIfNeeded: number)))
                    if found.count == limit { return found }
                }
                mask &= mask &- 1
            }
        }
        return found
    }
}
