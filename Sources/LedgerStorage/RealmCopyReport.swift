/// What a copy of a realm has done.
public struct RealmCopyReport: Hashable, Sendable {
    /// The end of both journals.
    public var head = SealedHead.start
    /// Written by this run.
    public var entries: UInt64 = 0
    public var blocks: UInt64 = 0
    /// Pages of stored answers that this run has written.
    public var pages: UInt64 = 0
    /// nil where the realm never had an endpoint.
    public var deliveries: DeliveryCopy.Outcome?
    public var verification = VerificationReport()
    public var comparison = RealmComparison.Outcome()

    public init() {}
}
