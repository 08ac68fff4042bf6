package import HTTPInterface
package import WireSchema

/// One line of `POST /api/inventory/bulk`.
package struct BulkUpdateLine: WireObject {
    package var item = WireItemReference()
    package var warehouse = WireLocationReference()
    package var quantity: Int64 = 0
    package var reason = "adjustment"
    package var note: String?
    package var reference: String?
    package var expected: Int64?

    package init() {}

    package static let schemaName = "BulkUpdateLine"
    package static let schemaDoc = "What shall be on hand of a SKU at a warehouse."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("sku", &value.item, .text(WireItemReference.self), example: #""SKU-001""#)
        v.required(
            "warehouse_id", &value.warehouse, .text(WireLocationReference.self), doc: "The warehouse's id or code.")
        v.required("quantity", &value.quantity, .integer(WireRanges.quantity), doc: "0 or more.", example: "500")
        v.defaulted("reason", &value.reason, .string(1...64))
        v.optional("note", &value.note, .string(0...500, lines: true))
        v.optional("reference", &value.reference, .string(1...128))
        v.optional("expected_quantity", &value.expected, .integer(WireRanges.onHand))
    }
}

/// The body of `POST /api/inventory/bulk`.
package struct BulkUpdate: WireObject {
    package static let maximum = 500

    package var updates: [WireLine<BulkUpdateLine>] = []

    package init() {}

    package static let schemaName = "BulkUpdate"
    package static let schemaDoc = "Up to 500 updates, done in order, each with its own result."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("updates", &value.updates, .lines(of: BulkUpdateLine.self, 1...maximum))
    }
}

/// How one line of many ended.
package enum LineStatus: String, CaseIterable, Sendable {
    case updated
    case unchanged
    case failed
}

/// What became of one update.
package struct BulkLineResult: WireObject {
    package var index: Int64 = 0
    package var sku: String?
    package var warehouse: WireLocationReference?
    package var status = LineStatus.failed
    package var before: Int64?
    package var after: Int64?
    package var delta: Int64?
    package var id: WireID<AdjustmentPrefix>?
    package var error: LineError?

    package init() {}

    package static let schemaName = "BulkLineResult"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("index", &value.index, .integer(0...499))
        v.optional(
            "sku", &value.sku, .string(1...64), whenNil: .null, doc: "null for a line that could not be read.")
        v.optional(
            "warehouse_id", &value.warehouse, .text(WireLocationReference.self), whenNil: .null,
            doc: "The warehouse's id; as it was sent where there is no such warehouse.")
        v.required("status", &value.status, .oneOf(LineStatus.self))
        v.optional("before_quantity", &value.before, .integer, whenNil: .null)
        v.optional("after_quantity", &value.after, .integer, whenNil: .null)
        v.optional("delta", &value.delta, .integer, whenNil: .null)
        v.optional(
            "id", &value.id, .text(WireID<AdjustmentPrefix>.self), whenNil: .null,
            doc: "The adjustment's; null where nothing moved.")
        v.optional("error", &value.error, .object(LineError.self), doc: "Only of a line that failed.")
    }
}

/// The answer to a bulk update.
package struct BulkResult: WireObject {
    package var data: [Rendered<BulkLineResult>] = []
    package var meta = Meta()

    package init() {}

    package static let schemaName = "BulkResult"
    package static let schemaDoc = "One result for each update, in order; updated + unchanged + failed = total."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .rendered(BulkLineResult.self)))
        v.required("meta", &value.meta, .object(Meta.self))
    }

    /// How many ended how.
    package struct Meta: WireObject {
        package var total: Int64 = 0
        package var updated: Int64 = 0
        package var unchanged: Int64 = 0
        package var failed: Int64 = 0

        package init() {}

        package static let schemaName = "BulkMeta"

        package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
            v.required("total", &value.total, .integer)
            v.required("updated", &value.updated, .integer)
            v.required("unchanged", &value.unchanged, .integer)
            v.required("failed", &value.failed, .integer)
        }
    }
}

/// Marks the id of an adjustment: a movement, as this API calls it.
package enum AdjustmentPrefix: IDPrefix {
    package static let text: StaticString = "adj_"
    package static let pattern: StaticString = "^adj_[0-9A-HJKMNP-TV-Z]{26}$"
    package static let rule: StaticString = "be an adjustment's id, such as adj_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
}
