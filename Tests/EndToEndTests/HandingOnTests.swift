import Foundation
import PostgresServer
import Synchronization
import Testing

extension EndToEnd {
    /// Goal: servers that are asked to write to one ledger at the same time have one of them decide, and nobody who
    /// asks can tell; whatever becomes of that one, the others answer.
    @Suite("writes handed on among servers", .serialized)
    struct HandingOnTests {
        private static let skus = ["A", "B", "C"]

        private func withServers<Result: Sendable>(
            _ settings: [[String]],
            _ body: @Sendable (SharedDatabase, [RunningServer], _ key: String) async throws -> Result
        ) async throws -> Result {
            try await Installation.with { installation in
                let database = try await SharedDatabase(installation)
                defer { database.drop() }
                var servers: [RunningServer] = []
                for (index, more) in settings.enumerated() {
                    servers.append(
                        try await database.serve(index + 1, ["--set", "rate=100000", "burst=100000"] + more))
                }
                let key = try #require(servers[0].firstKey)
                try servers[0].caller(key).makeItems(Self.skus, locations: ["W"])
                return try await body(database, servers, key)
            }
        }

        private func metric(_ name: String, of server: RunningServer) throws -> Int {
            let text = try server.caller().get("/metrics").text
            let line = text.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            return try #require(line.flatMap { Int($0.split(separator: " ")[1]) }, "\(name)")
        }

        private func handedOn(_ servers: [RunningServer]) throws -> [Int] {
            try servers.map { try metric("bincard_writes_handed_on_total", of: $0) }
        }

        private func load(_ servers: [RunningServer], _ key: String, threads: Int = 6) -> PersistentLoad {
            let seed = UInt64.random(in: .min ... .max)
            print("seed \(seed)")
            return PersistentLoad(
                ports: servers.map(\.port), key: key, skus: Self.skus, warehouse: "W", threads: threads, seed: seed)
        }

        /// Until all servers but the owner of the ledger hand their writes on. Returns the owner's index.
        private func settle(_ servers: [RunningServer], _ load: PersistentLoad) async throws -> Int {
            var owner = -1
            try await eventually("all servers but one hand writes on", within: 30) {
                let before = try handedOn(servers)
                try await Task.sleep(for: .milliseconds(200))
                let idle = zip(before, try handedOn(servers)).enumerated().filter { $1.0 == $1.1 }
                owner = idle.first?.offset ?? -1
                return idle.count == 1
            }
            return owner
        }

        @Test(
            "writes that reach three servers are decided by one, and are there once, with the same replays everywhere"
        )
        func oneDecides() async throws {
            try await withServers([[], [], []]) { _, servers, key in
                let load = load(servers, key)
                let owner = try await settle(servers, load)
                let commits = try servers.map { try metric("bincard_commit_batch_size_count", of: $0) }
                let before = load.count
                try await eventually("writes go on") { load.count > before + 600 }
                for (index, server) in servers.enumerated() where index != owner {
                    // An event loop that has no link yet decides what comes to it meanwhile.
                    let decided = try metric("bincard_commit_batch_size_count", of: server) - commits[index]
                    #expect(decided < 20, "of some two hundred")
                }
                let settled = try await load.finish()
                #expect(load.retries == 0)
                try PersistentLoad.audit(settled, on: servers, key: key)
                for server in servers { #expect(try await server.stop() == 0) }
            }
        }

        @Test("nobody can tell from an answer that the write was handed on")
        func answers() async throws {
            try await withServers([[], []]) { _, servers, key in
                let load = load(servers, key, threads: 2)
                let owner = try await settle(servers, load)
                _ = try await load.finish()
                let there = try servers[owner].caller(key)
                let here = try servers[1 - owner].caller(key)
                let body = #"{"sku":"A","warehouse":"W","delta":2,"reason":"count","reference":"x"}"#
                let stock = #"{"warehouse_id":"W","quantity":70}"#
                let asked: [(name: String, line: String, body: String, key: String?, isHandedOn: Bool)] = [
                    ("a write", "POST \(PersistentLoad.path)", body, "k", true),
                    ("its replay", "POST \(PersistentLoad.path)", body, "k", true),
                    (
                        "its key with another body", "POST \(PersistentLoad.path)", body.replacing("2", with: "3"), "k",
                        true
                    ),
                    ("no key", "POST \(PersistentLoad.path)", body, nil, false),
                    ("no JSON", "POST \(PersistentLoad.path)", "{", "k2", true),
                    ("an unknown item", "POST \(PersistentLoad.path)", body.replacing("A", with: "Z"), "k3", true),
                    ("a key that may be left out", "PUT /api/inventory/A", stock, nil, true),
                    ("an unknown SKU, in another dialect", "PUT /api/inventory/Z", stock, nil, true),
                ]
                // What tells of the moment, of the request, or of what is left of the budget.
                let volatile: Set<String> = [
                    "date", "x-request-id", "ratelimit-remaining", "ratelimit-reset", "ratelimit",
                    "x-ratelimit-remaining",
                    "x-ratelimit-reset", "content-length", "idempotent-replayed",
                ]
                for request in asked {
                    let before = try handedOn(servers)[1 - owner]
                    let answer = try here.ask(request.line, request.body, request.key)
                    #expect(
                        try handedOn(servers)[1 - owner] - before == (request.isHandedOn ? 1 : 0), "\(request.name)")
                    let direct = try there.ask(request.line, request.body, request.key)
                    #expect(answer.status == direct.status, "\(request.name): \(answer.text) \(direct.text)")
                    let fixed = { (answer: Answer) in answer.headers.filter { !volatile.contains($0.key) } }
                    #expect(fixed(answer) == fixed(direct), "\(request.name)")
                    #expect(
                        Set(answer.headers.keys).subtracting(["idempotent-replayed"])
                            == Set(direct.headers.keys).subtracting(["idempotent-replayed"]), "\(request.name)")
                    #expect(answer.headers["x-request-id"]?.hasPrefix("req_") == true)
                    if request.name == "a write" {
                        #expect(answer.status == 200 && !answer.isReplay && direct.isReplay)
                        #expect(answer.body == direct.body)
                    }
                }
                #expect(try there.onHand("A", at: "W") == 70 && here.onHand("A", at: "W") == 70)
            }
        }

