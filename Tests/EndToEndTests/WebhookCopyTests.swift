import Foundation
import PostgresServer
import Synchronization
import Testing

extension EndToEnd {
    /// Goal: a ledger that moves takes its endpoints along as they stand. The next server goes on exactly where the
    /// last one was: nothing is left out, and nothing that was answered is sent again.
    ///
    /// Method: four endpoints in four states on SQLite; copies that are killed at moments that a seed decides; a server
    /// on PostgreSQL, then one on SQLite again. Each endpoint counts what it has taken, over all three.
    @Suite("webhooks move with their ledger", .serialized)
    struct WebhookCopyTests {
        /// An endpoint that takes what it is sent, or refuses all of it.
        private final class Endpoint: Sendable {
            private struct State {
                var isRefusing = false
                var taken: [String: Int] = [:]
                var last: LoopbackReceiver.Delivery?
            }

            private let state: Mutex<State>
            let receiver: LoopbackReceiver
            let id: String
            let secret: String

            init(_ events: String, _ run: @Sendable ([String]) async throws -> CommandResult) async throws {
                let state = SharedState()
                self.state = Mutex(State())
                receiver = try LoopbackReceiver { state.take($0) }
                let made = try await run(
                    ["webhooks", "create", "--url", receiver.url, "--events", events, "--json"])
                try #require(made.status == 0, "\(made.errors)")
                id = try #require(try made.json()["id"]?.text)
                secret = try #require(try made.json()["secret"]?.text)
                state.endpoint.withLock { $0 = self }
            }

            /// What the receiver's thread knows the endpoint by, which is made after it.
            private final class SharedState: Sendable {
                let endpoint = Mutex<Endpoint?>(nil)

                func take(_ delivery: LoopbackReceiver.Delivery) -> LoopbackReceiver.Reply {
                    endpoint.withLock { $0 }?.take(delivery) ?? .status(503)
                }
            }

            private func take(_ delivery: LoopbackReceiver.Delivery) -> LoopbackReceiver.Reply {
                state.withLock { state in
                    if state.isRefusing { return .status(500) }
                    state.taken[delivery.id, default: 0] += 1
                    state.last = delivery
                    return .status(200)
                }
            }

            func refuse(_ isRefusing: Bool) { state.withLock { $0.isRefusing = isRefusing } }
            /// How often each event was taken.
            var taken: [String: Int] { state.withLock { $0.taken } }
            var last: LoopbackReceiver.Delivery? { state.withLock { $0.last } }
        }

        /// The ledger, its endpoints, and the server that has them at the moment.
        private struct Move: Sendable {
            let installation: Installation
            let key: String

            func serve(_ data: String, _ arguments: String...) async throws -> RunningServer {
                try await installation.serve(data: data, ["--webhook-allow", "127.0.0.0/8"] + arguments)
            }

            func run(_ arguments: [String], on server: RunningServer) async throws -> CommandResult {
                try await installation.run(
                    Bincard.path, arguments, environment: ["BINCARD_API_KEY": key, "BINCARD_URL": server.url])
            }

            func json(_ arguments: String..., on server: RunningServer) async throws -> JSON {
                let result = try await run(arguments + ["--json"], on: server)
                try #require(result.status == 0, "\(arguments): \(result.errors)")
                return try result.json()
            }

            /// The log of what arrived and what died, of all endpoints, with each attempt.
            func log(of endpoints: [Endpoint], on server: RunningServer) async throws -> [String: JSON] {
                var log: [String: JSON] = [:]
                for endpoint in endpoints {
                    for status in ["delivered", "dead"] {
                        let rows = try await json(
                            "webhooks", "deliveries", endpoint.id, "--status", status, "--limit", "500", on: server)
                        log["\(endpoint.id) \(status)"] = rows
                        for event in rows.elements.prefix(5).compactMap({ $0["event_id"]?.text }) {
                            log["\(endpoint.id) \(event)"] = try await json(
                                "webhooks", "delivery", endpoint.id, event, on: server)
                        }
                    }
                }
                log["dead letters"] = try await json("webhooks", "dead-letters", on: server)
                return log
            }

