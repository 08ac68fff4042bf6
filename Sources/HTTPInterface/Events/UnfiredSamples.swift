import WireSchema

// What events say that are published and that nothing in this version brings about: they can be subscribed to and tried
// out. docs/webhooks.md shows them.

/// `shipment.created`.
struct ShipmentSample: WireObject {
    var shipment = "shp_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
    var order = "ord_5k2n9v"
    var status = "queued"
    var warehouse = "SEA-1"
    var lines = [SampleLine()]
    var label: String?

    static let schemaName = "ShipmentSample"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("shipment_id", &value.shipment, .string(1...64))
        v.required("order_id", &value.order, .string(1...64))
        v.required("status", &value.status, .string(1...32))
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("line_items", &value.lines, .array(of: .object(SampleLine.self)))
        v.optional("label_url", &value.label, .string(1...2_048), whenNil: .null)
    }
}

/// A line of a document.
struct SampleLine: WireObject {
    var sku = "SKU-0042"
    var quantity: Int64 = 2

    static let schemaName = "SampleLine"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("sku", &value.sku, .string(1...64))
        v.required("qty", &value.quantity, .integer)
    }
}

/// `grn.completed`.
struct GoodsReceiptSample: WireObject {
    var receipt = "grn_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
    var reference = "PO-2026-00814"
    var warehouse = "SEA-1"
    var lines = [GoodsReceiptLineSample()]
    var landedCost: Int64 = 312_000_000

    static let schemaName = "GoodsReceiptSample"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("grn_id", &value.receipt, .string(1...64))
        v.required("reference", &value.reference, .string(1...128))
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("lines", &value.lines, .array(of: .object(GoodsReceiptLineSample.self)))
        v.required("landed_cost", &value.landedCost, .decimal())
    }
}

/// A line of `grn.completed`.
struct GoodsReceiptLineSample: WireObject {
    var sku = "SKU-0042"
    var quantity: Int64 = 120
    var lot: String? = "LOT-2026-04"
    var unitCost: Int64 = 2_600_000

    static let schemaName = "GoodsReceiptLineSample"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("sku", &value.sku, .string(1...64))
        v.required("qty", &value.quantity, .integer)
        v.optional("lot", &value.lot, .string(1...64), whenNil: .null)
        v.required("unit_cost", &value.unitCost, .decimal())
    }
}

/// `dayend.closed`.
struct DayEndSample: WireObject {
    var dayEnd = "day_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
    var warehouse = "SEA-1"
    /// Days since 1970.
    var day: Int64 = 20_565
    var variances = [DayEndVarianceSample()]

    static let schemaName = "DayEndSample"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("day_end_id", &value.dayEnd, .string(1...64))
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("date", &value.day, .date)
        v.required("variances", &value.variances, .array(of: .object(DayEndVarianceSample.self)))
    }
}

/// A variance that `dayend.closed` booked forward.
struct DayEndVarianceSample: WireObject {
    var sku = "SKU-0042"
    var expected: Int64 = 120
    var counted: Int64 = 118
    var delta: Int64 = -2

    static let schemaName = "DayEndVarianceSample"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("sku", &value.sku, .string(1...64))
        v.required("expected", &value.expected, .integer)
        v.required("counted", &value.counted, .integer)
        v.required("delta", &value.delta, .integer)
    }
}

/// `lot.expiring`.
struct LotSample: WireObject {
    var lot = "lot_01J9X3YB2KQ8M4T6V7W8X9Y0ZA"
    var code = "LOT-2026-04"
    var sku = "SKU-0042"
    var warehouse = "SEA-1"
    var onHand: Int64 = 36
    /// Days since 1970.
    var expires: Int64 = 20_594

    static let schemaName = "LotSample"

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("lot_id", &value.lot, .string(1...64))
        v.required("lot", &value.code, .string(1...64))
        v.required("sku", &value.sku, .string(1...64))
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("on_hand", &value.onHand, .integer)
        v.required("expires_on", &value.expires, .date)
    }
}
