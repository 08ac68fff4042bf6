package import LedgerCore
package import LedgerEngine
import LedgerStorage
package import WireSchema

/// A moment of the past that a read asks for: a time, or an entry of the ledger.
package enum PastMoment: Sendable {
    case time(WirePastTime)
    case entry(ULID, text: String)

    /// nil when neither is given: now.
    /// - Parameters:
    ///   - asOf: what was recorded up to it counts.
    ///   - at: an entry's id under any prefix.
    package init?(asOf: WirePastTime?, at: String?, of call: Call) throws(Refusal) {
        switch (asOf, at) {
        case (nil, nil): return nil
        case (let time?, nil):
            // A second of grace for clocks that differ; further ahead nothing is known. Where the clock was set back,
            // the ledger's labels are ahead of it.
            let latest = max(call.now, call.ledger.head.head.recordedAt)
            guard time.start <= latest.milliseconds + 1_000 else {
                throw Refusal(parameter: "as_of", .outOfRange, "must not lie in the future")
            }
            self = .time(time)
        case (nil, let text?):
            guard let id = EntryID.parse(text) else { throw PastMoment.unknown(text) }
            self = .entry(id, text: text)
        case (.some, .some):
            throw Refusal(parameter: "at", .exactlyOne, "can't be sent together with as_of; send one of the two")
        }
    }

    private static func unknown(_ text: String) -> Refusal {
        Refusal(404, "entry_not_found", "\(text) is no entry of this ledger.")
    }

    /// The last seq that counts, and the moment as the answer shows it. Blocks. Throws `Refusal` or `StoreError`.
    package func resolve(in ledger: RealmLedger) throws -> (seq: UInt64, instant: Instant) {
        switch self {
        case .time(let time):
            let seq = try ledger.store.lastSeq(recordedAtOrBefore: Instant(milliseconds: time.end))
            return (seq, Instant(milliseconds: time.start))
        case .entry(let id, let text):
            var history = History(store: ledger.store)
            guard let entry = try history.entry(id: id) else { throw PastMoment.unknown(text) }
            return (entry.seq, entry.recordedAt)
        }
    }
}

extension Refusal {
    /// A parameter that is read well but not acceptable.
    package init(parameter: String, _ code: WireFault.Code, _ message: String) {
        self.init(WireFaults([WireFault(part: .query, pointer: parameter, code: code, message: message)]))
    }
}
