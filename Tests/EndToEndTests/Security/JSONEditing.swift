/// A JSON value as something to send: with members put in their place.
extension JSON {
    /// As a text, members in the order of their names.
    var rendered: String {
        switch self {
        case .null: "null"
        case .boolean(let boolean): boolean ? "true" : "false"
        case .integer(let integer): "\(integer)"
        case .number(let number): "\(number)"
        case .string(let string): string.quoted
        case .array(let elements): "[\(elements.map(\.rendered).joined(separator: ","))]"
        case .object(let members):
            "{\(members.sorted { $0.key < $1.key }.map { "\($0.key.quoted):\($0.value.rendered)" }.joined(separator: ","))}"
        }
    }

    /// With this value at a place that is given by names of members and numbers of elements. A member is added where
    /// there is none.
    func with(_ value: JSON, at path: some Collection<String>) -> JSON {
        guard let step = path.first else { return value }
        let rest = path.dropFirst()
        switch self {
        case .object(var members):
            members[step] = (members[step] ?? .null).with(value, at: rest)
            return .object(members)
        case .array(var elements):
            guard let place = Int(step), elements.indices.contains(place) else { return self }
            elements[place] = elements[place].with(value, at: rest)
            return .array(elements)
        default: return self
        }
    }

    /// What stands at a place; nil when there is nothing.
    func value(at path: some Collection<String>) -> JSON? {
        guard let step = path.first else { return self }
        return (self[step] ?? Int(step).flatMap { self[$0] })?.value(at: path.dropFirst())
    }

    /// Every value that has none in it, and where it stands.
    func leaves(at path: [String] = []) -> [(path: [String], value: JSON)] {
        switch self {
        case .object(let members):
            members.sorted { $0.key < $1.key }.flatMap { $0.value.leaves(at: path + [$0.key]) }
        case .array(let elements):
            elements.enumerated().flatMap { $0.element.leaves(at: path + ["\($0.offset)"]) }
        default: [(path, self)]
        }
    }
}
