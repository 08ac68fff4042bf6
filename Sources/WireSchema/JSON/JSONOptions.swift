extension JSONDocument {
    /// How strict the reader is beyond RFC 8259, and how much it takes.
    public struct Options: Sendable, Equatable {
        /// How many containers may be open at once. At most ``depthCeiling``.
        public var maxDepth: Int {
            didSet { maxDepth = min(max(maxDepth, 0), Self.depthCeiling) }
        }
        /// How many values and member names a document may have.
        public var maxNodes: Int
        /// Whether an object may name a member twice.
        public var allowsDuplicateMembers: Bool
        /// Whether a string may contain `\u0000`. A raw NUL is never JSON.
        public var allowsEscapedNUL: Bool

        /// What comes after reading (canonical form, schemas) recurses once per level, so depth has an end whatever is
        /// asked.
        public static var depthCeiling: Int { 512 }

        /// - Parameters:
        ///   - maxDepth: containers open at once, 0 to ``depthCeiling``.
        ///   - maxNodes: values and member names.
        public init(
            maxDepth: Int = 16, maxNodes: Int = 1 << 18, allowsDuplicateMembers: Bool = false,
            allowsEscapedNUL: Bool = false
        ) {
            self.maxDepth = min(max(maxDepth, 0), Self.depthCeiling)
            self.maxNodes = maxNodes
            self.allowsDuplicateMembers = allowsDuplicateMembers
            self.allowsEscapedNUL = allowsEscapedNUL
        }

        /// What the published APIs accept: no duplicate members, no NUL, at most 16 levels.
        public static var contract: Options { Options() }

        /// RFC 8259 and nothing else, with room for 512 levels.
        public static var grammar: Options {
            Options(maxDepth: 512, maxNodes: 1 << 26, allowsDuplicateMembers: true, allowsEscapedNUL: true)
        }
    }
}
