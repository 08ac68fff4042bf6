/// A path with named segments: `/inventory/v1/items/{id}/stock`.
public struct PathTemplate: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// What stands between two slashes.
    public enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
    }

    public let segments: [Segment]
    /// As in OpenAPI: `/items/{id}`.
    public let description: String

    /// - Parameter template: begins with a slash; a segment is a literal or one name in braces.
    public init(_ template: String) {
        description = template
        segments = template.split(separator: "/").map { segment in
            segment.hasPrefix("{") && segment.hasSuffix("}")
                ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
    }

    public init(stringLiteral template: String) { self.init(template) }

    /// In the order in which they stand in the path.
    public var parameterNames: [String] {
        segments.compactMap { segment in
            if case .parameter(let name) = segment { return name }
            return nil
        }
    }

    /// What is wrong with the template, in words; empty when all is well.
    public var problems: [String] {
        var problems: [String] = []
        if !description.hasPrefix("/") { problems.append("the path \(description) must begin with a slash") }
        if Set(parameterNames).count < parameterNames.count {
            problems.append("the path \(description) names a parameter twice")
        }
        for segment in segments {
            switch segment {
            case .literal(let text) where text.contains("{") || text.contains("}"):
                problems.append("the segment \(text) of \(description) must be a literal or a name in braces")
            case .parameter(""): problems.append("a parameter of \(description) has no name")
            default: break
            }
        }
        return problems
    }

    /// Compares a path with the template.
    /// - Parameter path: without query, still percent-encoded.
    /// - Returns: the values of the parameters, percent signs resolved; nil when the path is another one or not valid.
    public func match(_ path: String) -> [(name: String, value: String)]? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard path.hasPrefix("/"), parts.count == segments.count else { return nil }
        var values: [(name: String, value: String)] = []
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .literal(let text):
                guard part == text else { return nil }
            case .parameter(let name):
                guard !part.isEmpty, let value = QueryString.pathSegment(part) else { return nil }
                values.append((name, value))
            }
        }
        return values
    }
}
