import Testing
import WireSchema

@Suite("Encoding and decoding")
struct RoundTripTests {
    private func sample(_ random: inout SeededNumbers) -> EveryKind {
        func text() -> String {
            let letters: [Character] = ["a", "Z", "ä", "€", "😀", "\"", "\\", "/", " "]
            return String(
                (0..<Int.random(in: 0...30, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" })
        }
        func allocation() -> Allocation {
            Allocation(warehouse: "w" + text().prefix(5), quantity: Int64.random(in: 1...1000, using: &random))
        }
        var value = EveryKind()
        value.text = text()
        value.whole = Int64.random(in: .min ... .max, using: &random)
        value.money = Int64.random(in: .min ... .max, using: &random)
        value.price = Int64.random(in: .min ... .max, using: &random) >> 20
        value.flag = Bool.random(using: &random)
        value.type = MovementType.allCases.randomElement(using: &random) ?? .sale
        value.at = Int64.random(in: 0...253_402_300_799, using: &random) * 1000
        value.exactAt = Int64.random(in: 0...253_402_300_799_999, using: &random)
        value.day = Int64.random(in: CalendarDate.range, using: &random)
        value.allocation = allocation()
        value.other = Bool.random(using: &random) ? allocation() : nil
        value.label = Bool.random(using: &random) ? text() : nil
        value.hidden = Bool.random(using: &random) ? text() : nil
        value.list = (0..<Int.random(in: 0...5, using: &random)).map { _ in allocation() }
        value.names = (0..<Int.random(in: 0...5, using: &random)).map { _ in text() }
        value.free = RawJSON(bytes: [UInt8](#"{"k":[1,{"x":null}]}"#.utf8))
        value.change = [.absent, .null, .value(text())].randomElement(using: &random) ?? .absent
        value.map = WireMap([("one", 1), ("ü", Int64.random(in: -9...9, using: &random))])
        return value
    }

    @Test("what was encoded decodes to the same value, and that encodes to the same bytes")
    func everyKind() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededNumbers(state: seed)
        for _ in 0..<2000 {
            let value = sample(&random)
            let bytes = value.jsonBytes()
            let decoded = try JSONDocument(bytes).decode(EveryKind.self)
            #expect(decoded == value, "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
            #expect(decoded.jsonBytes(capacity: 1) == bytes, "seed \(seed)")
        }
    }

    @Test("members come in declared order; nil is null or left out, as declared")
    func shape() {
        var value = EveryKind()
        value.money = 2_500_000
        value.price = 15_500_000
        value.at = 1_776_877_451_000
        value.exactAt = 1_773_324_000_000
        let expected =
            #"{"text":"a","whole":0,"money":"2.500000","price":15.50,"flag":false,"type":"sale","#
            + #""at":"2026-04-22T17:04:11Z","exact_at":"2026-03-12T14:00:00.000Z","day":"1970-01-01","#
            + #""allocation":{"warehouse":"w","qty":1},"label_url":null,"#
            + #""list":[],"names":[],"free":{},"map":{}}"#
        #expect(String(decoding: value.jsonBytes(), as: UTF8.self) == expected)
    }

    @Test("a fault is itself a declared object")
    func fault() throws {
        let fault = WireFault(pointer: "/a~1b", code: .outOfRange, message: "must be \"less\"")
        let bytes = fault.jsonBytes()
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"pointer":"/a~1b","code":"out_of_range","message":"must be \"less\""}"#)
        #expect(try JSONDocument(bytes).decode(WireFault.self) == fault)
    }
}
