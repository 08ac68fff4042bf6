import FuzzerRuntime
import WireSchema

@main
enum ParameterFuzz {
    static func main() { fuzz(fuzzParameters) }
}

/// The query of a URL and a segment of its path, up to declared parameters. The first line feed ends the segment.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzParameters(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
    let segment = String(decoding: parts[0], as: UTF8.self)
    let query = parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : ""
    let id = QueryString.pathSegment(segment[...])
    if let id { precondition(id.utf8.count <= segment.utf8.count && !id.utf8.contains(0), "a segment grew") }
    do throws(WireFaults) {
        let pairs = try QueryString.pairs(query)
        let list = try ListOfThings.decode(path: [("id", id ?? "x")], query: pairs)
        precondition((1...200).contains(list.limit), "a number out of its range was let in")
        precondition(list.sku.map { (1...64).contains($0.unicodeScalars.count) } ?? true, "a text too long was let in")
    } catch {
        precondition(!error.faults.isEmpty, "refused without a reason")
    }
    return 0
}

private struct ListOfThings: WireParameters {
    var id = ""
    var sku: String?
    var isAvailable: Bool?
    var since: Int64?
    var price: Int64?
    var limit: Int64 = 50

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("id", &value.id, .string(1...64))
        v.optional("sku", &value.sku, .string(1...64))
        v.optional("available", &value.isAvailable, .boolean)
        v.optional("since", &value.since, .timestamp())
        v.optional("price", &value.price, .decimal())
        v.defaulted("limit", &value.limit, .integer(1...200))
    }
}
