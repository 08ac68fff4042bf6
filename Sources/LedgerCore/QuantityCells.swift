/// Quantities in one piece of memory, in 32 bits each as long as all of them fit: a filter over millions of levels is
/// as fast as they can be read.
struct QuantityCells: Sendable {
    private var narrow: [Int32] = []
    /// In place of `narrow` once a quantity has needed more.
    private var wide: [Int64]?

    var count: Int { wide?.count ?? narrow.count }
    var indices: Range<Int> { 0..<count }

    subscript(_ place: Int) -> Int64 {
        get { wide.map { $0[place] } ?? Int64(narrow[place]) }
        set {
            if let value = fitting(newValue) { narrow[place] = value } else { wide?[place] = newValue }
        }
    }

    mutating func insert(_ quantity: Int64, at place: Int) {
        if let value = fitting(quantity) {
            narrow.insert(value, at: place)
        } else {
            wide?.insert(quantity, at: place)
        }
    }

    /// The quantity in 32 bits; nil when the cells are wide, which they are from the first that needs it on.
    private mutating func fitting(_ quantity: Int64) -> Int32? {
        if wide != nil { return nil }
        if let value = Int32(exactly: quantity) { return value }
        wide = narrow.map { Int64($0) }
        narrow = []
        return nil
    }

    /// How many of these cells lie between two quantities, both included.
    func count(_ places: Range<Int>, from low: Int64, through high: Int64) -> Int {
        guard low <= high else { return 0 }
        if let wide {
            return wide.withUnsafeBufferPointer {
                countInside($0.baseAddress, places, from: low, width: UInt64(bitPattern: high &- low))
            }
        }
        guard low <= Int64(Int32.max), high >= Int64(Int32.min) else { return 0 }
        let first = Int32(clamping: low)
        return narrow.withUnsafeBufferPointer {
            countInside(
                $0.baseAddress, places, from: first, width: UInt32(bitPattern: Int32(clamping: high) &- first))
        }
    }
}

/// One comparison each and no branch, since what is below `low` wraps round to more than the range is wide. Written so
/// that the compiler takes several at a time.
@inline(never)
private func countInside(_ cells: UnsafePointer<Int32>?, _ places: Range<Int>, from low: Int32, width: UInt32) -> Int {
    guard let cells else { return 0 }
    // A group has fewer cells than this can count.
    var count: Int32 = 0
    var place = places.lowerBound
    let end = places.upperBound
    while place < end {
        count &+= UInt32(bitPattern: cells[place] &- low) <= width ? 1 : 0
        place &+= 1
    }
    return Int(count)
}

@inline(never)
private func countInside(_ cells: UnsafePointer<Int64>?, _ places: Range<Int>, from low: Int64, width: UInt64) -> Int {
    guard let cells else { return 0 }
    var count = 0
    var place = places.lowerBound
    let end = places.upperBound
    while place < end {
        count &+= UInt64(bitPattern: cells[place] &- low) <= width ? 1 : 0
        place &+= 1
    }
    return count
}
