import LedgerCore
import Testing

@Suite("level history")
struct LevelHistoryTests {
    /// A chain of `count` entries whose seqs are 3, 6, 9 …, so that there are gaps to look into.
    private func chain(_ count: Int) -> (history: LevelHistory, links: [UInt64: HistoryLink]) {
        var history = LevelHistory()
        var links: [UInt64: HistoryLink] = [:]
        for index in 1...count {
            let seq = UInt64(index) * 3
            links[seq] = history.nextLink
            history.append(seq)
        }
        return (history, links)
    }

    @Test("an entry points to the one before it and, when that is older, to the root of an older tree")
    func pointers() {
        let (history, links) = chain(10)
        #expect(history.lastSeq == 30)
        #expect((1...10).map { links[$0 * 3]?.previous } == [0, 3, 6, 9, 12, 15, 18, 21, 24, 27])
        #expect((1...10).map { links[$0 * 3]?.jump } == [0, 3, 0, 9, 12, 9, 0, 21, 24, 21])
        #expect(LevelHistory().nextLink == HistoryLink(previous: 0, jump: 0))
        #expect(LevelHistory().lastSeq == 0)
    }

    @Test(
        "any past moment is found by few hops, and is the one that a linear walk finds",
        arguments: [1, 2, 3, 7, 8, 100, 1_023, 1_024, 5_000])
    func search(_ count: Int) throws {
        let (history, links) = chain(count)
        var log = 0
        while (1 << (log + 1)) <= count { log += 1 }
        var wrong: [UInt64] = []
        var most = 0
        for seq in 0...UInt64(count * 3 + 2) {
            var found = history.lastSeq
            var hops = 0
            while found > seq {
                guard let link = links[found] else { break }
                found = link.towards(seq)
                hops += 1
            }
            most = max(most, hops)
            // The chain's seqs are the multiples of 3, so a walk without jumps ends at this one.
            if found != min(seq / 3, UInt64(count)) * 3 { wrong.append(seq) }
        }
        #expect(wrong.isEmpty)
        // Down a list of at most log n + 1 trees, and then two pointers for each rank of one tree.
        #expect(most <= 3 * log + 1, "\(most) hops among \(count)")
        #expect(history.roots.count <= log + 1)
    }

    @Test("the walk along the previous pointers meets every entry of the level, newest first")
    func walk() {
        let (history, links) = chain(500)
        var met: [UInt64] = []
        var seq = history.lastSeq
        while seq != 0 {
            met.append(seq)
            seq = links[seq]?.previous ?? 0
        }
        #expect(met == (1...500).reversed().map { $0 * 3 })
    }

    @Test("recorded movements carry the chain of their own level, whatever happens at others")
    func interleaved() throws {
        var ledger = try TestLedger.stocked(items: ["X", "Y"], reorderPoint: 2)
        for round in 0..<40 {
            try ledger.move(draft(.receipt, 3))
            try ledger.move(draft(.receipt, 3, of: "Y"))
            try ledger.move(draft(.transfer, 1, to: "B"))
            try ledger.move(draft(.sale, -2))
            if round % 7 == 0 { ledger.publish() }
        }
        let key = LevelKey(item: ItemNumber(rawValue: 1), location: LocationNumber(rawValue: 1))
        let expected = ledger.journal.filter { $0.movement?.item.rawValue == 1 && $0.movement?.location.rawValue == 1 }
        var seq = try #require(ledger.state.level(key)).history.lastSeq
        for entry in expected.reversed() {
            #expect(entry.seq == seq)
            seq = entry.movement?.link.previous ?? 0
        }
        #expect(seq == 0)
        let arrivals = ledger.journal.compactMap { entry in entry.movement?.target.map { (entry.seq, $0.link.previous) }
        }
        #expect(arrivals.dropFirst().map(\.1) == arrivals.dropLast().map(\.0))
    }
}
