package import WireSchema

/// What an event about a movement says: enough that a receiver never has to call back.
package struct MovementEventData: WireObject {
    package var movement = WireID<MovementPrefix>()
    package var item = WireID<ItemPrefix>()
    package var sku = ""
    package var location = WireID<LocationPrefix>()
    package var code = ""
    package var delta: Int64 = 0
    package var before: Int64 = 0
    package var after: Int64 = 0
    package var type = MovementType.adjustment
    package var reason = ""
    package var reference: String?
    package var note: String?
    package var value: Int64 = 0
    package var variance: Int64 = 0
    package var stockValue: Int64 = 0
    package var target: TransferTargetData?
    package var receipt: WireID<MovementPrefix>?
    package var occurredAt: Int64 = 0
    package var actor: WireID<KeyPrefix>?

    package init() {}

    package static let schemaName = "MovementEventData"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("movement_id", &value.movement, .text(WireID<MovementPrefix>.self))
        v.required("item_id", &value.item, .text(WireID<ItemPrefix>.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("location_id", &value.location, .text(WireID<LocationPrefix>.self))
        v.required("warehouse", &value.code, .string(1...64), doc: "The location's code.")
        v.required("delta", &value.delta, .integer, doc: "Base units, signed at the location.")
        v.required("on_hand_before", &value.before, .integer)
        v.required("on_hand", &value.after, .integer)
        v.required("type", &value.type, .oneOf(MovementType.self))
        v.required("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128), whenNil: .null)
        v.optional("note", &value.note, .string(0...500, lines: true), whenNil: .null)
        v.required("value", &value.value, .decimal(), doc: "What the movement added to the location's stock value.")
        v.required("variance", &value.variance, .decimal())
        v.required("stock_value", &value.stockValue, .decimal(), doc: "The location's stock value afterwards.")
        v.optional("to", &value.target, .object(TransferTargetData.self))
        v.optional("receipt_id", &value.receipt, .text(WireID<MovementPrefix>.self))
        v.required("occurred_at", &value.occurredAt, .timestamp(.milliseconds))
        v.optional("recorded_by", &value.actor, .text(WireID<KeyPrefix>.self), whenNil: .null)
    }
}

/// Where a transfer arrived.
package struct TransferTargetData: WireObject {
    package var location = WireID<LocationPrefix>()
    package var code = ""
    package var before: Int64 = 0
    package var after: Int64 = 0
    package var value: Int64 = 0
    package var variance: Int64 = 0
    package var stockValue: Int64 = 0

    package init() {}

    package static let schemaName = "TransferTargetData"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("location_id", &value.location, .text(WireID<LocationPrefix>.self))
        v.required("warehouse", &value.code, .string(1...64))
        v.required("on_hand_before", &value.before, .integer)
        v.required("on_hand", &value.after, .integer)
        v.required("value", &value.value, .decimal())
        v.required("variance", &value.variance, .decimal())
        v.required("stock_value", &value.stockValue, .decimal())
    }
}

/// What `stock_settings.updated` says: everything that is set there now.
package struct StockSettingsData: WireObject {
    package var item = WireID<ItemPrefix>()
    package var sku = ""
    package var location = WireID<LocationPrefix>()
    package var code = ""
    package var price: Int64?
    package var cost: Int64?
    package var isAvailable = true
    package var safetyStock: Int64 = 0

    package init() {}

    package static let schemaName = "StockSettingsData"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("item_id", &value.item, .text(WireID<ItemPrefix>.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("location_id", &value.location, .text(WireID<LocationPrefix>.self))
        v.required("warehouse", &value.code, .string(1...64), doc: "The location's code.")
        v.optional(
            "price", &value.price, .decimal(), whenNil: .null, doc: "The selling price here; null: the item's.")
        v.optional("cost", &value.cost, .decimal(), whenNil: .null, doc: "The cost price here; null: the average.")
        v.required("available", &value.isAvailable, .boolean, doc: "Whether it is for sale here.")
        v.required("safety_stock", &value.safetyStock, .integer, doc: "Base units that are never offered.")
    }
}

/// What `stock.low` and `stock.out` say.
package struct StockAlertData: WireObject {
    package var item = WireID<ItemPrefix>()
    package var sku = ""
    package var location = WireID<LocationPrefix>()
    package var code = ""
    package var before: Int64 = 0
    package var after: Int64 = 0
    package var reorderPoint: Int64?
    package var movementSeq: Int64 = 0

    package init() {}

    package static let schemaName = "StockAlertData"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("item_id", &value.item, .text(WireID<ItemPrefix>.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("location_id", &value.location, .text(WireID<LocationPrefix>.self))
        v.required("warehouse", &value.code, .string(1...64))
        v.required("on_hand_before", &value.before, .integer)
        v.required("on_hand", &value.after, .integer)
        v.optional("reorder_point", &value.reorderPoint, .integer, whenNil: .null)
        v.required("movement_seq", &value.movementSeq, .integer, doc: "The movement that crossed the threshold.")
    }
}
