import LedgerCore
import LedgerStorage
import MemoryStorage
import SampleLedger
import Testing

@Suite("verifying a realm")
struct LedgerVerifierTests {
    private typealias Problem = VerificationReport.Problem

    /// A report on these blocks, with these projections on top.
    private func report(_ blocks: [Block], _ projection: ProjectionChunk? = nil) throws -> VerificationReport {
        let store = MemoryRealmStore()
        for block in blocks { try store.commit(CommitUnit(block: block)) }
        if let projection { try store.commit(CommitUnit(projection: projection)) }
        return try LedgerVerifier(store: store).run()
    }

    @Test("a good ledger is proven, with its sizes and its head")
    func good() throws {
        var ledger = SampleLedger(seed: 61, items: 12, locations: 3, blocks: 50)
        ledger.renameItem(3, to: "Thé noir")
        ledger.moveDefault(to: 1)
        ledger.seal()
        let report = try report(ledger.blocks, ledger.projection)
        #expect(report.problem == nil && report.isOK)
        #expect(report.entries == UInt64(ledger.entries.count) && report.blocks == UInt64(ledger.blocks.count))
        #expect(report.head == ledger.sealed)
        #expect(report.items == 12 && report.locations == 3 && report.levels == ledger.levels.count)
    }

    @Test("an empty realm is right")
    func empty() throws {
        #expect(try report([]) == VerificationReport())
    }

    @Test("a changed byte anywhere in a block names the entry that it belongs to")
    func everyByte() throws {
        let ledger = SampleLedger(seed: 62, items: 3, locations: 2, blocks: 8, entriesPerBlock: 1...4)
        for (number, block) in ledger.blocks.enumerated() {
            let reader = try BlockReader(block)
            let slots = 5..<5 + 8 * Int(block.lastSeq - block.firstSeq + 1)
            for index in block.data.indices {
                var blocks = ledger.blocks
                blocks[number].data[index] ^= 0x10
                let wrong: UInt64
                if index < slots.lowerBound {
                    wrong = block.firstSeq
                } else if slots.contains(index) {
                    wrong = block.firstSeq + UInt64(index - slots.lowerBound) / 8
                } else {
                    wrong = try #require(try reader.seqs.first { try reader.range(of: $0).contains(index) })
                }
                let report = try report(blocks)
                #expect(report.problem?.seq == wrong, "byte \(index) of the block from \(block.firstSeq)")
                // What was proven ends before the block that is wrong.
                #expect(report.head.head.seq == block.firstSeq - 1)
            }
        }
    }

    @Test("a changed column of a block names its entry")
    func columns() throws {
        let ledger = SampleLedger(seed: 63, items: 3, locations: 2, blocks: 6)
        let first = ledger.blocks[3].firstSeq
        let last = ledger.blocks[3].lastSeq
        func problem(_ change: (inout Block) -> Void) throws -> Problem? {
            var blocks = ledger.blocks
            change(&blocks[3])
            return try report(blocks).problem
        }
        let hash = try problem { $0.hash.d ^= 1 }
        #expect(hash?.what == .hashMismatch && hash?.seq == last)
        let time = try problem { $0.recordedAt.milliseconds += 1 }
        #expect(time?.what == .orderBroken && time?.seq == first)
        let id = try problem { $0.lastID.low ^= 1 }
        #expect(id?.what == .orderBroken && id?.seq == last)
    }

    @Test("exchanged blocks and a chain that begins elsewhere are noticed")
    func chain() throws {
        let ledger = SampleLedger(seed: 64, items: 3, locations: 2, blocks: 6, entriesPerBlock: 2...2)
        var blocks = ledger.blocks
        let other = SampleLedger(seed: 65, items: 3, locations: 2, blocks: 6, entriesPerBlock: 2...2)
        blocks[1] = other.blocks[1]
        let problem = try report(blocks).problem
        #expect(problem?.what == .hashMismatch && problem?.seq == ledger.blocks[1].firstSeq)
    }

    @Test("a journal without its end is noticed when the projections know more")
    func cut() throws {
        let ledger = SampleLedger(seed: 66, items: 3, locations: 2, blocks: 6)
        let blocks = ledger.blocks.dropLast()
        let problem = try report(Array(blocks), ledger.projection).problem
        #expect(problem?.what == .sequenceGap)
        #expect(problem?.seq == blocks.last.map { $0.lastSeq + 1 })
    }

