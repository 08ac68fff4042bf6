import LedgerCore
import SellerAPI
import Testing
import WireSchema

/// What the Seller API shows of an item's stock, without a server: the page's numbers, and that an answer to a write
/// is what a list shows after the commit.
@Suite struct SellerStockPictureTests {
    @Test("the page's record comes out of its numbers, with what is added behind what it shows")
    func published() throws {
        let ledger = SmallLedger()
        ledger.run([.createItem(ItemDraft(sku: "SKU-001", name: "Blue Widget 500ml"))])
        ledger.run([.createLocation(LocationDraft(code: "A", name: "Warehouse A"))])
        var fba = LocationDraft(code: "F", name: "FBA EU")
        fba.type = "FBA"
        ledger.run([.createLocation(fba)])
        let item = try #require(ledger.base.item(.sku("SKU-001")))
        let settings = StockSettings(
            safetyStock: 15, changedAt: Instant(milliseconds: 0), changedSeq: 0)
        for (place, onHand, reserved, settings) in [(1, 350, 18, settings), (2, 137, 5, nil)]
            as [(UInt32, Int64, Int64, StockSettings?)]
        {
            ledger.index.put(
                StockLevel(
                    key: LevelKey(item: item.number, location: LocationNumber(rawValue: place)),
                    pool: CostPool(onHand: onHand, value: 0, lastWAC: 0), reserved: reserved,
                    settings: settings))
        }
        let row = try #require(ledger.index.row(item.number))
        let view = InventoryRow(item, StockPicture(row, reorderPoint: nil)) { ledger.base.location($0) }
        let text = String(decoding: view.jsonBytes(), as: UTF8.self)
            .replacing(/wh_[0-9A-HJKMNP-TV-Z]{26}/, with: "wh_*")
        #expect(
            text
                == #"{"sku":"SKU-001","title":"Blue Widget 500ml","total_on_hand":487,"total_reserved":23,"total_available":449,"safety_stock":15,"status":"normal","warehouses":[{"warehouse_id":"wh_*","name":"Warehouse A","on_hand":350,"reserved":18,"available":317,"safety_stock":15},{"warehouse_id":"wh_*","name":"FBA EU","on_hand":137,"reserved":5,"available":132,"type":"FBA","safety_stock":0}],"reorder_point":null}"#
        )
    }

    @Test(
        "the row before a batch with the batch laid over it is the row after its commit",
        arguments: [1, 2, 3, 4] as [UInt64])
    func overlay(seed: UInt64) {
        var chance = SeededChance(seed: seed)
        let ledger = SmallLedger()
        for number in 1...4 {
            ledger.run([.createItem(ItemDraft(sku: "S\(number)", name: "N"))])
            ledger.run([.createLocation(LocationDraft(code: "L\(number)", name: "N"))])
        }
        var compared = 0
        for _ in 0..<400 {
            if Int.random(in: 0..<8, using: &chance) == 0 {
                var changes = LocationChanges()
                changes.restores = true
                let place = Int.random(in: 2...4, using: &chance)
                ledger.run([.updateLocation(.code("L\(place)"), changes)])
                continue
            }
            let before = ledger.index
            let size = Int.random(in: 1...6, using: &chance)
            let state = ledger.decide((0..<size).map { _ in Self.command(&chance) })
            let pictures = ledger.base.items.compactMap { item in
                state.item(item.number).map { StockPicture(before.row(item.number), of: $0, in: state) }
            }
            ledger.publish()
            for (item, picture) in zip(ledger.base.items, pictures) {
                guard let row = ledger.index.row(item.number) else {
                    #expect(picture.places.isEmpty, "seed \(seed)")
                    continue
                }
                #expect(
                    picture == StockPicture(row, reorderPoint: item.reorderPoint), "seed \(seed), \(item.sku)"
                )
                #expect(picture.status == row.totals.status, "seed \(seed)")
                compared += 1
            }
        }
        #expect(compared > 500)
    }

    private static func command(_ chance: inout SeededChance) -> Command {
        let item = ItemReference.sku("S\(Int.random(in: 1...4, using: &chance))")
        let place = Int.random(in: 1...4, using: &chance)
        let location = LocationReference.code("L\(place)")
        switch Int.random(in: 0..<10, using: &chance) {
        case 0:
            var changes = ItemChanges()
            changes.reorderPoint =
                Bool.random(using: &chance) ? .clear : .set(Int64.random(in: 0...9, using: &chance))
            return .updateItem(item, changes)
        case 1 where place > 2:
            var changes = LocationChanges()
            changes.type = Bool.random(using: &chance) ? "FBA" : "warehouse"
            return .updateLocation(location, changes)
        case 2 where place > 1: return .archiveLocation(location)
        case 3:
            var draft = MovementDraft(
                kind: .transfer, item: item, location: .code("L1"), quantity: 2, reason: "transfer")
            draft.target = location
            return .recordMovement(draft)
        default:
            var target = StockTarget(item: item, location: location, reason: "count")
            if Bool.random(using: &chance) {
                target.quantity = Int64.random(in: 0...6, using: &chance) % 4
            }
            if Bool.random(using: &chance) {
                target.settings.safetyStock = Int64.random(in: 0...4, using: &chance)
            }
            return .setStock(target)
        }
    }
}

/// A ledger in memory with the columns that lists read, written in batches as the engine does.
private final class SmallLedger {
    let base = CommittedLedger()
    var index = StockIndex()
    private var pending: LedgerState?
    private var entries: [Entry] = []
    private var clock: Int64 = 1_000

    func run(_ commands: [Command]) {
        _ = decide(commands)
        publish()
    }

    func decide(_ commands: [Command]) -> LedgerState {
        var state = LedgerState(base: base)
        entries = []
        clock += 1
        let moment = Moment(now: Instant(milliseconds: clock), actor: nil, random: (1, UInt64(clock)))
        for command in commands {
            guard let decision = try? LedgerCore.decide(command, given: state, at: moment) else {
                continue
            }
            apply(decision, to: &state)
            entries += decision.entries
        }
        pending = state
        return state
    }

    func publish() {
        guard let state = pending else { return }
        base.publish(state)
        for entry in entries {
            switch entry.change {
            case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item): index.put(item)
            case .locationCreated(let location), .locationUpdated(let location),
                .locationArchived(let location):
                index.put(location)
            default: break
            }
        }
        for level in state.changedLevels.values { index.put(level) }
        pending = nil
    }
}
