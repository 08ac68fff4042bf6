import LedgerCore
import Testing

@Suite("items and locations")
struct CatalogueTests {
    private func item(_ sku: String, _ change: (inout ItemDraft) -> Void = { _ in }) -> Command {
        var draft = ItemDraft(sku: sku, name: sku)
        change(&draft)
        return .createItem(draft)
    }

    private func update(_ sku: String, _ change: (inout ItemChanges) -> Void) -> Command {
        var changes = ItemChanges()
        change(&changes)
        return .updateItem(.sku(sku), changes)
    }

    private func location(_ code: String, _ change: (inout LocationDraft) -> Void = { _ in }) -> Command {
        var draft = LocationDraft(code: code, name: code)
        change(&draft)
        return .createLocation(draft)
    }

    private func update(at code: String, _ change: (inout LocationChanges) -> Void) -> Command {
        var changes = LocationChanges()
        change(&changes)
        return .updateLocation(.code(code), changes)
    }

    @Test("a new item carries the id, the seq and the time of the entry that created it")
    func creation() throws {
        var ledger = TestLedger()
        let entry = try ledger.perform(
            item("X") {
                $0.scale = 6
                $0.price = Limits.money
                $0.weight = 0
                $0.reorderPoint = Limits.quantity
                $0.metadata = [0x7B, 0x7D]
                $0.barcode = ""
            }
        ).first
        let created = try #require(ledger.state.item(.sku("X")))
        #expect(entry.change == .itemCreated(created))
        #expect(created.number.rawValue == 1)
        #expect(created.id == entry.id)
        #expect(created.createdSeq == 1)
        #expect(created.createdAt == entry.recordedAt)
        #expect(created.updatedAt == entry.recordedAt)
        #expect(created.price == Limits.money)
        #expect(created.metadata == [0x7B, 0x7D])
        #expect(ledger.state.item(.id(entry.id)) == created)
        try ledger.perform(item("Y"))
        #expect(ledger.state.item(.sku("Y"))?.number.rawValue == 2)
    }

    @Test("an item out of range is refused, each member by its own error, in the documented order")
    func itemRanges() throws {
        var ledger = TestLedger()
        try ledger.perform(item("X"))
        let bad = Limits.money + 1
        #expect(ledger.refusal(of: item("Y") { $0.scale = 7 }) == .scaleOutOfRange)
        #expect(ledger.refusal(of: item("Y") { $0.price = -1 }) == .priceOutOfRange)
        #expect(ledger.refusal(of: item("Y") { $0.price = bad }) == .priceOutOfRange)
        #expect(ledger.refusal(of: item("Y") { $0.weight = .min }) == .weightOutOfRange)
        #expect(ledger.refusal(of: item("Y") { $0.reorderPoint = -1 }) == .reorderPointOutOfRange)
        #expect(ledger.refusal(of: item("Y") { $0.reorderPoint = Limits.quantity + 1 }) == .reorderPointOutOfRange)
        #expect(ledger.refusal(of: item("X")) == .skuTaken("X"))
        #expect(ledger.refusal(of: item("X") { $0.reorderPoint = -1 }) == .reorderPointOutOfRange)
        #expect(ledger.refusal(of: update("X") { $0.scale = 7 }) == .scaleOutOfRange)
        #expect(ledger.refusal(of: update("X") { $0.price = .set(-1) }) == .priceOutOfRange)
        #expect(ledger.refusal(of: update("X") { $0.weight = .set(bad) }) == .weightOutOfRange)
        #expect(ledger.refusal(of: update("?") { $0.reorderPoint = .set(-1) }) == .reorderPointOutOfRange)
        #expect(ledger.refusal(of: update("?") { _ in }) == .itemNotFound(.sku("?")))
    }

    @Test("an update keeps, clears and sets, and is recorded even when it changes nothing")
    func itemUpdate() throws {
        var ledger = TestLedger()
        try ledger.perform(
            item("X") {
                $0.price = 5
                $0.barcode = "old"
            })
        let before = try #require(ledger.state.item(.sku("X")))
        let entry = try ledger.perform(
            update("X") {
                $0.name = "new"
                $0.price = .clear
                $0.reorderPoint = .set(9)
                $0.allowNegative = true
                $0.scale = 3
            }
        ).first
        var expected = before
        expected.name = "new"
        expected.price = nil
        expected.reorderPoint = 9
        expected.allowNegative = true
        expected.scale = 3
        expected.updatedAt = entry.recordedAt
        #expect(ledger.state.item(.sku("X")) == expected)
        let nothing = try ledger.perform(update("X") { _ in }).first
        #expect(nothing.seq == entry.seq + 1)
        #expect(nothing.change.type == "item.updated")
    }

    @Test("the scale is fixed after the first movement, but may be sent again as it is")
    func scaleFixed() throws {
        var ledger = try TestLedger.stocked()
        try ledger.perform(update("X") { $0.scale = 2 })
        try ledger.move(draft(.receipt, 1))
        for _ in 0..<2 {
            #expect(ledger.refusal(of: update("X") { $0.scale = 3 }) == .scaleFixed(sku: "X"))
            #expect(ledger.refusal(of: update("X") { $0.scale = 2 }) == nil)
            ledger.publish()
        }
    }

