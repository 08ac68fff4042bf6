import DeveloperTools
import Testing

@Suite("reading an event stream")
struct EventStreamParserTests {
    typealias Message = EventStreamParser.Message

    private static func message(_ data: String, id: String = "", event: String = "message") -> Message {
        Message(id: id, event: event, data: Array(data.utf8))
    }

    private func read(_ text: String) throws -> [Message] {
        var parser = EventStreamParser()
        return try parser.feed(Array(text.utf8))
    }

    @Test(
        "a stream gives the events that the standard says",
        arguments: [
            ("data: a\n\n", [message("a")]),
            ("data:a\n\ndata:  b\n\n", [message("a"), message(" b")]),
            // Several lines of data.
            ("data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]),
            ("data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]),
            // Comments, and an id that stays until another comes; an empty one ends it.
            (
                ": test\n\ndata: 1\nid: 1\n\ndata: 2\n\ndata: 3\nid\n\n",
                [message("1", id: "1"), message("2", id: "1"), message("3")]
            ),
            ("event: x\ndata: 1\n\ndata: 2\n\n", [message("1", event: "x"), message("2")]),
            // Without data there is no event, and its name is forgotten.
            ("event: x\n\ndata: 1\n\n", [message("1")]),
            ("id: 7\n\ndata: 1\n\n", [message("1", id: "7")]),
            // What nobody knows, in names of whatever letters.
            ("Data: 0\nfoo: bar\nbaz\n:\ndata: 1\n\n", [message("1")]),
            ("id: a\0b\ndata: 1\n\n", [message("1")]),
            ("\u{FEFF}data: 1\n\n", [message("1")]),
            ("\n\n\ndata: 1\n\n\n\n", [message("1")]),
            // Not complete: the connection broke.
            ("data: 1\n\ndata: 2\nid: 9\n", [message("1")]),
            ("data: 1\n", []), ("", []),
        ])
    func standard(text: String, expected: [Message]) throws {
        #expect(try read(text) == expected)
    }

    @Test("line ends are LF, CR or CRLF, also mixed", arguments: ["\n", "\r", "\r\n"])
    func lineEnds(end: String) throws {
        let text = ["id: 1", "event: a", "data: x", "data: y", "", "data: z", "", ""].joined(separator: end)
        let expected = [Self.message("x\ny", id: "1", event: "a"), Self.message("z", id: "1")]
        #expect(try read(text) == expected)
        #expect(try read("data: x\r\ndata: y\n\rdata: z\r\r\n\n") == [Self.message("x\ny"), Self.message("z")])
    }

    @Test("the events are the same wherever the bytes are cut")
    func cuts() throws {
        let text =
            "\u{FEFF}retry: 10\r\n\r\n: hb\n\nid: evt_1\r\nevent: a\rdata: {\"ä\":1}\r\ndata:\u{1F600}\n\r\ndata: 2\r\n\r\nid: 3\n"
        let bytes = Array(text.utf8)
        let whole = try read(text)
        #expect(whole.count == 2 && whole[0].id == "evt_1")
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var parser = EventStreamParser()
                var messages = try parser.feed(Array(bytes[..<first]))
                messages += try parser.feed(Array(bytes[first..<second]))
                messages += try parser.feed(Array(bytes[second...]))
                #expect(messages == whole, "cut at \(first) and \(second)")
                #expect(parser.retry == 10)
            }
        }
        var parser = EventStreamParser()
        let single = try bytes.flatMap { try parser.feed([$0]) }
        #expect(single == whole, "byte by byte")
    }

    @Test(
        "the time to wait is taken from digits only",
        arguments: [
            ("retry: 2000\n", 2_000), ("retry:0\n", 0), ("retry: 1.5\n", nil), ("retry: -1\n", nil), ("retry\n", nil),
            ("retry: 99999999999999999999\n", nil), ("retry: 5\nretry: x\n", 5), ("retry: 5", nil),
        ] as [(String, Int64?)])
    func retry(text: String, expected: Int64?) throws {
        var parser = EventStreamParser()
        #expect(try parser.feed(Array(text.utf8)).isEmpty)
        #expect(parser.retry == expected)
    }

    @Test("a line without an end is given up, not kept")
    func tooLong() throws {
        var parser = EventStreamParser()
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        #expect(throws: EventStreamParser.TooLong.self) {
            for _ in 0...(EventStreamParser.longest >> 20) { _ = try parser.feed(piece) }
        }
    }
}
