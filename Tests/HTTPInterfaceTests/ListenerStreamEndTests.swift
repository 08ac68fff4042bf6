import HTTPInterface
import NIOCore
import Testing

@Suite("The end of a response that is written bit by bit")
struct ListenerStreamEndTests {
    private static let request = ListenerStreamTests.request

    @Test("a client that goes away ends the source, though nothing is written", arguments: ["close", "half", "reset"])
    func gone(way: String) async throws {
        try await TestListener.with { listener in
            var client: RawConnection? = try listener.connect()
            try client?.send(Self.request)
            _ = try client?.readResponse()
            let source = try listener.handler.source()
            switch way {
            case "half": client?.closeSending()
            case "reset": client?.reset()
            default: client = nil
            }
            #expect(source.waitForEnd())
            #expect(source.ends == [0])
            if way == "half" {
                #expect(try client?.readChunk() == nil)
                #expect(client?.isClosedByServer() ?? false)
            }
            #expect(waitUntil { listener.telemetry.connections.current == 0 })
            #expect(listener.telemetry.streams.current == 0)
        }
    }

    @Test("a client that goes away is noticed behind requests that it has sent ahead, which are still answered")
    func goneBehindRequests() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send(Self.request)
            let source = try listener.handler.source()
            // More than one slice of input, so that some of it is held back.
            let count = 1_000
            try client.send(String(repeating: "GET /behind HTTP/1.1\r\nHost: x\r\n\r\n", count: count))
            sleepMilliseconds(30)
            #expect(source.ends == [])
            client.closeSending()
            #expect(source.waitForEnd())
            _ = try client.readResponse()
            #expect(try client.readChunk() == nil)
            for _ in 0..<count { #expect(try client.readResponse().body == "GET /behind 0") }
            #expect(client.isClosedByServer())
        }
    }

    @Test("a client that goes away while a response before the stream is due leaves nothing behind")
    func goneBefore() async throws {
        try await TestListener.with { listener in
            var client: RawConnection? = try listener.connect()
            try client?.send("GET /hold/1 HTTP/1.1\r\nHost: x\r\n\r\n" + Self.request)
            let source = try listener.handler.source()
            client?.reset()
            client = nil
            #expect(source.waitForEnd())
            listener.handler.release("/hold/1")
            #expect(waitUntil { listener.telemetry.connections.current == 0 })
            #expect(listener.telemetry.streams.current == 0)
        }
    }

    @Test("a stream that follows another answer to the same request is over before it begins")
    func secondAnswer() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET /stream/second HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.readResponse().body == "GET /stream/second 0")
            #expect(waitUntil { listener.handler.sources.map(\.ends) == [[0]] })
            #expect(listener.handler.sources.map(\.begins) == [0])
        }
    }

    @Test("a graceful shutdown ends streams at once, in good order")
    func shutdown() async throws {
        let clock = ContinuousClock()
        let start = clock.now
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send(Self.request)
            let old = try listener.connect()
            _ = try client.readResponse()
            let source = try listener.handler.source(0)
            try old.send("GET /stream HTTP/1.0\r\n\r\n")
            _ = try old.readResponse()
            let deaf = try listener.connect(receiveBuffer: 4096)
            try deaf.send("GET /stream/flood HTTP/1.1\r\nHost: x\r\n\r\n")
            let flood = try listener.handler.source(2)
            let waiting = try listener.connect()
            try waiting.send("GET /hold/1 HTTP/1.1\r\nHost: x\r\n\r\n" + Self.request)
            let late = try listener.handler.source(3)
            source.write("last")
            #expect(try client.readChunk() == "last")
            listener.beginShutdown()
            #expect(try client.readChunk() == nil)
            #expect(client.isClosedByServer())
            #expect(try old.readRest() == "")
            #expect(source.ends == [4])
            #expect(flood.waitForEnd())
            listener.handler.release("/hold/1")
            #expect(try waiting.readResponse().body == "released /hold/1")
            #expect(try waiting.readResponse().header("connection") == "close")
            #expect(try waiting.readChunk() == nil)
            #expect(waiting.isClosedByServer())
            #expect(late.waitForEnd())
            #expect(deaf.isCut())
        }
        #expect(clock.now - start < .seconds(5))
    }

    @Test("whatever happens to 200 streams, each source is ended exactly once", arguments: [UInt64(7), 8])
    func everyEnd(seed: UInt64) async throws {
        try await TestListener.with { listener in
            var numbers = SeededNumbers(seed: seed)
            for index in 0..<200 {
                let client = try listener.connect()
                let flood = Bool.random(using: &numbers)
                let place = flood ? "/flood" : ["", "/elsewhere"].randomElement(using: &numbers) ?? ""
                try client.send("GET /stream\(place) HTTP/1.1\r\nHost: x\r\n\r\n")
                let source = try listener.handler.source(index)
                if Bool.random(using: &numbers) { _ = try client.readResponse() }
                source.write("something")
                switch Int.random(in: 0..<4, using: &numbers) {
                case 0: source.finish()
                case 1: client.reset()
                case 2: client.closeSending()
                default: sleepMilliseconds(Int.random(in: 0...3, using: &numbers))
                }
            }
            let sources = listener.handler.sources
            #expect(waitUntil { sources.allSatisfy { !$0.ends.isEmpty } }, "seed \(seed)")
            #expect(waitUntil { listener.telemetry.connections.current == 0 }, "seed \(seed)")
            #expect(sources.allSatisfy { $0.ends.count == 1 && $0.begins == 1 }, "seed \(seed)")
            #expect(listener.telemetry.streams.current == 0, "seed \(seed)")
        }
    }
}
