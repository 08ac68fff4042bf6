package import LedgerCore
package import WireSchema

/// An item as it is: in answers and in events.
package struct ItemView: WireObject {
    package var id = WireID<ItemPrefix>()
    package var sku = ""
    package var name = ""
    package var scale: Int64 = 0
    package var barcode: String?
    package var price: Int64?
    package var weight: Int64?
    package var reorderPoint: Int64?
    package var allowNegative = false
    package var metadata: RawJSON?
    package var createdAt: Int64 = 0
    package var updatedAt: Int64 = 0
    package var archivedAt: Int64?

    package init() {}

    package init(_ item: Item) {
        id = WireID(item.id)
        sku = item.sku
        name = item.name
        scale = Int64(item.scale)
        barcode = item.barcode
        price = item.price
        weight = item.weight
        reorderPoint = item.reorderPoint
        allowNegative = item.allowNegative
        metadata = item.metadata.map { RawJSON(bytes: $0) }
        createdAt = item.createdAt.milliseconds
        updatedAt = item.updatedAt.milliseconds
        archivedAt = item.archivedAt?.milliseconds
    }

    package static let schemaName = "Item"
    package static let schemaDoc = "What is kept in stock."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<ItemPrefix>.self))
        v.required("sku", &value.sku, .string(1...64))
        v.required("name", &value.name, .string(1...200))
        v.required("scale", &value.scale, .integer(WireRanges.scale))
        v.optional("barcode", &value.barcode, .string(1...64), whenNil: .null)
        v.optional("price", &value.price, .decimal(), whenNil: .null)
        v.optional("weight", &value.weight, .decimal(), whenNil: .null)
        v.optional("reorder_point", &value.reorderPoint, .integer, whenNil: .null)
        v.required("allow_negative", &value.allowNegative, .boolean)
        v.optional("metadata", &value.metadata, .freeObject(maxBytes: 8_192), whenNil: .null)
        v.required("created_at", &value.createdAt, .timestamp(.milliseconds))
        v.required("updated_at", &value.updatedAt, .timestamp(.milliseconds))
        v.optional("archived_at", &value.archivedAt, .timestamp(.milliseconds), whenNil: .null)
    }
}

/// A location as it is: in answers and in events.
package struct LocationView: WireObject {
    package var id = WireID<LocationPrefix>()
    package var code = ""
    package var name = ""
    package var type = ""
    package var address: String?
    package var timeZone: String?
    package var marketplace: String?
    package var isReadOnly: Bool?
    package var observedAt: Int64?
    package var allowNegative = false
    package var isDefault = false
    package var metadata: RawJSON?
    package var createdAt: Int64 = 0
    package var updatedAt: Int64 = 0
    package var archivedAt: Int64?

    package init() {}

    package init(_ location: Location) {
        id = WireID(location.id)
        code = location.code
        name = location.name
        type = location.type
        address = location.address
        timeZone = location.timeZone
        marketplace = location.marketplace
        isReadOnly = location.refusesWrites ? true : nil
        observedAt = location.observedAt?.milliseconds
        allowNegative = location.allowNegative
        isDefault = location.isDefault
        metadata = location.metadata.map { RawJSON(bytes: $0) }
        createdAt = location.createdAt.milliseconds
        updatedAt = location.updatedAt.milliseconds
        archivedAt = location.archivedAt?.milliseconds
    }

    package static let schemaName = "Location"
    package static let schemaDoc = "Where stock lies."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<LocationPrefix>.self))
        v.required("code", &value.code, .string(1...64))
        v.required("name", &value.name, .string(1...200))
        v.required("type", &value.type, .string(1...32))
        v.optional("address", &value.address, .string(1...500, lines: true), whenNil: .null)
        v.optional("time_zone", &value.timeZone, .string(1...64), whenNil: .null)
        v.optional("marketplace", &value.marketplace, .string(1...64), doc: "What sells from here.")
        v.optional(
            "is_read_only", &value.isReadOnly, .boolean,
            doc: "Present and true where only a marketplace's snapshots change the stock.")
        v.optional(
            "observed_at", &value.observedAt, .timestamp(.milliseconds),
            doc: "When a marketplace last said what lies here.")
        v.required("allow_negative", &value.allowNegative, .boolean)
        v.required("is_default", &value.isDefault, .boolean)
        v.optional("metadata", &value.metadata, .freeObject(maxBytes: 8_192), whenNil: .null)
        v.required("created_at", &value.createdAt, .timestamp(.milliseconds))
        v.required("updated_at", &value.updatedAt, .timestamp(.milliseconds))
        v.optional("archived_at", &value.archivedAt, .timestamp(.milliseconds), whenNil: .null)
    }
}
