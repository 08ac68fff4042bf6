import HTTPInterface
import LedgerCore
import WireSchema

/// A number with a floor, which refuses in the words of the published page: `Must be >= 0`. What is below the floor
/// can't be processed (422); what is above the ceiling, or no such number at all, is malformed (400), as in every API
/// here.
struct FlooredKind<Base: WireScalarKind>: WireScalarKind where Base.Value == Int64 {
    /// With the range.
    let base: Base
    let floor: Int64
    /// As it is said to a person.
    let ceiling: StaticString
    /// Whether a string with a number in it is a number too.
    let takesText: Bool

    func read(_ index: JSONIndex, from source: inout WireSource) -> Int64? {
        switch source.kind(of: index) {
        case .number: break
        case .string where takesText: break
        default: return base.read(index, from: &source)
        }
        do throws(WireMistake) {
            return try parse(source.withText(of: index) { String(decoding: $0, as: UTF8.self) })
        } catch {
            source.report(error, at: index)
            return nil
        }
    }

    func parse(_ text: String) throws(WireMistake) -> Int64 {
        do throws(WireMistake) {
            return try base.parse(text)
        } catch {
            guard error.code == .outOfRange else { throw error }
            let isBelow = Int64(text).map { $0 < floor } ?? text.hasPrefix("-")
            throw isBelow
                ? WireMistake(.invalidValue, "must be >= \(floor)")
                : WireMistake(.outOfRange, "must be <= \(ceiling)")
        }
    }

    func write(_ value: Int64, to writer: inout JSONWriter) { base.write(value, to: &writer) }

    func schema(_ collector: inout SchemaCollector) -> SchemaNode { base.schema(&collector) }
}

extension WireKind where Self == FlooredKind<IntegerKind> {
    /// Base units on hand.
    static var stock: Self {
        FlooredKind(base: .integer(WireRanges.threshold), floor: 0, ceiling: "1000000000000", takesText: false)
    }

    /// The number of a page.
    static var page: Self {
        FlooredKind(base: .integer(1...Int64.max), floor: 1, ceiling: "9223372036854775807", takesText: false)
    }
}

extension WireKind where Self == FlooredKind<DecimalKind> {
    /// A price or cost, in micro-units.
    static var money: Self {
        FlooredKind(
            base: .decimal(WireRanges.money, form: .number), floor: 0, ceiling: "1000000000000", takesText: true)
    }
}

/// `true` or `false` in a query, also as Python writes them: the published example sends `available=True`.
struct FlagKind: WireScalarKind {
    private let base: BooleanKind = .boolean

    func read(_ index: JSONIndex, from source: inout WireSource) -> Bool? { base.read(index, from: &source) }

    func parse(_ text: String) throws(WireMistake) -> Bool {
        switch text {
        case "True": true
        case "False": false
        default: try base.parse(text)
        }
    }

    func write(_ value: Bool, to writer: inout JSONWriter) { base.write(value, to: &writer) }

    func schema(_ collector: inout SchemaCollector) -> SchemaNode { base.schema(&collector) }
}

extension WireKind where Self == FlagKind {
    /// A flag of a query.
    static var flag: Self { FlagKind() }
}

/// Numbered pages: which rows one has.
struct PageOfRows {
    var page: Int64
    var limit: Int64
    /// How many rows stand before it; as many as there can be where the product is beyond that.
    var offset: Int

    init(_ page: Int64, _ limit: Int64) {
        self.page = page
        self.limit = limit
        let (product, isBeyond) = (page &- 1).multipliedReportingOverflow(by: limit)
        offset = isBeyond ? .max : Int(clamping: product)
    }

    /// Whether rows stand behind a page that has so many.
    func hasNext(rows: Int, of total: Int) -> Bool { offset < total && offset + rows < total }
}
