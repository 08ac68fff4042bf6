package import HTTPInterface
import LedgerCore
package import WireSchema

/// The body of `POST /inventory/v1/movements`.
package struct MovementCreate: WireObject {
    package var item = WireItemReference()
    package var location: WireLocationReference?
    package var target: WireLocationReference?
    package var quantity: Int64 = 0
    package var type = MovementType.adjustment
    package var reason: String?
    package var reference: String?
    package var note: String?
    package var unitCost: Int64?
    package var lineTotal: Int64?
    package var receipt: WireID<MovementPrefix>?
    package var occurredAt: Int64?

    package init() {}

    package static let schemaName = "MovementCreate"
    package static let schemaDoc = "A movement to record: a receipt, sale, pick, return, adjustment or transfer."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "item_id", &value.item, .text(WireItemReference.self), doc: "The item, by id or SKU.",
            example: #""itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#)
        v.optional(
            "location_id", &value.location, .text(WireLocationReference.self),
            doc: "The location, by id or code. Without it: the realm's default location.")
        v.optional(
            "to_location_id", &value.target, .text(WireLocationReference.self),
            doc: "Where a transfer arrives, by id or code. Required for a transfer, refused for any other type.")
        v.required(
            "qty", &value.quantity, .integer(WireRanges.quantity),
            doc:
                """
                Base units: + for a receipt, − for a sale or pick, either sign for a return (+ from a customer, − \
                to a supplier) or an adjustment, + for a transfer.
                """,
            example: "-2")
        v.required("type", &value.type, .oneOf(MovementType.self), example: #""sale""#)
        v.optional(
            "reason", &value.reason, .string(1...64), doc: "Why, as a code of your own. Without it: the type.",
            example: #""order_fulfilled""#)
        v.optional(
            "reference", &value.reference, .string(1...128),
            doc: "What it belongs to, such as an order or invoice; movements can be listed by it.")
        v.optional("note", &value.note, .string(0...500, lines: true))
        v.optional(
            "unit_cost", &value.unitCost, .decimal(WireRanges.money),
            doc:
                """
                Cost of one item unit, for receipts, gains and supplier returns; any other movement is costed at \
                the weighted average.
                """,
            example: #""2.500000""#)
        v.optional(
            "line_total", &value.lineTotal, .decimal(WireRanges.money),
            doc: "Cost of the whole line, for a receipt; goes before unit_cost.")
        v.optional(
            "receipt_id", &value.receipt, .text(WireID<MovementPrefix>.self),
            doc: "The receipt whose cost a supplier return takes back.")
        v.optional(
            "occurred_at", &value.occurredAt, .timestamp(.milliseconds),
            doc: "When it happened, if not now. The ledger's order and costing follow the recording.")
    }
}

/// A movement in a batch: the same members and its own key.
package struct BatchLine: WireObject {
    package var movement = MovementCreate()
    package var idempotencyKey: String?

    package init() {}

    package static let schemaName = "BatchLine"
    package static let schemaDoc =
        """
        A movement with its own idempotency key: sent again, in any batch or alone to POST \
        /inventory/v1/movements, it is the same write.
        """

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional(
            "idempotency_key", &value.idempotencyKey, .string(1...255),
            doc: "Required unless the request has an Idempotency-Key header.", example: #""till-7-000123""#)
        MovementCreate.describe(&value.movement, with: &v)
    }
}

/// The body of `POST /inventory/v1/movements/batch`.
package struct BatchCreate: WireObject {
    package static let maximum = 1_000

    package var atomic = false
    package var lines: [WireLine<BatchLine>] = []

    package init() {}

    package static let schemaName = "MovementBatch"
    package static let schemaDoc = "Up to 1,000 movements, decided in order, each with its own result."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("atomic", &value.atomic, .boolean, doc: "All or nothing: a refused movement undoes the others.")
        v.required("movements", &value.lines, .lines(of: BatchLine.self, 1...maximum))
    }
}

/// A recorded movement.
package struct MovementView: WireObject {
    package var id = WireID<MovementPrefix>()
    package var item = WireID<ItemPrefix>()
    package var sku = ""
    package var location = WireID<LocationPrefix>()
    package var lot: String?
    package var quantity: Int64 = 0
    package var type = MovementType.adjustment
    package var reason = ""
    package var reference: String?
    package var note: String?
    package var unitCost: Int64 = 0
    package var value: Int64 = 0
    package var variance: Int64?
    package var onHand: Int64 = 0
    package var target: WireID<LocationPrefix>?
    package var targetOnHand: Int64?
    package var receipt: WireID<MovementPrefix>?
    package var occurredAt: Int64 = 0
    package var recordedAt: Int64 = 0
    package var seq: Int64 = 0

    package init() {}

    package static let schemaName = "Movement"
    package static let schemaDoc = "A movement as it was recorded. It never changes."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<MovementPrefix>.self))
        v.required("item_id", &value.item, .text(WireID<ItemPrefix>.self))
        v.required("location_id", &value.location, .text(WireID<LocationPrefix>.self))
        v.optional("lot_id", &value.lot, .string(1...64), whenNil: .null)
        v.required("qty", &value.quantity, .integer, doc: "Base units, signed; a transfer's magnitude.")
        v.required("type", &value.type, .oneOf(MovementType.self))
        v.required("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128), whenNil: .null)
        v.optional("note", &value.note, .string(0...500, lines: true), whenNil: .null)
        v.required("unit_cost", &value.unitCost, .decimal(), doc: "Cost of one item unit, as it was booked.")
        v.required("on_hand", &value.onHand, .integer, doc: "Base units at the location after it.")
        v.required("occurred_at", &value.occurredAt, .timestamp(.milliseconds))
        v.required("recorded_at", &value.recordedAt, .timestamp(.milliseconds))
        v.required("seq", &value.seq, .integer, doc: "Its place in the realm's ledger.")
        // Settled members first, in their order; then what else a reader would have to ask for.
        v.required("sku", &value.sku, .string(1...64))
        v.required(
            "value", &value.value, .decimal(), doc: "What the movement added to (−: took from) the stock's value.")
        v.optional(
            "variance", &value.variance, .decimal(),
            doc:
                """
                Only where there is one: receipt into negative stock, settlement − provisional value; supplier \
                return, credit − value removed.
                """
        )
        v.optional("to_location_id", &value.target, .text(WireID<LocationPrefix>.self))
        v.optional("to_on_hand", &value.targetOnHand, .integer)
        v.optional("receipt_id", &value.receipt, .text(WireID<MovementPrefix>.self))
    }
}

/// A page of movements, newest first.
package struct MovementList: WireObject {
    package var data: [MovementView] = []
    package var hasMore = false
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "MovementList"
    package static let schemaDoc = "A page of movements, newest first."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(MovementView.self)))
        v.required("has_more", &value.hasMore, .boolean)
        v.optional("next_cursor", &value.nextCursor, .string(1...128), whenNil: .null)
    }
}
