import LedgerCore
import LedgerEngine
import LedgerStorage
import SampleLedger
import Testing

@Suite("Index of idempotency keys")
struct IdempotencyIndexTests {
    private func key(_ number: UInt64) -> Digest128 { RequestIdentity.key(number).key }

    private func candidates(_ key: Digest128, in index: IdempotencyIndex) -> [UInt64] {
        var pages: [UInt64] = []
        index.forEachCandidate(key) {
            pages.append($0)
            return false
        }
        return pages
    }

    @Test("every key is found on its page, over many tables and slices")
    func growth() {
        var index = IdempotencyIndex()
        let count: UInt64 = 900_000
        for number in 0..<count { index.insert(key(number), page: 1_000 + number / 7, slice: Int64(number / 890_000)) }
        #expect(index.count == Int(count))
        for number in stride(from: 0, to: count, by: 211) {
            #expect(candidates(key(number), in: index).contains(1_000 + number / 7))
        }
        // Two in 900,000 agree in 32 bits now and then; more would make look-ups slow.
        let strangers = (count..<count + 20_000).reduce(0) { $0 + candidates(key($1), in: index).count }
        #expect(strangers < 50)
    }

    @Test("the newest page of a key comes first, and a look-up stops where it is told to")
    func newestFirst() {
        var index = IdempotencyIndex()
        for slice in 0..<5 as Range<Int64> { index.insert(key(1), page: UInt64(slice) * 10 + 1, slice: slice) }
        #expect(candidates(key(1), in: index) == [41, 31, 21, 11, 1])
        var calls = 0
        index.forEachCandidate(key(1)) { _ in
            calls += 1
            return calls == 2
        }
        #expect(calls == 2)
    }

    @Test("dropping slices shrinks it, and leaves the others as they are")
    func dropping() {
        var index = IdempotencyIndex()
        for slice in 0..<6 as Range<Int64> {
            for number in 0..<100 as Range<UInt64> { index.insert(key(number), page: UInt64(slice) + 1, slice: slice) }
        }
        let none = index.dropSlices(before: 0)
        let some = index.dropSlices(before: 4)
        #expect(!none && some)
        #expect(index.count == 200)
        #expect(candidates(key(50), in: index) == [6, 5])
        _ = index.dropSlices(before: 100)
        #expect(index.count == 0)
        #expect(candidates(key(50), in: index) == [])
    }

    @Test("a slice is dropped when its last answer has lived for 24 hours, not before")
    func slices() {
        let length = IdempotencyIndex.sliceLength
        let last = Instant(milliseconds: 10 * length - 1)
        let slice = IdempotencyIndex.slice(of: last)
        let dies = Instant(milliseconds: last.milliseconds + IdempotencyIndex.lifetime)
        #expect(IdempotencyIndex.oldestSlice(at: dies) == slice)
        #expect(IdempotencyIndex.oldestSlice(at: Instant(milliseconds: dies.milliseconds + 1)) == slice + 1)
    }
}
