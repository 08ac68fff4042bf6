package import LedgerCore
import WireSchema

/// What the ledger's refusals are called on the wire, and what is said to a person: one exhaustive switch for the
/// dialects that answer with problem details.
extension Refusal {
    package init(_ rejection: Rejection) {
        switch rejection {
        case .itemNotFound(let item):
            self.init(404, "item_not_found", "\(Self.name(item)) is no item of this ledger. Create it before it moves.")
        case .itemArchived(let sku):
            self.init(409, "item_archived", "The item \(sku) is archived and takes no movements and no changes.")
        case .itemHasStock(let sku):
            self.init(
                409, "item_has_stock",
                "The item \(sku) still has stock. Bring it to 0 at every location, then archive it.")
        case .skuTaken(let sku):
            self.init(409, "sku_taken", "Another item has the SKU \(sku). SKUs are unique, archived items included.")
        case .scaleFixed(let sku):
            self.init(
                409, "scale_fixed",
                "The item \(sku) has moved, so its scale can't change. Create a new item for another unit.")
        case .locationNotFound(let location), .targetNotFound(let location):
            self.init(
                404, "location_not_found", "\(Self.name(location)) is no location of this ledger. Create it first.")
        case .locationArchived(let code), .targetArchived(let code):
            self.init(
                409, "location_archived", "The location \(code) is archived and takes no movements and no changes.")
        case .locationHasStock(let code):
            self.init(
                409, "location_has_stock", "The location \(code) still has stock. Move it elsewhere, then archive it.")
        case .codeTaken(let code):
            self.init(
                409, "code_taken",
                "Another location has the code \(code). Codes are unique, archived locations included.")
        case .defaultLocationRequired(let code):
            self.init(
                409, "default_location_required", "\(code) is the default location. Make another one the default first."
            )
        case .jointNameTaken(let sku, let code, let otherSKU, let otherCode):
            self.init(
                409, "joint_name_taken",
                "\(sku) at \(code) would have the name \(sku)_\(code), as \(otherSKU) has at \(otherCode). "
                    + "Choose another SKU or code.")
        case .staleQuantity, .negativeQuantity, .locationReadOnly, .locationNotMarketplace, .snapshotOutdated,
            .safetyStockNotAllowed, .safetyStockOutOfRange, .unchanged:
            self.init(target: rejection)
        case .noDefaultLocation:
            self.init(422, "no_default_location", "No location was named and this ledger has none yet. Create one.")
        case .webhookNotFound, .webhookChanged, .webhookDisabled, .unknownEventType, .eventTypesRequired,
            .replayRangeEmpty, .webhookLimit:
            self.init(webhook: rejection)
        default: self.init(movement: rejection)
        }
    }

    private init(target rejection: Rejection) {
        switch rejection {
        case .staleQuantity(let sku, let code, let expected, let onHand):
            self.init(
                409, "stale_quantity",
                "\(sku) has \(onHand) on hand at \(code), not \(expected). Read it again and decide anew.",
                balance: onHand)
        case .negativeQuantity(let sku, let code):
            self.init(
                422, "negative_quantity", "Less than nothing of \(sku) can't be on hand at \(code). Send 0 or more.")
        case .locationReadOnly(let code):
            self.init(
                403, "location_read_only",
                "The location \(code) is read-only: a marketplace keeps its stock, and only its snapshots change it.")
        case .locationNotMarketplace(let code):
            self.init(
                409, "location_not_marketplace",
                "The location \(code) is no marketplace's (FBA, FBS), so it takes no snapshots. Set its stock instead.")
        case .snapshotOutdated(let code, let last):
            self.init(
                409, "snapshot_outdated",
                "A later snapshot of \(code) is known already, of "
                    + "\(Timestamp.text(last.milliseconds, precision: .milliseconds)). Nothing was changed.")
        case .safetyStockNotAllowed(let code):
            self.init(
                422, "safety_stock_not_allowed", "The location \(code) is a marketplace's and holds no safety stock.")
        case .safetyStockOutOfRange:
            self.init(
                422, "safety_stock_out_of_range", "Safety stock is a whole number from 0 to \(Limits.quantity).")
        // Nothing is wrong with it: the dialects that can meet it answer with what is there.
        default: self = .internalError
        }
    }

