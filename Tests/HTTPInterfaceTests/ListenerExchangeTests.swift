import HTTPInterface
import NIOCore
import Testing

@Suite("A connection answers requests")
struct ListenerExchangeTests {
    @Test("a response has a status line, Date, type and length, the given header lines, and its body")
    func wholeResponse() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET /headers?a=1 HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try client.readThrough("\r\n\r\n")
            let lines = head.split(separator: "\r\n").map(String.init)
            #expect(lines[0] == "HTTP/1.1 200 OK")
            #expect(lines[1].wholeMatch(of: /Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/) != nil)
            #expect(
                Array(lines[2...]) == ["Content-Type: application/json", "Content-Length: 1", "X-One: 1", "X-Two: 2"])
            let request = try #require(listener.handler.requests.first)
            #expect(request.path == "/headers")
            #expect(request.query == "a=1")
            #expect(request.target == "/headers?a=1")
            #expect(request.peer == "127.0.0.1")
            #expect(request.startedAt > 0)
        }
    }

    @Test("a connection is kept alive, until either side says otherwise")
    func keepAlive() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            for index in 1...3 {
                try client.send("POST /\(index) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
                let response = try client.readResponse()
                #expect(response.body == "POST /\(index) 3")
                #expect(response.header("connection") == nil)
            }
            try client.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(try client.readResponse().header("connection") == "close")
            #expect(client.isClosedByServer())
        }
    }

    @Test("HTTP/1.0 closes after one response, unless it asks to be kept alive, and then is told so")
    func oldProtocol() async throws {
        try await TestListener.with { listener in
            let one = try listener.connect()
            try one.send("GET /a HTTP/1.0\r\n\r\n")
            #expect(try one.readResponse().header("connection") == "close")
            #expect(one.isClosedByServer())
            let two = try listener.connect()
            for _ in 0..<2 {
                try two.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                #expect(try two.readResponse().header("connection") == "keep-alive")
            }
        }
    }

    @Test("HEAD tells the length and sends no body; 204 and 304 have neither")
    func bodyless() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("HEAD /bytes/500 HTTP/1.1\r\nHost: x\r\n\r\nGET /status/204 HTTP/1.1\r\nHost: x\r\n\r\n")
            try client.send("GET /status/304 HTTP/1.1\r\nHost: x\r\n\r\nGET /end HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.readResponse(omitsBody: true).header("content-length") == "500")
            for status in [204, 304] {
                let response = try client.readResponse()
                #expect(response.status == status)
                #expect(response.header("content-length") == nil)
            }
            #expect(try client.readResponse().body == "GET /end 0")
        }
    }

    @Test("a body sent in single bytes and one sent in chunks both arrive whole")
    func bodies() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            for byte in "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello".utf8 {
                try client.send([byte])
            }
            #expect(try client.readResponse().body == "POST /slow 5")
            try client.send("POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            try client.send("4;ext=1\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n")
            #expect(try client.readResponse().body == "POST /chunked 7")
            #expect(listener.handler.requests.map { String(decoding: $0.body, as: UTF8.self) } == ["hello", "abcdefg"])
        }
    }

    @Test("a body of exactly the limit arrives byte for byte")
    func largestBody() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            let body = (0..<(1 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
            try client.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n")
            try client.send(body)
            #expect(try client.readResponse().body == "POST /b 1048576")
            #expect(listener.handler.requests.first?.body == body)
        }
    }

    @Test("100 Continue comes before the body is sent, and not when it has been sent already")
    func expectation() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            let head = "POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
            try client.send(head)
            #expect(try client.readThrough("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try client.send("ab")
            #expect(try client.readResponse().body == "POST /e 2")
            try client.send(head + "ab")
            #expect(try client.readResponse().status == 200)
            try client.send("GET /hold/1 HTTP/1.1\r\nHost: x\r\n\r\n" + head)
            #expect(listener.handler.waitForHeld(1))
            listener.handler.release("/hold/1")
            #expect(try client.readResponse().body == "released /hold/1")
            #expect(try client.readResponse().status == 100)
        }
    }

    @Test("a client that closes its sending side still gets every response")
    func halfClosed() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET /hold/a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
            client.closeSending()
            #expect(listener.handler.waitForHeld(1))
            listener.handler.release("/hold/a")
            #expect(try client.readResponse().body == "released /hold/a")
            #expect(try client.readResponse().body == "GET /b 0")
            #expect(client.isClosedByServer())
        }
    }

    @Test("a client that closes in the middle of a request is told so and closed")
    func cutShort() async throws {
        try await TestListener.with { listener in
            for text in ["GET /a HT", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"] {
                let client = try listener.connect()
                try client.send(text)
                client.closeSending()
                #expect(try client.readResponse().status == 400)
                #expect(client.isClosedByServer())
            }
            // Only an empty line: nothing was asked.
            let client = try listener.connect()
            try client.send("\r\n")
            client.closeSending()
            #expect(client.isClosedByServer())
            #expect(listener.handler.requests.isEmpty)
        }
    }

    @Test("a second response to a request is ignored")
    func answeredTwice() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET /twice HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.readResponse().body == "GET /twice 0")
            #expect(try client.readResponse().body == "GET /next 0")
        }
    }

    @Test("the absolute form of a target is understood; its path and query are used")
    func absoluteForm() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET http://example.com/p/q?r=s HTTP/1.1\r\nHost: example.com\r\n\r\n")
            #expect(try client.readResponse().body == "GET /p/q 0")
            #expect(listener.handler.requests.first?.query == "r=s")
            try client.send("GET http://example.com?x HTTP/1.1\r\nHost: example.com\r\n\r\n")
            #expect(try client.readResponse().body == "GET / 0")
        }
    }

    @Test("a request to change the protocol is answered in HTTP/1.1, and the connection closes")
    func upgrade() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET /u HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n")
            let response = try client.readResponse()
            #expect(response.body == "GET /u 0")
            #expect(response.header("connection") == "close")
            #expect(client.isClosedByServer())
        }
    }
}
