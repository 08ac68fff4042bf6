import WireSchema

enum MovementType: String, CaseIterable, Sendable {
    case receipt, sale, `return`, adjustment, transfer
}

struct Subscription: WireObject, Equatable {
    var events: [String] = []

    static let schemaName = "Subscription"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("events", &value.events, .array(of: .string(1...64), 1...500_000))
    }
}

struct MovementCreate: WireObject, Equatable {
    var itemID = ""
    var locationID: String?
    var quantity: Int64 = 0
    var type = MovementType.sale
    var reason: String?
    var note: String?
    var unitCost: Int64?
    var occurredAt: Int64?
    var metadata: RawJSON?

    static let quantities: ClosedRange<Int64> = -1_000_000_000_000...1_000_000_000_000
    static let itemCode = TextPattern(regex: "^[!-~]+$", rule: "be printable ASCII without spaces") { text in
        text.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    static let schemaName = "MovementCreate"
    static let schemaDoc = "A movement to record."
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required(
            "item_id", &value.itemID, .string(1...64, pattern: itemCode), doc: "An item's id or SKU.",
            example: #""itm_01J9XK3V5N7Q8R2T4W6Y8Z0A1B""#)
        v.optional("location_id", &value.locationID, .string(1...64), doc: "Without it: the default location.")
        v.required("qty", &value.quantity, .integer(quantities), doc: "Signed, in base units.", example: "-2")
        v.required("type", &value.type, .oneOf(MovementType.self), example: #""sale""#)
        v.optional("reason", &value.reason, .string(1...64))
        v.optional("note", &value.note, .string(0...20, lines: true))
        v.optional("unit_cost", &value.unitCost, .decimal(0...1_000_000_000_000), example: #""2.50""#)
        v.optional("occurred_at", &value.occurredAt, .timestamp(), example: #""2026-04-22T17:04:11Z""#)
        v.optional("metadata", &value.metadata, .freeObject(maxBytes: 64))
    }
}

struct MovementBatch: WireObject {
    var atomic = false
    var movements: [WireLine<MovementCreate>] = []

    static let schemaName = "MovementBatch"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.defaulted("atomic", &value.atomic, .boolean, doc: "All or nothing.")
        v.required("movements", &value.movements, .lines(of: MovementCreate.self, 1...1000))
    }
}

struct Allocation: WireObject, Equatable {
    var warehouse = ""
    var quantity: Int64 = 0

    static let schemaName = "Allocation"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("warehouse", &value.warehouse, .string(1...64))
        v.required("qty", &value.quantity, .integer(1...1000))
    }
}

/// One member of every kind, for round trips.
struct EveryKind: WireObject, Equatable {
    var text = "a"
    var whole: Int64 = 0
    var money: Int64 = 0
    var price: Int64 = 0
    var flag = false
    var type = MovementType.sale
    var at: Int64 = 0
    var exactAt: Int64 = 0
    var day: Int64 = 0
    var allocation = Allocation(warehouse: "w", quantity: 1)
    var other: Allocation?
    var label: String?
    var hidden: String?
    var list: [Allocation] = []
    var names: [String] = []
    var free = RawJSON.empty
    var change: Patch<String> = .absent
    var map = WireMap<Int64>()

    static let schemaName = "EveryKind"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("text", &value.text, .string(0...100))
        v.required("whole", &value.whole, .integer)
        v.required("money", &value.money, .decimal())
        v.required("price", &value.price, .decimal(form: .number))
        v.required("flag", &value.flag, .boolean)
        v.required("type", &value.type, .oneOf(MovementType.self))
        v.required("at", &value.at, .timestamp())
        v.required("exact_at", &value.exactAt, .timestamp(.milliseconds))
        v.required("day", &value.day, .date)
        v.required("allocation", &value.allocation, .object(Allocation.self))
        v.optional("other", &value.other, .object(Allocation.self))
        v.optional("label_url", &value.label, .string(0...100), whenNil: .null)
        v.optional("hidden", &value.hidden, .string(0...100))
        v.required("list", &value.list, .array(of: .object(Allocation.self), 0...5))
        v.defaulted("names", &value.names, .array(of: .string(0...100)))
        v.required("free", &value.free, .freeObject(maxBytes: 1000))
        v.patch("change", &value.change, .string(0...100))
        v.required("map", &value.map, .map(of: .integer, 0...3))
    }
}

struct ItemPatch: WireObject, Equatable {
    var name: Patch<String> = .absent
    var price: Patch<Int64> = .absent

    static let schemaName = "ItemPatch"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.patch("name", &value.name, .string(1...10), nullable: false)
        v.patch("price", &value.price, .decimal())
        v.atLeastOneMember()
    }
}

struct LedgerWrite: WireObject {
    var delta: Int64?
    var quantity: Int64?

    static let schemaName = "LedgerWrite"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.optional("delta", &value.delta, .integer)
        v.optional("qty", &value.quantity, .integer)
        v.exactlyOne(of: "delta", "qty")
    }

    func validate(_ faults: inout MemberFaults) {
        if delta == 0 { faults.add("delta", .invalidValue, "must not be 0") }
    }
}

struct Problem: WireObject {
    var type = ""
    var title = ""
    var status: Int64 = 0
    var code = ""
    var errors: [WireFault]?

    static let schemaName = "Problem"
    static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
        v.required("type", &value.type, .string(0...500))
        v.required("title", &value.title, .string(0...500))
        v.required("status", &value.status, .integer(400...599))
        v.required("code", &value.code, .string(1...64))
        v.optional("errors", &value.errors, .array(of: .object(WireFault.self)))
    }
}

/// A seeded sequence of numbers (SplitMix64), so that a failure can be run again.
struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
