/// Fills a ``WireObject`` from an object on the tape and collects everything that is wrong with it.
///
/// Members are looked for from behind the last one found, so a body that keeps the declared order costs one comparison
/// per member; any other order costs a walk over the members.
public struct WireDecoder: WireVisitor {
    @usableFromInline var source: WireSource
    @usableFromInline let object: Int
    /// Behind the last value in the object.
    @usableFromInline let end: Int
    /// Where to look first, as a position and as a number among the members.
    @usableFromInline var hint: Int
    @usableFromInline var hintOrdinal = 0
    /// Members that no field has claimed yet.
    @usableFromInline var unclaimed = 0
    /// Which members were claimed: a bit each for the first 64, and a place in the set for others.
    @usableFromInline var claimed: UInt64 = 0
    @usableFromInline var claimedBeyond: Set<Int> = []

    /// Faults kept for a body; a caller who has so many wrong learns nothing from more.
    @usableFromInline static var faultLimit: Int { 64 }
    /// Faults kept for a line of a batch.
    @usableFromInline static var faultLimitOfLine: Int { 8 }

    /// - Parameter object: the position of an object.
    @usableFromInline
    init(source: WireSource, object: Int) {
        self.source = source
        self.object = object
        self.end = Int(source.tape.nodes[object].next)
        self.hint = object &+ 1
        source.tape.forEachMember(of: object) { _ in
            unclaimed &+= 1
            return true
        }
    }

    /// Finds a member that no field has claimed, and claims it.
    /// - Returns: the position of its value, or -1.
    @usableFromInline
    mutating func claim(_ name: StaticString) -> Int {
        guard unclaimed > 0 else { return -1 }
        var position = hint
        var ordinal = hintOrdinal
        while position < end {
            if source.tape.matches(position, name) { return claim(position, ordinal) }
            position = Int(source.tape.nodes[position &+ 1].next)
            ordinal &+= 1
        }
        position = object &+ 1
        ordinal = 0
        while position < hint {
            if source.tape.matches(position, name) { return claim(position, ordinal) }
            position = Int(source.tape.nodes[position &+ 1].next)
            ordinal &+= 1
        }
        return -1
    }

    @inline(__always)
    private mutating func claim(_ name: Int, _ ordinal: Int) -> Int {
        if ordinal < 64 { claimed |= 1 << UInt64(ordinal) } else { claimedBeyond.insert(ordinal) }
        hint = Int(source.tape.nodes[name &+ 1].next)
        hintOrdinal = ordinal &+ 1
        unclaimed &-= 1
        return name &+ 1
    }

    /// Whether a member is there and not `null`.
    @usableFromInline
    func has(_ name: StaticString) -> Bool {
        var isThere = false
        source.tape.forEachMember(of: object) { candidate in
            guard source.tape.matches(candidate, name) else { return true }
            isThere = source.tape.nodes[candidate &+ 1].kind != .null
            return false
        }
        return isThere
    }

    @inline(never) @usableFromInline
    mutating func reportMissing(_ name: StaticString) {
        source.report(
            WireMistake(.required, "is required; add it to the object"), member: name.description,
            of: JSONIndex(object))
    }

    /// Reports the members that no field claimed.
    @inline(never) @usableFromInline
    mutating func reportUnclaimed() {
        var ordinal = 0
        let tape = source.tape
        tape.forEachMember(of: object) { name in
            let isClaimed = ordinal < 64 ? claimed & 1 << UInt64(ordinal) != 0 : claimedBeyond.contains(ordinal)
            ordinal &+= 1
            if !isClaimed {
                source.report(
                    WireMistake(.unknownMember, "is not a member of this object; remove it or check its spelling"),
                    at: JSONIndex(name &+ 1))
            }
            return !source.isTruncated
        }
    }

    @inline(never) @usableFromInline
    mutating func report(_ faults: MemberFaults) {
        for (member, mistake) in faults.found { source.report(mistake, member: member, of: JSONIndex(object)) }
    }
}

extension WireDecoder {
    @inlinable
    public mutating func visitRequired<K: WireKind>(_ field: WireField, _ value: inout K.Value, _ kind: K) {
        let position = claim(field.name)
        guard position >= 0 else { return reportMissing(field.name) }
        if let read = kind.read(JSONIndex(position), from: &source) { value = read }
    }

    @inlinable
    public mutating func visitOptional<K: WireKind>(
        _ field: WireField, _ value: inout K.Value?, _ kind: K, whenNil: WhenNil
    ) {
        let position = claim(field.name)
        guard position >= 0, source.tape.nodes[position].kind != .null else { return }
        value = kind.read(JSONIndex(position), from: &source)
    }

    @inlinable
    public mutating func visitDefaulted<K: WireKind>(_ field: WireField, _ value: inout K.Value, _ kind: K) {
        let position = claim(field.name)
        guard position >= 0, source.tape.nodes[position].kind != .null else { return }
        if let read = kind.read(JSONIndex(position), from: &source) { value = read }
    }

    @inlinable
    public mutating func visitPatch<K: WireKind>(
        _ field: WireField, _ value: inout Patch<K.Value>, _ kind: K, nullable: Bool
    ) {
        let position = claim(field.name)
        guard position >= 0 else { return }
        if nullable, source.tape.nodes[position].kind == .null {
            value = .null
        } else if let read = kind.read(JSONIndex(position), from: &source) {
            value = .value(read)
        }
    }

    public mutating func exactlyOne(of first: StaticString, _ second: StaticString) {
        let hasFirst = has(first)
        guard hasFirst == has(second) else { return }
        let message =
            hasFirst
            ? "can't be sent together with \(first); send one of the two"
            : "is required unless \(first) is sent; send one of the two"
        source.report(WireMistake(.exactlyOne, message), member: second.description, of: JSONIndex(object))
    }

    public mutating func atLeastOneMember() {
        guard end == object &+ 1 else { return }
        source.report(
            WireMistake(.tooFewItems, "must have at least one member; send what should change"), at: JSONIndex(object))
    }
}

extension JSONDocument {
    /// Reads a declared object.
    /// - Parameter index: where the object is, in this document.
    /// - Throws: ``WireFaults`` with everything that is wrong with it, up to 64.
    @inlinable
    public func decode<Object: WireObject>(
        _ type: Object.Type, at index: JSONIndex = .root
    ) throws(WireFaults) -> Object {
        precondition(index.position >= 0 && index.position < nodes.count, "an index of another document")
        let outcome: Result<Object, WireFaults> = withTape { tape in
            var source = WireSource(tape: tape, faultLimit: WireDecoder.faultLimit)
            if let value = ObjectKind<Object>().read(index, from: &source), source.faults.isEmpty {
                return .success(value)
            }
            return .failure(WireFaults(source.faults, isTruncated: source.isTruncated))
        }
        return try outcome.get()
    }
}
