import WireSchema

/// A movement with the members of the published one. The dialects' own types belong to the server's package.
struct MovementBody: WireObject {
    enum Kind: String, CaseIterable, Sendable {
        case receipt, sale, pick, `return`, adjustment, transfer
    }

    var key: String?
    var item = ""
    var location: String?
    var target: String?
    var quantity: Int64 = 0
    var kind = Kind.sale
    var reason: String?
    var reference: String?
    var note: String?
    var unitCost: Int64?
    var lineTotal: Int64?
    var receipt: String?
    var occurredAt: Int64?

    static let schemaName = "MovementBody"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional("idempotency_key", &value.key, .string(1...255))
        v.required("item_id", &value.item, .string(1...64))
        v.optional("location_id", &value.location, .string(1...64))
        v.optional("to_location_id", &value.target, .string(1...64))
        v.required("qty", &value.quantity, .integer(-1_000_000_000_000...1_000_000_000_000))
        v.required("type", &value.kind, .oneOf(Kind.self))
        v.optional("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128))
        v.optional("note", &value.note, .string(0...500, lines: true))
        v.optional("unit_cost", &value.unitCost, .decimal(0...1_000_000_000_000_000_000))
        v.optional("line_total", &value.lineTotal, .decimal(0...1_000_000_000_000_000_000))
        v.optional("receipt_id", &value.receipt, .string(1...64))
        v.optional("occurred_at", &value.occurredAt, .timestamp(.milliseconds))
    }

    static func sample(_ number: Int) -> MovementBody {
        MovementBody(
            key: "till-7-\(1_000_000 + number)", item: "SKU-\(10_000 + number)", location: "SEA-1", quantity: -2,
            reason: "order_shipped", reference: "ord_\(1_000_000 + number)",
            occurredAt: 1_780_000_000_000 + Int64(number))
    }
}

struct BatchBody: WireObject {
    var atomic = false
    var movements: [MovementBody] = []

    static let schemaName = "BatchBody"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("atomic", &value.atomic, .boolean)
        v.required("movements", &value.movements, .array(of: .object(MovementBody.self), 1...1_000))
    }
}

/// A recorded movement, as it is answered.
struct MovementAnswer: WireObject {
    var id = ""
    var item = ""
    var sku = ""
    var location = ""
    var quantity: Int64 = 0
    var kind = MovementBody.Kind.sale
    var reason = ""
    var reference: String?
    var note: String?
    var unitCost: Int64 = 0
    var value: Int64 = 0
    var onHand: Int64 = 0
    var occurredAt: Int64 = 0
    var recordedAt: Int64 = 0
    var seq: Int64 = 0

    static let schemaName = "MovementAnswer"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .string(1...64))
        v.required("item_id", &value.item, .string(1...64))
        v.required("sku", &value.sku, .string(1...64))
        v.required("location_id", &value.location, .string(1...64))
        v.required("qty", &value.quantity, .integer)
        v.required("type", &value.kind, .oneOf(MovementBody.Kind.self))
        v.required("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128), whenNil: .null)
        v.optional("note", &value.note, .string(0...500, lines: true), whenNil: .null)
        v.required("unit_cost", &value.unitCost, .decimal())
        v.required("value", &value.value, .decimal())
        v.required("on_hand", &value.onHand, .integer)
        v.required("occurred_at", &value.occurredAt, .timestamp(.milliseconds))
        v.required("recorded_at", &value.recordedAt, .timestamp(.milliseconds))
        v.required("seq", &value.seq, .integer)
    }

    static let sample = MovementAnswer(
        id: "mov_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", item: "itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZB", sku: "SKU-0042",
        location: "loc_01J9X3YB2KQ8M4T6V7W8X9Y0ZC", quantity: -2, reason: "order_shipped", reference: "ord_8J2kP",
        unitCost: 2_500_000, value: -5_000_000, onHand: 118, occurredAt: 1_780_000_000_000,
        recordedAt: 1_780_000_000_123, seq: 4_200_000)
}

struct BatchAnswer: WireObject {
    var results: [MovementAnswer] = []

    static let schemaName = "BatchAnswer"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("results", &value.results, .array(of: .object(MovementAnswer.self)))
    }
}
