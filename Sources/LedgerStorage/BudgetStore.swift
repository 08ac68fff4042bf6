public import LedgerCore

/// What one server has let through of a key's budget since it told last.
public struct BudgetUse: Hashable, Sendable {
    public var key: ULID
    public var limit: RateLimit
    /// Whole tokens.
    public var taken: Int64

    public init(key: ULID, limit: RateLimit, taken: Int64) {
        self.key = key
        self.limit = limit
        self.taken = taken
    }
}

/// Budgets of keys that several servers share: one bucket for each key, from which every server takes afterwards what
/// it has let through.
public protocol BudgetStore: Sendable {
    /// Fills each bucket for the time since it was last asked for, takes out what was used, and gives what is left in
    /// millionths of a token, in the order of `uses`; less than nothing when the servers together let through more than
    /// there was. Blocks.
    func settle(_ uses: [BudgetUse]) throws(StoreError) -> [Int64]
}
