package import HTTPInterface
package import WireSchema

/// What a marketplace counts of one SKU.
package struct SnapshotLine: WireObject {
    package var item = WireItemReference()
    package var quantity: Int64 = 0

    package init() {}

    package static let schemaName = "SnapshotLine"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("sku", &value.item, .text(WireItemReference.self), example: #""SKU-001""#)
        v.required("quantity", &value.quantity, .integer(WireRanges.quantity), doc: "0 or more.", example: "137")
    }
}

/// The body of `POST /api/inventory/warehouses/{id}/snapshot`.
package struct SnapshotCreate: WireObject {
    package static let maximum = 1_000

    package var observedAt: Int64 = 0
    package var items: [WireLine<SnapshotLine>] = []

    package init() {}

    package static let schemaName = "Snapshot"
    package static let schemaDoc = "What lay at a marketplace's warehouse at one moment."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "observed_at", &value.observedAt, .timestamp(.milliseconds),
            doc: "When the marketplace counted, at most 5 minutes ahead of this server's clock.",
            example: #""2026-03-12T14:00:00Z""#)
        v.required(
            "items", &value.items, .lines(of: SnapshotLine.self, 1...maximum),
            doc: "SKUs that are not among them stay as they are.")
    }
}

/// What became of a snapshot.
package enum SnapshotStatus: String, CaseIterable, Sendable {
    /// It changed at least one quantity.
    case applied
    /// Everything was so already, or nothing of it could be taken.
    case unchanged
    /// A later snapshot is known already.
    case ignored
}

/// The answer to a snapshot.
package struct SnapshotResult: WireObject {
    package var data = Summary()
    package var errors: [Failure] = []

    package init() {}

    package static let schemaName = "SnapshotResult"

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("data", &value.data, .object(Summary.self))
        v.required("errors", &value.errors, .array(of: .object(Failure.self)))
    }

    /// What was done.
    package struct Summary: WireObject {
        package var warehouse = WireID<LocationPrefix>()
        package var observedAt: Int64 = 0
        package var status = SnapshotStatus.unchanged
        package var updated: Int64 = 0
        package var unchanged: Int64 = 0
        package var failed: Int64 = 0
        package var lastObservedAt: Int64 = 0
        package var message: String?

        package init() {}

        package static let schemaName = "SnapshotSummary"

        package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
            v.required("warehouse_id", &value.warehouse, .text(WireID<LocationPrefix>.self))
            v.required("observed_at", &value.observedAt, .timestamp(.milliseconds))
            v.required("status", &value.status, .oneOf(SnapshotStatus.self))
            v.required("updated", &value.updated, .integer)
            v.required("unchanged", &value.unchanged, .integer)
            v.required("failed", &value.failed, .integer)
            v.required(
                "last_observed_at", &value.lastObservedAt, .timestamp(.milliseconds),
                doc: "Of the latest snapshot that was taken.")
            v.optional("message", &value.message, .string(0...8_192), doc: "Only of one that was ignored: why.")
        }
    }

    /// A line that was refused.
    package struct Failure: WireObject {
        package var index: Int64 = 0
        package var sku: String?
        package var error = Rendered<LineError>(bytes: [])

        package init() {}

        package static let schemaName = "SnapshotFailure"

        package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
            v.required("index", &value.index, .integer(0...999))
            v.optional(
                "sku", &value.sku, .string(1...64), whenNil: .null, doc: "null for a line that could not be read.")
            v.required("error", &value.error, .rendered(LineError.self))
        }
    }
}
