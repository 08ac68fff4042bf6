/// The state of a realm up to its last committed entry, as far as it is in memory: the whole catalogue, and the stock
/// levels that are hot. It is a plain container: who shares it between threads guards it.
///
/// A level that is not here is either unknown to the ledger or not loaded (`hasLevel` tells which); whoever decides
/// loads a command's footprint first, so that absence then means that nothing was ever recorded there.
public final class CommittedLedger {
    public internal(set) var head: Head
    public internal(set) var items: [Item]
    public internal(set) var locations: [Location]
    public internal(set) var levels: [LevelKey: StockLevel]
    /// Every location at which the item has a level, in order of first movement, loaded or not. Index: item number − 1.
    public internal(set) var locationsByItem: [[LocationNumber]]
    /// How many levels have on hand ≠ 0, loaded or not. Index: location number − 1.
    public internal(set) var stockedLevelsByLocation: [Int]
    public internal(set) var defaultLocation: LocationNumber?
    /// All that ever were, by number and without a gap from 1.
    public internal(set) var webhooks: [WebhookEndpoint]
    /// Seq of the newest entry about an endpoint; 0 when there is none.
    public internal(set) var webhooksChangedSeq: UInt64
    /// What deciding a movement reads of `items` and `locations`, index by index: packed, so that it stays in the
    /// processor's cache where the records would not.
    var itemTraits: [ItemTraits]
    var locationTraits: [LocationTraits]
    var itemsBySKU: [String: ItemNumber]
    var itemsByID: [ULID: ItemNumber]
    var locationsByCode: [String: LocationNumber]
    /// Pairs of codes of which one ends with the other: none in most ledgers.
    var joints: [CodeJoint]
    var locationsByID: [ULID: LocationNumber]
    var webhooksByID: [ULID: WebhookNumber]
    /// How many of `webhooks` exist.
    var liveWebhooks: Int

    public init() {
        head = .start
        items = []
        locations = []
        levels = [:]
        locationsByItem = []
        stockedLevelsByLocation = []
        defaultLocation = nil
        itemTraits = []
        locationTraits = []
        itemsBySKU = [:]
        itemsByID = [:]
        locationsByCode = [:]
        joints = []
        locationsByID = [:]
        webhooks = []
        webhooksChangedSeq = 0
        webhooksByID = [:]
        liveWebhooks = 0
    }

    /// Starts from projections that are applied up to `head`; no level is loaded afterwards. What the journal holds
    /// beyond `head` is then caught up with `replay`.
    ///
    /// - Parameters:
    ///   - items: all of them, by number and without a gap from 1; so `locations` and `webhooks`.
    ///   - locationsByItem: see the property; as long as `items`.
    ///   - stockedLevelsByLocation: see the property; as long as `locations`.
    public func restore(
        items: [Item], locations: [Location], locationsByItem: [[LocationNumber]], stockedLevelsByLocation: [Int],
        webhooks: [WebhookEndpoint] = [], head: Head
    ) {
        // Numbers index the arrays: on a catalogue with a gap every later answer would be about the wrong item. This is
        // about our own files, where stopping is right; no request leads here.
        precondition(items.indices.allSatisfy { Int(items[$0].number.rawValue) == $0 + 1 }, "items have a gap")
        precondition(
            locations.indices.allSatisfy { Int(locations[$0].number.rawValue) == $0 + 1 }, "locations have a gap")
        precondition(locationsByItem.count == items.count, "locationsByItem belongs to other items")
        precondition(stockedLevelsByLocation.count == locations.count, "counts belong to other locations")
        precondition(
            webhooks.indices.allSatisfy { Int(webhooks[$0].number.rawValue) == $0 + 1 }, "webhooks have a gap")
        self.head = head
        self.webhooks = []
        webhooksByID = [:]
        liveWebhooks = 0
        webhooksChangedSeq = 0
        for webhook in webhooks { put(webhook) }
        self.items = items
        self.locations = locations
        self.locationsByItem = locationsByItem
        self.stockedLevelsByLocation = stockedLevelsByLocation
        levels = [:]
        defaultLocation = locations.first { $0.isDefault }?.number
        itemTraits = items.map { ItemTraits($0) }
        locationTraits = locations.map { LocationTraits($0) }
        itemsBySKU = Dictionary(items.map { ($0.sku, $0.number) }, uniquingKeysWith: { _, last in last })
        itemsByID = Dictionary(items.map { ($0.id, $0.number) }, uniquingKeysWith: { _, last in last })
        locationsByCode = Dictionary(locations.map { ($0.code, $0.number) }, uniquingKeysWith: { _, last in last })
        locationsByID = Dictionary(locations.map { ($0.id, $0.number) }, uniquingKeysWith: { _, last in last })
        joints = locations.flatMap { CodeJoint.all(endingIn: $0, locationsByCode) }
    }
}

