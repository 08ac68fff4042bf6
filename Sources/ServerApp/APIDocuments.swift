package import HTTPInterface
import LinkitAPI
import SKInventoryAPI
import SellerAPI
import SkutrailAPI
package import WireSchema

/// The OpenAPI documents, written from the same operations that are served.
package enum APIDocuments {
    /// One published document.
    package struct Document: Sendable {
        /// `skutrail`; its file is `openapi/skutrail.json`.
        package var name: String
        package var document: OpenAPIDocument
    }

    /// Everything that is served.
    package static let operations: [APIOperation] =
        SkutrailAPI.operations + SKInventoryAPI.operations + SellerAPI.operations + LinkitAPI.operations

    /// How paths that no operation has are refused.
    package static let dialects: [(base: String, dialect: ErrorDialect)] = [
        (SellerAPI.base, .seller), (LinkitAPI.base, .linkit),
    ]

    package static let all: [Document] = [
        document(
            "skutrail", title: "Bincard: Skutrail API", base: "/v1", operations: SkutrailAPI.operations,
            description:
                """
                One ledger, every warehouse: record movements, read balances now and at any past moment, and read \
                the journal itself.
                """
        ),
        document(
            "sk-inventory", title: "Bincard: SK Inventory API", base: "/inventory/v1",
            operations: SKInventoryAPI.operations,
            description: "Items, locations, movements and stock with weighted average cost, over the same ledger."),
        document(
            "seller", title: "Bincard: Seller API", base: SellerAPI.base, operations: SellerAPI.operations,
            description: "Stock levels across warehouses and marketplaces, over the same ledger.",
            errorBody: .json(SellerError.self), errors: SellerAPI.commonErrors),
        document(
            "linkit", title: "Bincard: Linkit API", base: LinkitAPI.base, operations: LinkitAPI.operations,
            description: "Products, branches and their SKUs: stock, price and availability, over the same ledger.",
            errorBody: .json(LinkitError.self), errors: LinkitError.common),
    ]

    private static func document(
        _ name: String, title: String, base: String, operations: [APIOperation], description: String,
        errorBody: BodyDescription = .json(Problem.self, mediaType: "application/problem+json"),
        errors: [ErrorDescription] = commonErrors
    ) -> Document {
        Document(
            name: name,
            document: OpenAPIDocument(
                title: title, version: BincardVersion.current, description: description,
                servers: [(url: "http://127.0.0.1:8080", description: "A local server")],
                operations: operations.map(\.description),
                errorBody: errorBody, commonErrors: errors))
    }

    private static let commonErrors = [
        ErrorDescription(
            400, "The request is malformed.",
            codes: [
                "malformed_json", "invalid_number", "invalid_parameter", "invalid_cursor", "idempotency_key_required",
                "idempotency_key_invalid",
            ]),
        ErrorDescription(401, "There is no key, or it is not a live one.", codes: ["unauthorized"]),
        ErrorDescription(403, "The key lacks the scope.", codes: ["insufficient_scope"]),
        ErrorDescription(408, "The request did not arrive in time.", codes: ["request_timeout"]),
        ErrorDescription(413, "The body is too large.", codes: ["body_too_large"]),
        ErrorDescription(414, "The path and its query are too long.", codes: ["target_too_long"]),
        ErrorDescription(415, "The body is not declared as JSON.", codes: ["unsupported_media_type"]),
        ErrorDescription(422, "The body is not what the operation takes.", codes: ["validation_failed"]),
        ErrorDescription(431, "The header is too large.", codes: ["headers_too_large"]),
        ErrorDescription(429, "The key's budget is used up.", codes: ["rate_limited"]),
        ErrorDescription(500, "The server failed.", codes: ["internal_error"]),
        ErrorDescription(
            503, "The server can't take the request now.",
            codes: ["busy", "storage_full", "database_unavailable", "outcome_unknown"]),
    ]
}