            func move(_ numbers: ClosedRange<Int>, on server: RunningServer) throws {
                let caller = try server.caller(key)
                for number in numbers {
                    let answer = try caller.move("A", at: "W", 1, key: "m\(number)")
                    try #require(answer.status == 200, "\(answer.text)")
                }
            }

            /// Copies to the end, and again, when there is nothing new.
            func copy(from: String, to: String, keys: String) async throws {
                for isSecond in [false, true] {
                    let done = try await installation.bincard(
                        "db", "copy", "--from", from, "--to", to, "--data", keys, "--format", "json")
                    try #require(done.status == 0, "\(done.errors)")
                    let realm = try #require(try done.json()["realms"]?[0])
                    #expect(realm["deliveries"]?.text == "copied" && realm["verified"] == .boolean(true))
                    if isSecond { #expect(realm["new_entries"]?.integer == 0) }
                }
            }

            /// Copies that are killed on their way.
            func killCopies(
                from: String, to database: MigratedDatabase, _ numbers: inout SeededNumbers
            ) async throws -> Int {
                var kills = 0
                for cycle in 0..<6 {
                    let child = try installation.start(
                        Bincard.path,
                        ["db", "copy", "--from", from, "--to", database.url, "--data", database.data])
                    try await Task.sleep(for: .milliseconds(Int.random(in: 20...220, using: &numbers)))
                    if child.isRunning {
                        child.send(SIGKILL)
                        kills += 1
                    }
                    let status = try await child.ended()
                    try #require(status == 0 || status == 128 + SIGKILL, "\(child.errors)")
                    // The last one leaves its lease to the next, which has to wait for its end.
                    if cycle < 5 {
                        try database.server.psql(
                            "UPDATE bincard.dispatch SET until = now()",
                            url: database.server.ownerURL(database: database.name))
                    }
                }
                return kills
            }
        }

        private func movements(_ move: Move, _ server: RunningServer) throws -> [String] {
            try server.caller(move.key).entries().filter(\.isMovement).map(\.id)
        }

        private func once(_ endpoint: Endpoint, _ events: some Sequence<String>) -> Bool {
            endpoint.taken == Dictionary(events.map { ($0, 1) }, uniquingKeysWith: +)
        }

        /// Everything that waits is due, and its next attempt the last one or not.
        private func makeDue(_ data: String, isLast: Bool) throws {
            for file in try DatabaseFile.ledgers(in: data) where file.path.hasSuffix(".deliveries.db") {
                try file.execute(
                    "UPDATE delivery SET next_attempt_at = 1\(isLast ? ", attempts = 9" : "") WHERE status = 1")
            }
        }

        /// The endpoints, what their logs were when the first server stopped, which events had died by then, and the
        /// two secrets of the one that was rotated.
        private struct Left: Sendable {
            let steady: Endpoint
            let broken: Endpoint
            let closed: Endpoint
            let rotating: Endpoint
            var log: [String: JSON] = [:]
            var dead: [String] = []
            var secrets: [String] = []

            var all: [Endpoint] { [steady, broken, closed, rotating] }
        }

        /// Ten events arrive everywhere, and three die at the endpoint that is broken from then on.
        private func begin(_ move: Move) async throws -> Left {
            let data = move.installation.data
            var server = try await move.serve(data)
            let first = server
            @Sendable func run(_ arguments: [String]) async throws -> CommandResult {
                try await move.run(arguments, on: first)
            }
            var left = Left(
                steady: try await Endpoint("movement.recorded", run),
                broken: try await Endpoint("movement.recorded, item.created", run),
                closed: try await Endpoint("movement.recorded", run),
                rotating: try await Endpoint("movement.recorded", run))
            let (all, broken) = (left.all, left.broken)
            try server.caller(move.key).makeItems(["A", "B"], locations: ["W"])
            try move.move(1...10, on: server)
            try await eventually("ten arrive") { all.allSatisfy { $0.taken.count >= 10 } && broken.taken.count == 12 }
            broken.refuse(true)
            try move.move(11...13, on: server)
            try await eventually("three fail") {
                try await move.json("webhooks", "deliveries", broken.id, "--status", "pending", on: first)
                    .elements.count == 3
            }
            #expect(try await server.stop() == 0)
            try makeDue(data, isLast: true)
            server = try await move.serve(data)
            try await eventually("three die") { [server] in
                try await move.json("webhooks", "dead-letters", on: server).elements.count == 3
            }
            left.dead = try movements(move, server).suffix(3)
            try await leave(&left, move, server)
            #expect(try await server.stop() == 0)
            return left
        }

