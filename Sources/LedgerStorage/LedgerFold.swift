import LedgerCore

/// What the journal says, entry by entry: a fold that is simpler than the ledger's own and shares nothing with it but
/// the entries, so that the one proves the other.
struct LedgerFold {
    private(set) var items: [Item] = []
    private(set) var locations: [Location] = []
    private(set) var levels: [LevelKey: StockLevel] = [:]
    private(set) var webhooks: [WebhookEndpoint] = []
    private(set) var defaultLocation: LocationNumber?

    /// Takes the entry over. What it returns says why the entry does not follow from those before it; nil when it does.
    mutating func append(_ entry: Entry) -> String? {
        switch entry.change {
        case .itemCreated(let item), .itemUpdated(let item), .itemArchived(let item):
            return append(item, created: entry.change.type == "item.created", seq: entry.seq)
        case .locationCreated(let location), .locationUpdated(let location), .locationArchived(let location):
            return append(location, created: entry.change.type == "location.created", seq: entry.seq)
        case .movementRecorded(let movement):
            guard items.indices.contains(Int(movement.item.rawValue) - 1) else {
                return "item \(movement.item.rawValue) does not exist"
            }
            if let wrong = append(movement.sourceLeg, seq: entry.seq) { return wrong }
            guard let target = movement.targetLeg else { return nil }
            return append(target, seq: entry.seq)
        case .stockSettingsChanged(let change): return append(change, seq: entry.seq)
        case .stockLow(let alert), .stockOut(let alert):
            let key = LevelKey(item: alert.item, location: alert.location)
            guard levels[key] != nil, alert.movementSeq < entry.seq, alert.movementSeq > 0 else {
                return "an alert without a movement"
            }
            return nil
        case .webhookChanged(let change, let webhook): return append(webhook, change, seq: entry.seq)
        case .replayRequested(let replay):
            let index = Int(replay.webhook.rawValue) - 1
            guard webhooks.indices.contains(index), webhooks[index].isActive else {
                return "a replay to webhook endpoint \(replay.webhook.rawValue), to which nothing is sent"
            }
            guard replay.firstSeq >= 1, replay.firstSeq <= replay.lastSeq, replay.lastSeq < entry.seq else {
                return "a replay of entries that do not precede it"
            }
            return nil
        }
    }

    private mutating func append(_ webhook: WebhookEndpoint, _ change: WebhookChange, seq: UInt64) -> String? {
        let index = Int(webhook.number.rawValue) - 1
        let name = "webhook endpoint \(webhook.number.rawValue)"
        guard webhook.changedSeq == seq else { return "\(name) says that entry \(webhook.changedSeq) changed it" }
        guard webhook.deletedSeq == (change == .deleted ? seq : nil) else {
            return "\(name) is deleted without saying so, or the other way round"
        }
        guard change != .enabled || webhook.status == .enabled, change != .disabled || webhook.status != .enabled else {
            return "\(name) says that it is \(change) and is not"
        }
        if change == .created {
            guard index == webhooks.count, webhook.createdSeq == seq else { return "\(name) is out of order" }
            webhooks.append(webhook)
            return nil
        }
        guard webhooks.indices.contains(index), !webhooks[index].isDeleted else {
            return "\(name) does not exist, or was deleted"
        }
        guard change.leaves(webhooks[index]) == change.leaves(webhook) else {
            return "\(name) changes its number, id, origin or what else \(change) leaves alone"
        }
        webhooks[index] = webhook
        return nil
    }

    private mutating func append(_ change: StockSettingsChange, seq: UInt64) -> String? {
        let key = change.level
        guard items.indices.contains(Int(key.item.rawValue) - 1),
            locations.indices.contains(Int(key.location.rawValue) - 1)
        else {
            return "settings of item \(key.item.rawValue) at location \(key.location.rawValue), one of which is unknown"
        }
        guard change.settings.changedSeq == seq else {
            return "\(name(key)): settings that say that entry \(change.settings.changedSeq) made them"
        }
        levels[key, default: StockLevel(key: key)].settings = change.settings
        return nil
    }

