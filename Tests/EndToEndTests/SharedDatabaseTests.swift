import Foundation
import PostgresServer
import Synchronization
import Testing

extension EndToEnd {
    /// Goal: over one PostgreSQL any number of servers are one ledger, whatever becomes of each, of the database, and
    /// of the way between them.
    ///
    /// Method: clients that send each write until it is settled, to whichever server answers, while servers, sessions
    /// and the database itself are killed; then the journal, replays and balances are compared with what was answered.
    @Suite("several servers over one PostgreSQL", .serialized)
    struct SharedDatabaseTests {
        private static let skus = ["A", "B", "C"]

        private func withServers<Result: Sendable>(
            _ count: Int, on postgres: PostgresServer? = nil,
            through way: (@Sendable (SharedDatabase) -> String)? = nil,
            _ body: @Sendable (SharedDatabase, [RunningServer], _ key: String) async throws -> Result
        ) async throws -> Result {
            try await Installation.with { installation in
                let database = try await SharedDatabase(installation, on: postgres)
                defer { database.drop() }
                var servers: [RunningServer] = []
                for number in 1...count {
                    servers.append(
                        try await database.serve(
                            number, url: way?(database), "--webhook-allow", "127.0.0.0/8", "--set",
                            "rate=100000", "burst=100000"))
                }
                let key = try #require(servers[0].firstKey)
                try servers[0].caller(key).makeItems(Self.skus, locations: ["W"])
                return try await body(database, servers, key)
            }
        }

        private func load(_ servers: [RunningServer], _ key: String, threads: Int = 6) -> PersistentLoad {
            let seed = UInt64.random(in: .min ... .max)
            print("seed \(seed)")
            return PersistentLoad(
                ports: servers.map(\.port), key: key, skus: Self.skus, warehouse: "W", threads: threads, seed: seed)
        }

