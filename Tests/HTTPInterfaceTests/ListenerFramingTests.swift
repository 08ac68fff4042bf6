import HTTPInterface
import NIOCore
import Testing

/// What two parties on the way could read differently is refused, and the connection closed, so that nothing can be
/// hidden from one of them (RFC 9112 §11.2).
@Suite("Ambiguous or malformed requests are refused")
struct ListenerFramingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var request: String
        var status = 400

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "Content-Length beside Transfer-Encoding",
            request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case(
            name: "Transfer-Encoding beside Content-Length",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
        Case(
            name: "two different Content-Lengths",
            request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        Case(name: "a list of Content-Lengths", request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na"),
        Case(name: "a signed Content-Length", request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na"),
        Case(name: "a negative Content-Length", request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\na"),
        Case(
            name: "a hexadecimal Content-Length",
            request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\na"),
        Case(name: "an empty Content-Length", request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n"),
        Case(
            name: "a Content-Length beyond 64 bits",
            request: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\na"),
        Case(
            name: "a coding before chunked",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", status: 501),
        Case(
            name: "chunked twice",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        Case(
            name: "two Transfer-Encoding lines",
            request:
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        Case(
            name: "a coding after chunked",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        Case(
            name: "a coding that looks like chunked",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            status: 501),
        Case(
            name: "chunked in HTTP/1.0",
            request: "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case(
            name: "a chunk size that is no number",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n"),
        Case(
            name: "a chunk size beyond 64 bits",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n"),
        Case(
            name: "a chunk longer than it says",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n"),
        Case(
            name: "a chunk that ends with a bare LF",
            request: "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n"),
        Case(name: "a folded header line", request: "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n 2\r\n\r\n"),
        Case(name: "a folded Host", request: "GET / HTTP/1.1\r\nHost:\r\n x\r\n\r\n"),
        Case(name: "a bare LF after a header line", request: "GET / HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n"),
        Case(name: "a bare LF after the request line", request: "GET / HTTP/1.1\nHost: x\r\n\r\n"),
        Case(name: "a bare CR in a header line", request: "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\rX-B: 2\r\n\r\n"),
        Case(name: "a NUL in a header line", request: "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\u{0}2\r\n\r\n"),
        Case(name: "space before the colon", request: "GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
        Case(name: "space before the first header", request: "GET / HTTP/1.1\r\n Host: x\r\n\r\n"),
        Case(name: "a header line without a colon", request: "GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n"),
        Case(name: "a header line without a name", request: "GET / HTTP/1.1\r\nHost: x\r\n: abc\r\n\r\n"),
        Case(name: "no Host", request: "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n"),
        Case(name: "two Hosts", request: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Case(name: "an unknown method", request: "GETT / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(name: "a method in lower case", request: "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(name: "HTTP/2.0", request: "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        Case(name: "HTTP/0.9", request: "GET /\r\n\r\n"),
        Case(name: "the preface of HTTP/2", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        Case(name: "a space in the target", request: "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(name: "a control character in the target", request: "GET /a\u{1}b HTTP/1.1\r\nHost: a\r\n\r\n"),
        Case(name: "the start of TLS", request: "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}"),
        Case(name: "nothing of HTTP", request: "hello there\r\n\r\n"),
        Case(
            name: "an expectation other than 100-continue",
            request: "POST / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\na", status: 417),
    ]

    @Test("a request is refused and the connection closed", arguments: cases)
    func refused(_ example: Case) async throws {
        try await TestListener.with(threads: 1) { listener in
            let client = try listener.connect()
            // What follows would be the smuggled one.
            try client.send(example.request + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
            let response = try client.readResponse()
            #expect(response.status == example.status, "\(example.name): \(response.body)")
            #expect(response.header("connection") == "close")
            #expect(client.isClosedByServer())
            #expect(listener.handler.requests.isEmpty)
            #expect(listener.handler.refusals.count == 1)
        }
    }

    @Test("what was asked before a malformed request is answered first")
    func inOrder() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET /hold/1 HTTP/1.1\r\nHost: x\r\n\r\nBAD\r\n\r\n")
            #expect(listener.handler.waitForHeld(1))
            listener.handler.release("/hold/1")
            #expect(try client.readResponse().body == "released /hold/1")
            #expect(try client.readResponse().status == 400)
            #expect(client.isClosedByServer())
        }
    }

    @Test("noise of every kind never stops the server", arguments: [UInt64(1), 2, 3])
    func noise(seed: UInt64) async throws {
        try await TestListener.with { listener in
            var numbers = SeededNumbers(seed: seed)
            let pieces = [
                "GET ", "POST ", "/", " HTTP/1.1", "\r\n", "\r\n\r\n", "\n", "Host: x", "Content-Length: 5", ": ",
                "chunked",
                "Transfer-Encoding: chunked", "0\r\n\r\n", "ffff\r\n", "\u{0}", "é", "Connection: close",
                "Upgrade: h2c",
                "Connection: upgrade", "Expect: 100-continue", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", ";",
                "5\r\nabcde\r\n",
            ]
            for _ in 0..<150 {
                let client = try listener.connect()
                let count = Int.random(in: 1...12, using: &numbers)
                let text = (0..<count).map { _ in pieces.randomElement(using: &numbers) ?? "" }.joined()
                try? client.send(text)
                client.closeSending()
                #expect(client.isCut(), "seed \(seed): \(text.debugDescription)")
            }
            let client = try listener.connect()
            try client.send("GET /alive HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try client.readResponse().body == "GET /alive 0")
        }
    }
}
