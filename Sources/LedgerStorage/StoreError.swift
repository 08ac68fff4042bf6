/// What can go wrong beneath the ledger. The engine treats `failed` and `corrupt` on the write path as the end of the
/// process: the outcome of the commit is unknown, nothing more is acknowledged (architecture, *What must always be
/// true* 1).
public enum StoreError: Error, Hashable, Sendable {
    /// An I/O error, a lost connection. `operation` says what was being done, `detail` what the engine said.
    case failed(operation: String, detail: String)
    /// The disk has no room (SQLITE_FULL). The transaction was rolled back, nothing was written, and that is certain:
    /// the engine refuses the batch and carries on. An error of fsync is never this.
    case full(detail: String)
    /// What was read can't be what was written. `seq` names the first entry that is wrong, where it is known.
    case corrupt(seq: UInt64?, detail: String)
    /// Another process serves this data; `holder` says which.
    case inUse(path: String, holder: String)
    /// The place can't be created or written to.
    case notWritable(path: String, detail: String)
    /// The data was written by a newer version.
    case schemaTooNew(found: Int, known: Int)
    /// The engine does not promise that a commit is on disk when it says so.
    case notDurable(detail: String)
    /// No realm, tenant or backup of that name.
    case notFound(String)
    /// The database can't be reached, or has ended the session: a later call may succeed. `isOutcomeUnknown`: it
    /// happened while a commit was under way, which may have taken effect or not; whoever asks again under the same
    /// idempotency key learns which.
    case unavailable(detail: String, isOutcomeUnknown: Bool)
}
