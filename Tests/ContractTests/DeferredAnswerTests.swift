import Foundation
import ServerApp
import Testing

extension ContractTests {
    /// Answers that are given later than the request's handler returns: trying an endpoint out is one, and what is read
    /// of deliveries.
    @Suite struct DeferredAnswerTests {
        private static let test = #"{"type": "stock.low"}"#

        /// A server whose receiver answers nothing, so that a test of an endpoint takes a second.
        private func hanging(_ body: (ContractRealm, TestEndpoint, WebhookReceiver) async throws -> Void) async throws {
            try await ContractServer.withTemporaryData { data in
                try await ContractServer.serve(data, flags: ["webhook-timeout": "1"]) { server in
                    try await WebhookReceiver.run({ _, _ in .nothing }) { receiver in
                        let realm = try await ContractRealm(on: server)
                        try await body(realm, try await realm.webhook(receiver.url(), ["stock.*"]), receiver)
                    }
                }
            }
        }

        @Test("an answer that is long in coming keeps its place on its connection, and other connections don't wait")
        func order() async throws {
            try await hanging { realm, endpoint, receiver in
                let head = "Host: x\r\nAuthorization: Bearer \(realm.created.secret)\r\n"
                let requests = """
                    POST \(endpoint.path)/test HTTP/1.1\r
                    \(head)Content-Type: application/json\r\nContent-Length: \(Self.test.utf8.count)\r\n\r
                    \(Self.test)GET /v1/ledger/head HTTP/1.1\r\n\(head)\r
                    GET \(endpoint.path)/deliveries HTTP/1.1\r\n\(head)\r
                    GET /v1/ledger/head HTTP/1.1\r\n\(head)Connection: close\r\n\r\n
                    """
                async let all = RawExchange.send(requests, to: realm.server)
                try await receiver.wait(for: 1)
                let began = ContinuousClock.now
                for _ in 0..<5 { #expect(try await realm.client.get("/v1/ledger/head").status == 200) }
                #expect(ContinuousClock.now - began < .milliseconds(800), "they wait for the one that hangs")
                let first = try await all
                // What follows the first answer's head is its body and the three answers behind it.
                let parts = first.text.components(separatedBy: "HTTP/1.1 ")
                #expect(first.status == 200 && parts.count == 4)
                #expect(parts[0].contains(#""delivered":false"#) && parts[0].contains("timed_out"))
                #expect(parts[1].hasPrefix("200") && parts[1].contains(#""seq":1"#))
                #expect(parts[2].hasPrefix("200") && parts[2].contains(#""data":[]"#))
                #expect(parts[3].hasPrefix("200") && parts[3].contains(#""seq":1"#))
            }
        }

        @Test("a caller who goes away before the answer takes nothing with him")
        func goneCaller() async throws {
            try await hanging { realm, endpoint, receiver in
                for _ in 0..<2 {
                    let callers = (0..<4).map { _ in
                        Task { try await realm.client.post("\(endpoint.path)/test", Self.test, key: nil) }
                    }
                    try await receiver.wait(for: 4)
                    for caller in callers { caller.cancel() }
                    for caller in callers { await #expect(throws: (any Error).self) { try await caller.value } }
                    #expect(try await realm.client.get("/v1/ledger/head").status == 200)
                    // What they have asked for ends in its own time: all of it, when there is room for four again.
                    receiver.answer { _, _ in .ok }
                    try await eventually("their tests to end") {
                        try await withThrowingTaskGroup(of: Int.self) { group in
                            for _ in 0..<4 {
                                group.addTask {
                                    try await realm.client.post("\(endpoint.path)/test", Self.test, key: nil).status
                                }
                            }
                            return try await group.allSatisfy { $0 == 200 }
                        }
                    }
                    receiver.answer { _, _ in .nothing }
                    receiver.forget()
                }
            }
        }

        @Test("four tests of an endpoint are under way at most; the fifth is refused, and other endpoints are not")
        func bounded() async throws {
            try await hanging { realm, endpoint, receiver in
                let other = try await realm.webhook(receiver.url("/other"), ["stock.*"])
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            try await realm.client.post("\(endpoint.path)/test", Self.test, key: nil).status
                        }
                    }
                    try await receiver.wait(for: 4)
                    try await realm.refused(409, "too_many_tests") {
                        try await $0.post("\(endpoint.path)/test", Self.test, key: nil)
                    }
                    #expect(try await realm.client.post("\(other.path)/test", Self.test, key: nil).status == 200)
                    for try await status in group { #expect(status == 200) }
                }
                #expect(try await realm.client.post("\(endpoint.path)/test", Self.test, key: nil).status == 200)
                #expect(receiver.deliveries(to: "/hook").count == 5)
            }
        }

        @Test("eight replays to an endpoint are under way at most; the ninth is refused until one is through")
        func boundedReplays() async throws {
            try await hanging { realm, _, receiver in
                receiver.answer { _, _ in .ok }
                try await realm.publishedExamples(onHand: 1)
                let endpoint = try await realm.webhook(receiver.url("/replayed"), ["movement.recorded"])
                try await realm.move(30)
                let event = try #require(try await receiver.wait(for: 30, to: "/replayed").first?.id)
                try await realm.settle(endpoint)
                receiver.answer { _, _ in .nothing }
                func replay(_ key: String) async throws -> ContractAnswer {
                    try await realm.client.post("\(endpoint.path)/replay", "{}", key: key)
                }
                func running() async throws -> Int {
                    try await realm.client.get("\(endpoint.path)/replays").json["data"].elements.count
                }
                for count in 1...8 {
                    #expect(try await replay("replay-\(count)").status == 202)
                    try await eventually("replay \(count) to begin") { try await running() == count }
                }
                try await realm.refused(409, "too_many_replays") { _ in try await replay("replay-9") }
                try await realm.refused(409, "too_many_replays") {
                    try await $0.post("\(endpoint.path)/deliveries/\(event)/replay", "")
                }
                #expect(try await replay("replay-3").isReplay, "what was accepted stays so under its key")
                receiver.answer { _, _ in .ok }
                // Another URL is as good as new: nothing waits for what has failed at the old one.
                let patched = try await realm.client.patch(endpoint.path, #"{"url": "\#(receiver.url("/better"))"}"#)
                #expect(patched.status == 200, "\(patched.text)")
                try await eventually("the replays to end") { try await running() == 0 }
                #expect(try await replay("replay-9").status == 409, "so does what was refused")
                #expect(try await replay("replay-10").status == 202)
            }
        }
    }
}
