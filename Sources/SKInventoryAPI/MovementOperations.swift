import HTTPInterface
import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// Movements: record, record many, list, read.
extension SKInventoryAPI {
    static let movementPath = "/inventory/v1/movements"

    /// The codes with which the ledger refuses a movement.
    static let movementErrors = [
        ErrorDescription(
            403, "The key lacks the scope, or a marketplace keeps the stock there.",
            codes: ["insufficient_scope", "location_read_only"]),
        ErrorDescription(
            404, "The item, the location or the receipt does not exist.",
            codes: ["item_not_found", "location_not_found", "receipt_not_found"]),
        ErrorDescription(
            409, "The key belongs to another request, or the item or location is archived.",
            codes: ["idempotency_key_reused", "item_archived", "location_archived"]),
        ErrorDescription(
            422, "The ledger refuses the movement; nothing was changed.",
            codes: [
                "validation_failed", "insufficient_stock", "quantity_zero", "quantity_sign", "target_required",
                "target_not_allowed", "same_location", "unit_cost_not_allowed", "line_total_not_allowed",
                "receipt_not_allowed", "receipt_mismatch", "stock_out_of_range", "no_default_location",
            ]),
    ]

    static let movementOperations: [APIOperation] = [
        write(
            OperationDescription(
                id: "createMovement", method: .post, path: "/inventory/v1/movements", summary: "Record a movement",
                description:
                    """
                    Appends one movement to the ledger. Nothing recorded is ever changed; a mistake is corrected \
                    by another movement.
                    """,
                tag: "Movements", idempotency: .required,
                request: .json(
                    MovementCreate.self,
                    examples: [
                        NamedExample(
                            "sale", summary: "Two units sold",
                            json:
                                #"""
                                {"item_id": "itm_01J9X3YB2KQ8M4T6V7W8X9Y0ZA", "qty": -2, "type": "sale", \#
                                "reason": "order_fulfilled"}
                                """#
                        ),
                        NamedExample(
                            "receipt", summary: "A receipt with its cost",
                            json:
                                #"""
                                {"item_id": "SKU-0042", "location_id": "SEA-1", "qty": 120, "type": "receipt", \#
                                "reason": "purchase", "reference": "PO-2026-00814", "unit_cost": "2.50"}
                                """#
                        ),
                        NamedExample(
                            "transfer",
                            json:
                                #"""
                                {"item_id": "SKU-0042", "location_id": "SEA-1", "to_location_id": "PDX-1", \#
                                "qty": 12, "type": "transfer", "reason": "rebalance"}
                                """#
                        ),
                    ]),
                responses: [ResponseDescription(201, "The movement.", body: .json(MovementView.self))],
                errors: movementErrors)
        ) { call throws(Refusal) in
            let document = try call.document()
            let body = try call.decode(MovementCreate.self, from: document)
            return call.write(
                .recordMovement(body.draft), document, render: call.renderMovement(path: movementPath))
        },
        write(
            OperationDescription(
                id: "createMovementBatch", method: .post, path: "/inventory/v1/movements/batch",
                summary: "Record up to 1,000 movements",
                description: """
                    How an offline device syncs and how an import runs. Movements are decided in order, each seeing \
                    the ones before it, and each has its own result; with `atomic` they are recorded all or not at \
                    all. A line's idempotency key is that of the same movement sent alone to `POST \
                    /inventory/v1/movements`: sent again, in any batch or alone, it is answered from the record. The \
                    request needs an `Idempotency-Key` header only when a line has no key of its own.
                    """,
                tag: "Movements", idempotency: .optional,
                request: .json(
                    BatchCreate.self,
                    examples: [
                        NamedExample(
                            "sync",
                            json:
                                #"""
                                {"movements": [{"idempotency_key": "till-7-000123", "item_id": "SKU-0042", \#
                                "location_id": "SEA-1", "qty": -1, "type": "sale"}]}
                                """#
                        )
                    ]),
                responses: [
                    ResponseDescription(200, "A result for each line.", body: .json(BatchResults.self)),
                    ResponseDescription(
                        422, "An atomic batch with a refused line: nothing was recorded.",
                        body: .json(BatchResults.self)),
                ],
                errors: [
                    ErrorDescription(409, "The key belongs to another request.", codes: ["idempotency_key_reused"])
                ])
        ) { call throws(Refusal) in try call.batch() },
        read(
            OperationDescription(
                id: "listMovements", method: .get, path: "/inventory/v1/movements", summary: "List movements",
                description: "Newest first. Filters combine. A page can be short and still have a next one.",
                tag: "Movements", parameters: ParameterList(MovementListQuery.self),
                responses: [ResponseDescription(200, "A page of movements.", body: .json(MovementList.self))],
                errors: [
                    ErrorDescription(
                        404, "The item or location to filter by does not exist.",
                        codes: ["item_not_found", "location_not_found"])
                ])
        ) { call throws(Refusal) in try call.listMovements() },
        read(
            OperationDescription(
                id: "getMovement", method: .get, path: "/inventory/v1/movements/{id}", summary: "Read a movement",
                tag: "Movements", parameters: ParameterList(MovementPath.self),
                responses: [ResponseDescription(200, "The movement.", body: .json(MovementView.self))],
                errors: [ErrorDescription(404, "No such movement.", codes: ["movement_not_found"])])
        ) { call throws(Refusal) in
            let text = try call.parameters(MovementPath.self).id
            let missing = Refusal(404, "movement_not_found", "\(text) is no movement of this ledger.")
            guard let id = EntryID.parse(text) else { throw missing }
            let ledger = call.ledger
            return .blocking {
                var history = History(store: ledger.store)
                guard let entry = try history.entry(id: id), case .movementRecorded(let movement) = entry.change else {
                    throw missing
                }
                let view = ledger.withCommitted { MovementView(entry, movement, in: $0) }
                return .json(200, view.jsonBytes(capacity: 768))
            }
        },
    ]
}

struct MovementPath: WireParameters {
    var id = ""

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("id", &value.id, .string(1...64), doc: "The movement's id.")
    }
}

struct MovementListQuery: WireParameters {
    var limit: Int64 = 50
    var cursor: String?
    var item: WireItemReference?
    var location: WireLocationReference?
    var type: MovementType?
    var reason: String?
    var reference: String?
    var from: Int64?
    var until: Int64?

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("limit", &value.limit, .integer(1...500))
        v.optional("cursor", &value.cursor, .string(1...128), doc: "next_cursor of the page before.")
        v.optional("item_id", &value.item, .text(WireItemReference.self), doc: "An item's id or SKU.")
        v.optional(
            "location_id", &value.location, .text(WireLocationReference.self),
            doc: "A location's id or code; both ends of a transfer count.")
        v.optional("type", &value.type, .oneOf(MovementType.self))
        v.optional("reason", &value.reason, .string(1...64))
        v.optional("reference", &value.reference, .string(1...128))
        v.optional("recorded_from", &value.from, .timestamp(.milliseconds), doc: "Recorded at or after.")
        v.optional("recorded_until", &value.until, .timestamp(.milliseconds), doc: "Recorded before.")
    }
}

extension Call {
    func listMovements() throws(Refusal) -> Reply {
        let query = try parameters(MovementListQuery.self)
        var request = MovementListRequest(
            list: "sk-movements", limit: query.limit, cursor: query.cursor, item: query.item?.reference,
            location: query.location?.reference)
        request.filter.kind = query.type?.kind
        request.filter.reason = query.reason
        request.filter.reference = query.reference
        request.filter.from = query.from.map { Instant(milliseconds: $0) }
        request.filter.until = query.until.map { Instant(milliseconds: $0) }
        return try listMovements(request) { recorded, catalogue in
            MovementView(recorded.entry, recorded.movement, in: catalogue)
        } compose: { rows, nextCursor in
            var list = MovementList()
            list.data = rows
            list.hasMore = nextCursor != nil
            list.nextCursor = nextCursor
            return list.jsonBytes(capacity: 768 * (rows.count + 1))
        }
    }
}
