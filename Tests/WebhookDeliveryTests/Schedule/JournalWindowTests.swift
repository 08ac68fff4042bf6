import LedgerCore
import LedgerStorage
import MemoryStorage
import Synchronization
import Testing
import WebhookDelivery

@Suite("The window on the journal")
struct JournalWindowTests {
    /// A journal of so many entries, in blocks of random length, and how many of them were rendered.
    private final class Journal: Sendable {
        let store = MemoryRealmStore()
        let rendered = Mutex<[UInt64]>([])
        private let state = Mutex((sealed: SealedHead.start, types: [EventType]()))

        var types: [EventType] { state.withLock { $0.types } }

        func append(_ count: Int, _ dice: inout SplitMix64) throws {
            var left = count
            while left > 0 {
                let length = min(left, Int(dice.next() % 600) + 1)
                left -= length
                let random = (0..<length).map { _ in dice.next() % 5 == 0 }
                let block = state.withLock { state -> Block? in
                    var entries: [Entry] = []
                    for isStock in random {
                        let seq = state.sealed.head.seq + UInt64(entries.count) + 1
                        let alert = StockAlert(
                            item: ItemNumber(rawValue: 1), location: LocationNumber(rawValue: 1), before: 2, after: 1,
                            reorderPoint: 1, movementSeq: max(1, seq - 1))
                        let change: Change = isStock ? .stockOut(alert) : .stockLow(alert)
                        entries.append(
                            Entry(
                                seq: seq, id: ULID(high: 1 << 20, low: seq),
                                recordedAt: Instant(milliseconds: 5), actor: nil, change: change))
                        state.types.append(change.eventType)
                    }
                    let block = Block.seal(entries, after: state.sealed)
                    if let block { state.sealed = block.sealedHead }
                    return block
                }
                try store.commit(CommitUnit(block: block))
            }
        }

        func window() -> JournalWindow {
            JournalWindow(journal: store) { entries in
                self.rendered.withLock { $0 += entries.map(\.seq) }
                return entries.map { Array("{\"type\":\"\($0.change.type)\",\"seq\":\($0.seq)}".utf8) }
            }
        }
    }

    @Test("gives every wanted event once and in order, whoever asks from where", arguments: 1...12)
    func random(seed: UInt64) throws {
        var dice = SplitMix64(state: seed)
        let journal = Journal()
        _ = try journal.store.open()
        try journal.append(300, &dice)
        var window = journal.window()
        let filters = [EventFilter.everything, EventFilter(known: ["stock.out"]), EventFilter(known: ["stock.low"])]
        var cursors = [UInt64](repeating: 1, count: 6)
        var found = [[UInt64]](repeating: [], count: 6)
        var wanted: Set<EventType> = [.stockOut]
        for step in 0..<400 {
            if dice.next() % 6 == 0, journal.types.count < 20_000 { try journal.append(Int(dice.next() % 900), &dice) }
            if step == 150 { wanted = [.stockOut, .stockLow] }
            let reader = Int(dice.next() % 6)
            let filter = filters[reader % 3]
            let head = UInt64(journal.types.count)
            guard cursors[reader] <= head else { continue }
            let limit = Int(dice.next() % 200) + 1
            let (events, through) = try window.events(
                filter, from: cursors[reader], through: head, limit: limit, wanted: wanted.union(filter.types))
            #expect(events.count <= limit && through >= cursors[reader], "seed \(seed)")
            found[reader] += events.map(\.seq)
            cursors[reader] = through + 1
            for event in events.prefix(2) {
                #expect(String(decoding: event.body(named: "x"), as: UTF8.self) == #"{"type":"x","seq":\#(event.seq)}"#)
            }
        }
        for reader in 0..<6 {
            let filter = filters[reader % 3]
            let expected = journal.types.enumerated()
                .filter { UInt64($0.offset) + 1 < cursors[reader] && filter.matches($0.element) }
                .map { UInt64($0.offset) + 1 }
            #expect(found[reader] == expected, "seed \(seed), reader \(reader)")
        }
    }

    @Test("renders what nobody wants not at all, and what many want once")
    func shared() throws {
        var dice = SplitMix64(state: 5)
        let journal = Journal()
        _ = try journal.store.open()
        try journal.append(2_000, &dice)
        var window = journal.window()
        let filter = EventFilter(known: ["stock.out"])
        for _ in 0..<20 {
            var next: UInt64 = 1
            while next <= 2_000 {
                next = try window.events(filter, from: next, through: 2_000, limit: 50, wanted: [.stockOut]).through + 1
            }
        }
        let expected = journal.types.filter { $0 == .stockOut }.count
        #expect(journal.rendered.withLock { $0.count } == expected)
    }

    @Test("one event is found whatever is wanted, and none beyond the end")
    func single() throws {
        var dice = SplitMix64(state: 6)
        let journal = Journal()
        _ = try journal.store.open()
        try journal.append(700, &dice)
        var window = journal.window()
        #expect(try window.event(699)?.seq == 699)
        let beyond = try window.event(701)
        #expect(beyond == nil)
    }
}
