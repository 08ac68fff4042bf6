/// The writer is the encoder.
extension JSONWriter: WireVisitor {
    @inlinable
    public mutating func visitRequired<K: WireKind>(_ field: WireField, _ value: inout K.Value, _ kind: K) {
        name(field.name)
        kind.write(value, to: &self)
    }

    @inlinable
    public mutating func visitOptional<K: WireKind>(
        _ field: WireField, _ value: inout K.Value?, _ kind: K, whenNil: WhenNil
    ) {
        if let value {
            name(field.name)
            kind.write(value, to: &self)
        } else if whenNil == .null {
            name(field.name)
            null()
        }
    }

    @inlinable
    public mutating func visitDefaulted<K: WireKind>(_ field: WireField, _ value: inout K.Value, _ kind: K) {
        name(field.name)
        kind.write(value, to: &self)
    }

    @inlinable
    public mutating func visitPatch<K: WireKind>(
        _ field: WireField, _ value: inout Patch<K.Value>, _ kind: K, nullable: Bool
    ) {
        switch value {
        case .absent: return
        case .null:
            name(field.name)
            null()
        case .value(let value):
            name(field.name)
            kind.write(value, to: &self)
        }
    }

    @inlinable public mutating func exactlyOne(of first: StaticString, _ second: StaticString) {}

    @inlinable public mutating func atLeastOneMember() {}

    /// Writes a declared object. Hand over the value (`consume`) where it is not needed any more: that saves a copy.
    @inlinable
    public mutating func encode<Object: WireObject>(_ value: consuming Object) {
        var value = value
        beginObject()
        Object.describe(&value, with: &self)
        endObject()
    }
}

extension WireObject {
    /// The object as JSON.
    @inlinable
    public consuming func jsonBytes(capacity: Int = 512) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity)
        writer.encode(self)
        return writer.finish()
    }
}
