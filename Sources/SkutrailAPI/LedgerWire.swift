package import HTTPInterface
import LedgerCore
package import WireSchema

/// The body of `POST /v1/inventory/ledger`: exactly one of `delta` and `qty`.
package struct LedgerWrite: WireObject {
    package var sku = ""
    package var warehouse = ""
    package var delta: Int64?
    package var quantity: Int64?
    package var reason = ""
    package var target: String?
    package var reference: String?
    package var note: String?
    package var unitCost: Int64?
    package var occurredAt: Int64?

    package init() {}

    package static let schemaName = "LedgerWrite"
    package static let schemaDoc =
        "A movement: either a signed `delta` with any reason, or a `qty` whose direction the reason gives."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("sku", &value.sku, .string(1...64), doc: "The item's SKU or id.", example: #""SKU-0042""#)
        v.required(
            "warehouse", &value.warehouse, .string(1...64), doc: "The location's code or id.", example: #""SEA-1""#)
        v.optional(
            "delta", &value.delta, .integer(WireRanges.quantity),
            doc: "Base units, signed, not 0.", example: "-12")
        v.optional(
            "qty", &value.quantity, .integer(WireRanges.quantity),
            doc: "Base units: above 0 for a receipt, pick or transfer; signed for an adjustment.", example: "120")
        v.required(
            "reason", &value.reason, .string(1...64),
            doc: "Why. With `qty`: receipt, pick, adjustment or transfer.", example: #""order_shipped""#)
        v.optional(
            "to_warehouse", &value.target, .string(1...64), doc: "Where a transfer arrives; required for it.")
        v.optional("reference", &value.reference, .string(1...128), example: #""ord_8J2kP""#)
        v.optional("note", &value.note, .string(0...500, lines: true))
        v.optional(
            "unit_cost", &value.unitCost, .decimal(WireRanges.money),
            doc: "Cost of one item unit, for a receipt or a gain; anything else is costed at the weighted average.")
        v.optional("occurred_at", &value.occurredAt, .timestamp(.seconds), doc: "When it happened, if not now.")
        v.exactlyOne(of: "delta", "qty")
    }

    package func validate(_ faults: inout MemberFaults) {
        let isTransfer = quantity != nil && reason == QuantityReason.transfer.rawValue
        if quantity != nil, QuantityReason(rawValue: reason) == nil {
            faults.add(
                "reason", .invalidValue,
                "must be one of receipt, pick, adjustment, transfer when qty is sent; send delta for any other reason")
        }
        if isTransfer, target == nil {
            faults.add("to_warehouse", .required, "is required for a transfer; name where it arrives")
        }
        if !isTransfer, target != nil {
            faults.add("to_warehouse", .invalidValue, "must be left out of anything but a transfer")
        }
    }
}

/// The reasons that give a `qty` its direction.
package enum QuantityReason: String, CaseIterable, Sendable {
    case receipt
    case pick
    case adjustment
    case transfer
}

/// The answer to a `delta`.
package struct DeltaResult: WireObject {
    package var id = LedgerID()
    package var sku = ""
    package var warehouse = ""
    package var delta: Int64 = 0
    package var balance: Int64 = 0
    package var appliedAt: Int64 = 0
    package var reason: String?
    package var reference: String?
    package var note: String?

    package init() {}

    package static let schemaName = "DeltaResult"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(LedgerID.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("delta", &value.delta, .integer)
        v.required("balance", &value.balance, .integer, doc: "On hand after it.")
        v.required("applied_at", &value.appliedAt, .timestamp(.seconds))
        v.optional("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128))
        v.optional("note", &value.note, .string(0...500, lines: true))
    }
}

/// The answer to a `qty`.
package struct QuantityResult: WireObject {
    package var id = WireID<QuantityPrefix>()
    package var sku = ""
    package var warehouse = ""
    package var quantity: Int64 = 0
    package var balance: Int64 = 0
    package var createdAt: Int64 = 0
    package var target: String?
    package var targetBalance: Int64?
    package var reason: String?
    package var reference: String?
    package var note: String?

    package init() {}

    package static let schemaName = "QuantityResult"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<QuantityPrefix>.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("qty", &value.quantity, .integer, doc: "As it was sent.")
        v.required("balance", &value.balance, .integer, doc: "On hand after it.")
        v.required("created_at", &value.createdAt, .timestamp(.seconds))
        v.optional("to_warehouse", &value.target, .string(1...64))
        v.optional("to_balance", &value.targetBalance, .integer)
        v.optional("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128))
        v.optional("note", &value.note, .string(0...500, lines: true))
    }
}

/// Marks the id of a movement that was asked for with a `delta`.
package enum LedgerPrefix: IDPrefix {
    package static let text: StaticString = "ledger_"
    package static let pattern: StaticString = "^ledger_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be a ledger entry's id, such as ledger_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// The id of a ledger entry.
package typealias LedgerID = WireID<LedgerPrefix>

/// Marks the id of a movement that was asked for with a `qty`.
package enum QuantityPrefix: IDPrefix {
    package static let text: StaticString = "inv_"
    package static let pattern: StaticString = "^inv_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be a movement's id, such as inv_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}

/// An entry in the list.
package struct LedgerEntryView: WireObject {
    package var id = LedgerID()
    package var sku = ""
    package var warehouse = ""
    package var delta: Int64 = 0
    package var balance: Int64 = 0
    package var target: String?
    package var targetBalance: Int64?
    package var type = MovementType.adjustment
    package var reason = ""
    package var reference: String?
    package var note: String?
    package var appliedAt: Int64 = 0
    package var seq: Int64 = 0

    package init() {}

    package static let schemaName = "LedgerEntry"
    package static let schemaDoc = "A movement as it was recorded. It never changes."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(LedgerID.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("delta", &value.delta, .integer, doc: "Signed at the warehouse; a transfer's is below 0.")
        v.required("balance", &value.balance, .integer)
        v.optional("to_warehouse", &value.target, .string(1...64))
        v.optional("to_balance", &value.targetBalance, .integer)
        v.required("type", &value.type, .oneOf(MovementType.self))
        v.required("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128), whenNil: .null)
        v.optional("note", &value.note, .string(0...500, lines: true), whenNil: .null)
        v.required("applied_at", &value.appliedAt, .timestamp(.seconds))
        v.required("seq", &value.seq, .integer)
    }
}

/// A page of entries, newest first.
package struct LedgerEntryList: WireObject {
    package var data: [LedgerEntryView] = []
    package var hasMore = false
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "LedgerEntryList"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(LedgerEntryView.self)))
        v.required("has_more", &value.hasMore, .boolean)
        v.optional("next_cursor", &value.nextCursor, .string(1...128), whenNil: .null)
    }
}
