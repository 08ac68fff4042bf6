import Foundation
import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import Testing

/// A database of a test's own and a server's way into it.
final class Fixture: Sendable {
    /// Of all databases here: they are copies of one.
    static let sealKey = RealmSealKey(bytes: TestDatabase.sealKey) ?? .random()

    let testDatabase: TestDatabase
    let database: PostgresDatabase

    /// How the schema is made.
    enum Form: String, CaseIterable {
        case plain
        /// As for a Citus, on what stands in for one and is none.
        case distributed
        /// So, with each table in partitions by the hash of its realm.
        case divided
    }

    init(_ form: Form = .plain) throws {
        let server = try PostgresServer.shared.get()
        testDatabase = try TestDatabase(
            on: server, template: form == .plain ? "bincard_template" : "bincard_\(form)_template"
        ) { url in
            if form != .plain { try CitusStandIn.install(on: server, ownerURL: url, divides: form == .divided) }
            _ = try PostgresAdministration(conninfo: url).migrate(
                serverRole: TestDatabase.role, sealKey: Fixture.sealKey,
                distribution: form == .plain ? .asItIs : .citus(shards: nil))
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

    /// Another process over the same database, as long as `body` runs. What its sessions have counted, and those of the
    /// owner before it, is told by then.
    func withOtherServer(_ body: (PostgresDatabase) throws -> Void) throws {
        try waitForSessions(of: "owner", most: 0)
        let before = try sessions(of: TestDatabase.role)
        let server = try otherServer()
        defer { server.close() }
        try body(server)
        server.close()
        try waitForSessions(of: TestDatabase.role, most: before)
    }

    private func sessions(of role: String) throws -> Int {
        try numbers(
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = '\(role)'
                AND backend_type = 'client backend' AND pid <> pg_backend_pid()
            """)[0]
    }

    /// Nobody else waits for the end of a session, and that is when it tells what it has counted.
    func waitForSessions(of role: String, most: Int) throws {
        var patience = 500
        while try sessions(of: role) > most, patience > 0 {
            patience -= 1
            usleep(20_000)
        }
    }

    /// The numbers that a statement of the owner's prints.
    func numbers(_ sql: String) throws -> [Int] {
        try testDatabase.server.psql(sql, url: testDatabase.ownerURL)
            .split(whereSeparator: { $0 == "|" || $0.isNewline }).compactMap { Int($0) }
    }

    /// From now on a commit that appends a block runs `failure`, with its statement or at its very end.
    ///
    /// - Parameter realm: whose commits do, and no others; nil for all.
    func failCommits(of realm: Realm? = nil, _ failure: String, atCommit: Bool = true) throws {
        let isMeant = realm.map { "NEW.realm = '\(Fixture.hex($0))'" } ?? "true"
        try testDatabase.server.psql(
            """
            CREATE FUNCTION public.fail_commit() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF \(isMeant) THEN \(failure) END IF;
                RETURN NULL;
            END $$;
            GRANT EXECUTE ON FUNCTION public.fail_commit() TO PUBLIC;
            CREATE CONSTRAINT TRIGGER fail_commit AFTER INSERT ON bincard.block
            DEFERRABLE INITIALLY \(atCommit ? "DEFERRED" : "IMMEDIATE")
            FOR EACH ROW EXECUTE FUNCTION public.fail_commit()
            """, url: testDatabase.ownerURL)
    }

    /// Ends what `failCommits` began.
    func failCommitsNoMore() throws {
        try testDatabase.server.psql("DROP TRIGGER fail_commit ON bincard.block", url: testDatabase.ownerURL)
    }

    /// A realm's id as PostgreSQL reads it.
    static func hex(_ realm: Realm) -> String { String(format: "%016lx%016lx", realm.id.high, realm.id.low) }

    /// A realm that nobody has.
    func freshRealm(_ tenant: String = "acme") -> Realm {
        Realm(id: ULID(high: .random(in: 1 ... .max), low: .random(in: 1 ... .max)), tenant: tenant, mode: .test)
    }
}
