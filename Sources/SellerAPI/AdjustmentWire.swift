package import HTTPInterface
package import WireSchema

/// A moment at which a stretch of time begins or ends: a time, or a whole day in UTC.
package struct WireBound: WireText {
    /// The first millisecond that it names, since 1970.
    package var first: Int64
    /// The last one.
    package var last: Int64

    package static let wirePattern: StaticString =
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"
    package static let wireRule: StaticString =
        "be a date or an RFC 3339 time from 1970 to 9999, such as 2026-03-12 or 2026-03-12T14:00:00Z"

    package init?(wireText text: UnsafeBufferPointer<UInt8>) {
        if text.count == 10 {
            guard let day = WireSchema.CalendarDate.parse(text) else { return nil }
            first = day * 86_400_000
            last = first + 86_399_999
        } else {
            guard let time = WirePastTime(wireText: text) else { return nil }
            first = time.start
            last = time.end
        }
    }

    package func write(to writer: inout JSONWriter) {
        writer.timestamp(first, precision: .milliseconds)
    }
}

/// A movement of an item, as this API shows it.
package struct AdjustmentView: WireObject {
    package var id = WireID<AdjustmentPrefix>()
    package var sku = ""
    package var warehouse = WireID<LocationPrefix>()
    package var before: Int64 = 0
    package var after: Int64 = 0
    package var delta: Int64 = 0
    package var reason = ""
    package var note: String?
    package var createdBy: String?
    package var createdAt: Int64 = 0
    package var type = MovementType.adjustment
    package var reference: String?
    package var source: WireID<LocationPrefix>?
    package var target: WireID<LocationPrefix>?

    package init() {}

    package static let schemaName = "Adjustment"
    package static let schemaDoc = "A change of what is on hand, whichever API it was written through."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<AdjustmentPrefix>.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("warehouse_id", &value.warehouse, .text(WireID<LocationPrefix>.self))
        v.required("before_quantity", &value.before, .integer)
        v.required("after_quantity", &value.after, .integer)
        v.required("delta", &value.delta, .integer)
        v.required("reason", &value.reason, .string(1...64))
        v.optional("note", &value.note, .string(0...500, lines: true), whenNil: .null)
        v.optional(
            "created_by", &value.createdBy, .string(0...200), whenNil: .null,
            doc: "The name of the API key, or its id where the name is not known; null for the server itself.")
        v.required("created_at", &value.createdAt, .timestamp(.milliseconds))
        // Published members first.
        v.required("type", &value.type, .oneOf(MovementType.self))
        v.optional("reference", &value.reference, .string(1...128), whenNil: .null)
        v.optional(
            "from_warehouse_id", &value.source, .text(WireID<LocationPrefix>.self),
            doc: "Only of a transfer that is shown where it arrived.")
        v.optional(
            "to_warehouse_id", &value.target, .text(WireID<LocationPrefix>.self),
            doc: "Only of a transfer that is shown where it left.")
    }
}

/// A page of adjustments.
package struct AdjustmentList: WireObject {
    package var data: [AdjustmentView] = []
    package var meta = PageMeta()

    package init() {}

    package static let schemaName = "AdjustmentList"
    package static let schemaDoc = "A page of an item's adjustments, newest first."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(AdjustmentView.self)))
        v.required("meta", &value.meta, .object(PageMeta.self))
    }
}

/// Where a page stands.
package struct PageMeta: WireObject {
    package var limit: Int64 = 0
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "PageMeta"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("limit", &value.limit, .integer)
        v.optional(
            "nextCursor", &value.nextCursor, .string(1...128), whenNil: .null, doc: "null on the last page.")
    }
}
