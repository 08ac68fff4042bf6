import LedgerCore
import LedgerStorage
import SampleLedger
import Testing

@Suite("blocks and the chain of hashes")
struct BlockTests {
    @Test("a block gives back its entries, all and one by one")
    func roundTrip() throws {
        let ledger = SampleLedger(seed: 5, items: 10, locations: 3, blocks: 20)
        for block in ledger.blocks {
            let reader = try BlockReader(block)
            let expected = ledger.entries.filter { reader.seqs.contains($0.seq) }
            #expect(try reader.entries() == expected)
            for entry in expected { #expect(try reader.entry(entry.seq) == entry) }
            #expect(try reader.entries(from: block.lastSeq) == expected.suffix(1))
            #expect(try reader.entries(from: block.lastSeq + 1) == [])
        }
    }

    @Test("each hash is SHA-256 over the hash before it and the entry's own bytes")
    func chain() throws {
        let ledger = SampleLedger(seed: 6, items: 10, locations: 3, blocks: 20)
        var hash = Digest256.zero
        for block in ledger.blocks {
            let reader = try BlockReader(block)
            for seq in reader.seqs { hash = Digest256(hashing: hash.bytes + Array(try reader.bytes(of: seq))) }
            #expect(hash == block.hash)
        }
        #expect(ledger.sealed.hash == hash)
    }

    @Test("SHA-256 is SHA-256, in hexadecimal and back")
    func digest() {
        let digest = Digest256(hashing: Array("abc".utf8))
        #expect(digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(Digest256(hex: digest.hex) == digest)
        #expect(Digest256(bytes: digest.bytes) == digest)
        #expect(Digest256(hex: "ba78") == nil)
        #expect(Digest256(hex: digest.hex + "00") == nil)
        #expect(Digest256(hex: String(repeating: "x", count: 64)) == nil)
        #expect(Digest256(bytes: digest.bytes.dropLast()) == nil)
        #expect(Digest128(hashing: Array("abc".utf8)) == Digest128(high: digest.a, low: digest.b))
    }

    @Test("no entries make no block")
    func empty() {
        #expect(Block.seal([], after: .start) == nil)
    }

    @Test("damaged blocks are refused or read, and never trap", arguments: [21, 22] as [UInt64])
    func damage(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        let ledger = SampleLedger(seed: seed, items: 4, locations: 2, blocks: 4)
        for original in ledger.blocks {
            for length in 0..<original.data.count {
                var block = original
                block.data = Array(block.data.prefix(length))
                #expect(throws: StoreError.self, "seed \(seed)") { try BlockReader(block).entries() }
            }
            for _ in 0..<20_000 {
                var block = original
                let index = Int.random(in: block.data.indices, using: &chance)
                block.data[index] = UInt8.random(in: 0...255, using: &chance)
                block.lastSeq = UInt64.random(in: 0...block.lastSeq + 3, using: &chance)
                _ = try? BlockReader(block).entries()
            }
        }
    }

    @Test("an idempotency page is read back, and damaged ones never trap")
    func idempotencyPage() throws {
        let page = try #require(SampleLedger(seed: 8, items: 3, locations: 1, blocks: 1).pages.last)
        let (keys, answers) = page.encoded()
        func read(_ keys: [UInt8], _ answers: [UInt8]) throws -> IdempotencyPage {
            try keys.withUnsafeBytes { keys in
                try answers.withUnsafeBytes { answers in
                    try IdempotencyPage(
                        number: page.number, slice: page.slice, recordedAt: page.recordedAt, keys: keys,
                        answers: answers)
                }
            }
        }
        #expect(try read(keys, answers) == page)
        #expect(throws: StoreError.self) { try read(keys, answers.dropLast()) }
        #expect(throws: StoreError.self) { try read(keys, answers + [0]) }
        #expect(throws: StoreError.self) { try read(keys.dropLast(), answers) }
        #expect(throws: StoreError.self) { try read([], answers) }
        var chance = SeededGenerator(seed: 9)
        for _ in 0..<20_000 {
            var damaged = keys
            damaged[Int.random(in: keys.indices, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
            _ = try? read(damaged, answers)
        }
    }

    @Test("a level's roots are read back, and damaged ones never trap")
    func roots() throws {
        var history = LevelHistory()
        var chance = SeededGenerator(seed: 10)
        var seq: UInt64 = 0
        for _ in 0..<500 {
            seq += UInt64.random(in: 1...90_000, using: &chance)
            history.append(seq)
            let bytes = history.encodedRoots
            #expect(try bytes.withUnsafeBytes { try LevelHistory(encodedRoots: $0) } == history)
            var damaged = bytes
            damaged[Int.random(in: bytes.indices, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
            _ = try? damaged.withUnsafeBytes { try LevelHistory(encodedRoots: $0) }
        }
        #expect(try [].withUnsafeBytes { try LevelHistory(encodedRoots: $0) } == LevelHistory())
    }
}
