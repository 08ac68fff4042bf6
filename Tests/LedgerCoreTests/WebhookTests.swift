import LedgerCore
import Testing

@Suite("webhook endpoints")
struct WebhookTests {
    /// A command for the endpoint with this id.
    private typealias MakeCommand = @Sendable (ULID) -> WebhookCommand

    private static func draft(_ url: String = "https://example.com", events: [String] = ["*"]) -> WebhookDraft {
        WebhookDraft(url: url, events: events, secret: [1])
    }

    private static func changes(_ change: (inout WebhookChanges) -> Void) -> WebhookChanges {
        var changes = WebhookChanges()
        change(&changes)
        return changes
    }

    /// An endpoint as it is after these commands, made for it by its id.
    private func endpoint(_ ledger: inout TestLedger, _ commands: [MakeCommand] = []) throws -> ULID {
        let id = try ledger.perform(.webhook(.create(Self.draft()))).first.id
        for command in commands { try ledger.perform(.webhook(command(id))) }
        return id
    }

    @Test("a new endpoint carries the id, the seq and the time of the entry that created it")
    func creation() throws {
        var ledger = try TestLedger.stocked()
        var draft = Self.draft("https://example.com/in?a=b", events: ["stock.*", "movement.created"])
        draft.description = "the shop"
        let entry = try ledger.perform(.webhook(.create(draft))).first
        let expected = WebhookEndpoint(
            number: WebhookNumber(rawValue: 1), id: entry.id, url: draft.url, events: draft.events,
            description: "the shop", secrets: [WebhookSecretRecord(sealed: [1])], createdAt: entry.recordedAt,
            updatedAt: entry.recordedAt, createdSeq: entry.seq, changedSeq: entry.seq)
        #expect(entry.change == .webhookChanged(.created, expected))
        #expect(entry.change.type == "webhook.created")
        #expect(expected.isActive && !expected.isDeleted)
        for _ in 0..<2 {
            #expect(ledger.state.webhook(entry.id) == expected)
            #expect(ledger.state.webhook(WebhookNumber(rawValue: 1)) == expected)
            #expect(ledger.state.webhook(WebhookNumber(rawValue: 2)) == nil)
            #expect(ledger.state.webhook(.zero) == nil)
            ledger.publish()
        }
        #expect(ledger.committed.webhooks == [expected])
        #expect(ledger.committed.webhooksChangedSeq == entry.seq)
        let second = try ledger.perform(.webhook(.create(Self.draft()))).first
        #expect(ledger.state.webhook(second.id)?.number.rawValue == 2)
        #expect(footprint(of: .webhook(.delete(second.id)), given: ledger.state).levels.isEmpty)
    }

    private struct Step: Sendable {
        var name: String
        var command: MakeCommand
        var type: String
        /// What the endpoint is afterwards, beside its times.
        var effect: @Sendable (inout WebhookEndpoint) -> Void
    }

    private static let end = Instant(milliseconds: 1_700_000_900_000)

    private static let steps: [Step] = [
        Step(
            name: "a new url", command: { .update($0, changes { $0.url = "https://new.example" }) },
            type: "webhook.updated", effect: { $0.url = "https://new.example" }),
        Step(
            name: "other events", command: { .update($0, changes { $0.events = ["lot.*", "*"] }) },
            type: "webhook.updated", effect: { $0.events = ["lot.*", "*"] }),
        Step(
            name: "a description", command: { .update($0, changes { $0.description = .set("") }) },
            type: "webhook.updated", effect: { $0.description = "" }),
        Step(
            name: "no description", command: { .update($0, changes { $0.description = .clear }) },
            type: "webhook.updated", effect: { $0.description = nil }),
        Step(name: "nothing", command: { .update($0, WebhookChanges()) }, type: "webhook.updated", effect: { _ in }),
        Step(
            name: "disabled by somebody", command: { .disable($0, .requested) }, type: "webhook.disabled",
            effect: { $0.status = .disabled(.requested) }),
        Step(
            name: "disabled again, for another reason", command: { .disable($0, .gone) }, type: "webhook.disabled",
            effect: { $0.status = .disabled(.gone) }),
        Step(
            name: "a new url while it is disabled", command: { .update($0, changes { $0.url = "https://b.example" }) },
            type: "webhook.updated", effect: { $0.url = "https://b.example" }),
        Step(
            name: "enabled", command: { .enable($0) }, type: "webhook.enabled", effect: { $0.status = .enabled }),
        Step(name: "enabled again", command: { .enable($0) }, type: "webhook.enabled", effect: { _ in }),
        Step(
            name: "a new secret", command: { .rotateSecret($0, sealed: [2], oldExpiresAt: end) },
            type: "webhook.secret_rotated",
            effect: {
                $0.secrets = [WebhookSecretRecord(sealed: [2]), WebhookSecretRecord(sealed: [1], expiresAt: end)]
            }),
        Step(
            name: "failing", command: { .disable($0, .failing) }, type: "webhook.disabled",
            effect: { $0.status = .disabled(.failing) }),
        Step(name: "deleted", command: { .delete($0) }, type: "webhook.deleted", effect: { _ in }),
    ]

