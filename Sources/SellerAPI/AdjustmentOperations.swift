import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// What has changed the stock of an item.
extension SellerAPI {
    static let adjustmentOperations: [APIOperation] = [
        read(
            OperationDescription(
                id: "listAdjustments", method: .get, path: "/api/inventory/{sku}/adjustments",
                summary: "Get the adjustment history of a SKU",
                description:
                    """
                    Every movement of the item, whichever API wrote it, newest first. Filters combine. A transfer is \
                    one row: where it left, or where it arrived when that warehouse was asked for. A page can be \
                    short and still have a next one.
                    """,
                tag: "Adjustments", parameters: ParameterList(AdjustmentQuery.self),
                responses: [ResponseDescription(200, "A page of adjustments.", body: .json(AdjustmentList.self))],
                errors: [eitherNotFound])
        ) { call throws(Refusal) in try call.listAdjustments() }
    ]
}

struct AdjustmentQuery: WireParameters {
    var item = WireItemReference()
    var start: WireBound?
    var end: WireBound?
    var warehouse: WireLocationReference?
    var reason: String?
    var cursor: String?
    var limit: Int64 = 50

    static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
        v.path("sku", &value.item, .text(WireItemReference.self), doc: "The SKU, or the item's id.")
        v.optional(
            "start_date", &value.start, .text(WireBound.self),
            doc: "Recorded then or later: a date (in UTC) or an RFC 3339 time.")
        v.optional(
            "end_date", &value.end, .text(WireBound.self),
            doc: "Recorded then or earlier: a date (all of it, in UTC) or an RFC 3339 time.")
        v.optional(
            "warehouse_id", &value.warehouse, .text(WireLocationReference.self),
            doc: "A warehouse's id or code; both ends of a transfer count.")
        v.optional("reason", &value.reason, .string(1...64))
        v.optional("cursor", &value.cursor, .string(1...128), doc: "nextCursor of the page before.")
        v.defaulted("limit", &value.limit, .integer(1...200), doc: "Results per page.")
    }
}

extension Call {
    func listAdjustments() throws(Refusal) -> Reply {
        let query = try parameters(AdjustmentQuery.self)
        var request = MovementListRequest(
            list: "seller-adjustments", limit: query.limit, cursor: query.cursor, item: query.item.reference,
            location: query.warehouse?.reference)
        request.filter.reason = query.reason
        request.filter.from = query.start.map { Instant(milliseconds: $0.first) }
        request.filter.until = query.end.map { Instant(milliseconds: $0.last + 1) }
        let shown = query.warehouse.flatMap { warehouse in
            ledger.withCommitted { $0.locationNumber(warehouse.reference) }
        }
        return try listMovements(request) { recorded, catalogue in
            var view = AdjustmentView(recorded.entry, recorded.movement, at: shown, in: catalogue)
            view.createdBy = recorded.entry.actor.map { keyName($0) ?? WireID<KeyPrefix>($0).text }
            return view
        } compose: { rows, nextCursor in
            var list = AdjustmentList()
            list.data = rows
            list.meta.limit = query.limit
            list.meta.nextCursor = nextCursor
            return list.jsonBytes(capacity: 512 * (rows.count + 1))
        }
    }
}

extension AdjustmentView {
    /// - Parameter shown: where to look at a transfer from; anywhere else it is shown where it left.
    init(_ entry: Entry, _ movement: Movement, at shown: LocationNumber?, in catalogue: some CatalogueNames) {
        let place = { (number: LocationNumber) in WireID<LocationPrefix>(catalogue.locationName(number)?.id ?? .zero) }
        id = WireID(entry.id)
        sku = catalogue.itemName(movement.item)?.sku ?? ""
        if let leg = movement.target, leg.location == shown {
            warehouse = place(leg.location)
            after = leg.after.onHand
            delta = 0 &- movement.quantity
            source = place(movement.location)
        } else {
            warehouse = place(movement.location)
            after = movement.after.onHand
            delta = movement.quantity
            target = movement.target.map { place($0.location) }
        }
        before = after &- delta
        reason = movement.reason
        note = movement.note
        createdAt = entry.recordedAt.milliseconds
        type = MovementType(movement.kind)
        reference = movement.reference
    }
}
