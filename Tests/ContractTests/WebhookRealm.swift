import Foundation
import Testing

/// An endpoint that a test has made.
struct TestEndpoint: Sendable {
    var id: String
    /// Given, or shown once.
    var secret: String

    var path: String { "/inventory/v1/webhooks/\(id)" }
}

extension ContractRealm {
    static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

    /// Creates an endpoint that must be accepted; `members` such as `"description": "d"`.
    func webhook(
        _ url: String, _ events: [String] = ["*"], _ members: String = "",
        at place: SourceLocation = #_sourceLocation
    ) async throws -> TestEndpoint {
        let patterns = events.map { "\"\($0)\"" }.joined(separator: ", ")
        let more = members.isEmpty ? "" : ", \(members)"
        let answer = try await client.post(
            "/inventory/v1/webhooks", #"{"url": "\#(url)", "events": [\#(patterns)]\#(more)}"#, at: place)
        try #require(answer.status == 201, "\(answer.text)", sourceLocation: place)
        return TestEndpoint(id: answer.id, secret: answer.json["secret"].string ?? Self.secret)
    }

    /// Makes SKU-0042 and SEA-1 if there are none, and moves one of them `count` times.
    func move(_ count: Int = 1, at place: SourceLocation = #_sourceLocation) async throws {
        for _ in 0..<count {
            try await entry(#""sku": "SKU-0042", "warehouse": "SEA-1", "delta": 1, "reason": "count""#, at: place)
        }
    }

    /// A whole list, in pages of that length.
    func walk(_ path: String, limit: Int) async throws -> [AnswerJSON] {
        var rows: [AnswerJSON] = []
        var cursor: String?
        repeat {
            let more = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await client.get("\(path)\(path.contains("?") ? "&" : "?")limit=\(limit)\(more)").json
            rows += page["data"].elements
            #expect(page["data"].elements.count <= limit)
            #expect(page["has_more"].bool == (page["next_cursor"].string != nil))
            cursor = page["next_cursor"].string
        } while cursor != nil
        return rows
    }

    /// Waits until the endpoint's cursor has reached the ledger's head.
    func settle(_ endpoint: TestEndpoint, at place: SourceLocation = #_sourceLocation) async throws {
        try await eventually("\(endpoint.id) to be through", at: place) {
            let delivery = try await client.get(endpoint.path, at: place).json["delivery"]
            return delivery["settled_seq"].int == delivery["head_seq"].int && delivery["in_flight"].int == 0
        }
    }
}
