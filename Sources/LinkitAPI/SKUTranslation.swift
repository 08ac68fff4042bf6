import HTTPInterface
import LedgerCore
import LedgerEngine
import WireSchema

/// Wire → command and outcome → wire, for SKUs.
extension SKUUpdate {
    func target(_ item: ItemReference, _ location: LocationReference) -> StockTarget {
        var target = StockTarget(item: item, location: location, reason: LinkitAPI.reason)
        target.quantity = quantity.applied(to: nil)
        target.settings.price = price.change
        target.settings.cost = cost.change
        target.settings.isAvailable = isAvailable.applied(to: nil)
        return target
    }

    /// Whether the level is as it shall be already.
    func isSo(at level: StockLevel) -> Bool {
        let settings = level.settings
        return quantity.applied(to: level.pool.onHand) == level.pool.onHand
            && price.applied(to: settings?.price) == settings?.price
            && cost.applied(to: settings?.cost) == settings?.cost
            && isAvailable.applied(to: settings?.isAvailable ?? true) == settings?.isAvailable ?? true
    }
}

extension LinkitAPI {
    /// Of the movements that it causes.
    static let reason = "adjustment"
}

extension Call {
    /// Sets what was sent of a SKU.
    ///
    /// The answer is rendered where the ledger decides, which knows when something changed unless nothing does: only
    /// where that is likely is the time of the last movement read beforehand.
    func updateSKU() throws(Refusal) -> Reply {
        let ivID = try parameters(SKUPath.self).ivID
        let document = try document()
        let body = try decode(SKUUpdate.self, from: document)
        let key = ledger.withCommitted { ledger -> LevelKey? in
            guard let key = ledger.level(named: ivID) else { return nil }
            switch RealmLedger.level(key, in: ledger) {
            case .level(let level): return body.isSo(at: level) ? nil : key
            case .none: return key
            case .cold: return nil
            }
        }
        if let key { return .write(submission(body, to: ivID, key, nil, document)) }
        return writeAfterReading { [self] in
            guard let key = ledger.withCommitted({ $0.level(named: ivID) }) else {
                return submission(body, to: ivID, nil, nil, document)
            }
            let level = try ledger.levels([key]).first ?? StockLevel(key: key)
            let time = try LastMovement.time(of: level, in: ledger)
            return submission(
                body, to: ivID, key, time.map { LastMovement(seq: level.history.lastSeq, time: $0) }, document)
        }
    }

    /// - Parameter key: nil for a SKU that does not exist, which the ledger then refuses, so that the answer is kept
    ///   under the request's idempotency key.
    private func submission(
        _ body: SKUUpdate, to ivID: String, _ key: LevelKey?, _ known: LastMovement?, _ document: JSONDocument
    ) -> Submission {
        let names = key.map { key in
            ledger.withCommitted { ($0.itemName(key.item)?.id, $0.locationName(key.location)?.id) }
        }
        let target: StockTarget
        if case (.some(let item), .some(let location))? = names {
            target = body.target(.id(item), .id(location))
        } else {
            target = body.target(.sku(""), .code(""))
        }
        return Submission(
            .setStock(target), identity: identity(document), actor: actor,
            render: SKUAnswer(ivID: ivID, target: target, organization: organization, known: known).render)
    }
}

/// Renders the outcome of an update: the SKU as it is now, or why not.
private struct SKUAnswer: Sendable {
    var ivID: String
    var target: StockTarget
    var organization: String
    /// As it was before.
    var known: LastMovement?

    @Sendable func render(_ outcome: Result<Decision, Rejection>, _: Int, _ state: LedgerState) -> Answer {
        var moved: Instant?
        switch outcome {
        case .success(let decision): moved = decision.first.recordedAt
        case .failure(.unchanged): break
        case .failure(let rejection): return LinkitError(.linkit(rejection, about: .sku, ivID)).answer()
        }
        guard let item = state.item(target.item), let location = state.location(target.location) else {
            return LinkitError(.internalError).answer()
        }
        let key = LevelKey(item: item.number, location: location.number)
        let level = state.level(key) ?? StockLevel(key: key)
        if moved == nil, level.history.lastSeq > 0, level.changedSeq == level.history.lastSeq {
            // Another write has made it so in the meantime: that was just now.
            moved = level.history.lastSeq == known?.seq ? known?.time : state.head.recordedAt
        }
        return .json(
            200,
            SKUView(level, of: item, at: location, organization: organization, moved: moved).jsonBytes())
    }
}
