import Testing
import WireSchema

/// A stock-keeping unit of one branch, with money as numbers.
private struct BranchStock: WireObject {
    var id = ""
    var code = ""
    var organization = ""
    var product = ""
    var branch = ""
    var quantity: Int64 = 0
    var price: Int64 = 0
    var cost: Int64?
    var available = false
    var created: Int64 = 0
    var updated: Int64 = 0

    static let schemaName = "SKU"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .string(1...64))
        v.required("iv_id", &value.code, .string(1...129))
        v.required("organization_id", &value.organization, .string(1...64))
        v.required("product_iv_id", &value.product, .string(1...64))
        v.required("branch_iv_id", &value.branch, .string(1...64))
        v.required("qty", &value.quantity, .integer(0...1_000_000_000_000))
        v.required("price", &value.price, .decimal(form: .number))
        v.optional("cost", &value.cost, .decimal(form: .number))
        v.required("available", &value.available, .boolean)
        v.required("created", &value.created, .timestamp())
        v.required("updated", &value.updated, .timestamp())
    }
}

private struct LedgerAnswer: WireObject {
    var id = ""
    var sku = ""
    var warehouse = ""
    var quantity: Int64 = 0
    var balance: Int64 = 0
    var createdAt: Int64 = 0

    static let schemaName = "LedgerAnswer"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .string(1...64))
        v.required("sku", &value.sku, .string(1...64))
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("qty", &value.quantity, .integer)
        v.required("balance", &value.balance, .integer)
        v.required("created_at", &value.createdAt, .timestamp())
    }
}

private enum ShipmentStatus: String, CaseIterable, Sendable { case queued, shipped }

private struct ShipmentAnswer: WireObject {
    var id = ""
    var status = ShipmentStatus.queued
    var label: String?

    static let schemaName = "ShipmentAnswer"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .string(1...64))
        v.required("status", &value.status, .oneOf(ShipmentStatus.self))
        v.optional("label_url", &value.label, .string(1...2000, format: "uri"), whenNil: .null)
    }
}

/// An id that is kept as a number.
struct SampleID: WireText, Equatable {
    var number: Int64
    static let wirePattern: StaticString = "^smp_[0-9]+$"
    static let wireRule: StaticString = "be a sample's id, such as smp_12"

    init(number: Int64) { self.number = number }

    init?(wireText text: UnsafeBufferPointer<UInt8>) {
        let digits = String(decoding: text.dropFirst(4), as: UTF8.self)
        guard text.prefix(4).elementsEqual("smp_".utf8), let number = Int64(digits), number >= 0 else { return nil }
        self.number = number
    }

    func write(to writer: inout JSONWriter) { writer.string("smp_\(number)" as String) }
}

private struct Sample: WireObject {
    var id = SampleID(number: 0)
    var others: [SampleID] = []

    static let schemaName = "Sample"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(SampleID.self), example: #""smp_12""#)
        v.defaulted("others", &value.others, .array(of: .text(SampleID.self)))
    }
}

@Suite("Published examples")
struct PublishedExampleTests {
    private func roundTrip<Object: WireObject>(_ json: String, _ type: Object.Type) throws -> String {
        String(decoding: try JSONDocument(json).decode(type).jsonBytes(), as: UTF8.self)
    }

    @Test("money as numbers comes back digit for digit")
    func numbers() throws {
        let json =
            #"{"id":"r1234567890abcdef","iv_id":"PROD-001_STORE-001","organization_id":"org_abc123","#
            + #""product_iv_id":"PROD-001","branch_iv_id":"STORE-001","qty":150,"price":15.50,"cost":8.25,"#
            + #""available":true,"created":"2024-01-15T10:30:00Z","updated":"2024-01-16T14:22:00Z"}"#
        #expect(try roundTrip(json, BranchStock.self) == json)
    }

    @Test("a ledger answer comes back byte for byte")
    func ledger() throws {
        let json =
            #"{"id":"inv_2p7q0fxkq3r","sku":"SKU-0042","warehouse":"SEA-1","qty":120,"balance":420,"#
            + #""created_at":"2026-04-22T17:04:11Z"}"#
        #expect(try roundTrip(json, LedgerAnswer.self) == json)
    }

    @Test("a label that is not there yet is null")
    func shipment() throws {
        let json = #"{"id":"shp_8c4l1x","status":"queued","label_url":null}"#
        #expect(try roundTrip(json, ShipmentAnswer.self) == json)
        let schema = try JSONDocument(ShipmentAnswer.outputSchema()).root
        #expect(schema["required"]?.elements.compactMap(\.string) == ["id", "status", "label_url"])
    }

    @Test("an id of its own type is read without a string, also escaped, and refused with its rule")
    func ownText() throws {
        let sample = try JSONDocument(#"{"id":"\u0073mp_7","others":["smp_1","smp_2"]}"#).decode(Sample.self)
        #expect(sample.id.number == 7)
        #expect(sample.others.map(\.number) == [1, 2])
        #expect(
            try roundTrip(#"{"others":["smp_1"],"id":"smp_7"}"#, Sample.self) == #"{"id":"smp_7","others":["smp_1"]}"#)
        let found = faults(of: Sample.self, in: try JSONDocument(#"{"id":"itm_1","others":["smp_"]}"#))
        #expect(found.faults.map(\.pointer) == ["/id", "/others/0"])
        #expect(found.faults.first?.message == "must be a sample's id, such as smp_12")
        #expect(Sample.declarationProblems() == [])
    }

    @Test("a document can be explored without a declaration")
    func exploring() throws {
        let root = try JSONDocument(#"{"a":[1,{"b":"x"}],"n":null,"t":true,"\u0064":1.5e3}"#).root
        #expect(root.members.map(\.name) == ["a", "n", "t", "d"])
        #expect(root["a"]?.elements.count == 2)
        #expect(root["a"]?.elements[1]["b"]?.string == "x")
        #expect(root["a"]?.elements[1]["b"]?.pointer == "/a/1/b")
        #expect(root["n"]?.isNull == true)
        #expect(root["t"]?.bool == true)
        #expect(root["d"]?.numberText == "1.5e3")
        #expect(root["d"].map { [UInt8]($0.rawBytes) } == [UInt8]("1.5e3".utf8))
        #expect(root["missing"] == nil)
        #expect(root["a"]?["b"] == nil)
        let text = try #require(root["a"]?.elements[1]["b"])
        #expect(text.offset == 13)
        #expect([UInt8](text.rawBytes) == [UInt8](#""x""#.utf8))
        #expect(root.document[text.index].string == "x")
    }
}
