import LedgerCore

extension NaiveLedger {
    /// What was set about an item at a place.
    struct Settings: Equatable {
        var price: Int64?
        var cost: Int64?
        var available = true
        var safety: Int64 = 0

        init() {}

        init(_ settings: StockSettings) {
            price = settings.price
            cost = settings.cost
            available = settings.isAvailable
            safety = settings.safetyStock
        }
    }

    /// An item and a place, as numbers.
    struct Pair: Hashable {
        var item: Int
        var place: Int

        var key: LevelKey {
            LevelKey(
                item: ItemNumber(rawValue: UInt32(item + 1)), location: LocationNumber(rawValue: UInt32(place + 1)))
        }
    }

    func isKnown(_ item: Int, _ place: Int) -> Bool {
        settings[Pair(item: item, place: place)] != nil
            || records.contains { $0.item == item && $0.place == place }
    }

    mutating func set(_ target: StockTarget) -> Result<Done, Rejection> {
        let money: ClosedRange<Int64> = 0...1_000_000_000_000_000_000
        if let quantity = target.quantity, quantity > 1_000_000_000_000 { return .failure(.quantityOutOfRange) }
        for patch in [target.settings.price, target.settings.cost] {
            if case .set(let number) = patch, !money.contains(number) { return .failure(.priceOutOfRange) }
        }
        if let safety = target.settings.safetyStock, !(0...1_000_000_000_000).contains(safety) {
            return .failure(.safetyStockOutOfRange)
        }
        guard let item = find(target.item) else { return .failure(.itemNotFound(target.item)) }
        guard let place = find(target.location) else {
            return .failure(target.location == .default ? .noDefaultLocation : .locationNotFound(target.location))
        }
        let (sku, code) = (items[item].name, places[place].name)
        if items[item].archived { return .failure(.itemArchived(sku: sku)) }
        if places[place].archived { return .failure(.locationArchived(code: code)) }
        if let time = target.observedAt {
            if !places[place].isMarketplace { return .failure(.locationNotMarketplace(code: code)) }
            if let last = places[place].observedAt, last > time {
                return .failure(.snapshotOutdated(code: code, last: last))
            }
        } else if target.quantity != nil, places[place].isMarketplace || places[place].readOnly {
            return .failure(.locationReadOnly(code: code))
        }
        if places[place].isMarketplace, let safety = target.settings.safetyStock, safety > 0 {
            return .failure(.safetyStockNotAllowed(code: code))
        }
        if let quantity = target.quantity, quantity < 0 { return .failure(.negativeQuantity(sku: sku, code: code)) }
        let onHand = level(item, place).onHand
        if let expected = target.expected, Int128(expected) != onHand {
            return .failure(.staleQuantity(sku: sku, code: code, expected: expected, onHand: Int64(onHand)))
        }
        return book(target, Pair(item: item, place: place), onHand)
    }

    private mutating func book(_ target: StockTarget, _ pair: Pair, _ onHand: Int128) -> Result<Done, Rejection> {
        let before = settings[pair] ?? Settings()
        var after = before
        if target.settings.price != .keep { after.price = target.settings.price.applied(to: nil) }
        if target.settings.cost != .keep { after.cost = target.settings.cost.applied(to: nil) }
        after.available = target.settings.isAvailable ?? after.available
        after.safety = target.settings.safetyStock ?? after.safety
        let difference = target.quantity.map { Int128($0) - onHand } ?? 0
        let isNew = difference == 0 && !isKnown(pair.item, pair.place)
        let setsSomething = after != before || isNew
        if !setsSomething, difference == 0 { return .failure(.unchanged(pair.key)) }
        var done = Done()
        if difference != 0 {
            var draft = MovementDraft(
                kind: .adjustment, item: target.item, location: target.location, quantity: Int64(difference),
                reason: target.reason)
            if difference > 0 { draft.unitCost = after.cost }
            let marketplace = places[pair.place].type
            let readOnly = places[pair.place].readOnly
            if target.observedAt != nil { (places[pair.place].type, places[pair.place].readOnly) = ("", false) }
            let moved = move(draft)
            (places[pair.place].type, places[pair.place].readOnly) = (marketplace, readOnly)
            switch moved {
            case .failure(let rejection): return .failure(rejection)
            case .success(let moved): done = moved
            }
            if setsSomething { done.alerts.insert("movement.recorded", at: 0) }
        }
        if setsSomething { settings[pair] = after }
        return .success(done)
    }

    mutating func observe(_ reference: LocationReference, _ time: Instant) -> Result<Done, Rejection> {
        guard let place = find(reference) else {
            return .failure(reference == .default ? .noDefaultLocation : .locationNotFound(reference))
        }
        let code = places[place].name
        if places[place].archived { return .failure(.locationArchived(code: code)) }
        if !places[place].isMarketplace { return .failure(.locationNotMarketplace(code: code)) }
        if let last = places[place].observedAt {
            if last > time { return .failure(.snapshotOutdated(code: code, last: last)) }
            if last == time {
                return .failure(
                    .unchanged(
                        LevelKey(item: ItemNumber(rawValue: 0), location: LocationNumber(rawValue: UInt32(place + 1)))))
            }
        }
        places[place].observedAt = time
        return .success(Done())
    }

    /// Whether these names would give two pairs of an item and a place the same joint name. A thing that takes another
    /// name is left out by its index.
    func wouldCollide(sku: String? = nil, notItem: Int? = nil, code: String? = nil, notPlace: Int? = nil) -> Bool {
        let skus = items.indices.filter { $0 != notItem }.map { items[$0].name } + [sku].compactMap { $0 }
        let codes = places.indices.filter { $0 != notPlace }.map { places[$0].name } + [code].compactMap { $0 }
        var names: Set<String> = []
        for sku in skus where !sku.isEmpty {
            for code in codes where !code.isEmpty {
                if !names.insert("\(sku)_\(code)").inserted { return true }
            }
        }
        return false
    }
}
