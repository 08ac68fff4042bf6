public import LedgerCore

/// Layout of `Block.data`:
///
///     version (1)
///     number of entries, n                     4 bytes, little-endian
///     n × end of the entry, seal of the entry  4 + 4 bytes
///     the entries' canonical bytes, one after another
///
/// An end counts from the first entry's first byte. A seal is the first four bytes of hash(seq): the chain is proven by
/// the block's full hash alone, the seals only tell which entry of a block was the first that someone changed.
enum BlockLayout {
    static let version: UInt8 = 1
    static let headerSize = 5
    static let slotSize = 8
    /// What an ordinary entry takes, for reserving room.
    static let usualEntrySize = 112
}

extension Block {
    /// Encodes the entries and seals them onto the chain.
    ///
    /// - Precondition: the entries follow `previous.head` without a gap and take less than 4 GiB.
    /// - Returns: nil when there are no entries.
    public static func seal(_ entries: [Entry], after previous: SealedHead) -> Block? {
        guard let first = entries.first, let last = entries.last else { return nil }
        let body = BlockLayout.headerSize + BlockLayout.slotSize * entries.count
        var data: [UInt8] = []
        data.reserveCapacity(body + BlockLayout.usualEntrySize * entries.count)
        data.append(BlockLayout.version)
        data.appendFixed(UInt32(truncatingIfNeeded: entries.count))
        data.append(contentsOf: repeatElement(0, count: body - BlockLayout.headerSize))
        var hash = previous.hash
        var slot = BlockLayout.headerSize
        var start = body
        for entry in entries {
            EntryCodec.encode(entry, into: &data)
            let end = data.count
            hash = data.withUnsafeMutableBytes { bytes in
                let hash = Digest256(after: hash, entry: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                let offset = UInt32(truncatingIfNeeded: end - body)
                bytes.storeBytes(of: offset.littleEndian, toByteOffset: slot, as: UInt32.self)
                bytes.storeBytes(of: hash.seal.littleEndian, toByteOffset: slot + 4, as: UInt32.self)
                return hash
            }
            slot += BlockLayout.slotSize
            start = end
        }
        return Block(
            firstSeq: first.seq, lastSeq: last.seq, recordedAt: last.recordedAt, lastID: last.id, data: data,
            hash: hash)
    }

    /// The head of the journal once this block is its last.
    public var sealedHead: SealedHead {
        SealedHead(head: Head(seq: lastSeq, id: lastID, recordedAt: recordedAt), hash: hash)
    }
}

extension Digest256 {
    /// The first four bytes, as a block keeps them for each entry.
    var seal: UInt32 { UInt32(truncatingIfNeeded: a >> 32) }
}
