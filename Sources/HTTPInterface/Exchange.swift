package import NIOCore
package import NIOHTTP1

/// A request that has arrived whole and within the limits. Read on the event loop of its connection.
package struct IncomingRequest: Sendable {
    package var method: HTTPMethod
    /// The request target as sent, at most 8 KiB.
    package var target: String
    /// The part before `?`, still percent-encoded.
    package var path: Substring
    /// The part after `?`, still percent-encoded; empty when there is none.
    package var query: Substring
    package var headers: HTTPHeaders
    package var body: [UInt8]
    /// Monotonic time at which its first byte was read, in nanoseconds.
    package var startedAt: UInt64
    /// Where the connection comes from, for the access log.
    package var peer: String

    package init(
        method: HTTPMethod, target: String, path: Substring, query: Substring, headers: HTTPHeaders, body: [UInt8],
        startedAt: UInt64, peer: String
    ) {
        self.method = method
        self.target = target
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.startedAt = startedAt
        self.peer = peer
    }
}

/// Which `Content-Type` a body has. Raw values are stored with idempotent answers and never change.
package enum ContentKind: UInt8, Sendable {
    case none = 0
    case json = 1
    case problem = 2
    case text = 3
    case prometheus = 4
    case html = 5
    case eventStream = 6
    /// JSON that is stored encrypted, since it shows a secret, and sent in clear.
    case sealedJSON = 7

    /// The header's value; empty for `none`, which has no such header.
    package var headerValue: StaticString {
        switch self {
        case .none: ""
        case .json, .sealedJSON: "application/json"
        case .problem: "application/problem+json"
        case .text: "text/plain; charset=utf-8"
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .html: "text/html; charset=utf-8"
        case .eventStream: "text/event-stream"
        }
    }
}

/// A response before it is written: the connection adds `Content-Length`, `Content-Type`, `Date` and `Connection`.
package struct OutgoingResponse: Sendable {
    package var status: Int
    package var contentKind: ContentKind
    /// Further header lines, already in their wire form: each `Name: value\r\n`.
    package var headerBlock: [UInt8]
    package var body: [UInt8]
    /// Close the connection after this response.
    package var closes: Bool
    /// The body follows bit by bit, and nobody knows how long it will be.
    var isStreamed = false

    package init(
        status: Int, contentKind: ContentKind = .json, headerBlock: [UInt8] = [], body: [UInt8] = [],
        closes: Bool = false
    ) {
        self.status = status
        self.contentKind = contentKind
        self.headerBlock = headerBlock
        self.body = body
        self.closes = closes
    }
}

/// Where one request's response goes. It may be answered from any thread, once, in either way; a later answer is
/// ignored. That never blocks: responses for connections of one event loop that become ready together wake the loop
/// once.
package protocol ResponseSlot: Sendable {
    var eventLoop: any EventLoop { get }
    /// Answers the request; see the protocol for threads and repetition.
    func send(_ response: OutgoingResponse)
    /// Answers the request with a head (its body is ignored) that goes out as soon as the responses before it have,
    /// and a body that `source` writes: chunked, or up to the end of the connection in HTTP/1.0. Requests behind it
    /// wait. It ends when the source says so, when the peer has closed its side or is cut off, and when the server
    /// stops. The source begins before this returns, and is ended in every case.
    func stream(_ head: OutgoingResponse, from source: any StreamSource)
}

/// What stands behind a listener. Called on the connection's event loop; must not block it.
package protocol RequestHandler: Sendable {
    /// Takes a whole request. The answer may come now or later, from any thread.
    func handle(_ request: IncomingRequest, respond slot: any ResponseSlot)
    /// Whether a client that sends this header may go on with a body that is becoming large. Tells `then` on the event
    /// loop, at once or later; until it knows, the client goes on.
    func examine(_ headers: HTTPHeaders, on eventLoop: any EventLoop, then: @escaping @Sendable (Bool) -> Void)
    /// The response to a request that never became whole: over a limit, too slow, malformed. The connection closes
    /// after.
    func refuse(_ failure: RequestFailure, target: String, peer: String) -> OutgoingResponse
}

/// Why a request never reached the handler.
package enum RequestFailure: Sendable, Equatable {
    case malformed(String)
    case headersTooLarge(limit: Int)
    case bodyTooLarge(limit: Int)
    case targetTooLong(limit: Int)
    case timedOut(seconds: Int)
    /// A large body of somebody who has no live key.
    case unauthorized
    case unsupportedTransferEncoding
    case expectationFailed
}
