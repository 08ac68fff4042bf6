package import LedgerCore
package import WireSchema

/// A made-up event for trying an endpoint out: of any type, those included that nothing brings about yet. It has the
/// shape of a real one; its `seq` is 0, which no entry has.
package struct EventSample: WireObject {
    package var type = ""
    package var id = WireID<EventPrefix>()
    package var timestamp: Int64 = 0
    package var seq: Int64 = 0
    package var data = RawJSON.empty

    package init() {}

    package static let schemaName = "EventSample"
    package static let schemaDoc = "A made-up event of some type."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("type", &value.type, .string(1...64))
        v.required("id", &value.id, .text(WireID<EventPrefix>.self))
        v.required("timestamp", &value.timestamp, .timestamp(.milliseconds))
        v.required("seq", &value.seq, .integer)
        v.required("data", &value.data, .freeObject(maxBytes: 8_192))
    }

    /// - Parameters:
    ///   - name: the type's, or one of its aliases.
    ///   - webhook: the endpoint that it is sent to, which events about endpoints show.
    package init(_ type: EventType, named name: String, id: ULID, at now: Instant, to webhook: WebhookEndpoint) {
        self.type = name
        self.id = WireID(id)
        timestamp = now.milliseconds
        data = RawJSON(bytes: EventSample.data(of: type, at: now, to: webhook))
    }

    private static func data(of type: EventType, at now: Instant, to webhook: WebhookEndpoint) -> [UInt8] {
        switch type {
        case .itemCreated, .itemUpdated: item(at: now).jsonBytes()
        case .itemArchived: archived(item(at: now), at: now).jsonBytes()
        case .locationCreated, .locationUpdated: location(at: now).jsonBytes()
        case .locationArchived: archived(location(at: now), at: now).jsonBytes()
        case .movementRecorded: movement(at: now).jsonBytes()
        case .stockSettingsUpdated: settings().jsonBytes()
        case .stockLow: alert(after: 19).jsonBytes()
        case .stockOut: alert(after: 0).jsonBytes()
        case .webhookCreated, .webhookUpdated, .webhookDisabled, .webhookEnabled, .webhookDeleted,
            .webhookSecretRotated:
            WebhookView(inEvent: webhook).jsonBytes()
        case .webhookReplayRequested: replay(to: webhook).jsonBytes()
        case .shipmentCreated: ShipmentSample().jsonBytes()
        case .grnCompleted: GoodsReceiptSample().jsonBytes()
        case .dayEndClosed: DayEndSample().jsonBytes()
        case .lotExpiring: LotSample().jsonBytes()
        }
    }

    // MARK: Data of the types that there are

    private static let sampleID = ULID("01J9X3YB2KQ8M4T6V7W8X9Y0ZA") ?? .zero

    private static func item(at now: Instant) -> ItemView {
        var item = ItemView()
        item.id = WireID(sampleID)
        item.sku = "SKU-0042"
        item.name = "Blue Widget 500ml"
        item.price = 15_500_000
        item.reorderPoint = 20
        item.createdAt = now.milliseconds
        item.updatedAt = now.milliseconds
        return item
    }

    private static func archived(_ item: ItemView, at now: Instant) -> ItemView {
        var item = item
        item.archivedAt = now.milliseconds
        return item
    }

    private static func location(at now: Instant) -> LocationView {
        var location = LocationView()
        location.id = WireID(sampleID)
        location.code = "SEA-1"
        location.name = "Seattle"
        location.type = "warehouse"
        location.timeZone = "America/Los_Angeles"
        location.isDefault = true
        location.createdAt = now.milliseconds
        location.updatedAt = now.milliseconds
        return location
    }

    private static func archived(_ location: LocationView, at now: Instant) -> LocationView {
        var location = location
        location.isDefault = false
        location.archivedAt = now.milliseconds
        return location
    }

    private static func movement(at now: Instant) -> MovementEventData {
        var movement = MovementEventData()
        movement.movement = WireID(sampleID)
        movement.item = WireID(sampleID)
        movement.sku = "SKU-0042"
        movement.location = WireID(sampleID)
        movement.code = "SEA-1"
        movement.delta = -12
        movement.before = 1_208
        movement.after = 1_196
        movement.type = .sale
        movement.reason = "order_shipped"
        movement.reference = "ord_8J2kP"
        movement.value = -30_000_000
        movement.stockValue = 2_990_000_000
        movement.occurredAt = now.milliseconds
        movement.actor = WireID(sampleID)
        return movement
    }

    private static func settings() -> StockSettingsData {
        var settings = StockSettingsData()
        settings.item = WireID(sampleID)
        settings.sku = "SKU-0042"
        settings.location = WireID(sampleID)
        settings.code = "SEA-1"
        settings.price = 16_990_000
        settings.safetyStock = 15
        return settings
    }

    private static func alert(after: Int64) -> StockAlertData {
        var alert = StockAlertData()
        alert.item = WireID(sampleID)
        alert.sku = "SKU-0042"
        alert.location = WireID(sampleID)
        alert.code = "SEA-1"
        alert.before = after + 12
        alert.after = after
        alert.reorderPoint = 20
        alert.movementSeq = 41
        return alert
    }

    private static func replay(to webhook: WebhookEndpoint) -> ReplayEventData {
        var replay = ReplayEventData()
        replay.replay = WireID(sampleID)
        replay.webhook = WireID(webhook.id)
        replay.fromSeq = 1
        replay.toSeq = 42
        return replay
    }
}
