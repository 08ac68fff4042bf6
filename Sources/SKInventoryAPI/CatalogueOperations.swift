import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// Items and locations: create, list, read, change, archive.
extension SKInventoryAPI {
    static let catalogueOperations: [APIOperation] = itemOperations + locationOperations

    // MARK: Items

    private static let itemExample = NamedExample(
        "item", json: #"{"sku": "SKU-0042", "name": "Blue Widget 500ml", "price": "15.50", "reorder_point": 20}"#)

    private static let itemOperations: [APIOperation] = [
        write(
            OperationDescription(
                id: "createItem", method: .post, path: "/inventory/v1/items", summary: "Create an item", tag: "Items",
                idempotency: .required, request: .json(ItemCreate.self, examples: [itemExample]),
                responses: [ResponseDescription(201, "The item.", body: .json(ItemView.self))],
                errors: [
                    ErrorDescription(
                        409, "The SKU is taken, or would give two pairs of an item and a location one name.",
                        codes: ["sku_taken", "joint_name_taken", "idempotency_key_reused"])
                ])
        ) { call throws(Refusal) in
            let document = try call.document()
            let body = try call.decode(ItemCreate.self, from: document)
            return call.write(.createItem(body.draft), document, render: call.renderItem(status: 201))
        },
        read(
            OperationDescription(
                id: "listItems", method: .get, path: "/inventory/v1/items", summary: "List items",
                description:
                    """
                    In the order in which they were created. A walk returns every item that existed when it began \
                    exactly once.
                    """,
                tag: "Items", parameters: ParameterList(ItemListQuery.self),
                responses: [ResponseDescription(200, "A page of items.", body: .json(ItemList.self))])
        ) { call throws(Refusal) in .answer(try call.listItems()) },
        read(
            OperationDescription(
                id: "getItem", method: .get, path: "/inventory/v1/items/{id}", summary: "Read an item", tag: "Items",
                parameters: ParameterList(ItemPath.self),
                responses: [ResponseDescription(200, "The item.", body: .json(ItemView.self))],
                errors: [ErrorDescription(404, "No such item.", codes: ["item_not_found"])])
        ) { call throws(Refusal) in
            let path = try call.parameters(ItemPath.self)
            guard let item = call.ledger.withCommitted({ $0.item(path.item.reference) }) else {
                throw Refusal(.itemNotFound(path.item.reference))
            }
            return .answer(.json(200, ItemView(item).jsonBytes()))
        },
        write(
            OperationDescription(
                id: "updateItem", method: .patch, path: "/inventory/v1/items/{id}", summary: "Change an item",
                description: "The SKU can't be changed; the scale only before the first movement.", tag: "Items",
                idempotency: .required, parameters: ParameterList(ItemPath.self),
                request: .json(
                    ItemUpdate.self,
                    examples: [NamedExample("reorder", json: #"{"reorder_point": 40, "barcode": null}"#)]),
                responses: [ResponseDescription(200, "The item as it is now.", body: .json(ItemView.self))],
                errors: [
                    ErrorDescription(404, "No such item.", codes: ["item_not_found"]),
                    ErrorDescription(
                        409, "It can't be changed.", codes: ["item_archived", "scale_fixed", "idempotency_key_reused"]),
                ])
        ) { call throws(Refusal) in
            let path = try call.parameters(ItemPath.self)
            let document = try call.document()
            let body = try call.decode(ItemUpdate.self, from: document)
            return call.write(
                .updateItem(path.item.reference, body.changes), document, render: call.renderItem(status: 200))
        },
        write(
            OperationDescription(
                id: "archiveItem", method: .post, path: "/inventory/v1/items/{id}/archive", summary: "Archive an item",
                description: "It must have no stock. Its history stays; it takes no more movements.", tag: "Items",
                idempotency: .required, parameters: ParameterList(ItemPath.self),
                responses: [ResponseDescription(200, "The item as it is now.", body: .json(ItemView.self))],
                errors: [
                    ErrorDescription(404, "No such item.", codes: ["item_not_found"]),
                    ErrorDescription(
                        409, "It can't be archived.",
                        codes: ["item_archived", "item_has_stock", "idempotency_key_reused"]),
                ])
        ) { call throws(Refusal) in
            let path = try call.parameters(ItemPath.self)
            return call.write(
                .archiveItem(path.item.reference), try call.emptyDocument(), render: call.renderItem(status: 200))
        },
    ]

    // MARK: Locations

    private static let locationExample = NamedExample(
        "location", json: #"{"code": "SEA-1", "name": "Seattle", "time_zone": "America/Los_Angeles"}"#)

    private static let locationOperations: [APIOperation] = [
        write(
            OperationDescription(
                id: "createLocation", method: .post, path: "/inventory/v1/locations", summary: "Create a location",
                tag: "Locations", idempotency: .required,
                request: .json(LocationCreate.self, examples: [locationExample]),
                responses: [ResponseDescription(201, "The location.", body: .json(LocationView.self))],
                errors: [
                    ErrorDescription(
                        409, "The code is taken, or would give two pairs of an item and a location one name.",
                        codes: ["code_taken", "joint_name_taken", "idempotency_key_reused"])
                ])
        ) { call throws(Refusal) in
            let document = try call.document()
            let body = try call.decode(LocationCreate.self, from: document)
            return call.write(.createLocation(body.draft), document, render: call.renderLocation(status: 201))
        },
        read(
            OperationDescription(
                id: "listLocations", method: .get, path: "/inventory/v1/locations", summary: "List locations",
                description: "In the order in which they were created.", tag: "Locations",
                parameters: ParameterList(LocationListQuery.self),
                responses: [ResponseDescription(200, "A page of locations.", body: .json(LocationList.self))])
        ) { call throws(Refusal) in .answer(try call.listLocations()) },
        read(
            OperationDescription(
                id: "getLocation", method: .get, path: "/inventory/v1/locations/{id}", summary: "Read a location",
                tag: "Locations", parameters: ParameterList(LocationPath.self),
                responses: [ResponseDescription(200, "The location.", body: .json(LocationView.self))],
                errors: [ErrorDescription(404, "No such location.", codes: ["location_not_found"])])
        ) { call throws(Refusal) in
            let path = try call.parameters(LocationPath.self)
            guard let location = call.ledger.withCommitted({ $0.location(path.location.reference) }) else {
                throw Refusal(.locationNotFound(path.location.reference))
            }
            return .answer(.json(200, LocationView(location).jsonBytes()))
        },
        write(
            OperationDescription(
                id: "updateLocation", method: .patch, path: "/inventory/v1/locations/{id}",
                summary: "Change a location",
                description:
                    "The code can't be changed. `is_default: true` makes it the default in place of the present one.",
                tag: "Locations", idempotency: .required, parameters: ParameterList(LocationPath.self),
                request: .json(
                    LocationUpdate.self, examples: [NamedExample("default", json: #"{"is_default": true}"#)]),
                responses: [ResponseDescription(200, "The location as it is now.", body: .json(LocationView.self))],
                errors: [
                    ErrorDescription(404, "No such location.", codes: ["location_not_found"]),
                    ErrorDescription(
                        409, "It can't be changed.",
                        codes: ["location_archived", "default_location_required", "idempotency_key_reused"]),
                ])
        ) { call throws(Refusal) in
            let path = try call.parameters(LocationPath.self)
            let document = try call.document()
            let body = try call.decode(LocationUpdate.self, from: document)
            return call.write(
                .updateLocation(path.location.reference, body.changes), document,
                render: call.renderLocation(status: 200))
        },
        write(
            OperationDescription(
                id: "archiveLocation", method: .post, path: "/inventory/v1/locations/{id}/archive",
                summary: "Archive a location",
                description: "It must have no stock and must not be the default. Its history stays.", tag: "Locations",
                idempotency: .required, parameters: ParameterList(LocationPath.self),
                responses: [ResponseDescription(200, "The location as it is now.", body: .json(LocationView.self))],
                errors: [
                    ErrorDescription(404, "No such location.", codes: ["location_not_found"]),
                    ErrorDescription(
                        409, "It can't be archived.",
                        codes: [
                            "location_archived", "location_has_stock", "default_location_required",
                            "idempotency_key_reused",
                        ]),
                ])
        ) { call throws(Refusal) in
            let path = try call.parameters(LocationPath.self)
            return call.write(
                .archiveLocation(path.location.reference), try call.emptyDocument(),
                render: call.renderLocation(status: 200))
        },
    ]
}
