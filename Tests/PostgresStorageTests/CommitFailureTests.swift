import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import SampleLedger
import Testing

/// PostgreSQL gives a statement's result before it commits what the statement did: an error of the log, or the end of
/// the session, comes behind the result. Here a deferred trigger fails at that moment.
@Suite("a commit that fails after its statement has answered")
struct CommitFailureTests {
    /// Commits the unit, which fails without anybody knowing what became of it; it can be committed once nothing fails
    /// any more.
    private func expectUnknownOutcome(of unit: CommitUnit, on store: PostgresRealmStore, _ fixture: Fixture) throws {
        let version = try store.currentVersion()
        let error = #expect(throws: StoreError.self) { try store.commit(unit) }
        guard case .unavailable(_, isOutcomeUnknown: true) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try store.currentVersion() == version)
        try fixture.failCommitsNoMore()
        #expect(try store.commit(unit) == .durable(version: version + 1))
    }

    private func store(_ fixture: Fixture, _ ledger: inout SampleLedger) throws -> PostgresRealmStore {
        let store = fixture.database.openRealm(fixture.freshRealm())
        _ = try store.open()
        store.finishOpening()
        try ledger.write(to: store)
        // A statement is prepared by its first use and goes alone from the second on.
        for _ in 0..<2 {
            ledger.addMovement()
            _ = try store.commit(ledger.seal())
        }
        ledger.addMovement()
        return store
    }

    @Test("an error at the commit is not taken for durable, and the same unit can be committed afterwards")
    func error() throws {
        let fixture = try Fixture()
        var ledger = SampleLedger(seed: 21, items: 4, locations: 2, blocks: 3)
        let store = try store(fixture, &ledger)
        defer { store.close() }
        let unit = ledger.seal()
        let version = try store.currentVersion()
        try fixture.failCommits("RAISE EXCEPTION 'no room' USING ERRCODE = '53100';")
        let error = #expect(throws: StoreError.self) { try store.commit(unit) }
        guard case .full = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try store.currentVersion() == version)
        try fixture.failCommitsNoMore()
        #expect(try store.commit(unit) == .durable(version: version + 1))
    }

    @Test("a session that ends at the commit leaves an outcome that nobody knows")
    func end() throws {
        let fixture = try Fixture()
        var ledger = SampleLedger(seed: 22, items: 4, locations: 2, blocks: 3)
        let store = try store(fixture, &ledger)
        defer { store.close() }
        try fixture.failCommits("PERFORM pg_terminate_backend(pg_backend_pid());")
        try expectUnknownOutcome(of: ledger.seal(), on: store, fixture)
    }

    @Test(
        "an error of another node, which a Citus has lost, leaves an outcome that nobody knows; the connection stands",
        arguments: ["XX000", "08006", "08003"])
    func node(state: String) throws {
        let fixture = try Fixture(.distributed)
        var ledger = SampleLedger(seed: 23, items: 4, locations: 2, blocks: 3)
        let store = try store(fixture, &ledger)
        defer { store.close() }
        try fixture.failCommits(
            "RAISE EXCEPTION 'connection to the remote node failed' USING ERRCODE = '\(state)';")
        try expectUnknownOutcome(of: ledger.seal(), on: store, fixture)
    }

    @Test("where there are no other nodes, an internal error is a fault of the database and stops the ledger")
    func internalError() throws {
        let fixture = try Fixture()
        var ledger = SampleLedger(seed: 24, items: 4, locations: 2, blocks: 3)
        let store = try store(fixture, &ledger)
        defer { store.close() }
        try fixture.failCommits("RAISE EXCEPTION 'unexpected' USING ERRCODE = 'XX000';")
        let unit = ledger.seal()
        let error = #expect(throws: StoreError.self) { try store.commit(unit) }
        guard case .failed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