// Which levels are in memory.
extension CommittedLedger {
    /// Brings a level into memory as the store has it. One that is there already is at least as new and stays.
    public func load(_ level: StockLevel) {
        if levels[level.key] == nil { levels[level.key] = level }
    }

    /// Takes note that the store has no such level, so that it is not asked for again. Only after a store has listed a
    /// level that it does not have does this change anything.
    public func loadAbsent(_ key: LevelKey) {
        let index = Int(key.item.rawValue) - 1
        guard levels[key] == nil, locationsByItem.indices.contains(index) else { return }
        locationsByItem[index].removeAll { $0 == key.location }
    }

    /// Drops a level from memory; the ledger still knows that it exists. The store must have it as it is, and no state
    /// may be in use.
    public func evict(_ key: LevelKey) {
        levels[key] = nil
    }

    /// Whether anything was ever recorded there, in memory or not.
    public func hasLevel(_ key: LevelKey) -> Bool {
        let index = Int(key.item.rawValue) - 1
        return locationsByItem.indices.contains(index) && locationsByItem[index].contains(key.location)
    }
}

// Lookups. They only read: any number of threads may run them at once while none writes.
extension CommittedLedger {
    /// nil for a number that was never given.
    public func item(_ number: ItemNumber) -> Item? {
        let index = Int(number.rawValue) - 1
        return items.indices.contains(index) ? items[index] : nil
    }

    /// nil for a number that was never given.
    public func location(_ number: LocationNumber) -> Location? {
        let index = Int(number.rawValue) - 1
        return locations.indices.contains(index) ? locations[index] : nil
    }

    /// The item with this id or present SKU, archived ones included.
    public func item(_ reference: ItemReference) -> Item? { itemNumber(reference).flatMap { item($0) } }

    /// The location with this id or present code, archived ones included; or the default one.
    public func location(_ reference: LocationReference) -> Location? {
        locationNumber(reference).flatMap { location($0) }
    }

    /// As `item(_:)`, without touching the record.
    public func itemNumber(_ reference: ItemReference) -> ItemNumber? {
        switch reference {
        case .id(let id): itemsByID[id]
        case .sku(let sku): itemsBySKU[sku]
        }
    }

    /// As `location(_:)`, without touching the record.
    public func locationNumber(_ reference: LocationReference) -> LocationNumber? {
        switch reference {
        case .id(let id): locationsByID[id]
        case .code(let code): locationsByCode[code]
        case .default: defaultLocation
        }
    }

    /// The level as it was last committed; nil when nothing was recorded there, or when it is not in memory.
    public func level(_ key: LevelKey) -> StockLevel? { levels[key] }

    /// The locations at which the item has a level, in order of first movement, loaded or not.
    public func locations(of item: ItemNumber) -> [LocationNumber] {
        let index = Int(item.rawValue) - 1
        return locationsByItem.indices.contains(index) ? locationsByItem[index] : []
    }
}
