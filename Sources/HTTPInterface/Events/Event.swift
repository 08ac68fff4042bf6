package import LedgerCore
package import LedgerEngine
package import WireSchema

/// A journal entry as everybody sees it: the events feed, webhooks and the live tail show the same bytes.
package struct Event: WireObject {
    package var type = ""
    package var id = WireID<EventPrefix>()
    package var timestamp: Int64 = 0
    package var seq: Int64 = 0
    package var data = EventData.item(ItemView())

    package init() {}

    package static let schemaName = "Event"
    package static let schemaDoc =
        "A state change: an entry of the journal. Its bytes are the same wherever it is shown."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("type", &value.type, .string(1...64), example: #""movement.recorded""#)
        v.required(
            "id", &value.id, .text(WireID<EventPrefix>.self), doc: "The same on every delivery: deduplicate on it.")
        v.required("timestamp", &value.timestamp, .timestamp(.milliseconds), doc: "When it was recorded.")
        v.required("seq", &value.seq, .integer, doc: "Its place in the realm's ledger: 1, 2, 3 … without a gap.")
        v.required("data", &value.data, EventDataKind(), doc: "What happened; which members there are is the type's.")
    }
}

/// What an event says, by its type.
package enum EventData: Sendable {
    case item(ItemView)
    case location(LocationView)
    case movement(MovementEventData)
    case settings(StockSettingsData)
    case alert(StockAlertData)
    case webhook(WebhookView)
    case replay(ReplayEventData)
}

/// One of the types of data; written only.
package struct EventDataKind: WireKind {
    package func read(_ index: JSONIndex, from source: inout WireSource) -> EventData? {
        source.report(WireMistake(.invalidValue, "must not be sent: events are only read"), at: index)
        return nil
    }

    package func write(_ value: EventData, to writer: inout JSONWriter) {
        switch value {
        case .item(let item): ObjectKind<ItemView>().write(item, to: &writer)
        case .location(let location): ObjectKind<LocationView>().write(location, to: &writer)
        case .movement(let movement): ObjectKind<MovementEventData>().write(movement, to: &writer)
        case .settings(let settings): ObjectKind<StockSettingsData>().write(settings, to: &writer)
        case .alert(let alert): ObjectKind<StockAlertData>().write(alert, to: &writer)
        case .webhook(let webhook): ObjectKind<WebhookView>().write(webhook, to: &writer)
        case .replay(let replay): ObjectKind<ReplayEventData>().write(replay, to: &writer)
        }
    }

    package func schema(_ collector: inout SchemaCollector) -> SchemaNode {
        let choices = [
            collector.reference(ItemView.self), collector.reference(LocationView.self),
            collector.reference(MovementEventData.self), collector.reference(StockSettingsData.self),
            collector.reference(StockAlertData.self),
            collector.reference(WebhookView.self), collector.reference(ReplayEventData.self),
        ]
        var node = SchemaNode(types: [])
        node.add("anyOf", .array(choices.map(\.json)))
        return node
    }
}

extension Event {
    /// The entry as an event. Names come from the catalogue; SKUs and codes never change, so that the bytes never do.
    package init(_ entry: Entry, in ledger: CommittedLedger) {
        type = entry.change.type
        id = WireID(entry.id)
        timestamp = entry.recordedAt.milliseconds
        seq = Int64(clamping: entry.seq)
        switch entry.change {
        case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item):
            data = .item(ItemView(item))
        case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
            data = .location(LocationView(location))
        case .movementRecorded(let movement):
            data = .movement(MovementEventData(movement, of: entry, in: ledger))
        case .stockSettingsChanged(let change):
            data = .settings(StockSettingsData(change, in: ledger))
        case .stockLow(let alert), .stockOut(let alert):
            data = .alert(StockAlertData(alert, in: ledger))
        case .webhookChanged(_, let webhook):
            data = .webhook(WebhookView(inEvent: webhook))
        case .replayRequested(let replay):
            data = .replay(ReplayEventData(replay, id: entry.id, in: ledger))
        }
    }
}

extension Event {
    /// The entries' events as bytes, the same wherever they are shown.
    package static func json(of entries: [Entry], in ledger: RealmLedger) -> [[UInt8]] {
        var events: [Event] = []
        events.reserveCapacity(entries.count)
        var rest = entries[...]
        while !rest.isEmpty {
            // In pieces, since the writer waits for this lock; rendered outside of it.
            let piece = rest.prefix(64)
            ledger.withCommitted { catalogue in
                for entry in piece { events.append(Event(entry, in: catalogue)) }
            }
            rest = rest.dropFirst(64)
        }
        return events.map { $0.jsonBytes(capacity: 768) }
    }
}

extension MovementEventData {
    init(_ movement: Movement, of entry: Entry, in ledger: CommittedLedger) {
        let item = ledger.itemName(movement.item)
        let location = ledger.locationName(movement.location)
        self.movement = WireID(entry.id)
        self.item = WireID(item?.id ?? .zero)
        sku = item?.sku ?? ""
        self.location = WireID(location?.id ?? .zero)
        code = location?.code ?? ""
        delta = movement.quantity
        before = movement.after.onHand &- movement.quantity
        after = movement.after.onHand
        type = MovementType(movement.kind)
        reason = movement.reason
        reference = movement.reference
        note = movement.note
        value = movement.valueChange
        variance = movement.variance
        stockValue = movement.after.value
        target = movement.target.map { TransferTargetData($0, quantity: 0 &- movement.quantity, in: ledger) }
        receipt = movement.receipt.map { WireID($0) }
        occurredAt = (movement.occurredAt ?? entry.recordedAt).milliseconds
        actor = entry.actor.map { WireID($0) }
    }
}

extension TransferTargetData {
    init(_ leg: TransferLeg, quantity: Int64, in ledger: CommittedLedger) {
        let location = ledger.locationName(leg.location)
        self.location = WireID(location?.id ?? .zero)
        code = location?.code ?? ""
        before = leg.after.onHand &- quantity
        after = leg.after.onHand
        value = leg.valueChange
        variance = leg.variance
        stockValue = leg.after.value
    }
}

extension StockSettingsData {
    init(_ change: StockSettingsChange, in ledger: CommittedLedger) {
        let item = ledger.itemName(change.level.item)
        let location = ledger.locationName(change.level.location)
        self.item = WireID(item?.id ?? .zero)
        sku = item?.sku ?? ""
        self.location = WireID(location?.id ?? .zero)
        code = location?.code ?? ""
        price = change.settings.price
        cost = change.settings.cost
        isAvailable = change.settings.isAvailable
        safetyStock = change.settings.safetyStock
    }
}

extension StockAlertData {
    init(_ alert: StockAlert, in ledger: CommittedLedger) {
        let item = ledger.itemName(alert.item)
        let location = ledger.locationName(alert.location)
        self.item = WireID(item?.id ?? .zero)
        sku = item?.sku ?? ""
        self.location = WireID(location?.id ?? .zero)
        code = location?.code ?? ""
        before = alert.before
        after = alert.after
        reorderPoint = alert.reorderPoint
        movementSeq = Int64(clamping: alert.movementSeq)
    }
}
