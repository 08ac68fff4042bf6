import LedgerCore
import PostgresStorage
import Testing

@Suite("how a database stands")
struct ExaminationTests {
    @Test(
        "its schema, the fence and the server's role are told, and into how many shards a Citus divides the tables",
        arguments: [(Fixture.Form.plain, Int?.none), (.distributed, 32)])
    func health(form: Fixture.Form, shards: Int?) throws {
        let fixture = try Fixture(form)
        let health = try fixture.database.examine { Instant(milliseconds: 1_000) }
        #expect(health.shards == shards)
        #expect(health.schemaStep == PostgresMigrations.newest && health.unfencedTables == 0)
        #expect(health.role == "bincard_server" && health.serverVersion >= 150_000)
        // The clock of this test stands in 1970.
        #expect(health.clockAhead > 50 * 365 * 86_400_000)
    }
}
