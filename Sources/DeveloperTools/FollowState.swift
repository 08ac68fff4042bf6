/// Where a follower of a ledger is, and what it does when its connection ends, as a value.
///
/// It goes on behind the last event that arrived whole, by its id; before the first one it is known by seq.
package struct FollowState: Sendable {
    /// Where the journal is read on.
    package enum Position: Hashable, Sendable {
        case afterSeq(Int64)
        case behind(id: String)
    }

    /// How a connection has ended.
    package enum End: Hashable, Sendable {
        /// There was none, or it broke.
        case lost(String)
        /// The server answered something else than a stream.
        case refused(status: Int, code: String?, problem: String, retryAfter: String?)
    }

    /// What to do then.
    package enum Step: Hashable, Sendable {
        case connectAgain(after: Duration)
        /// The ledger does not have the position: another one is at this address. It begins at that ledger's head.
        case beginAnew
        case fail(DeveloperError)
    }

    package private(set) var position: Position
    private var failures = 0
    private var pauses = RetryPauses(first: .milliseconds(500), longest: .seconds(15))

    package init(after seq: Int64) {
        position = .afterSeq(seq)
    }

    /// The header and the part of the query that name the position.
    package var request: (lastEventID: String?, after: Int64?) {
        switch position {
        case .afterSeq(let seq): (nil, seq)
        case .behind(let id): (id, nil)
        }
    }

    /// The stream has begun.
    package mutating func connected() { failures = 0 }

    /// An event has arrived whole.
    package mutating func received(id: String) {
        if !id.isEmpty { position = .behind(id: id) }
    }

    /// The server asks to wait so long before connecting again.
    package mutating func asked(milliseconds: Int64) {
        pauses.first = min(.milliseconds(max(milliseconds, 100)), pauses.longest)
    }

    /// A connection is over: says what to do next.
    package mutating func ended(_ end: End) -> Step {
        switch end {
        case .lost:
            failures += 1
            return .connectAgain(after: pauses.pause(afterFailures: failures))
        case .refused(429, _, _, let retryAfter), .refused(500..., _, _, let retryAfter):
            failures += 1
            return .connectAgain(after: pauses.pause(afterFailures: failures, retryAfter: retryAfter))
        case .refused(404, "entry_not_found", _, _):
            if case .behind = position { return .beginAnew }
        default: break
        }
        return .fail(end.error)
    }
}

extension FollowState.End {
    /// For people.
    var problem: String {
        switch self {
        case .lost(let problem): problem
        case .refused(let status, _, let problem, _): "\(status) \(problem)"
        }
    }

    fileprivate var error: DeveloperError {
        switch self {
        case .lost(let problem): .failed(problem)
        case .refused(let status, let code, let problem, _):
            status == 401 || status == 403
                ? .notAuthorised(status: status, problem: problem)
                : .refused(status: status, code: code, problem: problem)
        }
    }
}
