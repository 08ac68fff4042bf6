import Foundation
import PostgresServer
import Synchronization
import Testing

/// A PostgreSQL of a test's own and servers over it, each a process with a data directory of its own.
final class SharedDatabase: Sendable {
    let installation: Installation
    let postgres: PostgresServer
    let name: String

    var ownerURL: String { postgres.ownerURL(database: name) }
    var url: String { postgres.url(role: "bincard_server", database: name) }

    /// - Parameter postgres: nil for the one that tests share.
    init(_ installation: Installation, on postgres: PostgresServer? = nil) async throws {
        self.installation = installation
        self.postgres = try postgres ?? PostgresServer.shared.get()
        name = self.postgres.freshName("shared")
        try self.postgres.psql("CREATE DATABASE \(name)")
        let migrated = try await installation.bincard(
            "db", "migrate", "--data", installation.folder + "/server1", "--database", ownerURL)
        try #require(migrated.status == 0, "\(migrated.errors)")
    }

    /// Starts the server of this number, from 1. The first on a new database prints its key.
    ///
    /// - Parameter url: another way to the database.
    func serve(_ number: Int, port: Int = 0, url: String? = nil, _ arguments: String...) async throws -> RunningServer {
        try await serve(number, port: port, url: url, arguments)
    }

    func serve(_ number: Int, port: Int = 0, url: String? = nil, _ arguments: [String]) async throws -> RunningServer {
        let data = installation.folder + "/server\(number)"
        if number > 1 {
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
            for file in ["database.key", "secret.key"] {
                // What is there already stays.
                try? FileManager.default.copyItem(
                    atPath: installation.folder + "/server1/" + file, toPath: "\(data)/\(file)")
            }
        }
        return try await installation.serve(data: data, port: port, ["--database", url ?? self.url] + arguments)
    }

    func drop() { _ = try? postgres.psql("DROP DATABASE IF EXISTS \(name) WITH (FORCE)") }
}

/// Clients that write as integrators do: a write that fails or is refused for the moment is sent again under the same
/// key, to whichever server is next, until it is settled.
final class PersistentLoad: Sendable {
    struct Settled: Sendable {
        var key: String
        var body: String
        var answer: Answer
    }

    private struct State {
        var settled: [Settled] = []
        var retries = 0
        var ports: [Int]
        var isStopped = false
        var running: Int
    }

    static let path = "/v1/inventory/ledger"
    private let state: Mutex<State>

    init(ports: [Int], key: String, skus: [String], warehouse: String, threads: Int, seed: UInt64) {
        state = Mutex(State(ports: ports, running: threads))
        for thread in 0..<threads {
            Thread { [self] in
                var numbers = SeededNumbers(seed: seed &+ UInt64(thread))
                var number = 0
                while !state.withLock({ $0.isStopped }) {
                    number += 1
                    let sku = skus.randomElement(using: &numbers) ?? ""
                    let reference = "t\(thread)-\(number)"
                    let delta = Int.random(in: 1...3, using: &numbers)
                    let body =
                        #"{"sku":"\#(sku)","warehouse":"\#(warehouse)","delta":\#(delta),"#
                        + #""reason":"count","reference":"\#(reference)"}"#
                    settle(reference, body, key, from: thread + number)
                }
                state.withLock { $0.running -= 1 }
            }.start()
        }
    }

    /// The servers are somewhere else from now on.
    func move(to ports: [Int]) { state.withLock { $0.ports = ports } }

    private func settle(_ reference: String, _ body: String, _ key: String, from first: Int) {
        var attempt = first
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let port = state.withLock { $0.ports[attempt % $0.ports.count] }
            attempt += 1
            if let caller = try? Caller(port: port, key: key),
                let answer = try? caller.post(Self.path, body, idempotencyKey: reference), answer.status != 503
            {
                state.withLock { $0.settled.append(Settled(key: reference, body: body, answer: answer)) }
                return
            }
            state.withLock { $0.retries += 1 }
            usleep(5_000)
        }
    }

    var count: Int { state.withLock { $0.settled.count } }
    var retries: Int { state.withLock { $0.retries } }

    func finish() async throws -> [Settled] {
        state.withLock { $0.isStopped = true }
        try await eventually("the load does not end", within: 90) { state.withLock { $0.running } == 0 }
        return state.withLock { $0.settled }
    }

    /// Every write that was settled is in the journal once, nothing else is, and each server says so: the same answer
    /// again under the same key, byte for byte, and balances that are the sum of the changes.
    static func audit(_ settled: [Settled], on servers: [RunningServer], key: String) throws {
        let entries = try servers[0].caller(key).entries()
        let movements = entries.filter(\.isMovement)
        let references = movements.compactMap { $0.data.reference }
        try #require(Set(references).count == references.count, "a reference is there twice")
        try #require(Set(references) == Set(settled.map(\.key)))
        let refused = settled.first { ![200, 201].contains($0.answer.status) }
        try #require(refused == nil, "\(refused?.answer.text ?? "")")
        let sums = try balances(of: entries)
        for (index, server) in servers.enumerated() {
            let caller = try server.caller(key)
            for write in settled.prefix(400) {
                let again = try caller.post(path, write.body, idempotencyKey: write.key)
                try #require(again.isReplay && again.body == write.answer.body, "\(write.key): \(again.text)")
            }
            for (level, sum) in sums {
                let names = level.components(separatedBy: " at ")
                try #require(try caller.onHand(names[0], at: names[1]) == sum, "\(level) on server \(index + 1)")
            }
        }
    }
}
