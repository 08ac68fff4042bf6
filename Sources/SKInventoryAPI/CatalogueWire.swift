package import HTTPInterface
import LedgerCore
package import WireSchema

/// The body of `POST /inventory/v1/items`.
package struct ItemCreate: WireObject {
    package var sku = ""
    package var name = ""
    package var scale: Int64 = 0
    package var barcode: String?
    package var price: Int64?
    package var weight: Int64?
    package var reorderPoint: Int64?
    package var allowNegative = false
    package var metadata: RawJSON?

    package init() {}

    package static let schemaName = "ItemCreate"
    package static let schemaDoc = "An item to create."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "sku", &value.sku, .string(1...64, pattern: WireName.sku),
            doc: "Unique in the realm, case kept; it can't be changed.", example: #""SKU-0042""#)
        v.required("name", &value.name, .string(1...200), example: #""Blue Widget 500ml""#)
        v.defaulted(
            "scale", &value.scale, .integer(WireRanges.scale),
            doc: "Decimals of one item unit: 2.5 kg at scale 3 is the quantity 2500. Fixed after the first movement.")
        v.optional("barcode", &value.barcode, .string(1...64))
        v.optional("price", &value.price, .decimal(WireRanges.money), doc: "Selling price of one item unit.")
        v.optional("weight", &value.weight, .decimal(WireRanges.money), doc: "Weight of one item unit.")
        v.optional(
            "reorder_point", &value.reorderPoint, .integer(WireRanges.threshold),
            doc: "Base units: a stock level that falls below it is low.")
        v.defaulted(
            "allow_negative", &value.allowNegative, .boolean,
            doc: "Whether a location that allows it too may go below zero on this item.")
        v.optional("metadata", &value.metadata, .freeObject(maxBytes: 8_192), doc: "Anything of your own, up to 8 KiB.")
    }
}

/// The body of `PATCH /inventory/v1/items/{id}`.
package struct ItemUpdate: WireObject {
    package var name = WireSchema.Patch<String>.absent
    package var scale = WireSchema.Patch<Int64>.absent
    package var barcode = WireSchema.Patch<String>.absent
    package var price = WireSchema.Patch<Int64>.absent
    package var weight = WireSchema.Patch<Int64>.absent
    package var reorderPoint = WireSchema.Patch<Int64>.absent
    package var allowNegative = WireSchema.Patch<Bool>.absent
    package var metadata = WireSchema.Patch<RawJSON>.absent

    package init() {}

    package static let schemaName = "ItemUpdate"
    package static let schemaDoc = "Members to change; null clears one, what is left out stays."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.patch("name", &value.name, .string(1...200), nullable: false)
        v.patch("scale", &value.scale, .integer(WireRanges.scale), nullable: false)
        v.patch("barcode", &value.barcode, .string(1...64))
        v.patch("price", &value.price, .decimal(WireRanges.money))
        v.patch("weight", &value.weight, .decimal(WireRanges.money))
        v.patch("reorder_point", &value.reorderPoint, .integer(WireRanges.threshold))
        v.patch("allow_negative", &value.allowNegative, .boolean, nullable: false)
        v.patch("metadata", &value.metadata, .freeObject(maxBytes: 8_192))
        v.atLeastOneMember()
    }
}

/// The body of `POST /inventory/v1/locations`.
package struct LocationCreate: WireObject {
    package var code = ""
    package var name = ""
    package var type = "warehouse"
    package var address: String?
    package var timeZone: String?
    package var allowNegative = false
    package var isDefault = false
    package var metadata: RawJSON?

    package init() {}

    package static let schemaName = "LocationCreate"
    package static let schemaDoc = "A location to create."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "code", &value.code, .string(1...64, pattern: WireName.code),
            doc: "Unique in the realm, case kept; it can't be changed.", example: #""SEA-1""#)
        v.required("name", &value.name, .string(1...200), example: #""Seattle""#)
        v.defaulted("type", &value.type, .string(1...32), doc: "Such as warehouse or store.")
        v.optional("address", &value.address, .string(1...500, lines: true))
        v.optional(
            "time_zone", &value.timeZone, .string(1...64, pattern: WireTimeZone.pattern),
            doc: "An IANA name.", example: #""America/Los_Angeles""#)
        v.defaulted(
            "allow_negative", &value.allowNegative, .boolean,
            doc: "Whether an item that allows it too may go below zero here.")
        v.defaulted(
            "is_default", &value.isDefault, .boolean,
            doc:
                """
                Whether movements without a location go here. The first location is the default until another \
                takes its place.
                """
        )
        v.optional("metadata", &value.metadata, .freeObject(maxBytes: 8_192))
    }
}

/// The body of `PATCH /inventory/v1/locations/{id}`.
package struct LocationUpdate: WireObject {
    package var name = WireSchema.Patch<String>.absent
    package var type = WireSchema.Patch<String>.absent
    package var address = WireSchema.Patch<String>.absent
    package var timeZone = WireSchema.Patch<String>.absent
    package var allowNegative = WireSchema.Patch<Bool>.absent
    package var isDefault = WireSchema.Patch<Bool>.absent
    package var metadata = WireSchema.Patch<RawJSON>.absent

    package init() {}

    package static let schemaName = "LocationUpdate"
    package static let schemaDoc = "Members to change; null clears one, what is left out stays."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.patch("name", &value.name, .string(1...200), nullable: false)
        v.patch("type", &value.type, .string(1...32), nullable: false)
        v.patch("address", &value.address, .string(1...500, lines: true))
        v.patch("time_zone", &value.timeZone, .string(1...64, pattern: WireTimeZone.pattern))
        v.patch("allow_negative", &value.allowNegative, .boolean, nullable: false)
        v.patch("is_default", &value.isDefault, .boolean, nullable: false)
        v.patch("metadata", &value.metadata, .freeObject(maxBytes: 8_192))
        v.atLeastOneMember()
    }
}

/// A page of items, in the order in which they were created.
package struct ItemList: WireObject {
    package var data: [ItemView] = []
    package var hasMore = false
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "ItemList"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(ItemView.self)))
        v.required("has_more", &value.hasMore, .boolean)
        v.optional("next_cursor", &value.nextCursor, .string(1...128), whenNil: .null)
    }
}

/// A page of locations, in the order in which they were created.
package struct LocationList: WireObject {
    package var data: [LocationView] = []
    package var hasMore = false
    package var nextCursor: String?

    package init() {}

    package static let schemaName = "LocationList"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(LocationView.self)))
        v.required("has_more", &value.hasMore, .boolean)
        v.optional("next_cursor", &value.nextCursor, .string(1...128), whenNil: .null)
    }
}
