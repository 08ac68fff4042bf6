import Foundation
import Glibc
import HTTPInterface
import LedgerCore
import LedgerStorage
import Synchronization
import Testing

@Suite("The access log")
struct AccessLogTests {
    private static func entry(
        path: String = "/v1/inventory/ledger", requestID: String = "req_1", userAgent: String? = "curl/8"
    ) -> AccessLogEntry {
        AccessLogEntry(
            requestID: requestID, method: "POST", path: path, operation: "ledger.post", status: 201,
            nanoseconds: 1_234_567,
            bytesIn: 120, bytesOut: 310, key: ULID(high: 1, low: 2),
            realm: Realm(id: .zero, tenant: "acme", mode: .live), peer: "10.0.0.1", userAgent: userAgent)
    }

    /// A file that is removed with the object.
    final class TemporaryFile: Sendable {
        let path: String

        init() {
            path = FileManager.default.temporaryDirectory.appendingPathComponent("access-\(UUID().uuidString).log").path
        }

        deinit {
            unlink(path)
            unlink(path + ".1")
        }

        func lines(_ suffix: String = "") throws -> [[String: Any]] {
            let data = try Data(contentsOf: URL(fileURLWithPath: path + suffix))
            return try data.split(separator: 0x0A).map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            }
        }
    }

    @Test("a line has every member, in a fixed form")
    func form() throws {
        let file = TemporaryFile()
        let log = try AccessLog(destination: .file(file.path))
        log.record(AccessLogTests.entry(), wallMilliseconds: 1_732_177_430_007)
        log.close()
        let text = try String(contentsOfFile: file.path, encoding: .utf8)
        #expect(
            text == """
                {"time":"2024-11-21T08:23:50.007Z","request_id":"req_1","method":"POST","path":"/v1/inventory/ledger",\
                "operation":"ledger.post","status":201,"duration_ms":1.234,"bytes_in":120,"bytes_out":310,\
                "key":"key_0000000000000G000000000002","tenant":"acme","mode":"live","peer":"10.0.0.1",\
                "user_agent":"curl/8"}

                """)
    }

    @Test("a secret that somebody has put where none belongs is cut down: of a key its id is left")
    func secrets() throws {
        let file = TemporaryFile()
        let log = try AccessLog(destination: .file(file.path))
        let id = ULID(high: 1, low: 2)
        let key = KeySecret.mint(mode: .live, id: id).text
        let other = KeySecret.mint(mode: .test, id: id).text
        let webhook = "whsec_w/uRnOekSBGn7KK3Eb8JGWzZW5o95kOSy+rF2LwGapA="
        let texts = [
            ("/items/\(key)", "/items/sk_live_\(id.text)…"),
            ("/\(key)/\(other)?x", "/sk_live_\(id.text)…/sk_test_\(id.text)…?x"),
            ("a \(key), \(other) b", "a sk_live_\(id.text)…, sk_test_\(id.text)… b"),
            ("/x/\(webhook)", "/x/whsec_…"), ("/whsec_w%2FuRnOekSBGn7KK3Eb8JGWzZW5o95kOSy%2BrF2LwGapA%3D", "/whsec_…"),
            (
                "/a/path_that_is_long_and_has_nothing_to_hide_in_it",
                "/a/path_that_is_long_and_has_nothing_to_hide_in_it"
            ),
            ("/sk_live_and_not_much_more_behind_it_in_this_one", "/sk_live_and_not_much_more_behind_i…_in_this_one"),
        ]
        for (text, _) in texts { log.record(AccessLogTests.entry(path: text, requestID: text, userAgent: text)) }
        log.close()
        let lines = try file.lines()
        #expect(lines.count == texts.count)
        for ((_, shown), line) in zip(texts, lines) {
            for member in ["path", "request_id", "user_agent"] { #expect(line[member] as? String == shown) }
        }
    }

    @Test("whatever a caller sends, a line is one line of valid JSON and has a bounded length")
    func escaping() throws {
        let file = TemporaryFile()
        let log = try AccessLog(destination: .file(file.path))
        let nasty = [
            "\"", "\\", "\n", "\r\n", "\u{0}", "\u{1F}\u{7F}", "é", "日本語", "👩‍👩‍👧", "\u{2028}", "</script>",
            "a\"b\\c\nd",
            String(repeating: "x", count: 511) + "é", String(repeating: "日", count: 5000), "",
        ]
        for text in nasty { log.record(AccessLogTests.entry(path: "/" + text, userAgent: text)) }
        log.close()
        let lines = try file.lines()
        #expect(lines.count == nasty.count)
        for (text, line) in zip(nasty, lines) {
            let agent = try #require(line["user_agent"] as? String)
            #expect(text.hasPrefix(agent) || agent == text, "\(text.debugDescription)")
            if text.utf8.count <= 512 {
                #expect(agent == text)
            } else {
                #expect(agent.utf8.count > 508 && agent.utf8.count <= 512)
            }
        }
    }

    @Test("lines of many threads all arrive whole")
    func threads() async throws {
        let file = TemporaryFile()
        let log = try AccessLog(destination: .file(file.path), bufferLimit: 64 << 20)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    try await onThread {
                        for index in 0..<2000 { log.record(AccessLogTests.entry(requestID: "\(worker)-\(index)")) }
                    }
                }
            }
            try await group.waitForAll()
        }
        log.close()
        let seen = Set(try file.lines().compactMap { $0["request_id"] as? String })
        #expect(log.dropped.current == 0)
        #expect(seen.count == 12_000)
    }

    @Test("lines are written within moments, without being asked")
    func timely() async throws {
        let file = TemporaryFile()
        let log = try AccessLog(destination: .file(file.path))
        log.record(AccessLogTests.entry())
        try await onThread { #expect(waitUntil { (try? file.lines().count) == 1 }) }
        log.close()
    }

    @Test("after the file was renamed and the log reopened, lines go to a new file")
    func rotation() throws {
        let file = TemporaryFile()
        let log = try AccessLog(destination: .file(file.path))
        log.record(AccessLogTests.entry(requestID: "old"))
        log.flush()
        rename(file.path, file.path + ".1")
        log.record(AccessLogTests.entry(requestID: "between"))
        log.flush()
        log.reopen()
        log.record(AccessLogTests.entry(requestID: "new"))
        log.close()
        #expect(try file.lines(".1").compactMap { $0["request_id"] as? String } == ["old", "between"])
        #expect(try file.lines().compactMap { $0["request_id"] as? String } == ["new"])
    }

    @Test("a disk that takes nothing costs lines, which are counted, and neither time nor memory")
    func fullDisk() throws {
        let log = try AccessLog(destination: .file("/dev/full"), bufferLimit: 64 * 1024)
        for _ in 0..<5000 { log.record(AccessLogTests.entry()) }
        log.close()
        #expect(log.dropped.current == 5000)
    }

    @Test("a file that can't be opened is an error that names it")
    func unopenable() {
        #expect(throws: AccessLog.OpenError.self) { try AccessLog(destination: .file("/nonexistent/access.log")) }
    }

    @Test("a log that is off does nothing")
    func off() throws {
        let log = try AccessLog(destination: .off)
        #expect(!log.isOn)
        log.record(AccessLogTests.entry())
        log.close()
    }
}
