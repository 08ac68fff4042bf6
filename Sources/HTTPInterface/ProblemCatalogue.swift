/// Every code that a problem can have: its title and what to do about it. `GET /problems/{code}` serves it, and
/// docs/errors.md is written from it.
package enum ProblemCatalogue {
    /// One code: stable, with the one status that it comes with and what to do about it.
    package struct Entry: Sendable {
        package var code: String
        package var status: Int
        package var title: String
        package var advice: String
    }

    /// What is published about a code; nil for one that does not exist.
    package static func entry(_ code: String) -> Entry? { byCode[code] }

    static func title(of code: String) -> String { byCode[code]?.title ?? code }

    private static let byCode = Dictionary(entries.map { ($0.code, $0) }, uniquingKeysWith: { first, _ in first })

    package static let entries: [Entry] =
        requestEntries + ledgerEntries + targetEntries + webhookEntries + serverEntries

    private static func entry(_ code: String, _ status: Int, _ title: String, _ advice: String) -> Entry {
        Entry(code: code, status: status, title: title, advice: advice)
    }

    private static let requestEntries = [
        entry(
            "malformed_request", 400, "The request is not valid HTTP",
            "Use an HTTP library; the detail says which rule was broken. The connection was closed."),
        entry(
            "malformed_json", 400, "The body is not strict JSON",
            """
            Send UTF-8 JSON without a byte-order mark, NUL, duplicate members or nesting over 16. The detail \
            names the place.
            """
        ),
        entry(
            "invalid_parameter", 400, "A parameter is not what it must be",
            "See errors for each parameter and what it takes."),
        entry(
            "validation_failed", 422, "The body is not what this operation takes",
            "See errors: a JSON Pointer, a code and what to do for each place."),
        entry(
            "invalid_number", 400, "A number is not what it must be",
            """
            A fraction or exponent where an integer belongs, too many decimals, or a number out of range: see \
            errors for each place.
            """
        ),
        entry(
            "invalid_cursor", 400, "The cursor is not from this list",
            "Begin again without a cursor, with the same filters on every page."),
        entry(
            "idempotency_key_required", 400, "The write needs an Idempotency-Key",
            "Send a fresh key, such as a UUID, with each new write."),
        entry(
            "idempotency_key_invalid", 400, "The Idempotency-Key is malformed",
            "1–255 visible ASCII characters, bare or as one quoted string."),
        entry(
            "idempotency_key_reused", 409, "The Idempotency-Key belongs to another request",
            "Send a new key with a new request; the first request's record is untouched."),
        entry(
            "unauthorized", 401, "No live API key",
            "Send `Authorization: Bearer sk_…`. A revoked, rolled or mistyped key is no key."),
        entry("insufficient_scope", 403, "The key lacks a scope", "Create a key with the scope that the detail names."),
        entry("route_not_found", 404, "No such path", "See /openapi.json for the paths that exist."),
        entry("method_not_allowed", 405, "The path has no such method", "The Allow header lists the methods."),
        entry(
            "unsupported_media_type", 415, "The body is not declared as JSON",
            "Send `Content-Type: application/json`."),
        entry("body_too_large", 413, "The body is too large", "Send at most 1 MiB; divide a batch."),
        entry(
            "headers_too_large", 431, "The header is too large", "Send at most 16 KiB of header and 8 KiB of target."),
        entry("target_too_long", 414, "The request target is too long", "Send at most 8 KiB of path and query."),
        entry(
            "request_timeout", 408, "The request did not arrive in time", "Send the whole request within 30 seconds."),
        entry("expectation_failed", 417, "The Expect header is not understood", "Only `100-continue` is."),
        entry("not_implemented", 501, "The transfer coding is not understood", "Only `chunked` is."),
        entry(
            "rate_limited", 429, "The key's budget is used up",
            "Wait as Retry-After says. The Idempotency-Key stays free."),
        entry(
            "too_many_streams", 429, "The key has too many streams open",
            "Close one, share one among your readers, or read GET /v1/events page by page."),
    ]

    private static let ledgerEntries = [
        entry("item_not_found", 404, "No such item", "Create it first; a movement never creates one."),
        entry(
            "inventory_not_found", 404, "No inventory record",
            "The item exists, but nothing was ever recorded of it. Set its quantity at a warehouse first."),
        entry("item_archived", 409, "The item is archived", "An archived item takes no movements and no changes."),
        entry(
            "item_has_stock", 409, "The item still has stock", "Bring every location's on hand to 0 before archiving."),
        entry("sku_taken", 409, "The SKU is taken", "SKUs are unique in a realm, archived items included."),
        entry("scale_fixed", 409, "The scale is fixed", "An item's scale can't change after its first movement."),
        entry("location_not_found", 404, "No such location", "Create it first, or name another."),
        entry(
            "location_archived", 409, "The location is archived",
            "An archived location takes no movements and no changes."),
        entry("location_has_stock", 409, "The location still has stock", "Move it elsewhere before archiving."),
        entry(
            "code_taken", 409, "The location code is taken", "Codes are unique in a realm, archived locations included."
        ),
        entry(
            "default_location_required", 409, "The realm needs a default location",
            "Make another location the default first."),
        entry(
            "no_default_location", 422, "There is no location yet", "Create a location, or name one in the movement."),
        entry("movement_not_found", 404, "No such movement", "The id names no movement of this ledger."),
        entry("entry_not_found", 404, "No such entry", "The id names no entry of this ledger."),
        entry("quantity_zero", 422, "The quantity is 0", "A movement moves something."),
        entry("quantity_sign", 422, "The quantity has the wrong sign", "See the type's rule in the detail."),
        entry(
            "quantity_out_of_range", 422, "The quantity is out of range", "At most 10^12 base units in one movement."),
        entry("target_required", 422, "A transfer needs a target", "Name the location where it arrives."),
        entry("target_not_allowed", 422, "Only a transfer has a target", "Leave the target out."),
        entry("same_location", 422, "Source and target are the same", "Name another target."),
        entry(
            "unit_cost_not_allowed", 422, "This movement's cost is derived",
            "Leave unit_cost out: it is costed at the weighted average."),
        entry("unit_cost_out_of_range", 422, "The cost is out of range", "0 to 10^12 with at most 6 decimals."),
        entry("line_total_not_allowed", 422, "Only a receipt has a line total", "Leave line_total out."),
        entry("receipt_not_allowed", 422, "Only a supplier return refers to a receipt", "Leave receipt_id out."),
        entry("receipt_not_found", 404, "No such receipt", "The id names no movement of this ledger."),
        entry("receipt_mismatch", 422, "The receipt is not this item's", "Refer to a receipt of the same item."),
        entry(
            "not_applied", 422, "The movement was not applied",
            """
            Another line of its atomic batch was refused; that line says why. Correct it and send the batch again \
            with the same keys.
            """
        ),
        entry(
            "insufficient_stock", 422, "Not enough stock",
            "The balance is in the problem. Location and item can allow negative stock."),
        entry(
            "stock_out_of_range", 422, "The stock would leave the range of numbers",
            "On hand stays within ±(2^53−1), its value within 64 bits of micro-units."),
        entry("price_out_of_range", 422, "The price is out of range", "0 to 10^12 with at most 6 decimals."),
        entry("weight_out_of_range", 422, "The weight is out of range", "0 to 10^12 with at most 6 decimals."),
        entry("reorder_point_out_of_range", 422, "The reorder point is out of range", "0 to 10^12 base units."),
        entry("scale_out_of_range", 422, "The scale is out of range", "0 to 6 decimals."),
        entry("catalogue_full", 422, "The catalogue is full", "A realm numbers at most 2^32−1 items and locations."),
    ]

    private static let targetEntries = [
        entry(
            "stale_quantity", 409, "Something else is on hand", "Read what is on hand now and decide again."),
        entry("negative_quantity", 422, "The quantity would be negative", "Send 0 or more."),
        entry(
            "location_read_only", 403, "The location is read-only",
            "A marketplace keeps the stock there, and its snapshots change it."),
        entry(
            "location_not_marketplace", 409, "The location is no marketplace's",
            "Only locations of the types FBA and FBS take snapshots. Set the stock instead."),
        entry(
            "snapshot_outdated", 409, "A later snapshot is known already",
            "Nothing was changed; there is nothing to do."
        ),
        entry(
            "safety_stock_not_allowed", 422, "A marketplace's location holds no safety stock",
            "Set it at a location of your own."),
        entry("safety_stock_out_of_range", 422, "The safety stock is out of range", "0 to 10^12 base units."),
        entry(
            "joint_name_taken", 409, "The item at the location would have another's name",
            "Choose another SKU or location code: {sku}_{code} names one pair only."),
    ]

    private static let webhookEntries = [
        entry("webhook_not_found", 404, "No such webhook endpoint", "List the endpoints; a deleted one is gone."),
        entry(
            "webhook_changed", 409, "The endpoint was changed meanwhile",
            "Read it again, then decide again."),
        entry("webhook_disabled", 409, "The endpoint is disabled", "Enable it, then send the request again."),
        entry(
            "unknown_event_type", 422, "No event has this type",
            "Name a type, a family such as `stock.*`, or `*`. docs/webhooks.md lists the types."),
        entry("event_types_required", 422, "No type of event is named", "Name at least one; `*` takes them all."),
        entry(
            "replay_range_empty", 422, "There is nothing in that stretch",
            "The journal begins with seq 1 and ends at the head; from must not be after to."),
        entry(
            "webhook_limit", 422, "Too many webhook endpoints", "A ledger has at most 1,000. Delete one that is unused."
        ),
        entry(
            "webhook_url_refused", 422, "Nothing may be sent to this URL",
            """
            An absolute https URL (http too in test mode) with a public host and without user, password or fragment. \
            For a receiver on this machine use `bincard listen`, or let the operator allow its address.
            """
        ),
        entry(
            "weak_secret", 422, "The secret is too weak",
            "In live mode a secret is `whsec_` and the base64 of 24 to 64 bytes. Leave it out to have one made."),
        entry(
            "delivery_not_found", 404, "No such delivery",
            "This endpoint was not sent that event: see its deliveries, and the types that it takes."),
        entry("nothing_to_replay", 404, "There is nothing to send again", "No dead letter matches. List them first."),
        entry(
            "too_many_replays", 409, "Eight replays to this endpoint are under way",
            "List its replays; when one is through, ask again with a new key."),
        entry("too_many_tests", 409, "Four tests of this endpoint are under way", "Wait until one has its answer."),
    ]

    private static let serverEntries = [
        entry(
            "busy", 503, "The ledger has too much to do",
            "Nothing was done. Try again with the same key after Retry-After."),
        entry(
            "storage_full", 503, "The server's disk is full",
            "Nothing was done. Reads go on; writes do once there is room."),
        entry(
            "database_unavailable", 503, "The database can't be reached",
            "Nothing was done. Try again with the same key after Retry-After."),
        entry(
            "outcome_unknown", 503, "The connection to the database broke during the commit",
            "The write may have taken effect or not. Send it again with the same key, and the answer tells."),
        entry(
            "deliveries_unavailable", 503, "The ledger's deliveries can't be read just now",
            "Events wait in the journal, and nothing is lost. Try again as Retry-After says."),
        entry(
            "streams_exhausted", 503, "The server has too many streams open",
            "Wait as Retry-After says, or read the events page by page."),
        entry("shutting_down", 503, "The server is stopping", "Nothing was done. Try again with the same key."),
        entry(
            "internal_error", 500, "The server failed",
            "The server's log has the details under the request_id. A write's outcome is settled by its key."),
    ]
}
