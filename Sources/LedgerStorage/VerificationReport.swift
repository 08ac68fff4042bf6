/// What `verify` found in one realm.
public struct VerificationReport: Hashable, Sendable {
    /// Entries and blocks of the journal that were read and are right.
    public var entries: UInt64 = 0
    public var blocks: UInt64 = 0
    /// The end of the journal as far as it is proven.
    public var head: SealedHead = .start
    /// The fold's size there.
    public var levels = 0
    public var items = 0
    public var locations = 0
    /// The first thing that is wrong; nil when nothing is.
    public var problem: Problem?

    public var isOK: Bool { problem == nil }

    public init() {}

    /// One thing that is wrong.
    public struct Problem: Hashable, Sendable {
        /// The first entry that is wrong; nil when it is a row that no entry explains.
        public var seq: UInt64?
        public var what: Kind
        /// Which item, location or value, for a person.
        public var detail: String

        public init(seq: UInt64?, what: Kind, detail: String) {
            self.seq = seq
            self.what = what
            self.detail = detail
        }
    }

    /// Raw values appear in the output of `bincard verify` and never change.
    public enum Kind: String, Sendable, CaseIterable {
        /// An entry, or what stands after it, is not what was sealed.
        case hashMismatch = "hash_mismatch"
        /// The bytes are no entry.
        case entryUndecodable = "entry_undecodable"
        /// An entry is missing, or stands twice.
        case sequenceGap = "sequence_gap"
        /// An id or a time is less than the one before it, or differs from its block's.
        case orderBroken = "order_broken"
        /// The entry's own figures don't follow from the entries before it.
        case entryInconsistent = "entry_inconsistent"
        /// A row of a projection is not what the journal says.
        case projectionDiffers = "projection_differs"
    }
}
