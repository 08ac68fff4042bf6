/// Fills declared parameters from names and values, and collects everything that is wrong with them.
public struct ParameterDecoder: ParameterVisitor {
    @usableFromInline let path: [(name: String, value: String)]
    @usableFromInline let query: [(name: String, value: String)]
    @usableFromInline var claimed: Set<String> = []
    @usableFromInline var faults: [WireFault] = []

    @usableFromInline
    init(path: [(name: String, value: String)], query: [(name: String, value: String)]) {
        self.path = path
        self.query = query
    }

    @usableFromInline
    mutating func find(_ field: ParameterField) -> String? {
        let name = field.name.description
        guard field.part == .query else { return path.first { $0.name == name }?.value }
        guard let found = query.first(where: { $0.name == name }) else { return nil }
        claimed.insert(name)
        return found.value
    }

    @usableFromInline
    mutating func report(_ mistake: WireMistake, _ part: WireFault.Part, _ name: String) {
        faults.append(
            WireFault(part: part, pointer: JSONPointer.clipped(name), code: mistake.code, message: mistake.message))
    }

    /// Reports what is in the query twice or has no meaning.
    @usableFromInline
    mutating func reportUnclaimed() {
        var seen: Set<String> = []
        for (name, _) in query where faults.count < WireDecoder.faultLimit {
            if !claimed.contains(name) {
                let message = "is not a parameter of this operation; remove it or check its spelling"
                report(WireMistake(.unknownParameter, message), .query, name)
            } else if !seen.insert(name).inserted {
                report(WireMistake(.duplicateParameter, "is there more than once; send it once"), .query, name)
            }
        }
    }

    @usableFromInline
    mutating func report(_ found: MemberFaults) {
        for (name, mistake) in found.found { report(mistake, .query, name) }
    }

    @inlinable
    mutating func read<K: WireScalarKind>(_ field: ParameterField, _ kind: K) -> K.Value? {
        guard let text = find(field) else { return nil }
        do throws(WireMistake) {
            return try kind.parse(text)
        } catch {
            report(error, field.part, field.name.description)
            return nil
        }
    }

    @inlinable
    public mutating func visitRequired<K: WireScalarKind>(
        _ field: ParameterField, _ value: inout K.Value, _ kind: K
    ) {
        let faultsBefore = faults.count
        if let read = read(field, kind) {
            value = read
        } else if faults.count == faultsBefore {
            report(WireMistake(.required, "is required; add it"), field.part, field.name.description)
        }
    }

    @inlinable
    public mutating func visitOptional<K: WireScalarKind>(
        _ field: ParameterField, _ value: inout K.Value?, _ kind: K
    ) {
        value = read(field, kind)
    }

    @inlinable
    public mutating func visitDefaulted<K: WireScalarKind>(
        _ field: ParameterField, _ value: inout K.Value, _ kind: K
    ) {
        if let read = read(field, kind) { value = read }
    }
}

extension WireParameters {
    /// Reads declared parameters.
    /// - Parameters:
    ///   - path: the values of the path's named segments, percent signs resolved.
    ///   - query: from ``QueryString/pairs(_:)``.
    /// - Throws: ``WireFaults`` with everything that is wrong with them.
    @inlinable
    public static func decode(
        path: [(name: String, value: String)] = [], query: [(name: String, value: String)] = []
    ) throws(WireFaults) -> Self {
        var decoder = ParameterDecoder(path: path, query: query)
        var value = Self()
        describe(&value, with: &decoder)
        decoder.reportUnclaimed()
        if decoder.faults.isEmpty {
            var found = MemberFaults()
            value.validate(&found)
            decoder.report(found)
        }
        guard decoder.faults.isEmpty else { throw WireFaults(decoder.faults) }
        return value
    }
}
