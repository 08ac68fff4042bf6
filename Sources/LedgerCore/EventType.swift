/// The kinds of events: one for each kind of entry, and those that are published but that nothing fires yet. Raw values
/// stay in this process.
public enum EventType: UInt8, CaseIterable, Hashable, Sendable {
    case itemCreated
    case itemUpdated
    case itemArchived
    case locationCreated
    case locationUpdated
    case locationArchived
    case movementRecorded
    case stockLow
    case stockOut
    case webhookCreated
    case webhookUpdated
    case webhookDisabled
    case webhookEnabled
    case webhookDeleted
    case webhookSecretRotated
    case webhookReplayRequested
    case shipmentCreated
    case grnCompleted
    case dayEndClosed
    case lotExpiring
    case stockSettingsUpdated

    /// The event's name on the wire.
    public var name: String {
        switch self {
        case .itemCreated: "item.created"
        case .itemUpdated: "item.updated"
        case .itemArchived: "item.archived"
        case .locationCreated: "location.created"
        case .locationUpdated: "location.updated"
        case .locationArchived: "location.archived"
        case .movementRecorded: "movement.recorded"
        case .stockLow: "stock.low"
        case .stockOut: "stock.out"
        case .webhookCreated: "webhook.created"
        case .webhookUpdated: "webhook.updated"
        case .webhookDisabled: "webhook.disabled"
        case .webhookEnabled: "webhook.enabled"
        case .webhookDeleted: "webhook.deleted"
        case .webhookSecretRotated: "webhook.secret_rotated"
        case .webhookReplayRequested: "webhook.replay_requested"
        case .shipmentCreated: "shipment.created"
        case .grnCompleted: "grn.completed"
        case .dayEndClosed: "dayend.closed"
        case .lotExpiring: "lot.expiring"
        case .stockSettingsUpdated: "stock_settings.updated"
        }
    }

    /// Other names under which it can be subscribed to, and is then delivered (contracts, *Skutrail*, *SK Inventory*).
    public var aliases: [String] {
        self == .movementRecorded ? ["movement.created", "inventory.updated"] : []
    }

    /// Whether something in this version brings it about.
    public var isFired: Bool {
        switch self {
        case .shipmentCreated, .grnCompleted, .dayEndClosed, .lotExpiring: false
        default: true
        }
    }

    /// The type with this name or alias.
    public init?(named name: String) {
        guard let type = Self.byName[name] else { return nil }
        self = type
    }

    private static let byName: [String: EventType] = Dictionary(
        uniqueKeysWithValues: allCases.flatMap { type in ([type.name] + type.aliases).map { ($0, type) } })
}

extension Change {
    /// What kind of event an entry with this change is.
    public var eventType: EventType {
        switch self {
        case .itemCreated: .itemCreated
        case .itemUpdated: .itemUpdated
        case .itemArchived: .itemArchived
        case .locationCreated: .locationCreated
        case .locationUpdated: .locationUpdated
        case .locationArchived: .locationArchived
        case .movementRecorded: .movementRecorded
        case .stockSettingsChanged: .stockSettingsUpdated
        case .stockLow: .stockLow
        case .stockOut: .stockOut
        case .webhookChanged(.created, _): .webhookCreated
        case .webhookChanged(.updated, _): .webhookUpdated
        case .webhookChanged(.disabled, _): .webhookDisabled
        case .webhookChanged(.enabled, _): .webhookEnabled
        case .webhookChanged(.deleted, _): .webhookDeleted
        case .webhookChanged(.secretRotated, _): .webhookSecretRotated
        case .replayRequested: .webhookReplayRequested
        }
    }

    /// The event's name on the wire.
    public var type: String { eventType.name }
}
