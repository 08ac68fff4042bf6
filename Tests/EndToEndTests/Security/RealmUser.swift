import Foundation
import Testing

/// One key's owner, on connections of its own: any method, any header, a new connection where the old one is used up.
final class RealmUser {
    let port: Int
    let key: String?
    private var connection: LoopbackConnection?
    /// The idempotency keys that it has used.
    private(set) var usedKeys: [String] = []

    init(port: Int, key: String?) {
        self.port = port
        self.key = key
    }

    /// Sends the request and gives its answer; of a stream only the head.
    func send(_ request: TrialRequest) throws -> Answer { try exchange(text(of: request)) }

    /// Sends a request as it is on the wire.
    func exchange(_ text: String) throws -> Answer {
        let connection = try connection ?? LoopbackConnection(port: port)
        self.connection = nil
        try connection.send(text)
        let answer = try connection.answer()
        if answer.headers["content-type"] != "text/event-stream", answer.headers["connection"] != "close" {
            self.connection = connection
        }
        return answer
    }

    func get(_ target: String) throws -> Answer { try send(TrialRequest("GET", target)) }

    /// Sends a write that must be taken.
    @discardableResult
    func make(_ method: String, _ target: String, _ body: String, at place: SourceLocation = #_sourceLocation) throws
        -> JSON
    {
        let answer = try send(TrialRequest(method, target, body: body, idempotencyKey: freshKey()))
        try #require(answer.status < 300, "\(method) \(target) \(body): \(answer.text)", sourceLocation: place)
        return try answer.json()
    }

    func freshKey() -> String {
        let key = "key-1-\(Twin.randomDigits(10))"
        usedKeys.append(key)
        return key
    }

    /// What a request is on the wire.
    func text(of request: TrialRequest) -> String {
        var lines = ["\(request.method) \(request.target) HTTP/1.1", "Host: 127.0.0.1"]
        if let key { lines.append("Authorization: Bearer \(key)") }
        if let idempotencyKey = request.idempotencyKey { lines.append("Idempotency-Key: \(idempotencyKey)") }
        lines += request.headers.map { "\($0.name): \($0.value)" }
        if let body = request.body {
            lines += ["Content-Type: \(request.contentType)", "Content-Length: \(body.utf8.count)"]
        }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + (request.body ?? "")
    }

    /// The realm's last entry and its hash: nothing is changed that does not change them.
    func head() throws -> String { try get("/v1/ledger/head").text }
}

/// A request to be sent.
struct TrialRequest {
    var method: String
    /// Path and query, percent-encoded.
    var target: String
    var body: String?
    var contentType = "application/json"
    var idempotencyKey: String?
    var headers: [(name: String, value: String)] = []

    init(_ method: String, _ target: String, body: String? = nil, idempotencyKey: String? = nil) {
        self.method = method
        self.target = target
        self.body = body
        self.idempotencyKey = idempotencyKey
    }
}

extension PublishedOperation {
    /// A request of this operation.
    ///
    /// - Parameters:
    ///   - path: values of the path's parameters.
    ///   - query: in the order in which they are sent.
    func request(
        path values: [String: String], query: [(name: String, value: String)] = [], body: JSON? = nil,
        idempotencyKey: String? = nil
    ) -> TrialRequest {
        var target = path
        for (name, value) in values { target = target.replacing("{\(name)}", with: value.percentEncoded) }
        if !query.isEmpty {
            target += "?" + query.map { "\($0.name)=\($0.value.percentEncoded)" }.joined(separator: "&")
        }
        return TrialRequest(
            method, target, body: body?.rendered, idempotencyKey: takesIdempotencyKey ? idempotencyKey : nil)
    }
}

extension String {
    /// As a part of a path or a query.
    var percentEncoded: String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }
}
