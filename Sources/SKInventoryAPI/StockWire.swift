package import HTTPInterface
package import WireSchema

/// What is on hand of an item at one location.
package struct LocationStock: WireObject {
    package var location = WireID<LocationPrefix>()
    package var code = ""
    package var onHand: Int64 = 0
    package var reserved: Int64 = 0
    package var available: Int64 = 0
    package var wac: Int64 = 0
    package var value: Int64 = 0

    package init() {}

    package static let schemaName = "LocationStock"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("location_id", &value.location, .text(WireID<LocationPrefix>.self))
        v.required("code", &value.code, .string(1...64))
        v.required("on_hand", &value.onHand, .integer)
        v.required("reserved", &value.reserved, .integer)
        v.required("available", &value.available, .integer, doc: "On hand − reserved.")
        v.required(
            "wac", &value.wac, .decimal(),
            doc: "Weighted average cost of one item unit; the last one when nothing is on hand.")
        v.required("value", &value.value, .decimal())
    }
}

/// What is on hand of an item, in total and by location.
package struct ItemStock: WireObject {
    package var item = WireID<ItemPrefix>()
    package var sku = ""
    package var onHand: Int64 = 0
    package var reserved: Int64 = 0
    package var available: Int64 = 0
    package var wac: Int64 = 0
    package var value: Int64 = 0
    package var asOf: Int64 = 0
    package var locations: [LocationStock] = []
    package var lots: [RawJSON] = []

    package init() {}

    package static let schemaName = "ItemStock"
    package static let schemaDoc = "On hand, reserved, available, weighted average cost and value of an item."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("item_id", &value.item, .text(WireID<ItemPrefix>.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("on_hand", &value.onHand, .integer)
        v.required("reserved", &value.reserved, .integer)
        v.required("available", &value.available, .integer)
        v.required("wac", &value.wac, .decimal(), doc: "Total value over total quantity.")
        v.required("value", &value.value, .decimal())
        v.required("as_of", &value.asOf, .timestamp(.milliseconds))
        v.required("locations", &value.locations, .array(of: .object(LocationStock.self)))
        v.required("lots", &value.lots, .array(of: .freeObject(maxBytes: 8_192)))
    }
}
