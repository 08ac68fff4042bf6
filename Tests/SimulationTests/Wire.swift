import Foundation
import LedgerCore
import NIOHTTP1

/// A request of a simulated client.
struct WireRequest: Sendable {
    var method: HTTPMethod
    var target: String
    var body = ""
    var idempotencyKey: String?
    var requestID: String

    var path: Substring { target.prefix { $0 != "?" } }
    var query: Substring { target.dropFirst(path.count + 1) }
}

/// What a client got.
struct WireAnswer: Sendable, Hashable {
    var status: Int
    var body: [UInt8]
    var isReplay: Bool

    var text: String { String(decoding: body, as: UTF8.self) }
    var document: Document { Document(parsing: body) }
}

/// What came of a request.
enum Reply: Sendable {
    case answer(WireAnswer)
    /// Nobody knows.
    case lost
}

/// JSON as a judge reads it.
struct Document: @unchecked Sendable {
    /// @unchecked Sendable: never changed once it is parsed.
    private let value: Any?
    /// As it came, where it came by itself.
    let bytes: [UInt8]

    init(parsing bytes: [UInt8]) {
        self.bytes = bytes
        value = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
    }

    private init(_ value: Any?) {
        self.value = value
        bytes = []
    }

    /// The rows of a page `{"data":[…],…}`, each with its own bytes.
    static func rows(ofPage page: [UInt8]) -> [Document] {
        var rows: [Document] = []
        var depth = 0
        var start = 0
        var isInString = false
        var isEscaped = false
        for (index, byte) in page.enumerated() {
            if isInString {
                if byte == UInt8(ascii: "\""), !isEscaped { isInString = false }
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth == 3 { start = index }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 3 { rows.append(Document(parsing: Array(page[start...index]))) }
                depth -= 1
            default: break
            }
        }
        return rows
    }

    subscript(name: String) -> Document { Document((value as? [String: Any])?[name]) }
    var array: [Document] { (value as? [Any] ?? []).map { Document($0) } }
    var string: String? { value as? String }
    var integer: Int64? { (value as? NSNumber)?.int64Value }
    var boolean: Bool? { value as? Bool }

    /// The same for the same value.
    var canonical: String {
        guard let value,
            let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    /// A decimal with six places as micro-units.
    var micros: Int128? {
        guard let string else { return nil }
        let parts = string.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1].utf8.count == 6 else { return nil }
        return Int128(parts.joined())
    }
}

extension Write {
    static func sku(_ item: Int) -> String { "SKU-\(item)" }
    static func code(_ place: Int) -> String { "WH-\(place)" }

    private static func decimal(_ micros: Int64) -> String {
        let digits = String(micros)
        let padded = String(repeating: "0", count: max(0, 7 - digits.count)) + digits
        return "\(padded.dropLast(6)).\(padded.suffix(6))"
    }

    /// As `POST /inventory/v1/movements` takes it, perhaps with a line's key.
    func json(key: String? = nil) -> String {
        let quantity = kind == .transfer ? abs(quantity) : quantity
        var text = #"{"item_id":"\#(Write.sku(item))","location_id":"\#(Write.code(place))","type":"\#(kind.rawValue)""#
        text += #","qty":\#(quantity)"#
        if let unitCost { text += #","unit_cost":"\#(Write.decimal(unitCost))""# }
        if kind == .transfer { text += #","to_location_id":"\#(Write.code(target))""# }
        if let key { text += #","idempotency_key":"\#(key)""# }
        return text + "}"
    }

    /// As `POST /v1/inventory/ledger` takes it.
    var skutrail: String {
        let amount = kind == .sale ? #""delta":\#(quantity)"# : #""qty":\#(-quantity)"#
        return
            #"{"sku":"\#(Write.sku(item))","warehouse":"\#(Write.code(place))",\#(amount),"reason":"\#(kind.rawValue)"}"#
    }
}
