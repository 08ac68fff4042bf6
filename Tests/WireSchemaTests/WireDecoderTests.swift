import Testing
import WireSchema

private func report<Object: WireObject>(_ json: String, _ type: Object.Type) throws -> [String] {
    faults(of: type, in: try JSONDocument(json)).faults.map { "\($0.pointer) \($0.code.rawValue)" }
}

@Suite("Decoding declared objects")
struct WireDecoderTests {
    @Test("members are found in any order, and absent ones keep their defaults")
    func order() throws {
        let expected = MovementCreate(itemID: "a", quantity: -2, type: .sale, unitCost: 2_500_000, occurredAt: 0)
        for json in [
            #"{"item_id":"a","qty":-2,"type":"sale","unit_cost":"2.5","occurred_at":"1970-01-01T00:00:00Z"}"#,
            #"{"occurred_at":"1970-01-01T01:00:00+01:00","unit_cost":2.5,"type":"sale","qty":-2,"item_id":"a"}"#,
            #"{"qty":-2,"item_id":"\u0061","occurred_at":"1970-01-01T00:00:00.000Z","unit_cost":25e-1,"type":"sale"}"#,
            #"{"\u0071ty":-2,"location_id":null,"type":"sale","item_id":"a","unit_cost":2.50,"#
                + #""occurred_at":"1969-12-31T23:00:00-01:00"}"#,
        ] {
            #expect(try JSONDocument(json).decode(MovementCreate.self) == expected, "\(json)")
        }
    }

