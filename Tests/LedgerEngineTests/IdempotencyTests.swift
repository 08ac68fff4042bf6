import LedgerCore
import LedgerEngine
import LedgerStorage
import MemoryStorage
import Testing

@Suite("Idempotency")
struct IdempotencyTests {
    @Test("the same key with the same request gets the stored answer, byte for byte, and writes nothing")
    func replay() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let first = try #require(await test.write(.pick(3), .key(1)).decided)
        let head = test.ledger.head
        let commits = test.store.commits
        let second = try #require(await test.write(.pick(3), .key(1)).replayed)
        #expect(second == first)
        #expect(test.ledger.head == head)
        #expect(test.store.commits == commits)
        #expect(try test.onHand() == 7)
    }

    @Test("the same key with another request is refused, and its record stays what it was")
    func reuse() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let first = try #require(await test.write(.pick(3), .key(1)).decided)
        #expect(await test.write(.pick(4), .key(1, request: 2)).isReused)
        #expect(await test.write(.pick(3), .key(1)).replayed == first)
        #expect(try test.onHand() == 7)
    }

    @Test("twins that wait in the same batch have one effect and one answer")
    func twinsInABatch() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 100)
        let commits = test.store.commits
        test.store.shutGate()
        async let blocker = test.write(.pick(1))
        await test.commitAtGate(after: commits)
        // All of these gather behind the commit that hangs.
        async let results = withTaskGroup(of: SubmissionResult.self) { group in
            for number in 0..<10 { group.addTask { await test.write(.pick(5), .key(9, request: number == 9 ? 2 : 1)) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        await test.queue(holds: 10)
        test.store.openGate()
        _ = await blocker
        let answers = await results
        // Whichever came first decided what the key stands for.
        let decided = answers.compactMap(\.decided)
        let replayed = answers.compactMap(\.replayed)
        let reused = answers.filter(\.isReused).count
        #expect(decided.count == 1)
        #expect(replayed.allSatisfy { $0 == decided[0] })
        #expect((replayed.count == 8 && reused == 1) || (replayed.count == 0 && reused == 9))
        #expect(try test.onHand() == 94)
        #expect(test.store.commits == commits + 2)
    }

    @Test("a refusal by the ledger is stored under its key and replayed when it would no longer be refused")
    func storedRefusal() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 1)
        let refusal = try #require(await test.write(.pick(5), .key(1)).decided)
        #expect(refusal.status == 422)
        await test.write(.receive(10))
        #expect(await test.write(.pick(5), .key(1)).replayed == refusal)
        try test.reopen()
        #expect(await test.write(.pick(5), .key(1)).replayed == refusal)
        #expect(try test.onHand() == 11)
    }

    @Test("a refusal without a key writes nothing at all")
    func unkeyedRefusal() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 1)
        let commits = test.store.commits
        #expect(await test.write(.pick(5)).decided?.status == 422)
        #expect(test.store.commits == commits)
    }

    @Test("an answer is replayed until one millisecond before 24 hours, and then the key is new")
    func expiry() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let first = try #require(await test.write(.pick(1), .key(1)).decided)
        test.clock.advance(milliseconds: 24 * SteadyClock.hour - 1)
        #expect(await test.write(.pick(1), .key(1)).replayed == first)
        test.clock.advance(milliseconds: 1)
        let second = try #require(await test.write(.pick(1), .key(1)).decided)
        #expect(second != first)
        #expect(try test.onHand() == 8)
        // The new record lives for 24 hours of its own, and may belong to another request.
        test.clock.advance(milliseconds: 24 * SteadyClock.hour - 1)
        #expect(await test.write(.pick(2), .key(1, request: 2)).isReused)
        #expect(await test.write(.pick(1), .key(1)).replayed == second)
    }

    @Test("expiry is the same when the ledger was opened again in between", arguments: [-1, 0] as [Int64])
    func expiryOverReopening(offset: Int64) async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let first = try #require(await test.write(.pick(1), .key(1)).decided)
        test.clock.advance(milliseconds: 24 * SteadyClock.hour + offset)
        try test.reopen()
        let second = await test.write(.pick(1), .key(1))
        #expect(offset < 0 ? second.replayed == first : second.decided != nil)
        #expect(try test.onHand() == (offset < 0 ? 9 : 8))
    }

    @Test("a clock that steps back neither revives nor kills an answer")
    func backwards() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        let first = try #require(await test.write(.pick(1), .key(1)).decided)
        test.clock.advance(milliseconds: -40 * SteadyClock.hour)
        #expect(await test.write(.pick(1), .key(1)).replayed == first)
        let other = try #require(await test.write(.pick(1), .key(2)).decided)
        // A batch of refusals alone has no entry to remember the time by.
        #expect(await test.write(.pick(99), .key(3)).decided?.status == 422)
        try test.reopen()
        #expect(await test.write(.pick(1), .key(1)).replayed == first)
        #expect(await test.write(.pick(1), .key(2)).replayed == other)
        #expect(await test.write(.pick(99), .key(3)).replayed?.status == 422)
        #expect(try test.verify() == nil)
    }

    @Test("slices of stored answers ascend, even when only refusals were stored before the clock stepped back")
    func slicesAscend() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        test.clock.advance(milliseconds: 9 * SteadyClock.hour)
        await test.write(.pick(99), .key(1))
        test.clock.advance(milliseconds: -9 * SteadyClock.hour)
        try test.reopen()
        await test.write(.pick(1), .key(2))
        let slices = test.store.units.compactMap { $0.idempotency?.slice }
        #expect(slices.count == 2)
        #expect(slices == slices.sorted())
    }

    @Test("pages of expired answers vanish from the store, however many commits there were")
    func reaping() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 1_000)
        for key in 0..<200 as Range<UInt64> { await test.write(.pick(1), .key(key)) }
        test.clock.advance(milliseconds: 24 * SteadyClock.hour)
        #expect(try pages(test).count == 200)
        // The slice that the moment 24 hours ago belongs to still lives.
        for key in 500..<520 as Range<UInt64> { await test.write(.pick(1), .key(key)) }
        #expect(try pages(test).count == 220)
        test.clock.advance(milliseconds: 4 * SteadyClock.hour)
        for key in 600..<620 as Range<UInt64> { await test.write(.pick(1), .key(key)) }
        #expect(try pages(test) == Array(201...240))
        #expect(await test.write(.pick(1), .key(610)).replayed != nil)
        #expect(await test.write(.pick(1), .key(510)).replayed != nil)
        #expect(await test.write(.pick(1), .key(10)).decided != nil)
    }

    private func pages(_ test: LedgerUnderTest) throws -> [UInt64] {
        var numbers: [UInt64] = []
        try test.store.idempotencyKeys(fromSlice: .min) { numbers.append($0.number) }
        return numbers
    }

    @Test("when every page has expired and gone, a reopened ledger still stores answers")
    func afterTheLastPage() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        await test.write(.pick(1), .key(1))
        test.clock.advance(milliseconds: 48 * SteadyClock.hour)
        await test.write(.pick(1))
        #expect(try pages(test) == [])
        try test.reopen()
        let answer = try #require(await test.write(.pick(1), .key(2)).decided)
        #expect(await test.write(.pick(1), .key(2)).replayed == answer)
        try test.reopen()
        #expect(await test.write(.pick(1), .key(2)).replayed == answer)
        #expect(test.fatalErrors.isEmpty)
    }

    @Test("the keys of the last day are known again after opening, by the page that they are on")
    func reopening() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 1_000)
        var answers: [UInt64: Answer] = [:]
        for key in 0..<60 as Range<UInt64> {
            answers[key] = await test.write(.pick(Int64(key % 3) + 1), .key(key)).decided
            test.clock.advance(milliseconds: 20 * 60_000)
        }
        try test.reopen()
        let onHand = try test.onHand()
        for key in (0..<60 as Range<UInt64>).shuffled() {
            let answer = await test.write(.pick(Int64(key % 3) + 1), .key(key)).replayed
            #expect(answer != nil && answer == answers[key])
            #expect(await test.write(.pick(9), .key(key, request: 9)).isReused)
        }
        #expect(try test.onHand() == onHand)
    }

    @Test("keys whose digests agree in the bits that the index keeps are told apart")
    func collisions() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 1_000)
        func identity(_ number: UInt64) -> RequestIdentity {
            RequestIdentity(
                key: Digest128(high: number, low: number << 32 | 0xFFFF_FFFF), fingerprint: Digest128(high: 1, low: 1))
        }
        var answers: [Answer?] = []
        for number in 0..<40 as Range<UInt64> { answers.append(await test.write(.pick(1), identity(number)).decided) }
        #expect(Set(answers).count == 40)
        for reopens in 0..<2 {
            if reopens == 1 { try test.reopen() }
            for number in 0..<40 as Range<UInt64> {
                #expect(await test.write(.pick(1), identity(number)).replayed == answers[Int(number)])
            }
        }
        #expect(await test.write(.pick(1), identity(77)).decided != nil)
        #expect(try test.onHand() == 959)
    }

    @Test("a submission that was turned away leaves its key free")
    func freeKeys() async throws {
        var limits = EngineLimits()
        limits.queuedCommands = 1
        let test = try LedgerUnderTest(limits: limits)
        try await test.stock(quantity: 10)
        let commits = test.store.commits
        test.store.shutGate()
        async let running = test.write(.pick(1))
        await test.commitAtGate(after: commits)
        async let waiting = test.write(.pick(1))
        await test.queue(holds: 1)
        #expect(await test.write(.pick(2), .key(1)).isBusy)
        test.store.openGate()
        _ = await (running, waiting)
        test.store.fail(.full(detail: "no room"))
        #expect(await test.write(.pick(2), .key(1)).isStorageFull)
        #expect(try test.onHand() == 8)
        #expect(await test.write(.pick(3), .key(1, request: 2)).decided != nil)
        #expect(try test.onHand() == 5)
    }
}
