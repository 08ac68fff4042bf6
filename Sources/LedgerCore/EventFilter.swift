/// Which events somebody wants, and under which name each is delivered.
///
/// A pattern is `*`, a family such as `movement.*`, or a name; a name may be an alias. An event goes by the first
/// pattern that takes it: under the very name that the pattern gives, or, by a wildcard, under its own name where that
/// matches and else under the alias that does. So every event is delivered once, whatever the patterns.
public struct EventFilter: Hashable, Sendable {
    /// As they were given, in order.
    public let patterns: [String]
    /// By the raw value of the type; nil for one that is not wanted.
    private let names: [String?]

    /// A pattern that takes no event there is.
    public struct UnknownPattern: Error, Hashable, Sendable {
        public var pattern: String
        /// Where in the list, from 0.
        public var index: Int
    }

    public static let everything = EventFilter(known: ["*"])

    /// - Throws: `UnknownPattern` for the first that names no event and no family.
    public init(patterns: [String]) throws(UnknownPattern) {
        for (index, pattern) in patterns.enumerated() where !Self.isKnown(pattern) {
            throw UnknownPattern(pattern: pattern, index: index)
        }
        self.init(known: patterns)
    }

    /// - Parameter text: patterns separated by commas.
    /// - Throws: `UnknownPattern` for the first that names no event and no family.
    public init(parsing text: String) throws(UnknownPattern) {
        try self.init(patterns: text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
    }

    /// Patterns that were checked before; one that is unknown takes nothing.
    public init(known patterns: [String]) {
        self.patterns = patterns
        names = EventType.allCases.map { type in
            for pattern in patterns {
                if let name = Self.name(of: type, by: pattern) { return name }
            }
            return nil
        }
    }

    /// The name under which an event of this type is delivered; nil when it is not wanted.
    public func name(of type: EventType) -> String? { names[Int(type.rawValue)] }

    /// Whether events of this type are wanted.
    public func matches(_ type: EventType) -> Bool { names[Int(type.rawValue)] != nil }

    /// Every type that it takes.
    public var types: Set<EventType> { Set(EventType.allCases.filter { matches($0) }) }

    /// Whether an entry with this change is wanted.
    public func matches(_ change: Change) -> Bool { matches(change.eventType) }

    private static func isKnown(_ pattern: String) -> Bool {
        EventType.allCases.contains { name(of: $0, by: pattern) != nil }
    }

    private static func name(of type: EventType, by pattern: String) -> String? {
        if pattern == "*" { return type.name }
        let names = [type.name] + type.aliases
        if pattern.hasSuffix(".*") {
            let family = pattern.dropLast()
            return names.first { $0.hasPrefix(family) }
        }
        return names.first { $0 == pattern }
    }
}