    @Test("entries that don't follow from those before are noticed although they are sealed")
    func inconsistent() throws {
        let ledger = SampleLedger(seed: 67, items: 3, locations: 2, blocks: 20)
        func problem(_ change: (inout Movement) -> Void) throws -> (Problem?, UInt64) {
            var entries = ledger.entries
            let index = try #require(
                entries.firstIndex {
                    if case .movementRecorded(let movement) = $0.change { movement.link.previous != 0 } else { false }
                })
            guard case .movementRecorded(var movement) = entries[index].change else { return (nil, 0) }
            change(&movement)
            entries[index].change = .movementRecorded(movement)
            var blocks: [Block] = []
            var sealed = SealedHead.start
            for block in ledger.blocks {
                let part = entries.filter { (block.firstSeq...block.lastSeq).contains($0.seq) }
                let resealed = try #require(Block.seal(part, after: sealed))
                sealed = resealed.sealedHead
                blocks.append(resealed)
            }
            return (try report(blocks).problem, entries[index].seq)
        }
        let changes: [(inout Movement) -> Void] = [
            { $0.after.onHand += 1 }, { $0.quantity += 1 }, { $0.after.value += 1 }, { $0.valueChange -= 1 },
            { $0.link = HistoryLink(previous: $0.link.previous - 1, jump: 0) }, { $0.link.jump = 0 },
            { $0.item = ItemNumber(rawValue: 99) },
            { $0.location = LocationNumber(rawValue: 99) }, { $0.quantity = .max }, { $0.valueChange = .min },
        ]
        for (index, change) in changes.enumerated() {
            let (problem, seq) = try problem(change)
            #expect(problem?.what == .entryInconsistent, "change \(index): \(problem?.detail ?? "nothing is wrong")")
            #expect(problem?.seq == seq, "change \(index)")
        }
    }

    @Test("a changed row of any projection is noticed, and named")
    func rows() throws {
        let ledger = SampleLedger(seed: 68, items: 6, locations: 3, blocks: 40)
        let right = ledger.projection
        let changes: [(name: String, change: (inout ProjectionChunk) -> Void)] = [
            ("SKU-3", { $0.items[2].name = "x" }),
            ("SKU-3", { $0.items[2].price = nil }),
            ("SKU-6", { $0.items.removeLast() }),
            ("UK-2", { $0.locations[1].isDefault = true }),
            ("UK-3", { $0.locations.removeLast() }),
            ("SKU", { $0.levels[0].pool.onHand += 1 }),
            ("SKU", { $0.levels[0].pool.value += 1 }),
            ("SKU", { $0.levels[0].pool.lastWAC += 1 }),
            ("SKU", { $0.levels[0].reserved = 1 }),
            ("SKU", { $0.levels[0].history.roots.removeLast() }),
            ("SKU", { $0.levels[0].history.roots[0] -= 64 }),
            ("SKU", { $0.levels.remove(at: 0) }),
            ("9 at 9", { $0.levels.append(StockLevel(key: LevelKey(packed: 9 << 32 | 9))) }),
            ("reference", { $0.references[0].postings.removeLast() }),
            ("reference", { $0.references[0].postings[0].hash ^= 1 }),
            ("item", { $0.items.append(Self.renumbered($0.items[0])) }),
        ]
        for (index, change) in changes.enumerated() {
            var wrong = right
            change.change(&wrong)
            let problem = try report(ledger.blocks, wrong).problem
            #expect(problem?.what == .projectionDiffers, "change \(index)")
            #expect(problem?.detail.contains(change.name) == true, "change \(index): \(problem?.detail ?? "")")
        }
    }

    private static func renumbered(_ item: Item) -> Item {
        var item = item
        item.number = ItemNumber(rawValue: 7)
        return item
    }

    @Test("rows may be newer than the applied seq, but not older")
    func age() throws {
        var ledger = SampleLedger(seed: 69, items: 6, locations: 3, blocks: 20)
        var old = ledger.projection
        let applied = ledger.sealed.head.seq
        ledger.renameItem(0, to: "later")
        ledger.moveDefault(to: 2)
        for _ in 0..<50 { ledger.addMovement() }
        ledger.seal()
        var new = ledger.projection
        new.references = old.references
        new.appliedSeq = applied
        #expect(try report(ledger.blocks, new).problem == nil)
        #expect(try report(ledger.blocks, old).problem == nil)
        old.appliedSeq = ledger.sealed.head.seq
        #expect(try report(ledger.blocks, old).problem?.what == .projectionDiffers)
    }
}
