/// What a caller asks the ledger to do. Text lengths and shapes are the wire schemas' concern; ranges that matter to
/// the fold are checked again here, because the core must be total.
public enum Command: Sendable {
    case createItem(ItemDraft)
    case updateItem(ItemReference, ItemChanges)
    case archiveItem(ItemReference)
    case createLocation(LocationDraft)
    case updateLocation(LocationReference, LocationChanges)
    case archiveLocation(LocationReference)
    case recordMovement(MovementDraft)
    case setStock(StockTarget)
    /// A marketplace has looked at what lies at one of its locations, at that moment.
    case observeLocation(LocationReference, Instant)
    case webhook(WebhookCommand)
}

/// An item by id or by sku.
public enum ItemReference: Hashable, Sendable {
    case id(ULID)
    case sku(String)
}

/// A location by id or by code, or the realm's default.
public enum LocationReference: Hashable, Sendable {
    case id(ULID)
    case code(String)
    case `default`
}

/// A member of a change: left as it is, cleared, or set.
public enum Patch<Value: Hashable & Sendable>: Hashable, Sendable {
    case keep
    case clear
    case set(Value)
}

/// An item to create. Money in micro-units, quantities in base units, `scale` decimal places of a base unit.
public struct ItemDraft: Hashable, Sendable {
    public var sku: String
    public var name: String
    public var scale: UInt8 = 0
    public var barcode: String?
    public var price: Int64?
    public var weight: Int64?
    public var reorderPoint: Int64?
    public var allowNegative = false
    public var metadata: [UInt8]?

    public init(sku: String, name: String) {
        self.sku = sku
        self.name = name
    }
}

/// Members of an item to change; `sku` included. `scale` is refused after the first movement.
public struct ItemChanges: Hashable, Sendable {
    public var sku: String?
    public var name: String?
    public var scale: UInt8?
    public var barcode: Patch<String> = .keep
    public var price: Patch<Int64> = .keep
    public var weight: Patch<Int64> = .keep
    public var reorderPoint: Patch<Int64> = .keep
    public var allowNegative: Bool?
    public var metadata: Patch<[UInt8]> = .keep

    public init() {}
}

/// A location to create.
public struct LocationDraft: Hashable, Sendable {
    public var code: String
    public var name: String
    public var type = "warehouse"
    public var address: String?
    public var timeZone: String?
    public var allowNegative = false
    /// What sells from here, such as `amazon_eu`.
    public var marketplace: String?
    /// Only a marketplace's snapshots may change what lies here.
    public var isReadOnly = false
    /// Makes it the realm's default location in place of the present one. The first location is the default anyway.
    public var isDefault = false
    public var metadata: [UInt8]?

    public init(code: String, name: String) {
        self.code = code
        self.name = name
    }
}

/// Members of a location to change; nil and `.keep` leave them as they are.
public struct LocationChanges: Hashable, Sendable {
    public var code: String?
    public var name: String?
    public var type: String?
    public var address: Patch<String> = .keep
    public var timeZone: Patch<String> = .keep
    public var allowNegative: Bool?
    public var marketplace: Patch<String> = .keep
    public var isReadOnly: Bool?
    /// Only `true` can be asked for: a default is replaced, never removed.
    public var isDefault: Bool?
    /// Takes an archived location into use again, which then may be changed too.
    public var restores = false
    public var metadata: Patch<[UInt8]> = .keep

    public init() {}
}

/// A movement as it is asked for: what it names is looked up, and what it costs is derived, when it is decided.
public struct MovementDraft: Hashable, Sendable {
    public var kind: MovementKind
    public var item: ItemReference
    public var location: LocationReference
    /// A transfer's target; nil for every other kind.
    public var target: LocationReference?
    /// Base units, signed as the kind wants it (see `MovementKind`); a transfer's is the magnitude, above 0.
    public var quantity: Int64
    public var reason: String
    public var reference: String?
    public var note: String?
    public var occurredAt: Instant?
    /// Micro-units per item unit.
    public var unitCost: Int64?
    /// Value of the whole line in micro-units; authoritative over `unitCost` for a receipt.
    public var lineTotal: Int64?
    /// The receipt that a supplier return refers to.
    public var receipt: ULID?

    public init(
        kind: MovementKind, item: ItemReference, location: LocationReference, quantity: Int64, reason: String
    ) {
        self.kind = kind
        self.item = item
        self.location = location
        self.quantity = quantity
        self.reason = reason
    }
}

/// What comes with a command from outside the core: the clock, who asks, and chance.
public struct Moment: Sendable {
    public var now: Instant
    /// Id of the API key; nil for the server itself.
    public var actor: ULID?
    /// The 80 random bits of an id, used when the clock has moved on since the last entry.
    public var random: (UInt16, UInt64)

    public init(now: Instant, actor: ULID?, random: (UInt16, UInt64)) {
        self.now = now
        self.actor = actor
        self.random = random
    }
}
