import LedgerCore
import LedgerStorage

/// What a batch has come to so far: the state after the commands that were accepted, their entries, and the answers to
/// be stored. A refused command leaves no trace in it but its answer.
struct BatchFold {
    var state: LedgerState
    let now: Instant
    let random: (UInt16, UInt64)
    private let rules: DecideCommand
    var entries: [Entry] = []
    var records: [IdempotencyRecord] = []
    /// Where in `records` a key of this very batch is: a twin that arrived beside its first gets that answer.
    var recordsByKey: [Digest128: Int] = [:]
    /// Former default locations, whose rows change without an entry of their own.
    var displacedDefaults: [LocationNumber] = []

    /// - Parameter commands: how many commands the batch has: room is made for them.
    init(
        state: LedgerState, now: Instant, random: (UInt16, UInt64), commands: Int, rules: @escaping DecideCommand
    ) {
        self.rules = rules
        self.state = state
        self.now = now
        self.random = random
        entries.reserveCapacity(commands)
        records.reserveCapacity(commands)
        recordsByKey.reserveCapacity(commands)
    }

    mutating func keep(_ answer: Answer, under identity: RequestIdentity) {
        recordsByKey[identity.key] = records.count
        records.append(
            IdempotencyRecord(
                key: identity.key, fingerprint: identity.fingerprint, status: answer.status,
                contentKind: answer.contentKind, body: answer.body))
    }

    /// Decides the command and takes its entries in.
    mutating func decide(_ command: Command, actor: ULID?) throws(Rejection) -> Decision {
        let formerDefault = state.defaultLocation
        let decision = try rules(command, state, Moment(now: now, actor: actor, random: random))
        apply(decision, to: &state)
        entries.append(decision.first)
        entries.append(contentsOf: decision.following)
        if let formerDefault, state.defaultLocation != formerDefault { displacedDefaults.append(formerDefault) }
        return decision
    }

    /// What an atomic group goes back to when one of its commands is refused.
    struct Mark {
        var state: LedgerState
        var entries: Int
        var records: Int
        var displacedDefaults: Int
    }

    var mark: Mark {
        Mark(state: state, entries: entries.count, records: records.count, displacedDefaults: displacedDefaults.count)
    }

    /// Undoes everything since the mark: state, entries and answers, whose keys are free again.
    mutating func rollBack(to mark: Mark) {
        state = mark.state
        entries.removeLast(entries.count - mark.entries)
        for record in records[mark.records...] { recordsByKey[record.key] = nil }
        records.removeLast(records.count - mark.records)
        displacedDefaults.removeLast(displacedDefaults.count - mark.displacedDefaults)
    }
}
