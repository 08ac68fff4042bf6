import HTTPInterface
import NIOHTTP1
import Testing

@Suite("The name of a request")
struct RequestIDTests {
    @Test("a sane one of the caller is kept, any other replaced")
    func given() {
        for sane in ["a", "req-1", "A.b_C-9", String(repeating: "x", count: 128)] {
            #expect(RequestID.of(["X-Request-Id": sane]) == sane)
            #expect(RequestID.of(["x-request-id": sane]) == sane)
        }
        for other in ["", " ", "a b", "a\r\nX: y", "é", "a/b", "\"", String(repeating: "x", count: 129)] {
            #expect(RequestID.of(["X-Request-Id": other]).hasPrefix("req_"))
        }
    }

    @Test("fresh ones are sane, and no two are alike")
    func fresh() {
        var seen: Set<String> = []
        for _ in 0..<100_000 {
            let id = RequestID.fresh()
            seen.insert(id)
            if !RequestID.isSane(id) || id.utf8.count != 30 { Issue.record("\(id)") }
        }
        #expect(seen.count == 100_000)
    }
}