    @Test(
        "each change does what it says and nothing else, in one batch and over what is committed",
        arguments: [false, true])
    func changes(publishes: Bool) throws {
        var ledger = try TestLedger.stocked()
        let id = try endpoint(&ledger)
        for step in Self.steps {
            if publishes { ledger.publish() }
            var expected = try #require(ledger.state.webhook(id))
            let entry = try ledger.perform(.webhook(step.command(id))).first
            step.effect(&expected)
            expected.updatedAt = entry.recordedAt
            expected.changedSeq = entry.seq
            if step.type == "webhook.deleted" { expected.deletedSeq = entry.seq }
            #expect(ledger.state.webhook(id) == expected, "\(step.name)")
            #expect(entry.change.type == step.type, "\(step.name)")
            guard case .webhookChanged(_, let recorded) = entry.change else {
                Issue.record("\(step.name): \(entry.change)")
                continue
            }
            #expect(recorded == expected, "\(step.name)")
        }
        ledger.publish()
        #expect(ledger.committed.webhooks.map(\.isDeleted) == [true])
        #expect(ledger.committed.webhooksChangedSeq == ledger.committed.head.seq)
        let replica = CommittedLedger()
        for entry in ledger.journal { replica.replay(entry) }
        #expect(difference(replica, ledger.committed) == nil)
    }

    private struct Refusal: Sendable {
        var command: MakeCommand
        var rejection: @Sendable (ULID) -> Rejection?
        var before: [MakeCommand] = []
    }

    private static func replay(
        _ first: UInt64, _ last: UInt64? = nil, events: [String]? = nil
    ) -> MakeCommand {
        { .replay($0, firstSeq: first, lastSeq: last, events: events, deadOnly: false) }
    }

    private static let disabled: [MakeCommand] = [{ .disable($0, .gone) }]
    private static let deleted: [MakeCommand] = [{ .disable($0, .gone) }, { .delete($0) }]

