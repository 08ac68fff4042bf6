/// A growable run of bytes that hands out raw room at its end.
///
/// `storage` is always filled up to its count, so that room can be written through a pointer without an append per
/// byte; `count` says how much of it is meant.
struct ByteSink: Sendable {
    private(set) var storage: [UInt8]
    private(set) var count = 0

    init(capacity: Int) {
        storage = [UInt8](repeating: 0, count: max(capacity, 0))
    }

    /// Continues behind the bytes of an array.
    init(continuing bytes: consuming [UInt8]) {
        count = bytes.count
        storage = bytes
    }

    var last: UInt8? {
        @inline(__always) get { count > 0 ? storage[count &- 1] : nil }
    }

    /// The bytes written so far. The sink is spent.
    consuming func finish() -> [UInt8] {
        let excess = storage.count - count
        if excess > 0 { storage.removeLast(excess) }
        return storage
    }

    mutating func removeAll() { count = 0 }

    func withBytes<Answer>(_ body: (UnsafeBufferPointer<UInt8>) -> Answer) -> Answer {
        storage.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[..<count])) }
    }

    /// Lets `body` write at most `room` bytes at the end.
    /// - Parameter body: gets the first free byte and returns how many it wrote.
    @inline(__always)
    mutating func write(atMost room: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        if storage.count &- count < room { grow(by: room) }
        let from = count
        let written = storage.withUnsafeMutableBufferPointer { memory in
            guard let base = memory.baseAddress else { return 0 }
            return body(base + from)
        }
        count = from &+ written
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        if count == storage.count { grow(by: 1) }
        storage[count] = byte
        count &+= 1
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress else { return }
        write(atMost: bytes.count) { room in
            room.update(from: source, count: bytes.count)
            return bytes.count
        }
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Changes four bytes that were written before: a length that is known only afterwards, little endian.
    mutating func patch(_ value: UInt32, at offset: Int) {
        for step in 0..<4 {
            storage[offset + step] = UInt8(truncatingIfNeeded: value >> (UInt32(step) * 8))
        }
    }

    @inline(never)
    private mutating func grow(by room: Int) {
        let kept = count
        let size = max(kept + room, storage.count * 2, 64)
        let old = storage
        storage = [UInt8](unsafeUninitializedCapacity: size) { memory, initialized in
            if let base = memory.baseAddress {
                old.withUnsafeBufferPointer { source in
                    if let from = source.baseAddress { base.initialize(from: from, count: kept) }
                }
                (base + kept).initialize(repeating: 0, count: size - kept)
            }
            initialized = size
        }
    }
}
