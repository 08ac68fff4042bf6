package import LedgerCore
package import LedgerStorage

/// Where the answer to a key is: which page of the store may hold it. Kept for the keys of the last 24 hours, 8 bytes a
/// key, in slices of time that are dropped whole. Used by the realm's writer thread alone.
///
/// A table maps 32 bits of the key's digest to a page; the page then tells whether it really holds the key, so that a
/// collision costs a read and nothing else.
package struct IdempotencyIndex {
    /// Milliseconds in a slice: the granularity at which expired pages are dropped.
    package static let sliceLength: Int64 = 4 * 3_600_000
    /// How long an answer is kept, in milliseconds (contracts, *All four*).
    package static let lifetime: Int64 = 24 * 3_600_000

    private var slices: [Slice] = []

    package init() {}

    /// Number of the slice that a moment belongs to.
    package static func slice(of instant: Instant) -> Int64 { instant.milliseconds / sliceLength }

    /// The oldest slice in which an answer may still live at the given moment.
    package static func oldestSlice(at now: Instant) -> Int64 {
        slice(of: Instant(milliseconds: now.milliseconds - lifetime))
    }

    /// Number of keys that are held.
    package var count: Int { slices.reduce(0) { $0 + $1.count } }

    /// Notes that the page, which belongs to the slice, has an answer to the key. Pages and slices come in ascending
    /// order.
    package mutating func insert(_ key: Digest128, page: UInt64, slice number: Int64) {
        if slices.last?.number != number {
            slices.append(Slice(number: number, firstPage: page))
        }
        slices[slices.count - 1].insert(key, page: page)
    }

    /// Calls `body` with each page that may hold the key, newest slice first, until it returns true.
    package func forEachCandidate(_ key: Digest128, _ body: (UInt64) throws -> Bool) rethrows {
        for slice in slices.reversed() {
            if try slice.forEachCandidate(key, body) { return }
        }
    }

    /// Forgets slices in which nothing lives any more. Returns whether there were any.
    package mutating func dropSlices(before number: Int64) -> Bool {
        let old = slices.count
        slices.removeAll { $0.number < number }
        return slices.count < old
    }

    private struct Slice {
        let number: Int64
        let firstPage: UInt64
        // Several tables of bounded size: growing one never rehashes more than a million and a half keys at once,
        // which takes some 50 ms. Smaller ones would cost each new key a cache miss more.
        var tables: [Table] = [Table()]

        init(number: Int64, firstPage: UInt64) {
            self.number = number
            self.firstPage = firstPage
        }

        var count: Int { tables.reduce(0) { $0 + $1.count } }

        mutating func insert(_ key: Digest128, page: UInt64) {
            if tables[tables.count - 1].isFull { tables.append(Table()) }
            tables[tables.count - 1].insert(
                tag: UInt32(truncatingIfNeeded: key.low), value: UInt32(page - firstPage) + 1)
        }

        func forEachCandidate(_ key: Digest128, _ body: (UInt64) throws -> Bool) rethrows -> Bool {
            for table in tables.reversed() {
                let found = try table.forEachValue(tag: UInt32(truncatingIfNeeded: key.low)) {
                    try body(firstPage + UInt64($0) - 1)
                }
                if found { return true }
            }
            return false
        }
    }

    /// Open addressing with linear probing over (tag, value) pairs of 32 bits each; value 0 is an empty place.
    private struct Table {
        private static let largest = 1 << 22
        private var places = [UInt64](repeating: 0, count: 1 << 10)
        private(set) var count = 0

        var isFull: Bool { places.count == Table.largest && count * 4 >= Table.largest * 3 }

        mutating func insert(tag: UInt32, value: UInt32) {
            if count * 4 >= places.count * 3 { grow() }
            place(UInt64(tag) << 32 | UInt64(value))
            count += 1
        }

        private mutating func place(_ entry: UInt64) {
            let mask = places.count - 1
            var index = Table.start(UInt32(entry >> 32)) & mask
            while places[index] != 0 { index = (index + 1) & mask }
            places[index] = entry
        }

        private mutating func grow() {
            let old = places
            places = [UInt64](repeating: 0, count: old.count * 2)
            for entry in old where entry != 0 { place(entry) }
        }

        /// The tag's own low bits choose the place: it is part of a SHA-256 and needs no mixing.
        private static func start(_ tag: UInt32) -> Int { Int(tag) }

        func forEachValue(tag: UInt32, _ body: (UInt32) throws -> Bool) rethrows -> Bool {
            let mask = places.count - 1
            var index = Table.start(tag) & mask
            while places[index] != 0 {
                if UInt32(places[index] >> 32) == tag, try body(UInt32(truncatingIfNeeded: places[index])) {
                    return true
                }
                index = (index + 1) & mask
            }
            return false
        }
    }
}
