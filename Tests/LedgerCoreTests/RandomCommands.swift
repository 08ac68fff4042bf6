import LedgerCore

/// Commands over few names and many boundary values, mostly sensible, so that a run gets deep before it is refused.
struct RandomCommands {
    var generator: SeededGenerator
    /// Ids that the ledger has given so far, of any entry.
    var ids: [ULID] = []
    /// Those of webhook endpoints among them.
    var webhooks: [ULID] = []

    private static let boundaries: [Int64] = [
        .min, .min + 1, -Limits.money - 1, -Limits.onHand, -Limits.quantity - 1, -Limits.quantity, -1, 0, 1, 2,
        Limits.quantity - 1, Limits.quantity, Limits.quantity + 1, Limits.onHand, Limits.money, Limits.money + 1,
        .max - 1, .max,
    ]
    private static let skus = ["X", "Y", "Z", "X", "Y", "Z", "", "X_B", "a much longer sku that needs the heap"]
    private static let codes = ["A", "B", "A", "B", "A", "B", "", "B_A", "a much longer code that needs the heap"]

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &generator)]
    }

    mutating func moment() -> Moment {
        let now: Int64 =
            chance(3) ? pick([.min, -1, 0, 1 << 40]) : Int64.random(in: 1_000_000...1_000_400, using: &generator)
        let random: (UInt16, UInt64) = chance(10) ? (.max, .max) : (UInt16(truncatingIfNeeded: generator.next()), 5)
        return Moment(now: Instant(milliseconds: now), actor: chance(50) ? nil : ULID(high: 3, low: 4), random: random)
    }

    /// What a run starts with, so that most of its movements find something.
    mutating func opening() -> [Command] {
        ["A", "B"].map { code in
            var draft = locationDraft()
            draft.code = code
            return .createLocation(draft)
        }
            + ["X", "Y", "Z"].map { sku in
                var draft = itemDraft()
                draft.sku = sku
                return .createItem(draft)
            }
    }

    mutating func command() -> Command {
        if chance(5) { return .webhook(webhookCommand()) }
        if chance(12) { return .setStock(stockTarget()) }
        if chance(1) { return .observeLocation(location(), Instant(milliseconds: pick([1, 2, 3, 4]))) }
        guard chance(12) else { return .recordMovement(movement()) }
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: return .createItem(itemDraft())
        case 1: return .updateItem(item(), itemChanges())
        case 2: return chance(15) ? .archiveItem(item()) : .createItem(itemDraft())
        case 3: return .createLocation(locationDraft())
        case 4: return .updateLocation(location(), locationChanges())
        default: return chance(15) ? .archiveLocation(location()) : .createLocation(locationDraft())
        }
    }

    private mutating func item() -> ItemReference {
        if chance(15), !ids.isEmpty { return .id(pick(ids)) }
        return .sku(pick(Self.skus))
    }

    private mutating func location() -> LocationReference {
        if chance(10), !ids.isEmpty { return .id(pick(ids)) }
        return chance(15) ? .default : .code(pick(Self.codes))
    }

    private mutating func movement() -> MovementDraft {
        let kind = pick(MovementKind.allCases)
        var quantity = number(upTo: chance(80) ? 12 : 3_000)
        if chance(90), quantity > .min {
            switch kind {
            case .receipt, .transfer: quantity = abs(quantity)
            case .sale, .pick: quantity = -abs(quantity)
            case .return, .adjustment: if chance(50) { quantity = -quantity }
            }
        }
        var draft = MovementDraft(kind: kind, item: item(), location: location(), quantity: quantity, reason: "")
        draft.reference = chance(20) ? "a reference that is long enough for the heap" : nil
        draft.occurredAt = chance(10) ? Instant(milliseconds: .min) : nil
        if kind == .transfer ? chance(97) : chance(2) { draft.target = location() }
        let takesCost = kind == .receipt || (kind == .adjustment && quantity > 0) || (kind == .return && quantity < 0)
        if takesCost ? chance(50) : chance(2) { draft.unitCost = number(upTo: chance(50) ? 9 : 9_000_000) }
        if kind == .receipt ? chance(30) : chance(2) { draft.lineTotal = number(upTo: 90_000_000) }
        if kind == .return && quantity < 0 ? chance(50) : chance(2), !ids.isEmpty {
            draft.receipt = chance(90) ? pick(ids) : ULID(high: 9, low: generator.next())
        }
        return draft
    }

    private mutating func stockTarget() -> StockTarget {
        var target = StockTarget(item: item(), location: location(), reason: "")
        if chance(70) { target.quantity = number(upTo: 12) &- (chance(20) ? 1 : 0) }
        if chance(15) { target.expected = chance(50) ? 0 : number(upTo: 12) }
        if chance(20) { target.observedAt = Instant(milliseconds: pick([1, 2, 3, 4])) }
        if chance(20) { target.settings.price = chance(30) ? .clear : .set(number(upTo: 9_000_000)) }
        if chance(20) { target.settings.cost = chance(30) ? .clear : .set(number(upTo: 9_000_000)) }
        if chance(20) { target.settings.isAvailable = chance(50) }
        if chance(20) { target.settings.safetyStock = chance(30) ? 0 : number(upTo: 5) }
        return target
    }

    /// 1 up to `most`, now and then a boundary.
    private mutating func number(upTo most: Int64) -> Int64 {
        chance(6) ? pick(Self.boundaries) : Int64.random(in: 1...most, using: &generator)
    }

    private mutating func itemDraft() -> ItemDraft {
        var draft = ItemDraft(sku: pick(Self.skus), name: "")
        draft.scale = chance(90) ? pick([0, 0, 1, 3, 6]) : pick([7, 255])
        draft.price = chance(10) ? pick(Self.boundaries) : nil
        draft.weight = chance(10) ? pick(Self.boundaries) : nil
        draft.reorderPoint = chance(50) ? number(upTo: 20) : nil
        draft.allowNegative = chance(60)
        return draft
    }

    private mutating func itemChanges() -> ItemChanges {
        var changes = ItemChanges()
        if chance(20) { changes.sku = pick(Self.skus) }
        if chance(20) { changes.scale = pick([0, 1, 3, 9]) }
        if chance(20) { changes.price = chance(30) ? .clear : .set(pick(Self.boundaries)) }
        if chance(20) { changes.weight = .set(pick(Self.boundaries)) }
        if chance(40) { changes.reorderPoint = chance(30) ? .clear : .set(number(upTo: 20)) }
        if chance(40) { changes.allowNegative = chance(70) }
        return changes
    }

    private mutating func locationDraft() -> LocationDraft {
        var draft = LocationDraft(code: pick(Self.codes), name: "")
        draft.allowNegative = chance(70)
        draft.isDefault = chance(30)
        if chance(3) { draft.type = pick(["FBA", "FBS"]) }
        if chance(1) { draft.isReadOnly = true }
        return draft
    }

    private mutating func locationChanges() -> LocationChanges {
        var changes = LocationChanges()
        if chance(30) { changes.code = pick(Self.codes) }
        if chance(40) { changes.allowNegative = chance(70) }
        if chance(50) { changes.isDefault = chance(60) }
        if chance(8) { changes.type = pick(["FBA", "store", "store", "store"]) }
        if chance(10) { changes.isReadOnly = chance(15) }
        changes.restores = chance(10)
        return changes
    }
}
