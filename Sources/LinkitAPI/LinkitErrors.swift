package import HTTPInterface
import LedgerCore
import LedgerEngine
package import WireSchema

/// How the Linkit API refuses (contracts, *Errors*): `{"code": 422, "error": "Validation failed", "details": {…}}`.
package struct LinkitError: WireObject {
    package var code: Int64 = 0
    package var error = ""
    package var details = RawJSON.empty

    package init() {}

    package static let schemaName = "Error"
    package static let schemaDoc = "Why a request was refused; nothing was changed."

    package static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("code", &value.code, .integer(100...599), doc: "The HTTP status.")
        v.required("error", &value.error, .string(0...8_192))
        v.required(
            "details", &value.details, .freeObject(maxBytes: 65_536),
            doc: "A message for each member that is wrong, by its name; or what the error is about.")
    }
}

extension ErrorDialect {
    /// The Linkit API's.
    package static let linkit = ErrorDialect { refusal, _, requestID in
        .json(UInt16(clamping: refusal.status), LinkitError(refusal, requestID: requestID).jsonBytes())
    }
}

extension LinkitError {
    package init(_ refusal: Refusal, requestID: String) {
        code = Int64(refusal.status)
        error = refusal.detail
    }
}