        /// Then one is disabled, one has two secrets, and the broken one is behind, with a replay on top.
        private func leave(_ left: inout Left, _ move: Move, _ server: RunningServer) async throws {
            let (steady, broken, rotating) = (left.steady, left.broken, left.rotating)
            #expect(
                try await move.json("webhooks", "disable", left.closed.id, on: server)["status"]?.text == "disabled")
            let rotated = try await move.json("webhooks", "rotate", rotating.id, "--grace", "1h", on: server)
            left.secrets = [rotating.secret, try #require(rotated["secret"]?.text)]
            try move.move(14...40, on: server)
            _ = try await move.json(
                "webhooks", "replay", broken.id, "--from-seq", "1", "--events", "item.*", on: server)
            try await eventually("40 arrive") { steady.taken.count == 40 && rotating.taken.count == 40 }
            try await eventually("the broken one waits at its place") {
                let shown = try await move.json("webhooks", "show", broken.id, on: server)["delivery"]
                return shown?["pending"]?.integer ?? 0 > 0
            }
            left.log = try await move.log(of: left.all, on: server)
        }

        /// On PostgreSQL the log is the same; then what waits arrives, and nothing that was answered does.
        private func goOn(_ left: Left, _ move: Move, _ database: MigratedDatabase) async throws -> [String: JSON] {
            let (steady, broken, closed, rotating) = (left.steady, left.broken, left.closed, left.rotating)
            var server = try await move.serve(database.data, "--database", database.url)
            #expect(try await move.log(of: left.all, on: server) == left.log)
            #expect(try await server.stop() == 0)
            try database.server.psql(
                "UPDATE bincard.delivery SET next_attempt_at = 1 WHERE status = 1",
                url: database.server.ownerURL(database: database.name))
            broken.refuse(false)
            server = try await move.serve(database.data, "--database", database.url)
            try move.move(41...45, on: server)
            let events = try movements(move, server)
            #expect(events.count == 45)
            let items = try server.caller(move.key).entries().filter { $0.type == "item.created" }.map(\.id)
            try await eventually("45 arrive", within: 30) { steady.taken.count == 45 && rotating.taken.count == 45 }
            try await eventually("the broken one catches up", within: 60) {
                let taken = broken.taken
                return events.allSatisfy { left.dead.contains($0) || taken[$0] != nil }
                    && items.allSatisfy { taken[$0] == 2 }
            }
            #expect(once(broken, events.filter { !left.dead.contains($0) } + items + items), "items were replayed")
            _ = try await move.json("webhooks", "replay", broken.id, "--dead", on: server)
            try await eventually("the dead arrive", within: 30) { broken.taken.count == 45 + items.count }
            #expect(once(broken, events + items + items))
            #expect(try await move.json("webhooks", "show", closed.id, on: server)["status"]?.text == "disabled")
            #expect(closed.taken.count == 13)
            _ = try await move.json("webhooks", "enable", closed.id, on: server)
            try await eventually("what waited arrives", within: 30) { closed.taken.count == 45 }
            for endpoint in [steady, closed, rotating] { #expect(once(endpoint, events)) }
            try await expectSigned(try #require(rotating.last), left.secrets, move.installation)
            let log = try await move.log(of: left.all, on: server)
            #expect(try await server.stop() == 0)
            return log
        }

        @Test("endpoints in every state go on where they were, on PostgreSQL and back, whenever the copy was killed")
        func thereAndBack() async throws {
            let seed = UInt64.random(in: .min ... .max)
            print("seed \(seed)")
            try await Installation.with { installation in
                let move = Move(installation: installation, key: try await installation.makeKey(tenant: "small"))
                let data = installation.data
                let left = try await begin(move)
                defer { for endpoint in left.all { endpoint.receiver.stop() } }
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                var numbers = SeededNumbers(seed: seed)
                let kills = try await move.killCopies(from: data, to: database, &numbers)
                print("\(kills) copies killed")
                #expect(kills > 0)
                try await move.copy(from: data, to: database.url, keys: database.data)
                try FileManager.default.copyItem(
                    atPath: data + "/secret.key", toPath: database.data + "/secret.key")
                let log = try await goOn(left, move, database)

                let back = installation.folder + "/back"
                try await move.copy(from: database.url, to: back, keys: database.data)
                try FileManager.default.copyItem(atPath: data + "/secret.key", toPath: back + "/secret.key")
                let server = try await move.serve(back)
                #expect(try await move.log(of: left.all, on: server) == log)
                try move.move(46...47, on: server)
                let events = try movements(move, server)
                let items = try server.caller(move.key).entries().filter { $0.type == "item.created" }.map(\.id)
                try await eventually("47 arrive everywhere", within: 30) {
                    left.all.allSatisfy { $0.taken.count >= 47 } && left.broken.taken.count == 47 + items.count
                }
                for endpoint in [left.steady, left.closed, left.rotating] { #expect(once(endpoint, events)) }
                #expect(once(left.broken, events + items + items))
                #expect(try await server.stop() == 0)
            }
        }

        /// A delivery whose signatures are right under both secrets.
        private func expectSigned(
            _ delivery: LoopbackReceiver.Delivery, _ secrets: [String], _ installation: Installation
        ) async throws {
            let signatures = try #require(delivery.headers["webhook-signature"])
            #expect(signatures.split(separator: " ").count == 2)
            let file = try installation.file("body", delivery.body)
            for secret in secrets {
                let verified = try await installation.bincard(
                    "signature", "verify", "--secret", secret, "--id", delivery.id, "--timestamp",
                    delivery.headers["webhook-timestamp"] ?? "", "--signature", signatures, "--file", file)
                #expect(verified.status == 0, "\(verified.errors)")
            }
        }

        @Test(
            "a server that delivers on the target is found out before anything is copied, and a killed one waited for")
        func leases() async throws {
            try await Installation.with { installation in
                let move = Move(installation: installation, key: try await installation.makeKey(tenant: "small"))
                let server = try await move.serve(installation.data)
                let endpoint = try await Endpoint("*") { try await move.run($0, on: server) }
                defer { endpoint.receiver.stop() }
                try server.caller(move.key).makeItems(["A"], locations: ["W"])
                try move.move(1...3, on: server)
                try await eventually("they arrive") { endpoint.taken.count == 5 }
                #expect(try await server.stop() == 0)
                let database = try await MigratedDatabase(installation)
                defer { database.drop() }
                try await move.copy(from: installation.data, to: database.url, keys: database.data)
                try FileManager.default.copyItem(
                    atPath: installation.data + "/secret.key", toPath: database.data + "/secret.key")

                let source = try await move.serve(installation.data)
                try move.move(4...6, on: source)
                #expect(try await source.stop() == 0)
                let other = try await move.serve(database.data, "--database", database.url)
                let url = database.server.ownerURL(database: database.name)
                func head() throws -> String { try database.server.psql("SELECT seq FROM bincard.head", url: url) }
                try await eventually("it delivers") {
                    try database.server.psql(
                        "SELECT count(*) FROM bincard.dispatch WHERE until > now()", url: url) == "1\n"
                }
                let before = try head()
                let refused = try await installation.bincard(
                    "db", "copy", "--from", installation.data, "--to", database.url, "--data", database.data)
                #expect(
                    refused.status == 75 && refused.errors.contains("in use by another server"), "\(refused.errors)")
                #expect(try head() == before)
                try await other.kill()
                try await move.copy(from: installation.data, to: database.url, keys: database.data)
                #expect(try head() != before)
            }
        }
    }
}
