import HTTPInterface
import NIOCore
import Testing

@Suite("The limits of a connection")
struct ListenerLimitTests {
    @Test("a target of 8 KiB is served, a longer one is 414, however long", arguments: [0, 1, 9000, 17_000, 100_000])
    func target(excess: Int) async throws {
        try await TestListener.with(threads: 1) { listener in
            let client = try listener.connect()
            let target = "/" + String(repeating: "a", count: 8191 + excess)
            try client.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.readResponse().status == (excess == 0 ? 200 : 414), "\(excess)")
            if excess > 0 { #expect(client.isClosedByServer()) }
        }
    }

    @Test("header lines of 16 KiB together are served, more is 431", arguments: [-30, 1, 5000, 9000, 200_000])
    func header(excess: Int) async throws {
        try await TestListener.with(threads: 1) { listener in
            let client = try listener.connect()
            let size = 16 * 1024 + excess - "Host: x\r\n".utf8.count
            var lines = ""
            while lines.utf8.count + 1100 < size { lines += "X-Fill: \(String(repeating: "b", count: 990))\r\n" }
            lines += "X-Rest: " + String(repeating: "c", count: size - lines.utf8.count - 10) + "\r\n"
            try client.send("GET / HTTP/1.1\r\nHost: x\r\n\(lines)\r\n")
            #expect(try client.readResponse().status == (excess < 0 ? 200 : 431))
            if excess > 0 { #expect(client.isClosedByServer()) }
        }
    }

    @Test("more than 100 header lines are 431")
    func manyLines() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET / HTTP/1.1\r\nHost: x\r\n\(String(repeating: "A: b\r\n", count: 100))\r\n")
            #expect(try client.readResponse().status == 431)
        }
    }

    @Test("trailers are bounded as the header is")
    func trailers() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
            try client.send(String(repeating: "A: b\r\n", count: 200) + "\r\n")
            #expect(try client.readResponse().status == 431)
        }
    }

    @Test("a declared body over the limit is 413 at once, without waiting for it or asking for it")
    func declaredBody() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n")
            #expect(try client.readResponse().status == 413)
            #expect(client.isClosedByServer())
        }
    }

    @Test("a client that is still sending a body over the limit gets to read the 413")
    func bodyUnderway() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n")
            try client.send([UInt8](repeating: 0x61, count: 3_000_000))
            #expect(try client.readResponse().status == 413)
        }
    }

    @Test("a body in chunks is 413 when what has come is over the limit")
    func chunkedBody() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "10000\r\n" + String(repeating: "z", count: 65_536) + "\r\n"
            for _ in 0..<17 { try client.send(chunk) }
            #expect(try client.readResponse().status == 413)
            #expect(listener.handler.refusals == [.bodyTooLarge(limit: 1 << 20)])
        }
    }

    @Test("a request that does not end in time is 408, however it dawdles")
    func deadline() async throws {
        var limits = ConnectionLimits()
        limits.requestDeadline = .milliseconds(200)
        try await TestListener.with(limits) { listener in
            let dawdlers = [
                "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\n", "\r\n",
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab",
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
            ]
            for text in dawdlers {
                let client = try listener.connect()
                try client.send(text)
                #expect(try client.readResponse().status == 408, "\(text)")
                #expect(client.isClosedByServer())
            }
            // A byte now and then does not put it off.
            let client = try listener.connect()
            let dribble = "POST / HTTP/1.1\r\nHost: x\r\nX-Long: " + String(repeating: "y", count: 60)
            for byte in dribble.utf8 {
                guard listener.handler.refusals.count == dawdlers.count else { break }
                try? client.send([byte])
                sleepMilliseconds(10)
            }
            #expect(try client.readResponse().status == 408)
        }
    }

    @Test("a connection without a request is closed after the idle time, one whose request is worked on is not")
    func idle() async throws {
        var limits = ConnectionLimits()
        limits.idleTimeout = .milliseconds(200)
        try await TestListener.with(limits) { listener in
            let busy = try listener.connect()
            try busy.send("GET /hold/1 HTTP/1.1\r\nHost: x\r\n\r\n")
            let silent = try listener.connect()
            let used = try listener.connect()
            try used.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try used.readResponse()
            #expect(silent.isClosedByServer())
            #expect(used.isClosedByServer())
            listener.handler.release("/hold/1")
            #expect(try busy.readResponse().status == 200)
            #expect(busy.isClosedByServer())
        }
    }

    @Test("a response that the client does not read ends the connection, and is not held for ever")
    func unreadResponse() async throws {
        var limits = ConnectionLimits()
        limits.writeTimeout = .milliseconds(300)
        try await TestListener.with(limits) { listener in
            let client = try listener.connect(receiveBuffer: 4096)
            try client.send("GET /bytes/20000000 HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(waitUntil { listener.telemetry.connections.current == 1 })
            #expect(waitUntil { listener.telemetry.connections.current == 0 })
        }
    }

    @Test("a client that reads a long response slowly but steadily gets all of it")
    func slowReader() async throws {
        var limits = ConnectionLimits()
        limits.writeTimeout = .milliseconds(400)
        try await TestListener.with(limits) { listener in
            let client = try listener.connect(receiveBuffer: 64 * 1024)
            try client.send("GET /bytes/12000000 HTTP/1.1\r\nHost: x\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n")
            // The reader takes 64 KiB at a time; a pause now and then stretches it over several write timeouts.
            client.pauseEveryRead(milliseconds: 4)
            #expect(try client.readResponse().body.utf8.count == 12_000_000)
            #expect(try client.readResponse().body == "GET /after 0")
        }
    }

    @Test("no more is read of a client that does not take its responses")
    func backPressure() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect(receiveBuffer: 4096)
            // Each response is larger than what the system buffers, so the requests after the first must wait.
            let request = "GET /bytes/8000000 HTTP/1.1\r\nHost: x\r\n\r\n"
            try client.send(request)
            #expect(waitUntil { listener.handler.requests.count == 1 })
            try client.send(String(repeating: request, count: 7))
            sleepMilliseconds(100)
            #expect(listener.handler.requests.count == 1)
            for _ in 0..<8 { #expect(try client.readResponse().body.utf8.count == 8_000_000) }
            #expect(listener.handler.requests.count == 8)
        }
    }

    @Test("a client that does not read gets one large response made, however many requests it sends at once")
    func unreadPipeline() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect(receiveBuffer: 4096)
            // The system alone would take megabytes: several of these.
            let request = "GET /bytes/600000 HTTP/1.1\r\nHost: x\r\n\r\n"
            try client.send(String(repeating: request, count: 30))
            #expect(waitUntil { listener.handler.requests.count > 0 })
            sleepMilliseconds(150)
            #expect(listener.handler.requests.count == 1)
            for _ in 0..<30 { #expect(try client.readResponse().body.utf8.count == 600_000) }
            #expect(listener.handler.requests.count == 30)
        }
    }

    @Test("requests that wait are not carried out when a response before them closes the connection")
    func waitingAndClosed() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect(receiveBuffer: 4096)
            let large = "GET /bytes/600000 HTTP/1.1\r\nHost: x\r\n\r\n"
            try client.send(large + "GET /second HTTP/1.1\r\nHost: x\r\n\r\n" + large + "nonsense\r\n\r\n")
            #expect(try client.readResponse().body.utf8.count == 600_000)
            #expect(try client.readResponse().body == "GET /second 0")
            #expect(try client.readResponse().body.utf8.count == 600_000)
            #expect(try client.readResponse().status == 400)
            #expect(client.isClosedByServer())
            #expect(listener.handler.requests.count == 3)
            // One that is cut while it waits takes its waiting requests with it.
            do {
                let gone = try listener.connect(receiveBuffer: 4096)
                try gone.send(large + "GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(waitUntil { listener.handler.requests.count == 4 })
            }
            #expect(waitUntil { listener.telemetry.connections.current == 0 })
            #expect(listener.handler.requests.count == 4)
        }
    }

    @Test(
        "a stranger's large body is refused as soon as it is large, whenever that is known",
        arguments: ["now", "later"])
    func strangers(when: String) async throws {
        try await TestListener.with { listener in
            let head = "POST / HTTP/1.1\r\nHost: x\r\nX-Stranger: \(when)\r\nContent-Length: "
            let client = try listener.connect()
            // A small one is handed over: who it is from is said there. One that ends before it is known is, too.
            try client.send(head + "65536\r\n\r\n" + String(repeating: "a", count: 65_536))
            #expect(try client.readResponse().body == "POST / 65536")
            if when == "later" {
                try client.send(head + "70000\r\n\r\n" + String(repeating: "a", count: 70_000))
                #expect(try client.readResponse().body == "POST / 70000")
            }
            try client.send(head + "1000000\r\n\r\n" + String(repeating: "a", count: 65_600))
            #expect(try client.readResponse().status == 401)
            #expect(client.isClosedByServer())
            #expect(listener.handler.refusals == [.unauthorized])
        }
    }

    @Test("beyond the cap a connection is not accepted until another closes")
    func connectionCap() async throws {
        var limits = ConnectionLimits()
        limits.connections = 3
        try await TestListener.with(limits) { listener in
            var clients = try (0..<3).map { _ in try listener.connect() }
            for client in clients {
                try client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try client.readResponse()
            }
            let fourth = try listener.connect()
            try fourth.send("GET /fourth HTTP/1.1\r\nHost: x\r\n\r\n")
            sleepMilliseconds(100)
            #expect(listener.telemetry.accepted.current == 3)
            clients.removeLast()
            #expect(try fourth.readResponse().body == "GET /fourth 0")
            #expect(listener.telemetry.connections.current == 3)
        }
    }
}
