import BlockingWork
import LedgerCore
import LedgerEngine
import LedgerStorage
import MemoryStorage
import Synchronization
import Testing

@Suite("Group commit", .timeLimit(.minutes(2)))
struct GroupCommitTests {
    @Test("many submitters at once: seqs without a gap, every answer once, several commands in a commit")
    func load() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(items: 10, quantity: 1)
        let start = test.ledger.head.head.seq
        test.store.slowDown(.microseconds(300))
        let answers = Collected<UInt64>()
        let outrun = Counter()
        let submitters = 16
        let each = 250
        await withTaskGroup(of: Void.self) { group in
            for submitter in 0..<submitters {
                group.addTask {
                    for number in 0..<each {
                        let command = Command.receive(1, item: (submitter + number) % 10 + 1)
                        let key = RequestIdentity.key(UInt64(submitter * each + number))
                        guard let seq = await test.write(command, key).decided?.seq else { continue }
                        // Nothing is answered before the store's commit has returned.
                        if test.store.durableSeq < seq { outrun.add() }
                        answers.append(seq)
                    }
                }
            }
        }
        let seqs = answers.values.sorted()
        #expect(seqs == Array(start + 1...start + UInt64(submitters * each)))
        #expect(try test.journal().map(\.seq) == Array(1...test.ledger.head.head.seq))
        #expect(outrun.value == 0)
        #expect((test.batchSizes.max() ?? 0) > 4)
        #expect(test.ledger.queueDepth == 0)
        #expect(try test.verify() == nil)
    }

    @Test("what gathers during a commit is the next one, up to the limit, and a group is never divided")
    func batches() async throws {
        var limits = EngineLimits()
        limits.commandsPerCommit = 5
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock()
        let before = test.store.commits
        let sizes = test.batchSizes.count
        test.store.shutGate()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await test.write(.receive(1)) }
            await test.commitAtGate(after: before)
            var queued = 0
            // 4 + 2 do not fit together, nor do 2 + 9; and 9 are more than the limit allows.
            for size in [4, 2, 9, 1, 1, 1] {
                group.addTask { await test.write(group: (0..<size).map { _ in SubmittedCommand(.receive(1)) }) }
                queued += size
                await test.queue(holds: queued)
            }
            test.store.openGate()
        }
        #expect(Array(test.batchSizes[sizes...]) == [1, 4, 2, 9, 3])
    }

    @Test("the queue is bounded: beyond it a submission is turned away at once, and there is room again afterwards")
    func bound() async throws {
        var limits = EngineLimits()
        limits.queuedCommands = 10
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock()
        let before = test.store.commits
        test.store.shutGate()
        let results = await withTaskGroup(of: SubmissionResult.self) { group in
            group.addTask { await test.write(.receive(1)) }
            await test.commitAtGate(after: before)
            for queued in 1...10 {
                group.addTask { await test.write(.receive(1)) }
                await test.queue(holds: queued)
            }
            #expect(await test.write(.receive(1)).isBusy)
            #expect(await test.write(group: [SubmittedCommand(.receive(1)), SubmittedCommand(.receive(1))]).isBusy)
            test.store.openGate()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.compactMap(\.decided).count == 11)
        #expect(await test.write(.receive(1)).decided != nil)
        // A group that is larger than the queue goes in when nothing waits.
        #expect(await test.write(group: (0..<30).map { _ in SubmittedCommand(.receive(1)) }).decided != nil)
        #expect(try test.onHand() == 42)
    }

    @Test("nobody is answered, and nothing is seen, before the commit returns")
    func order() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let before = test.store.commits
        let head = test.ledger.head
        test.store.shutGate()
        let isAnswered = Flag()
        async let answer = {
            let answer = await test.write(.pick(1), .key(1))
            isAnswered.set()
            return answer
        }()
        await test.commitAtGate(after: before)
        try await Task.sleep(for: .milliseconds(30))
        #expect(!isAnswered.isSet)
        #expect(test.ledger.head == head)
        #expect(try test.onHand() == 10)
        test.store.openGate()
        #expect(await answer.decided != nil)
        #expect(try test.onHand() == 9)
    }

    @Test("after a failed commit nothing is ever answered, failStop is called once, and all that comes is busy")
    func failure() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let head = test.ledger.head
        let stored = try #require(await test.write(.pick(1), .key(7)).decided)
        let afterKeyed = test.ledger.head
        #expect(afterKeyed != head)
        let commits = test.store.commits
        let answers = Counter()
        test.store.shutGate()
        let ledger = test.ledger
        @Sendable func count(_ result: SubmissionResult) { answers.add() }
        ledger.submit(.single(.pick(1), .key(1))) { count($0) }
        await test.commitAtGate(after: commits)
        // In the batch behind it, a replay too: it can wait for the next process.
        ledger.submit(.single(.pick(1), .key(2))) { count($0) }
        ledger.submit(.single(.pick(1), .key(7))) { count($0) }
        let failure = StoreError.failed(operation: "commit", detail: "an error of fsync")
        test.store.fail(failure, failure)
        test.store.openGate()
        await until { !test.fatalErrors.isEmpty }
        #expect(await test.write(.pick(1)).isBusy)
        #expect(await test.write(.pick(1), .key(7)).isBusy)
        ledger.close()
        try await Task.sleep(for: .milliseconds(20))
        #expect(test.fatalErrors == [failure])
        #expect(answers.value == 0)
        #expect(test.store.commits == commits + 1)
        #expect(test.store.isClosed)
        // What readers see is what was acknowledged.
        #expect(ledger.head == afterKeyed)
        try test.reopen()
        #expect(await test.write(.pick(1), .key(7)).replayed == stored)
        #expect(try test.onHand() == 9)
    }

    @Test("a full disk refuses the batch and changes nothing, and the next write goes on")
    func full() async throws {
        var limits = EngineLimits()
        limits.entriesBetweenPasses = 4
        limits.levelsPerCommit = 2
        limits.entriesPerReferenceSegment = 4
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock(items: 5, quantity: 10)
        let head = test.ledger.head
        let earlier = try #require(await test.write(.pick(2), .key(9)).decided)
        let journal = try test.journal()
        let commits = test.store.commits
        test.store.shutGate()
        let (lines, results) = await withTaskGroup(of: (Int, SubmissionResult).self) { group in
            group.addTask { (0, await test.write(.pick(1, item: 2))) }
            await test.commitAtGate(after: commits)
            // All of these are one batch, and the disk is full when it is written.
            let submissions: [Submission] = [
                .single(.pick(6), .key(1)), .single(.pick(6), nil), .single(.pick(6), .key(1)),
                .single(.pick(1), .key(1, request: 2)), .single(.pick(2), .key(9)),
                .single(.pick(2), .key(9, request: 2)),
                .group([SubmittedCommand(.pick(99))], atomic: true, nil),
            ]
            for (number, submission) in submissions.enumerated() {
                group.addTask { (number + 1, await test.submit(submission)) }
                await test.queue(holds: number + 1)
            }
            test.store.fail(.full(detail: "first"), .full(detail: "second"))
            test.store.openGate()
            return (submissions.count, await group.reduce(into: [:]) { $0[$1.0] = $1.1 })
        }
        #expect(results.count == lines + 1)
        // What was recorded, or refused because of what was recorded before it, or answered from that, is undone.
        for number in [0, 1, 2, 3, 4, 7] { #expect(results[number]?.isStorageFull == true, "\(number)") }
        // What was committed long before stands.
        #expect(results[5]?.replayed == earlier)
        #expect(results[6]?.isReused == true)
        #expect(try test.journal().count == journal.count)
        #expect(try test.onHand() == 8)
        #expect(test.ledger.head.head.seq == head.head.seq + 1)
        #expect(await test.write(.pick(6), .key(1, request: 2)).decided?.status == 201)
        #expect(test.fatalErrors.isEmpty)
        for number in 1...5 { await test.write(.receive(1, item: number, reference: "after")) }
        #expect(try test.verify() == nil)
        test.ledger.close()
        #expect(try test.store.open().appliedSeq == test.ledger.head.head.seq)
        #expect(try test.verify() == nil)
    }

    @Test("a full disk again and again loses no row that is still to be written")
    func fullAgain() async throws {
        var limits = EngineLimits()
        limits.entriesBetweenPasses = 3
        limits.levelsPerCommit = 1
        limits.entriesPerReferenceSegment = 3
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock(items: 6, quantity: 10)
        for number in 0..<60 {
            if number % 3 > 0 { test.store.fail(.full(detail: "no room")) }
            let result = await test.write(.receive(1, item: number % 6 + 1, reference: "r"))
            #expect(result.isStorageFull == (number % 3 > 0))
            #expect(try test.verify() == nil)
        }
        test.ledger.close()
        try test.reopen()
        #expect(try (1...6).map { try test.onHand(item: $0) }.reduce(0, +) == 80)
        #expect(try test.store.open().appliedSeq == test.ledger.head.head.seq)
    }

    @Test("a disk that is full at the end keeps the journal, and the next start has the rest")
    func fullAtTheEnd() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(items: 3, quantity: 10)
        test.store.fail(.full(detail: "no room"))
        test.ledger.close()
        #expect(test.fatalErrors.isEmpty)
        #expect(test.store.isClosed)
        try test.reopen()
        #expect(try test.onHand(item: 3) == 10)
        #expect(try test.verify() == nil)
    }

    @Test("closing finishes what waits, takes nothing more, and may be asked for twice")
    func closing() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let before = test.store.commits
        test.store.shutGate()
        async let first = test.write(.pick(1))
        await test.commitAtGate(after: before)
        async let second = test.write(.pick(2))
        await test.queue(holds: 1)
        let ledger = test.ledger
        let closers = BlockingThreads(name: "closer", maximum: 2)
        let closed = Counter()
        for _ in 0..<2 {
            closers.run {
                ledger.close()
                closed.add()
            }
        }
        // The second call returns at once; the first one waits.
        await until { closed.value == 1 }
        #expect(await test.write(.pick(3)).isBusy)
        #expect(!test.store.isClosed)
        test.store.openGate()
        #expect(await first.decided?.status == 201)
        #expect(await second.decided?.status == 201)
        await until { closed.value == 2 }
        closers.stop()
        #expect(test.store.isClosed)
        #expect(await test.write(.pick(3)).isBusy)
        #expect(try test.store.open().appliedSeq == ledger.head.head.seq)
    }
}
