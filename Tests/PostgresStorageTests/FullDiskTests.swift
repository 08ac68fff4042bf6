import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import SampleLedger
import Testing

/// PostgreSQL says `53100` when a file can't grow, and rolls the statement's transaction back. Here a trigger says it,
/// so that it happens when it should and to nobody else.
@Suite("a full disk under PostgreSQL")
struct FullDiskTests {
    private func fill(_ table: String, _ fixture: Fixture) throws {
        try fixture.testDatabase.server.psql(
            """
            CREATE OR REPLACE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
            GRANT EXECUTE ON FUNCTION public.no_room() TO PUBLIC;
            CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON bincard.\(table)
            FOR EACH ROW EXECUTE FUNCTION public.no_room()
            """, url: fixture.testDatabase.ownerURL)
    }

    private func empty(_ table: String, _ fixture: Fixture) throws {
        try fixture.testDatabase.server.psql(
            "DROP TRIGGER no_room ON bincard.\(table)", url: fixture.testDatabase.ownerURL)
    }

    @Test(
        "a commit for which there is no room says so, changes nothing, and works when there is room again",
        arguments: ["block", "idempotency_page", "stock_level"])
    func commit(table: String) throws {
        let fixture = try Fixture()
        let store = fixture.database.openRealm(fixture.freshRealm())
        defer { store.close() }
        _ = try store.open()
        store.finishOpening()
        var ledger = SampleLedger(seed: 11, items: 4, locations: 2, blocks: 3)
        try ledger.write(to: store)
        ledger.addMovement()
        var unit = ledger.seal()
        unit.projection = ledger.projection
        let version = try store.currentVersion()
        try fill(table, fixture)
        let error = #expect(throws: StoreError.self) { try store.commit(unit) }
        guard case .full = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try store.currentVersion() == version)
        try empty(table, fixture)
        #expect(try store.commit(unit) == .durable(version: version + 1))
    }
}
