import Foundation
import LedgerCore
import LedgerStorage
import PostgresServer
import PostgresStorage
import SampleLedger
import Synchronization
import Testing

/// A database of an owner that is no superuser, at this version's schema, with a few hundred thousand levels and blocks
/// of many ledgers.
final class SteppedDatabase: Sendable {
    /// One whose log says which lock was waited for longer than a write may.
    static let server = Result {
        let server = try PostgresServer(
            settings: [
                "log_lock_waits = on", "deadlock_timeout = \(longest)ms", "log_min_messages = log",
                "log_line_prefix = '%u@%d '",
            ])
        try server.psql("CREATE ROLE builder LOGIN CREATEROLE")
        return server
    }

    /// Milliseconds.
    static let longest = 250
    static let key = RealmSealKey.random()
    static let levels = 300_000
    private static let role = "stepped_server"
    private static let ledgers = 60

    let server: PostgresServer
    let name: String

    init() throws {
        server = try Self.server.get()
        name = server.freshName("stepped")
        try server.psql("CREATE DATABASE \(name) OWNER builder")
        _ = try migrate(to: [])
        try server.psql(
            """
            SET session_replication_role = replica;
            INSERT INTO bincard.tenant_realm (realm, tenant, mode, id, created_at)
            SELECT '00000000-0000-0000-0000-000000000000', 'tenant' || n, 'test', gen_random_uuid(), 0
            FROM generate_series(1, \(Self.ledgers)) AS n;
            INSERT INTO bincard.stock_level (realm, key, on_hand, value, last_wac, reserved, roots)
            SELECT id, k, k, 1, 1, 0, ''
            FROM bincard.tenant_realm, generate_series(1, \(Self.levels / Self.ledgers)) AS k;
            INSERT INTO bincard.block (realm, first_seq, last_seq, recorded_at, last_id, hash, data)
            SELECT id, k, k, 1, id, '', ''
            FROM bincard.tenant_realm, generate_series(1, \(Self.levels / Self.ledgers)) AS k
            """, url: ownerURL)
    }

    /// A superuser's.
    var ownerURL: String { server.ownerURL(database: name) }

    func drop() { _ = try? server.psql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }

    /// Brings it to this version's steps and these.
    func migrate(
        to steps: [PostgresMigrations.Step], patience: MigrationPatience = MigrationPatience()
    ) throws -> PostgresAdministration.Report {
        try PostgresAdministration(
            conninfo: server.url(role: "builder", database: name), steps: PostgresMigrations.all + steps,
            patience: patience
        ).migrate(serverRole: Self.role, sealKey: Self.key)
    }

    /// As a server of this version opens it.
    func open() throws -> PostgresDatabase {
        try PostgresDatabase(conninfo: server.url(role: Self.role, database: name), sealKey: Self.key)
    }

    func number(_ sql: String) throws -> Int {
        let text = try server.psql(sql, url: ownerURL).trimmingCharacters(in: .whitespacesAndNewlines)
        return try #require(Int(text), "\(text)")
    }

    var version: Int {
        get throws { try number("SELECT max(version) FROM bincard_private.migration") }
    }

    /// What a server here waited for longer than a write may, in PostgreSQL's words.
    func longWaits() throws -> [String] {
        try String(contentsOfFile: server.folder + "/log", encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("\(Self.role)@\(name) ") && $0.contains("still waiting for") }
    }
}

/// Ledgers of a database that are written to, each by a thread of its own, as a server's writers do.
final class LedgerLoad: Sendable {
    private struct State {
        /// Milliseconds of each commit.
        var times: [Double] = []
        var failures: [String] = []
        var isStopped = false
        var running = 0
    }

    private let state = Mutex(State())

    init(_ database: PostgresDatabase, writers: Int = 4) {
        for writer in 0..<writers {
            state.withLock { $0.running += 1 }
            Thread { [self] in
                do { try write(database, UInt64(writer)) } catch {
                    state.withLock { $0.failures.append("\(error)") }
                }
                state.withLock { $0.running -= 1 }
            }.start()
        }
    }

    private func write(_ database: PostgresDatabase, _ writer: UInt64) throws {
        let realm = Realm(
            id: ULID(high: .random(in: 1 ... .max), low: writer), tenant: "writer\(writer)", mode: .test)
        let made = try database.openControl().realm(
            tenant: realm.tenant, mode: .test, at: Instant(milliseconds: 1), makeID: { realm.id })
        let store = database.openRealm(made)
        defer { store.close() }
        _ = try store.open()
        store.finishOpening()
        var ledger = SampleLedger(seed: writer, items: 20, locations: 3, blocks: 2)
        try ledger.write(to: store)
        while !state.withLock({ $0.isStopped }) {
            ledger.addMovement()
            var unit = ledger.seal()
            unit.projection = ProjectionChunk(levels: Array(ledger.levels.values))
            let began = ContinuousClock.now
            _ = try store.commit(unit)
            let took = (ContinuousClock.now - began) / .milliseconds(1)
            state.withLock { $0.times.append(took) }
            usleep(500)
        }
    }

    var commits: Int { state.withLock { $0.times.count } }

    /// Ends it: what failed, and how long commits took.
    func finish() throws -> (failures: [String], times: [Double]) {
        state.withLock { $0.isStopped = true }
        var patience = 1_000
        while state.withLock({ $0.running }) > 0, patience > 0 {
            usleep(10_000)
            patience -= 1
        }
        return state.withLock { ($0.failures, $0.times.sorted()) }
    }
}
