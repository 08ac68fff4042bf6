package import HTTPInterface
import LedgerCore
package import WireSchema

/// Whose warehouse it is.
package enum WarehouseType: String, CaseIterable, Sendable {
    case own
    case fba = "FBA"
    case fbs = "FBS"
}

/// A warehouse as it is.
package struct WarehouseView: WireObject {
    package var id = WireID<LocationPrefix>()
    package var name = ""
    package var address: String?
    package var type = WarehouseType.own
    package var marketplace: String?
    package var isActive = true
    package var isReadOnly: Bool?
    package var code = ""

    package init() {}

    package static let schemaName = "Warehouse"
    package static let schemaDoc = "Where stock lies: a warehouse of one's own or a marketplace's."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<LocationPrefix>.self))
        v.required("name", &value.name, .string(1...200))
        v.optional("address", &value.address, .string(1...500, lines: true))
        v.required("type", &value.type, .oneOf(WarehouseType.self))
        v.optional("marketplace", &value.marketplace, .string(1...64))
        v.required("is_active", &value.isActive, .boolean)
        v.optional(
            "is_readonly", &value.isReadOnly, .boolean,
            doc: "Present and true where quantities can't be set: at a marketplace's warehouse always.")
        v.required("code", &value.code, .string(1...64), doc: "Unique; accepted wherever the id is.")
    }
}

/// All warehouses.
package struct WarehouseList: WireObject {
    package var data: [WarehouseView] = []

    package init() {}

    package static let schemaName = "WarehouseList"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .array(of: .object(WarehouseView.self)))
    }
}

/// The body of `POST /api/inventory/warehouses`.
package struct WarehouseCreate: WireObject {
    package var name = ""
    package var code: String?
    package var address: String?
    package var type = WarehouseType.own
    package var marketplace: String?
    package var isReadOnly = false
    package var isActive = true

    package init() {}

    package static let schemaName = "WarehouseCreate"
    package static let schemaDoc = "A warehouse to create."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("name", &value.name, .string(1...200), example: #""Warehouse A""#)
        v.optional(
            "code", &value.code, .string(1...64, pattern: WireName.code),
            doc: "Unique, case kept; it can't be changed. Without it: made of the name, such as WAREHOUSE-A.")
        v.optional(
            "address", &value.address, .string(1...500, lines: true),
            example: #""Industriestraße 1, 12345 Berlin, DE""#)
        v.defaulted("type", &value.type, .oneOf(WarehouseType.self))
        v.optional(
            "marketplace", &value.marketplace, .string(1...64), doc: "What sells from here.", example: #""amazon_eu""#)
        v.defaulted(
            "is_readonly", &value.isReadOnly, .boolean,
            doc: "Whether quantities can't be set here. FBA and FBS warehouses are read-only whatever is sent.")
        v.defaulted("is_active", &value.isActive, .boolean)
    }
}

/// The body of `PUT` and `PATCH /api/inventory/warehouses/{id}`.
package struct WarehouseUpdate: WireObject {
    package var name: String?
    package var address = WireSchema.Patch<String>.absent
    package var type: WarehouseType?
    package var marketplace = WireSchema.Patch<String>.absent
    package var isReadOnly: Bool?
    package var isActive: Bool?

    package init() {}

    package static let schemaName = "WarehouseUpdate"
    package static let schemaDoc = "Members to change; null clears one, what is left out stays."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional("name", &value.name, .string(1...200))
        v.patch("address", &value.address, .string(1...500, lines: true))
        v.optional("type", &value.type, .oneOf(WarehouseType.self))
        v.patch("marketplace", &value.marketplace, .string(1...64))
        v.optional("is_readonly", &value.isReadOnly, .boolean)
        v.optional(
            "is_active", &value.isActive, .boolean,
            doc: "false archives it, which needs it to be empty; true takes an archived one into use again.")
        v.atLeastOneMember()
    }
}
