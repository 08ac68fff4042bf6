import Foundation
import NIOCore
import NIOHTTP1
import Synchronization

/// A naive ledger behind the stub server: enough of the contract for an importer to be judged by it. Every key is
/// kept for ever, stock never goes below zero, items and locations must exist.
final class LedgerDouble: Sendable {
    /// What a movement was when it was recorded.
    struct Recorded: Hashable, Sendable {
        var key: String
        var item: String
        var location: String
        var target: String?
        var kind: String
        var quantity: Int64
        var reason: String?
        var reference: String?
        var note: String?
        var unitCost: String?
        var occurredAt: String?
    }

    private struct State {
        var items: [String: String] = [:]
        var locations: [String] = []
        var onHand: [String: Int64] = [:]
        var movements: [Recorded] = []
        /// Result by idempotency key: status and problem code.
        var results: [String: (status: Int, code: String?)] = [:]
        var createdKeys: Set<String> = []
        var batches: [Int] = []
    }

    private let state = Mutex(State())

    var movements: [Recorded] { state.withLock { $0.movements } }
    var items: [String: String] { state.withLock { $0.items } }
    var locations: [String] { state.withLock { $0.locations } }
    /// Movements in each batch that came, replays included.
    var batches: [Int] { state.withLock { $0.batches } }
    func onHand(_ item: String, _ location: String) -> Int64 {
        state.withLock { $0.onHand["\(item)@\(location)"] ?? 0 }
    }

    func answer(_ request: StubRequest) -> StubReply {
        let body = Data(request.body.readableBytesView)
        guard let json = try? JSONSerialization.jsonObject(with: body) as? [String: Any] else {
            return .json(400, #"{"code":"malformed_json","detail":"the body is no JSON"}"#)
        }
        return state.withLock { state in
            switch request.path {
            case "/inventory/v1/items", "/inventory/v1/locations": Self.create(json, request, &state)
            case "/inventory/v1/movements/batch": Self.batch(json, &state)
            default: .json(404, #"{"code":"not_found","detail":"no such route"}"#)
            }
        }
    }

    private static func create(_ json: [String: Any], _ request: StubRequest, _ state: inout State) -> StubReply {
        guard let key = request.headers.first(name: "Idempotency-Key") else {
            return .json(400, #"{"code":"idempotency_key_required","detail":"no key"}"#)
        }
        if state.createdKeys.contains(key) { return .json(201, "{}") }
        if let sku = json["sku"] as? String {
            if state.items[sku] != nil { return .json(409, #"{"code":"sku_taken","detail":"taken"}"#) }
            state.items[sku] = json["name"] as? String ?? ""
        } else if let code = json["code"] as? String {
            if state.locations.contains(code) { return .json(409, #"{"code":"code_taken","detail":"taken"}"#) }
            state.locations.append(code)
        }
        state.createdKeys.insert(key)
        return .json(201, "{}")
    }

    private static func batch(_ json: [String: Any], _ state: inout State) -> StubReply {
        guard let movements = json["movements"] as? [[String: Any]], json["atomic"] as? Bool == false,
            (1...1000).contains(movements.count)
        else { return .json(422, #"{"code":"validation_failed","detail":"not a batch"}"#) }
        // A note that is too long spoils the whole request, as a schema would see it.
        if let place = movements.firstIndex(where: { ($0["note"] as? String ?? "").count > 500 }) {
            return .json(
                422,
                #"{"code":"validation_failed","detail":"invalid","errors":[{"pointer":"/movements/\#(place)/note","#
                    + #""message":"too long"}]}"#
            )
        }
        state.batches.append(movements.count)
        var results: [String] = []
        var (recorded, replayed, refused) = (0, 0, 0)
        for (index, movement) in movements.enumerated() {
            let key = movement["idempotency_key"] as? String ?? ""
            let isReplay = state.results[key] != nil
            let result = state.results[key] ?? record(movement, key, &state)
            state.results[key] = result
            var text =
                #"{"index":\#(index),"idempotency_key":"\#(key)","status":\#(result.status),"replayed":\#(isReplay)"#
            if let code = result.code {
                refused += 1
                text += #","problem":{"type":"about:blank","code":"\#(code)","detail":"says \"\#(code)\", {[as is]}"}}"#
            } else {
                if isReplay { replayed += 1 } else { recorded += 1 }
                text += #","movement":{"id":"mov_1","on_hand":1,"note":"}],\\\""}}"#
            }
            results.append(text)
        }
        return .json(
            200,
            #"{"recorded":\#(recorded),"replayed":\#(replayed),"refused":\#(refused),"#
                + #""results":[\#(results.joined(separator: ","))]}"#
        )
    }

    private static func record(
        _ movement: [String: Any], _ key: String, _ state: inout State
    ) -> (status: Int, code: String?) {
        let item = movement["item_id"] as? String ?? ""
        let location = movement["location_id"] as? String ?? state.locations.first ?? ""
        guard state.items[item] != nil else { return (404, "item_not_found") }
        guard state.locations.contains(location) else { return (404, "location_not_found") }
        guard let quantity = (movement["qty"] as? NSNumber)?.int64Value, quantity != 0 else {
            return (422, "quantity_zero")
        }
        let kind = movement["type"] as? String ?? ""
        let target = movement["to_location_id"] as? String
        let change = kind == "transfer" ? -quantity : quantity
        let pair = "\(item)@\(location)"
        guard state.onHand[pair, default: 0] + change >= 0 else { return (422, "insufficient_stock") }
        state.onHand[pair, default: 0] += change
        if let target { state.onHand["\(item)@\(target)", default: 0] -= change }
        state.movements.append(
            Recorded(
                key: key, item: item, location: location, target: target, kind: kind, quantity: quantity,
                reason: movement["reason"] as? String, reference: movement["reference"] as? String,
                note: movement["note"] as? String, unitCost: movement["unit_cost"] as? String,
                occurredAt: movement["occurred_at"] as? String))
        return (201, nil)
    }
}