    @Test("a sku belongs to one item, archived ones included, and a renamed item frees its old one")
    func skus() throws {
        var ledger = try TestLedger.stocked(items: ["X", "Y"])
        for _ in 0..<2 {
            #expect(ledger.refusal(of: update("X") { $0.sku = "Y" }) == .skuTaken("Y"))
            #expect(ledger.refusal(of: update("X") { $0.sku = "X" }) == nil)
            ledger.publish()
        }
        try ledger.perform(update("X") { $0.sku = "Z" })
        #expect(ledger.state.item(.sku("X")) == nil)
        #expect(ledger.refusal(of: draft(.receipt, 1, of: "X")) == .itemNotFound(.sku("X")))
        try ledger.perform(update("Y") { $0.sku = "X" })
        try ledger.perform(update("Z") { $0.sku = "Y" })
        #expect(ledger.state.item(.sku("X"))?.number.rawValue == 2)
        #expect(ledger.state.item(.sku("Y"))?.number.rawValue == 1)
        ledger.publish()
        #expect(ledger.committed.item(.sku("X"))?.number.rawValue == 2)
        #expect(ledger.committed.item(.sku("Y"))?.number.rawValue == 1)
        #expect(ledger.committed.item(.sku("Z")) == nil)
        try ledger.perform(.archiveItem(.sku("X")))
        #expect(ledger.refusal(of: item("X")) == .skuTaken("X"))
        #expect(ledger.refusal(of: .archiveItem(.sku("X"))) == .itemArchived(sku: "X"))
        #expect(ledger.refusal(of: update("X") { $0.name = "" }) == .itemArchived(sku: "X"))
    }

    @Test("an item with stock anywhere can't be archived, also when the stock is below zero")
    func itemHasStock() throws {
        var ledger = try TestLedger.stocked(allowNegative: true)
        try ledger.move(draft(.sale, -2, at: "B"))
        for _ in 0..<2 {
            #expect(ledger.refusal(of: .archiveItem(.sku("X"))) == .itemHasStock(sku: "X"))
            ledger.publish()
        }
        try ledger.move(draft(.adjustment, 2, at: "B"))
        let entry = try ledger.perform(.archiveItem(.sku("X"))).first
        let item = try #require(ledger.state.item(.sku("X")))
        #expect(entry.change == .itemArchived(item))
        #expect(item.archivedSeq == entry.seq)
        #expect(item.archivedAt == entry.recordedAt)
    }

    @Test("the first location is the default, and the flag moves to the one that asks for it")
    func defaultLocation() throws {
        var ledger = TestLedger()
        try ledger.perform(location("A"))
        #expect(ledger.state.location(.default)?.code == "A")
        try ledger.perform(location("B"))
        #expect(ledger.state.location(.code("B"))?.isDefault == false)
        for _ in 0..<2 {
            #expect(ledger.refusal(of: .archiveLocation(.default)) == .defaultLocationRequired(code: "A"))
            #expect(ledger.refusal(of: update(at: "A") { $0.isDefault = false }) == .defaultLocationRequired(code: "A"))
            #expect(ledger.refusal(of: update(at: "B") { $0.isDefault = false }) == nil)
            ledger.publish()
        }
        let entry = try ledger.perform(update(at: "B") { $0.isDefault = true })
        #expect(entry.following.isEmpty)
        #expect(ledger.state.location(.default)?.code == "B")
        #expect(ledger.state.location(.code("A"))?.isDefault == false)
        ledger.publish()
        #expect(ledger.committed.location(.default)?.code == "B")
        #expect(ledger.committed.locations.map(\.isDefault) == [false, true])
        try ledger.perform(location("C") { $0.isDefault = true })
        ledger.publish()
        #expect(ledger.committed.locations.map(\.isDefault) == [false, false, true])
        try ledger.perform(.archiveLocation(.code("A")))
        #expect(ledger.refusal(of: update(at: "A") { $0.isDefault = true }) == .locationArchived(code: "A"))
    }

    @Test("an empty realm has no default to change or archive")
    func emptyRealm() {
        let ledger = TestLedger()
        #expect(ledger.refusal(of: .archiveLocation(.default)) == .noDefaultLocation)
        #expect(ledger.refusal(of: .updateLocation(.default, LocationChanges())) == .noDefaultLocation)
        #expect(ledger.refusal(of: .archiveLocation(.code(""))) == .locationNotFound(.code("")))
    }

    @Test("a code belongs to one location, archived ones included")
    func codes() throws {
        var ledger = try TestLedger.stocked()
        #expect(ledger.refusal(of: location("A")) == .codeTaken("A"))
        #expect(ledger.refusal(of: update(at: "B") { $0.code = "A" }) == .codeTaken("A"))
        try ledger.perform(update(at: "B") { $0.code = "C" })
        #expect(ledger.state.location(.code("B")) == nil)
        try ledger.perform(.archiveLocation(.code("C")))
        #expect(ledger.refusal(of: location("C")) == .codeTaken("C"))
        #expect(ledger.refusal(of: location("B")) == nil)
    }

    @Test("a location with stock can't be archived, and the count of its stocked levels follows every movement")
    func locationHasStock() throws {
        var ledger = try TestLedger.stocked(items: ["X", "Y"])
        try ledger.move(draft(.receipt, 2, at: "B"))
        try ledger.move(draft(.receipt, 2, of: "Y", at: "A"))
        for _ in 0..<2 {
            #expect(ledger.refusal(of: .archiveLocation(.code("B"))) == .locationHasStock(code: "B"))
            ledger.publish()
            #expect(ledger.committed.stockedLevelsByLocation == [1, 1])
        }
        try ledger.move(draft(.transfer, 1, at: "B", to: "A"))
        #expect(ledger.refusal(of: .archiveLocation(.code("B"))) == .locationHasStock(code: "B"))
        try ledger.move(draft(.transfer, 1, at: "B", to: "A"))
        #expect(ledger.refusal(of: .archiveLocation(.code("B"))) == nil)
        ledger.publish()
        #expect(ledger.committed.stockedLevelsByLocation == [2, 0])
        let entry = try ledger.perform(.archiveLocation(.code("B"))).first
        #expect(entry.change == ledger.state.location(.code("B")).map { .locationArchived($0) })
    }
}