    private init(webhook rejection: Rejection) {
        switch rejection {
        case .webhookNotFound(let id):
            self.init(404, "webhook_not_found", "whk_\(id.text) is no webhook endpoint of this ledger.")
        case .webhookChanged(let id):
            self.init(409, "webhook_changed", "The endpoint whk_\(id.text) was changed meanwhile. Read it again.")
        case .webhookDisabled(let id):
            self.init(
                409, "webhook_disabled",
                "The endpoint whk_\(id.text) is disabled, so nothing is sent to it. Enable it first.")
        case .unknownEventType(let name):
            self.init(
                422, "unknown_event_type",
                "“\(name)” takes no event. Name a type such as movement.recorded, a family such as stock.*, or *.")
        case .eventTypesRequired:
            self.init(422, "event_types_required", "Name at least one type of event; * takes them all.")
        case .replayRangeEmpty:
            self.init(
                422, "replay_range_empty",
                "There is no entry in that stretch of the journal. It begins with seq 1 and ends at the head.")
        case .webhookLimit:
            self.init(
                422, "webhook_limit", "A ledger has at most \(Limits.webhooks) webhook endpoints. Delete one first.")
        default: self = .internalError
        }
    }

    private init(movement rejection: Rejection) {
        switch rejection {
        case .targetRequired:
            self.init(422, "target_required", "A transfer needs to say where it arrives.")
        case .targetNotAllowed(let kind):
            self.init(422, "target_not_allowed", "A \(kind) has no target; only a transfer does.")
        case .sameLocation(let code):
            self.init(422, "same_location", "The goods are already at \(code). Name another target.")
        case .quantityZero: self.init(422, "quantity_zero", "The quantity is 0. A movement moves something.")
        case .quantitySign(let kind, let expected):
            self.init(422, "quantity_sign", "The quantity of a \(kind) must be \(expected > 0 ? "above" : "below") 0.")
        case .quantityOutOfRange:
            self.init(422, "quantity_out_of_range", "A quantity is at most 10^12 base units in either direction.")
        case .unitCostNotAllowed(let kind):
            self.init(
                422, "unit_cost_not_allowed",
                """
                This \(kind) is costed at the weighted average; leave its unit cost out. Receipts, gains and \
                supplier returns can have one.
                """
            )
        case .unitCostOutOfRange:
            self.init(422, "unit_cost_out_of_range", "A unit cost is 0 to 10^12, with at most 6 decimals.")
        case .lineTotalNotAllowed:
            self.init(422, "line_total_not_allowed", "Only a receipt has a line total, from 0 to 10^12.")
        case .receiptNotAllowed:
            self.init(422, "receipt_not_allowed", "Only a return to a supplier (qty below 0) refers to a receipt.")
        case .receiptNotFound(let id):
            self.init(404, "receipt_not_found", "mov_\(id.text) is no movement of this ledger.")
        case .receiptMismatch(let id):
            self.init(422, "receipt_mismatch", "mov_\(id.text) is no receipt of this item.")
        case .insufficientStock(let sku, let code, let onHand, let requested):
            self.init(
                422, "insufficient_stock",
                """
                \(requested) of \(sku) were asked for at \(code), where \(onHand) are on hand. Receive stock \
                first, or allow negative stock on both the item and the location.
                """,
                balance: onHand)
        case .stockOutOfRange(let sku, let code):
            self.init(
                422, "stock_out_of_range",
                "The stock of \(sku) at \(code), or its value, would leave the range that the ledger keeps exactly.")
        case .scaleOutOfRange: self.init(422, "scale_out_of_range", "A scale is 0 to 6 decimals.")
        case .priceOutOfRange: self.init(422, "price_out_of_range", "A price is 0 to 10^12, with at most 6 decimals.")
        case .weightOutOfRange:
            self.init(422, "weight_out_of_range", "A weight is 0 to 10^12, with at most 6 decimals.")
        case .reorderPointOutOfRange:
            self.init(422, "reorder_point_out_of_range", "A reorder point is 0 to 10^12 base units.")
        case .catalogueFull:
            self.init(422, "catalogue_full", "This ledger has all the items or locations that it can number.")
        case .webhookNotFound, .webhookChanged, .webhookDisabled, .unknownEventType, .eventTypesRequired,
            .replayRangeEmpty, .webhookLimit,
            .itemNotFound, .itemArchived, .itemHasStock, .skuTaken, .scaleFixed, .locationNotFound, .targetNotFound,
            .locationArchived, .targetArchived, .locationHasStock, .codeTaken, .defaultLocationRequired,
            .noDefaultLocation, .jointNameTaken, .staleQuantity, .negativeQuantity, .locationReadOnly,
            .locationNotMarketplace, .snapshotOutdated, .safetyStockNotAllowed, .safetyStockOutOfRange, .unchanged,
            .levelNotLoaded:
            self = .internalError
        }
    }

    private static func name(_ item: ItemReference) -> String {
        switch item {
        case .id(let id): "itm_\(id.text)"
        case .sku(let sku): "“\(sku)”"
        }
    }

    private static func name(_ location: LocationReference) -> String {
        switch location {
        case .id(let id): "wh_\(id.text)"
        case .code(let code): "“\(code)”"
        case .default: "The default"
        }
    }
}
