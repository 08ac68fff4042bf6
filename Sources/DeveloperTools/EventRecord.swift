package import WireSchema

/// An event as the feed shows it, and what of it is shown in a line.
package struct EventRecord: Sendable {
    package var seq: Int64
    package var id: String
    package var type: String
    package var timestamp: String
    package let data: JSONValue
    /// Its very bytes.
    package let json: [UInt8]
    private let place: JSONIndex

    /// - Throws: `DeveloperError.answer` when the value is no event.
    package init(_ value: JSONValue) throws(DeveloperError) {
        guard let seq = try? value["seq"]?.integer(), let id = value["id"]?.string, let type = value["type"]?.string,
            let data = value["data"]
        else { throw .answer("an event has no seq, id, type or data") }
        self.seq = seq
        self.id = id
        self.type = type
        timestamp = value["timestamp"]?.string ?? ""
        self.data = data
        json = Array(value.rawBytes)
        place = value.index
    }

    /// What it is about, in a few words: `SKU-0042 at SEA-1 -12 → 8`.
    package var subject: String {
        if let sku = data["sku"]?.string, let code = data["warehouse"]?.string {
            let change = data["delta"]?.numberText.map { " \($0.hasPrefix("-") ? "" : "+")\($0)" } ?? ""
            let onHand = data["on_hand"]?.numberText.map { " → \($0)" } ?? ""
            return "\(sku) at \(code)\(change)\(onHand)"
        }
        return data["sku"]?.string ?? data["code"]?.string ?? data["url"]?.string ?? data["webhook_id"]?.string ?? ""
    }

    /// On lines, for people.
    package var pretty: String {
        var text = data.document.prettyBytes(of: place)
        while text.last == UInt8(ascii: "\n") { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }

    /// Whether it is about something with one of these ids.
    func concerns(_ ids: Set<String>) -> Bool {
        // What happens to an item is the item's, wherever it happens.
        let names = data["item_id"] == nil ? ["id", "webhook_id"] : ["item_id"]
        return names.contains { name in data[name]?.string.map(ids.contains) ?? false }
    }
}
