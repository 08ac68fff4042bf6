internal import AsyncHTTPClient
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// A server's answer, whole.
package struct LedgerAnswer: Sendable {
    package var status: Int
    package var body: ByteBuffer
    /// Whether it is the stored answer to an earlier request with the same idempotency key.
    package var isReplay = false

    /// The text of a member of the object; nil when there is none, or it is no plain text.
    package func text(of member: String) -> String? {
        let text = String(buffer: body)
        guard let start = text.firstRange(of: "\"\(member)\":\"")?.upperBound,
            let end = text[start...].firstIndex(of: "\"")
        else { return nil }
        return String(text[start..<end])
    }
}

/// Sends requests to one server with one key, again and again until there is an answer. Close it when done.
package final class LedgerConnection: Sendable {
    /// The server's address, without a slash at its end.
    package let url: String
    private let client: HTTPClient
    private let group: MultiThreadedEventLoopGroup
    private let headers: HTTPHeaders
    private let policy: RetryPolicy
    private let retried = Atomic<Int>(0)
    /// Told of each failure before the pause.
    private let onRetry: @Sendable (String) -> Void

    /// `url`: http or https, with or without a path. Throws `ImportError.usage` for anything else.
    package init(
        url: String, apiKey: String, policy: RetryPolicy = RetryPolicy(), connections: Int = 1,
        onRetry: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(ImportError) {
        var trimmed = url[...]
        while trimmed.last == "/" { trimmed.removeLast() }
        let lower = trimmed.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lower.hasPrefix($0) }), lower.count > scheme.count,
            trimmed.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .usage("\(url) is no http or https address") }
        guard !apiKey.isEmpty, apiKey.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .usage("the API key is empty or contains spaces or line breaks")
        }
        self.url = String(trimmed)
        self.policy = policy
        self.onRetry = onRetry
        headers = [
            "Authorization": "Bearer \(apiKey)", "Content-Type": "application/json", "Accept": "application/json",
        ]
        // One thread: the work is in the server, and it shares the machine with it.
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5), read: .seconds(60)))
        // One answer per failure, counted here.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(connections, 1)
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
    }

    /// Ends every connection. Afterwards it can't be used.
    package func close() async {
        // Nothing is in flight any more; what could fail here has no effect on what was done.
        try? await client.shutdown()
        try? await group.shutdownGracefully()
    }

    /// Requests that had to be sent again.
    package var retries: Int { retried.load(ordering: .relaxed) }

    /// Sends a write. Returns the first answer that is none of 401, 403, 429, 502, 503, 504.
    /// Throws `ImportError.notAuthorised`, `.unreachable`, or `CancellationError`.
    package func post(
        _ path: String, body: ByteBuffer, idempotencyKey: String? = nil,
        isUsable: @Sendable (LedgerAnswer) -> Bool = { _ in true }
    ) async throws -> LedgerAnswer {
        var request = HTTPClientRequest(url: url + path)
        request.method = .POST
        request.headers = headers
        if let idempotencyKey { request.headers.add(name: "Idempotency-Key", value: idempotencyKey) }
        request.body = .bytes(body)
        return try await send(request, isUsable: isUsable)
    }

    /// Sends a write whose body is at hand as text. As `post`.
    package func post(_ path: String, text: String, idempotencyKey: String? = nil) async throws -> LedgerAnswer {
        try await post(path, body: ByteBuffer(string: text), idempotencyKey: idempotencyKey)
    }

    /// Deletes. As `post`.
    package func delete(_ path: String, idempotencyKey: String) async throws -> LedgerAnswer {
        var request = HTTPClientRequest(url: url + path)
        request.method = .DELETE
        request.headers = headers
        request.headers.add(name: "Idempotency-Key", value: idempotencyKey)
        return try await send(request, isUsable: { _ in true })
    }

    /// Reads. As `post`.
    package func get(_ path: String) async throws -> LedgerAnswer {
        var request = HTTPClientRequest(url: url + path)
        request.headers = headers
        return try await send(request, isUsable: { _ in true })
    }

    private func send(
        _ request: HTTPClientRequest, isUsable: @Sendable (LedgerAnswer) -> Bool
    ) async throws -> LedgerAnswer {
        var failures = 0
        while true {
            let problem: String
            var retryAfter: String?
            do {
                let response = try await client.execute(request, timeout: .seconds(120))
                let answer = LedgerAnswer(
                    status: Int(response.status.code), body: try await response.body.collect(upTo: 1 << 24),
                    isReplay: response.headers.first(name: "Idempotent-Replayed") == "true")
                switch answer.status {
                case 401, 403:
                    throw ImportError.notAuthorised(status: answer.status, problem: answer.problem.text)
                case 429, 502, 503, 504:
                    problem = "\(answer.status) \(answer.problem.text)"
                    retryAfter = response.headers.first(name: "Retry-After")
                case _ where isUsable(answer):
                    return answer
                default:
                    problem = "a part of the request was answered with a temporary error"
                }
            } catch let error as ImportError {
                throw error
            } catch let error as CancellationError {
                throw error
            } catch {
                try Task.checkCancellation()
                problem = Self.describe(error)
            }
            failures += 1
            guard failures < policy.tries else { throw ImportError.unreachable(tries: failures, problem: problem) }
            let pause = policy.pause(afterFailures: failures, retryAfter: retryAfter)
            retried.wrappingAdd(1, ordering: .relaxed)
            onRetry("\(problem); try \(failures + 1) of \(policy.tries) in \(Self.shown(pause)) s")
            try await policy.sleep(pause)
        }
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case is NIOConnectionError: "the connection was refused"
        default: "\(error)"
        }
    }

    private static func shown(_ pause: Duration) -> String {
        let tenths = pause.components.seconds * 10 + pause.components.attoseconds / 100_000_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}
