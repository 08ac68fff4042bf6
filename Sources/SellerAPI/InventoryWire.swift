package import HTTPInterface
import LedgerCore
package import WireSchema

/// What can be offered of an item, by its name on the wire.
package enum StockStatusWord: String, CaseIterable, Sendable {
    case normal
    case low
    case critical
    case outOfStock = "out_of_stock"

    init(_ status: StockStatus) {
        switch status {
        case .normal: self = .normal
        case .low: self = .low
        case .critical: self = .critical
        case .outOfStock: self = .outOfStock
        }
    }

    var status: StockStatus {
        switch self {
        case .normal: .normal
        case .low: .low
        case .critical: .critical
        case .outOfStock: .outOfStock
        }
    }
}

/// Types of warehouses at which a marketplace keeps the stock.
package enum MarketplaceType: String, CaseIterable, Sendable {
    case fba = "FBA"
    case fbs = "FBS"
}

/// An item at one warehouse.
package struct WarehouseStock: WireObject {
    package var warehouse = WireID<LocationPrefix>()
    package var name = ""
    package var onHand: Int64 = 0
    package var reserved: Int64 = 0
    package var available: Int64 = 0
    package var type: MarketplaceType?
    package var safetyStock: Int64 = 0

    package init() {}

    package static let schemaName = "WarehouseStock"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("warehouse_id", &value.warehouse, .text(WireID<LocationPrefix>.self))
        v.required("name", &value.name, .string(1...200))
        v.required("on_hand", &value.onHand, .integer)
        v.required("reserved", &value.reserved, .integer)
        v.required(
            "available", &value.available, .integer, doc: "On hand − reserved − the safety stock of this warehouse.")
        v.optional("type", &value.type, .oneOf(MarketplaceType.self), doc: "Only of a marketplace's warehouse.")
        // Published members first; then what else a reader would have to ask for.
        v.required("safety_stock", &value.safetyStock, .integer)
    }
}

/// An item with its stock, as lists show it.
package struct InventoryRow: WireObject {
    package var sku = ""
    package var title = ""
    package var onHand: Int64 = 0
    package var reserved: Int64 = 0
    package var available: Int64 = 0
    package var safetyStock: Int64 = 0
    package var status = StockStatusWord.normal
    package var warehouses: [WarehouseStock] = []
    package var reorderPoint: Int64?

    package init() {}

    package static let schemaName = "InventoryRow"
    package static let schemaDoc = "An item with its stock over all warehouses."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("sku", &value.sku, .string(1...64))
        v.required("title", &value.title, .string(1...200))
        v.required("total_on_hand", &value.onHand, .integer)
        v.required("total_reserved", &value.reserved, .integer)
        v.required(
            "total_available", &value.available, .integer, doc: "total_on_hand − total_reserved − safety_stock.")
        v.required("safety_stock", &value.safetyStock, .integer, doc: "Summed over the warehouses.")
        v.required(
            "status", &value.status, .oneOf(StockStatusWord.self),
            doc:
                """
                out_of_stock when on hand − reserved ≤ 0; critical when available ≤ 0; low when available ≤ the \
                reorder point; else normal.
                """
        )
        v.required("warehouses", &value.warehouses, .array(of: .object(WarehouseStock.self)))
        v.optional("reorder_point", &value.reorderPoint, .integer, whenNil: .null)
    }
}

/// A page of items.
package struct InventoryList: WireObject {
    package var data: [InventoryRow] = []
    package var meta = ListMeta()

    package init() {}

    package static let schemaName = "InventoryList"
    package static let schemaDoc = "A page of items that have a record, in the order in which they were created."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(InventoryRow.self)))
        v.required("meta", &value.meta, .object(ListMeta.self))
    }
}

/// Where a counted page stands.
package struct ListMeta: WireObject {
    package var total: Int64 = 0
    package var limit: Int64 = 0
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "ListMeta"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("total", &value.total, .integer, doc: "How many there are with these filters, on all pages.")
        v.required("limit", &value.limit, .integer)
        v.optional(
            "nextCursor", &value.nextCursor, .string(1...128), whenNil: .null, doc: "null on the last page.")
    }
}

/// An item with its stock, read alone.
package struct InventoryRecord: WireObject {
    package var row = InventoryRow()
    package var id = WireID<ItemPrefix>()
    package var updatedAt: Int64 = 0

    package init() {}

    package static let schemaName = "InventoryRecord"
    package static let schemaDoc = "An item with its stock over all warehouses."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        InventoryRow.describe(&value.row, with: &v)
        v.required("id", &value.id, .text(WireID<ItemPrefix>.self))
        v.required(
            "updated_at", &value.updatedAt, .timestamp(.milliseconds),
            doc: "When the item or its stock at one of these warehouses was changed last.")
    }
}

/// The body of `PUT /api/inventory/{sku}`.
package struct InventoryUpdate: WireObject {
    package var warehouse: WireLocationReference?
    package var quantity: Int64?
    package var reason = "adjustment"
    package var note: String?
    package var reference: String?
    package var expected: Int64?
    package var safetyStock: Int64?
    package var reorderPoint = WireSchema.Patch<Int64>.absent
    package var title: String?

    package init() {}

    package static let schemaName = "InventoryUpdate"
    package static let schemaDoc =
        "What shall be so. At least one of quantity, safety_stock, reorder_point and title."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional(
            "warehouse_id", &value.warehouse, .text(WireLocationReference.self),
            doc: "The warehouse's id or code; required with quantity, expected_quantity and safety_stock.",
            example: #""wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA""#)
        v.optional(
            "quantity", &value.quantity, .integer(WireRanges.quantity),
            doc: "What shall be on hand there, 0 or more. The ledger books the difference.", example: "500")
        v.defaulted("reason", &value.reason, .string(1...64), example: #""supplier_receipt""#)
        v.optional("note", &value.note, .string(0...500, lines: true), example: #""PO-2026-0312 received""#)
        v.optional(
            "reference", &value.reference, .string(1...128), doc: "What it belongs to, such as an order or invoice.")
        v.optional(
            "expected_quantity", &value.expected, .integer(WireRanges.onHand),
            doc: "What is believed to be on hand there: otherwise nothing is changed (409 STALE_QUANTITY).")
        v.optional(
            "safety_stock", &value.safetyStock, .integer(WireRanges.threshold),
            doc: "What this warehouse holds back, never at a marketplace's.")
        v.patch(
            "reorder_point", &value.reorderPoint, .integer(WireRanges.threshold),
            doc: "The item's: it is low from there on. null clears it.")
        v.optional("title", &value.title, .string(1...200), doc: "The item's name.")
    }

    package func validate(_ faults: inout MemberFaults) {
        let setsLevel = quantity != nil || safetyStock != nil
        if !setsLevel, reorderPoint.isAbsent, title == nil {
            faults.add(
                "quantity", .required, "is required unless safety_stock, reorder_point or title is sent; send one")
        } else if expected != nil, !setsLevel {
            faults.add("expected_quantity", .invalidValue, "must come with a quantity or a safety_stock")
        }
        if setsLevel || expected != nil, warehouse == nil {
            faults.add(
                "warehouse_id", .required, "is required with quantity, expected_quantity and safety_stock; add it")
        }
    }
}

extension WireRanges {
    /// What can be on hand.
    static let onHand: ClosedRange<Int64> = -Limits.onHand...Limits.onHand
}
