package import LedgerCore
package import LedgerStorage

/// A journal entry as it is delivered. Cheap to copy: its bytes are shared by all endpoints.
package struct JournalEvent: Sendable {
    package var seq: UInt64
    /// `evt_…` on the wire.
    package var id: ULID
    package var type: EventType
    /// The body behind the type's name: what a delivery sends is `{"type":"`, the name, and this.
    package var rest: [UInt8]
    /// What it asks of the dispatcher, when it is such an entry.
    package var replay: ReplayRequest?

    package init(seq: UInt64, id: ULID, type: EventType, rest: [UInt8], replay: ReplayRequest? = nil) {
        self.seq = seq
        self.id = id
        self.type = type
        self.rest = rest
        self.replay = replay
    }

    /// The body under the name that the endpoint knows the event by.
    package func body(named name: String) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(JournalEvent.opening.count + name.utf8.count + rest.count)
        body.append(contentsOf: JournalEvent.opening)
        body.append(contentsOf: name.utf8)
        body.append(contentsOf: rest)
        return body
    }

    /// What stands before the type's name in every event.
    package static let opening = Array(#"{"type":""#.utf8)

    /// From an event as the feed shows it.
    ///
    /// - Parameter json: must begin with `opening` and the type's own name; nil otherwise.
    package init?(seq: UInt64, id: ULID, type: EventType, json: [UInt8], replay: ReplayRequest? = nil) {
        let name = Array(type.name.utf8)
        let start = JournalEvent.opening.count
        guard json.count > start + name.count, json.starts(with: JournalEvent.opening),
            json[start..<(start + name.count)].elementsEqual(name)
        else { return nil }
        self.init(seq: seq, id: id, type: type, rest: Array(json[(start + name.count)...]), replay: replay)
    }
}

/// A delivery to be sent now.
package struct Sending: Sendable {
    package var id: DeliveryID
    package var endpoint: WebhookEndpoint
    package var event: JournalEvent
    /// The name that the event goes by at this endpoint.
    package var name: String
    /// Whether it was never tried before.
    package var isFirst: Bool

    package init(id: DeliveryID, endpoint: WebhookEndpoint, event: JournalEvent, name: String, isFirst: Bool) {
        self.id = id
        self.endpoint = endpoint
        self.event = event
        self.name = name
        self.isFirst = isFirst
    }
}
