import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// Warehouses: list, create, read, change.
extension SellerAPI {
    static let warehouseOperations: [APIOperation] = [
        read(
            OperationDescription(
                id: "listWarehouses", method: .get, path: "/api/inventory/warehouses", summary: "List warehouses",
                description: "All of them at once, in the order in which they were created.", tag: "Warehouses",
                parameters: ParameterList(WarehouseListQuery.self),
                responses: [
                    ResponseDescription(
                        200, "The warehouses.", body: .json(WarehouseList.self, examples: [listExample]))
                ])
        ) { call throws(Refusal) in
            let query = try call.parameters(WarehouseListQuery.self)
            let locations = call.ledger.withCommitted { $0.locations }
            var list = WarehouseList()
            list.data = locations.lazy.filter { query.includesInactive || $0.archivedSeq == nil }
                .map { WarehouseView($0) }
            return .answer(.json(200, list.jsonBytes(capacity: 256 * (list.data.count + 1))))
        },
        write(
            OperationDescription(
                id: "createWarehouse", method: .post, path: "/api/inventory/warehouses", summary: "Create a warehouse",
                tag: "Warehouses", idempotency: .optional,
                request: .json(
                    WarehouseCreate.self,
                    examples: [
                        NamedExample(
                            "own",
                            json: #"{"name": "Warehouse A", "address": "Industriestraße 1, 12345 Berlin, DE"}"#),
                        NamedExample(
                            "marketplace",
                            json: #"{"name": "FBA EU", "type": "FBA", "marketplace": "amazon_eu"}"#),
                    ]),
                responses: [ResponseDescription(201, "The warehouse.", body: .json(WarehouseView.self))],
                errors: [
                    ErrorDescription(
                        409, "The code is taken, or the first warehouse, which is the default, is not to be used.",
                        codes: [
                            "WAREHOUSE_CODE_TAKEN", "JOINT_NAME_TAKEN", "DEFAULT_WAREHOUSE_REQUIRED", keyReused,
                        ])
                ])
        ) { call throws(Refusal) in
            let document = try call.document()
            let body = try call.decode(WarehouseCreate.self, from: document)
            let code =
                body.code
                ?? call.ledger.withCommitted { ledger in
                    WarehouseCode.make(from: body.name) { ledger.locationNumber(.code($0)) != nil }
                }
            return .write(
                call.submission(body.commands(code: code), document, render: call.renderWarehouse(status: 201)))
        },
        read(
            OperationDescription(
                id: "getWarehouse", method: .get, path: "/api/inventory/warehouses/{id}", summary: "Read a warehouse",
                tag: "Warehouses", parameters: ParameterList(WarehousePath.self),
                responses: [ResponseDescription(200, "The warehouse.", body: .json(WarehouseView.self))],
                errors: [warehouseNotFound])
        ) { call throws(Refusal) in
            let reference = try call.parameters(WarehousePath.self).warehouse.reference
            guard let location = call.ledger.withCommitted({ $0.location(reference) }) else {
                throw Refusal(seller: .locationNotFound(reference))
            }
            return .answer(.json(200, WarehouseView(location).jsonBytes()))
        },
        write(update(id: "updateWarehouse", .put)) { call throws(Refusal) in try call.updateWarehouse() },
        write(update(id: "patchWarehouse", .patch)) { call throws(Refusal) in try call.updateWarehouse() },
    ]

    /// The same under both methods: what is left out stays.
    private static func update(id: String, _ method: OperationDescription.Method) -> OperationDescription {
        OperationDescription(
            id: id, method: method, path: "/api/inventory/warehouses/{id}", summary: "Change a warehouse",
            description:
                """
                What is left out stays as it is, with PUT as with PATCH. `is_active: false` archives the warehouse, \
                which must be empty and not the default; `true` takes it into use again. The code can't be changed.
                """,
            tag: "Warehouses", idempotency: .optional, parameters: ParameterList(WarehousePath.self),
            request: .json(
                WarehouseUpdate.self,
                examples: [
                    NamedExample("address", json: #"{"address": "Hafenstraße 7, 20359 Hamburg, DE"}"#),
                    NamedExample("restore", json: #"{"is_active": true}"#),
                ]),
            responses: [ResponseDescription(200, "The warehouse as it is now.", body: .json(WarehouseView.self))],
            errors: [
                warehouseNotFound,
                ErrorDescription(
                    409, "It can't be changed.",
                    codes: [
                        "WAREHOUSE_ARCHIVED", "WAREHOUSE_HAS_STOCK", "DEFAULT_WAREHOUSE_REQUIRED", keyReused,
                    ]),
            ])
    }

    private static let listExample = NamedExample(
        "two",
        json:
            #"""
            {"data": [{"id": "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "name": "Warehouse A", "address": "Industriestraße 1, \#
            12345 Berlin, DE", "type": "own", "is_active": true, "code": "WAREHOUSE-A"}, {"id": \#
            "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZB", "name": "FBA EU", "type": "FBA", "marketplace": "amazon_eu", \#
            "is_active": true, "is_readonly": true, "code": "FBA-EU"}]}
            """#
    )
}

/// `{id}` of a warehouse's path: an id or a code.
struct WarehousePath: WireParameters {
    var warehouse = WireLocationReference()

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("id", &value.warehouse, .text(WireLocationReference.self), doc: "The warehouse's id or code.")
    }
}

struct WarehouseListQuery: WireParameters {
    var includesInactive = false

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("include_inactive", &value.includesInactive, .boolean, doc: "Archived warehouses too.")
    }
}

extension Call {
    /// Whether there is such a warehouse is the ledger's to say: memory may not know yet what another server has
    /// created.
    fileprivate func updateWarehouse() throws(Refusal) -> Reply {
        let reference = try parameters(WarehousePath.self).warehouse.reference
        let document = try document()
        let body = try decode(WarehouseUpdate.self, from: document)
        let commands = body.commands(of: reference, ledger.withCommitted { $0.location(reference) })
        return .write(
            submission(
                commands, document,
                render: renderWarehouse(status: 200, archived: body.onlyArchives ? reference : nil)))
    }
}
