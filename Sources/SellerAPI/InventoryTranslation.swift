import HTTPInterface
package import LedgerCore
import LedgerEngine
import LedgerStorage
import WireSchema

/// Wire → commands and stock → wire, for inventory. Pure but for the look at the journal where nothing was changed.
extension InventoryRow {
    /// - Parameter location: a warehouse's record.
    package init(_ item: Item, _ picture: StockPicture, location: (LocationNumber) -> Location?) {
        sku = item.sku
        title = item.name
        onHand = picture.onHand
        reserved = picture.reserved
        available = picture.available
        safetyStock = picture.safetyStock
        status = StockStatusWord(picture.status)
        reorderPoint = picture.reorderPoint
        warehouses.reserveCapacity(picture.places.count)
        for place in picture.places {
            guard let location = location(place.location) else { continue }
            warehouses.append(WarehouseStock(place, at: location))
        }
    }
}

extension WarehouseStock {
    init(_ place: StockPicture.Place, at location: Location) {
        warehouse = WireID(location.id)
        name = location.name
        onHand = place.onHand
        reserved = place.reserved
        available = place.onHand &- place.reserved &- place.safetyStock
        type = location.isMarketplace ? MarketplaceType(rawValue: location.type) : nil
        safetyStock = place.safetyStock
    }
}

extension InventoryRecord {
    init(_ item: Item, _ picture: StockPicture, changedAt: Instant, location: (LocationNumber) -> Location?) {
        row = InventoryRow(item, picture, location: location)
        id = WireID(item.id)
        updatedAt = max(item.updatedAt, changedAt).milliseconds
    }
}

extension InventoryUpdate {
    /// The commands that it comes to, in order; all or none are done.
    func commands(of item: ItemReference) -> [Command] {
        var commands: [Command] = []
        if title != nil || !reorderPoint.isAbsent {
            var changes = ItemChanges()
            changes.name = title
            changes.reorderPoint = reorderPoint.change
            commands.append(.updateItem(item, changes))
        }
        if quantity != nil || safetyStock != nil, let warehouse {
            var target = StockTarget(item: item, location: warehouse.reference, reason: reason)
            target.quantity = quantity
            target.expected = expected
            target.reference = reference
            target.note = note
            target.settings.safetyStock = safetyStock
            commands.append(.setStock(target))
        }
        return commands
    }
}

extension Call {
    /// The item's record as it is after the write.
    func renderRecord(of reference: ItemReference) -> RenderOutcome {
        { [self] outcome, _, state in
            let changedAt: Instant?
            switch outcome {
            case .success(let decision): changedAt = decision.lastEntry.recordedAt
            case .failure(.unchanged): changedAt = nil
            case .failure(let rejection): return refused(Refusal(seller: rejection))
            }
            guard let item = state.item(reference) else { return refused(.internalError) }
            // The writer renders, and nobody else changes the lists: this is the row that the batch began with.
            let picture = StockPicture(ledger.itemRow(item.number), of: item, in: state)
            let record = InventoryRecord(
                item, picture, changedAt: changedAt ?? ledger.lastChange(of: item, picture, in: state)
            ) { state.location($0) }
            return .json(200, record.jsonBytes(capacity: 1_024))
        }
    }
}

extension RealmLedger {
    /// When anything was recorded last of what the picture shows, as far as its levels are in memory. Blocks.
    fileprivate func lastChange(of item: Item, _ picture: StockPicture, in state: LedgerState) -> Instant {
        let seqs = picture.places.compactMap {
            state.level(LevelKey(item: item.number, location: $0.location))?.changedSeq
        }
        guard let seq = seqs.max(), seq > 0 else { return item.updatedAt }
        // Of this very batch, whose entries all have the time of its last.
        if seq > head.head.seq { return state.head.recordedAt }
        var history = History(store: store)
        // An answer without the exact time is better than none; what is wrong with the store shows at the next commit.
        guard let entry = try? history.entry(seq) else { return item.updatedAt }
        return entry.recordedAt
    }
}
