/// Numbers codes from 0 in the order in which they first appear. Equal means the same bytes: case matters.
///
/// A table of its own because a `Dictionary` would need a `String` for every lookup, and there is one for each line.
package struct CodeTable {
    /// Bytes of all codes, one after the other.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// Number + 1, or 0 where nobody lives; a power of two of places, at most half of them taken.
    private var places: [UInt32]
    /// A file cannot know it, so it cannot be made to collide.
    private let seed: UInt64

    package init(seed: UInt64 = .random(in: 1 ... .max)) {
        self.seed = seed
        places = [UInt32](repeating: 0, count: 1024)
    }

    package var count: Int { ends.count }

    /// The code with this number, below `count`.
    package subscript(number: Int) -> ArraySlice<UInt8> {
        bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]]
    }

    /// The number that a code was given; nil for an unknown one.
    package func number(of code: Bytes) -> Int? {
        let place = place(of: code)
        return places[place] == 0 ? nil : Int(places[place]) - 1
    }

    /// The code's number, a new one when it was not known.
    package mutating func insert(_ code: Bytes) -> (number: Int, isNew: Bool) {
        let place = place(of: code)
        if places[place] != 0 { return (Int(places[place]) - 1, false) }
        bytes.append(contentsOf: code)
        ends.append(bytes.count)
        places[place] = UInt32(ends.count)
        if ends.count * 2 > places.count { grow() }
        return (ends.count - 1, true)
    }

    private func place(of code: Bytes) -> Int {
        let mask = places.count - 1
        var place = hash(code) & mask
        while places[place] != 0 {
            let number = Int(places[place]) - 1
            let first = number == 0 ? 0 : ends[number - 1]
            if ends[number] - first == code.count, same(code, first) { return place }
            place = (place + 1) & mask
        }
        return place
    }

    private func same(_ code: Bytes, _ first: Int) -> Bool {
        bytes.withUnsafeBufferPointer { all in
            for index in 0..<code.count where all[first + index] != code[index] { return false }
            return true
        }
    }

    private func hash(_ code: Bytes) -> Int {
        var hash = seed
        for byte in code { hash = (hash ^ UInt64(byte)) &* 0x9E37_79B9_7F4A_7C15 }
        return Int(truncatingIfNeeded: (hash ^ (hash >> 29)) >> 3)
    }

    private mutating func grow() {
        let taken = places
        places = [UInt32](repeating: 0, count: taken.count * 2)
        for number in ends.indices {
            let home = self[number].withUnsafeBufferPointer { place(of: $0) }
            places[home] = UInt32(number + 1)
        }
    }
}
