import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// Products: create, list, read, change, archive.
extension LinkitAPI {
    static let productOperations: [APIOperation] = [
        write(
            OperationDescription(
                id: "createProduct", method: .post, path: "/api/v1/products", summary: "Create a product",
                description: "It has a SKU at every branch at once.", tag: "Products",
                idempotency: .optional, request: .json(ProductCreate.self, examples: [productExample]),
                responses: [ResponseDescription(201, "The product.", body: .json(ProductView.self))],
                errors: [
                    ErrorDescription(
                        409, "The iv_id is taken, or a SKU would have another's.",
                        codes: ["sku_taken", "joint_name_taken", "idempotency_key_reused"])
                ])
        ) { call throws(Refusal) in
            let document = try call.document()
            let body = try call.decode(ProductCreate.self, from: document)
            return call.write(
                .createItem(body.draft), document, render: call.renderProduct(status: 201, body.ivID))
        },
        read(
            OperationDescription(
                id: "listProducts", method: .get, path: "/api/v1/products", summary: "List products",
                description: "In the order in which they were created.", tag: "Products",
                parameters: ParameterList(CataloguePageQuery.self),
                responses: [
                    ResponseDescription(200, "A page of products.", body: .json(NumberedPage<ProductView>.self))
                ])
        ) { call throws(Refusal) in try call.listProducts() },
        read(
            OperationDescription(
                id: "getProduct", method: .get, path: "/api/v1/products/code/{ivId}", summary: "Read a product",
                tag: "Products", parameters: ParameterList(ProductPath.self),
                responses: [ResponseDescription(200, "The product.", body: .json(ProductView.self))],
                errors: [productNotFound])
        ) { call throws(Refusal) in try call.getProduct() },
        write(
            OperationDescription(
                id: "updateProduct", method: .put, path: "/api/v1/products/code/{ivId}",
                summary: "Change a product", description: "Changes what is sent and leaves the rest.",
                tag: "Products", idempotency: .optional, parameters: ParameterList(ProductPath.self),
                request: .json(ProductUpdate.self, examples: [productUpdateExample]),
                responses: [ResponseDescription(200, "The product as it is now.", body: .json(ProductView.self))],
                errors: [
                    productNotFound,
                    ErrorDescription(
                        409, "It can't be changed.", codes: ["item_archived", "idempotency_key_reused"]),
                ])
        ) { call throws(Refusal) in
            let path = try call.parameters(ProductPath.self)
            let document = try call.document()
            let body = try call.decode(ProductUpdate.self, from: document)
            let reference = path.item.reference
            try call.checkUnchanged(body.ivID) { $0.item(reference)?.sku }
            return call.write(
                .updateItem(reference, body.changes), document,
                render: call.renderProduct(status: 200, call.ivID))
        },
        write(
            OperationDescription(
                id: "archiveProduct", method: .delete, path: "/api/v1/products/code/{ivId}",
                summary: "Archive a product",
                description: "Its stock must be 0 at every branch. Its SKUs go, its history stays.",
                tag: "Products", idempotency: .optional, parameters: ParameterList(ProductPath.self),
                responses: [ResponseDescription(200, "The product as it is now.", body: .json(ProductView.self))],
                errors: [
                    productNotFound,
                    ErrorDescription(
                        409, "It can't be archived.",
                        codes: ["item_archived", "item_has_stock", "idempotency_key_reused"]),
                ])
        ) { call throws(Refusal) in
            let path = try call.parameters(ProductPath.self)
            return call.write(
                .archiveItem(path.item.reference), try call.emptyDocument(),
                render: call.renderProduct(status: 200, call.ivID))
        },
    ]

    private static let productExample = NamedExample(
        "product", json: #"{"iv_id": "PROD-001", "name": "Blue Widget", "barcode": "4006381333931", "price": 15.50}"#)

    private static let productUpdateExample = NamedExample(
        "change", json: #"{"name": "Blue Widget 500ml", "price": 16.99, "barcode": null}"#)

    private static let productNotFound = ErrorDescription(
        404, "No such product.", codes: ["item_not_found"],
        examples: [
            NamedExample(
                "missing",
                json: #"{"code": 404, "error": "Product not found", "details": {"iv_id": "NONEXISTENT"}}"#)
        ])
}
