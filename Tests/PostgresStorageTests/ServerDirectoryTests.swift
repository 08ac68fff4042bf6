import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import Testing

@Suite("who runs over a database")
struct ServerDirectoryTests {
    private func server(_ number: UInt64) -> AnnouncedServer {
        AnnouncedServer(id: ULID(high: number << 16, low: 1), address: "http://10.0.0.\(number):8080")
    }

    @Test("each server learns of all that have said that they are there, until they say that they are not")
    func announced() throws {
        let fixture = try Fixture()
        let other = try fixture.otherServer()
        defer { other.close() }
        let (here, there) = (fixture.database.openServers(), other.openServers())
        #expect(try here.announce(server(2)) == [server(2)])
        #expect(try there.announce(server(1)) == [server(1), server(2)])
        var moved = server(2)
        moved.address = "http://10.0.0.9:8080"
        #expect(try here.announce(moved) == [server(1), moved])
        try there.leave(server(1).id)
        try there.leave(server(7).id)
        #expect(try here.announce(moved) == [moved])
    }

    @Test("one that has said nothing for five seconds is not named, and after a minute its row is gone")
    func silent() throws {
        let fixture = try Fixture()
        let directory = fixture.database.openServers()
        _ = try directory.announce(server(1))
        _ = try directory.announce(server(2))
        let (database, postgres) = (fixture.testDatabase, fixture.testDatabase.server)
        try postgres.psql(
            "UPDATE bincard.server SET seen_at = seen_at - 5001 WHERE address LIKE '%.1:%'", url: database.ownerURL)
        #expect(try directory.announce(server(2)) == [server(2)])
        #expect(try postgres.psql("SELECT count(*) FROM bincard.server", url: database.ownerURL).contains("2"))
        try postgres.psql(
            "UPDATE bincard.server SET seen_at = seen_at - 55000 WHERE address LIKE '%.1:%'", url: database.ownerURL)
        #expect(try directory.announce(server(2)) == [server(2)])
        #expect(try postgres.psql("SELECT count(*) FROM bincard.server", url: database.ownerURL).contains("1"))
    }
}
