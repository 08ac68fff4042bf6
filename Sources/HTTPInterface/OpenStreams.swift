import LedgerCore
import LedgerStorage
import Synchronization

/// How many streaming responses may be open at once. Each holds a connection and a little memory for as long as it
/// lives, so that they are bounded apart from requests.
package struct StreamLimits: Sendable {
    /// Of one key; beyond it 429 `too_many_streams`.
    package var perKey = 32
    /// Of the whole server; beyond it 503 `streams_exhausted`.
    package var total = 1_024

    package init() {}
}

/// The streaming responses that are open: counted for their limits, and ended when their key is no longer what it was
/// when they were let in.
final class OpenStreams: Sendable {
    private struct Open {
        var key: ULID
        var scope: Scope
        /// nil until the response has begun.
        var stream: ResponseStream?
    }

    private struct State {
        var open: [UInt64: Open] = [:]
        var byKey: [ULID: Int] = [:]
        var lastID: UInt64 = 0
    }

    private let limits: StreamLimits
    private let state = Mutex(State())

    init(limits: StreamLimits) {
        self.limits = limits
    }

    var count: Int { state.withLock { $0.open.count } }

    /// Takes a place, to be given back with `leave`.
    func enter(key: ULID, scope: Scope) throws(Refusal) -> UInt64 {
        let limits = limits
        let result: Result<UInt64, Refusal> = state.withLock { state in
            let ofKey = state.byKey[key] ?? 0
            guard ofKey < limits.perKey else { return .failure(.tooManyStreams(limits.perKey)) }
            guard state.open.count < limits.total else { return .failure(.streamsExhausted) }
            state.byKey[key] = ofKey + 1
            state.lastID += 1
            state.open[state.lastID] = Open(key: key, scope: scope)
            return .success(state.lastID)
        }
        return try result.get()
    }

    /// The response has begun.
    func begin(_ id: UInt64, _ stream: ResponseStream) {
        state.withLock { $0.open[id]?.stream = stream }
    }

    /// A second call does nothing.
    func leave(_ id: UInt64) {
        state.withLock { state in
            guard let open = state.open.removeValue(forKey: id) else { return }
            let others = (state.byKey[open.key] ?? 1) - 1
            state.byKey[open.key] = others > 0 ? others : nil
        }
    }

    /// Ends the streams of keys that are dead or have lost the scope.
    func endUnless(_ isLive: (_ key: ULID, _ scope: Scope) -> Bool) {
        // Outside of the lock: what ends may leave at once.
        let open = state.withLock { Array($0.open.values) }
        for open in open where !isLive(open.key, open.scope) { open.stream?.finish() }
    }
}

extension Refusal {
    /// 429: the key has all the streams open that one may have.
    static func tooManyStreams(_ limit: Int) -> Refusal {
        Refusal(
            429, "too_many_streams",
            "This key has \(limit) streams open, which is all that one may have. Close one, or share one.",
            retryAfter: 5)
    }

    /// 503: so has the server.
    static let streamsExhausted = Refusal(
        503, "streams_exhausted",
        "The server has all the streams open that it may have. Try again later, or read page by page.", retryAfter: 30)
}
