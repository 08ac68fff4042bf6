import Foundation
import Synchronization
import Testing

extension EndToEnd {
    /// Goal: an endpoint gets every event that it is to have, whatever becomes of the server and of its own answers.
    ///
    /// Method: threads write as in `CrashTests`, an endpoint in this process takes what comes. In one test the server
    /// is killed at moments that a seed decides, fifty times; afterwards the endpoint must have exactly the events of
    /// the journal, and hardly more deliveries than events. In the other the endpoint loses what it is sent in every
    /// way there is; with the journal's help it must still know every balance.
    @Suite("webhooks and crashes", .serialized)
    struct WebhookCrashTests {
        private static let kills = 50
        /// Deliveries under way to one endpoint, and what may have arrived since the last write of what is settled.
        private static let twiceAtMostPerKill = 64
        private static let skus = ["A", "B", "C", "D", "E"]
        private static let warehouses = ["W", "X"]

        /// Makes an endpoint and gives the seq of its creation.
        private func subscribe(_ url: String, _ events: String, _ caller: Caller) throws -> UInt64 {
            let answer = try caller.post(
                "/inventory/v1/webhooks", #"{"url":"\#(url)","events":[\#(events)]}"#, idempotencyKey: "endpoint")
            try #require(answer.status == 201, "\(answer.text)")
            return try #require(try caller.entries().last { $0.type == "webhook.created" }?.seq)
        }

        @Test("kill −9 under load, fifty times: the endpoint has every event of the journal, and few of them twice")
        func killed() async throws {
            let seed = UInt64.random(in: .min ... .max)
            do {
                try await Installation.with { try await killed($0, SeededNumbers(seed: seed)) }
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }

        private func killed(_ installation: Installation, _ numbers: SeededNumbers) async throws {
            var numbers = numbers
            let received = Mutex<[String: Int]>([:])
            let receiver = try LoopbackReceiver { delivery in
                received.withLock { $0[delivery.id, default: 0] += 1 }
                return .status(200)
            }
            defer { receiver.stop() }
            let key = try await installation.makeKey()
            var server = try await installation.serve("--webhook-allow", "127.0.0.0/8")
            let created = try subscribe(
                receiver.url, #""movement.recorded","stock.*""#, try server.caller(key))
            try server.caller(key).makeItems(Self.skus, locations: Self.warehouses)
            var killsAtWork = 0
            for cycle in 1...Self.kills {
                let load = WriteLoad(
                    port: server.port, apiKey: key, prefix: "c\(cycle)", skus: Self.skus, warehouses: Self.warehouses,
                    seed: numbers.next(), threads: 3, pause: 4)
                let before = received.withLock { $0.count }
                try await eventually("nothing arrives") { received.withLock { $0.count } > before }
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...250, using: &numbers)))
                let arrived = received.withLock { $0.count }
                try await server.kill()
                _ = try await load.finish(stopping: false)
                if received.withLock({ $0.count }) > arrived { killsAtWork += 1 }
                server = try await installation.serve("--webhook-allow", "127.0.0.0/8")
            }
            let caller = try server.caller(key)
            let expected = Set(
                try caller.entries().filter { entry in
                    entry.seq > created && (entry.isMovement || entry.type.hasPrefix("stock."))
                }.map(\.id))
            try await eventually("the endpoint lacks events", within: 60) {
                received.withLock { Set($0.keys) }.isSuperset(of: expected)
            }
            let counts = received.withLock { $0 }
            #expect(Set(counts.keys) == expected, "an event that is not in the journal")
            let twice = counts.values.reduce(0, +) - counts.count
            print(
                "\(Self.kills) kills, \(killsAtWork) of them while events arrived: \(expected.count) events, \(twice) twice."
            )
            #expect(twice <= Self.kills * Self.twiceAtMostPerKill)
            #expect(killsAtWork > 0, "no kill hit a delivery: the test shows nothing")
            let verified = try await installation.bincard("verify", "--data", installation.data, "--format", "json")
            #expect(verified.status == 0, "\(verified.output)")
            #expect(try await server.stop() == 0)
        }

