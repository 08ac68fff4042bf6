import LedgerCore
import LedgerEngine
import LedgerStorage
import MemoryStorage
import Testing

@Suite("Webhook endpoints in the engine")
struct WebhookTests {
    private func create(_ url: String = "https://example.com") -> Command {
        .webhook(.create(WebhookDraft(url: url, events: ["*"], description: "d", secret: [1, 2, 3])))
    }

    /// The ids of all endpoints, in the order of their creation.
    private func ids(_ test: LedgerUnderTest) -> [ULID] { test.ledger.withCommitted { $0.webhooks.map(\.id) } }

    /// Three endpoints: one changed in every way, one deleted, one as it was made.
    private func fill(_ test: LedgerUnderTest) async throws {
        for number in 1...3 { await test.write(create("https://\(number).example")) }
        let ids = ids(test)
        var changes = WebhookChanges()
        changes.url = "https://new.example"
        changes.description = .clear
        let commands: [WebhookCommand] = [
            .update(ids[0], changes), .disable(ids[0], .failing), .enable(ids[0]),
            .rotateSecret(ids[0], sealed: [4], oldExpiresAt: Instant(milliseconds: 1_790_000_000_000)),
            .replay(ids[0], firstSeq: 1, lastSeq: nil, events: ["stock.*"], deadOnly: true), .delete(ids[1]),
        ]
        for command in commands { #expect(await test.write(.webhook(command)).decided?.status == 201) }
    }

    @Test("endpoints survive a restart as they were, after a clean stop and without one", arguments: [false, true])
    func restart(clean: Bool) async throws {
        let test = try LedgerUnderTest()
        try await test.stock(items: 2, quantity: 5)
        try await fill(test)
        let before = test.ledger.withCommitted { $0.webhooks }
        let changedSeq = test.ledger.withCommitted { $0.webhooksChangedSeq }
        #expect(before.count == 3 && before[0].url == "https://new.example" && before[0].secrets.count == 2)
        #expect(before.map(\.isDeleted) == [false, true, false])
        for _ in 0..<2 {
            if clean { test.ledger.close() }
            if clean { #expect(try test.store.open().webhooks == before) }
            try test.reopen()
            #expect(test.ledger.withCommitted { $0.webhooks } == before)
            #expect(test.ledger.withCommitted { $0.webhooksChangedSeq } == changedSeq)
            try NaiveFold(test.journal()).compare(test.ledger, "opened again")
            #expect(try test.verify() == nil)
        }
        // It goes on where it was: the next number, and no deleted endpoint.
        #expect(await test.write(.webhook(.enable(before[1].id))).decided?.status == 422)
        #expect(await test.write(create()).decided?.status == 201)
        #expect(test.ledger.withCommitted { $0.webhooks.map(\.number.rawValue) } == [1, 2, 3, 4])
    }

    @Test("rows of endpoints are written behind in passes, some in each commit, and none is forgotten")
    func passes() async throws {
        var limits = EngineLimits()
        limits.entriesBetweenPasses = 5
        limits.levelsPerCommit = 1
        let test = try LedgerUnderTest(limits: limits)
        for number in 1...12 { await test.write(create("https://\(number).example")) }
        // A change while its row is being written belongs to the next pass.
        let ids = ids(test)
        for round in 0..<40 {
            let command: WebhookCommand = round.isMultiple(of: 2) ? .disable(ids[round % 12], .gone) : .enable(ids[3])
            await test.write(.webhook(command))
            let opened = try test.store.open()
            #expect(opened.webhooks.map(\.number.rawValue) == Array(1..<UInt32(opened.webhooks.count) + 1))
            #expect(try test.verify() == nil, "round \(round)")
        }
        #expect(try test.store.open().appliedSeq > 12)
        let before = test.ledger.withCommitted { $0.webhooks }
        try test.reopen()
        #expect(test.ledger.withCommitted { $0.webhooks } == before)
        test.ledger.close()
        #expect(try test.store.open().webhooks == before)
        #expect(try test.verify() == nil)
    }

    @Test("a commit that finds no room forgets neither the endpoints of the batch before nor those of its chunk")
    func full() async throws {
        var limits = EngineLimits()
        limits.entriesBetweenPasses = 3
        limits.levelsPerCommit = 2
        let test = try LedgerUnderTest(limits: limits)
        for number in 1...9 {
            await test.write(create("https://\(number).example"))
            test.store.fail(.full(detail: "no room"))
            #expect(await test.write(create("https://refused.example")).isStorageFull)
        }
        let before = test.ledger.withCommitted { $0.webhooks }
        #expect(before.map(\.url) == (1...9).map { "https://\($0).example" })
        #expect(try test.verify() == nil)
        test.ledger.close()
        #expect(try test.store.open().webhooks == before)
        try test.reopen()
        #expect(test.ledger.withCommitted { $0.webhooks } == before)
    }

    @Test("an atomic group with a refusal leaves no endpoint, no change of one, and gives its number again")
    func rollback() async throws {
        let test = try LedgerUnderTest()
        try await test.stock(quantity: 10)
        await test.write(create("https://kept.example"))
        let id = ids(test)[0]
        let before = test.ledger.withCommitted { $0.webhooks }
        let lines = [
            SubmittedCommand(create("https://undone.example"), identity: .key(1)),
            SubmittedCommand(.webhook(.disable(id, .requested)), identity: .key(2)),
            SubmittedCommand(.webhook(.delete(id)), identity: .key(3)),
            // It sees the lines before it.
            SubmittedCommand(.webhook(.enable(id)), identity: .key(4)),
        ]
        let answer = try #require(await test.write(group: lines, atomic: true).decided)
        #expect(answer.kinds == ["notApplied", "notApplied", "notApplied", "refused"])
        #expect(answer.lines[3].contains("webhookNotFound"))
        #expect(test.ledger.withCommitted { $0.webhooks } == before)
        // The same lines without atomicity, up to the deletion: the new endpoint takes the number that was given back.
        let again = try #require(await test.write(group: lines, atomic: false).decided)
        #expect(again.kinds == ["recorded", "recorded", "recorded", "refused"])
        #expect(test.ledger.withCommitted { $0.webhooks.map(\.number.rawValue) } == [1, 2])
        #expect(test.ledger.withCommitted { $0.webhooks.map(\.isDeleted) } == [true, false])
        try test.reopen()
        try NaiveFold(test.journal()).compare(test.ledger, "opened again")
        #expect(try test.verify() == nil)
    }

    @Test("a twin of a creation makes no second endpoint")
    func twins() async throws {
        let test = try LedgerUnderTest()
        let first = try #require(await test.write(create(), .key(1)).decided)
        #expect(await test.write(create(), .key(1)).replayed == first)
        try test.reopen()
        #expect(await test.write(create(), .key(1)).replayed == first)
        #expect(ids(test).count == 1)
    }
}
