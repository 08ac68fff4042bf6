internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

/// One connection to a webhook's host: takes a request, brings its answer, and can then take the next one. Lives on its
/// event loop alone.
final class DeliveryConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What a request came to.
    enum Outcome {
        case answered(AnswerAssembly)
        /// `sawAnswer`: whether any byte of an answer had come.
        case failed(DeliveryFailure, sawAnswer: Bool)
    }

    private struct Exchange {
        var assembly: AnswerAssembly
        /// Set once it is known; reported when the parser has done its turn, so that the connection is never used for
        /// the next request from within it.
        var outcome: Outcome?
        var report: (Outcome) -> Void
    }

    private enum State {
        /// Without a channel that could be used, yet or any more.
        case closed
        case idle
        case busy(Exchange)
    }

    let origin: Origin
    let gauge: WireGauge
    /// When it was opened.
    let openedAt: NIODeadline
    private let bodyBytes: Int
    private var state = State.closed
    private var context: ChannelHandlerContext?
    private var isWritten = false
    private var hasSpoken = false
    /// Whether anything has happened after which no further request may go over it.
    private var isSpent = false
    /// Called once, when the channel is closed.
    var onClose: (() -> Void)?

    init(origin: Origin, openedAt: NIODeadline, configuration: DeliveryClientConfiguration) {
        self.origin = origin
        self.openedAt = openedAt
        bodyBytes = configuration.bodyBytes
        gauge = WireGauge(maximum: configuration.rawBytes)
    }

    /// Another request can be sent.
    var isUsable: Bool {
        if case .idle = state { return !isSpent }
        return false
    }

    /// How far the present exchange has come, for whoever asks why it takes so long.
    var phase: DeliveryFailure.Phase {
        if isWritten { return .answer }
        return origin.scheme == .https && !hasSpoken ? .tls : .send
    }

    /// The channel is connected.
    func opened() {
        if !isSpent { state = .idle }
    }

    /// Sends the request in one piece, and reports once what it came to, unless the connection is abandoned before.
    func send(_ bytes: ByteBuffer, report: @escaping (Outcome) -> Void) {
        guard isUsable, let context else {
            report(.failed(.closed, sawAnswer: false))
            return
        }
        state = .busy(Exchange(assembly: AnswerAssembly(bodyBytes: bodyBytes), outcome: nil, report: report))
        isWritten = false
        gauge.answerBegins()
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { [weak self] in
            self?.isWritten = true
            self?.hasSpoken = true
        }
        context.write(wrapOutboundOut(Self.head), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: written)
    }

    /// For the parser only: what goes out is in the bytes.
    private static let head = HTTPClientRequestPart.head(
        HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"))

    /// Closes without a further word; nothing is reported any more. Also ends an attempt to connect.
    func abandon() {
        state = .closed
        isSpent = true
        context?.close(promise: nil)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .busy(var exchange) = state else {
            end(.failed(.closed, sawAnswer: true))
            return
        }
        // What follows a complete answer is none of ours.
        guard exchange.outcome == nil else {
            isSpent = true
            return
        }
        // The state lets go of its copy, so that a body in thousands of pieces grows in place.
        state = .closed
        switch exchange.assembly.take(unwrapInboundIn(data)) {
        case .unfinished: break
        case .complete: exchange.outcome = .answered(exchange.assembly)
        case .failed(let failure):
            exchange.outcome = .failed(failure, sawAnswer: true)
            isSpent = true
        }
        state = .busy(exchange)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .busy(let exchange) = state, let outcome = exchange.outcome {
            // A request that is still on its way out when its answer is complete can't be followed by another.
            if !exchange.assembly.keepsAlive || !isWritten { isSpent = true }
            end(outcome)
        }
        context.fireChannelReadComplete()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isSpent = true
        if case .busy(let exchange) = state, let outcome = exchange.outcome {
            end(outcome)
        } else {
            end(.failed(.closed, sawAnswer: gauge.received > 0))
        }
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        end(.failed(.closed, sawAnswer: gauge.received > 0))
        state = .closed
        onClose?()
        onClose = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A connection cut without TLS's farewell: the parser knows better whether an answer is missing.
        if case NIOSSLError.uncleanShutdown = error { return }
        isSpent = true
        guard case .busy(let exchange) = state else {
            end(.failed(.closed, sawAnswer: false))
            return
        }
        end(exchange.outcome ?? outcome(of: error, exchange))
    }

    private func outcome(of error: any Error, _ exchange: Exchange) -> Outcome {
        switch error {
        case WireGauge.Violation.tooMany:
            var assembly = exchange.assembly
            if case .failed(let failure) = assembly.cut() { return .failed(failure, sawAnswer: true) }
            return .answered(assembly)
        case HTTPParserError.headerOverflow: return .failed(.headersTooLarge, sawAnswer: true)
        case HTTPParserError.invalidEOFState: return .failed(.closed, sawAnswer: true)
        case let error as HTTPParserError:
            return .failed(.invalidAnswer(reason: ParserFault.describe(error)), sawAnswer: true)
        case is NIOHTTPDecoderError:
            return .failed(.invalidAnswer(reason: "there is more than one"), sawAnswer: true)
        default:
            if origin.scheme == .https, !hasSpoken, let reason = SecurityFault.describe(error) {
                return .failed(.tls(reason: reason), sawAnswer: false)
            }
            return .failed(.closed, sawAnswer: gauge.received > 0)
        }
    }

    /// Ends the exchange, if there is one, and closes what can't be used again.
    private func end(_ outcome: Outcome) {
        let report: ((Outcome) -> Void)?
        if case .busy(let exchange) = state { report = exchange.report } else { report = nil }
        gauge.answerEnded()
        if report == nil { isSpent = true }
        state = isSpent ? .closed : .idle
        if isSpent { context?.close(promise: nil) }
        report?(outcome)
    }
}

/// What a parser's complaint means, as it fits into a sentence.
private enum ParserFault {
    static func describe(_ error: HTTPParserError) -> String {
        switch error {
        case .invalidVersion: "the version is another one"
        case .invalidStatus: "the status is no number of three digits"
        case .invalidHeaderToken: "a header line is malformed"
        case .invalidContentLength: "Content-Length is not a number"
        case .unexpectedContentLength: "Content-Length stands twice or beside Transfer-Encoding"
        case .invalidChunkSize: "the size of a chunk is malformed"
        default: "it is malformed"
        }
    }
}

/// What TLS's complaint means, as it fits into a sentence; nil when it is none of TLS.
private enum SecurityFault {
    static func describe(_ error: any Error) -> String? {
        switch error {
        case NIOSSLError.handshakeFailed(let reason):
            let text = "\(reason)"
            if text.contains("CERTIFICATE_VERIFY_FAILED") {
                return "the host's certificate is not trusted: it is expired, incomplete or by an unknown authority"
            }
            if text.contains("EOF during handshake") { return "the host ends the handshake" }
            if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
                return "the host does not speak TLS at that port"
            }
            return "the handshake fails"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return "the host's certificate is for another name"
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return "the handshake fails"
        default: return nil
        }
    }
}
