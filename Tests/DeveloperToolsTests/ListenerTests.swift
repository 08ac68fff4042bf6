import DeveloperTools
import Foundation
import Synchronization
import Testing
import WebhookDelivery

@Suite("listening")
struct ListenerTests {
    /// A stream of so many events in one connection, which then stays open.
    private static func ledger(_ frames: String, head seq: Int = 0) -> @Sendable (SeenRequest) -> [Step] {
        { request in
            request.path == "/v1/ledger/head" ? head(seq) : [Step.stream, .body(frames), .wait(60_000)]
        }
    }

    private static let takes: @Sendable (SeenRequest) -> [Step] = { _ in Step.answer(200, "thanks") }

    @Test("an event goes to the receiver as a webhook does: the same bytes, signed by the session's secret")
    func forwards() async throws {
        try await ScriptedServer.with(Self.ledger(frame(1) + frame(2))) { server in
            try await ScriptedServer.with(Self.takes) { receiver in
                let (session, ending) = try await ListenSession.run(
                    on: server, forwardingTo: "localhost:\(receiver.port)/hook?x=1", until: { $0.attempts.count == 2 })
                #expect(ending.failure == nil)
                #expect(ending.summary.events == 2 && ending.summary.delivered == 2 && ending.summary.givenUp == 0)
                let requests = receiver.seen.sorted { $0.header("webhook-id") < $1.header("webhook-id") }
                #expect(requests.map { $0.header("webhook-id") } == ["evt_1", "evt_2"])
                for (request, seq) in zip(requests, [1, 2]) {
                    #expect(request.method == "POST" && request.path == "/hook?x=1")
                    #expect(request.text == event(seq))
                    #expect(request.header("content-type") == "application/json")
                    #expect(request.header("webhook-timestamp") == "1700000000")
                    try StandardSignature.verify(
                        id: request.header("webhook-id"), timestamp: request.header("webhook-timestamp"),
                        signature: request.header("webhook-signature"), body: request.body,
                        secrets: [ListenSession.secret], now: 1_700_000_000)
                }
                #expect(session.attempts.allSatisfy { $0.outcome == .answered(status: 200, body: "thanks") })
                let opened = server.seen.filter { $0.path.hasPrefix("/v1/events/stream") }
                #expect(opened.map(\.path) == ["/v1/events/stream?after=0"])
                #expect(opened[0].header("authorization") == "Bearer sk_test_key")
                #expect(opened[0].header("accept") == "text/event-stream")
            }
        }
    }

