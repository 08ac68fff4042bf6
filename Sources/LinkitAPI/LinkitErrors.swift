package import HTTPInterface
import LedgerCore
import LedgerEngine
package import WireSchema

/// How the Linkit API refuses (contracts, *Errors*): `{"code": 422, "error": "Validation failed", "details": {…}}`.
package struct LinkitError: WireObject {
    package var code: Int64 = 0
    package var error = ""
    package var details = WireMap<String>()

    package init() {}

    package static let schemaName = "Error"
    package static let schemaDoc = "Why a request was refused; nothing was changed."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("code", &value.code, .integer(100...599), doc: "The HTTP status.", example: "422")
        v.required(
            "error", &value.error, .string(0...8_192), doc: "What is wrong, in a few words.",
            example: #""Validation failed""#)
        v.required(
            "details", &value.details, .map(of: .string(0...8_192)),
            doc:
                """
                A message for each member or parameter that is wrong, by its name; `iv_id` of what does not exist; \
                else `reason`, a stable code, and `message`, what to do.
                """
        )
    }
}

extension ErrorDialect {
    /// The Linkit API's.
    package static let linkit = ErrorDialect { refusal, _, _ in LinkitError(refusal).answer() }
}

extension LinkitError {
    package init(_ refusal: Refusal) {
        code = Int64(refusal.status)
        guard let first = refusal.faults.first else {
            error = Self.titles[refusal.code] ?? ProblemCatalogue.entry(refusal.code)?.title ?? refusal.detail
            details.entries = [("reason", refusal.code), ("message", refusal.detail)]
            return
        }
        if first.code == .notFound {
            error = refusal.detail
            details.entries = [(first.pointer, first.message)]
            return
        }
        // The page answers 422 to whatever is wrong with a parameter.
        if first.part != .body { code = 422 }
        error = refusal.code == "malformed_json" ? "Malformed JSON" : "Validation failed"
        for fault in refusal.faults {
            let place = fault.part == .body ? Self.place(fault.pointer) : fault.pointer
            if details.entries.contains(where: { $0.name == place }) { continue }
            details.entries.append((place, fault.message.prefix(1).uppercased() + fault.message.dropFirst()))
        }
    }

    func answer() -> Answer { .json(UInt16(clamping: code), jsonBytes()) }

    /// A JSON Pointer as the page writes places: `qty`, `skus[0].qty`, and `body` for the whole.
    static func place(_ pointer: String) -> String {
        var place = ""
        for name in JSONPointer.names(in: pointer) {
            if !place.isEmpty, Int(name) != nil {
                place += "[\(name)]"
            } else {
                place += place.isEmpty ? name : ".\(name)"
            }
        }
        return place.isEmpty ? "body" : place
    }

