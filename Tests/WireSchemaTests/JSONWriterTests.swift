import Testing
import WireSchema

private func text(_ body: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter(capacity: 0)
    body(&writer)
    return String(decoding: writer.finish(), as: UTF8.self)
}

@Suite("The JSON writer")
struct JSONWriterTests {
    @Test("commas stand between members and elements and nowhere else, in the order of the calls")
    func structure() {
        let written = text { w in
            w.beginObject()
            w.name("z")
            w.integer(1)
            w.name("a")
            w.beginArray()
            w.beginObject()
            w.endObject()
            w.beginArray()
            w.endArray()
            w.null()
            w.bool(true)
            w.bool(false)
            w.string(",")
            w.raw([UInt8]("{\"r\":1}".utf8))
            w.endArray()
            w.name("dynamic \"name\"")
            w.string("x")
            w.endObject()
        }
        #expect(written == #"{"z":1,"a":[{},[],null,true,false,",",{"r":1}],"dynamic \"name\"":"x"}"#)
    }

    @Test("strings that end like structure do not confuse the commas")
    func strings() {
        let written = text { w in
            w.beginArray()
            for value in ["{", "[", ":", ",", "", "}"] { w.string(value) }
            w.endArray()
        }
        #expect(written == #"["{","[",":",",","","}"]"#)
    }

    @Test("what must be escaped is, in short form where there is one, and nothing else is")
    func escapes() throws {
        let all = String(String.UnicodeScalarView((0..<0x300).compactMap { Unicode.Scalar($0) })) + "\u{2028}😀"
        let written = text { $0.string(all) }
        #expect(written.contains(#"\u0000\u0001"#))
        #expect(written.contains(#"\b\t\n\u000b\f\r\u000e"#))
        #expect(written.contains(##" !\"#$%"##))
        #expect(written.contains(#"[\\]"#))
        #expect(written.contains("/0"))
        #expect(try JSONDocument(written, options: .grammar).root.string == all)
    }

    @Test("an escape is found wherever it stands in a word")
    func escapePositions() throws {
        for length in 0..<40 {
            for place in 0..<length {
                var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: length)
                bytes[place] = [UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x1F, 0x0A][place % 4]
                let value = String(decoding: bytes, as: UTF8.self)
                #expect(try JSONDocument(text { $0.string(value) }).root.string == value)
            }
        }
    }

    @Test("integers of every length are written as Swift writes them")
    func integers() {
        var values: [Int64] = [0, 1, -1, .min, .max, 1_000_000_000_000_000_000, 999_999_999_999_999_999]
        var power: Int64 = 1
        while power < Int64.max / 10 {
            power *= 10
            values += [power, power - 1, power + 1, -power, 1 - power]
        }
        for value in values { #expect(text { $0.integer(value) } == "\(value)") }
    }

    @Test(
        "micro-units have six decimals as a string and two to six as a number",
        arguments: [
            (2_500_000, "\"2.500000\"", "2.50"), (15_500_000, "\"15.500000\"", "15.50"),
            (8_250_000, "\"8.250000\"", "8.25"), (15_123_000, "\"15.123000\"", "15.123"), (0, "\"0.000000\"", "0.00"),
            (1, "\"0.000001\"", "0.000001"), (-1, "\"-0.000001\"", "-0.000001"),
            (-16_990_000, "\"-16.990000\"", "-16.99"),
            (100_000_000, "\"100.000000\"", "100.00"), (Int64.max, "\"9223372036854.775807\"", "9223372036854.775807"),
            (Int64.min, "\"-9223372036854.775808\"", "-9223372036854.775808"),
        ] as [(Int64, String, String)])
    func decimals(value: Int64, string: String, number: String) {
        #expect(text { $0.decimalString(micro: value) } == string)
        #expect(text { $0.decimalNumber(micro: value) } == number)
    }

    @Test("a writer can be emptied and used again, and one that grew has lost nothing")
    func growth() throws {
        var writer = JSONWriter(capacity: 4)
        writer.beginArray()
        for index in 0..<10_000 { writer.string("element \(index)") }
        writer.endArray()
        let count = writer.count
        let bytes = writer.withBytes { [UInt8]($0) }
        #expect(bytes.count == count)
        let elements = try JSONDocument(bytes).root.elements
        #expect(elements.count == 10_000)
        #expect(elements[9999].string == "element 9999")
        writer.removeAll()
        writer.null()
        #expect(writer.finish() == [UInt8]("null".utf8))
    }
}
