import LedgerCore
import Testing

/// Goals: no command, however odd, traps; a refusal changes nothing; every answer, refusals and their precedence
/// included, is the one that the rules give; a fold of the journal is the state.
///
/// Method: random commands over few names and many boundary values go to the real ledger and to `NaiveLedger`, and the
/// answers are compared. On the way the test does what an engine does: it cuts the commands into batches and atomic
/// groups, publishes or drops them, throws levels out of memory into a store and loads them back by footprint. At the
/// end a replica is made from the entries alone. Every failure names its seed.
@Suite("random commands")
struct LedgerPropertyTests {
    @Test("the ledger and a naive model of its rules never disagree")
    func againstTheModel() {
        let first = UInt64.random(in: 1...UInt64(UInt32.max))
        var recorded = 0
        var kinds: Set<String> = []
        for seed in first..<first + 600 {
            var run = RandomRun(seed: seed)
            run.perform(commands: 380)
            recorded += run.journal.count
            kinds.formUnion(run.refusals)
            #expect(run.fault == nil, "seed \(seed)")
        }
        // The generator must reach what it is there for: most commands done, and refusals of nearly every kind.
        #expect(recorded > 600 * 100, "seeds from \(first)")
        #expect(kinds.count >= 42, "seeds from \(first): \(kinds.sorted())")
    }
}

/// One seeded run. `fault` says what went wrong first.
private struct RandomRun {
    var commands: RandomCommands
    var model = NaiveLedger()
    let committed = CommittedLedger()
    var store: [LevelKey: StockLevel] = [:]
    var journal: [Entry] = []
    var refusals: Set<String> = []
    var fault: String?

    init(seed: UInt64) {
        commands = RandomCommands(seed: seed)
    }

    mutating func perform(commands count: Int) {
        var opening = commands.opening()[...]
        var done = 0
        while done < count, fault == nil {
            let size = commands.pick([1, 1, 3, 10, 40])
            var state = LedgerState(base: committed)
            var batch: [Entry] = []
            let before = (state: state, model: model, ids: commands.ids, webhooks: commands.webhooks)
            while let command = opening.popFirst() { step(command, &state, &batch) }
            for _ in 0..<size where fault == nil { step(commands.command(), &state, &batch) }
            done += size
            if done > size, commands.chance(15) {
                // A group that is put back has never been.
                (state, model, commands.ids) = (before.state, before.model, before.ids)
                commands.webhooks = before.webhooks
                if state.head != committed.head { fault = "a group was put back and the head was not" }
                continue
            }
            committed.publish(state)
            journal += batch
            store.merge(state.changedLevels) { $1 }
            for key in committed.levels.keys.sorted() where commands.chance(20) { committed.evict(key) }
        }
        finish()
    }

    private mutating func step(_ command: Command, _ state: inout LedgerState, _ batch: inout [Entry]) {
        var needed = Footprint()
        footprint(of: command, given: state, into: &needed)
        for key in needed.levels {
            if let level = store[key] { committed.load(level) } else { fault = "\(key) was asked for in vain" }
        }
        for id in needed.receipts {
            guard let entry = (journal + batch).first(where: { $0.id == id }) else { continue }
            state.receipts[id] = entry.movement.map { ReceiptFacts($0) } ?? .notAReceipt
            if entry.movement?.kind != .receipt { model.others.insert(id) }
        }
        let moment = commands.moment()
        let head = state.head
        let expected = model.perform(command, now: moment.now.milliseconds, head: head.seq)
        do throws(Rejection) {
            let decision = try decide(command, given: state, at: moment)
            apply(decision, to: &state)
            batch += decision.entries
            commands.ids.append(decision.first.id)
            guard case .success(let done) = expected else {
                fault = "\(command) was done instead of \(expected)"
                return
            }
            check(decision, done, after: head, state)
        } catch {
            refusals.insert("\(error)".split(separator: "(")[0].description)
            if state.head != head { fault = "a refusal moved the head" }
            if case .failure(error) = expected { return }
            if case .jointNameTaken = error, case .failure(.jointNameTaken) = expected { return }
            fault = "\(command): \(error) instead of \(expected)"
        }
    }

