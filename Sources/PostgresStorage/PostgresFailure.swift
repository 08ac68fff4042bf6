import LedgerStorage

/// What PostgreSQL, or the way to it, says has gone wrong.
struct PostgresFailure: Error, CustomStringConvertible {
    /// The five characters of the SQL state; empty when the connection itself failed.
    var state: String
    var message: String
    /// Whether the connection can't be used any more.
    var isConnectionLost: Bool

    var description: String { state.isEmpty ? message : "\(message) (SQLSTATE \(state))" }

    static func lost(_ message: String) -> PostgresFailure {
        PostgresFailure(state: "", message: message, isConnectionLost: true)
    }

    /// The statement named one that this connection's server process does not know, or knows already: a pooler has put
    /// another process behind the connection.
    var isAboutPreparing: Bool { state == "26000" || state == "42P05" }

    /// Whether the same may work in a moment: the server is starting, stopping or full, or has ended this session.
    var isPassing: Bool {
        isConnectionLost || ["57", "08", "40", "53"].contains { state.hasPrefix($0) } || state == "55P03"
            || state.hasPrefix("25P")
    }

    /// As the ledger's port says it.
    ///
    /// - Parameter isCommitUnknown: whether the connection broke while a commit was under way.
    func storeError(_ operation: String, isCommitUnknown: Bool = false) -> StoreError {
        // 53100: no room on the disk. An error of a statement means that its transaction was rolled back; a failure of
        // the commit itself stops the server and so ends the connection.
        if state == "53100", !isConnectionLost { return .full(detail: message) }
        // 22000 and XX001 are raised by the schema's own checks.
        if state == "22000" || state == "XX001" { return .corrupt(seq: nil, detail: message) }
        if state.hasPrefix("58") && !isConnectionLost { return .failed(operation: operation, detail: description) }
        // Of class 08 are errors of a connection to another node, which a Citus has lost: this one stands, and what
        // was done there is as unknown.
        if isPassing {
            return .unavailable(
                detail: "\(operation): \(description)",
                isOutcomeUnknown: isCommitUnknown && (isConnectionLost || state.hasPrefix("08")))
        }
        return .failed(operation: operation, detail: description)
    }
}
