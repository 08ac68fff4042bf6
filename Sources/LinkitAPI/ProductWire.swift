package import HTTPInterface
import LedgerCore
package import WireSchema

/// A product: an item of the ledger.
package struct ProductView: WireObject {
    package var id = WireID<ItemPrefix>()
    package var ivID = ""
    package var organization = ""
    package var name = ""
    package var barcode: String?
    package var price: Int64?
    package var isArchived = false
    package var created: Int64 = 0
    package var updated: Int64 = 0

    package init() {}

    init(_ item: Item, organization: String) {
        id = WireID(item.id)
        ivID = item.sku
        self.organization = organization
        name = item.name
        barcode = item.barcode
        price = item.price
        isArchived = item.archivedSeq != nil
        created = item.createdAt.milliseconds
        updated = item.updatedAt.milliseconds
    }

    package static let schemaName = "Product"
    package static let schemaDoc = "What is sold: it has a SKU at every branch."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .text(WireID<ItemPrefix>.self))
        v.required("iv_id", &value.ivID, .string(1...64), example: #""PROD-001""#)
        v.required("organization_id", &value.organization, .string(1...128), example: #""org_abc123""#)
        v.required("name", &value.name, .string(1...200), example: #""Blue Widget""#)
        v.optional("barcode", &value.barcode, .string(1...64), whenNil: .null)
        v.optional("price", &value.price, .decimal(form: .number), whenNil: .null, example: "15.50")
        v.required("archived", &value.isArchived, .boolean)
        v.required("created", &value.created, .timestamp(.seconds))
        v.required("updated", &value.updated, .timestamp(.seconds))
    }
}

/// The body of `POST /api/v1/products`.
package struct ProductCreate: WireObject {
    package var ivID = ""
    package var name = ""
    package var barcode: String?
    package var price: Int64?

    package init() {}

    package static let schemaName = "ProductCreate"
    package static let schemaDoc = "A product to create."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "iv_id", &value.ivID, .string(1...64, pattern: WireName.sku),
            doc: "Your own id: unique, case kept; it can't be changed.", example: #""PROD-001""#)
        v.required("name", &value.name, .string(1...200), example: #""Blue Widget""#)
        v.optional("barcode", &value.barcode, .string(1...64))
        v.optional("price", &value.price, .money, doc: "At every branch that has no price of its own.")
    }

    var draft: ItemDraft {
        var draft = ItemDraft(sku: ivID, name: name)
        draft.barcode = barcode
        draft.price = price
        return draft
    }
}

/// The body of `PUT /api/v1/products/code/{ivId}`.
package struct ProductUpdate: WireObject {
    package var ivID: String?
    package var name = WireSchema.Patch<String>.absent
    package var barcode = WireSchema.Patch<String>.absent
    package var price = WireSchema.Patch<Int64>.absent

    package init() {}

    package static let schemaName = "ProductUpdate"
    package static let schemaDoc = "What to change; null clears, what is left out stays."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional("iv_id", &value.ivID, .string(1...64), doc: "Only as it is: it can't be changed.")
        v.patch("name", &value.name, .string(1...200), nullable: false)
        v.patch("barcode", &value.barcode, .string(1...64))
        v.patch("price", &value.price, .money)
        v.atLeastOneMember()
    }

    var changes: ItemChanges {
        var changes = ItemChanges()
        changes.name = name.applied(to: nil)
        changes.barcode = barcode.change
        changes.price = price.change
        return changes
    }
}
