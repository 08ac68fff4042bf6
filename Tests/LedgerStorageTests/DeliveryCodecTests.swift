import LedgerCore
import LedgerStorage
import SampleLedger
import Testing

@Suite("the binary form of deliveries")
struct DeliveryCodecTests {
    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String(UInt16($0) + 0x100, radix: 16).suffix(2) }.joined()
    }

    private static func attempt(_ bytes: [UInt8]) throws -> DeliveryAttempt {
        try bytes.withUnsafeBytes { try DeliveryCodec.attempt($0) }
    }

    private static func deliveries(_ bytes: [UInt8]) throws -> [FirstDelivery] {
        try bytes.withUnsafeBytes { try DeliveryCodec.deliveries($0) }
    }

    private static func answered(
        at moment: Int64 = 1_780_000_000_000, contentType: String? = "application/json", body: String = "{\"ok\":true}",
        signature: String = "v1,g0hM9SsE+OTPJTGt/tmKtSyrlE3uFJELVlNIOLJ1OE8=", headSeq: UInt64 = 1_005
    ) -> DeliveryAttempt {
        DeliveryAttempt(
            startedAt: Instant(milliseconds: moment), microseconds: 17_250, url: "https://example.com/in",
            eventName: "movement.recorded", signature: signature, headSeq: headSeq,
            outcome: .answered(
                ReceivedAnswer(status: 200, contentType: contentType, body: Array(body.utf8), isTruncated: false)))
    }

    private static let failed = DeliveryAttempt(
        startedAt: Instant(milliseconds: 1_780_000_000_000), microseconds: 15_000_000, url: "https://example.com/in",
        eventName: "stock.low", signature: "v1,AA== v1,AB==", headSeq: 3,
        outcome: .failed(code: "timeout", detail: "no answer within 15 s"))

    private static let samples: [[FirstDelivery]] = [
        [],
        [FirstDelivery(seq: 1_000, attempt: answered())],
        [
            FirstDelivery(seq: 1_000, attempt: answered()),
            FirstDelivery(seq: 1_001, attempt: answered(at: 1_780_000_000_009)),
            FirstDelivery(seq: 1_001, attempt: answered(at: 1_779_999_999_999, contentType: nil, body: "")),
            FirstDelivery(seq: 1_500, attempt: failed),
            FirstDelivery(seq: 1_501, attempt: answered(body: "")),
        ],
    ]

    @Test("what was written once is the same bytes for ever")
    func golden() throws {
        #expect(
            Self.hex(DeliveryCodec.encode(Self.answered()))
                == "010380a0a484ce67c48d02001668747470733a2f2f6578616d706c652e636f6d2f696e00116d6f76656d656e742e72"
                + "65636f726465642f76312c6730684d395373452b4f54504a5447742f746d4b745379726c453375464a454c566c4e49"
                + "4f4c4a314f45383ded07900300106170706c69636174696f6e2f6a736f6e000b7b226f6b223a747275657d")
        #expect(
            Self.hex(DeliveryCodec.encode(Self.failed))
                == "010080a0a484ce678087a70e001668747470733a2f2f6578616d706c652e636f6d2f696e000973746f636b2e6c6f77"
                + "0f76312c41413d3d2076312c41423d3d03000774696d656f757400156e6f20616e737765722077697468696e203135"
                + "2073")
        #expect(
            Self.hex(DeliveryCodec.encode(Self.samples[2]))
                == "0105e8070380a0a484ce67c48d02001668747470733a2f2f6578616d706c652e636f6d2f696e00116d6f76656d656e"
                + "742e7265636f726465642f76312c6730684d395373452b4f54504a5447742f746d4b745379726c453375464a454c56"
                + "6c4e494f4c4a314f45383d05900300106170706c69636174696f6e2f6a736f6e000b7b226f6b223a747275657d0103"
                + "12c48d0201022f76312c6730684d395373452b4f54504a5447742f746d4b745379726c453375464a454c566c4e494f"
                + "4c4a314f45383d0490030301000113c48d0201022f76312c6730684d395373452b4f54504a5447742f746d4b745379"
                + "726c453375464a454c566c4e494f4c4a314f45383d0490030000f30300028087a70e01000973746f636b2e6c6f770f"
                + "76312c41413d3d2076312c41423d3da7f4ffffffffffffff01000774696d656f757400156e6f20616e737765722077"
                + "697468696e2031352073010300c48d0201022f76312c6730684d395373452b4f54504a5447742f746d4b745379726c"
                + "453375464a454c566c4e494f4c4a314f45383d90fcffffffffffffff0190030302")
        #expect(DeliveryCodec.encode(seqs: [10, 12, 400], from: 10) == [1, 0, 2, 0x84, 3])
        #expect(DeliveryCodec.encode(patterns: ["*", ""]) == [1, 2, 1, 0x2A, 0])
    }

    @Test("attempts, pages, seqs and patterns are read back as they were")
    func roundTrip() throws {
        for attempt in [Self.answered(), Self.answered(contentType: nil), Self.failed] {
            #expect(try Self.attempt(DeliveryCodec.encode(attempt)) == attempt)
        }
        for sample in Self.samples { #expect(try Self.deliveries(DeliveryCodec.encode(sample)) == sample) }
        let lists: [([UInt64], UInt64)] = [
            ([], 0), ([7], 7), ([8, 9, 500], 3), ([.max], 0), ([0], .max), ([.max, 0, .max], 5),
        ]
        for (seqs, first) in lists {
            let bytes = DeliveryCodec.encode(seqs: seqs, from: first)
            #expect(try bytes.withUnsafeBytes { try DeliveryCodec.seqs($0, from: first) } == seqs)
        }
        for patterns in [[], ["*"], ["", "stock.*", "größe", String(repeating: "x", count: 300)]] {
            let bytes = DeliveryCodec.encode(patterns: patterns)
            #expect(try bytes.withUnsafeBytes { try DeliveryCodec.patterns($0) } == patterns)
        }
    }

    @Test("numbers at the ends of their ranges survive", arguments: [Int64.min, -1, 0, 1, .max])
    func extremes(number: Int64) throws {
        var attempt = Self.answered(at: number, signature: "", headSeq: UInt64(bitPattern: number))
        attempt.microseconds = number
        attempt.outcome = .answered(
            ReceivedAnswer(status: Int(number), contentType: "", body: [], isTruncated: true))
        #expect(try Self.attempt(DeliveryCodec.encode(attempt)) == attempt)
        let page = [0, 0, 5, .max].map { FirstDelivery(seq: $0, attempt: attempt) }
        #expect(try Self.deliveries(DeliveryCodec.encode(page)) == page)
    }

    @Test("what comes again in a page is written once")
    func repetition() {
        let body = String(repeating: "a long answer ", count: 100)
        func size(_ count: Int, _ vary: (Int) -> DeliveryAttempt) -> Int {
            DeliveryCodec.encode((0..<count).map { FirstDelivery(seq: UInt64(1_000 + $0), attempt: vary($0)) }).count
        }
        let one = size(1) { _ in Self.answered(body: body) }
        let many = size(501) {
            Self.answered(at: 1_780_000_000_000 + Int64($0), body: body, headSeq: 1_005 + UInt64($0))
        }
        // Beside the signature's 48 bytes some 14 are left for each.
        #expect((many - one) / 500 <= 62, "\((many - one) / 500) bytes each")
        let varied = size(10) { Self.answered(body: body + "\($0)") }
        #expect(varied > 10 * body.utf8.count)
    }

    @Test("texts that read the same but are other bytes stay apart")
    func equivalentTexts() throws {
        let texts = ["caf\u{E9}", "cafe\u{301}"]
        let page = texts.enumerated().map { index, text in
            FirstDelivery(seq: UInt64(index), attempt: Self.answered(contentType: text))
        }
        let read = try Self.deliveries(DeliveryCodec.encode(page))
        let types = read.map { delivery -> [UInt8] in
            guard case .answered(let answer) = delivery.attempt.outcome else { return [] }
            return Array((answer.contentType ?? "").utf8)
        }
        #expect(types == texts.map { Array($0.utf8) })
    }

    @Test("bytes that are cut, lengthened or changed are refused or read as something else, and never trap")
    func damage() {
        for sample in [Self.answered(), Self.failed] {
            expectOneForm(DeliveryCodec.encode(sample)) { DeliveryCodec.encode(try Self.attempt($0)) }
        }
        for sample in Self.samples {
            expectOneForm(DeliveryCodec.encode(sample)) { DeliveryCodec.encode(try Self.deliveries($0)) }
        }
        expectOneForm(DeliveryCodec.encode(patterns: ["*", "stock.low"])) { bytes in
            DeliveryCodec.encode(patterns: try bytes.withUnsafeBytes { try DeliveryCodec.patterns($0) })
        }
        expectOneForm(DeliveryCodec.encode(seqs: [1, 300, 70_000], from: 1), isSelfDelimiting: false) { bytes in
            DeliveryCodec.encode(seqs: try bytes.withUnsafeBytes { try DeliveryCodec.seqs($0, from: 1) }, from: 1)
        }
    }

    /// Whatever can be read is written as the very bytes that it was read from.
    private func expectOneForm(
        _ original: [UInt8], isSelfDelimiting: Bool = true, _ again: ([UInt8]) throws -> [UInt8]
    ) {
        #expect(throws: StoreError.self) { try again([]) }
        #expect(throws: StoreError.self, "another version") { try again([2] + original.dropFirst()) }
        if isSelfDelimiting {
            for cut in original.indices {
                #expect(throws: StoreError.self) { try again(Array(original[..<cut])) }
            }
            #expect(throws: StoreError.self) { try again(original + [0]) }
        }
        for index in original.indices {
            for byte in UInt8.min ... .max {
                var bytes = original
                bytes[index] = byte
                guard let written = try? again(bytes), written != bytes else { continue }
                Issue.record("byte \(index) as \(byte): two forms of one value")
            }
        }
    }

    @Test("random damage in several places is refused or read as something else", arguments: [31, 32] as [UInt64])
    func randomDamage(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        let original = DeliveryCodec.encode(Self.samples[2])
        for _ in 0..<50_000 {
            var bytes = original
            for _ in 0..<Int.random(in: 2...6, using: &chance) {
                bytes[Int.random(in: bytes.indices, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
            }
            guard let read = try? Self.deliveries(bytes), DeliveryCodec.encode(read) != bytes else { continue }
            Issue.record("seed \(seed): two forms of one page")
        }
    }
}
