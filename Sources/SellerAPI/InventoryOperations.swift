import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// Stock of items: list, read, set.
extension SellerAPI {
    static let inventoryOperations: [APIOperation] = [
        read(
            OperationDescription(
                id: "listInventory", method: .get, path: "/api/inventory", summary: "List inventory",
                description:
                    """
                    Items in use that have a record at some warehouse, in the order in which they were created. \
                    Filters combine, and `meta.total` counts what they take. A walk shows every item once, whatever \
                    happens meanwhile.
                    """,
                tag: "Inventory", parameters: ParameterList(InventoryListQuery.self),
                responses: [
                    ResponseDescription(
                        200, "A page of items.", body: .json(InventoryList.self, examples: [listExample]))
                ],
                errors: [warehouseNotFound])
        ) { call throws(Refusal) in try call.listInventory() },
        read(
            OperationDescription(
                id: "getInventory", method: .get, path: "/api/inventory/{sku}", summary: "Get inventory for a SKU",
                tag: "Inventory", parameters: ParameterList(SKUPath.self),
                responses: [ResponseDescription(200, "The item's record.", body: .json(InventoryRecord.self))],
                errors: [inventoryNotFound])
        ) { call throws(Refusal) in try call.getInventory() },
        write(
            OperationDescription(
                id: "updateInventory", method: .put, path: "/api/inventory/{sku}", summary: "Update inventory",
                description:
                    """
                    Sets what is on hand at a warehouse: the ledger books the difference as an adjustment, and nothing \
                    when there is none. A SKU that is new to the warehouse gets its record. Safety stock belongs to \
                    the SKU at that warehouse; title and reorder point to the item. What is sent together is done \
                    together or not at all.
                    """,
                tag: "Inventory", idempotency: .optional, parameters: ParameterList(SKUPath.self),
                request: .json(
                    InventoryUpdate.self,
                    examples: [
                        NamedExample(
                            "supplier_receipt",
                            json:
                                #"""
                                {"warehouse_id": "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "quantity": 500, "reason": \#
                                "supplier_receipt", "note": "PO-2026-0312 received"}
                                """#
                        ),
                        NamedExample(
                            "compare_and_set", summary: "Only if 450 are on hand",
                            json: #"{"warehouse_id": "SEA-1", "quantity": 500, "expected_quantity": 450}"#),
                        NamedExample(
                            "settings", json: #"{"warehouse_id": "SEA-1", "safety_stock": 15, "reorder_point": 40}"#),
                    ]),
                responses: [
                    ResponseDescription(200, "The record as it is now.", body: .json(InventoryRecord.self))
                ],
                errors: stockErrors)
        ) { call throws(Refusal) in try call.updateInventory() },
    ]

    /// How the ledger refuses to set a stock level.
    static let stockErrors = [
        ErrorDescription(403, "FBA and FBS warehouses are read-only.", codes: ["READONLY_WAREHOUSE"]),
        eitherNotFound,
        ErrorDescription(
            409, "Something else is on hand than was expected, or the item or warehouse is archived.",
            codes: ["STALE_QUANTITY", "ITEM_ARCHIVED", "WAREHOUSE_ARCHIVED", keyReused]),
        ErrorDescription(
            422, "The quantity would be negative, or the body is not what the operation takes.",
            codes: ["NEGATIVE_QUANTITY", "VALIDATION_ERROR"]),
    ]

    private static let listExample = NamedExample(
        "page",
        json:
            #"""
            {"data": [{"sku": "SKU-001", "title": "Blue Widget 500ml", "total_on_hand": 487, "total_reserved": 23, \#
            "total_available": 449, "safety_stock": 15, "status": "normal", "warehouses": [{"warehouse_id": \#
            "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "name": "Warehouse A", "on_hand": 350, "reserved": 18, "available": \#
            317, "safety_stock": 15}, {"warehouse_id": "wh_01J9X3YB2KQ8M4T6V7W8X9Y0ZB", "name": "FBA EU", "on_hand": \#
            137, "reserved": 5, "available": 132, "type": "FBA", "safety_stock": 0}], "reorder_point": null}], \#
            "meta": {"total": 1248, "limit": 50, "nextCursor": "AAAAAAAAADIAAAAAAAAAAA"}}
            """#
    )
}