        @Test("the owner of a ledger stands still, and comes back: the other server answers each write within seconds")
        func ownerStandsStill() async throws {
            try await withServers([[], []]) { _, servers, key in
                let load = load(servers, key)
                let owner = try await settle(servers, load)
                let other = servers[1 - owner]
                load.move(to: [other.port])
                try await Task.sleep(for: .milliseconds(200))
                _ = Foundation.kill(try servers[owner].pid, SIGSTOP)
                let began = ContinuousClock.now
                let caller = try other.caller(key)
                let body = #"{"sku":"A","warehouse":"W","delta":1,"reason":"count","reference":"still"}"#
                var answer = try caller.post(PersistentLoad.path, body, idempotencyKey: "still")
                // It may stand still with the ledger's head locked: the database ends such a session after ten seconds.
                while answer.status == 503, ContinuousClock.now - began < .seconds(30) {
                    try await Task.sleep(for: .milliseconds(100))
                    answer = try caller.post(PersistentLoad.path, body, idempotencyKey: "still")
                }
                print("answered after \((ContinuousClock.now - began).seconds) s")
                #expect(answer.status == 200, "\(answer.text)")
                let before = load.count
                try await eventually("writes go on", within: 25) { load.count > before + 100 }
                #expect(try metric("bincard_writes_taken_back_total", of: other) > 0)
                // What it was handed before it stood still, it now decides: its keys are known by then.
                _ = Foundation.kill(try servers[owner].pid, SIGCONT)
                load.move(to: servers.map(\.port))
                try await Task.sleep(for: .milliseconds(500))
                let settled = try await load.finish()
                try PersistentLoad.audit(
                    settled + [.init(key: "still", body: body, answer: answer)], on: servers, key: key)
            }
        }

        @Test("an address that leads somewhere else gets no key, and every write is answered all the same")
        func wrongAddress() async throws {
            let seen = Mutex<[[String: String]]>([])
            let stranger = try LoopbackReceiver { delivery in
                seen.withLock { $0.append(delivery.headers) }
                return .status(200)
            }
            defer { stranger.stop() }
            let wrong = "advertise=http://127.0.0.1:\(stranger.port)"
            try await withServers([["--set", wrong], ["--set", wrong]]) { database, servers, key in
                let load = load(servers, key)
                try await eventually("writes are settled") { load.count > 300 }
                let addresses = try database.postgres.psql(
                    "SELECT count(*) FROM bincard.server", url: database.ownerURL)
                #expect(addresses.contains("2"))
                #expect(try handedOn(servers) == [0, 0])
                let settled = try await load.finish()
                #expect(load.retries == 0)
                try PersistentLoad.audit(settled, on: servers, key: key)
            }
            #expect(seen.withLock { $0 }.allSatisfy { $0["authorization"] == nil })
        }

        @Test("a server that is not told where it is, or shall not, hands nothing on and is handed nothing")
        func off() async throws {
            try await withServers([["--set", "advertise=off"], ["--set", "advertise=off"]]) { database, servers, key in
                let load = load(servers, key)
                try await eventually("writes are settled") { load.count > 300 }
                #expect(try handedOn(servers) == [0, 0])
                let addresses = try database.postgres.psql(
                    "SELECT count(*) FROM bincard.server", url: database.ownerURL)
                #expect(addresses.contains("0"))
                let settled = try await load.finish()
                try PersistentLoad.audit(settled, on: servers, key: key)
            }
        }

        @Test("requests handed on are taken from nobody who does not know the server's id, and none but writes")
        func strangers() async throws {
            try await withServers([[], []]) { _, servers, key in
                let caller = try servers[0].caller(key)
                for id in ["none", "01J9X0000000000000000000AA", ""] {
                    #expect(try caller.get("/servers/\(id)").status == 404)
                    #expect(try caller.post("/servers/\(id)/requests", "x", idempotencyKey: "k").status == 404)
                }
                #expect(try caller.get("/servers").status == 404)
            }
        }
    }
}

extension Caller {
    /// - Parameter line: the method and the target.
    fileprivate func ask(_ line: String, _ body: String, _ idempotencyKey: String?) throws(ConnectionLost) -> Answer {
        let parts = line.split(separator: " ").map(String.init)
        var head = head(parts[0], parts[1], length: body.utf8.count, idempotencyKey: idempotencyKey ?? "")
        if idempotencyKey == nil { head = head.replacing("Idempotency-Key: \r\n", with: "") }
        try send(head + body)
        return try answer()
    }
}
