import Foundation
import PostgresServer
import Synchronization
import Testing

extension EndToEnd {
    /// Goal: a key's limit holds over all servers of a database, with the slack that docs/scaling.md names and no more,
    /// whatever becomes of a server or the database.
    ///
    /// Method: clients that ask three servers at once, far above the limit, and note when they were let through: any
    /// answer but 429, since a request that fails for want of the database was let through as well.
    @Suite("one limit over three servers", .serialized)
    struct SharedLimitTests {
        private static let rate = 200.0
        private static let burst = 300.0

        /// Clients of one key on several servers.
        private final class Hammer: Sendable {
            private struct State {
                var passed: [Double] = []
                var denied = 0
                var isStopped = false
                var running = 0
            }

            private let state = Mutex(State())
            private let began = ContinuousClock.now

            init(_ servers: [RunningServer], key: String) {
                for server in servers {
                    for _ in 0..<2 {
                        state.withLock { $0.running += 1 }
                        Thread { [self] in
                            ask(server.port, key)
                            state.withLock { $0.running -= 1 }
                        }.start()
                    }
                }
            }

            private func ask(_ port: Int, _ key: String) {
                var caller: Caller?
                while !state.withLock({ $0.isStopped }) {
                    if caller == nil { caller = try? Caller(port: port, key: key) }
                    do {
                        guard let status = try caller?.get("/v1/ledger/head").status else {
                            throw ConnectionLost("there is nobody")
                        }
                        state.withLock { state in
                            if status == 429 { state.denied += 1 } else { state.passed.append(seconds) }
                        }
                        usleep(2_000)
                    } catch {
                        caller = nil
                        usleep(20_000)
                    }
                }
            }

            var seconds: Double { (ContinuousClock.now - began).seconds }

            /// How many were let through between two moments, in seconds since the beginning.
            func passed(_ from: Double, _ to: Double) -> Double {
                Double(state.withLock { $0.passed.count { $0 >= from && $0 < to } })
            }

            var denied: Int { state.withLock { $0.denied } }

            func sleep(until second: Double) async throws {
                try await Task.sleep(for: .milliseconds(Int(max(0, second - seconds) * 1_000)))
            }

            func stop() async throws {
                state.withLock { $0.isStopped = true }
                try await eventually("the clients do not end", within: 30) { state.withLock { $0.running } == 0 }
            }
        }

        private func withThree(
            on postgres: PostgresServer? = nil,
            _ body: @Sendable (SharedDatabase, [RunningServer], Hammer) async throws -> Void
        ) async throws {
            try await Installation.with { installation in
                let database = try await SharedDatabase(installation, on: postgres)
                defer { database.drop() }
                var servers: [RunningServer] = []
                for number in 1...3 { servers.append(try await database.serve(number)) }
                let made = try await installation.run(
                    Bincard.path,
                    [
                        "keys", "create", "--tenant", "default", "--mode", "test", "--rate", "\(Int(Self.rate))",
                        "--burst", "\(Int(Self.burst))", "--data", installation.folder + "/server1", "--format", "json",
                    ], environment: ["BINCARD_DATABASE": database.url])
                try #require(made.status == 0, "\(made.errors)")
                let key = try #require(try made.json()["secret"]?.text)
                // Known everywhere before the clients begin.
                for server in servers {
                    try await eventually("the key is known") {
                        try server.caller(key).get("/v1/ledger/head").status == 200
                    }
                }
                let hammer = Hammer(servers, key: key)
                try await body(database, servers, hammer)
                #expect(hammer.denied > 100, "nothing was denied: the test shows nothing")
            }
        }

        @Test(
            "three servers together let through one burst and the rate, and at most one burst more for each further one"
        )
        func together() async throws {
            try await withThree { _, _, hammer in
                try await hammer.sleep(until: 8)
                try await hammer.stop()
                let all = hammer.passed(0, 8)
                let later = hammer.passed(3, 8)
                print("\(all) in 8 s, \(later) in the last 5 s, at \(Self.rate)/s and \(Self.burst) at once")
                #expect(all <= Self.burst + Self.rate * 8 + 2 * Self.burst)
                #expect(later >= 0.9 * Self.rate * 5 && later <= 1.1 * Self.rate * 5)
            }
        }

        @Test("while the database is away each server counts by itself; when it is back, one limit holds again")
        func databaseAway() async throws {
            let postgres = try PostgresServer()
            try await withThree(on: postgres) { _, servers, hammer in
                try await hammer.sleep(until: 4)
                try postgres.halt(mode: "fast")
                let gone = hammer.seconds
                try await Task.sleep(for: .seconds(2))
                try postgres.start()
                let back = hammer.seconds
                // What each server let through too much is taken off, a burst of each at most; then it is as before.
                let settled = back + 2 + 3 * Self.burst / Self.rate
                try await hammer.sleep(until: settled + 5)
                try await hammer.stop()
                let away = hammer.passed(gone, back + 1)
                let all = hammer.passed(0, settled + 5)
                let later = hammer.passed(settled, settled + 5)
                print("\(away) in \(back - gone + 1) s around the stop, \(later) in the last 5 s, \(all) in all")
                #expect(away <= 3 * Self.rate * (back - gone + 1) + 3 * Self.burst)
                #expect(later >= 0.9 * Self.rate * 5 && later <= 1.1 * Self.rate * 5)
                #expect(all <= 3 * Self.burst + Self.rate * (settled + 5) + 2 * Self.rate * (back - gone + 1))
                #expect(servers.allSatisfy { $0.isRunning })
            }
            postgres.stop()
        }

        @Test("when a server dies, the others give its share away")
        func dead() async throws {
            try await withThree { _, servers, hammer in
                try await hammer.sleep(until: 4)
                try await servers[1].kill()
                let died = hammer.seconds
                try await hammer.sleep(until: died + 7)
                try await hammer.stop()
                let all = hammer.passed(0, died + 7)
                let later = hammer.passed(died + 1, died + 7)
                print("\(all) in \(died + 7) s, \(later) in the 6 s after one has died")
                // It dies with what it has not told: a tenth of a second.
                #expect(all <= 3 * Self.burst + Self.rate * (died + 7.2))
                #expect(later >= 0.9 * Self.rate * 6 && later <= 1.1 * Self.rate * 6)
            }
        }
    }
}