        @Test("three servers are killed again and again: each answered write is there once, and replays are the same")
        func killedServers() async throws {
            try await withServers(3) { database, started, key in
                var servers = started
                let load = load(servers, key)
                for cycle in 0..<9 {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 50...250)))
                    let victim = cycle % 3
                    try await servers[victim].kill()
                    servers[victim] = try await database.serve(
                        victim + 1, port: servers[victim].port, "--webhook-allow", "127.0.0.0/8")
                }
                let settled = try await load.finish()
                print("\(settled.count) writes, \(load.retries) sent again")
                #expect(settled.count > 100 && load.retries > 0)
                try PersistentLoad.audit(settled, on: servers, key: key)
                for server in servers { #expect(try await server.stop() == 0) }
            }
        }

        @Test("the database crashes and sessions are killed: writes wait, and none is lost or doubled")
        func killedDatabase() async throws {
            let postgres = try PostgresServer()
            try await withServers(2, on: postgres) { database, servers, key in
                let load = load(servers, key)
                for cycle in 0..<4 {
                    try await Task.sleep(for: .milliseconds(300))
                    if cycle % 2 == 0 {
                        try postgres.restart(mode: "immediate")
                    } else {
                        for _ in 0..<10 {
                            try postgres.psql(
                                """
                                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                                WHERE datname = '\(database.name)' AND pid <> pg_backend_pid()
                                """)
                            try await Task.sleep(for: .milliseconds(10))
                        }
                    }
                    let before = load.count
                    try await eventually("writes go on") { load.count > before + 20 }
                }
                let settled = try await load.finish()
                print("\(settled.count) writes, \(load.retries) sent again")
                #expect(load.retries > 0)
                let areRunning = servers.allSatisfy { $0.isRunning }
                #expect(areRunning, "a server that is cut off waits, and does not end")
                try PersistentLoad.audit(settled, on: servers, key: key)
            }
            postgres.stop()
        }

        @Test("a server whose process stands still delays its writes by seconds, and nobody else's for ever")
        func standingStill() async throws {
            try await withServers(2) { _, servers, key in
                let load = load(servers, key)
                try await eventually("writes begin") { load.count > 50 }
                // It may stand still with the ledger's head locked: the database ends such a session.
                _ = Foundation.kill(try servers[0].pid, SIGSTOP)
                load.move(to: [servers[1].port])
                let before = load.count
                try await eventually("the other server writes", within: 25) { load.count > before + 50 }
                _ = Foundation.kill(try servers[0].pid, SIGCONT)
                load.move(to: servers.map(\.port))
                try await Task.sleep(for: .milliseconds(300))
                let settled = try await load.finish()
                try PersistentLoad.audit(settled, on: servers, key: key)
            }
        }

        @Test("behind pgbouncer in transaction mode everything works, with four server processes for two servers")
        func pooled() async throws {
            let postgres = try PostgresServer.shared.get()
            let bouncer = try PgBouncer(before: postgres, roles: ["bincard_server", "owner"])
            try await withServers(2, through: { bouncer.url(role: "bincard_server", database: $0.name) }) {
                _, servers, key in
                let load = load(servers, key)
                try await eventually("writes are settled") { load.count > 500 }
                let settled = try await load.finish()
                #expect(load.retries == 0)
                try PersistentLoad.audit(settled, on: servers, key: key)
            }
        }

        @Test("when the primary is gone, servers find the standby that was promoted, and nothing acknowledged is missing")
        func failover() async throws {
            let primary = try PostgresServer()
            let standby = try PostgresServer(standbyOf: primary)
            // A commit is acknowledged when the standby has it: else what is on its way is lost with the primary.
            try primary.psql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            try primary.psql("SELECT pg_reload_conf()")
            try await withServers(
                2, on: primary,
                through: {
                    "postgres://bincard_server@127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)/\($0.name)"
                }
            ) { _, servers, key in
                let load = load(servers, key)
                try await eventually("writes are settled") { load.count > 200 }
                try primary.halt(mode: "immediate")
                try standby.psql("SELECT pg_promote()")
                let before = load.count
                try await eventually("writes go on", within: 30) { load.count > before + 200 }
                let settled = try await load.finish()
                print("\(settled.count) writes, \(load.retries) sent again")
                #expect(load.retries > 0)
                try PersistentLoad.audit(settled, on: servers, key: key)
            }
            standby.stop()
            primary.stop()
        }

        @Test("each event is delivered by one server; when that is killed, another goes on where it was")
        func deliveries() async throws {
            try await withServers(2) { database, servers, key in
                let received = Mutex<[String: Int]>([:])
                let receiver = try LoopbackReceiver { delivery in
                    received.withLock { $0[delivery.id, default: 0] += 1 }
                    return .status(200)
                }
                defer { receiver.stop() }
                let made = try servers[1].caller(key).post(
                    "/inventory/v1/webhooks", #"{"url":"\#(receiver.url)","events":["movement.recorded"]}"#,
                    idempotencyKey: "endpoint")
                try #require(made.status == 201, "\(made.text)")
                let load = load(servers, key, threads: 3)
                try await eventually("events arrive") { received.withLock { $0.count } > 100 }
                // The one that does not deliver says it too.
                let id = try #require(try made.json()["id"]?.text)
                for server in servers {
                    try await eventually("a server shows how deliveries get on", within: 10) {
                        let shown = try server.caller(key).get("/inventory/v1/webhooks/\(id)").json()["delivery"]
                        return shown?["delivered"]?.integer ?? 0 > 50
                    }
                }
                let holder = try database.postgres.psql(
                    "SELECT count(*) FROM bincard.dispatch", url: database.ownerURL)
                #expect(holder.contains("1"))
                // Whichever delivers: after both have been killed in turn, the one that did was among them.
                for victim in [0, 1] {
                    try await servers[victim].kill()
                    load.move(to: [servers[1 - victim].port])
                    let before = received.withLock { $0.count }
                    try await eventually("the other takes over", within: 30) {
                        received.withLock { $0.count } > before + 50
                    }
                    if victim == 0 {
                        _ = try await database.serve(1, port: servers[0].port, "--webhook-allow", "127.0.0.0/8")
                        load.move(to: servers.map(\.port))
                    }
                }
                let settled = try await load.finish()
                try await eventually("every event arrives", within: 30) {
                    received.withLock { $0.count } >= settled.count
                }
                let counts = received.withLock { $0 }
                let twice = counts.values.reduce(0, +) - counts.count
                print("\(counts.count) events, \(twice) twice")
                #expect(counts.count == settled.count)
                #expect(twice <= 2 * 64, "no more than was under way at each of two kills")
            }
        }

        @Test("a revoked key is dead on every server within five seconds, and limits hold over all of them")
        func keys() async throws {
            try await withServers(2) { database, servers, key in
                let arguments = ["--data", database.installation.folder + "/server1"]
                let environment = ["BINCARD_DATABASE": database.url]
                func keys(_ more: String...) async throws -> JSON {
                    let result = try await database.installation.run(
                        Bincard.path, ["keys"] + more + arguments + ["--format", "json"], environment: environment)
                    try #require(result.status == 0, "\(result.errors)")
                    return try result.json()
                }
                let limited = try await keys(
                    "create", "--tenant", "default", "--mode", "test", "--rate", "50", "--burst", "100")
                let secret = try #require(limited["secret"]?.text)
                let callers = try servers.map { try $0.caller(secret) }
                var allowed = 0
                let began = ContinuousClock.now
                while ContinuousClock.now - began < .seconds(4) {
                    for caller in callers where try caller.get("/v1/ledger/head").status == 200 { allowed += 1 }
                }
                // The burst once for each server until they have told each other, which is a tenth of a second.
                print("\(allowed) of 100 + 4 × 50 requests")
                #expect(allowed >= 290 && allowed <= 100 + 4 * 50 + 100)
                _ = try await keys("revoke", try #require(limited["id"]?.text))
                try await eventually("it is dead everywhere", within: 5) {
                    try callers.allSatisfy { try $0.get("/v1/ledger/head").status == 401 }
                }
            }
        }
    }
}
