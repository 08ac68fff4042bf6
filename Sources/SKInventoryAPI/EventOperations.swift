import HTTPInterface
import WireSchema

/// The journal, under this API's path.
extension SKInventoryAPI {
    static let eventOperations: [APIOperation] = [
        EventOperations.list(id: "listInventoryEvents", path: "/inventory/v1/events"),
        EventOperations.stream(id: "streamInventoryEvents", path: "/inventory/v1/events/stream"),
        EventOperations.get(id: "getInventoryEvent", path: "/inventory/v1/events/{id}"),
    ]
}
