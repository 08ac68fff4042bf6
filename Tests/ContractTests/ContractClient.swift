import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Testing

/// Talks to a server as one key's owner. Every answer is held against the rules that all answers follow
/// (``ContractRules``) before a test sees it.
struct ContractClient: Sendable {
    let url: String
    var secret: String?

    static func freshKey() -> String { UUID().uuidString.lowercased() }

    func get(
        _ path: String, headers: [(String, String)] = [], at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        try await send("GET", path, headers: headers, at: place)
    }

    /// - Parameter key: the `Idempotency-Key`; nil for none.
    func post(
        _ path: String, _ body: String, key: String? = ContractClient.freshKey(), headers: [(String, String)] = [],
        at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        try await send("POST", path, body: Array(body.utf8), headers: keyed(headers, key), at: place)
    }

    func patch(
        _ path: String, _ body: String, key: String? = ContractClient.freshKey(),
        at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        try await send("PATCH", path, body: Array(body.utf8), headers: keyed([], key), at: place)
    }

    func put(
        _ path: String, _ body: String, key: String? = ContractClient.freshKey(),
        at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        try await send("PUT", path, body: Array(body.utf8), headers: keyed([], key), at: place)
    }

    func head(_ path: String, at place: SourceLocation = #_sourceLocation) async throws -> ContractAnswer {
        try await send("HEAD", path, at: place)
    }

    func delete(
        _ path: String, key: String? = ContractClient.freshKey(), at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        try await send("DELETE", path, headers: keyed([], key), at: place)
    }

    private func keyed(_ headers: [(String, String)], _ key: String?) -> [(String, String)] {
        headers + (key.map { [("Idempotency-Key", $0)] } ?? [])
    }

    /// - Parameter headers: a `Content-Type` among them goes before the one for JSON.
    func send(
        _ method: String, _ path: String, body: [UInt8]? = nil, headers: [(String, String)] = [],
        at place: SourceLocation = #_sourceLocation
    ) async throws -> ContractAnswer {
        var request = HTTPClientRequest(url: url + path)
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let secret, !request.headers.contains(name: "authorization") {
            request.headers.add(name: "Authorization", value: "Bearer \(secret)")
        }
        if let body {
            if !request.headers.contains(name: "content-type") {
                request.headers.add(name: "Content-Type", value: "application/json")
            }
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        // A stream of events has no end: its head is what the rules are about.
        let isStream = response.headers.first(name: "content-type") == "text/event-stream"
        let bytes = isStream ? ByteBuffer() : try await response.body.collect(upTo: 16 << 20)
        let answer = ContractAnswer(
            status: Int(response.status.code), headers: response.headers, body: Array(buffer: bytes))
        ContractRules.check(answer, to: method, path, at: place)
        return answer
    }
}
