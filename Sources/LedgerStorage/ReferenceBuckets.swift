public import LedgerCore

extension ReferencePosting {
    /// The hash under which a reference is indexed: 64 well-mixed bits of its UTF-8 bytes. It is stored, so it never
    /// changes. It is not cryptographic: whoever looks a reference up compares the entry itself.
    ///
    /// Words of 8 bytes (the last one zero-filled) are folded in by a 64 × 64 → 128 bit product, as in the family of
    /// wyhash; the constants are the fractional digits of √2, √3 and √5, made odd.
    public static func hash(of text: some Sequence<UInt8>) -> UInt64 {
        if let hash = text.withContiguousStorageIfAvailable({ hash(of: UnsafeRawBufferPointer($0)) }) { return hash }
        return Array(text).withUnsafeBytes { hash(of: $0) }
    }

    /// The hash of a reference's text.
    public static func hash(of reference: String) -> UInt64 { hash(of: reference.utf8) }

    private static func hash(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = 0x6A09_E667_F3BC_C909 ^ UInt64(bytes.count)
        var position = 0
        while position < bytes.count {
            var word: UInt64 = 0
            if bytes.count - position >= 8 {
                word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            } else {
                for offset in 0..<bytes.count - position {
                    word |= UInt64(bytes[position + offset]) << UInt64(8 * offset)
                }
            }
            state = fold(state ^ word, 0xBB67_AE85_84CA_A73B)
            position += 8
        }
        return fold(state ^ 0x3C6E_F372_FE94_F82B, 0xBB67_AE85_84CA_A73B)
    }

    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    /// Which of the 256 buckets of a segment holds it.
    public var bucket: UInt8 { Self.bucket(of: hash) }

    /// Which of the 256 buckets of a segment holds a hash.
    public static func bucket(of hash: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: hash >> 56) }
}

extension ReferenceSegment {
    /// The segment over these entries, which follow one another; nil when there are none. Postings are sorted.
    public init?(indexing entries: some Sequence<Entry>) {
        var postings: [ReferencePosting] = []
        var first: UInt64?
        var last: UInt64 = 0
        for entry in entries {
            first = first ?? entry.seq
            last = entry.seq
            if let posting = ReferencePosting(indexing: entry) { postings.append(posting) }
        }
        guard let first else { return nil }
        postings.sort()
        self.init(firstSeq: first, lastSeq: last, postings: postings)
    }

    /// A bucket's bytes: n × (hash 8 · seq − `firstSeq` 4), little-endian, in the order of the postings.
    static let slotSize = 12

    /// The buckets that hold anything, in order, each encoded.
    ///
    /// - Throws: `StoreError.failed` when a posting lies outside of the segment or the segment spans 2³² entries.
    public func encodedBuckets() throws(StoreError) -> [(bucket: UInt8, data: [UInt8])] {
        var buckets: [(bucket: UInt8, data: [UInt8])] = []
        for posting in postings.isSorted ? postings : postings.sorted() {
            guard posting.seq >= firstSeq, posting.seq <= lastSeq,
                let offset = UInt32(exactly: posting.seq - firstSeq)
            else {
                throw .failed(
                    operation: "index references", detail: "posting of \(posting.seq) in a segment from \(firstSeq)")
            }
            if buckets.last?.bucket != posting.bucket { buckets.append((posting.bucket, [])) }
            buckets[buckets.count - 1].data.appendFixed(posting.hash)
            buckets[buckets.count - 1].data.appendFixed(offset)
        }
        return buckets
    }

    /// All postings of a bucket.
    ///
    /// - Throws: `StoreError.corrupt` when the bytes are not a bucket's.
    public static func postings(
        inBucket data: UnsafeRawBufferPointer, firstSeq: UInt64
    ) throws(StoreError) -> [ReferencePosting] {
        let count = try count(ofBucket: data)
        var postings: [ReferencePosting] = []
        postings.reserveCapacity(count)
        for index in 0..<count { postings.append(posting(index, of: data, firstSeq: firstSeq)) }
        return postings
    }

    /// Appends the seqs under the hash, below `bound`, newest first, until `seqs` holds `limit` of them.
    ///
    /// - Throws: `StoreError.corrupt` when the bytes are not a bucket's.
    public static func appendSeqs(
        of hash: UInt64, inBucket data: UnsafeRawBufferPointer, firstSeq: UInt64, before bound: UInt64, limit: Int,
        to seqs: inout [UInt64]
    ) throws(StoreError) {
        // First posting that is not below (hash, bound); what is sought stands right before it.
        var low = 0
        var high = try count(ofBucket: data)
        while low < high {
            let middle = (low + high) / 2
            if posting(middle, of: data, firstSeq: firstSeq) < ReferencePosting(hash: hash, seq: bound) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        while low > 0, seqs.count < limit {
            low -= 1
            let posting = posting(low, of: data, firstSeq: firstSeq)
            guard posting.hash == hash else { return }
            seqs.append(posting.seq)
        }
    }

    private static func count(ofBucket data: UnsafeRawBufferPointer) throws(StoreError) -> Int {
        guard data.count.isMultiple(of: slotSize) else {
            throw .corrupt(seq: nil, detail: "a bucket of the reference index is cut short")
        }
        return data.count / slotSize
    }

    /// The caller has checked that the index is inside.
    private static func posting(
        _ index: Int, of data: UnsafeRawBufferPointer, firstSeq: UInt64
    ) -> ReferencePosting {
        let offset = data.loadUnaligned(fromByteOffset: index * slotSize + 8, as: UInt32.self)
        return ReferencePosting(
            hash: UInt64(littleEndian: data.loadUnaligned(fromByteOffset: index * slotSize, as: UInt64.self)),
            seq: firstSeq &+ UInt64(UInt32(littleEndian: offset)))
    }
}

extension ReferencePosting {
    /// The posting of a movement with a reference; nil for any other entry.
    public init?(indexing entry: Entry) {
        guard case .movementRecorded(let movement) = entry.change, let reference = movement.reference else {
            return nil
        }
        self.init(hash: Self.hash(of: reference), seq: entry.seq)
    }
}

extension [ReferencePosting] {
    var isSorted: Bool {
        for index in indices.dropFirst() where self[index] < self[index - 1] { return false }
        return true
    }
}
