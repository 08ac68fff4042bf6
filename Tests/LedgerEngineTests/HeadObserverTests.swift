import LedgerCore
import LedgerEngine
import LedgerStorage
import Testing

@Suite("Observers of a ledger's head", .timeLimit(.minutes(1)))
struct HeadObserverTests {
    @Test("after each commit that appends, an observer is told the last seq, which readers see and the store has")
    func told() async throws {
        let test = try LedgerUnderTest()
        let seqs = Collected<UInt64>()
        let behind = Counter()
        let observation = test.ledger.observeHead { [unowned test] seq in
            if test.store.durableSeq < seq || test.ledger.head.head.seq < seq { behind.add() }
            seqs.append(seq)
        }
        try await test.stock(items: 2)
        #expect(seqs.values == [1, 2, 3])
        // One commit, three entries; a refusal and a replay append nothing.
        await test.write(group: (0..<3).map { _ in SubmittedCommand(.receive(1)) })
        #expect(seqs.values == [1, 2, 3, 6])
        await test.write(.pick(1_000))
        await test.write(.receive(1), .key(1))
        await test.write(.receive(1), .key(1))
        #expect(seqs.values == [1, 2, 3, 6, 7])
        #expect(behind.value == 0)
        observation.cancel()
    }

    @Test("an observer is told before the writer of the entry is answered")
    func beforeTheAnswer() async throws {
        let test = try LedgerUnderTest()
        let seqs = Collected<UInt64>()
        let observation = test.ledger.observeHead { seqs.append($0) }
        try await test.stock()
        for _ in 0..<50 {
            let seq = await test.write(.receive(1)).decided?.seq
            #expect(seqs.values.last == seq)
        }
        observation.cancel()
    }

    @Test("a cancelled observer is told nothing more, the others are, and nothing of it is kept")
    func cancelled() async throws {
        let test = try LedgerUnderTest()
        #expect(test.ledger.headObservers == 0)
        let one = Counter()
        let two = Counter()
        var held: Flag? = Flag()
        weak let kept = held
        let first = test.ledger.observeHead { [held] _ in
            one.add()
            held?.set()
        }
        held = nil
        let second = test.ledger.observeHead { _ in two.add() }
        #expect(test.ledger.headObservers == 2)
        try await test.stock()
        first.cancel()
        first.cancel()
        #expect(test.ledger.headObservers == 1)
        #expect(kept == nil)
        await test.write(.receive(1))
        #expect(one.value == 2)
        #expect(two.value == 3)
        second.cancel()
        await test.write(.receive(1))
        #expect(two.value == 3)
        #expect(test.ledger.headObservers == 0)
    }

    @Test(
        "observers come and go on any thread while the ledger is written; who looks at the head after it was added misses nothing"
    )
    func concurrent() async throws {
        let test = try LedgerUnderTest()
        try await test.stock()
        let done = Flag()
        let missed = Counter()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for _ in 0..<400 { await test.write(.receive(1)) }
                done.set()
            }
            for _ in 0..<4 {
                group.addTask {
                    while !done.isSet {
                        let seqs = Collected<UInt64>()
                        let observation = test.ledger.observeHead { seqs.append($0) }
                        let seen = test.ledger.head.head.seq
                        await until { done.isSet || !seqs.values.isEmpty }
                        observation.cancel()
                        // Each write is a commit of its own: told is every seq from the one after it was seen, or one
                        // that was being told just then.
                        if let first = seqs.values.first, first > seen + 1 { missed.add() }
                        if seqs.values != seqs.values.sorted() { missed.add() }
                    }
                }
            }
        }
        #expect(missed.value == 0)
        #expect(test.ledger.headObservers == 0)
    }
}
