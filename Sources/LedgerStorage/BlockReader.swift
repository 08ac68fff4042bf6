public import LedgerCore

/// Reads a block's entries, any one without decoding the others.
public struct BlockReader: Sendable {
    public let block: Block
    private let body: Int

    /// - Throws: `StoreError.corrupt` when the data is not as long as its header says, or of an unknown version.
    public init(_ block: Block) throws(StoreError) {
        self.block = block
        func corrupt(_ detail: String) -> StoreError { .corrupt(seq: block.firstSeq, detail: detail) }
        guard block.firstSeq > 0, block.firstSeq <= block.lastSeq else {
            throw corrupt("the block says that it holds \(block.firstSeq) to \(block.lastSeq)")
        }
        guard let version = block.data.first, block.data.count >= BlockLayout.headerSize else {
            throw corrupt("the block is cut short")
        }
        guard version == BlockLayout.version else { throw corrupt("unknown block version \(version)") }
        let count = block.data.withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
        }
        guard block.lastSeq - block.firstSeq == UInt64(count) &- 1 else {
            throw corrupt("the block of \(block.firstSeq) to \(block.lastSeq) holds \(count) entries")
        }
        body = BlockLayout.headerSize + BlockLayout.slotSize * Int(count)
        guard body <= block.data.count else { throw corrupt("the block is cut short") }
    }

    /// Seqs of the entries.
    public var seqs: ClosedRange<UInt64> { block.firstSeq...block.lastSeq }

    /// Where the canonical bytes of an entry lie in `block.data`.
    ///
    /// - Throws: `StoreError.corrupt` when they lie outside, `StoreError.notFound` when another block holds the entry.
    public func range(of seq: UInt64) throws(StoreError) -> Range<Int> {
        guard seqs.contains(seq) else { throw .notFound("entry \(seq) in the block of \(block.firstSeq)") }
        let index = Int(seq - block.firstSeq)
        let start = index == 0 ? 0 : end(index - 1)
        let end = end(index)
        guard start <= end, end <= block.data.count - body else {
            throw .corrupt(seq: seq, detail: "the entry lies outside its block")
        }
        // Bytes after the last entry would be outside of the chain.
        guard seq < block.lastSeq || end == block.data.count - body else {
            throw .corrupt(seq: seq, detail: "bytes follow the last entry of the block")
        }
        return body + start..<body + end
    }

    /// The canonical bytes of an entry. Throws like `range(of:)`.
    public func bytes(of seq: UInt64) throws(StoreError) -> ArraySlice<UInt8> {
        block.data[try range(of: seq)]
    }

    /// Decodes one entry.
    ///
    /// - Throws: `StoreError.corrupt` when it is not what was written, `StoreError.notFound` when another block holds
    ///   it.
    public func entry(_ seq: UInt64) throws(StoreError) -> Entry {
        let range = try range(of: seq)
        return try withData { (data) throws(StoreError) in
            try EntryCodec.decode(UnsafeRawBufferPointer(rebasing: data[range]), expectedSeq: seq)
        }
    }

    /// Decodes every entry from `seq` on (all when it is before the block), in order. Throws like `entry(_:)`.
    public func entries(from seq: UInt64 = 0) throws(StoreError) -> [Entry] {
        guard seq <= block.lastSeq else { return [] }
        let first = max(seq, block.firstSeq)
        var entries: [Entry] = []
        entries.reserveCapacity(Int(block.lastSeq - first) + 1)
        for seq in first...block.lastSeq { entries.append(try entry(seq)) }
        return entries
    }

    /// The hash of an entry and whether the block's seal of it agrees. Throws like `range(of:)`.
    func chain(after previous: Digest256, _ seq: UInt64) throws(StoreError) -> (hash: Digest256, isSealed: Bool) {
        let range = try range(of: seq)
        return withData { data in
            let hash = Digest256(after: previous, entry: UnsafeRawBufferPointer(rebasing: data[range]))
            let slot = BlockLayout.headerSize + BlockLayout.slotSize * Int(seq - block.firstSeq)
            let seal = UInt32(littleEndian: data.loadUnaligned(fromByteOffset: slot + 4, as: UInt32.self))
            return (hash, seal == hash.seal)
        }
    }

    /// `init` has checked that every slot lies inside the data.
    private func end(_ index: Int) -> Int {
        block.data.withUnsafeBytes {
            let slot = BlockLayout.headerSize + BlockLayout.slotSize * index
            return Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: slot, as: UInt32.self)))
        }
    }

    /// `withUnsafeBytes` with a typed error.
    private func withData<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result: Result<Value, Failure> = block.data.withUnsafeBytes { data in
            do throws(Failure) { return .success(try body(data)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
