import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A receiver that speaks https and answers every request with 200 and the request's body.
final class SecureReceiver: Sendable {
    /// What it does beyond that.
    enum Manner: Sendable {
        case polite
        /// Answers without a length, and then cuts the connection without TLS's farewell.
        case cutsWithoutFarewell
        /// Answers the first request of a connection, and closes at the second one.
        case closesAtSecond
    }

    let port: Int
    private let channel: any Channel
    private let group: MultiThreadedEventLoopGroup
    private let log: Log

    fileprivate final class Log: Sendable {
        let names = Mutex<[String]>([])
        let connections = Mutex(0)
        let handshakes = Mutex<[String]>([])
    }

    init(
        _ identity: Certificates.Identity, host: String = "127.0.0.1", manner: Manner = .polite,
        configure: (inout TLSConfiguration) -> Void = { _ in }
    ) async throws {
        let chain = try NIOSSLCertificate.fromPEMFile(identity.certificate).map {
            NIOSSLCertificateSource.certificate($0)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain, privateKey: .privateKey(try NIOSSLPrivateKey(file: identity.key, format: .pem)))
        configuration.applicationProtocols = ["h2", "http/1.1"]
        let log = Log()
        self.log = log
        configuration.sslContextCallback = { values, promise in
            log.names.withLock { $0.append(values.serverHostname ?? "") }
            promise.succeed(NIOSSLContextConfigurationOverride())
        }
        configure(&configuration)
        let context = try NIOSSLContext(configuration: configuration)
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    log.connections.withLock { $0 += 1 }
                    let secure = NIOSSLServerHandler(context: context)
                    try channel.pipeline.syncOperations.addHandler(secure)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(Responder(manner: manner, log: log))
                }
            }
            .bind(host: host, port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    /// The names that clients have asked for (SNI), empty for none.
    var names: [String] { log.names.withLock { $0 } }
    var connections: Int { log.connections.withLock { $0 } }
    /// What was agreed upon, in NIO's words.
    var handshakes: [String] { log.handshakes.withLock { $0 } }

    func stop() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let manner: Manner
        private let log: Log
        private var body = ByteBuffer()
        private var requests = 0

        init(manner: Manner, log: Log) {
            self.manner = manner
            self.log = log
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            log.handshakes.withLock { $0.append("\(event)") }
            context.fireUserInboundEventTriggered(event)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head: body.clear()
            case .body(var part): body.writeBuffer(&part)
            case .end: answer(context)
            }
        }

        private func answer(_ context: ChannelHandlerContext) {
            requests += 1
            if case .closesAtSecond = manner, requests == 2 { return context.close(promise: nil) }
            var head = HTTPResponseHead(version: .http1_1, status: .ok)
            if case .cutsWithoutFarewell = manner {
                head.headers.add(name: "connection", value: "close")
                head.version = .http1_0
            } else {
                head.headers.add(name: "content-length", value: "\(body.readableBytes)")
            }
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            if case .cutsWithoutFarewell = manner,
                // From the place of TLS on, so that TLS does not notice.
                let below = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
            {
                below.close(promise: nil)
            }
        }
    }
}
