internal import LedgerCore
import LedgerStorage

/// `Authorization` headers that were found to belong to a key, byte for byte: most requests come with one of a few. It
/// saves the parsing and hashing and decides nothing: only the very bytes that were verified are found, compared in
/// constant time, and a refresh forgets all. Its size is fixed; a newcomer takes the place of whoever had its slot.
struct VerifiedHeaders {
    private struct Entry {
        var header: [UInt8]
        var key: ActiveKey
    }

    private static let slots = 1024
    private var entries = [Entry?](repeating: nil, count: VerifiedHeaders.slots)

    /// The slot depends on a seed that is random for each process, so nobody can aim at another's.
    static func hash(_ header: UnsafeBufferPointer<UInt8>) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(header))
        return hasher.finalize() & (slots - 1)
    }

    func key(_ header: UnsafeBufferPointer<UInt8>, hash: Int) -> ActiveKey? {
        guard let entry = entries[hash] else { return nil }
        let isSame = entry.header.withUnsafeBytes { ConstantTime.areEqual($0, UnsafeRawBufferPointer(header)) }
        return isSame ? entry.key : nil
    }

    mutating func insert(_ header: UnsafeBufferPointer<UInt8>, hash: Int, key: ActiveKey) {
        entries[hash] = Entry(header: Array(header), key: key)
    }

    mutating func removeAll() {
        for index in entries.indices { entries[index] = nil }
    }
}

/// What keeps guessed keys away from the store: ids that it was asked about a moment ago, in a table of fixed size, and
/// a budget for asking at all. A key made in the meantime is found by the next refresh, whatever this says.
struct KeyLookups {
    private static let slots = 4096
    private static let memory: UInt64 = 2_000_000_000
    private static let perSecond: UInt64 = 100

    private var asked = [(id: ULID, until: UInt64)](repeating: (.zero, 0), count: KeyLookups.slots)
    private var windowStart: UInt64 = 0
    private var inWindow: UInt64 = 0

    /// Whether the store may be asked about this id now; counts the asking.
    mutating func mayLookUp(_ id: ULID, now: UInt64) -> Bool {
        let known = asked[KeyLookups.slot(id)]
        if known.id == id && now < known.until { return false }
        if now >= windowStart &+ 1_000_000_000 || now < windowStart {
            windowStart = now
            inWindow = 0
        }
        guard inWindow < KeyLookups.perSecond else { return false }
        inWindow += 1
        return true
    }

    mutating func remember(_ id: ULID, now: UInt64) {
        asked[KeyLookups.slot(id)] = (id, now &+ KeyLookups.memory)
    }

    private static func slot(_ id: ULID) -> Int {
        var hasher = Hasher()
        hasher.combine(id)
        return hasher.finalize() & (slots - 1)
    }
}
