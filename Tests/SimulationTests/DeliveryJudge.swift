import Crypto
import Foundation

/// Says what an endpoint was promised and did not get.
struct DeliveryJudge {
    let receiver: Receiver
    let journal: [Document]
    /// Ids of its events that were given up.
    let dead: Set<String>

    /// The endpoint's own creation. The journal shows of its URL only where it leads.
    private var beginning: Document? {
        journal.first { event in
            event["type"].string == "webhook.created"
                && event["data"]["url"].string?.hasPrefix("https://\(receiver.host)/") == true
        }
    }

    /// The events that the endpoint is owed: from its own creation on, of the types it has asked for.
    private var owed: [String: Document] {
        guard let beginning else { return [:] }
        let wantsAll = beginning["data"]["events"].array.first?.string == "*"
        let first = beginning["seq"].integer ?? 0
        let events = journal.filter { event in
            let type = event["type"].string ?? ""
            guard event["seq"].integer ?? 0 > first else { return false }
            return wantsAll || type.hasPrefix("movement.") || type == "stock.out"
        }
        return Dictionary(events.map { ($0["id"].string ?? "", $0) }) { $1 }
    }

    /// Whether everything has arrived or was given up.
    var isComplete: Bool {
        let arrived = Set(receiver.deliveries.map(\.id)).union(dead)
        return owed.keys.allSatisfy(arrived.contains)
    }

    func run() -> [String] {
        var violations: [String] = []
        let all = Dictionary(journal.map { ($0["id"].string ?? "", $0) }) { $1 }
        var arrived = dead
        if beginning == nil { violations.append("an endpoint is not in the journal: \(receiver.host)") }
        for delivery in receiver.deliveries {
            if all[delivery.id] == nil {
                violations.append("an event was delivered that the journal has not: \(delivery.id)")
            } else if all[delivery.id]?.bytes != delivery.body {
                violations.append("an event was delivered with another content: \(delivery.id)")
            }
            arrived.insert(delivery.id)
            if !isSigned(delivery) { violations.append("a signature does not fit the bytes: \(delivery.id)") }
        }
        let missing = owed.keys.filter { !arrived.contains($0) }
        if !missing.isEmpty {
            violations.append("events were not delivered: \(missing.sorted()) to \(receiver.host)")
        }
        return violations
    }

    /// Standard Webhooks: HMAC-SHA256 over id, timestamp and the bytes of the body.
    private func isSigned(_ delivery: Receiver.Delivery) -> Bool {
        guard let key = Data(base64Encoded: String(receiver.secret.dropFirst("whsec_".count))) else { return false }
        var message = Array("\(delivery.id).\(delivery.timestamp).".utf8)
        message += delivery.body
        let code = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key))
        return delivery.signature == "v1,\(Data(code).base64EncodedString())"
    }
}
