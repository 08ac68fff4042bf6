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
    /// From now on each commit that appends a block runs `failure` at its very end.
    private func fail(_ failure: String, _ fixture: Fixture) throws {
        try fixture.testDatabase.server.psql(
            """
            CREATE FUNCTION public.fail_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN \(failure) RETURN NULL; END $$;
            GRANT EXECUTE ON FUNCTION public.fail_at_commit() TO PUBLIC;
            CREATE CONSTRAINT TRIGGER fail_at_commit AFTER INSERT ON bincard.block DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION public.fail_at_commit()
            """, url: fixture.testDatabase.ownerURL)
    }

    private func failNoMore(_ fixture: Fixture) throws {
        try fixture.testDatabase.server.psql(
            "DROP TRIGGER fail_at_commit ON bincard.block", url: fixture.testDatabase.ownerURL)
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
        try fail("RAISE EXCEPTION 'no room' USING ERRCODE = '53100';", fixture)
        let error = #expect(throws: StoreError.self) { try store.commit(unit) }
        guard case .full = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try store.currentVersion() == version)
        try failNoMore(fixture)
        #expect(try store.commit(unit) == .durable(version: version + 1))
    }

    @Test("a session that ends at the commit leaves an outcome that nobody knows")
    func end() throws {
        let fixture = try Fixture()
        var ledger = SampleLedger(seed: 22, items: 4, locations: 2, blocks: 3)
        let store = try store(fixture, &ledger)
        defer { store.close() }
        let unit = ledger.seal()
        let version = try store.currentVersion()
        try fail("PERFORM pg_terminate_backend(pg_backend_pid());", fixture)
        let error = #expect(throws: StoreError.self) { try store.commit(unit) }
        guard case .unavailable(_, isOutcomeUnknown: true) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try store.currentVersion() == version)
        try failNoMore(fixture)
        #expect(try store.commit(unit) == .durable(version: version + 1))
    }

    @Test(
        "an error of another node, which a Citus has lost, leaves an outcome that nobody knows; the connection stands",
        arguments: ["XX000", "08006", "08003"])
    func node(state: String) throws {
        let fixture = try Fixture(.distributed)
        var ledger = SampleLedger(seed: 23, items: 4, locations: 2, blocks: 3)
        let store = try store(fixture, &ledger)
        defer { store.close() }
        let unit = ledger.seal()
        let version = try store.currentVersion()
        try fail("RAISE EXCEPTION 'connection to the remote node failed' USING ERRCODE = '\(state)';", fixture)
        let error = #expect(throws: StoreError.self) { try store.commit(unit) }
        guard case .unavailable(_, isOutcomeUnknown: true) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try failNoMore(fixture)
        #expect(try store.commit(unit) == .durable(version: version + 1))
    }

    @Test("where there are no other nodes, an internal error is a fault of the database and stops the ledger")
    func internalError() throws {
        let fixture = try Fixture()
        var ledger = SampleLedger(seed: 24, items: 4, locations: 2, blocks: 3)
        let store = try store(fixture, &ledger)
        defer { store.close() }
        try fail("RAISE EXCEPTION 'unexpected' USING ERRCODE = 'XX000';", fixture)
        let unit = ledger.seal()
        let error = #expect(throws: StoreError.self) { try store.commit(unit) }
        guard case .failed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