    /// How any operation may refuse. 400, 404 and 422 name what is wrong in `details`, the others have a `reason`.
    package static let common = [
        ErrorDescription(
            400, "The request is malformed: no strict JSON, or a number that is no integer or out of range.",
            codes: ["malformed_json", "invalid_number", "idempotency_key_invalid"],
            examples: [
                NamedExample(
                    "number",
                    json: #"""
                        {"code": 400, "error": "Validation failed", "details": {"qty": "Must be a whole number \#
                        without a point or exponent"}}
                        """#)
            ]),
        ErrorDescription(401, "There is no key, or it is not a live one.", codes: ["unauthorized"]),
        ErrorDescription(403, "The key lacks the scope.", codes: ["insufficient_scope"]),
        ErrorDescription(408, "The request did not arrive in time.", codes: ["request_timeout"]),
        ErrorDescription(413, "The body is too large.", codes: ["body_too_large"]),
        ErrorDescription(414, "The path and its query are too long.", codes: ["target_too_long"]),
        ErrorDescription(415, "The body is not declared as JSON.", codes: ["unsupported_media_type"]),
        ErrorDescription(
            422, "A member or a parameter is not what it must be.", codes: ["validation_failed"],
            examples: [LinkitAPI.validationExample]),
        ErrorDescription(429, "The key's budget is used up.", codes: ["rate_limited"]),
        ErrorDescription(431, "The header is too large.", codes: ["headers_too_large"]),
        ErrorDescription(500, "The server failed.", codes: ["internal_error"]),
        ErrorDescription(
            503, "The server can't take the request now.",
            codes: ["busy", "storage_full", "database_unavailable", "outcome_unknown"]),
    ]

    /// In Linkit's words, where the ledger has others.
    private static let titles = [
        "item_archived": "Product is archived",
        "item_has_stock": "Product has stock",
        "sku_taken": "Product iv_id is taken",
        "location_archived": "Branch is archived",
        "location_has_stock": "Branch has stock",
        "location_read_only": "Branch is read-only",
        "code_taken": "Branch iv_id is taken",
        "default_location_required": "Branch is the default",
        "joint_name_taken": "SKU iv_id is taken",
        "unauthorized": "Unauthorized",
        "insufficient_scope": "Forbidden",
        "rate_limited": "Too many requests",
        "route_not_found": "Not found",
        "method_not_allowed": "Method not allowed",
    ]
}

/// What a request is about.
enum LinkitSubject: String {
    case sku = "SKU"
    case product = "Product"
    case branch = "Branch"
}

extension WireFault.Code {
    /// Marks what a 404 is about.
    static let notFound = WireFault.Code(rawValue: "not_found")
}

extension Refusal {
    /// 404, with what was asked for.
    static func notFound(_ subject: LinkitSubject, _ ivID: String) -> Refusal {
        Refusal(
            404, subject == .branch ? "location_not_found" : "item_not_found", "\(subject.rawValue) not found",
            faults: [WireFault(part: .path, pointer: "iv_id", code: .notFound, message: ivID)])
    }

    /// The ledger's refusal in Linkit's words.
    ///
    /// - Parameter subject: what the request was about, with its `iv_id` as it was sent.
    static func linkit(_ rejection: Rejection, about subject: LinkitSubject, _ ivID: String) -> Refusal {
        switch (rejection, subject) {
        case (.itemNotFound, _), (.locationNotFound, _), (.noDefaultLocation, _): return .notFound(subject, ivID)
        // A SKU exists while its product and its branch are in use.
        case (.itemArchived, .sku), (.locationArchived, .sku): return .notFound(subject, ivID)
        default:
            var refusal = Refusal(rejection)
            if let words = rejection.linkitWords { refusal.detail = words }
            return refusal
        }
    }
}

extension Rejection {
    /// What a line of a bulk update is told.
    var linkitLine: String { linkitWords ?? Refusal(self).detail }

    /// In Linkit's vocabulary; nil where the ledger's own words will do.
    fileprivate var linkitWords: String? {
        switch self {
        case .itemNotFound(.sku(let sku)): "Product \(sku) not found"
        case .itemNotFound(.id(let id)): "Product itm_\(id.text) not found"
        case .locationNotFound(.code(let code)): "Branch \(code) not found"
        case .locationNotFound(.id(let id)): "Branch wh_\(id.text) not found"
        case .itemArchived(let sku): "Product \(sku) is archived"
        case .locationArchived(let code): "Branch \(code) is archived"
        case .itemHasStock(let sku):
            "Product \(sku) still has stock. Set its qty to 0 at every branch, then archive it."
        case .locationHasStock(let code):
            "Branch \(code) still has stock. Set the qty of its SKUs to 0, then archive it."
        case .skuTaken(let sku): "Another product has the iv_id \(sku). They are unique, archived products included."
        case .codeTaken(let code): "Another branch has the iv_id \(code). They are unique, archived branches included."
        case .jointNameTaken(let sku, let code, let otherSKU, let otherCode):
            "\(sku) at \(code) would be the SKU \(sku)_\(code), as \(otherSKU) at \(otherCode) is. "
                + "Choose another iv_id."
        case .locationReadOnly(let code):
            "Branch \(code) is read-only: a marketplace keeps its stock. Leave qty out."
        case .defaultLocationRequired(let code):
            "Branch \(code) is where movements without a location go. Make another location the default first "
                + "(PATCH /inventory/v1/locations/{id} with is_default)."
        default: nil
        }
    }
}
