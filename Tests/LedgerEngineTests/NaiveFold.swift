import LedgerCore
import LedgerEngine
import LedgerStorage
import Testing

/// What a journal says, read from its first entry to its last without any shortcut: nothing but sums and last values.
/// It is what the engine's memory, projections and searches are held against.
struct NaiveFold {
    private(set) var items: [Item] = []
    private(set) var locations: [Location] = []
    private(set) var movements: [(entry: Entry, movement: Movement)] = []
    private(set) var settings: [(entry: Entry, change: StockSettingsChange)] = []
    private(set) var webhooks: [WebhookEndpoint] = []
    private(set) var head: UInt64 = 0

    init(_ entries: some Sequence<Entry>) {
        for entry in entries {
            head = entry.seq
            switch entry.change {
            case .itemCreated(let item): items.append(item)
            case .itemUpdated(let item), .itemArchived(let item): items[Int(item.number.rawValue) - 1] = item
            case .locationCreated(let location):
                locations.append(location)
                settleDefault(location)
            case .locationUpdated(let location), .locationArchived(let location):
                locations[Int(location.number.rawValue) - 1] = location
                settleDefault(location)
            case .movementRecorded(let movement): movements.append((entry, movement))
            case .stockSettingsChanged(let change): settings.append((entry, change))
            case .webhookChanged(.created, let webhook): webhooks.append(webhook)
            case .webhookChanged(_, let webhook): webhooks[Int(webhook.number.rawValue) - 1] = webhook
            case .stockLow, .stockOut, .replayRequested: break
            }
        }
    }

    /// At most one location is the default: the last that became it.
    private mutating func settleDefault(_ location: Location) {
        guard location.isDefault else { return }
        for index in locations.indices where locations[index].number != location.number {
            locations[index].isDefault = false
        }
    }

    /// Keys of all levels, by item.
    var keysByItem: [[LevelKey]] {
        var keys = [[LevelKey]](repeating: [], count: items.count)
        for (_, movement) in movements {
            for leg in [movement.sourceLeg, movement.targetLeg].compactMap(\.self) {
                let index = Int(leg.level.item.rawValue) - 1
                if !keys[index].contains(leg.level) { keys[index].append(leg.level) }
            }
        }
        for (_, change) in settings {
            let index = Int(change.level.item.rawValue) - 1
            if !keys[index].contains(change.level) { keys[index].append(change.level) }
        }
        return keys
    }

    private func isInUse(_ key: LevelKey) -> Bool {
        items[Int(key.item.rawValue) - 1].archivedSeq == nil
            && locations[Int(key.location.rawValue) - 1].archivedSeq == nil
    }

    func level(_ key: LevelKey, upTo seq: UInt64 = .max) -> StockLevel {
        var level = StockLevel(key: key)
        for (entry, movement) in movements where entry.seq <= seq {
            guard let leg = movement.leg(at: key) else { continue }
            level.pool.onHand += leg.quantity
            level.pool.value += leg.valueChange
            level.pool.lastWAC = leg.after.lastWAC
            level.history.append(entry.seq)
        }
        level.settings = settings.last { $0.entry.seq <= seq && $0.change.level == key }?.change.settings
        return level
    }

    /// Compares everything that the ledger knows with the fold.
    func compare(_ ledger: RealmLedger, _ note: String) throws {
        #expect(ledger.head.head.seq == head, "\(note)")
        let keys = keysByItem
        ledger.withCommitted { committed in
            #expect(committed.head.seq == head, "\(note)")
            // Without the whole lists in the message.
            let (hasItems, hasLocations) = (committed.items == items, committed.locations == locations)
            #expect(hasItems && hasLocations, "\(note)")
            let hasWebhooks = committed.webhooks == webhooks
            #expect(hasWebhooks, "\(note)")
            #expect(committed.webhooksChangedSeq == webhooks.map(\.changedSeq).max() ?? 0, "\(note)")
            for webhook in webhooks { #expect(committed.webhook(webhook.id) == webhook, "\(note)") }
            #expect(committed.defaultLocation == locations.first { $0.isDefault }?.number, "\(note)")
            for item in items {
                #expect(committed.item(.sku(item.sku)) == item, "\(note)")
                #expect(committed.item(.id(item.id)) == item, "\(note)")
                let known = committed.locations(of: item.number).map { LevelKey(item: item.number, location: $0) }
                #expect(Set(known) == Set(keys[Int(item.number.rawValue) - 1]), "\(note)")
                #expect(known.count == keys[Int(item.number.rawValue) - 1].count, "\(note)")
            }
            for location in locations { #expect(committed.location(.code(location.code)) == location, "\(note)") }
        }
        let all = keys.flatMap(\.self)
        let levels = all.map { level($0) }
        for (found, expected) in zip(try ledger.levels(all), levels) { #expect(found == expected, "\(note)") }
        let stocked = locations.map { location in
            levels.count { $0.key.location == location.number && $0.pool.onHand != 0 }
        }
        #expect(ledger.withCommitted { $0.stockedLevelsByLocation } == stocked, "\(note)")
        var columns: [LevelKey: StockCell] = [:]
        for row in ledger.levelRows(LevelSelection(), offset: 0, limit: .max).rows { columns[row.key] = row.stock }
        for level in levels where isInUse(level.key) {
            #expect(columns.removeValue(forKey: level.key) == StockCell(level), "\(note)")
        }
        let rest = columns.values.allSatisfy { $0 == .none }
        #expect(rest, "\(note)")
    }
}
