import LedgerCore
package import WireSchema

/// What a bulk update may touch.
package enum BulkMode: String, CaseIterable, Sendable {
    /// Any SKU.
    case upsert
    /// Only SKUs that have a record: something moved there, or was set.
    case update
}

/// The body of `POST /api/v1/skus/bulk`.
package struct SKUBulk: WireObject {
    package var mode = BulkMode.upsert
    package var lines: [WireLine<SKUBulkLine>] = []

    package init() {}

    package static let schemaName = "SKUBulk"
    package static let schemaDoc = "SKUs to set, each by itself: a wrong one does not stop the others."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted(
            "mode", &value.mode, .oneOf(BulkMode.self),
            doc: "Both set what is sent: a SKU exists as soon as its product and its branch do.")
        v.required("skus", &value.lines, .lines(of: SKUBulkLine.self, 1...1_000))
    }
}

/// A line of a bulk update.
package struct SKUBulkLine: WireObject {
    package var ivID: String?
    package var branch: String?
    package var product: String?
    package var update = SKUUpdate()

    package init() {}

    package static let schemaName = "SKUBulkLine"
    package static let schemaDoc =
        "`iv_id` names the SKU, or `product_iv_id` and `branch_iv_id` do; what is left out otherwise stays."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional("iv_id", &value.ivID, .string(1...129), doc: "{product_iv_id}_{branch_iv_id}.")
        v.optional("branch_iv_id", &value.branch, .string(1...64))
        v.optional("product_iv_id", &value.product, .string(1...64))
        v.patch("qty", &value.update.quantity, .stock, nullable: false, doc: "What is on hand now.")
        v.patch("price", &value.update.price, .money, doc: "null: the product's price again.")
        v.patch("cost", &value.update.cost, .money, doc: "null: the weighted average cost again.")
        v.patch("available", &value.update.isAvailable, .boolean, nullable: false)
    }

    package func validate(_ faults: inout MemberFaults) {
        if ivID == nil, product == nil || branch == nil {
            faults.add("iv_id", .required, "is required, unless product_iv_id and branch_iv_id are both sent")
        }
        if update.isEmpty { faults.add("qty", .required, "is required, or price, cost or available: send what to set") }
    }
}

/// The answer to a bulk update.
package struct SKUBulkResult: WireObject {
    package var success = true
    package var message = ""
    package var data = Data()
    package var timestamp: Int64 = 0

    package init() {}

    package static let schemaName = "SKUBulkResult"
    package static let schemaDoc = "How many SKUs were set, and what is wrong with the others."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("success", &value.success, .boolean, doc: "The request was processed.")
        v.required("message", &value.message, .string(1...128), example: #""Processed 500 SKUs successfully""#)
        v.required("data", &value.data, .object(Data.self))
        v.required("timestamp", &value.timestamp, .timestamp(.seconds), example: #""2024-01-15T10:30:00Z""#)
    }

    /// The counts.
    package struct Data: WireObject {
        package var succeeded: Int64 = 0
        package var failed: Int64 = 0
        package var errors = WireMap<String>()

        package init() {}

        package static let schemaName = "SKUBulkData"
        package static let schemaDoc = "succeeded + failed = lines."

        package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
            v.required("succeeded", &value.succeeded, .integer(0...1_000), doc: "As they shall be now.")
            v.required("failed", &value.failed, .integer(0...1_000), doc: "Left as they were.")
            v.required(
                "errors", &value.errors, .map(of: .string(1...8_192)),
                doc:
                    """
                    Why, by `iv_id`; by place (`skus[3]`) where a line names no SKU, or one that a failed line before \
                    it named too.
                    """
            )
        }
    }
}
