public import LedgerCore

extension LevelHistory {
    /// The roots as a level's row keeps them: the newest, then for each the distance to the one before it (all varints;
    /// a distance is between the packed values and at least 1).
    public var encodedRoots: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(5 * roots.count)
        appendEncodedRoots(to: &bytes)
        return bytes
    }

    /// Appends what `encodedRoots` is.
    public func appendEncodedRoots(to bytes: inout [UInt8]) {
        var previous: UInt64?
        for root in roots {
            bytes.appendVarint(previous.map { $0 &- root } ?? root)
            previous = root
        }
    }

    /// - Throws: `StoreError.corrupt` when the bytes are not encoded roots.
    public init(encodedRoots bytes: UnsafeRawBufferPointer) throws(StoreError) {
        var roots: [UInt64] = []
        roots.reserveCapacity(bytes.count / 4 + 1)
        var cursor = ByteCursor(bytes)
        do throws(Malformed) {
            while cursor.position < bytes.count {
                let value = try cursor.varint()
                if let previous = roots.last {
                    guard value > 0, value <= previous else { throw cursor.malformed(.range) }
                    roots.append(previous - value)
                } else {
                    roots.append(value)
                }
            }
        } catch {
            throw .corrupt(seq: nil, detail: "a level's history can't be decoded: \(error.reason.rawValue)")
        }
        self.init(roots: roots)
    }
}
