import LedgerCore

extension NaiveLedger {
    /// Performs any command. A created item, location or endpoint gets its id afterwards.
    ///
    /// - Parameters:
    ///   - now: the moment of the command, in milliseconds.
    ///   - head: seq of the last entry before it.
    mutating func perform(_ command: Command, now: Int64, head: UInt64) -> Result<Done, Rejection> {
        switch command {
        case .recordMovement(let draft): return move(draft)
        case .setStock(let target): return set(target)
        case .observeLocation(let reference, let time): return observe(reference, time)
        case .webhook(let command): return perform(command, now: now, head: head)
        case .createItem(let draft):
            if let fault = rangeFault(draft.scale, draft.price, draft.weight, draft.reorderPoint) {
                return .failure(fault)
            }
            if find(.sku(draft.sku)) != nil { return .failure(.skuTaken(draft.sku)) }
            if wouldCollide(sku: draft.sku) { return .failure(Self.anyJointName) }
            items.append(
                Thing(
                    name: draft.sku, id: .zero, scale: Int(draft.scale), reorderPoint: draft.reorderPoint,
                    negative: draft.allowNegative))
        case .updateItem(let reference, let changes): return update(reference, changes)
        case .archiveItem(let reference):
            guard let item = find(reference) else { return .failure(.itemNotFound(reference)) }
            if items[item].archived { return .failure(.itemArchived(sku: items[item].name)) }
            if places.indices.contains(where: { level(item, $0).onHand != 0 }) {
                return .failure(.itemHasStock(sku: items[item].name))
            }
            items[item].archived = true
        case .createLocation(let draft):
            if find(.code(draft.code)) != nil { return .failure(.codeTaken(draft.code)) }
            if wouldCollide(code: draft.code) { return .failure(Self.anyJointName) }
            places.append(
                Thing(
                    name: draft.code, id: .zero, negative: draft.allowNegative, type: draft.type,
                    readOnly: draft.isReadOnly))
            if draft.isDefault || places.count == 1 { defaultPlace = places.count - 1 }
        case .updateLocation(let reference, let changes): return update(reference, changes)
        case .archiveLocation(let reference):
            switch usable(reference) {
            case .failure(let fault): return .failure(fault)
            case .success(let place):
                if place == defaultPlace { return .failure(.defaultLocationRequired(code: places[place].name)) }
                if items.indices.contains(where: { level($0, place).onHand != 0 }) {
                    return .failure(.locationHasStock(code: places[place].name))
                }
                places[place].archived = true
            }
        }
        return .success(Done())
    }

    private mutating func update(_ reference: ItemReference, _ changes: ItemChanges) -> Result<Done, Rejection> {
        func set(_ patch: Patch<Int64>) -> Int64? {
            if case .set(let number) = patch { return number }
            return nil
        }
        if let fault = rangeFault(
            changes.scale ?? 0, set(changes.price), set(changes.weight), set(changes.reorderPoint))
        {
            return .failure(fault)
        }
        guard let item = find(reference) else { return .failure(.itemNotFound(reference)) }
        if items[item].archived { return .failure(.itemArchived(sku: items[item].name)) }
        if let scale = changes.scale, Int(scale) != items[item].scale,
            places.indices.contains(where: { isKnown(item, $0) })
        {
            return .failure(.scaleFixed(sku: items[item].name))
        }
        if let sku = changes.sku, let owner = find(.sku(sku)), owner != item { return .failure(.skuTaken(sku)) }
        if let sku = changes.sku, sku != items[item].name, wouldCollide(sku: sku, notItem: item) {
            return .failure(Self.anyJointName)
        }
        if let sku = changes.sku { items[item].name = sku }
        if let scale = changes.scale { items[item].scale = Int(scale) }
        if let negative = changes.allowNegative { items[item].negative = negative }
        switch changes.reorderPoint {
        case .keep: break
        case .clear: items[item].reorderPoint = nil
        case .set(let point): items[item].reorderPoint = point
        }
        return .success(Done())
    }

    private mutating func update(
        _ reference: LocationReference, _ changes: LocationChanges
    ) -> Result<Done, Rejection> {
        switch usable(reference, archivedToo: changes.restores) {
        case .failure(let fault): return .failure(fault)
        case .success(let place):
            if changes.isDefault == false, place == defaultPlace {
                return .failure(.defaultLocationRequired(code: places[place].name))
            }
            if let code = changes.code, let owner = find(.code(code)), owner != place {
                return .failure(.codeTaken(code))
            }
            if let code = changes.code, code != places[place].name, wouldCollide(code: code, notPlace: place) {
                return .failure(Self.anyJointName)
            }
            if let code = changes.code { places[place].name = code }
            if let type = changes.type { places[place].type = type }
            if let readOnly = changes.isReadOnly { places[place].readOnly = readOnly }
            if changes.restores { places[place].archived = false }
            if let negative = changes.allowNegative { places[place].negative = negative }
            if changes.isDefault == true { defaultPlace = place }
            return .success(Done())
        }
    }

    /// Stands for any: which pair is named depends on the order of the search.
    static let anyJointName = Rejection.jointNameTaken(sku: "", code: "", otherSKU: "", otherCode: "")

    private func usable(_ reference: LocationReference, archivedToo: Bool = false) -> Result<Int, Rejection> {
        guard let place = find(reference) else {
            return .failure(reference == .default ? .noDefaultLocation : .locationNotFound(reference))
        }
        return places[place].archived && !archivedToo
            ? .failure(.locationArchived(code: places[place].name)) : .success(place)
    }

    private func rangeFault(_ scale: UInt8, _ price: Int64?, _ weight: Int64?, _ point: Int64?) -> Rejection? {
        let money: ClosedRange<Int64> = 0...1_000_000_000_000_000_000
        if scale > 6 { return .scaleOutOfRange }
        if let price, !money.contains(price) { return .priceOutOfRange }
        if let weight, !money.contains(weight) { return .weightOutOfRange }
        if let point, !(0...1_000_000_000_000).contains(point) { return .reorderPointOutOfRange }
        return nil
    }
}
