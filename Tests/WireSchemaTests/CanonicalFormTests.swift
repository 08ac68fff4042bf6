import Testing
import WireSchema

@Suite("The canonical form")
struct CanonicalFormTests {
    private func form(_ json: String, omitting: StaticString? = nil) throws -> [UInt8] {
        try JSONDocument(json, options: .grammar).canonicalBytes(omitting: omitting)
    }

    @Test(
        "the same value written differently has one form",
        arguments: [
            ("{\"a\":1,\"b\":[true,null]}", " { \"b\" : [ true , null ] ,\n\"a\":1 } "),
            ("\"A\"", "\"\\u0041\""), ("{\"A\":1,\"b\":2}", "{\"b\":2,\"\\u0041\":1}"),
            (
                "{\"location_to\":1,\"location_id\":2,\"location\":3}",
                "{\"location\":3,\"location_id\":2,\"location_to\":1}"
            ),
            ("\"/\"", "\"\\/\""), ("\"\u{1D11E}\"", "\"\\ud834\\udd1e\""), ("\"\\n\"", "\"\\u000A\""),
            ("1", "1.0"), ("100", "1e2"), ("0", "-0"), ("0", "0.0e5"), ("0.5", "5E-1"), ("1000", "1.000e+03"),
            ("-12.50", "-125e-1"), ("1e000000000000000000000000000000", "1"), ("120", "1.2e2"),
            ("123456789012345678901234567890", "1.2345678901234567890123456789e29"),
        ])
    func same(left: String, right: String) throws {
        #expect(try form(left) == form(right))
    }

    @Test(
        "different values have different forms",
        arguments: [
            ("1", "\"1\""), ("1", "-1"), ("1", "10"), ("1e5", "1e-5"), ("12", "1.2"), ("null", "\"\""), ("[]", "{}"),
            ("[[],[]]", "[[[]]]"), ("[1,23]", "[12,3]"), ("[\"a\",\"b\"]", "[\"ab\"]"), ("[1,2]", "[2,1]"),
            ("{\"a\":\"b\"}", "{\"b\":\"a\"}"), ("{\"a\":{\"b\":1}}", "{\"a\":{},\"b\":1}"), ("true", "false"),
            ("{\"a\":null}", "{}"), ("\"a\"", "\"A\""), ("\"\\u0000\"", "\"\""), ("1e10", "1E1000000000000000000000"),
            ("1e1000000000000000000001", "1e1000000000000000000000"),
            ("1e-1000000000000000000000", "1e1000000000000000000000"),
            ("{\"\":1}", "{\"\\u0000\":1}"),
        ])
    func different(left: String, right: String) throws {
        #expect(try form(left) != form(right))
    }

    @Test("a member can be left out of the outer object and only of it")
    func omitting() throws {
        let line = #"{"qty":1,"idempotency_key":"k1","m":{"idempotency_key":"x"}}"#
        let other = #"{"idempotency_key":"k2","m":{"idempotency_key":"x"},"qty":1}"#
        let inner = #"{"idempotency_key":"k2","m":{"idempotency_key":"y"},"qty":1}"#
        let without = #"{"m":{"idempotency_key":"x"},"qty":1}"#
        #expect(try form(line, omitting: "idempotency_key") == form(other, omitting: "idempotency_key"))
        #expect(try form(line, omitting: "idempotency_key") == form(without))
        #expect(try form(line, omitting: "idempotency_key") != form(inner, omitting: "idempotency_key"))
        #expect(try form(line) != form(other))
        #expect(try form("{\"\\u0061\":1,\"b\":2}", omitting: "a") == form("{\"b\":2}"))
    }

    @Test("a line of a batch has the form that it has by itself, appended to what was there")
    func lines() throws {
        let batch = try JSONDocument(#"{"lines":[{"b":1,"a":2},{"c":3}]}"#)
        let lines = try #require(batch.root["lines"]).elements
        #expect(batch.canonicalBytes(of: lines[0].index) == (try form(#"{"a":2,"b":1}"#)))
        var output = [UInt8]("POST /x".utf8)
        batch.appendCanonicalBytes(of: lines[1].index, to: &output)
        #expect(output == [UInt8]("POST /x".utf8) + (try form(#"{"c":3}"#)))
    }

    @Test("white space, order, escapes and notation never matter: random values, written twice")
    func randomValues() throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededNumbers(state: seed)
        for _ in 0..<3000 {
            let value = RandomJSON.value(depth: 4, &random)
            let left = RandomJSON.text(value, &random)
            let right = RandomJSON.text(value, &random)
            #expect(try form(left) == form(right), "seed \(seed): \(left) and \(right)")
        }
    }
}

/// Random values, and texts of them that differ in everything that does not matter.
indirect enum RandomJSON {
    case null
    case bool(Bool)
    case integer(Int)
    case string(String)
    case array([RandomJSON])
    case object([(String, RandomJSON)])

    static func value(depth: Int, _ random: inout SeededNumbers) -> RandomJSON {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2, 3: return .integer(Int.random(in: -100_000...100_000, using: &random))
        case 4: return .string(name(&random))
        case 5: return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(depth: depth - 1, &random) })
        default:
            // Some objects are larger than what is sorted on the stack.
            let count = Int.random(in: 0...9, using: &random) == 0 ? 40 : Int.random(in: 0...8, using: &random)
            var members: [String: RandomJSON] = [:]
            for _ in 0..<count { members[name(&random)] = value(depth: count > 8 ? 0 : depth - 1, &random) }
            return .object(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        }
    }

    private static func name(_ random: inout SeededNumbers) -> String {
        let letters = ["a", "b", "item_", "ä", "€", "😀", "\"", "\\", "/", "\n", "\u{1}", " ", "~"]
        return (0..<Int.random(in: 0...12, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" }
            .joined()
    }

    static func text(_ value: RandomJSON, _ random: inout SeededNumbers) -> String {
        let space = ["", "", " ", "\n\t", "\r\n  "].randomElement(using: &random) ?? ""
        let body: String
        switch value {
        case .null: body = "null"
        case .bool(let flag): body = flag ? "true" : "false"
        case .integer(let number):
            let zeros = Int.random(in: 0...3, using: &random)
            body =
                [
                    "\(number)", "\(number).\(String(repeating: "0", count: zeros + 1))",
                    "\(number)\(String(repeating: "0", count: zeros))e-\(zeros)", "\(number)E+00",
                ].randomElement(using: &random) ?? ""
        case .string(let text): body = quoted(text, &random)
        case .array(let elements):
            body = "[" + elements.map { Self.text($0, &random) }.joined(separator: ",") + "]"
        case .object(let members):
            body =
                "{"
                + members.shuffled(using: &random).map {
                    quoted($0.0, &random) + space + ":" + Self.text($0.1, &random)
                }
                .joined(separator: ",") + "}"
        }
        return space + body + space
    }

    private static func quoted(_ text: String, _ random: inout SeededNumbers) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if mustEscape || Int.random(in: 0...3, using: &random) == 0 {
                for unit in String(scalar).utf16 {
                    let hex = String(unit, radix: 16, uppercase: Bool.random(using: &random))
                    output += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            } else {
                output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }
}
