/// Finds the operation of a method and path. Paths with parameters are matched segment by segment; a literal segment
/// goes before a parameter. Built once, then only read.
package struct Router<Target: Sendable>: Sendable {
    /// What a path and a method lead to.
    package enum Match: Sendable {
        /// The values of the path's parameters, still percent-encoded, in order.
        case found(Target, [Substring])
        /// The path exists with other methods, joined for an `Allow` header.
        case otherMethods(String)
        case none
    }

    private struct Node: Sendable {
        var literals: [Substring: Int] = [:]
        var parameter: Int?
        var targets: [(method: String, target: Target)] = []
    }

    private var nodes = [Node()]
    /// Paths without parameters, whole: the common case is one look-up.
    private var exact: [String: Int] = [:]

    package init() {}

    /// - Parameter template: such as `/inventory/v1/items/{id}/stock`.
    package mutating func add(_ method: String, _ template: String, _ target: Target) {
        var node = 0
        for segment in template.split(separator: "/", omittingEmptySubsequences: true) {
            node = segment.hasPrefix("{") ? parameterChild(of: node) : literalChild(of: node, segment)
        }
        if !template.contains("{") { exact[template] = node }
        nodes[node].targets.append((method, target))
    }

    private mutating func literalChild(of node: Int, _ segment: Substring) -> Int {
        if let child = nodes[node].literals[segment] { return child }
        nodes.append(Node())
        nodes[node].literals[segment] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func parameterChild(of node: Int) -> Int {
        if let child = nodes[node].parameter { return child }
        nodes.append(Node())
        nodes[node].parameter = nodes.count - 1
        return nodes.count - 1
    }

    /// Finds what serves the method at the path.
    /// - Parameter path: as sent, percent-encoded, without the query.
    package func match(_ method: String, _ path: Substring) -> Match {
        if let node = exact[String(path)] { return match(method, at: node, []) }
        guard path.first == "/" else { return .none }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var parameters: [Substring] = []
        guard let node = walk(segments[...], from: 0, &parameters) else { return .none }
        return match(method, at: node, parameters)
    }

    /// A literal that leads nowhere gives way to a parameter, so that `/items/new/stock` can still be an item called
    /// new.
    private func walk(_ segments: ArraySlice<Substring>, from node: Int, _ parameters: inout [Substring]) -> Int? {
        guard let segment = segments.first else { return nodes[node].targets.isEmpty ? nil : node }
        let rest = segments.dropFirst()
        if let child = nodes[node].literals[segment], let found = walk(rest, from: child, &parameters) { return found }
        guard let child = nodes[node].parameter, !segment.isEmpty else { return nil }
        parameters.append(segment)
        if let found = walk(rest, from: child, &parameters) { return found }
        parameters.removeLast()
        return nil
    }

    private func match(_ method: String, at node: Int, _ parameters: [Substring]) -> Match {
        let targets = nodes[node].targets
        if let found = targets.first(where: { $0.method == method }) { return .found(found.target, parameters) }
        // HEAD is GET without the body; the connection leaves the body out.
        if method == "HEAD", let found = targets.first(where: { $0.method == "GET" }) {
            return .found(found.target, parameters)
        }
        return targets.isEmpty ? .none : .otherMethods(targets.map(\.method).sorted().joined(separator: ", "))
    }
}
