package import HTTPInterface
import LedgerCore
import LedgerEngine
package import WireSchema

/// How the Seller API refuses (contracts, *Errors*): `{"error": {"code": …, "message": …, "details": …}}`.
package struct SellerError: WireObject {
    package var error = Content()

    package init() {}

    package static let schemaName = "Error"
    package static let schemaDoc = "Why a request was refused; nothing was changed."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("error", &value.error, .object(Content.self))
    }

    /// What is inside.
    package struct Content: WireObject {
        package var code = ""
        package var message = ""
        package var details: Details?

        package init() {}

        package static let schemaName = "ErrorContent"

        package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
            v.required("code", &value.code, .string(1...64), doc: "Stable.", example: #""WAREHOUSE_NOT_FOUND""#)
            v.required("message", &value.message, .string(0...8_192), doc: "What was wrong, and what to do.")
            v.optional("details", &value.details, .object(Details.self), whenNil: .null)
        }
    }

    /// What a program may want to know beside the code.
    package struct Details: WireObject {
        package var reason = ""
        package var requestID = ""
        package var onHand: Int64?
        package var errors: [WireFault]?

        package init() {}

        package static let schemaName = "ErrorDetails"

        package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
            v.required(
                "reason", &value.reason, .string(1...64), doc: "The server's own, finer code.",
                example: #""item_not_found""#)
            v.required("request_id", &value.requestID, .string(1...128))
            v.optional("on_hand", &value.onHand, .integer, doc: "What is on hand, where that is the reason.")
            v.optional(
                "errors", &value.errors, .array(of: .object(WireFault.self)), doc: "What is wrong with each place.")
        }
    }
}

extension SellerError {
    package init(_ refusal: Refusal, requestID: String) {
        error.code = SellerError.code(of: refusal)
        error.message = refusal.detail
        var details = Details()
        details.reason = refusal.code
        details.requestID = requestID
        details.onHand = refusal.balance
        details.errors = refusal.faults.isEmpty ? nil : refusal.faults
        error.details = details
    }

    /// The published code; what has none of its own is a `VALIDATION_ERROR` when the caller can mend it.
    private static func code(of refusal: Refusal) -> String {
        switch refusal.code {
        case "item_not_found": "INVENTORY_NOT_FOUND"
        case "location_not_found", "no_default_location": "WAREHOUSE_NOT_FOUND"
        case "location_read_only": "READONLY_WAREHOUSE"
        case "negative_quantity", "insufficient_stock": "NEGATIVE_QUANTITY"
        case "stale_quantity": "STALE_QUANTITY"
        case "unauthorized": "UNAUTHORIZED"
        case "insufficient_scope": "INSUFFICIENT_SCOPE"
        case "rate_limited": "RATE_LIMITED"
        case "internal_error": "INTERNAL_ERROR"
        case "validation_failed", "invalid_number", "invalid_parameter", "malformed_json", "invalid_cursor":
            "VALIDATION_ERROR"
        default: refusal.code.uppercased()
        }
    }
}

extension ErrorDialect {
    /// The Seller API's.
    package static let seller = ErrorDialect { refusal, _, requestID in
        .json(UInt16(clamping: refusal.status), SellerError(refusal, requestID: requestID).jsonBytes())
    }
}