    @Test("an event that was asked for under an alias arrives under it, as a webhook's does")
    func alias() async throws {
        let frames = frame(1, type: "movement.recorded", as: "inventory.updated") + frame(2, type: "stock.low")
        try await ScriptedServer.with(Self.ledger(frames)) { server in
            try await ScriptedServer.with(Self.takes) { receiver in
                _ = try await ListenSession.run(
                    on: server, forwardingTo: "\(receiver.port)",
                    configure: { options, _ in options.types = "inventory.updated,stock.*" },
                    until: { $0.attempts.count == 2 })
                #expect(
                    Set(receiver.seen.map(\.text)) == [
                        event(1, type: "inventory.updated"), event(2, type: "stock.low"),
                    ])
                #expect(server.seen.last?.path == "/v1/events/stream?after=0&types=inventory.updated%2Cstock.%2A")
            }
        }
    }

    @Test("a stream that breaks, also in the middle of an event, is gone on with: every event comes once, in order")
    func drops() async throws {
        // Connections: nothing, one and a half events, half an event, the end of one and the beginning of another…
        let last = 6
        let server: @Sendable (SeenRequest) -> [Step] = { request in
            guard request.path.hasPrefix("/v1/events/stream") else { return head(0) }
            let id = request.header("last-event-id")
            let done = Int(id.dropFirst(4)) ?? 0
            let next = frame(done + 1)
            switch request.number {
            case 2: return [Step.stream, .body("retry: 100\n\n: heart"), .drop]
            case 3: return [Step.stream, .body(next + frame(done + 2).prefix(40)), .wait(10), .drop]
            case 4: return [Step.stream, .body(String(next.prefix(next.count / 2))), .wait(10), .drop]
            case 5: return [.drop]
            case 6: return Step.answer(503, #"{"code":"busy","detail":"later"}"#)
            case 7: return [Step.stream, .body(String(next.dropLast(1))), .wait(10), .drop]
            default:
                return done < last ? [Step.stream, .body(next), .end] : [Step.stream, .wait(60_000)]
            }
        }
        try await ScriptedServer.with(server) { server in
            try await ScriptedServer.with(Self.takes) { receiver in
                let (session, ending) = try await ListenSession.run(
                    on: server, forwardingTo: receiver.url, configure: { options, _ in options.width = 1 },
                    until: { $0.attempts.count == last })
                #expect(ending.summary.events == last && ending.summary.delivered == last)
                #expect(receiver.seen.map(\.text) == (1...last).map { event($0) })
                let opened = server.seen.filter { $0.path.hasPrefix("/v1/events/stream") }
                #expect(opened.prefix(2).map(\.path) == Array(repeating: "/v1/events/stream?after=0", count: 2))
                #expect(opened[1].header("last-event-id") == "", "no event had come")
                #expect(opened[2].header("last-event-id") == "evt_1" && opened[2].path == "/v1/events/stream")
                #expect(session.notices.contains { if case .lost = $0 { true } else { false } })
            }
        }
    }

    @Test("a receiver that fails is tried again a few times, with the same event and a new signature")
    func retries() async throws {
        try await ScriptedServer.with(Self.ledger(frame(1))) { server in
            let answers: @Sendable (SeenRequest) -> [Step] = { request in
                switch request.number {
                case 1: Step.answer(500, "oops\u{1B}")
                case 2: [.drop]
                case 3: Step.answer(302, "", [("Location", "/elsewhere")])
                default: Step.answer(204)
                }
            }
            try await ScriptedServer.with(answers) { receiver in
                let (session, ending) = try await ListenSession.run(
                    on: server, forwardingTo: receiver.url, until: { $0.attempts.count == 4 })
                #expect(receiver.seen.map { $0.header("webhook-id") } == Array(repeating: "evt_1", count: 4))
                #expect(Set(receiver.seen.map(\.text)) == [event(1)])
                #expect(!receiver.seen.contains { $0.path == "/elsewhere" }, "redirects are not followed")
                let attempts = session.attempts
                #expect(attempts.map(\.number) == [1, 2, 3, 4])
                #expect(attempts.map(\.isDelivered) == [false, false, false, true])
                #expect(attempts.map(\.again) == [.milliseconds(20), .milliseconds(30), .milliseconds(40), nil])
                #expect(attempts[0].outcome == .answered(status: 500, body: "oops\u{1B}"))
                #expect(attempts[1].outcome == .failed("the connection was closed"))
                #expect(ending.summary.description == "1 event: 1 delivered, 0 given up; 3 failed tries.")
            }
        }
    }

    @Test("an event is given up after the last try, and the next one is tried all the same")
    func givenUp() async throws {
        try await ScriptedServer.with(Self.ledger(frame(1) + frame(2))) { server in
            let answers: @Sendable (SeenRequest) -> [Step] = { request in
                Step.answer(request.header("webhook-id") == "evt_1" ? 400 : 200)
            }
            try await ScriptedServer.with(answers) { receiver in
                let (session, ending) = try await ListenSession.run(
                    on: server, forwardingTo: receiver.url, until: { $0.attempts.count == 5 })
                #expect(receiver.seen.count { $0.header("webhook-id") == "evt_1" } == 4)
                #expect(session.attempts.filter { $0.eventID == "evt_1" }.last?.again == nil)
                #expect(
                    ending.summary.description == "2 events: 1 delivered, 1 given up; 4 failed tries.",
                    "\(ending.summary)")
            }
        }
    }

    @Test("410 is not tried again, and nobody there is a failure with a reason")
    func goneAndNobody() async throws {
        try await ScriptedServer.with(Self.ledger(frame(1))) { server in
            try await ScriptedServer.with({ _ in Step.answer(410) }) { receiver in
                let (session, _) = try await ListenSession.run(
                    on: server, forwardingTo: receiver.url, until: { $0.attempts.count == 1 })
                #expect(session.attempts[0].again == nil)
            }
            let (session, ending) = try await ListenSession.run(
                on: server, forwardingTo: "127.0.0.1:1", until: { $0.attempts.count == 4 })
            #expect(session.attempts.allSatisfy { $0.outcome == .failed("the connection was refused") })
            #expect(ending.summary.givenUp == 1)
        }
    }

    @Test("a receiver that hangs costs one try its time, and holds up no more than its places")
    func hangs() async throws {
        let frames = (1...6).map { frame($0) }.joined()
        try await ScriptedServer.with(Self.ledger(frames)) { server in
            let answers: @Sendable (SeenRequest) -> [Step] = { request in
                request.header("webhook-id") == "evt_1" ? [.wait(60_000)] : Step.answer(200)
            }
            try await ScriptedServer.with(answers) { receiver in
                let (session, ending) = try await ListenSession.run(
                    on: server, forwardingTo: receiver.url,
                    configure: { options, forwarding in
                        options.width = 2
                        forwarding?.timeout = .milliseconds(400)
                        forwarding?.pauses = []
                    }, until: { $0.attempts.count == 6 })
                #expect(ending.summary.delivered == 5 && ending.summary.givenUp == 1)
                let hung = try #require(session.attempts.first { $0.eventID == "evt_1" })
                #expect(hung.outcome == .failed("no answer in time"))
                #expect(hung.duration >= .milliseconds(400))
            }
        }
    }

    @Test("no more events are on their way than there are places")
    func places() async throws {
        let count = 12
        let frames = (1...count).map { frame($0) }.joined()
        let underWay = Mutex((now: 0, most: 0))
        let answers: @Sendable (SeenRequest) -> [Step] = { _ in
            underWay.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
            return [.wait(20), .run { underWay.withLock { $0.now -= 1 } }] + Step.answer(200)
        }
        try await ScriptedServer.with(Self.ledger(frames)) { server in
            try await ScriptedServer.with(answers) { receiver in
                let (_, ending) = try await ListenSession.run(
                    on: server, forwardingTo: receiver.url, configure: { options, _ in options.width = 3 },
                    until: { $0.attempts.count == count })
                #expect(ending.summary.delivered == count)
                #expect((2...3).contains(underWay.withLock { $0.most }))
            }
        }
    }

    @Test("it begins behind the seq that it is given, else at the ledger's end")
    func start() async throws {
        for (after, expected) in [(nil, 41), (0, 0), (7, 7)] as [(Int64?, Int64)] {
            try await ScriptedServer.with(Self.ledger("", head: 41)) { server in
                _ = try await ListenSession.run(
                    on: server, configure: { options, _ in options.after = after },
                    until: { $0.notices.contains(.connected) })
                #expect(server.seen.last?.path == "/v1/events/stream?after=\(expected)")
            }
        }
    }

    @Test("a ledger that does not know the last event is another one: it is followed from its end")
    func otherLedger() async throws {
        let answers: @Sendable (SeenRequest) -> [Step] = { request in
            switch request.number {
            case 1: head(5)
            case 2: [Step.stream, .body("retry: 100\n\n" + frame(6)), .wait(10), .drop]
            case 3: Step.answer(404, #"{"code":"entry_not_found","detail":"no such entry"}"#)
            case 4: head(2)
            default: [Step.stream, .body(frame(3)), .wait(60_000)]
            }
        }
        try await ScriptedServer.with(answers) { server in
            let (session, ending) = try await ListenSession.run(
                on: server, until: { session in session.all.count { if case .event = $0 { true } else { false } } == 2 }
            )
            #expect(session.notices.contains(.beganAnew))
            #expect(server.seen.map(\.path).last == "/v1/events/stream?after=2")
            #expect(ending.failure == nil && ending.summary.events == 2)
        }
    }

    @Test("a key that dies ends the session with the reason, and what was done is told")
    func revoked() async throws {
        let answers: @Sendable (SeenRequest) -> [Step] = { request in
            switch request.number {
            case 1: head(0)
            case 2: [Step.stream, .body("retry: 100\n\n" + frame(1)), .wait(50), .end]
            default: Step.answer(401, #"{"code":"unauthorized","detail":"the key is dead"}"#)
            }
        }
        try await ScriptedServer.with(answers) { server in
            try await ScriptedServer.with(Self.takes) { receiver in
                let (_, ending) = try await ListenSession.run(
                    on: server, forwardingTo: receiver.url, until: { _ in false })
                #expect(ending.failure == .notAuthorised(status: 401, problem: "the key is dead"))
                #expect(ending.summary.events == 1)
            }
        }
    }

    @Test("no server at the beginning is a failure at once, not an endless wait")
    func nobody() async throws {
        try await ScriptedServer.with({ _ in [.drop] }) { server in
            let (_, ending) = try await ListenSession.run(on: server, until: { _ in false })
            #expect(ending.failure == .unreachable(tries: 1, problem: "the connection was closed"))
        }
    }
}
