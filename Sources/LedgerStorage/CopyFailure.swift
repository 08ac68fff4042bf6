/// Why a copy did not come to its end. What was copied is right and stays; the same copy goes on from there.
public enum CopyFailure: Error, Hashable, Sendable {
    case source(StoreError)
    case target(StoreError)
    /// The target holds a ledger that did not come from the source. Nothing was changed.
    case otherHistory(targetHead: UInt64, sourceHead: UInt64)
    /// The target has all of the source's entries and others after them: it was served. Nothing was changed.
    case targetIsAhead(targetHead: UInt64, sourceHead: UInt64)
    /// Somebody else has written to the target meanwhile.
    case targetInUse
    /// The target has this tenant and mode with another ledger, or one of the source's keys as another. Nothing was
    /// changed.
    case nameTaken(detail: String)
    /// What stands in the target is not what a ledger can be: the source is damaged, or the target's disk is.
    case damaged(VerificationReport.Problem)
    /// The target is a right ledger and not the source's.
    case differs(detail: String)
}

/// How far a copy of a realm has come.
public enum CopyStep: Hashable, Sendable {
    case entries, levels, answers, deliveries, verification, comparison
}

func reading<Value>(_ body: () throws(StoreError) -> Value) throws(CopyFailure) -> Value {
    do throws(StoreError) { return try body() } catch { throw .source(error) }
}

func writing<Value>(_ body: () throws(StoreError) -> Value) throws(CopyFailure) -> Value {
    do throws(StoreError) { return try body() } catch { throw .target(error) }
}
