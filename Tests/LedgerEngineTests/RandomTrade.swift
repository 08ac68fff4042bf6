import LedgerCore
import LedgerEngine
import LedgerStorage
import SampleLedger

/// Commands of all kinds over few names, most of them possible, some not; with keys, in groups or alone.
struct RandomTrade {
    var generator: SeededGenerator
    private var nextKey: UInt64 = 0
    private var nextName = 0
    /// Ids of endpoints, as far as the test has told of them.
    var webhooks: [ULID] = []

    static let items = 9
    static let locations = 4
    static let references = 6

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// Items and locations to begin with.
    static var opening: [Command] {
        (1...locations).map { .createLocation(LocationDraft(code: "WH-\($0)", name: "W")) }
            + (1...items).map { number in
                var draft = ItemDraft(sku: "SKU-\(number)", name: "I")
                draft.reorderPoint = number % 2 == 0 ? 10 : nil
                draft.allowNegative = number % 3 == 0
                return .createItem(draft)
            }
    }

    mutating func command() -> Command {
        if chance(6) { return .webhook(webhook()) }
        if chance(12) { return target() }
        return chance(90) ? movement() : catalogue()
    }

    private mutating func target() -> Command {
        var target = StockTarget(
            item: .sku("SKU-\(number(1...RandomTrade.items))"),
            location: .code("WH-\(number(1...RandomTrade.locations))"), reason: "count")
        if chance(60) { target.quantity = Int64(number(0...30)) }
        if chance(30) { target.settings.price = chance(20) ? .clear : .set(Int64(number(0...9)) * 1_000_000) }
        if chance(30) { target.settings.isAvailable = chance(50) }
        if chance(30) { target.settings.safetyStock = Int64(number(0...5)) }
        return .setStock(target)
    }

    mutating func movement() -> Command {
        let kind: MovementKind = [.receipt, .receipt, .pick, .sale, .adjustment, .transfer, .return][number(0...6)]
        var quantity = Int64(number(1...20))
        switch kind {
        case .pick, .sale: quantity = -quantity
        case .adjustment, .return: if chance(50) { quantity = -quantity }
        case .receipt, .transfer: break
        }
        return .move(
            kind, quantity, item: number(1...RandomTrade.items), location: number(1...RandomTrade.locations),
            to: kind == .transfer ? number(1...RandomTrade.locations) : nil,
            reference: chance(50) ? "ORD-\(number(1...RandomTrade.references))" : nil,
            reason: chance(50) ? "trade" : "other")
    }

    private mutating func catalogue() -> Command {
        switch number(0...5) {
        case 0:
            nextName += 1
            return .createItem(ItemDraft(sku: "NEW-\(nextName)", name: "I"))
        case 1:
            // To a name that is free or not, and back; an item that has lost its name has no movements meanwhile. The
            // last one keeps its own.
            var changes = ItemChanges()
            changes.sku = "\(chance(60) ? "SKU" : "ALT")-\(number(1...RandomTrade.items - 1))"
            return .updateItem(
                .sku("\(chance(40) ? "SKU" : "ALT")-\(number(1...RandomTrade.items - 1))"), changes)
        case 2:
            var changes = ItemChanges()
            changes.name = "renamed \(number(1...99))"
            return .updateItem(.sku("SKU-\(number(1...RandomTrade.items))"), changes)
        case 3:
            var changes = LocationChanges()
            changes.isDefault = true
            return .updateLocation(.code("WH-\(number(1...RandomTrade.locations))"), changes)
        case 4:
            nextName += 1
            var draft = LocationDraft(code: "NEW-\(nextName)", name: "W")
            draft.isDefault = chance(30)
            return .createLocation(draft)
        default:
            return .archiveItem(.sku("NEW-\(number(1...max(1, nextName)))"))
        }
    }

    private mutating func webhook() -> WebhookCommand {
        guard chance(80), let id = webhooks.randomElement(using: &generator) else {
            return .create(WebhookDraft(url: "https://\(number(1...99)).example", events: ["stock.*"], secret: [1]))
        }
        switch number(0...6) {
        case 0: return .update(id, WebhookChanges())
        case 1: return .disable(id, .requested)
        case 2: return .delete(id)
        case 3: return .rotateSecret(id, sealed: [2], oldExpiresAt: Instant(milliseconds: 1_780_000_003_000))
        case 4: return .replay(id, firstSeq: 1, lastSeq: nil, events: nil, deadOnly: chance(50))
        default: return .enable(id)
        }
    }

    /// A key that was not used before, or one that was.
    mutating func identity() -> RequestIdentity? {
        if chance(20) { return nil }
        if chance(15), nextKey > 0 { return .key(UInt64(number(1...Int(nextKey))), request: chance(80) ? 1 : 2) }
        nextKey += 1
        return .key(nextKey)
    }

    mutating func submission() -> Submission {
        guard chance(30) else { return .single(command(), identity()) }
        let lines = (0..<number(1...8)).map { _ in SubmittedCommand(command(), identity: identity()) }
        return .group(lines, atomic: chance(50), chance(50) ? identity() : nil)
    }
}
