import NIOCore
import NIOHTTP1
import NIOPosix

/// A request as the stub sees it.
struct StubRequest: Sendable {
    var method: String
    var path: String
    var headers: HTTPHeaders
    var body: ByteBuffer
    /// Place among all requests of the server, from 1.
    var number: Int
}

/// What the stub does with a request.
enum StubReply: Sendable {
    case answer(Int, headers: [(String, String)] = [], body: ByteBuffer)
    /// Closes the connection without a word.
    case hangUp
    /// Sends a head and half a body, then closes.
    case breakOff

    static func json(_ status: Int, _ text: String, headers: [(String, String)] = []) -> StubReply {
        .answer(status, headers: headers, body: ByteBuffer(string: text))
    }
}

/// A small HTTP server on a port of its own that does what a closure says. All requests are handled on one thread, one
/// after the other.
final class StubServer: Sendable {
    let port: Int
    var url: String { "http://127.0.0.1:\(port)" }
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    init(_ handle: @escaping @Sendable (StubRequest) -> StubReply) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let counter = NIOLoopBoundBox.makeBoxSendingValue(0, eventLoop: group.any())
        self.group = group
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 512)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(StubHandler(handle: handle, counter: counter))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func stop() async {
        try? await channel.close()
        try? await group.shutdownGracefully()
    }
}

/// Collects a request and writes its reply.
private final class StubHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let handle: @Sendable (StubRequest) -> StubReply
    private let counter: NIOLoopBoundBox<Int>
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(handle: @escaping @Sendable (StubRequest) -> StubReply, counter: NIOLoopBoundBox<Int>) {
        self.handle = handle
        self.counter = counter
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            counter.value += 1
            let request = StubRequest(
                method: head.method.rawValue, path: head.uri, headers: head.headers, body: body, number: counter.value)
            reply(handle(request), context)
        }
    }

    private func reply(_ reply: StubReply, _ context: ChannelHandlerContext) {
        switch reply {
        case .hangUp: context.close(promise: nil)
        case .breakOff:
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "1000"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: "{\"rec")))), promise: nil)
            context.close(promise: nil)
        case .answer(let status, let headers, let body):
            var all: HTTPHeaders = ["Content-Length": "\(body.readableBytes)", "Content-Type": "application/json"]
            for (name, value) in headers { all.add(name: name, value: value) }
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: all)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
