import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// `POST` and `GET /v1/inventory/ledger`.
extension SkutrailAPI {
    static let ledgerOperations: [APIOperation] = [
        APIOperation(
            OperationDescription(
                id: "recordLedgerEntry", method: .post, path: "/v1/inventory/ledger", summary: "Record a movement",
                description:
                    """
                    The canonical write. Send a signed `delta` with any reason, or a `qty` with one of receipt, \
                    pick, adjustment and transfer.
                    """,
                tag: "Ledger", idempotency: .required,
                request: .json(
                    LedgerWrite.self,
                    examples: [
                        NamedExample(
                            "delta", summary: "An order shipped",
                            json:
                                #"""
                                {"sku": "SKU-0042", "warehouse": "SEA-1", "delta": -12, "reason": \#
                                "order_shipped", "reference": "ord_8J2kP"}
                                """#
                        ),
                        NamedExample(
                            "receipt", summary: "A receipt",
                            json:
                                #"""
                                {"sku": "SKU-0042", "warehouse": "SEA-1", "qty": 120, "reason": "receipt", \#
                                "reference": "PO-2026-00814"}
                                """#
                        ),
                        NamedExample(
                            "transfer",
                            json:
                                #"""
                                {"sku": "SKU-0042", "warehouse": "SEA-1", "to_warehouse": "PDX-1", "qty": 12, \#
                                "reason": "transfer"}
                                """#
                        ),
                    ]),
                responses: [
                    ResponseDescription(
                        200, "What was recorded, in the shape of the request.", body: .json(LedgerResultSchema.self))
                ],
                errors: [
                    ErrorDescription(
                        403, "The key lacks the scope, or a marketplace keeps the stock there.",
                        codes: ["insufficient_scope", "location_read_only"]),
                    ErrorDescription(
                        404, "The item or a warehouse does not exist.",
                        codes: ["item_not_found", "location_not_found"]),
                    ErrorDescription(
                        409, "The key belongs to another request, or the item or warehouse is archived.",
                        codes: ["idempotency_key_reused", "item_archived", "location_archived"]),
                    ErrorDescription(
                        422, "The ledger refuses the movement; nothing was changed.",
                        codes: [
                            "validation_failed", "insufficient_stock", "quantity_zero", "quantity_sign",
                            "same_location",
                            "unit_cost_not_allowed", "stock_out_of_range",
                        ]),
                ]), scope: .inventoryWrite, dialect: .problem
        ) { call throws(Refusal) in
            let document = try call.document()
            let body = try call.decode(LedgerWrite.self, from: document)
            let requestID = call.requestID
            return .write(
                Submission(.recordMovement(body.draft), identity: call.identity(document), actor: call.actor) {
                    outcome, _, state in
                    switch outcome {
                    case .success(let decision):
                        if case .movementRecorded(let movement) = decision.first.change {
                            return .json(200, body.result(decision.first, movement, in: state))
                        }
                        return Problem(.internalError, instance: path, requestID: requestID).answer()
                    case .failure(let rejection):
                        return Problem(Refusal(rejection), instance: path, requestID: requestID).answer()
                    }
                })
        },
        APIOperation(
            OperationDescription(
                id: "listLedgerEntries", method: .get, path: "/v1/inventory/ledger", summary: "List movements",
                description: "Newest first. Filters combine. A page can be short and still have a next one.",
                tag: "Ledger", parameters: ParameterList(LedgerQuery.self),
                responses: [ResponseDescription(200, "A page of entries.", body: .json(LedgerEntryList.self))],
                errors: [
                    ErrorDescription(
                        404, "The item or warehouse to filter by does not exist.",
                        codes: ["item_not_found", "location_not_found"])
                ]), scope: .inventoryRead, dialect: .problem
        ) { call throws(Refusal) in try call.listLedger() },
    ]

    static let path = "/v1/inventory/ledger"
}

/// Documents the answer: the members of both shapes, of which each answer has one shape's.
struct LedgerResultSchema: WireObject {
    var id: String?
    var common = DeltaResult()
    var quantity = QuantityResult()
    var delta: Int64?
    var sentQuantity: Int64?
    var appliedAt: Int64?
    var createdAt: Int64?

    static let schemaName = "LedgerResult"
    static let schemaDoc =
        """
        For a `delta`: id (ledger_…), sku, warehouse, delta, balance, applied_at. For a `qty`: id (inv_…), sku, \
        warehouse, qty, balance, created_at, and for a transfer to_warehouse and to_balance. Then what was sent \
        of reason, reference and note.
        """

    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional("id", &value.id, .string(1...64))
        v.required("sku", &value.common.sku, .string(1...64))
        v.required("warehouse", &value.common.warehouse, .string(1...64))
        v.optional("delta", &value.delta, .integer)
        v.optional("qty", &value.sentQuantity, .integer)
        v.required("balance", &value.common.balance, .integer, doc: "On hand after it.")
        v.optional("applied_at", &value.appliedAt, .timestamp(.seconds))
        v.optional("created_at", &value.createdAt, .timestamp(.seconds))
        v.optional("to_warehouse", &value.quantity.target, .string(1...64))
        v.optional("to_balance", &value.quantity.targetBalance, .integer)
        v.optional("reason", &value.common.reason, .string(1...64))
        v.optional("reference", &value.common.reference, .string(1...128))
        v.optional("note", &value.common.note, .string(0...500, lines: true))
    }
}

struct LedgerQuery: WireParameters {
    var limit: Int64 = 50
    var cursor: String?
    var item: WireItemReference?
    var location: WireLocationReference?
    var reason: String?
    var reference: String?
    var from: Int64?
    var until: Int64?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("limit", &value.limit, .integer(1...500))
        v.optional("cursor", &value.cursor, .string(1...128), doc: "next_cursor of the page before.")
        v.optional("sku", &value.item, .text(WireItemReference.self), doc: "The item's SKU or id.")
        v.optional(
            "warehouse", &value.location, .text(WireLocationReference.self),
            doc: "The location's code or id; both ends of a transfer count.")
        v.optional("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128))
        v.optional("from", &value.from, .timestamp(.seconds), doc: "Applied at or after.")
        v.optional("until", &value.until, .timestamp(.seconds), doc: "Applied before.")
    }
}

extension Call {
    fileprivate func listLedger() throws(Refusal) -> Reply {
        let query = try parameters(LedgerQuery.self)
        var request = MovementListRequest(
            list: "ledger", limit: query.limit, cursor: query.cursor, item: query.item?.reference,
            location: query.location?.reference)
        request.filter.reason = query.reason
        request.filter.reference = query.reference
        request.filter.from = query.from.map { Instant(milliseconds: $0) }
        request.filter.until = query.until.map { Instant(milliseconds: $0) }
        return try listMovements(request) { recorded, catalogue in
            LedgerEntryView(recorded.entry, recorded.movement, in: catalogue)
        } compose: { rows, nextCursor in
            var list = LedgerEntryList()
            list.data = rows
            list.hasMore = nextCursor != nil
            list.nextCursor = nextCursor
            return list.jsonBytes(capacity: 512 * (rows.count + 1))
        }
    }
}