    /// Entry 1 creates the endpoint.
    private static let refusals: [Refusal] = [
        Refusal(command: { _ in .create(draft(events: [])) }, rejection: { _ in .eventTypesRequired }),
        Refusal(command: { _ in .create(draft(events: ["*", "x"])) }, rejection: { _ in .unknownEventType("x") }),
        Refusal(command: { _ in .create(draft(events: ["", "x"])) }, rejection: { _ in .unknownEventType("") }),
        Refusal(command: { .update($0, changes { $0.events = [] }) }, rejection: { _ in .eventTypesRequired }),
        Refusal(
            command: { .update($0, changes { $0.events = ["stock"] }) }, rejection: { _ in .unknownEventType("stock") }),
        Refusal(command: { .disable($0, .failing, changedSeq: 0) }, rejection: { .webhookChanged($0) }),
        Refusal(command: { .disable($0, .failing, changedSeq: 2) }, rejection: { .webhookChanged($0) }),
        Refusal(command: { .disable($0, .failing, changedSeq: 1) }, rejection: { _ in nil }),
        Refusal(
            command: { .disable($0, .failing, changedSeq: 1) }, rejection: { .webhookChanged($0) },
            before: [{ .enable($0) }]),
        Refusal(
            command: { .disable($0, .failing, changedSeq: 2) }, rejection: { _ in nil }, before: [{ .enable($0) }]),
        Refusal(command: replay(0), rejection: { _ in .replayRangeEmpty }),
        Refusal(command: replay(1), rejection: { _ in nil }),
        Refusal(command: replay(1, .max), rejection: { _ in nil }),
        Refusal(command: replay(1, 0), rejection: { _ in .replayRangeEmpty }),
        Refusal(command: replay(2), rejection: { _ in .replayRangeEmpty }),
        Refusal(command: replay(.max, .max), rejection: { _ in .replayRangeEmpty }),
        Refusal(command: replay(2, 1), rejection: { _ in .replayRangeEmpty }, before: [{ .enable($0) }]),
        Refusal(command: replay(1, events: []), rejection: { _ in .eventTypesRequired }),
        Refusal(command: replay(0, events: ["a", "b"]), rejection: { _ in .unknownEventType("a") }),
        Refusal(command: replay(0, events: []), rejection: { .webhookDisabled($0) }, before: disabled),
        Refusal(command: { .update($0, changes { $0.url = "u" }) }, rejection: { _ in nil }, before: disabled),
        Refusal(command: { .enable($0) }, rejection: { .webhookNotFound($0) }, before: deleted),
        Refusal(command: { .delete($0) }, rejection: { .webhookNotFound($0) }, before: deleted),
        Refusal(command: replay(0, events: []), rejection: { .webhookNotFound($0) }, before: deleted),
        Refusal(
            command: { .update($0, changes { $0.events = [] }) }, rejection: { .webhookNotFound($0) }, before: deleted),
        Refusal(
            command: { .disable($0, .gone, changedSeq: 0) }, rejection: { .webhookNotFound($0) }, before: deleted),
        Refusal(
            command: { .rotateSecret($0, sealed: [], oldExpiresAt: end) }, rejection: { .webhookNotFound($0) },
            before: deleted),
        Refusal(command: { _ in .enable(.zero) }, rejection: { _ in .webhookNotFound(.zero) }),
        Refusal(command: { _ in .delete(.zero) }, rejection: { _ in .webhookNotFound(.zero) }),
    ]

    @Test("every refusal, in the documented order, in a batch and over what is committed", arguments: refusals.indices)
    func refused(index: Int) throws {
        let refusal = Self.refusals[index]
        var ledger = TestLedger()
        let id = try endpoint(&ledger, refusal.before)
        for _ in 0..<2 {
            #expect(ledger.refusal(of: .webhook(refusal.command(id))) == refusal.rejection(id))
            ledger.publish()
        }
    }

    @Test("the id of an item is no endpoint's")
    func otherIDs() throws {
        var ledger = try TestLedger.stocked()
        let item = try #require(ledger.state.item(.sku("X"))).id
        #expect(ledger.refusal(of: .webhook(.delete(item))) == .webhookNotFound(item))
        ledger.publish()
        #expect(ledger.refusal(of: .webhook(.delete(item))) == .webhookNotFound(item))
    }

