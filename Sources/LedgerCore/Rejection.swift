/// Why the ledger refused a command. A refused command changes nothing. Each dialect turns every case into its own
/// error in one exhaustive switch; the cases carry what a person needs to act.
public enum Rejection: Error, Hashable, Sendable {
    case itemNotFound(ItemReference)
    case itemArchived(sku: String)
    case locationNotFound(LocationReference)
    case locationArchived(code: String)
    case targetNotFound(LocationReference)
    case targetArchived(code: String)
    /// The movement names no location and the realm has none yet.
    case noDefaultLocation
    /// A transfer without a target.
    case targetRequired
    /// A target on something that is no transfer.
    case targetNotAllowed(MovementKind)
    /// A transfer to where the goods already are.
    case sameLocation(code: String)
    case quantityZero
    /// `expected` is +1 or −1.
    case quantitySign(MovementKind, expected: Int64)
    /// Beyond `Limits.quantity`.
    case quantityOutOfRange
    /// A cost on a movement whose cost the ledger derives.
    case unitCostNotAllowed(MovementKind)
    /// Negative, or beyond `Limits.money`.
    case unitCostOutOfRange
    /// A line total without a receipt, or negative, or beyond `Limits.money`.
    case lineTotalNotAllowed
    /// A referenced receipt on something that is no supplier return.
    case receiptNotAllowed
    case receiptNotFound(ULID)
    /// The referenced entry is a receipt of another item, or no receipt.
    case receiptMismatch(ULID)
    /// Less on hand than asked for, and no leave to go below zero.
    case insufficientStock(sku: String, code: String, onHand: Int64, requested: Int64)
    /// The result would exceed `Limits.onHand` or what a value can hold.
    case stockOutOfRange(sku: String, code: String)
    /// What is on hand is not what the caller believed.
    case staleQuantity(sku: String, code: String, expected: Int64, onHand: Int64)
    /// Less than nothing can't be on hand.
    case negativeQuantity(sku: String, code: String)
    /// A marketplace keeps the stock there, or the location is read-only.
    case locationReadOnly(code: String)
    /// A snapshot of a location that is no marketplace's.
    case locationNotMarketplace(code: String)
    /// A later snapshot is known already.
    case snapshotOutdated(code: String, last: Instant)
    /// A marketplace's location holds nothing back.
    case safetyStockNotAllowed(code: String)
    case safetyStockOutOfRange
    /// What was asked for is so already: nothing was recorded, and nothing is wrong.
    case unchanged(LevelKey)
    case skuTaken(String)
    case codeTaken(String)
    /// The scale is fixed after the first movement.
    case scaleFixed(sku: String)
    case scaleOutOfRange
    case priceOutOfRange
    case weightOutOfRange
    case reorderPointOutOfRange
    /// The item at one of the locations would have the joint name (`{sku}_{code}`) of another item at another location.
    case jointNameTaken(sku: String, code: String, otherSKU: String, otherCode: String)
    /// Stock lies there: archive needs on hand 0 everywhere.
    case itemHasStock(sku: String)
    case locationHasStock(code: String)
    /// The default location can't be archived or cease to be the default without another taking its place.
    case defaultLocationRequired(code: String)
    /// More items or locations than the ledger numbers.
    case catalogueFull
    case webhookNotFound(ULID)
    /// Somebody has changed the endpoint meanwhile.
    case webhookChanged(ULID)
    /// A pattern that takes no event there is.
    case unknownEventType(String)
    case eventTypesRequired
    /// The stretch of the journal to send again holds no entry.
    case replayRangeEmpty
    /// Nothing is sent to a disabled endpoint: it must be enabled first.
    case webhookDisabled(ULID)
    /// As many endpoints as a realm may have (`Limits.webhooks`).
    case webhookLimit
    /// The server's own fault, never the caller's: a level of the command's footprint is not in memory. Load it and
    /// decide again; an empty one in its place would be written into the journal for good.
    case levelNotLoaded(LevelKey)
}
