internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// Talks to one server with one key, over its published API. What may be repeated is sent again when no answer
/// came or the server had no room.
package final class ServerClient: Sendable {
    /// The most bytes of an answer: a page of a thousand events is far below.
    private static let longestAnswer = 1 << 25

    /// The server's address, without a slash at its end.
    package let url: String
    let client: HTTPClient
    private let headers: HTTPHeaders
    private let pauses: RetryPauses
    /// Told of each failure before the pause.
    private let onRetry: @Sendable (String) -> Void

    private init(
        address: String, apiKey: String, pauses: RetryPauses, onRetry: @escaping @Sendable (String) -> Void
    ) {
        url = address
        headers = ["Authorization": "Bearer \(apiKey)", "Accept": "application/json"]
        self.pauses = pauses
        self.onRetry = onRetry
        // A stream shows a sign of life every 15 seconds: three of them missing, and it is dead.
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(45)))
        // Failures are counted here, and each is told.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Runs `body` with a client, and ends its connections afterwards.
    ///
    /// - Parameter url: http or https, with or without a path.
    /// - Throws: `DeveloperError.usage` for an address or a key that can't be one, and what `body` throws.
    package static func with<Result: Sendable>(
        url: String, apiKey: String, pauses: RetryPauses = RetryPauses(),
        onRetry: @escaping @Sendable (String) -> Void = { _ in },
        _ body: (ServerClient) async throws -> Result
    ) async throws -> Result {
        let address = try WebAddress(url)
        guard !apiKey.isEmpty, apiKey.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw DeveloperError.usage("the API key is empty or contains spaces or line breaks")
        }
        let client = ServerClient(address: address.base, apiKey: apiKey, pauses: pauses, onRetry: onRetry)
        do {
            let result = try await body(client)
            await client.close()
            return result
        } catch {
            await client.close()
            throw error
        }
    }

    private func close() async {
        // Nothing is in flight any more; what could fail here has no effect on what was done.
        try? await client.shutdown()
    }

    /// Reads. - Throws: `DeveloperError` for anything but a 2xx, `CancellationError`.
    package func get(_ path: String) async throws -> ServerAnswer {
        try await call(.GET, path, body: nil, idempotencyKey: nil, tries: pauses.tries)
    }

    /// Writes once, however often it has to be sent: under a key of its own. Throws as `get`.
    package func write(_ method: WriteMethod, _ path: String, body: [UInt8]? = nil) async throws -> ServerAnswer {
        try await call(
            HTTPMethod(rawValue: method.rawValue), path, body: body, idempotencyKey: UUID().uuidString,
            tries: pauses.tries)
    }

    /// Sends a POST that writes nothing, and that is not repeated: what it causes would happen twice. Throws as `get`.
    package func ask(_ path: String, body: [UInt8]) async throws -> ServerAnswer {
        try await call(.POST, path, body: body, idempotencyKey: nil, tries: 1)
    }

    private func call(
        _ method: HTTPMethod, _ path: String, body: [UInt8]?, idempotencyKey: String?, tries: Int
    ) async throws -> ServerAnswer {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        request.headers = headers
        if let idempotencyKey { request.headers.add(name: "Idempotency-Key", value: idempotencyKey) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body))
        }
        var failures = 0
        while true {
            let problem: String
            var retryAfter: String?
            do {
                let response = try await client.execute(request, timeout: .seconds(60))
                let answer = try await Self.whole(response)
                guard [429, 502, 503, 504].contains(answer.status) else {
                    if let refusal = answer.refusal { throw refusal }
                    return answer
                }
                problem = "\(answer.status) \(answer.problem.text)"
                retryAfter = answer.retryAfter
            } catch let error as DeveloperError {
                throw error
            } catch {
                try Task.checkCancellation()
                problem = ConnectionProblem.text(of: error)
            }
            failures += 1
            guard failures < tries else { throw DeveloperError.unreachable(tries: failures, problem: problem) }
            let pause = pauses.pause(afterFailures: failures, retryAfter: retryAfter)
            onRetry("\(problem); try \(failures + 1) of \(tries) in \(pause.shownSeconds)")
            try await Task.sleep(for: pause)
        }
    }

    static func whole(_ response: HTTPClientResponse) async throws -> ServerAnswer {
        let body = try await response.body.collect(upTo: longestAnswer)
        return ServerAnswer(
            status: Int(response.status.code), body: Array(body.readableBytesView),
            retryAfter: response.headers.first(name: "Retry-After"))
    }

    /// Opens a stream; its body follows as it comes.
    func stream(_ path: String, lastEventID: String?) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url + path)
        request.headers = headers
        request.headers.replaceOrAdd(name: "Accept", value: "text/event-stream")
        if let lastEventID { request.headers.add(name: "Last-Event-ID", value: lastEventID) }
        return try await client.execute(request, timeout: .seconds(30))
    }
}

/// The methods that write.
package enum WriteMethod: String, Sendable {
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
}

/// What went wrong with a connection, for people.
enum ConnectionProblem {
    static func text(of error: any Error) -> String {
        switch error {
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout, .readTimeout, .deadlineExceeded: "no answer in time"
            case .remoteConnectionClosed: "the connection was closed"
            default: error.shortDescription
            }
        case let error as IOError where error.errnoCode == ECONNREFUSED: "the connection was refused"
        case let error as IOError where error.errnoCode == ECONNRESET: "the connection was closed"
        // Its module is not one that this target knows. A host without an IPv6 address is no failure of its name.
        case _ where "\(type(of: error))" == "NIOConnectionError":
            triedAddresses(error) ? "the connection was refused" : "the host has no address"
        default: "\(error)"
        }
    }

    /// Whether the host had an address to connect to.
    private static func triedAddresses(_ error: any Error) -> Bool {
        let attempts = Mirror(reflecting: error).children.first { $0.label == "connectionErrors" }
        return attempts.map { !Mirror(reflecting: $0.value).children.isEmpty } ?? false
    }
}
