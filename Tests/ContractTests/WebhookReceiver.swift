import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing
import WebhookDelivery

/// A delivery as it arrived.
struct ReceivedDelivery: Sendable {
    var method: String
    var path: String
    var headers: HTTPHeaders
    var body: [UInt8]
    var at: ContinuousClock.Instant

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: AnswerJSON { AnswerJSON(body) }
    var id: String { headers.first(name: "webhook-id") ?? "" }
    var type: String { json["type"].string ?? "" }
    var seq: Int64 { json["seq"].int ?? -1 }
    var signatures: [Substring] { (headers.first(name: "webhook-signature") ?? "").split(separator: " ") }

    /// - Throws: `SignatureFault`.
    func verify(_ secret: String, now: Int64?) throws {
        try StandardSignature.verify(
            id: id, timestamp: headers.first(name: "webhook-timestamp") ?? "",
            signature: headers.first(name: "webhook-signature") ?? "", body: body,
            secrets: [WebhookSecret(stored: secret)], now: now)
    }
}

/// What the receiver does with a delivery.
enum ReceiverReply: Sendable {
    case status(Int, headers: [(String, String)] = [], body: String = "")
    /// Closes the connection without a word.
    case hangUp
    /// Never answers.
    case nothing

    static let ok = ReceiverReply.status(200)
}

/// A real HTTP server on the loopback that keeps what arrives.
final class WebhookReceiver: Sendable {
    typealias Handler = @Sendable (_ delivery: ReceivedDelivery, _ count: Int) -> ReceiverReply

    let port: Int
    private let channel: any Channel
    private let kept: Kept

    fileprivate final class Kept: Sendable {
        struct State {
            var deliveries: [ReceivedDelivery] = []
            var handler: Handler
        }

        let state: Mutex<State>

        init(_ handler: @escaping Handler) { state = Mutex(State(handler: handler)) }

        func take(_ delivery: ReceivedDelivery) -> ReceiverReply {
            let (handler, count) = state.withLock { state in
                state.deliveries.append(delivery)
                return (state.handler, state.deliveries.count)
            }
            return handler(delivery, count)
        }
    }

    private init(_ handler: @escaping Handler) async throws {
        let kept = Kept(handler)
        self.kept = kept
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(ReceiverHandler(kept))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    /// Receives while `body` runs.
    ///
    /// - Parameter handler: gets each delivery and how many there were, this one included.
    static func run<Result: Sendable>(
        _ handler: @escaping Handler = { _, _ in .ok }, _ body: (WebhookReceiver) async throws -> Result
    ) async throws -> Result {
        let receiver = try await WebhookReceiver(handler)
        let outcome: Swift.Result<Result, any Error>
        do {
            outcome = .success(try await body(receiver))
        } catch {
            outcome = .failure(error)
        }
        try? await receiver.channel.close()
        return try outcome.get()
    }

    func url(_ path: String = "/hook") -> String { "http://127.0.0.1:\(port)\(path)" }

    var deliveries: [ReceivedDelivery] { kept.state.withLock { $0.deliveries } }

    func deliveries(to path: String) -> [ReceivedDelivery] { deliveries.filter { $0.path == path } }

    /// From now on.
    func answer(_ handler: @escaping Handler) { kept.state.withLock { $0.handler = handler } }

    func forget() { kept.state.withLock { $0.deliveries = [] } }

    /// Waits until so many deliveries are there, and returns all.
    @discardableResult
    func wait(
        for count: Int, to path: String = "/hook", within time: Duration = .seconds(20),
        at place: SourceLocation = #_sourceLocation
    ) async throws -> [ReceivedDelivery] {
        try await eventually("\(count) deliveries to \(path)", within: time, at: place) {
            self.deliveries(to: path).count >= count
        }
        return deliveries(to: path)
    }
}

/// Waits until the condition holds; a test fails with `what` when the time is up.
func eventually(
    _ what: String, within time: Duration = .seconds(20), at place: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + time
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "waited in vain for \(what)", sourceLocation: place)
        try await Task.sleep(for: .milliseconds(10))
    }
}

private final class ReceiverHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let kept: WebhookReceiver.Kept
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ kept: WebhookReceiver.Kept) { self.kept = kept }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let delivery = ReceivedDelivery(
                method: head.method.rawValue, path: head.uri, headers: head.headers, body: Array(buffer: body),
                at: .now)
            reply(kept.take(delivery), context)
        }
    }

    private func reply(_ reply: ReceiverReply, _ context: ChannelHandlerContext) {
        switch reply {
        case .nothing: break
        case .hangUp: context.close(promise: nil)
        case .status(let status, let headers, let body):
            var all: HTTPHeaders = ["Content-Length": "\(body.utf8.count)"]
            for (name, value) in headers { all.add(name: name, value: value) }
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: all)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
