import DeveloperTools
import Testing

@Suite("what a developer types")
struct GivenTextTests {
    @Test(
        "an address to forward to needs no scheme, and no host either",
        arguments: [
            ("localhost:3000/hook", "http://localhost:3000/hook"), ("localhost", "http://localhost"),
            ("3000", "http://localhost:3000"), ("3000/hook?a=b", "http://localhost:3000/hook?a=b"),
            (":3000/hook", "http://localhost:3000/hook"), ("127.0.0.1:80", "http://127.0.0.1:80"),
            ("127.0.0.1/hook", "http://127.0.0.1/hook"), ("[::1]:3000/x", "http://[::1]:3000/x"),
            ("https://dev.example.com/x", "https://dev.example.com/x"), ("HTTP://a", "HTTP://a"),
        ])
    func forwardTo(text: String, expected: String) throws {
        #expect(try WebAddress(forwardTo: text).text == expected)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", " ", "ftp://a", "http://", "http:///x", "local host:3000", "a\nb", "localhost:0", "localhost:99999",
            "99999/hook", ":", ":/x", "http://a/#b", "localhost:30x0",
        ])
    func notForwardTo(text: String) {
        #expect(throws: DeveloperError.self) { try WebAddress(forwardTo: text) }
    }

    @Test("a server's address needs its scheme", arguments: ["localhost:8080", "8080", "ws://a", ""])
    func server(text: String) {
        #expect(throws: DeveloperError.usage("\(text) is no http or https address")) { try WebAddress(text) }
    }

    @Test(
        "a stretch of time is a number and a unit",
        arguments: [
            ("0", 0), ("90", 90), ("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800), ("", nil), ("h", nil),
            ("-1", nil), ("1.5h", nil), ("1w", nil), ("1 h", nil), ("9223372036854775807d", nil),
            ("99999999999999999999", nil), ("٣", nil),
        ] as [(String, Int64?)])
    func spans(text: String, expected: Int64?) {
        #expect(TimeSpan.seconds(text) == expected)
    }

    @Test("what others wrote can't give orders to a terminal")
    func visible() {
        #expect(Visible.text("a\u{1B}[31mb\nc\u{202E}d\u{7F}\u{9B}ä😀") == "a\u{FFFD}[31mb c\u{FFFD}d\u{FFFD}\u{FFFD}ä😀")
    }

    @Test("a table's columns are as wide as their widest cell")
    func table() {
        var table = TextTable(["A", "LONG", "C"])
        #expect(table.lines == [])
        table.add(["wide one", "x", ""])
        table.add(["ä", "\u{1B}", "end"])
        #expect(table.lines == ["A         LONG  C", "wide one  x", "ä         \u{FFFD}     end"])
    }
}
