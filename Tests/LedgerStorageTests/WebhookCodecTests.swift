import LedgerCore
import LedgerStorage
import SampleLedger
import Testing

@Suite("the binary form of webhook endpoints")
struct WebhookCodecTests {
    private static func bytes(_ entry: Entry) -> [UInt8] {
        var bytes: [UInt8] = []
        EntryCodec.encode(entry, into: &bytes)
        return bytes
    }

    private static func decode(_ bytes: [UInt8], seq: UInt64) throws -> Entry {
        try bytes.withUnsafeBytes { try EntryCodec.decode($0, expectedSeq: seq) }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String(UInt16($0) + 0x100, radix: 16).suffix(2) }.joined()
    }

    static let samples: [(name: String, entry: Entry, hex: String)] = [
        (
            "a new endpoint, with no optional member", entry(8, .webhookChanged(.created, bare)),
            "0a08019e9a1c4c007fff0123456789abcdef0001010190123456780001a1b2c3d4e5f607181168747470733a2f2f612e65"
                + "78616d706c6501012a000001030102030080b0e2a1d367000800"
        ),
        (
            "an endpoint with every member, deleted", entry(300, .webhookChanged(.deleted, full)),
            "8aac02019e9a1c4c007fff0123456789abcdef000190123456780001a1b2c3d4e5f6071805ac020190123456780001a1b2"
                + "c3d4e5f607181868747470733a2f2f622e6578616d706c652f696e3f613d6202116d6f76656d656e742e7265636f726465"
                + "640773746f636b2e2a030a66c3bc72204bc3b66c6e0202030405060001070180f0b25280b0e2a1d367e807c8016464"
        ),
        (
            "a replay of everything",
            entry(
                70,
                .replayRequested(
                    ReplayRequest(
                        webhook: WebhookNumber(rawValue: 1), firstSeq: 1, lastSeq: 69, events: nil, deadOnly: false))),
            "0b46019e9a1c4c007fff0123456789abcdef0001014400"
        ),
        (
            "a replay of chosen dead letters",
            entry(
                1_000,
                .replayRequested(
                    ReplayRequest(
                        webhook: WebhookNumber(rawValue: 300), firstSeq: 200, lastSeq: 400,
                        events: ["movement.*", "stock.low"], deadOnly: true))),
            "0be807019e9a1c4c007fff0123456789abcdef00ac02c801c80103020a6d6f76656d656e742e2a0973746f636b2e6c6f77"
        ),
    ]

    @Test("entries about endpoints are written as they always were", arguments: samples.indices)
    func golden(index: Int) throws {
        let sample = Self.samples[index]
        #expect(Self.hex(Self.bytes(sample.entry)) == sample.hex, "\(sample.name)")
        #expect(try Self.decode(Self.bytes(sample.entry), seq: sample.entry.seq) == sample.entry, "\(sample.name)")
    }

    @Test("every change, status and number of secrets survives, in an entry and in a row")
    func roundTrip() throws {
        let statuses = [WebhookStatus.enabled] + WebhookDisabling.allCases.map { .disabled($0) }
        for change in WebhookChange.allCases {
            for status in statuses {
                for count in [0, 1, 4] {
                    var webhook = count == 1 ? Self.bare : Self.full
                    webhook.status = status
                    webhook.secrets = (0..<count).map { number in
                        WebhookSecretRecord(
                            sealed: [UInt8](repeating: 7, count: number * 100),
                            expiresAt: number == 0 ? nil : Instant(milliseconds: [.min, 0, .max][number % 3]))
                    }
                    let entry = Self.entry(300, .webhookChanged(change, webhook))
                    #expect(try Self.decode(Self.bytes(entry), seq: 300) == entry)
                    #expect(try EntryCodec.webhook(row: EntryCodec.row(of: webhook)) == webhook)
                }
            }
        }
    }

    @Test("numbers at the ends of their ranges survive", arguments: [Int64.min, -1, 0, 1, .max])
    func extremes(number: Int64) throws {
        let bits = UInt64(bitPattern: number)
        var webhook = Self.full
        webhook.number = WebhookNumber(rawValue: UInt32(truncatingIfNeeded: bits))
        (webhook.createdAt, webhook.updatedAt) = (Instant(milliseconds: number), Instant(milliseconds: ~number))
        (webhook.createdSeq, webhook.changedSeq, webhook.deletedSeq) = (bits, ~bits, bits &+ 1)
        webhook.events = []
        webhook.secrets = [WebhookSecretRecord(sealed: [], expiresAt: Instant(milliseconds: number &+ 1))]
        #expect(try EntryCodec.webhook(row: EntryCodec.row(of: webhook)) == webhook)
        let replay = ReplayRequest(
            webhook: webhook.number, firstSeq: bits, lastSeq: ~bits, events: [""], deadOnly: number == 0)
        let entry = Self.entry(.max, .replayRequested(replay))
        #expect(try Self.decode(Self.bytes(entry), seq: .max) == entry)
    }

    @Test("bytes that are cut, lengthened or changed are refused or read as another entry, and never trap")
    func damage() {
        for sample in Self.samples {
            let original = Self.bytes(sample.entry)
            let seq = sample.entry.seq
            for cut in original.indices {
                #expect(throws: StoreError.self) { try Self.decode(Array(original[..<cut]), seq: seq) }
            }
            #expect(throws: StoreError.self) { try Self.decode(original + [0], seq: seq) }
            for index in original.indices {
                for byte in UInt8.min ... .max {
                    var bytes = original
                    bytes[index] = byte
                    guard let entry = try? Self.decode(bytes, seq: seq), Self.bytes(entry) != bytes else { continue }
                    Issue.record("\(sample.name): byte \(index) as \(byte): two forms of one entry")
                }
            }
        }
    }

    @Test("a damaged row is refused or read as another, and never traps", arguments: [21, 22] as [UInt64])
    func rows(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        for webhook in [Self.bare, Self.full] {
            let original = EntryCodec.row(of: webhook)
            for cut in original.indices {
                #expect(throws: StoreError.self) { try EntryCodec.webhook(row: Array(original[..<cut])) }
            }
            #expect(throws: StoreError.self) { try EntryCodec.webhook(row: original + [0]) }
            for _ in 0..<20_000 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...4, using: &chance) {
                    bytes[Int.random(in: bytes.indices, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
                }
                guard let read = try? EntryCodec.webhook(row: bytes), EntryCodec.row(of: read) != bytes else {
                    continue
                }
                Issue.record("seed \(seed): two forms of one row")
            }
        }
    }

    @Test("a count beyond the bytes allocates nothing")
    func hugeCounts() {
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]
        let original = EntryCodec.row(of: Self.bare)
        for index in original.indices {
            var bytes = original
            bytes.replaceSubrange(index...index, with: huge)
            guard let read = try? EntryCodec.webhook(row: bytes) else { continue }
            #expect(EntryCodec.row(of: read) == bytes)
        }
    }

    // MARK: samples

    private static let key = ULID(high: 0x0190_1234_5678_0001, low: 0xA1B2_C3D4_E5F6_0718)
    private static let id = ULID(high: 0x019E_9A1C_4C00_7FFF, low: 0x0123_4567_89AB_CDEF)
    private static let moment = Instant(milliseconds: 0x019E_9A1C_4C00)

    private static func entry(_ seq: UInt64, _ change: Change) -> Entry {
        Entry(seq: seq, id: id, recordedAt: moment, actor: seq == 300 ? key : nil, change: change)
    }

    private static let bare = WebhookEndpoint(
        number: WebhookNumber(rawValue: 1), id: key, url: "https://a.example", events: ["*"], description: nil,
        secrets: [WebhookSecretRecord(sealed: [1, 2, 3])], createdAt: moment, updatedAt: moment, createdSeq: 8,
        changedSeq: 8)

    private static let full = WebhookEndpoint(
        number: WebhookNumber(rawValue: 300), id: key, url: "https://b.example/in?a=b",
        events: ["movement.recorded", "stock.*"], description: "für Köln",
        secrets: [
            WebhookSecretRecord(sealed: [4, 5, 6]),
            WebhookSecretRecord(sealed: [7], expiresAt: Instant(milliseconds: moment.milliseconds + 86_400_000)),
        ], status: .disabled(.gone), createdAt: moment,
        updatedAt: Instant(milliseconds: moment.milliseconds + 500), createdSeq: 200, changedSeq: 300, deletedSeq: 300)
}
