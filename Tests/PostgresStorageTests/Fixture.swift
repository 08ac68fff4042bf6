import Foundation
import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import Testing

/// A database of a test's own and a server's way into it.
final class Fixture {
    /// Of all databases here: they are copies of one.
    static let sealKey = RealmSealKey.random()

    let testDatabase: TestDatabase
    let database: PostgresDatabase

    init() throws {
        testDatabase = try TestDatabase(on: try PostgresServer.shared.get()) { url in
            _ = try PostgresAdministration(conninfo: url).migrate(
                serverRole: TestDatabase.role, sealKey: Fixture.sealKey)
        }
        database = try PostgresDatabase(conninfo: testDatabase.url, sealKey: Fixture.sealKey)
    }

    deinit {
        database.close()
        testDatabase.drop()
    }

    /// Another process over the same database.
    func otherServer() throws -> PostgresDatabase {
        try PostgresDatabase(conninfo: testDatabase.url, sealKey: Fixture.sealKey)
    }

    /// A realm that nobody has.
    func freshRealm(_ tenant: String = "acme") -> Realm {
        Realm(id: ULID(high: .random(in: 1 ... .max), low: .random(in: 1 ... .max)), tenant: tenant, mode: .test)
    }
}
