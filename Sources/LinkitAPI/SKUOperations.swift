import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// SKUs: list, read, set, set many.
extension LinkitAPI {
    static let skuOperations: [APIOperation] = [
        read(
            OperationDescription(
                id: "listSKUs", method: .get, path: "/api/v1/skus", summary: "List SKUs",
                description:
                    """
                    Every product in use at every branch in use, whether anything was recorded there or not: products \
                    in the order in which they were created, for each the branches in theirs. Filters combine, and \
                    `total_count` is exact. A product or branch that does not exist has no SKUs.
                    """,
                tag: "SKUs", parameters: ParameterList(SKUListQuery.self),
                responses: [
                    ResponseDescription(
                        200, "A page of SKUs.",
                        body: .json(
                            NumberedPage<SKURow>.self,
                            examples: [
                                NamedExample(
                                    "page",
                                    json:
                                        #"""
                                        {"data": [{"id": "r1234567890abcdef", "iv_id": "PROD-001_STORE-001", \#
                                        "product_iv_id": "PROD-001", "branch_iv_id": "STORE-001", "qty": 150, \#
                                        "price": 15.50, "available": true}], "count": 20, "total_count": 1500, \#
                                        "page": 1, "limit": 20, "has_next": true, "meta": {}}
                                        """#)
                            ]))
                ])
        ) { call throws(Refusal) in try call.listSKUs() },
        read(
            OperationDescription(
                id: "getSKU", method: .get, path: "/api/v1/skus/code/{ivId}", summary: "Read a SKU", tag: "SKUs",
                parameters: ParameterList(SKUPath.self),
                responses: [ResponseDescription(200, "The SKU.", body: .json(SKUView.self, examples: [skuExample]))],
                errors: [skuNotFound])
        ) { call throws(Refusal) in try call.getSKU() },
        write(
            OperationDescription(
                id: "updateSKU", method: .put, path: "/api/v1/skus/code/{ivId}", summary: "Set a SKU",
                description:
                    """
                    Sets what is sent and leaves the rest. `qty` is absolute: the ledger books the difference as an \
                    adjustment, and nothing where there is none. What is sent twice is recorded once.
                    """,
                tag: "SKUs", idempotency: .optional, parameters: ParameterList(SKUPath.self),
                request: .json(
                    SKUUpdate.self,
                    examples: [
                        NamedExample(
                            "all", json: #"{"qty": 200, "price": 16.99, "cost": 8.50, "available": true}"#),
                        NamedExample("some", json: #"{"qty": 200, "price": 16.99, "available": true}"#),
                    ]),
                responses: [
                    ResponseDescription(
                        200, "The SKU as it is now.", body: .json(SKUView.self, examples: [skuExample]))
                ],
                errors: [
                    ErrorDescription(
                        403, "The key lacks the scope, or a marketplace keeps the branch's stock.",
                        codes: ["insufficient_scope", "location_read_only"]),
                    skuNotFound, keyReused,
                    ErrorDescription(
                        422, "A member is not what it must be.", codes: ["validation_failed", "stock_out_of_range"],
                        examples: [validationExample]),
                ])
        ) { call throws(Refusal) in try call.updateSKU() },
        write(
            OperationDescription(
                id: "updateSKUs", method: .post, path: "/api/v1/skus/bulk", summary: "Set many SKUs",
                description:
                    """
                    Up to 1,000 lines, each by itself: a wrong one is named in `errors` and does not stop the others. \
                    Lines of the same SKU apply in order.
                    """,
                tag: "SKUs", idempotency: .optional, request: .json(SKUBulk.self, examples: [bulkExample]),
                responses: [
                    ResponseDescription(
                        200, "What became of them.",
                        body: .json(
                            SKUBulkResult.self,
                            examples: [
                                NamedExample(
                                    "processed",
                                    json:
                                        #"""
                                        {"success": true, "message": "Processed 500 SKUs successfully", "data": \#
                                        {"succeeded": 498, "failed": 2, "errors": {"BAD-SKU_STORE-001": \#
                                        "Product BAD-SKU not found", "PROD-003_MISSING": \#
                                        "Branch MISSING not found"}}, "timestamp": "2024-01-15T10:30:00Z"}
                                        """#)
                            ]))
                ],
                errors: [keyReused])
        ) { call throws(Refusal) in try call.updateSKUs() },
    ]

    static let keyReused = ErrorDescription(
        409, "The Idempotency-Key belongs to another request.", codes: ["idempotency_key_reused"])

    static let validationExample = NamedExample(
        "validation", json: #"{"code": 422, "error": "Validation failed", "details": {"qty": "Must be >= 0"}}"#)

    private static let skuNotFound = ErrorDescription(
        404, "No such SKU, or its product or branch is archived.", codes: ["item_not_found"],
        examples: [
            NamedExample(
                "missing",
                json: #"{"code": 404, "error": "SKU not found", "details": {"iv_id": "NONEXISTENT_STORE-001"}}"#)
        ])

    private static let skuExample = NamedExample(
        "sku",
        json:
            #"""
            {"id": "r1234567890abcdef", "iv_id": "PROD-001_STORE-001", "organization_id": "org_abc123", \#
            "product_iv_id": "PROD-001", "branch_iv_id": "STORE-001", "qty": 150, "price": 15.50, "cost": 8.25, \#
            "available": true, "created": "2024-01-15T10:30:00Z", "updated": "2024-01-16T14:22:00Z"}
            """#)

    private static let bulkExample = NamedExample(
        "sync",
        json:
            #"""
            {"mode": "upsert", "skus": [{"iv_id": "PROD-001_STORE-001", "branch_iv_id": "STORE-001", \#
            "product_iv_id": "PROD-001", "qty": 100, "price": 15.50, "available": true}, \#
            {"iv_id": "PROD-002_STORE-001", "branch_iv_id": "STORE-001", "product_iv_id": "PROD-002", "qty": 50, \#
            "price": 29.99, "available": true}]}
            """#)
}