    private mutating func append(_ item: Item, created: Bool, seq: UInt64) -> String? {
        let index = Int(item.number.rawValue) - 1
        if created {
            guard index == items.count, item.createdSeq == seq else { return "item \(item.sku) is out of order" }
            items.append(item)
            return nil
        }
        guard items.indices.contains(index), items[index].id == item.id, items[index].createdSeq == item.createdSeq
        else { return "item \(item.sku) changes its number, id or origin" }
        items[index] = item
        return nil
    }

    private mutating func append(_ location: Location, created: Bool, seq: UInt64) -> String? {
        let index = Int(location.number.rawValue) - 1
        if created {
            guard index == locations.count, location.createdSeq == seq else {
                return "location \(location.code) is out of order"
            }
            locations.append(location)
        } else {
            guard locations.indices.contains(index), locations[index].id == location.id,
                locations[index].createdSeq == location.createdSeq
            else { return "location \(location.code) changes its number, id or origin" }
            locations[index] = location
        }
        // Exactly one location is the default: the one that becomes it takes the flag from the one that was.
        if location.isDefault, defaultLocation != location.number {
            if let former = defaultLocation { locations[Int(former.rawValue) - 1].isDefault = false }
            defaultLocation = location.number
        }
        return nil
    }

    private mutating func append(_ leg: MovementLeg, seq: UInt64) -> String? {
        guard locations.indices.contains(Int(leg.level.location.rawValue) - 1) else {
            return "location \(leg.level.location.rawValue) does not exist"
        }
        let wrong = levels[leg.level, default: StockLevel(key: leg.level)].append(leg, seq: seq)
        return wrong.map { "\(name(leg.level)): \($0)" }
    }

    /// An item and a location as a person knows them.
    func name(_ level: LevelKey) -> String {
        let item = Int(level.item.rawValue) - 1
        let location = Int(level.location.rawValue) - 1
        let sku = items.indices.contains(item) ? items[item].sku : "item \(level.item.rawValue)"
        let code = locations.indices.contains(location) ? locations[location].code : "\(level.location.rawValue)"
        return "\(sku) at \(code)"
    }
}

extension WebhookChange {
    /// The endpoint without what such a change may change.
    fileprivate func leaves(_ webhook: WebhookEndpoint) -> WebhookEndpoint {
        var webhook = webhook
        webhook.updatedAt = webhook.createdAt
        webhook.changedSeq = webhook.createdSeq
        webhook.deletedSeq = nil
        switch self {
        case .created, .deleted: break
        case .updated:
            webhook.url = ""
            webhook.events = []
            webhook.description = nil
        case .disabled, .enabled: webhook.status = .enabled
        case .secretRotated: webhook.secrets = []
        }
        return webhook
    }
}

extension StockLevel {
    /// Takes a movement over; what it returns says why the movement does not follow.
    fileprivate mutating func append(_ leg: MovementLeg, seq: UInt64) -> String? {
        let expected = history.nextLink
        guard leg.link == expected else {
            return "links to \(leg.link.previous) and \(leg.link.jump), not \(expected.previous) and \(expected.jump)"
        }
        let onHand = pool.onHand.addingReportingOverflow(leg.quantity)
        guard !onHand.overflow, onHand.partialValue == leg.after.onHand else {
            return "\(pool.onHand) on hand and \(leg.quantity) do not give \(leg.after.onHand)"
        }
        let value = pool.value.addingReportingOverflow(leg.valueChange)
        guard !value.overflow, value.partialValue == leg.after.value else {
            return "a value of \(pool.value) and \(leg.valueChange) do not give \(leg.after.value)"
        }
        guard leg.after.onHand != 0 || leg.after.value == 0 else {
            return "nothing on hand is worth \(leg.after.value)"
        }
        pool = leg.after
        history.append(seq)
        return nil
    }
}