    private mutating func check(_ decision: Decision, _ done: NaiveLedger.Done, after head: Head, _ state: LedgerState)
    {
        var last = head
        for entry in decision.entries {
            if entry.seq != last.seq + 1 || entry.id <= last.id || entry.recordedAt < last.recordedAt {
                fault = "\(entry.head) after \(last)"
            }
            last = entry.head
        }
        if state.head != last { fault = "the head is not the last entry's" }
        if decision.following.map(\.change.type) != done.alerts {
            fault = "\(decision.following) instead of \(done.alerts)"
        }
        switch decision.first.change {
        case .itemCreated(let item): model.items[model.items.count - 1].id = item.id
        case .locationCreated(let location): model.places[model.places.count - 1].id = location.id
        case .webhookChanged(let change, let webhook):
            if change == .created {
                model.hooks[model.hooks.count - 1].id = webhook.id
                commands.webhooks.append(webhook.id)
            }
            let index = Int(webhook.number.rawValue) - 1
            if NaiveLedger.Hook(webhook) != model.hooks[index] { fault = "\(webhook) for \(model.hooks[index])" }
            if state.webhook(webhook.id) != webhook || state.webhook(webhook.number) != webhook {
                fault = "\(webhook) is not what the state has"
            }
        case .stockSettingsChanged(let change):
            let pair = NaiveLedger.Pair(
                item: Int(change.level.item.rawValue) - 1, place: Int(change.level.location.rawValue) - 1)
            if NaiveLedger.Settings(change.settings) != model.settings[pair]
                || change.settings.changedSeq != decision.first.seq
                || state.level(change.level)?.settings != change.settings
            {
                fault = "\(change) instead of \(model.settings[pair] as Any)"
            }
        default: break
        }
        for entry in decision.entries {
            if case .movementRecorded(let movement) = entry.change { check(movement, entry, done, state) }
        }
    }

    private mutating func check(
        _ movement: Movement, _ entry: Entry, _ done: NaiveLedger.Done, _ state: LedgerState
    ) {
        if legs(of: movement) != done.legs { fault = "\(movement) instead of \(done.legs)" }
        for leg in done.legs {
            let key = LevelKey(item: movement.item, location: number(leg.place))
            if state.level(key).map({ level(of: $0.pool) })
                != model.level(Int(movement.item.rawValue) - 1, leg.place)
            {
                fault = "the level \(key) differs"
            }
        }
        if movement.kind == .receipt, let leg = done.legs.first {
            model.receipts[entry.id] = (Int(movement.item.rawValue) - 1, leg.quantity, leg.value + leg.variance)
        }
        if movement.kind == .transfer, let target = movement.target,
            Int128(movement.valueChange) + Int128(target.valueChange) + Int128(target.variance) != 0
        {
            fault = "a transfer made or lost value: \(movement)"
        }
    }

    private func number(_ place: Int) -> LocationNumber { LocationNumber(rawValue: UInt32(place + 1)) }

    private func level(of pool: CostPool) -> NaiveLedger.Level {
        NaiveLedger.Level(onHand: Int128(pool.onHand), value: Int128(pool.value), average: Int128(pool.lastWAC))
    }

    private func legs(of movement: Movement) -> [NaiveLedger.Leg] {
        var legs = [
            NaiveLedger.Leg(
                place: Int(movement.location.rawValue) - 1, quantity: Int128(movement.quantity),
                value: Int128(movement.valueChange), variance: Int128(movement.variance),
                after: level(of: movement.after))
        ]
        if let target = movement.target {
            legs.append(
                NaiveLedger.Leg(
                    place: Int(target.location.rawValue) - 1, quantity: -Int128(movement.quantity),
                    value: Int128(target.valueChange), variance: Int128(target.variance), after: level(of: target.after)
                ))
        }
        return legs
    }

    /// Levels, catalogue, counts and a replica made from the journal, once the run is over.
    private mutating func finish() {
        guard fault == nil else { return }
        for level in store.values { committed.load(level) }
        for (index, item) in model.items.enumerated() {
            for place in model.places.indices {
                let key = LevelKey(item: ItemNumber(rawValue: UInt32(index + 1)), location: number(place))
                let pool = committed.level(key)?.pool ?? .empty
                if level(of: pool) != model.level(index, place) { fault = "at the end \(key) differs" }
                let settings = committed.level(key)?.settings.map { NaiveLedger.Settings($0) }
                if settings != model.settings[NaiveLedger.Pair(item: index, place: place)] {
                    fault = "at the end the settings of \(key) differ"
                }
                if committed.hasLevel(key) != model.isKnown(index, place) { fault = "\(key) is known or not" }
                if pool.onHand == 0 ? pool.value != 0 : pool.onHand.signum() * pool.value.signum() < 0 {
                    fault = "\(key) has \(pool)"
                }
            }
            let found = committed.item(.sku(item.name))
            if found?.id != item.id || (found?.archivedSeq != nil) != item.archived { fault = "item \(item.name)" }
        }
        for (index, place) in model.places.enumerated() {
            let stocked = model.items.indices.count { model.level($0, index).onHand != 0 }
            if committed.stockedLevelsByLocation[index] != stocked { fault = "count of \(place.name)" }
            if committed.locations[index].isDefault != (model.defaultPlace == index) { fault = "default \(place.name)" }
        }
        if committed.webhooks.map(NaiveLedger.Hook.init) != model.hooks { fault = "the endpoints differ" }
        let replica = CommittedLedger()
        for entry in journal { replica.replay(entry) }
        if let difference = difference(replica, committed) { fault = "replayed: \(difference)" }
    }
}
