/// Why there is no answer. The sentence goes to the owner of the endpoint, so it holds nothing of the operator's
/// network: not the address that a name led to.
package enum DeliveryFailure: Error, Hashable, Sendable {
    /// How far an attempt had come.
    package enum Phase: String, Hashable, Sendable, CaseIterable {
        case resolve
        case connect
        case tls
        case send
        case answer
    }

    /// Nothing was sent: a header field that must not be.
    case invalidRequest(reason: String)
    /// Nothing was sent: the address is not one to deliver to. The reason is a sentence.
    case refusedTarget(reason: String)
    case resolve(ResolveFault)
    case connect(reason: String)
    case tls(reason: String)
    case timeout(Phase)
    /// The connection was closed before the answer was there.
    case closed
    /// What came is no HTTP/1.1 answer.
    case invalidAnswer(reason: String)
    case headersTooLarge
    /// The client was shut down.
    case shutDown

    /// Stable.
    package var code: String {
        switch self {
        case .invalidRequest: "invalid_request"
        case .refusedTarget: "target_refused"
        case .resolve: "name_not_resolved"
        case .connect: "connection_failed"
        case .tls: "tls_failed"
        case .timeout: "timed_out"
        case .closed: "connection_closed"
        case .invalidAnswer: "invalid_answer"
        case .headersTooLarge: "answer_headers_too_large"
        case .shutDown: "shut_down"
        }
    }
}

extension DeliveryFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .invalidRequest(let reason): "Nothing was sent: \(reason)."
        case .refusedTarget(let reason): "Nothing was sent. \(reason)"
        case .resolve(let fault): "Nothing was sent: \(fault)."
        case .connect(let reason): "No connection: \(reason)."
        case .tls(let reason): "No secure connection: \(reason)."
        case .timeout(let phase): "The time was up \(phase.words)."
        case .closed: "The connection was closed before the answer was complete."
        case .invalidAnswer(let reason): "The answer is not HTTP/1.1: \(reason)."
        case .headersTooLarge: "The answer's header is too large."
        case .shutDown: "The server was being stopped."
        }
    }
}

extension DeliveryFailure.Phase {
    fileprivate var words: String {
        switch self {
        case .resolve: "before the host name was resolved"
        case .connect: "before there was a connection"
        case .tls: "before the connection was secure"
        case .send: "before the request was sent"
        case .answer: "before the answer was complete"
        }
    }
}
