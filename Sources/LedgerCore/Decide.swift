/// Decides what `command` does to the ledger, or why it is refused. Pure and total: the same arguments give the same
/// result, and nothing that a caller can send traps.
///
/// Checks run in this order of precedence; the first that fails is the answer.
///
/// *Movements.* What the draft says by itself:
/// 1. `quantityZero`, `quantityOutOfRange`, `quantitySign`;
/// 2. `unitCostNotAllowed`, `unitCostOutOfRange`, `lineTotalNotAllowed`, `receiptNotAllowed`;
/// 3. `targetRequired`, `targetNotAllowed`.
///
/// What it names:
///
/// 4. `itemNotFound`; `locationNotFound` or `noDefaultLocation`; `targetNotFound` (or `noDefaultLocation`);
/// 5. `itemArchived`, `locationArchived`, `targetArchived`, `sameLocation`, `locationReadOnly`;
/// 6. `receiptNotFound`, `receiptMismatch`.
///
/// What is there:
///
/// 7. `levelNotLoaded`, a fault of the server and not of the caller: load the level and decide again;
/// 8. `insufficientStock`;
/// 9. `stockOutOfRange`, first for the location, then for a transfer's target.
///
/// *Targets of a stock level.* `quantityOutOfRange`, `priceOutOfRange`, `safetyStockOutOfRange`; `itemNotFound`,
/// `locationNotFound` (or `noDefaultLocation`); `itemArchived`, `locationArchived`; `locationNotMarketplace`,
/// `snapshotOutdated`, or `locationReadOnly`; `safetyStockNotAllowed`; `negativeQuantity`; `levelNotLoaded`;
/// `staleQuantity`; `unchanged`; and `stockOutOfRange` like a movement.
///
/// *Items.* `scaleOutOfRange`, `priceOutOfRange`, `weightOutOfRange`, `reorderPointOutOfRange`; `itemNotFound`,
/// `itemArchived`; `scaleFixed`; `skuTaken`; `jointNameTaken`; `catalogueFull`. Archiving: `itemNotFound`,
/// `itemArchived`, `levelNotLoaded`, `itemHasStock`.
///
/// *Locations.* `locationNotFound` (or `noDefaultLocation`), `locationArchived`; `defaultLocationRequired`;
/// `codeTaken`; `jointNameTaken`; `catalogueFull`; and for archiving at last `locationHasStock`.
///
/// *Webhook endpoints.* `webhookNotFound`; `webhookChanged`; `webhookDisabled`; `eventTypesRequired`,
/// `unknownEventType`; `replayRangeEmpty`; `webhookLimit`.
///
/// A change that changes nothing is a write like any other and is recorded.
///
/// - Parameters:
///   - state: holds the command's footprint (`footprint(of:given:into:)`).
///   - moment: the clock, the actor and the random bits of an id.
/// - Returns: what `apply` folds into the state. The entries' seqs follow `state.head`; an item's or location's id is
///   that of the entry that created it.
public func decide(
    _ command: Command, given state: LedgerState, at moment: Moment
) throws(Rejection) -> Decision {
    switch command {
    case .recordMovement(let draft): try decideMovement(draft, given: state, at: moment)
    case .setStock(let target): try decideTarget(target, given: state, at: moment)
    case .observeLocation(let location, let time):
        try decideObservation(of: location, at: time, given: state, at: moment)
    case .webhook(let command): try decideWebhook(command, given: state, at: moment)
    case .createItem(let draft): try decideCreation(of: draft, given: state, at: moment)
    case .updateItem(let item, let changes): try decideUpdate(of: item, changes, given: state, at: moment)
    case .archiveItem(let item): try decideArchival(of: item, given: state, at: moment)
    case .createLocation(let draft): try decideCreation(of: draft, given: state, at: moment)
    case .updateLocation(let location, let changes):
        try decideUpdate(of: location, changes, given: state, at: moment)
    case .archiveLocation(let location): try decideArchival(of: location, given: state, at: moment)
    }
}
