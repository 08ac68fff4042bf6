internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
package import WebhookDelivery

/// Hands events to a receiver as webhooks are: a POST with the three headers of Standard Webhooks, signed anew for each
/// try. It runs on a developer's own machine and goes wherever it is told to.
package struct Forwarder: Sendable {
    /// How it goes about it.
    package struct Options: Sendable {
        /// Where the events go.
        package var address: WebAddress
        package var secret: WebhookSecret
        /// How long one try may take.
        package var timeout: Duration = .seconds(30)
        /// How long to wait before each further try.
        package var pauses: [Duration] = [.milliseconds(500), .seconds(2), .seconds(5)]

        package init(address: WebAddress, secret: WebhookSecret) {
            self.address = address
            self.secret = secret
        }
    }

    /// Of an answer's body, so much is looked at.
    private static let longestAnswer = 1 << 16
    private static let shownOfAnswer = 200
    /// Nothing there: a webhook endpoint that answers so is disabled, and tried no more.
    private static let gone = 410

    private let client: HTTPClient
    private let options: Options
    private let now: @Sendable () -> Int64

    /// - Parameter now: milliseconds since 1970.
    private init(_ options: Options, now: @escaping @Sendable () -> Int64) {
        self.options = options
        self.now = now
        let timeout = TimeAmount.nanoseconds(options.timeout.nanoseconds)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: timeout, read: timeout))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Runs `body` with a forwarder, and ends its connections afterwards.
    static func with<Result: Sendable>(
        _ options: Options, now: @escaping @Sendable () -> Int64, _ body: (Forwarder) async throws -> Result
    ) async throws -> Result {
        let forwarder = Forwarder(options, now: now)
        do {
            let result = try await body(forwarder)
            try? await forwarder.client.shutdown()
            return result
        } catch {
            try? await forwarder.client.shutdown()
            throw error
        }
    }

    /// Tries until the receiver takes the event or the tries are used up. Ends early, without a word, when the task is
    /// cancelled.
    func forward(_ event: ForwardedEvent, report: (ForwardAttempt) -> Void) async {
        for number in 1...(options.pauses.count + 1) {
            var attempt = await attempt(event, number: number)
            if Task.isCancelled { return }
            var isLast = attempt.isDelivered || number > options.pauses.count
            if case .answered(Self.gone, _) = attempt.outcome { isLast = true }
            attempt.again = isLast ? nil : options.pauses[number - 1]
            report(attempt)
            guard let pause = attempt.again, (try? await Task.sleep(for: pause)) != nil else { return }
        }
    }

    private func attempt(_ event: ForwardedEvent, number: Int) async -> ForwardAttempt {
        let startedAt = now()
        let began = ContinuousClock.now
        var outcome: ForwardAttempt.Outcome
        do {
            let response = try await client.execute(
                request(event, at: startedAt), timeout: .nanoseconds(options.timeout.nanoseconds))
            outcome = .answered(status: Int(response.status.code), body: try await Self.beginning(of: response.body))
        } catch {
            outcome = .failed(ConnectionProblem.text(of: error))
        }
        return ForwardAttempt(
            eventID: event.id, type: event.type, number: number, startedAt: startedAt,
            duration: ContinuousClock.now - began, outcome: outcome)
    }

    private func request(_ event: ForwardedEvent, at milliseconds: Int64) -> HTTPClientRequest {
        let timestamp = milliseconds / 1_000
        var request = HTTPClientRequest(url: options.address.text)
        request.method = .POST
        request.headers = [
            "Content-Type": "application/json", "User-Agent": "Bincard (listen)",
            StandardSignature.idHeader: event.id, StandardSignature.timestampHeader: String(timestamp),
            StandardSignature.signatureHeader: StandardSignature.sign(
                id: event.id, timestamp: timestamp, body: event.body, secrets: [options.secret]),
        ]
        request.body = .bytes(ByteBuffer(bytes: event.body))
        return request
    }

    /// Takes the whole answer, so that the connection can be used again, unless it is longer than is reasonable.
    private static func beginning(of body: HTTPClientResponse.Body) async throws -> String {
        var bytes: [UInt8] = []
        for try await piece in body {
            bytes.append(contentsOf: piece.readableBytesView)
            if bytes.count > longestAnswer { break }
        }
        return String(decoding: bytes.prefix(shownOfAnswer), as: UTF8.self)
    }
}
