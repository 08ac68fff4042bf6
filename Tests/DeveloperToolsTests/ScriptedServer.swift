import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A request as a scripted server sees it.
struct SeenRequest: Sendable {
    var method: String
    var path: String
    var headers: HTTPHeaders
    var body: [UInt8]
    /// Place among all requests of the server, from 1.
    var number: Int

    func header(_ name: String) -> String { headers.first(name: name) ?? "" }
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// What a scripted server does, one after the other.
enum Step: Sendable {
    /// A head whose body goes on until `end` or `drop`.
    case head(Int, [(String, String)] = [])
    case body(String)
    /// Milliseconds.
    case wait(Int)
    case run(@Sendable () -> Void)
    case end
    /// Closes the connection, whatever was begun.
    case drop

    /// A whole answer.
    static func answer(_ status: Int, _ text: String = "", _ headers: [(String, String)] = []) -> [Step] {
        [.head(status, headers + [("Content-Length", "\(text.utf8.count)")]), .body(text), .end]
    }

    /// The beginning of an event stream.
    static let stream = Step.head(200, [("Content-Type", "text/event-stream")])
}

/// An HTTP server on a port of its own that does what a closure says, and remembers what it was asked.
final class ScriptedServer: Sendable {
    let port: Int
    var url: String { "http://127.0.0.1:\(port)" }
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel
    private let log: RequestLog

    var seen: [SeenRequest] { log.seen }

    private init(_ script: @escaping @Sendable (SeenRequest) -> [Step]) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let log = RequestLog()
        self.group = group
        self.log = log
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(
                        ScriptHandler { request in script(log.remember(request)) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    /// Runs the server for as long as `body` takes.
    static func with<Result: Sendable>(
        _ script: @escaping @Sendable (SeenRequest) -> [Step],
        _ body: (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let server = try await ScriptedServer(script)
        do {
            let result = try await body(server)
            await server.stop()
            return result
        } catch {
            await server.stop()
            throw error
        }
    }

    private func stop() async {
        try? await channel.close()
        try? await group.shutdownGracefully()
    }
}

/// What was asked, in order.
private final class RequestLog: Sendable {
    private let requests = Mutex<[SeenRequest]>([])

    var seen: [SeenRequest] { requests.withLock { $0 } }

    func remember(_ request: SeenRequest) -> SeenRequest {
        requests.withLock { requests in
            var request = request
            request.number = requests.count + 1
            requests.append(request)
            return request
        }
    }
}

/// Collects a request and runs its script.
private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let script: @Sendable (SeenRequest) -> [Step]
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ script: @escaping @Sendable (SeenRequest) -> [Step]) { self.script = script }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            let steps = script(
                SeenRequest(
                    method: head.method.rawValue, path: head.uri, headers: head.headers, body: body, number: 0))
            run(steps[...], context)
        }
    }

    private func run(_ steps: ArraySlice<Step>, _ context: ChannelHandlerContext) {
        var rest = steps
        while let step = rest.popFirst() {
            switch step {
            case .head(let status, let headers):
                let head = HTTPResponseHead(
                    version: .http1_1, status: .init(statusCode: status), headers: HTTPHeaders(headers))
                context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
            case .body(let text):
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
            case .run(let action): action()
            case .end: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .drop:
                context.close(promise: nil)
                return
            case .wait(let milliseconds):
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                let later = rest
                context.eventLoop.scheduleTask(in: .milliseconds(Int64(milliseconds))) {
                    let (handler, context) = bound.value
                    if context.channel.isActive { handler.run(later, context) }
                }
                return
            }
        }
    }
}
