import LedgerCore
import LedgerStorage
import MemoryStorage
import SampleLedger
import Testing

@Suite("verifying webhook endpoints")
struct WebhookVerificationTests {
    private typealias Problem = VerificationReport.Problem

    /// Two endpoints: the first stays, the second goes through everything that can happen to one, and is deleted.
    private static func ledger() -> SampleLedger {
        var ledger = SampleLedger(seed: 71)
        ledger.addLocation("UK-1")
        ledger.addItem("SKU-1")
        ledger.addWebhook("https://one.example")
        ledger.addWebhook("https://two.example")
        ledger.seal()
        for change in [WebhookChange.updated, .secretRotated, .disabled, .enabled] {
            ledger.changeWebhook(1, change)
            ledger.addMovement()
            ledger.seal()
        }
        ledger.addReplay(to: 1)
        ledger.changeWebhook(1, .deleted)
        ledger.changeWebhook(0, .updated)
        ledger.seal()
        return ledger
    }

    private func report(_ blocks: [Block], _ projection: ProjectionChunk? = nil) throws -> VerificationReport {
        let store = MemoryRealmStore()
        for block in blocks { try store.commit(CommitUnit(block: block)) }
        if let projection { try store.commit(CommitUnit(projection: projection)) }
        return try LedgerVerifier(store: store).run()
    }

    /// The journal with one entry changed by somebody who could also seal it anew from there on.
    private func forged(_ ledger: SampleLedger, _ seq: UInt64, _ change: (inout Entry) -> Void) throws -> [Block] {
        var entries = ledger.entries
        let index = try #require(entries.firstIndex { $0.seq == seq })
        change(&entries[index])
        var sealed = SealedHead.start
        return try ledger.blocks.map { block in
            let part = entries.filter { (block.firstSeq...block.lastSeq).contains($0.seq) }
            let resealed = try #require(Block.seal(part, after: sealed))
            sealed = resealed.sealedHead
            return resealed
        }
    }

    @Test("endpoints that were created, changed and deleted are proven, with their rows")
    func good() throws {
        let ledger = Self.ledger()
        #expect(try report(ledger.blocks, ledger.projection).problem == nil)
        for seed in 72..<80 as Range<UInt64> {
            let ledger = SampleLedger(seed: seed, items: 3, locations: 2, blocks: 60)
            #expect(try report(ledger.blocks, ledger.projection).problem == nil, "seed \(seed)")
        }
    }

    private struct Forgery: Sendable {
        var name: String
        /// The entry to change: the one of this type about the second endpoint.
        var type: String
        var change: @Sendable (inout WebhookEndpoint) -> Void
    }

    private static let forgeries: [Forgery] = [
        Forgery(name: "the seq of the change", type: "webhook.updated", change: { $0.changedSeq -= 1 }),
        Forgery(name: "a number that is skipped", type: "webhook.created", change: { $0.number.rawValue += 5 }),
        Forgery(name: "a number that is taken", type: "webhook.created", change: { $0.number.rawValue = 1 }),
        Forgery(name: "number 0", type: "webhook.created", change: { $0.number.rawValue = 0 }),
        Forgery(name: "created elsewhere", type: "webhook.created", change: { $0.createdSeq -= 1 }),
        Forgery(name: "created as deleted", type: "webhook.created", change: { $0.deletedSeq = $0.createdSeq }),
        Forgery(name: "another endpoint's number", type: "webhook.updated", change: { $0.number.rawValue -= 1 }),
        Forgery(name: "an endpoint that never was", type: "webhook.updated", change: { $0.number.rawValue = 99 }),
        Forgery(name: "another id", type: "webhook.updated", change: { $0.id = .zero }),
        Forgery(name: "another origin", type: "webhook.updated", change: { $0.createdSeq = 1 }),
        Forgery(name: "another birth", type: "webhook.updated", change: { $0.createdAt.milliseconds += 1 }),
        Forgery(name: "deleted by an update", type: "webhook.updated", change: { $0.deletedSeq = $0.changedSeq }),
        Forgery(name: "a secret by an update", type: "webhook.updated", change: { $0.secrets[0].sealed[0] ^= 1 }),
        Forgery(name: "no secret by an update", type: "webhook.updated", change: { $0.secrets = [] }),
        Forgery(name: "a status by an update", type: "webhook.updated", change: { $0.status = .disabled(.gone) }),
        Forgery(
            name: "a url by a rotation", type: "webhook.secret_rotated", change: { $0.url = "https://evil.example" }),
        Forgery(name: "events by disabling", type: "webhook.disabled", change: { $0.events = ["*"] }),
        Forgery(name: "disabled and enabled", type: "webhook.disabled", change: { $0.status = .enabled }),
        Forgery(name: "enabled and disabled", type: "webhook.enabled", change: { $0.status = .disabled(.failing) }),
        Forgery(name: "a url by deleting", type: "webhook.deleted", change: { $0.url = "https://evil.example" }),
        Forgery(name: "deleted without saying so", type: "webhook.deleted", change: { $0.deletedSeq = nil }),
        Forgery(name: "deleted at another entry", type: "webhook.deleted", change: { $0.deletedSeq = 1 }),
    ]

