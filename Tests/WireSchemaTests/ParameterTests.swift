import Testing
import WireSchema

enum StockStatus: String, CaseIterable, Sendable {
    case normal, low, critical
    case outOfStock = "out_of_stock"
}

struct ListQuery: WireParameters, Equatable {
    var id = ""
    var sku: String?
    var status: StockStatus?
    var available: Bool?
    var since: Int64?
    var minimum: Int64?
    var limit: Int64 = 50

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("id", &value.id, .string(1...64), doc: "An item's id or SKU.")
        v.optional("sku", &value.sku, .string(1...64), doc: "Only this SKU.", example: #""SKU-0042""#)
        v.optional("status", &value.status, .oneOf(StockStatus.self))
        v.optional("available", &value.available, .boolean)
        v.optional("since", &value.since, .timestamp())
        v.optional("min_price", &value.minimum, .decimal())
        v.defaulted("limit", &value.limit, .integer(1...200), example: "50")
    }

    func validate(_ faults: inout MemberFaults) {
        if status != nil, available != nil { faults.add("status", .invalidValue, "must not stand beside available") }
    }
}

private func report(_ query: String, path: [(name: String, value: String)] = [("id", "itm_1")]) -> [String] {
    do throws(WireFaults) {
        _ = try ListQuery.decode(path: path, query: try QueryString.pairs(query))
        return []
    } catch {
        return error.faults.map { "\($0.part.rawValue) \($0.pointer) \($0.code.rawValue)" }
    }
}

@Suite("Parameters and paths")
struct ParameterTests {
    @Test("parameters are read by their kinds, and missing ones keep their defaults")
    func reading() throws {
        let query = try QueryString.pairs(
            "sku=A%2FB+c%C3%A4&status=out_of_stock&since=2026-04-22T17:04:11%2B00:00&min_price=1.5&limit=200")
        let decoded = try ListQuery.decode(path: [("id", "x")], query: query)
        #expect(
            decoded
                == ListQuery(
                    id: "x", sku: "A/B cä", status: .outOfStock, since: 1_776_877_451_000, minimum: 1_500_000,
                    limit: 200))
        #expect(try ListQuery.decode(path: [("id", "x")]).limit == 50)
    }

    @Test(
        "each thing that is wrong is named",
        arguments: [
            ("limit=0", ["query limit out_of_range"]), ("limit=1.0", ["query limit not_an_integer"]),
            ("limit=", ["query limit invalid_value"]), ("limit=ten", ["query limit invalid_value"]),
            ("limit=%2B5", ["query limit invalid_value"]), ("limit=99999999999999999999", ["query limit out_of_range"]),
            ("sku=", ["query sku too_short"]), ("status=Low", ["query status invalid_value"]),
            ("available=1", ["query available invalid_value"]), ("since=now", ["query since invalid_value"]),
            ("min_price=0.0000001", ["query min_price too_many_decimals"]),
            ("colour=red&limit=5", ["query colour unknown_parameter"]),
            ("limit=5&limit=6", ["query limit duplicate_parameter"]),
            ("sku=%zz", ["query sku invalid_value"]), ("sku=%C3", ["query sku invalid_value"]),
            ("sku=%00", ["query sku invalid_value"]), ("sku=%", ["query sku invalid_value"]),
            ("sku=%0A", ["query sku invalid_value"]),
            ("status=low&available=true", ["query status invalid_value"]),
            ("&&", []), ("limit=5&", []),
        ] as [(String, [String])])
    func faultTable(query: String, expected: [String]) {
        #expect(report(query) == expected)
    }

    @Test("a missing path parameter is a fault of the path")
    func missing() {
        #expect(report("", path: []) == ["path id required"])
    }

    @Test("a template finds its parameters and no others")
    func templates() {
        let template: PathTemplate = "/inventory/v1/items/{id}/stock"
        #expect(template.parameterNames == ["id"])
        #expect(template.match("/inventory/v1/items/SKU%2F1/stock")?.map(\.value) == ["SKU/1"])
        #expect(template.match("/inventory/v1/items/a+b/stock")?.map(\.value) == ["a+b"])
        for path in [
            "", "/", "/inventory/v1/items//stock", "/inventory/v1/items/x/stock/", "/inventory/v1/items/x",
            "inventory/v1/items/x/stock", "/inventory/v1/items/%/stock", "/inventory/v1/items/%FF/stock",
            "/inventory/v1/items/x/y/stock", "//inventory/v1/items/x/stock",
        ] {
            #expect(template.match(path) == nil, "\(path)")
        }
        #expect(template.problems.isEmpty)
        #expect(PathTemplate("items/{id}/x{y}/{}/{id}").problems.count == 4)
    }
}
