/// Something that walks over the members of a ``WireObject``: the decoder, ``JSONWriter`` as the encoder, the recorder
/// of schemas.
///
/// A declaration calls the methods of the extension (`required`, `optional`, …), which have defaults for the
/// documentation.
public protocol WireVisitor {
    /// A member that must be there, and not as `null`.
    mutating func visitRequired<K: WireKind>(_ field: WireField, _ value: inout K.Value, _ kind: K)
    /// A member that may be left out; `null` is the same.
    mutating func visitOptional<K: WireKind>(
        _ field: WireField, _ value: inout K.Value?, _ kind: K, whenNil: WhenNil)
    /// A member that may be left out: it then keeps the value that it has.
    mutating func visitDefaulted<K: WireKind>(_ field: WireField, _ value: inout K.Value, _ kind: K)
    /// A member of a change: absent, `null` (where that is allowed) and a value are three things.
    mutating func visitPatch<K: WireKind>(
        _ field: WireField, _ value: inout Patch<K.Value>, _ kind: K, nullable: Bool)

    /// Of two optional members exactly one is there and not `null`.
    mutating func exactlyOne(of first: StaticString, _ second: StaticString)

    /// The object has at least one member.
    mutating func atLeastOneMember()
}

extension WireVisitor {
    /// A member that must be sent, and not as `null`; it is always written.
    @inlinable @inline(__always)
    public mutating func required<K: WireKind>(
        _ name: StaticString, _ value: inout K.Value, _ kind: K, doc: StaticString = "", example: StaticString? = nil
    ) {
        visitRequired(WireField(name, doc: doc, example: example), &value, kind)
    }

    /// A member that may be missing; `null` means the same.
    /// - Parameter whenNil: how nil is written.
    @inlinable @inline(__always)
    public mutating func optional<K: WireKind>(
        _ name: StaticString, _ value: inout K.Value?, _ kind: K, whenNil: WhenNil = .omitted, doc: StaticString = "",
        example: StaticString? = nil
    ) {
        visitOptional(WireField(name, doc: doc, example: example), &value, kind, whenNil: whenNil)
    }

    /// A member that may be missing or `null` and then keeps the value that `init()` gave it, which the schema shows
    /// as its default; it is always written.
    @inlinable @inline(__always)
    public mutating func defaulted<K: WireKind>(
        _ name: StaticString, _ value: inout K.Value, _ kind: K, doc: StaticString = "", example: StaticString? = nil
    ) {
        visitDefaulted(WireField(name, doc: doc, example: example), &value, kind)
    }

    /// A member of a PATCH body.
    /// - Parameter nullable: whether `null` is accepted, to clear the field.
    @inlinable @inline(__always)
    public mutating func patch<K: WireKind>(
        _ name: StaticString, _ value: inout Patch<K.Value>, _ kind: K, nullable: Bool = true, doc: StaticString = "",
        example: StaticString? = nil
    ) {
        visitPatch(WireField(name, doc: doc, example: example), &value, kind, nullable: nullable)
    }
}
