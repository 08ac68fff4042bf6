import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// A naive server of both bulk endpoints behind the stub: enough of their contracts for an importer to be judged by it.
/// Every key is kept for ever; items and locations must exist; a quantity below zero is refused.
final class StockDouble: Sendable {
    /// One bulk request that came, replays included.
    struct Request: Sendable {
        var path: String
        var key: String
        /// Its lines, each as JSON with sorted members.
        var lines: [String]
        var isReplay: Bool
    }

    private struct State {
        var items: [String: String] = [:]
        var locations: [String: String] = [:]
        var levels: [String: String] = [:]
        var requests: [Request] = []
        var stored: [String: (status: Int, text: String)] = [:]
        var creations = 0
    }

    private let state = Mutex(State())
    /// SKUs that can't be created.
    private let refusedSKUs: Set<String>

    init(refusing refusedSKUs: Set<String> = []) {
        self.refusedSKUs = refusedSKUs
    }

    /// What was sent to create them, as JSON with sorted members, by SKU or code.
    var items: [String: String] { state.withLock { $0.items } }
    var locations: [String: String] { state.withLock { $0.locations } }
    var requests: [Request] { state.withLock { $0.requests } }
    /// Requests to create something.
    var creations: Int { state.withLock { $0.creations } }
    /// Members of a level, without its names, as JSON with sorted members.
    func level(_ item: String, _ location: String) -> String? { state.withLock { $0.levels["\(item)_\(location)"] } }
    func set(_ item: String, _ location: String, _ level: String) {
        state.withLock { $0.levels["\(item)_\(location)"] = level }
    }

    func answer(_ request: StubRequest) -> StubReply {
        guard
            let json = try? JSONSerialization.jsonObject(with: Data(request.body.readableBytesView)) as? [String: Any],
            let key = request.headers.first(name: "Idempotency-Key")
        else { return .json(400, #"{"code":400,"error":"no JSON, or no key"}"#) }
        return state.withLock { state in
            if request.path.hasPrefix("/inventory/v1/") { state.creations += 1 }
            let lines = (json["updates"] ?? json["skus"]) as? [[String: Any]]
            let stored = state.stored[key]
            if let lines {
                state.requests.append(
                    Request(path: request.path, key: key, lines: lines.map(Self.text), isReplay: stored != nil))
            }
            if let stored {
                return .json(stored.status, stored.text, headers: [("Idempotent-Replayed", "true")])
            }
            let (status, text) =
                switch request.path {
                case "/inventory/v1/items": create(json, &state.items, "sku")
                case "/inventory/v1/locations": create(json, &state.locations, "code")
                case "/api/inventory/bulk": Self.seller(lines ?? [], &state)
                case "/api/v1/skus/bulk": Self.linkit(lines ?? [], json, &state)
                default: (404, "{}")
                }
            if ![400, 422].contains(status) { state.stored[key] = (status, text) }
            return .json(status, text)
        }
    }

    private func create(
        _ json: [String: Any], _ things: inout [String: String], _ member: String
    ) -> (Int, String) {
        let name = json[member] as? String ?? ""
        if refusedSKUs.contains(name) { return (422, #"{"code":"validation_failed","detail":"no such name"}"#) }
        if things[name] != nil { return (409, #"{"code":"\#(member)_taken","detail":"taken"}"#) }
        things[name] = Self.text(json)
        return (201, "{}")
    }

    private static func seller(_ lines: [[String: Any]], _ state: inout State) -> (Int, String) {
        guard (1...500).contains(lines.count) else {
            return (422, #"{"error":{"code":"VALIDATION_ERROR","message":"1 to 500 updates"}}"#)
        }
        var results: [String] = []
        for (index, line) in lines.enumerated() {
            let sku = line["sku"] as? String ?? ""
            let code = line["warehouse_id"] as? String ?? ""
            let quantity = (line["quantity"] as? NSNumber)?.int64Value ?? 0
            var head = #"{"index":\#(index),"sku":\#(text(sku)),"warehouse_id":"w","before_quantity":{"}":["]"]},"#
            if state.items[sku] == nil {
                head += #""status":"failed","error":{"code":"INVENTORY_NOT_FOUND","message":"no SKU \"it\""}}"#
            } else if state.locations[code] == nil {
                head += #""status":"failed","error":{"code":"WAREHOUSE_NOT_FOUND","message":"no warehouse"}}"#
            } else if quantity < 0 {
                head += #""status":"failed","error":{"code":"NEGATIVE_QUANTITY","message":"below 0"}}"#
            } else if state.levels["\(sku)_\(code)"] == "\(quantity)" {
                head += #""status":"unchanged","id":null}"#
            } else {
                state.levels["\(sku)_\(code)"] = "\(quantity)"
                head += #""status":"updated","id":"adj_1"}"#
            }
            results.append(head)
        }
        return (200, #"{"data":[\#(results.joined(separator: ","))],"meta":{"total":\#(lines.count)}}"#)
    }

    private static func linkit(_ lines: [[String: Any]], _ json: [String: Any], _ state: inout State) -> (Int, String) {
        guard (1...1_000).contains(lines.count), json["mode"] as? String == "upsert" else {
            return (422, #"{"code":422,"error":"Validation failed","details":{"skus":"1 to 1000"}}"#)
        }
        // Such a price spoils the whole request, as a number that is no JSON would.
        if lines.contains(where: { ($0["price"] as? NSNumber)?.stringValue == "666" }) {
            return (400, #"{"code":400,"error":"Malformed","details":{"place":3}}"#)
        }
        var errors: [String: String] = [:]
        for line in lines {
            let name = line["iv_id"] as? String ?? ""
            let product = line["product_iv_id"] as? String
            let branch = line["branch_iv_id"] as? String
            if let product, state.items[product] == nil {
                errors[name] = "Product \(product) not found"
            } else if let branch, state.locations[branch] == nil {
                errors[name] = "Branch \(branch) not found"
            } else if product == nil, state.levels[name] == nil {
                errors[name] = "SKU \(name) not found"
            } else {
                var members = line
                for name in ["iv_id", "product_iv_id", "branch_iv_id"] { members[name] = nil }
                state.levels[name] = text(members)
            }
        }
        return (
            200,
            #"{"success":true,"message":"Processed","data":{"succeeded":\#(lines.count - errors.count),"#
                + #""failed":\#(errors.count),"errors":\#(text(errors))},"timestamp":"2026-01-01T00:00:00Z"}"#
        )
    }

    private static func text(_ json: Any) -> String {
        let content = try? JSONSerialization.data(
            withJSONObject: json, options: [.sortedKeys, .fragmentsAllowed, .withoutEscapingSlashes])
        return String(decoding: content ?? Data(), as: UTF8.self)
    }
}