    @Test("a replay ends at the head of its moment, and changes nothing")
    func replays() throws {
        var ledger = try TestLedger.stocked()
        let id = try endpoint(&ledger)
        let head = ledger.state.head.seq
        let before = ledger.state.webhook(id)
        let commands: [(first: UInt64, last: UInt64?, expected: UInt64)] = [
            (1, nil, head), (1, .max, head + 1), (2, 3, 3), (3, 3, 3), (head, head + 99, head + 4),
        ]
        for (first, last, expected) in commands {
            let entry = try ledger.perform(
                .webhook(.replay(id, firstSeq: first, lastSeq: last, events: ["stock.*"], deadOnly: true))
            ).first
            #expect(
                entry.change
                    == .replayRequested(
                        ReplayRequest(
                            webhook: WebhookNumber(rawValue: 1), firstSeq: first, lastSeq: expected,
                            events: ["stock.*"], deadOnly: true)))
            #expect(entry.change.type == "webhook.replay_requested")
        }
        #expect(ledger.state.webhook(id) == before)
        ledger.publish()
        #expect(ledger.committed.webhook(id) == before)
        #expect(ledger.committed.webhooksChangedSeq == head)
    }

    @Test("old secrets sign until the first end that was set for them, a few at a time, and then are gone")
    func secrets() throws {
        var ledger = TestLedger()
        let id = try endpoint(&ledger)
        func rotate(_ byte: UInt8, until end: Int64) throws -> [String] {
            try ledger.perform(
                .webhook(.rotateSecret(id, sealed: [byte], oldExpiresAt: Instant(milliseconds: end))))
            return (ledger.state.webhook(id)?.secrets ?? []).map { secret in
                "\(secret.sealed[0]) \(secret.expiresAt.map { "\($0.milliseconds - 1_700_000_000_000)" } ?? "-")"
            }
        }
        let start: Int64 = 1_700_000_000_000
        #expect(try rotate(2, until: start + 100) == ["2 -", "1 100"])
        // Later ends don't lengthen what was promised before; earlier ones shorten it.
        #expect(try rotate(3, until: start + 200) == ["3 -", "2 200", "1 100"])
        #expect(try rotate(4, until: start + 50) == ["4 -", "3 50", "2 50", "1 50"])
        #expect(try rotate(5, until: start + 300) == ["5 -", "4 300", "3 50", "2 50"])
        ledger.publish()
        ledger.clock = start + 49
        // At its end a secret no longer signs.
        #expect(try rotate(6, until: start + 400) == ["6 -", "5 400", "4 300"])
        // None beside the new one: an end that is over.
        #expect(try rotate(7, until: 0) == ["7 -"])
        #expect(try rotate(8, until: .max) == ["8 -", "7 \(Int64.max - start)"])
    }

    @Test("a realm has as many endpoints as it may; a deleted one makes room, and its number is not given again")
    func limit() throws {
        var ledger = TestLedger()
        var ids: [ULID] = []
        for index in 0..<Limits.webhooks {
            if index == 600 { ledger.publish() }
            ids.append(try ledger.perform(.webhook(.create(Self.draft()))).first.id)
        }
        let another = Command.webhook(.create(Self.draft()))
        for _ in 0..<2 {
            #expect(ledger.refusal(of: another) == .webhookLimit)
            #expect(ledger.refusal(of: .webhook(.create(Self.draft(events: [])))) == .eventTypesRequired)
            ledger.publish()
        }
        for id in [ids[3], ids[700]] {
            try ledger.perform(.webhook(.delete(id)))
            let created = try ledger.perform(another).first
            #expect(ledger.state.webhook(created.id)?.number.rawValue == (id == ids[3] ? 1_001 : 1_002))
            #expect(ledger.refusal(of: another) == .webhookLimit)
            ledger.publish()
            #expect(ledger.refusal(of: another) == .webhookLimit)
        }
        #expect(ledger.committed.webhooks.count == Limits.webhooks + 2)
        #expect(ledger.committed.webhook(ids[3])?.isDeleted == true)
        // A ledger that starts from rows, and one from the journal, count the same.
        let restored = CommittedLedger()
        restored.restore(
            items: [], locations: [], locationsByItem: [], stockedLevelsByLocation: [],
            webhooks: ledger.committed.webhooks, head: ledger.committed.head)
        #expect(difference(restored, ledger.committed) == nil)
        let replica = CommittedLedger()
        for _ in 0..<2 { for entry in ledger.journal { replica.replay(entry) } }
        #expect(difference(replica, ledger.committed) == nil)
        let moment = Moment(now: Instant(milliseconds: 1), actor: nil, random: (0, 0))
        for base in [restored, replica] {
            #expect(throws: Rejection.webhookLimit) { try decide(another, given: LedgerState(base: base), at: moment) }
        }
    }

    @Test("a state put back undoes what it did to endpoints, new ones and their number included")
    func rollback() throws {
        var ledger = TestLedger()
        let id = try endpoint(&ledger)
        ledger.publish()
        let before = ledger.state
        let webhook = ledger.state.webhook(id)
        try ledger.perform(.webhook(.delete(id)))
        let other = try ledger.perform(.webhook(.create(Self.draft()))).first.id
        #expect(ledger.refusal(of: .webhook(.enable(id))) == .webhookNotFound(id))
        ledger.state = before
        #expect(ledger.state.webhook(id) == webhook)
        #expect(ledger.state.webhook(other) == nil && ledger.state.webhook(WebhookNumber(rawValue: 2)) == nil)
        let again = try ledger.perform(.webhook(.create(Self.draft()))).first.id
        #expect(ledger.state.webhook(again)?.number.rawValue == 2)
        ledger.publish()
        #expect(ledger.committed.webhooks.map(\.id) == [id, again])
    }
}
