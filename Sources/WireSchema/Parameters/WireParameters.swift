/// The parameters of an operation in path and query, declared once: see ``WireObject``.
///
///     struct BalanceQuery: WireParameters {
///         var sku = ""
///         var warehouse: String?
///         var limit: Int64 = 50
///
///         static func describe<V: ParameterVisitor>(_ value: inout Self, with v: inout V) {
///             v.required("sku", &value.sku, .string(1...64), doc: "The item's SKU.")
///             v.optional("warehouse", &value.warehouse, .string(1...64))
///             v.defaulted("limit", &value.limit, .integer(1...200))
///         }
///     }
public protocol WireParameters: Sendable {
    init()

    /// Calls the visitor for each parameter, in a fixed order.
    static func describe<V: ParameterVisitor>(_ value: inout Self, with visitor: inout V)

    /// Rules between parameters, asked after each by itself was found right.
    func validate(_ faults: inout MemberFaults)
}

extension WireParameters {
    @inlinable public func validate(_ faults: inout MemberFaults) {}
}

/// An operation without parameters.
public struct NoParameters: WireParameters {
    public init() {}
    @inlinable public static func describe<V: ParameterVisitor>(_ value: inout Self, with visitor: inout V) {}
}

/// What is said about a parameter beside its kind.
public struct ParameterField: Sendable {
    /// `path` or `query`.
    public let part: WireFault.Part
    public let name: StaticString
    public let doc: StaticString
    /// JSON text.
    public let example: StaticString?

    @inlinable
    public init(_ part: WireFault.Part, _ name: StaticString, doc: StaticString, example: StaticString?) {
        self.part = part
        self.name = name
        self.doc = doc
        self.example = example
    }
}

/// Something that walks over declared parameters.
public protocol ParameterVisitor {
    /// A parameter that must be there.
    mutating func visitRequired<K: WireScalarKind>(_ field: ParameterField, _ value: inout K.Value, _ kind: K)
    /// A parameter that may be left out.
    mutating func visitOptional<K: WireScalarKind>(_ field: ParameterField, _ value: inout K.Value?, _ kind: K)
    /// A parameter that may be left out: it then keeps the value that it has.
    mutating func visitDefaulted<K: WireScalarKind>(_ field: ParameterField, _ value: inout K.Value, _ kind: K)
}

extension ParameterVisitor {
    /// A segment of the path.
    @inlinable
    public mutating func path<K: WireScalarKind>(
        _ name: StaticString, _ value: inout K.Value, _ kind: K, doc: StaticString = "", example: StaticString? = nil
    ) {
        visitRequired(ParameterField(.path, name, doc: doc, example: example), &value, kind)
    }

    /// A query parameter that must be sent.
    @inlinable
    public mutating func required<K: WireScalarKind>(
        _ name: StaticString, _ value: inout K.Value, _ kind: K, doc: StaticString = "", example: StaticString? = nil
    ) {
        visitRequired(ParameterField(.query, name, doc: doc, example: example), &value, kind)
    }

    /// A query parameter that may be missing.
    @inlinable
    public mutating func optional<K: WireScalarKind>(
        _ name: StaticString, _ value: inout K.Value?, _ kind: K, doc: StaticString = "", example: StaticString? = nil
    ) {
        visitOptional(ParameterField(.query, name, doc: doc, example: example), &value, kind)
    }

    /// A query parameter that keeps the value of `init()` when it is missing.
    @inlinable
    public mutating func defaulted<K: WireScalarKind>(
        _ name: StaticString, _ value: inout K.Value, _ kind: K, doc: StaticString = "", example: StaticString? = nil
    ) {
        visitDefaulted(ParameterField(.query, name, doc: doc, example: example), &value, kind)
    }
}