    @Test(
        "each thing that is wrong is named with its place and code",
        arguments: [
            ("[]", [" wrong_type"]), ("null", [" wrong_type"]), ("1", [" wrong_type"]),
            ("{}", ["/item_id required", "/qty required", "/type required"]),
            (#"{"item_id":null,"qty":1,"type":"sale"}"#, ["/item_id wrong_type"]),
            (#"{"item_id":7,"qty":"1","type":[]}"#, ["/item_id wrong_type", "/qty wrong_type", "/type wrong_type"]),
            (#"{"item_id":"a","qty":1.0,"type":"sale"}"#, ["/qty not_an_integer"]),
            (#"{"item_id":"a","qty":1e2,"type":"sale"}"#, ["/qty not_an_integer"]),
            (#"{"item_id":"a","qty":1000000000001,"type":"sale"}"#, ["/qty out_of_range"]),
            (#"{"item_id":"a","qty":99999999999999999999,"type":"sale"}"#, ["/qty out_of_range"]),
            (#"{"item_id":"","qty":1,"type":"sale"}"#, ["/item_id too_short"]),
            (#"{"item_id":"a b","qty":1,"type":"sale"}"#, ["/item_id invalid_value"]),
            (#"{"item_id":"a","qty":1,"type":"Sale"}"#, ["/type invalid_value"]),
            (#"{"item_id":"a","qty":1,"type":"sale","note":"123456789012345678901"}"#, ["/note too_long"]),
            (#"{"item_id":"a","qty":1,"type":"sale","note":"ääääääääää€€€€€😀😀😀😀😀"}"#, []),
            (#"{"item_id":"a","qty":1,"type":"sale","note":"ääääääääää€€€€€😀😀😀😀😀x"}"#, ["/note too_long"]),
            (#"{"item_id":"a","qty":1,"type":"sale","note":"two\nlines\t"}"#, []),
            (#"{"item_id":"a","qty":1,"type":"sale","note":"\u0007"}"#, ["/note invalid_value"]),
            (#"{"item_id":"a","qty":1,"type":"sale","note":"\u0085"}"#, ["/note invalid_value"]),
            (#"{"item_id":"a","qty":1,"type":"sale","reason":"two\nlines"}"#, ["/reason invalid_value"]),
            (
                "{\"item_id\":\"a\",\"qty\":1,\"type\":\"sale\",\"reason\":\"0123456789\u{7F}\"}",
                ["/reason invalid_value"]
            ),
            (#"{"item_id":"a","qty":1,"type":"sale","unit_cost":"1.0000001"}"#, ["/unit_cost too_many_decimals"]),
            (#"{"item_id":"a","qty":1,"type":"sale","unit_cost":-1}"#, ["/unit_cost out_of_range"]),
            (#"{"item_id":"a","qty":1,"type":"sale","unit_cost":"1,5"}"#, ["/unit_cost invalid_value"]),
            (#"{"item_id":"a","qty":1,"type":"sale","occurred_at":"yesterday"}"#, ["/occurred_at invalid_value"]),
            (#"{"item_id":"a","qty":1,"type":"sale","occurred_at":0}"#, ["/occurred_at wrong_type"]),
            (#"{"item_id":"a","qty":1,"type":"sale","metadata":[]}"#, ["/metadata wrong_type"]),
            (
                #"{"item_id":"a","qty":1,"type":"sale","metadata":{"k":"\#(String(repeating: "x", count: 60))"}}"#,
                ["/metadata too_large"]
            ),
            (#"{"item_id":"a","qty":1,"type":"sale","Qty":1}"#, ["/Qty unknown_member"]),
            (#"{"x/y":1,"item_id":"a","qty":1,"type":"sale","":2}"#, ["/x~1y unknown_member", "/ unknown_member"]),
            (
                #"{"qty":0.5,"extra":1,"type":"x"}"#,
                [
                    "/item_id required", "/qty not_an_integer", "/type invalid_value", "/extra unknown_member",
                ]
            ),
        ] as [(String, [String])])
    func faultTable(json: String, expected: [String]) throws {
        #expect(try report(json, MovementCreate.self) == expected)
    }

    @Test("messages say what was wrong and what is right")
    func messages() throws {
        let found = faults(
            of: MovementCreate.self,
            in: try JSONDocument(#"{"item_id":true,"qty":5e12,"type":"sell","unit_cost":2000000000,"no":1}"#))
        #expect(
            found.faults.map(\.message) == [
                "must be a string, not a boolean",
                "must be a whole number without a point or exponent",
                "must be one of receipt, sale, return, adjustment, transfer",
                "must be between 0 and 1000000",
                "is not a member of this object; remove it or check its spelling",
            ])
        #expect(found.isMalformed)
    }

    @Test("nested objects and arrays are checked in place")
    func nested() throws {
        let base =
            #""text":"","whole":1,"money":1,"price":1,"flag":true,"type":"sale","#
            + #""at":"2026-01-01T00:00:00Z","exact_at":"2026-01-01T00:00:00Z","day":"2026-01-01","free":{},"map":{}"#
        #expect(
            try report(
                #"{\#(base),"allocation":{"warehouse":"","qty":0,"x":1},"list":[{"warehouse":"w","qty":1},7,{}]}"#,
                EveryKind.self) == [
                    "/allocation/warehouse too_short", "/allocation/qty out_of_range", "/allocation/x unknown_member",
                    "/list/1 wrong_type", "/list/2/warehouse required", "/list/2/qty required",
                ])
        let full = #""allocation":{"warehouse":"w","qty":1}"#
        let six = Array(repeating: #"{"warehouse":"w","qty":1}"#, count: 6).joined(separator: ",")
        #expect(try report(#"{\#(base),\#(full),"list":[\#(six)]}"#, EveryKind.self) == ["/list too_many_items"])
        #expect(
            try report(#"{\#(base),\#(full),"list":[],"names":[1,"a",null]}"#, EveryKind.self) == [
                "/names/0 wrong_type", "/names/2 wrong_type",
            ])
        #expect(try report(#"{\#(base),\#(full),"list":[],"other":null,"label_url":null}"#, EveryKind.self) == [])
        #expect(
            try report(
                #"{\#(base.replacing(#""map":{}"#, with: #""map":{"a":1,"b":"2"}"#)),\#(full),"list":[]}"#,
                EveryKind.self)
                == ["/map/b wrong_type"])
    }

    @Test("a bad line of a batch does not spoil the others")
    func lines() throws {
        let document = try JSONDocument(
            #"""
            {"atomic": true, "movements": [
              {"item_id":"a","qty":1,"type":"sale"}, {"item_id":"b","qty":1.5}, 7,
              {"type":"receipt","qty":2,"item_id":"c"}
            ]}
            """#)
        let batch = try document.decode(MovementBatch.self)
        #expect(batch.atomic)
        #expect(batch.movements.count == 4)
        #expect(try batch.movements[0].result.get().itemID == "a")
        #expect(try batch.movements[3].result.get().quantity == 2)
        guard case .failure(let second) = batch.movements[1].result,
            case .failure(let third) = batch.movements[2].result
        else { return #expect(Bool(false), "lines 1 and 2 must be refused") }
        #expect(
            second.faults.map { "\($0.pointer) \($0.code.rawValue)" } == [
                "/movements/1/qty not_an_integer", "/movements/1/type required",
            ])
        #expect(third.faults.map(\.pointer) == ["/movements/2"])
        let alone = try JSONDocument(#"{"item_id":"c","qty":2,"type":"receipt"}"#)
        #expect(document.canonicalBytes(of: batch.movements[3].index) == alone.canonicalBytes())
        #expect(try report(#"{"movements":[]}"#, MovementBatch.self) == ["/movements too_few_items"])
    }

    @Test("a patch tells absent, null and a value apart")
    func patches() throws {
        let nothing = try JSONDocument(#"{"price":null}"#).decode(ItemPatch.self)
        #expect(nothing == ItemPatch(name: .absent, price: .null))
        #expect(nothing.price.applied(to: 5) == nil)
        #expect(nothing.name.applied(to: "old") == "old")
        let both = try JSONDocument(#"{"price":1.5,"name":"x"}"#).decode(ItemPatch.self)
        #expect(both == ItemPatch(name: .value("x"), price: .value(1_500_000)))
        #expect(both.price.applied(to: nil) == 1_500_000)
        #expect(try report(#"{"name":null}"#, ItemPatch.self) == ["/name wrong_type"])
        #expect(try report("{}", ItemPatch.self) == [" too_few_items"])
    }

    @Test("exactly one of two members, and rules between members, are checked")
    func rules() throws {
        #expect(try report(#"{"delta":1}"#, LedgerWrite.self) == [])
        #expect(try report(#"{"delta":null,"qty":3}"#, LedgerWrite.self) == [])
        #expect(try report("{}", LedgerWrite.self) == ["/qty exactly_one"])
        #expect(try report(#"{"delta":1,"qty":3}"#, LedgerWrite.self) == ["/qty exactly_one"])
        #expect(try report(#"{"delta":0}"#, LedgerWrite.self) == ["/delta invalid_value"])
    }

    @Test("more than 64 members are kept apart too")
    func manyMembers() throws {
        let extras = (0..<70).map { "\"x\($0)\":0" }.joined(separator: ",")
        let document = try JSONDocument(#"{\#(extras),"item_id":"a","qty":1,"type":"sale"}"#)
        let found = faults(of: MovementCreate.self, in: document)
        #expect(found.faults.count == 64)
        #expect(found.isTruncated)
        #expect(found.faults.allSatisfy { $0.code == .unknownMember })
        for count in 55..<68 {
            let extras = (0..<count).map { "\"x\($0)\":0" }.joined(separator: ",")
            let few = try JSONDocument(#"{\#(extras),"item_id":"a","y":1,"qty":1,"type":"sale","z":1}"#)
            let unknown = faults(of: MovementCreate.self, in: few).faults.map(\.pointer)
            #expect(unknown == Array(((0..<count).map { "/x\($0)" } + ["/y", "/z"]).prefix(64)))
        }
    }

    @Test("free-form objects keep order and notation and lose white space")
    func freeForm() throws {
        let document = try JSONDocument(
            "{\"item_id\":\"a\",\"qty\":1,\"type\":\"sale\",\"metadata\": { \"b\" : [ 1.50, \"x y\" ],\n \"a\":{} } }")
        let decoded = try document.decode(MovementCreate.self)
        #expect(decoded.metadata?.bytes == [UInt8](#"{"b":[1.50,"x y"],"a":{}}"#.utf8))
    }
}
