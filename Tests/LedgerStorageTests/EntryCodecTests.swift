import LedgerCore
import LedgerStorage
import SampleLedger
import Testing

@Suite("the binary form of an entry")
struct EntryCodecTests {
    private static func bytes(_ entry: Entry) -> [UInt8] {
        var bytes: [UInt8] = []
        EntryCodec.encode(entry, into: &bytes)
        return bytes
    }

    private static func decode(_ bytes: [UInt8], seq: UInt64) throws -> Entry {
        try bytes.withUnsafeBytes { try EntryCodec.decode($0, expectedSeq: seq) }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    static let samples: [(name: String, entry: Entry, hex: String)] = [
        (
            "a sale", sale,
            "87c0843d019e9a1c4c007fff0123456789abcdef000190123456780001a1b2c3d4e5f60718020192210203ff"
                + "ace20400980280cee4cd02c096b102c106ff7d0d6f726465725f73686970706564094f52442d3838323133"
        ),
        (
            "a transfer with everything that a movement can carry", transfer,
            "07ac02019e9a1c4c007fff0123456789abcdef0a063f010117ffd7f1160e2480c4aa228092f4010100097265"
                + "62616c616e636503542d310a66c3bc72204bc3b66c6e89f0b252020190123456780001a1b2c3d4e5f6071802"
                + "80d8f1160d2c8093a238b4afc7020000"
        ),
        (
            "an item", item,
            "8107019e9a1c4c007fff0123456789abcdef000190123456780001a1b2c3d4e5f60718030190123456780001"
                + "a1b2c3d4e5f6071808534b552d30303432095468c3a9207665727403ff0d35303132333435363738393030e0"
                + "90e104a0c21e14077b2261223a317d80b0e2a1d36700020709"
        ),
        (
            "an item's archiving, with no optional member", bareItem,
            "0308019e9a1c4c007fff0123456789abcdef00010190123456780001a1b2c3d4e5f60718014100000080b0e2"
                + "a1d3670001"
        ),
        (
            "a location", location,
            "8501019e9a1c4c007fff0123456789abcdef000190123456780001a1b2c3d4e5f60718010190123456780001"
                + "a1b2c3d4e5f6071804554b2d31064c6f6e646f6e0573746f72657f0d312051756179205374726565740d4575"
                + "726f70652f4c6f6e646f6e027b7d80b0e2a1d36700000101"
        ),
        (
            "a marketplace's location", marketplace,
            "0502019e9a1c4c007fff0123456789abcdef00020190123456780001a1b2c3d4e5f60718024555064642412045550346"
                + "42418080b0e2a1d36700020709616d617a6f6e5f657580b0e2a1d367"
        ),
        (
            "settings", settings,
            "8c0d019e9a1c4c007fff0123456789abcdef000190123456780001a1b2c3d4e5f6071881808080300fc08be40ea08aef"
                + "071e80b0e2a1d3670d"
        ),
        (
            "an alert", alert,
            "080c019e9a1c4c007fff0123456789abcdef0003011812010114"
        ),
    ]

    @Test("entries are written as they always were", arguments: samples.indices)
    func golden(index: Int) throws {
        let sample = Self.samples[index]
        #expect(Self.hex(Self.bytes(sample.entry)) == sample.hex, "\(sample.name)")
        #expect(try Self.decode(Self.bytes(sample.entry), seq: sample.entry.seq) == sample.entry, "\(sample.name)")
    }

    @Test("an ordinary sale takes less than 100 bytes")
    func size() {
        #expect(Self.bytes(Self.sale).count < 100)
    }

    @Test("every entry of a sample ledger is read back as it was", arguments: [1, 2, 3] as [UInt64])
    func roundTrip(seed: UInt64) throws {
        let ledger = SampleLedger(seed: seed, items: 20, locations: 4, blocks: 60)
        for entry in ledger.entries { #expect(try Self.decode(Self.bytes(entry), seq: entry.seq) == entry) }
    }

    @Test("numbers at the ends of their ranges survive", arguments: [Int64.min, -1, 0, 1, 63, 64, Int64.max])
    func extremes(number: Int64) throws {
        let pool = CostPool(onHand: number, value: number, lastWAC: number)
        let movement = Movement(
            kind: .adjustment, item: ItemNumber(rawValue: .max), location: LocationNumber(rawValue: .max),
            quantity: number, reason: "", reference: "", note: "é\u{0}", occurredAt: Instant(milliseconds: number),
            unitCost: number, receipt: .zero, valueChange: number, variance: number, after: pool,
            link: HistoryLink(previous: UInt64.max - 1, jump: 0))
        let entry = Entry(
            seq: .max, id: ULID(high: .max, low: .max), recordedAt: Instant(milliseconds: number), actor: .zero,
            change: .movementRecorded(movement))
        #expect(try Self.decode(Self.bytes(entry), seq: .max) == entry)
    }

    @Test("damaged bytes are refused or read as another entry, and never trap", arguments: [11, 12] as [UInt64])
    func damage(seed: UInt64) throws {
        var chance = SeededGenerator(seed: seed)
        for sample in Self.samples {
            let original = Self.bytes(sample.entry)
            for cut in original.indices {
                #expect(throws: StoreError.self) { try Self.decode(Array(original[..<cut]), seq: sample.entry.seq) }
            }
            #expect(throws: StoreError.self) { try Self.decode(original + [0], seq: sample.entry.seq) }
            for _ in 0..<20_000 {
                var bytes = original
                for _ in 0..<Int.random(in: 1...4, using: &chance) {
                    bytes[Int.random(in: bytes.indices, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
                }
                guard let entry = try? Self.decode(bytes, seq: sample.entry.seq) else { continue }
                #expect(Self.bytes(entry) == bytes, "seed \(seed): two forms of one entry")
            }
        }
    }

    @Test("a length beyond the bytes allocates nothing")
    func hugeLength() throws {
        var bytes = Self.bytes(Self.bareItem)
        // The sku's length, after tag, seq, id, time and number, id of the item.
        let position = 1 + 1 + 16 + 1 + 1 + 16
        bytes.replaceSubrange(position...position, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
        #expect(throws: StoreError.self) { try Self.decode(bytes, seq: Self.bareItem.seq) }
    }

    // MARK: samples

    private static let key = ULID(high: 0x0190_1234_5678_0001, low: 0xA1B2_C3D4_E5F6_0718)
    private static let id = ULID(high: 0x019E_9A1C_4C00_7FFF, low: 0x0123_4567_89AB_CDEF)
    private static let moment = Instant(milliseconds: 0x019E_9A1C_4C00)

    static let sale = Entry(
        seq: 1_000_000, id: id, recordedAt: moment, actor: key,
        change: .movementRecorded(
            Movement(
                kind: .sale, item: ItemNumber(rawValue: 4_242), location: LocationNumber(rawValue: 2), quantity: -2,
                reason: "order_shipped", reference: "ORD-88213", valueChange: -5_000_000,
                after: CostPool(onHand: 140, value: 350_000_000, lastWAC: 2_500_000),
                link: HistoryLink(previous: 999_167, jump: 983_040))))

    static let transfer = Entry(
        seq: 300, id: id, recordedAt: Instant(milliseconds: moment.milliseconds + 5), actor: nil,
        change: .movementRecorded(
            Movement(
                kind: .transfer, item: ItemNumber(rawValue: 1), location: LocationNumber(rawValue: 1), quantity: -12,
                reason: "rebalance", reference: "T-1", note: "für Köln",
                occurredAt: Instant(milliseconds: moment.milliseconds - 86_400_000), unitCost: 1, receipt: key,
                valueChange: -24_000_000, variance: 7,
                after: CostPool(onHand: 18, value: 36_000_000, lastWAC: 2_000_000),
                link: HistoryLink(previous: 299, jump: 299),
                target: TransferLeg(
                    location: LocationNumber(rawValue: 2), valueChange: 24_000_000, variance: -7,
                    after: CostPool(onHand: 22, value: 59_000_000, lastWAC: 2_681_818),
                    link: HistoryLink(previous: 0, jump: 0)))))

    static let item = Entry(
        seq: 7, id: id, recordedAt: moment, actor: key,
        change: .itemCreated(
            Item(
                number: ItemNumber(rawValue: 3), id: key, sku: "SKU-0042", name: "Thé vert", scale: 3,
                barcode: "5012345678900", price: 4_990_000, weight: 250_000, reorderPoint: 10, allowNegative: true,
                metadata: Array("{\"a\":1}".utf8), createdAt: moment, updatedAt: moment,
                archivedAt: Instant(milliseconds: moment.milliseconds + 1), createdSeq: 7, archivedSeq: 9)))

    static let bareItem = Entry(
        seq: 8, id: id, recordedAt: moment, actor: nil,
        change: .itemArchived(
            Item(
                number: ItemNumber(rawValue: 1), id: key, sku: "A", name: "", createdAt: moment, updatedAt: moment,
                createdSeq: 1)))

    static let location = Entry(
        seq: 1, id: id, recordedAt: moment, actor: key,
        change: .locationUpdated(
            Location(
                number: LocationNumber(rawValue: 1), id: key, code: "UK-1", name: "London", type: "store",
                address: "1 Quay Street", timeZone: "Europe/London", allowNegative: true, isDefault: true,
                metadata: Array("{}".utf8), createdAt: moment, updatedAt: moment, archivedAt: moment, createdSeq: 1,
                archivedSeq: 1)))

    static let marketplace = Entry(
        seq: 2, id: id, recordedAt: moment, actor: nil,
        change: .locationUpdated(
            Location(
                number: LocationNumber(rawValue: 2), id: key, code: "EU", name: "FBA EU", type: "FBA",
                marketplace: "amazon_eu", isReadOnly: true, observedAt: moment, createdAt: moment, updatedAt: moment,
                createdSeq: 2)))

    static let settings = Entry(
        seq: 13, id: id, recordedAt: moment, actor: key,
        change: .stockSettingsChanged(
            StockSettingsChange(
                level: LevelKey(item: ItemNumber(rawValue: 3), location: LocationNumber(rawValue: 1)),
                settings: StockSettings(
                    price: 15_500_000, cost: 8_250_000, isAvailable: false, safetyStock: 15, changedAt: moment,
                    changedSeq: 13))))

    static let alert = Entry(
        seq: 12, id: id, recordedAt: moment, actor: nil,
        change: .stockLow(
            StockAlert(
                item: ItemNumber(rawValue: 3), location: LocationNumber(rawValue: 1), before: 12, after: 9,
                reorderPoint: 10, movementSeq: 11)))
}
