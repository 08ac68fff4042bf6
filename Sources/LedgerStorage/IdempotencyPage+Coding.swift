public import LedgerCore

/// A page lies in two blobs, so that a start reads all keys without the answers.
///
///     keys     version (1) · n × (key 16 · fingerprint 16 · status 2 · content kind 1 · length of the answer 4)
///     answers  the answers' bytes, one after another
///
/// Numbers are little-endian, digests most significant byte first.
extension IdempotencyPage {
    private static let version: UInt8 = 1
    private static let headerSize = 1
    private static let slotSize = 39

    /// The two blobs. Answers of 4 GiB or more are beyond the layout (a request's are bounded by the HTTP layer).
    public func encoded() -> (keys: [UInt8], answers: [UInt8]) {
        var keys: [UInt8] = []
        keys.reserveCapacity(Self.headerSize + Self.slotSize * records.count)
        var answers: [UInt8] = []
        answers.reserveCapacity(records.reduce(0) { $0 + $1.body.count })
        keys.append(Self.version)
        for record in records {
            keys.appendDigest(record.key)
            keys.appendDigest(record.fingerprint)
            keys.appendFixed(record.status)
            keys.append(record.contentKind)
            keys.appendFixed(UInt32(truncatingIfNeeded: record.body.count))
            answers.append(contentsOf: record.body)
        }
        return (keys, answers)
    }

    /// - Throws: `StoreError.corrupt` when the blobs are not what `encoded` wrote.
    public init(
        number: UInt64, slice: Int64, recordedAt: Instant, keys: UnsafeRawBufferPointer, answers: UnsafeRawBufferPointer
    ) throws(StoreError) {
        let count = try Self.count(ofKeys: keys, page: number)
        var records: [IdempotencyRecord] = []
        records.reserveCapacity(count)
        var offset = 0
        for index in 0..<count {
            let slot = Self.headerSize + Self.slotSize * index
            let length = Int(UInt32(littleEndian: keys.loadUnaligned(fromByteOffset: slot + 35, as: UInt32.self)))
            guard length <= answers.count - offset else { throw Self.corrupt(number) }
            records.append(
                IdempotencyRecord(
                    key: Digest128(words: keys, at: slot),
                    fingerprint: Digest128(words: keys, at: slot + 16),
                    status: UInt16(littleEndian: keys.loadUnaligned(fromByteOffset: slot + 32, as: UInt16.self)),
                    contentKind: keys[slot + 34],
                    body: [UInt8](answers[offset..<offset + length])))
            offset += length
        }
        guard offset == answers.count else { throw Self.corrupt(number) }
        self.init(number: number, slice: slice, recordedAt: recordedAt, records: records)
    }

    /// The keys alone, in the order of the records.
    ///
    /// - Throws: `StoreError.corrupt` when the blob is not what `encoded` wrote.
    public static func keys(
        number: UInt64, slice: Int64, recordedAt: Instant, keys: UnsafeRawBufferPointer
    ) throws(StoreError) -> IdempotencyPageKeys {
        let count = try count(ofKeys: keys, page: number)
        var digests: [Digest128] = []
        digests.reserveCapacity(count)
        for index in 0..<count { digests.append(Digest128(words: keys, at: headerSize + slotSize * index)) }
        return IdempotencyPageKeys(number: number, slice: slice, recordedAt: recordedAt, keys: digests)
    }

    private static func count(ofKeys keys: UnsafeRawBufferPointer, page: UInt64) throws(StoreError) -> Int {
        guard keys.first == version, (keys.count - headerSize).isMultiple(of: slotSize) else { throw corrupt(page) }
        return (keys.count - headerSize) / slotSize
    }

    private static func corrupt(_ page: UInt64) -> StoreError {
        .corrupt(seq: nil, detail: "idempotency page \(page) is not what was written")
    }
}

extension Digest128 {
    /// The caller has checked that 16 bytes follow the offset.
    fileprivate init(words bytes: UnsafeRawBufferPointer, at offset: Int) {
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self)))
    }
}

extension [UInt8] {
    fileprivate mutating func appendDigest(_ digest: Digest128) {
        Swift.withUnsafeBytes(of: (digest.high.bigEndian, digest.low.bigEndian)) { append(contentsOf: $0) }
    }
}
