/// A JSON object of an API, declared once.
///
/// From ``describe(_:with:)`` come the decoder, the validator, the encoder and the OpenAPI schema, so that they can't
/// disagree:
///
///     struct MovementCreate: WireObject {
///         var itemID = ""
///         var quantity: Int64 = 0
///         var note: String?
///
///         static let schemaName = "MovementCreate"
///         static func describe<V: WireVisitor>(_ value: inout Self, with v: inout V) {
///             v.required("item_id", &value.itemID, .string(1...64), doc: "An item's id or SKU.")
///             v.required("qty", &value.quantity, .integer(-1_000_000_000_000 ... 1_000_000_000_000))
///             v.optional("note", &value.note, .string(0...500, lines: true))
///         }
///     }
///
/// - Important: ``describe(_:with:)`` must visit the same members in the same order whatever the value is: the schema
///   is recorded from a fresh `init()`. Decode and encode with a concrete type
///   (`document.decode(MovementCreate.self)`); the calls are inlinable, so the whole walk is specialised in the module
///   of the type. Through another module's unspecialised generic function it works as well, two to three times slower.
public protocol WireObject: Sendable {
    init()

    /// Its name under `components/schemas`: `[A-Za-z0-9._-]+`, one type per name.
    static var schemaName: String { get }

    /// One sentence about the object, for the schema.
    static var schemaDoc: String { get }

    /// Visits the members in the order in which they are written.
    static func describe<V: WireVisitor>(_ value: inout Self, with visitor: inout V)

    /// Rules between members, asked after every member by itself was found right.
    func validate(_ faults: inout MemberFaults)
}

extension WireObject {
    public static var schemaDoc: String { "" }

    @inlinable public func validate(_ faults: inout MemberFaults) {}
}

/// Collects what ``WireObject/validate(_:)`` finds.
public struct MemberFaults: Sendable {
    @usableFromInline var found: [(member: String, mistake: WireMistake)] = []

    @usableFromInline init() {}

    /// - Parameter member: the member's name; its pointer is found by the caller.
    public mutating func add(_ member: String, _ code: WireFault.Code, _ message: String) {
        found.append((member, WireMistake(code, message)))
    }
}

/// What is said about a member beside its kind.
public struct WireField: Sendable {
    public let name: StaticString
    public let doc: StaticString
    /// JSON text.
    public let example: StaticString?

    @inlinable
    public init(_ name: StaticString, doc: StaticString = "", example: StaticString? = nil) {
        self.name = name
        self.doc = doc
        self.example = example
    }
}

/// How an absent value is written.
public enum WhenNil: Sendable {
    /// The member is left out.
    case omitted
    /// The member is there, with `null`.
    case null
}

/// A member of a PATCH body: not mentioned, set to `null`, or given a value.
public enum Patch<Value: Sendable>: Sendable {
    case absent, null
    case value(Value)

    /// What a field becomes: itself, nil, or the new value.
    @inlinable
    public func applied(to current: Value?) -> Value? {
        switch self {
        case .absent: current
        case .null: nil
        case .value(let value): value
        }
    }

    /// Whether the member was not sent at all.
    public var isAbsent: Bool {
        if case .absent = self { return true }
        return false
    }
}

extension Patch: Equatable where Value: Equatable {}
