import HTTPInterface
import NIOCore
import Testing

@Suite("Responses that are written bit by bit")
struct ListenerStreamTests {
    static let request = "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test("the head goes out at once, then each piece as it is written, and after the end the connection goes on")
    func pieces() async throws {
        try await TestListener.with { listener in
            for (index, path) in ["/stream", "/stream/elsewhere"].enumerated() {
                let client = try listener.connect()
                try client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                let head = try client.readResponse()
                #expect(head.status == 200)
                #expect(
                    head.headers.map { "\($0.name): \($0.value)" }.dropFirst()
                        == ["Content-Type: text/event-stream", "Transfer-Encoding: chunked", "X-One: 1"])
                let source = try listener.handler.source(index)
                source.write("one")
                #expect(try client.readChunk() == "one")
                source.write("")
                source.write("two\n")
                #expect(try client.readChunk() == "two\n")
                #expect(listener.telemetry.streams.current == 1)
                source.write("three")
                source.finish()
                #expect(try client.readChunk() == "three")
                #expect(try client.readChunk() == nil)
                #expect(source.waitForEnd())
                #expect(source.ends == [12])
                guard case .closed = source.write("four") else { throw RawConnection.Failure(description: "taken") }
                try client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try client.readResponse().body == "GET /next 0")
                #expect(listener.telemetry.streams.current == 0)
            }
        }
    }

    @Test("HTTP/1.0 gets the bytes as they are, and their end is the end of the connection")
    func oldProtocol() async throws {
        try await TestListener.with { listener in
            for (index, line) in ["", "Connection: keep-alive\r\n"].enumerated() {
                let client = try listener.connect()
                try client.send("GET /stream HTTP/1.0\r\n\(line)\r\nGET /behind HTTP/1.0\r\n\r\n")
                let head = try client.readResponse()
                #expect(head.header("connection") == "close")
                #expect(head.header("transfer-encoding") == nil)
                #expect(head.header("content-length") == nil)
                let source = try listener.handler.source(index)
                source.write("one")
                source.write("two")
                source.finish()
                #expect(try client.readRest() == "onetwo")
                #expect(source.ends == [6])
            }
        }
    }

    @Test("HEAD gets the head alone; nothing is begun for it")
    func headOnly() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\n\r\n")
            let head = try client.readResponse()
            #expect(head.header("content-type") == "text/event-stream")
            #expect(head.header("content-length") == nil)
            #expect(try client.readResponse().body == "GET /next 0")
            #expect(listener.handler.sources.map(\.begins) == [0])
            #expect(listener.handler.sources.map(\.ends) == [[0]])
        }
    }

    @Test("a stream waits for the responses before it, and the requests behind it wait for its end")
    func pipelined() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send("GET /hold/1 HTTP/1.1\r\nHost: x\r\n\r\n" + Self.request)
            let source = try listener.handler.source()
            source.write("early ")
            try client.send("GET /behind HTTP/1.1\r\nHost: x\r\n\r\n" + Self.request)
            sleepMilliseconds(50)
            #expect(listener.handler.requests.map { String($0.path) } == ["/hold/1", "/stream"])
            listener.handler.release("/hold/1")
            #expect(try client.readResponse().body == "released /hold/1")
            #expect(try client.readResponse().header("transfer-encoding") == "chunked")
            #expect(try client.readChunk() == "early ")
            source.write("late")
            #expect(try client.readChunk() == "late")
            sleepMilliseconds(50)
            #expect(listener.handler.requests.count == 2)
            source.finish()
            #expect(try client.readChunk() == nil)
            #expect(try client.readResponse().body == "GET /behind 0")
            #expect(try client.readResponse().status == 200)
            let second = try listener.handler.source(1)
            second.finish()
            #expect(try client.readChunk() == nil)
            #expect(source.ends == [10])
            #expect(second.waitForEnd())
        }
    }

    @Test("two streams in one go come one after the other, even when the second is done first")
    func twoAtOnce() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect()
            try client.send(Self.request + Self.request)
            let first = try listener.handler.source(0)
            let second = try listener.handler.source(1)
            second.write("second")
            second.finish()
            sleepMilliseconds(30)
            #expect(second.ends == [])
            first.write("first")
            first.finish()
            #expect(try client.readResponse().status == 200)
            #expect(try client.readChunk() == "first")
            #expect(try client.readChunk() == nil)
            #expect(try client.readResponse().status == 200)
            #expect(try client.readChunk() == "second")
            #expect(try client.readChunk() == nil)
            #expect(waitUntil { listener.telemetry.streams.current == 0 })
        }
    }

    @Test("a client that does not read stops the source after a bounded number of bytes, and gets all once it reads")
    func backPressure() async throws {
        try await TestListener.with { listener in
            let client = try listener.connect(receiveBuffer: 4096)
            try client.send("GET /stream/flood HTTP/1.1\r\nHost: x\r\n\r\n")
            let source = try listener.handler.source()
            #expect(waitUntil { source.written > 0 })
            // The system takes some megabytes by itself; what is ours is far less.
            var before = -1
            while before != source.written {
                before = source.written
                sleepMilliseconds(100)
            }
            #expect(before < 8_000_000)
            #expect(source.ends == [])
            #expect(try client.readResponse().status == 200)
            var number = 0
            var rest = ""
            while number < 200_000, let chunk = try client.readChunk() {
                #expect(chunk.utf8.count <= 2 * ResponseStream.limit)
                rest += chunk
                for line in rest.split(separator: "\n", omittingEmptySubsequences: true) {
                    guard line.utf8.count == TestSource.lineLength - 1 else {
                        throw RawConnection.Failure(description: "line \(number) is \(line)")
                    }
                    guard Int(line.prefix(15)) == number else {
                        throw RawConnection.Failure(description: "\(line.prefix(15)) came instead of \(number)")
                    }
                    number += 1
                }
                rest = ""
            }
            #expect(number >= 200_000)
            #expect(source.resumes > 10)
        }
    }

    @Test("a peer that stops reading is cut off, and the source is told", arguments: [true, false])
    func stuckPeer(floods: Bool) async throws {
        var limits = ConnectionLimits()
        limits.writeTimeout = .milliseconds(300)
        limits.streamHeartbeat = .milliseconds(50)
        try await TestListener.with(limits) { listener in
            let client = try listener.connect(receiveBuffer: 4096)
            try client.send("GET /stream\(floods ? "/flood" : "") HTTP/1.1\r\nHost: x\r\n\r\n")
            let source = try listener.handler.source()
            if floods {
                #expect(source.waitForEnd())
                #expect(waitUntil { listener.telemetry.connections.current == 0 })
            } else {
                // The system takes every heartbeat: nobody is stuck.
                sleepMilliseconds(700)
                #expect(source.ends == [])
            }
            withExtendedLifetime(client) {}
        }
    }

    @Test("a silent stream is no idle connection; it is given signs of life", arguments: ["1.1", "1.0"])
    func heartbeats(version: String) async throws {
        var limits = ConnectionLimits()
        limits.idleTimeout = .milliseconds(100)
        limits.streamHeartbeat = .milliseconds(150)
        try await TestListener.with(limits) { listener in
            let client = try listener.connect()
            try client.send("GET /stream HTTP/\(version)\r\nHost: x\r\n\r\n")
            _ = try client.readResponse()
            let source = try listener.handler.source()
            var beats = 0
            while beats < 4 {
                let text = version == "1.1" ? try client.readChunk() : try client.readThrough("\n")
                #expect(text == ": still here\n")
                beats += 1
            }
            // Beside what is written often enough there is none.
            for number in 0..<10 {
                source.write("\(number)\n")
                sleepMilliseconds(30)
            }
            source.finish()
            var texts: [String] = []
            if version == "1.1" {
                while let text = try client.readChunk() { texts.append(text) }
            } else {
                texts = try client.readRest().split(separator: "\n").map { "\($0)\n" }
            }
            #expect(texts == (0..<10).map { "\($0)\n" })
            #expect(source.waitForEnd())
            #expect(source.ends == [20 + 4 * ": still here\n".utf8.count])
        }
    }
}
