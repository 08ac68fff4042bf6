import Foundation
import LedgerCore
import LedgerStorage
import NIOHTTP1
import ServerApp
import Testing

extension ContractTests {
    /// What a stream may cost, and when it ends.
    @Suite(.timeLimit(.minutes(2))) struct EventStreamLimitTests {
        private static func serve(
            _ flags: [String: String], _ body: (ContractServer) async throws -> Void
        ) async throws {
            try await ContractServer.withTemporaryData { data in
                try await ContractServer.serve(data, flags: flags, body)
            }
        }

        /// The value of a metric, summed over its labels.
        private static func metric(_ name: String, _ client: ContractClient) async throws -> Double {
            let lines = try await client.get("/metrics").text.split(separator: "\n")
            return lines.filter { $0.prefix { $0 != "{" && $0 != " " } == name }
                .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
        }

        private static func waitFor(
            _ name: String, _ value: Double, _ client: ContractClient, at place: SourceLocation = #_sourceLocation
        ) async throws {
            let deadline = ContinuousClock.now + .seconds(10)
            var now = try await metric(name, client)
            while now != value, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(10))
                now = try await metric(name, client)
            }
            #expect(now == value, "\(name)", sourceLocation: place)
        }

        @Test("a silent stream says every so often that it is alive")
        func heartbeat() async throws {
            try await Self.serve(["stream-heartbeat": "1"]) { server in
                let realm = try await ContractRealm(on: server)
                try await realm.location("A")
                var stream = try await EventStreamReader(realm)
                #expect(try await stream.next()?.comment == "heartbeat")
                #expect(try await stream.next()?.comment == "heartbeat")
                try await realm.location("B")
                #expect(try await stream.next()?.seq == 2)
                #expect(try await stream.next()?.comment == "heartbeat")
            }
        }

        @Test("a key may have so many streams open, and the server; closing one makes room")
        func caps() async throws {
            try await Self.serve(["streams-per-key": "3", "streams": "5"]) { server in
                let one = try await ContractRealm(on: server)
                let two = try await ContractRealm(on: server)
                var streams: [EventStreamReader] = []
                for _ in 0..<3 { streams.append(try await EventStreamReader(one)) }
                let ofKey = try await one.refused(429, "too_many_streams") { try await $0.get("/v1/events/stream") }
                #expect(ofKey.headers.first(name: "retry-after") == "5")
                for path in ["/v1", "/inventory/v1"] {
                    streams.append(try await EventStreamReader(two, "\(path)/events/stream"))
                }
                let ofServer = try await two.refused(503, "streams_exhausted") {
                    try await $0.get("/inventory/v1/events/stream")
                }
                #expect(ofServer.headers.first(name: "retry-after") == "30")
                #expect(try await Self.metric("bincard_http_streams", one.client) == 5)
                // Refusals and heads don't count.
                try await two.refused(503, "streams_exhausted") { try await $0.get("/v1/events/stream") }
                streams.removeAll()
                try await Self.waitFor("bincard_http_streams", 0, one.client)
                for _ in 0..<5 { _ = try await one.client.send("HEAD", "/v1/events/stream") }
                for _ in 0..<5 {
                    try await one.refused(404, "entry_not_found") {
                        try await $0.get("/v1/events/stream", headers: [("Last-Event-ID", "evt_0")])
                    }
                }
                for _ in 0..<3 { streams.append(try await EventStreamReader(one)) }
            }
        }

        @Test("after the last stream nobody observes the ledger any more")
        func noLeak() async throws {
            try await Self.serve([:]) { server in
                let realm = try await ContractRealm(on: server)
                try await realm.location("A")
                let before = try await Self.metric("bincard_ledger_observers", realm.client)
                for round in 0..<5 {
                    var streams: [EventStreamReader] = []
                    for _ in 0..<8 { streams.append(try await EventStreamReader(realm)) }
                    #expect(try await Self.metric("bincard_ledger_observers", realm.client) == before + 1)
                    try await realm.location("R\(round)")
                    for index in streams.indices { #expect(try await streams[index].event().seq == Int64(round + 2)) }
                    streams.removeAll()
                    try await Self.waitFor("bincard_http_streams", 0, realm.client)
                    try await Self.waitFor("bincard_ledger_observers", before, realm.client)
                }
                let inFlight = try await Self.metric("bincard_http_requests_in_flight", realm.client)
                #expect(inFlight == 1, "the question itself")
            }
        }

        @Test("a stream ends when its key is revoked, and the others go on")
        func revoked() async throws {
            let realm = try await ContractRealm()
            let other = try await realm.key(scopes: [.inventoryRead])
            var stays = try await EventStreamReader(realm)
            var ends = try await EventStreamReader(other)
            _ = try realm.server.administration.revokeKey(other.created.key.id)
            let end = try await ends.next()
            #expect(end == nil)
            try await realm.location("A")
            #expect(try await stays.event().seq == 1)
        }

        @Test("a stream has its line in the access log once it is over, with the bytes that were sent")
        func accessLog() async throws {
            try await ContractServer.withTemporaryData { data in
                let log = data + "-access.log"
                defer { try? FileManager.default.removeItem(atPath: log) }
                let length = try await ContractServer.serve(data, flags: ["access-log": log]) { server in
                    let realm = try await ContractRealm(on: server)
                    try await realm.location("A")
                    var stream = try await EventStreamReader(realm, "/inventory/v1/events/stream?after=0")
                    let event = try await stream.event()
                    #expect(!Self.lines(log).contains { $0["operation"].string == "streamInventoryEvents" })
                    let lines = ["retry: 2000", "", "id: \(event.id ?? "")", "event: location.created"]
                    return (lines + ["data: \(event.data ?? "")", "", ""]).joined(separator: "\n").utf8.count
                }
                let told = Self.lines(log).filter { $0["operation"].string == "streamInventoryEvents" }
                #expect(told.count == 1)
                #expect(told.first?["bytes_out"].int == Int64(length))
                #expect(told.first?["status"].int == 200)
            }
        }

        private static func lines(_ path: String) -> [AnswerJSON] {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").map { AnswerJSON(Array($0.utf8)) }
        }

        @Test("a server that stops ends its streams in good order")
        func shutdown() async throws {
            let start = ContinuousClock.now
            try await ContractServer.withTemporaryData { data in
                let reading = try await ContractServer.serve(data) { server in
                    let realm = try await ContractRealm(on: server)
                    try await realm.location("A")
                    let reading = Task {
                        var stream = try await EventStreamReader(realm, "/v1/events/stream?after=0")
                        #expect(try await stream.event().seq == 1)
                        return try await stream.next() == nil
                    }
                    try await Self.waitFor("bincard_http_streams", 1, realm.client)
                    return reading
                }
                #expect(try await reading.value)
            }
            #expect(ContinuousClock.now - start < .seconds(20))
        }
    }
}
