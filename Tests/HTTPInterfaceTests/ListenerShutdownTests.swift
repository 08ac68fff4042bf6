import HTTPInterface
import Logging
import NIOCore
import Testing

@Suite("Graceful shutdown")
struct ListenerShutdownTests {
    @Test("idle connections close at once, running requests are answered and told that it was the last")
    func graceful() async throws {
        try await TestListener.with { listener in
            let idle = try listener.connect()
            try idle.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try idle.readResponse()
            let silent = try listener.connect()
            let busy = try listener.connect()
            try busy.send("GET /hold/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /hold/2 HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(listener.handler.waitForHeld(2))
            let sending = try listener.connect()
            try sending.send("POST /s HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
            sleepMilliseconds(50)
            listener.beginShutdown()
            #expect(idle.isClosedByServer())
            #expect(silent.isClosedByServer())
            #expect(throws: RawConnection.Failure.self) { try listener.connect() }
            try sending.send("cd")
            #expect(try sending.readResponse().header("connection") == "close")
            listener.handler.release("/hold/1")
            #expect(try busy.readResponse().header("connection") == nil)
            listener.handler.release("/hold/2")
            let last = try busy.readResponse()
            #expect(last.body == "released /hold/2")
            #expect(last.header("connection") == "close")
            #expect(busy.isClosedByServer())
        }
    }

    @Test("what is still running after the grace time is cut, and run() returns")
    func graceOver() async throws {
        var limits = ConnectionLimits()
        limits.shutdownGrace = .milliseconds(200)
        let clock = ContinuousClock()
        let start = clock.now
        try await TestListener.with(limits) { listener in
            let client = try listener.connect()
            try client.send("GET /hold/never HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(listener.handler.waitForHeld(1))
            listener.beginShutdown()
            #expect(client.isCut())
        }
        #expect(clock.now - start < .seconds(4))
    }

    @Test("a port in use is an error of run()")
    func portInUse() async throws {
        let result = try await TestListener.withPort { port in
            var configuration = ListenerConfiguration(host: "127.0.0.1", port: port)
            configuration.threads = 1
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let second = HTTPListener(configuration: configuration, handler: TestHandler(), logger: logger)
            do {
                try await second.run()
                return false
            } catch {
                return true
            }
        }
        #expect(result)
    }
}
