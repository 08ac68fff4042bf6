import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Testing

/// Follows a stream of events as a browser does: reads messages, remembers the last id.
struct EventStreamReader {
    /// What stands between two empty lines.
    struct Message {
        var id: String?
        var event: String?
        /// Lines joined, nil where there are none.
        var data: String?
        var retry: String?
        /// The text behind a colon at the start of a line.
        var comment: String?

        /// The data as JSON.
        var json: AnswerJSON { AnswerJSON(Array((data ?? "").utf8)) }
        var seq: Int64 { json["seq"].int ?? -1 }
    }

    /// Of its own: streams keep connections, of which the shared client has few.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 200
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    let status: Int
    let headers: HTTPHeaders
    private(set) var lastID: String?
    private var parts: HTTPClientResponse.Body.AsyncIterator
    private var bytes: [UInt8] = []
    /// Of `bytes`: read already.
    private var used = 0

    /// Throws when the answer is a refusal.
    init(
        _ realm: ContractRealm, _ path: String = "/v1/events/stream", lastID: String? = nil,
        at place: SourceLocation = #_sourceLocation
    ) async throws {
        var request = HTTPClientRequest(url: realm.client.url + path)
        request.headers.add(name: "Authorization", value: "Bearer \(realm.client.secret ?? "")")
        request.headers.add(name: "Accept", value: "text/event-stream")
        if let lastID { request.headers.add(name: "Last-Event-ID", value: lastID) }
        let response = try await Self.client.execute(request, timeout: .seconds(20))
        status = Int(response.status.code)
        headers = response.headers
        parts = response.body.makeAsyncIterator()
        self.lastID = lastID
        try #require(status == 200, "\(path) is refused", sourceLocation: place)
        let answer = ContractAnswer(status: status, headers: headers, body: [])
        ContractRules.check(answer, to: "GET", path, at: place)
        let first = try #require(try await next(), "the stream is empty", sourceLocation: place)
        #expect(first.retry == "2000", sourceLocation: place)
    }

    /// The next message, comments included; nil at the end of the response.
    mutating func next() async throws -> Message? {
        while true {
            if let text = message() {
                let message = Self.parse(text)
                lastID = message.id ?? lastID
                return message
            }
            bytes.removeSubrange(..<used)
            used = 0
            guard let part = try await parts.next() else {
                #expect(bytes.isEmpty, "the stream ends within a message")
                return nil
            }
            bytes.append(contentsOf: part.readableBytesView)
        }
    }

    /// The text up to the next empty line, where that has come.
    private mutating func message() -> String? {
        var index = used
        while index + 1 < bytes.count {
            if bytes[index] == 0x0A, bytes[index + 1] == 0x0A {
                defer { used = index + 2 }
                return String(decoding: bytes[used..<index], as: UTF8.self)
            }
            index += 1
        }
        return nil
    }

    /// The next event; comments are passed over.
    mutating func event(at place: SourceLocation = #_sourceLocation) async throws -> Message {
        while let message = try await next() {
            if message.data != nil { return message }
        }
        throw StreamEnded(place: place)
    }

    /// The next `count` events.
    mutating func events(_ count: Int) async throws -> [Message] {
        var events: [Message] = []
        events.reserveCapacity(count)
        while events.count < count { events.append(try await event()) }
        return events
    }

    struct StreamEnded: Error {
        var place: SourceLocation
    }

    private static func parse(_ text: String) -> Message {
        var message = Message()
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            var value = line[colon...].dropFirst()
            if value.first == " " { value = value.dropFirst() }
            switch line[..<colon] {
            case "": message.comment = String(value)
            case "id": message.id = String(value)
            case "event": message.event = String(value)
            case "data": message.data = message.data.map { "\($0)\n\(value)" } ?? String(value)
            case "retry": message.retry = String(value)
            default: Issue.record("a line of a stream that has no meaning: \(line)")
            }
        }
        return message
    }
}