    @Test(
        "an entry about an endpoint that does not follow is noticed although it is sealed", arguments: forgeries.indices
    )
    func forgedEntries(index: Int) throws {
        let ledger = Self.ledger()
        let forgery = Self.forgeries[index]
        let entry = try #require(
            ledger.entries.first { entry in
                guard case .webhookChanged(_, let webhook) = entry.change else { return false }
                return entry.change.type == forgery.type && webhook.number.rawValue == 2
            })
        let blocks = try forged(ledger, entry.seq) { entry in
            guard case .webhookChanged(let what, var webhook) = entry.change else { return }
            forgery.change(&webhook)
            entry.change = .webhookChanged(what, webhook)
        }
        let problem = try report(blocks).problem
        #expect(problem?.what == .entryInconsistent, "\(forgery.name): \(problem?.detail ?? "nothing is wrong")")
        #expect(problem?.seq == entry.seq, "\(forgery.name)")
        // Without a new seal, the seal does not fit either.
        var unsealed = ledger.blocks
        let place = try #require(unsealed.firstIndex { ($0.firstSeq...$0.lastSeq).contains(entry.seq) })
        unsealed[place].data = blocks[place].data
        let first = try #require(try report(unsealed).problem?.seq)
        #expect((unsealed[place].firstSeq...unsealed[place].lastSeq).contains(first), "\(forgery.name)")
    }

    @Test("a change after the deletion is noticed, whatever it is", arguments: WebhookChange.allCases)
    func afterDeletion(change: WebhookChange) throws {
        var ledger = Self.ledger()
        let seq = ledger.sealed.head.seq + 1
        var webhook = ledger.webhooks[1]
        webhook.changedSeq = seq
        webhook.deletedSeq = change == .deleted ? seq : nil
        webhook.status = change == .disabled ? .disabled(.gone) : .enabled
        ledger.add(webhook, as: change)
        ledger.seal()
        let problem = try report(ledger.blocks).problem
        #expect(problem?.what == .entryInconsistent && problem?.seq == seq, "\(problem?.detail ?? "nothing is wrong")")
    }

    @Test("a replay that could not have been asked for is noticed")
    func replays() throws {
        let ledger = Self.ledger()
        let entry = try #require(ledger.entries.first { $0.change.type == "webhook.replay_requested" })
        let changes: [(name: String, change: (inout ReplayRequest) -> Void)] = [
            ("an endpoint that never was", { $0.webhook.rawValue = 99 }),
            ("endpoint 0", { $0.webhook.rawValue = 0 }),
            ("seq 0", { $0.firstSeq = 0 }),
            ("an empty stretch", { $0.firstSeq = $0.lastSeq + 1 }),
            ("its own entry", { $0.lastSeq = entry.seq }),
            ("entries to come", { $0.lastSeq = .max }),
        ]
        for (name, change) in changes {
            let blocks = try forged(ledger, entry.seq) { entry in
                guard case .replayRequested(var replay) = entry.change else { return }
                change(&replay)
                entry.change = .replayRequested(replay)
            }
            let problem = try report(blocks).problem
            #expect(problem?.what == .entryInconsistent && problem?.seq == entry.seq, "\(name)")
        }
        // To an endpoint that is disabled, and to one that is deleted.
        for change in [WebhookChange.disabled, .deleted] {
            var ledger = Self.ledger()
            ledger.changeWebhook(0, change)
            ledger.addReplay(to: 0)
            ledger.seal()
            let problem = try report(ledger.blocks).problem
            #expect(problem?.what == .entryInconsistent && problem?.seq == ledger.sealed.head.seq, "\(change)")
        }
    }

    @Test("a changed row of an endpoint is noticed, and named")
    func rows() throws {
        let ledger = Self.ledger()
        let last = 1
        let name = "webhook endpoint 2"
        let changes: [(what: String, change: (inout [WebhookEndpoint]) -> Void)] = [
            ("its secret", { $0[last].secrets[0].sealed[0] ^= 1 }),
            ("one secret more", { $0[last].secrets.append(WebhookSecretRecord(sealed: [1])) }),
            ("its url", { $0[last].url = "https://evil.example" }),
            ("its events", { $0[last].events.removeLast() }),
            ("its description", { $0[last].description = "x" }),
            ("its status", { $0[last].status = .disabled(.requested) }),
            ("its id", { $0[last].id.low ^= 1 }),
            ("its deletion", { $0[last].deletedSeq = nil }),
            ("its times", { $0[last].updatedAt.milliseconds += 1 }),
            ("its seq", { $0[last].changedSeq += 1 }),
            ("gone", { $0.removeLast() }),
        ]
        for (what, change) in changes {
            var projection = ledger.projection
            change(&projection.webhooks)
            let problem = try report(ledger.blocks, projection).problem
            #expect(problem?.what == .projectionDiffers, "\(what)")
            #expect(problem?.detail.contains(name) == true, "\(what): \(problem?.detail ?? "nothing is wrong")")
        }
        var projection = ledger.projection
        var stranger = projection.webhooks[0]
        stranger.number.rawValue = 3
        projection.webhooks.append(stranger)
        #expect(try report(ledger.blocks, projection).problem?.detail.contains("endpoint 3") == true)
    }

    @Test("a row may be newer than the applied seq, but not older")
    func age() throws {
        var ledger = Self.ledger()
        var old = ledger.projection
        let applied = ledger.sealed.head.seq
        for change in [WebhookChange.updated, .disabled, .created] { ledger.changeWebhook(0, change) }
        ledger.seal()
        var new = ledger.projection
        new.references = old.references
        new.appliedSeq = applied
        #expect(try report(ledger.blocks, new).problem == nil)
        #expect(try report(ledger.blocks, old).problem == nil)
        old.appliedSeq = ledger.sealed.head.seq
        #expect(try report(ledger.blocks, old).problem?.what == .projectionDiffers)
    }
}
