import NIOHTTP1
import WireSchema

/// A response as it arrived.
struct ContractAnswer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var contentType: String? { headers.first(name: "content-type") }
    var requestID: String? { headers.first(name: "x-request-id") }
    var isReplay: Bool { headers.first(name: "idempotent-replayed") == "true" }
    var json: AnswerJSON { AnswerJSON(body) }
    var code: String { json["code"].string ?? "" }
    /// Pointer and code of each fault of a problem: `/qty out_of_range`.
    var faults: [String] {
        json["errors"].elements.map { "\($0["pointer"].string ?? "?") \($0["code"].string ?? "?")" }
    }
    var id: String { json["id"].string ?? "" }

    /// The body with ids and times replaced by what they are: `mov_*`, `<s>` and `<ms>`. All else stays byte for byte.
    var shape: String {
        text.replacing(/(itm|whk|wh|mov|adj|ledger|inv|evt|key|req|rpl)_[0-9A-HJKMNP-TV-Z]{26}/) { "\($0.1)_*" }
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, with: "<ms>")
            .replacing(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/, with: "<s>")
    }
}

/// A value of an answer; what is not there is nothing, so that an expectation about it fails instead of trapping.
struct AnswerJSON: Sendable {
    private let value: JSONValue?

    init(_ bytes: [UInt8]) { value = (try? JSONDocument(bytes))?.root }

    private init(value: JSONValue?) { self.value = value }

    subscript(name: String) -> AnswerJSON { AnswerJSON(value: value?[name]) }

    subscript(index: Int) -> AnswerJSON {
        let elements = value?.elements ?? []
        return AnswerJSON(value: elements.indices.contains(index) ? elements[index] : nil)
    }

    var exists: Bool { value != nil }
    var isNull: Bool { value?.isNull ?? false }
    var string: String? { value?.string }
    var bool: Bool? { value?.bool }
    var int: Int64? { try? value?.integer() }
    var elements: [AnswerJSON] { value?.elements.map { AnswerJSON(value: $0) } ?? [] }
    var names: [String] { value?.members.map(\.name) ?? [] }
    /// As it was sent.
    var text: String { value.map { String(decoding: $0.rawBytes, as: UTF8.self) } ?? "" }
}
