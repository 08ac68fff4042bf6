import HTTPInterface
import NIOCore
import NIOPosix
import Synchronization
import Testing

@Suite("Pipelined requests")
struct ListenerPipelineTests {
    @Test("responses come in the order of the requests, whatever the order of completion")
    func order() async throws {
        try await TestListener.with { listener in
            var numbers = SeededNumbers(seed: 42)
            let client = try listener.connect()
            let paths = (0..<20).map { "/hold/\($0)" }
            try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
            #expect(listener.handler.waitForHeld(20))
            for path in paths.shuffled(using: &numbers) { listener.handler.release(path) }
            for path in paths { #expect(try client.readResponse().body == "released \(path)") }
        }
    }

    @Test("5,000 requests in one go are all answered, while no more than a bounded number of them wait")
    func flood() async throws {
        var limits = ConnectionLimits()
        limits.pipelineDepth = 8
        try await TestListener.with(limits) { listener in
            let client = try listener.connect()
            let count = 5000
            let requests = "GET /hold/x HTTP/1.1\r\nHost: x\r\n\r\n"
            try client.send(String(repeating: requests, count: 2000))
            #expect(listener.handler.waitForHeld(8))
            sleepMilliseconds(100)
            // A slice of 4 KiB holds 120 of these.
            #expect(listener.handler.heldPaths.count == 8)
            listener.handler.holdNoMore()
            try client.send(String(repeating: requests, count: count - 2000))
            client.closeSending()
            var answered = 0
            while answered < count {
                let response = try client.readResponse()
                #expect(response.body == "released /hold/x")
                answered += 1
            }
            #expect(client.isClosedByServer())
            #expect(listener.handler.requests.count == count)
        }
    }

    @Test("requests that come byte by byte across each other's borders are told apart")
    func borders() async throws {
        try await TestListener.with { listener in
            let one = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET "
            let two = "POST /q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nPOST\r\n0\r\n\r\n"
            let bytes = Array((one + two + one + two).utf8)
            for size in [1, 2, 3, 7, 50, 64, 65] {
                let client = try listener.connect()
                var rest = bytes[...]
                while !rest.isEmpty {
                    try client.send(Array(rest.prefix(size)))
                    rest = rest.dropFirst(size)
                }
                let bodies = try (0..<4).map { _ in try client.readResponse().body }
                #expect(bodies == ["POST /p 4", "POST /q 4", "POST /p 4", "POST /q 4"], "slices of \(size)")
            }
        }
    }

    @Test("responses from many threads to many connections all arrive, once and in order")
    func mailbox() async throws {
        try await TestListener.with { listener in
            let failures = Mutex<[String]>([])
            let pool = NIOThreadPool(numberOfThreads: 8)
            pool.start()
            let done = Mutex(0)
            for connection in 0..<8 {
                pool.submit { _ in
                    defer { done.withLock { $0 += 1 } }
                    do {
                        let client = try listener.connect()
                        for round in 0..<50 {
                            let paths = (0..<16).map { "/elsewhere/\(connection)/\(round)/\($0)" }
                            try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
                            for path in paths {
                                let body = try client.readResponse().body
                                if body != "GET \(path) 0" { failures.withLock { $0.append("\(body) for \(path)") } }
                            }
                        }
                    } catch {
                        failures.withLock { $0.append("\(error)") }
                    }
                }
            }
            #expect(waitUntil { done.withLock { $0 } == 8 })
            #expect(failures.withLock { $0 } == [])
            #expect(listener.handler.requests.count == 8 * 50 * 16)
            pool.shutdownGracefully { _ in }
        }
    }

    @Test("a response after the client has gone is dropped, and the server goes on")
    func gone() async throws {
        try await TestListener.with { listener in
            do {
                let client = try listener.connect()
                try client.send("GET /hold/gone HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(listener.handler.waitForHeld(1))
            }
            sleepMilliseconds(20)
            listener.handler.release("/hold/gone")
            let client = try listener.connect()
            try client.send("GET /on HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.readResponse().body == "GET /on 0")
            #expect(waitUntil { listener.telemetry.connections.current == 1 })
        }
    }
}
