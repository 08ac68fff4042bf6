import HTTPInterface
import LedgerCore
package import WireSchema

/// A SKU: a product at a branch.
package struct SKUView: WireObject {
    package var id = ""
    package var ivID = ""
    package var organization = ""
    package var product = ""
    package var branch = ""
    package var quantity: Int64 = 0
    package var price: Int64?
    package var cost: Int64?
    package var isAvailable = true
    package var created: Int64 = 0
    package var updated: Int64 = 0

    package init() {}

    /// - Parameter moved: when something moved there last; nil when nothing ever did.
    init(_ level: StockLevel, of item: Item, at location: Location, organization: String, moved: Instant?) {
        let settings = level.settings
        id = LinkitID.sku(level.key)
        ivID = "\(item.sku)_\(location.code)"
        self.organization = organization
        product = item.sku
        branch = location.code
        quantity = level.pool.onHand
        price = settings?.price ?? item.price
        cost = settings?.cost
        if cost == nil, level.history.lastSeq > 0 { cost = level.pool.weightedAverageCost(scale: item.scale) }
        isAvailable = settings?.isAvailable ?? true
        let created = max(item.createdAt, location.createdAt)
        self.created = created.milliseconds
        updated = max(created, moved ?? created, settings?.changedAt ?? created).milliseconds
    }

    package static let schemaName = "SKU"
    package static let schemaDoc = "A product at a branch. It exists as soon as both do."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .string(17...17), doc: "Never changes.", example: #""r1234567890abcdef""#)
        v.required(
            "iv_id", &value.ivID, .string(3...129), doc: "{product_iv_id}_{branch_iv_id}.",
            example: #""PROD-001_STORE-001""#)
        v.required("organization_id", &value.organization, .string(1...128), example: #""org_abc123""#)
        v.required("product_iv_id", &value.product, .string(1...64), example: #""PROD-001""#)
        v.required("branch_iv_id", &value.branch, .string(1...64), example: #""STORE-001""#)
        v.required("qty", &value.quantity, .integer, doc: "On hand, in base units.", example: "150")
        v.optional(
            "price", &value.price, .decimal(form: .number), whenNil: .null,
            doc: "The branch's selling price, else the product's.", example: "15.50")
        v.optional(
            "cost", &value.cost, .decimal(form: .number), whenNil: .null,
            doc: "The cost that was set, else the weighted average cost of what came in.", example: "8.25")
        v.required("available", &value.isAvailable, .boolean, doc: "Whether it is for sale.")
        v.required(
            "created", &value.created, .timestamp(.seconds), doc: "When there were both the product and the branch.",
            example: #""2024-01-15T10:30:00Z""#)
        v.required(
            "updated", &value.updated, .timestamp(.seconds), doc: "When its stock or what is set for it last changed.",
            example: #""2024-01-16T14:22:00Z""#)
    }
}

/// A SKU as a list shows it.
package struct SKURow: WireObject {
    package var id = ""
    package var ivID = ""
    package var product = ""
    package var branch = ""
    package var quantity: Int64 = 0
    package var price: Int64?
    package var isAvailable = true

    package init() {}

    package static let schemaName = "SKURow"
    package static let schemaDoc = "A SKU as lists show it."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("id", &value.id, .string(17...17))
        v.required("iv_id", &value.ivID, .string(3...129))
        v.required("product_iv_id", &value.product, .string(1...64))
        v.required("branch_iv_id", &value.branch, .string(1...64))
        v.required("qty", &value.quantity, .integer)
        v.optional("price", &value.price, .decimal(form: .number), whenNil: .null)
        v.required("available", &value.isAvailable, .boolean)
    }
}

/// A page of a list: `data`, and where it stands in the whole.
package struct NumberedPage<Row: WireObject>: WireObject {
    package var data: [Row] = []
    package var total: Int64 = 0
    package var page: Int64 = 1
    package var limit: Int64 = 20
    package var hasNext = false
    private var meta = RawJSON.empty

    package init() {}

    init(_ rows: [Row], total: Int, _ page: PageOfRows) {
        data = rows
        self.total = Int64(total)
        self.page = page.page
        limit = page.limit
        hasNext = page.hasNext(rows: rows.count, of: total)
    }

    package static var schemaName: String { "\(Row.schemaName)List" }
    package static var schemaDoc: String { "A page of a list. One past the end is empty." }

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        var count = Int64(value.data.count)
        v.required("data", &value.data, .array(of: .object(Row.self)))
        v.required("count", &count, .integer(0...100), doc: "Rows on this page.")
        v.required("total_count", &value.total, .integer(LinkitRanges.rows), doc: "Rows on all pages, exactly.")
        v.required("page", &value.page, .page)
        v.required("limit", &value.limit, .integer(1...100))
        v.required("has_next", &value.hasNext, .boolean)
        v.required("meta", &value.meta, .freeObject(maxBytes: 2))
    }
}

/// The body of `PUT /api/v1/skus/code/{ivId}`.
package struct SKUUpdate: WireObject {
    package var quantity = WireSchema.Patch<Int64>.absent
    package var price = WireSchema.Patch<Int64>.absent
    package var cost = WireSchema.Patch<Int64>.absent
    package var isAvailable = WireSchema.Patch<Bool>.absent

    package init() {}

    package static let schemaName = "SKUUpdate"
    package static let schemaDoc = "What to set; what is left out stays."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.patch(
            "qty", &value.quantity, .stock, nullable: false,
            doc: "What is on hand now: the ledger books the difference as an adjustment.", example: "200")
        v.patch("price", &value.price, .money, doc: "null: the product's price again.", example: "16.99")
        v.patch(
            "cost", &value.cost, .money, doc: "null: the weighted average cost again. A larger qty is booked at it.",
            example: "8.50")
        v.patch("available", &value.isAvailable, .boolean, nullable: false)
        v.atLeastOneMember()
    }
}

extension SKUUpdate {
    /// Whether it says nothing.
    var isEmpty: Bool { quantity.isAbsent && price.isAbsent && cost.isAbsent && isAvailable.isAbsent }
}
