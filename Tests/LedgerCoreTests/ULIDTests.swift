import LedgerCore
import Testing

@Suite("ULID")
struct ULIDTests {
    @Test(
        "the text of a known id is read and printed the same",
        arguments: [
            ("01ARZ3NDEKTSV4RRFFQ69G5FAV", 0x0156_3E3A_B5D3_D676, 0x4C61_EFB9_9302_BD5B),
            ("00000000000000000000000000", 0, 0),
            ("00000000000000000000000001", 0, 1),
            ("00000000000008000000000000", 0, 0x8000_0000_0000_0000),
            ("0000000000000G000000000000", 1, 0),
            ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", .max, .max),
        ] as [(String, UInt64, UInt64)])
    func vectors(_ row: (text: String, high: UInt64, low: UInt64)) {
        let id = ULID(high: row.high, low: row.low)
        #expect(ULID(row.text) == id)
        #expect(id.text == row.text)
        #expect(ULID(row.text.lowercased()) == id)
    }

    @Test("the time of a known id is the one that it was made at")
    func time() {
        #expect(ULID("01ARZ3NDEKTSV4RRFFQ69G5FAV")?.instant == Instant(milliseconds: 1_469_922_850_259))
        let id = ULID(at: Instant(milliseconds: 1_469_922_850_259), random: (0xD676, 0x4C61_EFB9_9302_BD5B))
        #expect(id.text == "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    }

    @Test(
        "text that is no id is refused",
        arguments: [
            "", "0", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVV", "80000000000000000000000000",
            "ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "01ARZ3NDEKTSV4RRFFQ69G5FAI", "01ARZ3NDEKTSV4RRFFQ69G5FAL",
            "01ARZ3NDEKTSV4RRFFQ69G5FAO", "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3NDEKTSV4RRFFQ69G5FA ",
            "01ARZ3NDEKTSV4RRFFQ69G5FA\u{0}", "01ARZ3NDEKTSV4RRFFQ69G5Fé", "01ARZ3NDEKTSV4RRFFQ69G5FA-",
        ])
    func malformed(_ text: String) {
        #expect(ULID(text) == nil)
    }

    @Test("random ids survive the round trip through text, and text sorts as the ids do")
    func roundTrip() throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        var generator = SeededGenerator(seed: seed)
        var ids: [ULID] = []
        for _ in 0..<2_000 { ids.append(ULID(high: generator.next(), low: generator.next())) }
        for id in ids { #expect(ULID(id.text) == id, "seed \(seed)") }
        #expect(ids.sorted().map(\.text) == ids.map(\.text).sorted(), "seed \(seed)")
    }

    @Test("a successor is the next larger id, also across the middle")
    func successor() {
        #expect(ULID(high: 1, low: 5).successor == ULID(high: 1, low: 6))
        #expect(ULID(high: 1, low: .max).successor == ULID(high: 2, low: 0))
        #expect(ULID(high: 1, low: .max) < ULID(high: 1, low: .max).successor)
    }

    @Test("an instant outside 48 bits makes some id and does not trap", arguments: [Int64.min, -1, 0, 1 << 48, .max])
    func extremes(_ milliseconds: Int64) {
        let id = ULID(at: Instant(milliseconds: milliseconds), random: (.max, .max))
        #expect(ULID(id.text) == id)
        #expect(ULID(high: .max, low: .max).instant.milliseconds == 0xFFFF_FFFF_FFFF)
    }
}
