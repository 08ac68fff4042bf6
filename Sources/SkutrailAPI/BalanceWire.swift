package import WireSchema

/// On hand of an item at one warehouse.
package struct WarehouseBalance: WireObject {
    package var warehouse = ""
    package var balance: Int64 = 0

    package init() {}

    package static let schemaName = "WarehouseBalance"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("balance", &value.balance, .integer)
    }
}

/// The answer to `GET /v1/inventory/balance`: one warehouse, or the total and all of them.
package struct BalanceView: WireObject {
    package var sku = ""
    package var warehouse: String?
    package var balance: Int64 = 0
    package var asOf: Int64 = 0
    package var warehouses: [WarehouseBalance]?

    package init() {}

    package static let schemaName = "Balance"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("sku", &value.sku, .string(1...64))
        v.optional("warehouse", &value.warehouse, .string(1...64), doc: "Only when one was asked for.")
        v.required("balance", &value.balance, .integer, doc: "On hand; the total when no warehouse was asked for.")
        v.required("as_of", &value.asOf, .timestamp(.seconds))
        v.optional("warehouses", &value.warehouses, .array(of: .object(WarehouseBalance.self)))
    }
}
