import LedgerCore
import LedgerStorage
import MemoryStorage
import SampleLedger
import Testing

@Suite("finding entries in the journal")
struct HistoryTests {
    private let ledger = SampleLedger(seed: 41, items: 5, locations: 3, blocks: 150)
    private let store = MemoryRealmStore()

    init() throws {
        try ledger.write(to: store)
    }

    @Test("every entry is found by seq and by id, and nothing else is")
    func entries() throws {
        var history = History(store: store)
        let entries = Dictionary(uniqueKeysWithValues: ledger.entries.map { ($0.id, $0) })
        for entry in ledger.entries {
            #expect(try history.entry(entry.seq) == entry)
            #expect(try history.entry(id: entry.id) == entry)
            #expect(try history.entry(id: entry.id.successor) == entries[entry.id.successor])
        }
        #expect(try history.entry(0) == nil)
        #expect(try history.entry(UInt64(ledger.entries.count) + 1) == nil)
        #expect(try history.entry(id: .zero) == nil)
        #expect(try history.entry(id: ULID(high: .max, low: .max)) == nil)
    }

    @Test("a level's pool as of any seq is what a scan of the journal gives")
    func pools() throws {
        var history = History(store: store)
        for (key, level) in ledger.levels {
            var expected = CostPool.empty
            var last: UInt64 = 0
            for entry in ledger.entries {
                if case .movementRecorded(let movement) = entry.change, let leg = movement.leg(at: key) {
                    expected = leg.after
                    last = entry.seq
                }
                let newest = level.history.lastSeq
                #expect(try history.lastSeq(of: key, from: newest, atOrBefore: entry.seq) == last)
                #expect(try history.pool(of: key, from: newest, asOf: entry.seq) == expected)
            }
        }
    }

    @Test("a level without entries was always empty")
    func nothing() throws {
        var history = History(store: store)
        let key = LevelKey(packed: 9 << 32 | 9)
        #expect(try history.pool(of: key, from: 0, asOf: 100) == .empty)
        #expect(throws: StoreError.self) { try history.leg(of: key, at: 1) }
    }
}
