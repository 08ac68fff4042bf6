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

/// What is wrong with one line of many.
package struct LineError: WireObject {
    package var code = ""
    package var message = ""

    package init() {}

    init(_ refusal: Refusal) {
        code = SellerError.code(of: refusal)
        message = refusal.detail
    }

    /// A line that could not be read: all that is wrong with it, since there is no list beside the message.
    init(_ faults: WireFaults) {
        self.init(Refusal(faults))
        message = faults.faults.map { "\($0.pointer) \($0.message)." }.joined(separator: " ")
    }

    package static let schemaName = "LineError"
    package static let schemaDoc = "Why a line was refused; the others are not touched by it."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("code", &value.code, .string(1...64), doc: "Stable.", example: #""INVENTORY_NOT_FOUND""#)
        v.required("message", &value.message, .string(0...8_192), doc: "What was wrong, and what to do.")
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

    /// The published code, or one like it; what the caller can mend and has no code of its own is a `VALIDATION_ERROR`.
    static func code(of refusal: Refusal) -> String {
        switch refusal.code {
        case "item_not_found": "INVENTORY_NOT_FOUND"
        case "location_not_found", "no_default_location": "WAREHOUSE_NOT_FOUND"
        case "location_read_only": "READONLY_WAREHOUSE"
        case "negative_quantity", "insufficient_stock": "NEGATIVE_QUANTITY"
        case "location_archived": "WAREHOUSE_ARCHIVED"
        case "location_has_stock": "WAREHOUSE_HAS_STOCK"
        case "location_not_marketplace": "NOT_A_MARKETPLACE_WAREHOUSE"
        case "code_taken": "WAREHOUSE_CODE_TAKEN"
        case "default_location_required": "DEFAULT_WAREHOUSE_REQUIRED"
        default: refusal.status == 400 || refusal.status == 422 ? "VALIDATION_ERROR" : refusal.code.uppercased()
        }
    }
}

extension ErrorDialect {
    /// The Seller API's.
    package static let seller = ErrorDialect { refusal, _, requestID in
        .json(UInt16(clamping: refusal.status), SellerError(refusal, requestID: requestID).jsonBytes())
    }
}

extension Refusal {
    /// The ledger's refusal in the words of this API, whose locations are warehouses.
    init(seller rejection: Rejection) {
        self.init(rejection)
        switch rejection {
        case .itemNotFound(.id(let id)): detail = "itm_\(id.text) is no item of this ledger. Create it first."
        case .itemNotFound(.sku(let sku)): detail = "“\(sku)” is no SKU of this ledger. Create the item first."
        case .itemArchived(let sku): detail = "\(sku) is archived, and nothing of it can be changed."
        case .locationNotFound(.id(let id)): detail = "wh_\(id.text) is no warehouse of this ledger. Create it first."
        case .locationNotFound(.code(let code)):
            detail = "“\(code)” is no warehouse of this ledger. Send a warehouse's id or its code."
        case .locationArchived(let code):
            detail = "The warehouse \(code) is archived. Set is_active to true to use it again."
        case .locationHasStock(let code):
            detail = "The warehouse \(code) still has stock. Bring it to 0, then set is_active to false."
        case .defaultLocationRequired(let code):
            detail =
                "\(code) is the default warehouse, which has to stay in use. Make another one the default first (PATCH "
                + "/inventory/v1/locations/{id} with is_default)."
        case .codeTaken(let code):
            detail = "Another warehouse has the code \(code). Codes are unique, archived warehouses included."
        case .locationReadOnly(let code):
            detail =
                "The warehouse \(code) is read-only. A marketplace's stock (FBA, FBS) is changed by its snapshots; "
                + "any other is open once is_readonly is false."
        case .locationNotMarketplace(let code):
            detail = "The warehouse \(code) is no marketplace's (FBA, FBS), so it takes no snapshots. Set its stock."
        case .safetyStockNotAllowed(let code):
            detail = "The warehouse \(code) is a marketplace's and holds no safety stock."
        default: break
        }
    }

    /// The item exists, but nothing was ever recorded of it, or it is archived.
    static func noRecord(_ sku: String) -> Refusal {
        Refusal(
            404, "inventory_not_found",
            "\(sku) has no inventory record. Set its quantity at a warehouse (PUT /api/inventory/{sku}) to make one.")
    }
}

extension SellerAPI {
    /// What every operation can answer with, in this API's codes.
    package static let commonErrors = [
        ErrorDescription(400, "The request is malformed.", codes: ["VALIDATION_ERROR"]),
        ErrorDescription(401, "There is no key, or it is not a live one.", codes: ["UNAUTHORIZED"]),
        ErrorDescription(403, "The key lacks the scope.", codes: ["INSUFFICIENT_SCOPE"]),
        ErrorDescription(408, "The request did not arrive in time.", codes: ["REQUEST_TIMEOUT"]),
        ErrorDescription(413, "The body is too large.", codes: ["BODY_TOO_LARGE"]),
        ErrorDescription(414, "The path and its query are too long.", codes: ["TARGET_TOO_LONG"]),
        ErrorDescription(415, "The body is not declared as JSON.", codes: ["UNSUPPORTED_MEDIA_TYPE"]),
        ErrorDescription(422, "The body is not what the operation takes.", codes: ["VALIDATION_ERROR"]),
        ErrorDescription(429, "The key's budget is used up.", codes: ["RATE_LIMITED"]),
        ErrorDescription(431, "The header is too large.", codes: ["HEADERS_TOO_LARGE"]),
        ErrorDescription(500, "The server failed.", codes: ["INTERNAL_ERROR"]),
        ErrorDescription(
            503, "The server can't take the request now.",
            codes: ["BUSY", "STORAGE_FULL", "DATABASE_UNAVAILABLE", "OUTCOME_UNKNOWN"]),
    ]

    static let keyReused = "IDEMPOTENCY_KEY_REUSED"
    static let inventoryNotFound = ErrorDescription(
        404, "The SKU has no inventory record.", codes: ["INVENTORY_NOT_FOUND"])
    static let warehouseNotFound = ErrorDescription(
        404, "The warehouse does not exist.", codes: ["WAREHOUSE_NOT_FOUND"])
    static let eitherNotFound = ErrorDescription(
        404, "The SKU or the warehouse does not exist.", codes: ["INVENTORY_NOT_FOUND", "WAREHOUSE_NOT_FOUND"])
}
