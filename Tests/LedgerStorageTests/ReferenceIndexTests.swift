import LedgerCore
import LedgerStorage
import SampleLedger
import Testing

@Suite("the index of references")
struct ReferenceIndexTests {
    @Test(
        "a reference's hash never changes",
        arguments: [
            ("", 0x589C_1FE3_71EC_F641),
            ("A", 0x34A2_7D85_6103_7562),
            ("ORD-1234", 0x92CD_A869_0168_A759),
            ("ORD-12345", 0xAB8C_0B48_E2F0_4264),
            ("a reference that is longer than a few words of eight bytes", 0x41C0_8A35_C2AC_CF0A),
        ] as [(String, UInt64)])
    func golden(reference: String, hash: UInt64) {
        #expect(ReferencePosting.hash(of: reference) == hash)
        #expect(ReferencePosting.hash(of: AnySequence(reference.utf8)) == hash)
    }

    @Test("hashes of 200,000 order numbers differ and fill the buckets evenly")
    func spread() {
        var hashes: Set<UInt64> = []
        var buckets = [Int](repeating: 0, count: 256)
        for number in 0..<200_000 {
            let hash = ReferencePosting.hash(of: "ORD-\(number)")
            hashes.insert(hash)
            buckets[Int(ReferencePosting.bucket(of: hash))] += 1
        }
        #expect(hashes.count == 200_000)
        // 781 each on average; five standard deviations are 140.
        #expect(buckets.allSatisfy { (641...921).contains($0) })
    }

    @Test("a segment finds what a scan finds, newest first")
    func lookUp() throws {
        let ledger = SampleLedger(seed: 31, items: 10, locations: 3, blocks: 80)
        let segment = try #require(ReferenceSegment(indexing: ledger.entries))
        let buckets = try segment.encodedBuckets()
        var found = 0
        for number in 1...41 {
            let hash = ReferencePosting.hash(of: "ORD-\(number)")
            let all = segment.postings.filter { $0.hash == hash }.map(\.seq).sorted(by: >)
            found += all.count
            for (bound, limit) in [(UInt64.max, 1_000), (all.first ?? 9, 1_000), (all.last ?? 9, 2), (300, 2)] {
                var seqs: [UInt64] = []
                for bucket in buckets where bucket.bucket == ReferencePosting.bucket(of: hash) {
                    try bucket.data.withUnsafeBytes {
                        try ReferenceSegment.appendSeqs(
                            of: hash, inBucket: $0, firstSeq: segment.firstSeq, before: bound, limit: limit, to: &seqs)
                    }
                }
                #expect(seqs == Array(all.filter { $0 < bound }.prefix(limit)))
            }
        }
        #expect(found > 100)
    }

    @Test("a posting outside of its segment is refused")
    func outside() {
        let segment = ReferenceSegment(firstSeq: 10, lastSeq: 20, postings: [ReferencePosting(hash: 1, seq: 21)])
        #expect(throws: StoreError.self) { try segment.encodedBuckets() }
    }
}