        /// An endpoint that keeps what it does not lose.
        private final class Forgetful: Sendable {
            private struct State {
                var numbers: SeededNumbers
                var kept: [UInt64: JournalEntry] = [:]
                var fates: [Int: Int] = [:]
            }

            private let state: Mutex<State>

            init(seed: UInt64) { state = Mutex(State(numbers: SeededNumbers(seed: seed))) }

            var kept: [UInt64: JournalEntry] { state.withLock { $0.kept } }
            /// Deliveries that were taken, refused, cut off and forgotten.
            var fates: [Int] { state.withLock { state in (0..<4).map { state.fates[$0] ?? 0 } } }

            func take(_ delivery: LoopbackReceiver.Delivery) -> LoopbackReceiver.Reply {
                let entry = try? JSONDecoder().decode(JournalEntry.self, from: Data(delivery.body))
                return state.withLock { state in
                    let chance = Int.random(in: 0..<100, using: &state.numbers)
                    let fate = chance < 10 ? 1 : chance < 20 ? 2 : chance < 50 ? 3 : 0
                    state.fates[fate, default: 0] += 1
                    if fate == 0, let entry { state.kept[entry.seq] = entry }
                    return fate == 1 ? .status(500) : fate == 2 ? .hangUp : .status(200)
                }
            }
        }

        @Test("an endpoint that loses half of what it is sent knows every balance once the journal has filled its gaps")
        func forgetful() async throws {
            let seed = UInt64.random(in: .min ... .max)
            do {
                try await Installation.with { try await forgetful($0, seed) }
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }

        private func forgetful(_ installation: Installation, _ seed: UInt64) async throws {
            let endpoint = Forgetful(seed: seed)
            let receiver = try LoopbackReceiver { endpoint.take($0) }
            defer { receiver.stop() }
            let key = try await installation.makeKey()
            var server = try await installation.serve("--webhook-allow", "127.0.0.0/8")
            let created = try subscribe(receiver.url, #""*""#, try server.caller(key))
            try server.caller(key).makeItems(Self.skus, locations: Self.warehouses)
            for cycle in 1...3 {
                let load = WriteLoad(
                    port: server.port, apiKey: key, prefix: "f\(cycle)", skus: Self.skus, warehouses: Self.warehouses,
                    seed: seed &+ UInt64(cycle), threads: 3, pause: 4)
                try await Task.sleep(for: .milliseconds(500))
                try await server.kill()
                _ = try await load.finish(stopping: false)
                server = try await installation.serve("--webhook-allow", "127.0.0.0/8")
            }
            let caller = try server.caller(key)
            let head = UInt64(try caller.head().seq)
            // First attempts are through when each event has been tried; what failed is due later than a test waits.
            try await eventually("the endpoint is not done", within: 60) {
                let shown = try caller.get("/inventory/v1/webhooks").json()["data"]?[0]?["id"]?.text ?? ""
                let delivery = try caller.get("/inventory/v1/webhooks/\(shown)").json()["delivery"]
                return delivery?["settled_seq"]?.integer ?? 0 >= Int64(head)
            }
            var entries = endpoint.kept
            let missing = ((created + 1)...head).filter { entries[$0] == nil }
            #expect(!missing.isEmpty && entries.count > missing.count / 4, "it lost nothing, or everything")
            var filled = 0
            for seq in missing where entries[seq] == nil {
                // A page holds more than the gap; what is known already is the same.
                for entry in try caller.page(after: seq - 1, limit: 200).data where entries[entry.seq] == nil {
                    entries[entry.seq] = entry
                    filled += 1
                }
            }
            let journal = entries.values.sorted { $0.seq < $1.seq }
            #expect(journal.map(\.seq) == Array((created + 1)...head))
            print("Taken, refused, cut off, forgotten: \(endpoint.fates); \(filled) of \(head) events read afterwards.")
            for (level, sum) in try balances(of: journal) {
                let names = level.components(separatedBy: " at ")
                #expect(try caller.onHand(names[0], at: names[1]) == sum, "\(level)")
            }
            #expect(try await server.stop() == 0)
        }
    }
}
