internal import Glibc
internal import HummingbirdCore
package import Logging
package import NIOCore
internal import NIOHTTP1
package import NIOPosix
internal import ServiceLifecycle

/// Listens and serves HTTP/1.1 until it is shut down. Binding, accepting, the cap on connections and quiescing are
/// Hummingbird's; the path of a request is a plain channel handler on its event loop, without a task switch.
///
/// A graceful shutdown stops accepting, closes idle connections at once, answers running requests with
/// `Connection: close`, cuts what is left after `ConnectionLimits.shutdownGrace`, and then `run()` returns.
package final class HTTPListener: Service {
    /// The event loops; theirs is the thread on which the handler is called. Shut down when `run()` returns.
    package let eventLoopGroup: MultiThreadedEventLoopGroup
    private let configuration: ListenerConfiguration
    private let setup: ConnectionSetup
    private let logger: Logger
    private let onRunning: @Sendable (SocketAddress?) async -> Void

    /// - Parameter onRunning: called once connections are accepted, with the address that is listened on.
    package init(
        configuration: ListenerConfiguration, handler: any RequestHandler,
        telemetry: ListenerTelemetry = ListenerTelemetry(), logger: Logger,
        onRunning: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.logger = logger
        self.onRunning = onRunning
        let threads = configuration.threads > 0 ? configuration.threads : System.coreCount
        self.eventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        self.setup = ConnectionSetup(
            group: eventLoopGroup, limits: configuration.limits, handler: handler, telemetry: telemetry)
    }

    /// Throws what binding throws (an address in use, a name that does not resolve). May be called once.
    package func run() async throws {
        let result: Result<Void, any Error>
        weak var server: Server<ConnectionSetup>?
        do {
            let running = makeServer()
            server = running
            try await running.run()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        setup.close()
        // The server may still be winding up in a task of its own, which needs the loops; when it is through, it is
        // gone.
        for _ in 0..<500 where server != nil { try? await Task.sleep(for: .milliseconds(1)) }
        try? await eventLoopGroup.shutdownGracefully()
        try result.get()
    }

    private func makeServer() -> Server<ConnectionSetup> {
        let connections = DescriptorLimit.connections(atMost: configuration.limits.connections)
        let logger = self.logger
        let onRunning = self.onRunning
        return Server(
            childChannelSetup: setup,
            configuration: ServerConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: configuration.backlog,
                availableConnectionsDelegate: .maximum(connections, logger: logger)),
            onServerRunning: { channel in
                await HTTPListener.shield(channel, logger: logger)
                await onRunning(channel.localAddress)
            },
            eventLoopGroup: eventLoopGroup, logger: logger)
    }

    /// Accepts one connection at a time, so that the cap is exact, and survives a failed accept.
    private static func shield(_ channel: any Channel, logger: Logger) async {
        do {
            try await channel.eventLoop.submit {
                try channel.syncOptions?.setOption(ChannelOptions.maxMessagesPerRead, value: 1)
                try channel.pipeline.syncOperations.addHandler(AcceptShield(logger: logger), position: .first)
            }.get()
        } catch {
            logger.warning("the listening socket has no shield", metadata: ["error": "\(error)"])
        }
    }
}

/// Builds the pipeline of an accepted connection.
private struct ConnectionSetup: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
    }

    private static let unsentBytes = ChannelOptions.Types.SocketOption(
        level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT))
    private let shards: [ObjectIdentifier: LoopShard]
    private let limits: ConnectionLimits

    init(
        group: MultiThreadedEventLoopGroup, limits: ConnectionLimits, handler: any RequestHandler,
        telemetry: ListenerTelemetry
    ) {
        var shards: [ObjectIdentifier: LoopShard] = [:]
        for eventLoop in group.makeIterator() {
            shards[ObjectIdentifier(eventLoop)] = LoopShard(
                eventLoop: eventLoop, limits: limits, handler: handler, telemetry: telemetry)
        }
        self.shards = shards
        self.limits = limits
    }

    func close() {
        for shard in shards.values { shard.closeMailbox() }
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            guard let shard = shards[ObjectIdentifier(channel.eventLoop)] else {
                throw ChannelError.inappropriateOperationForState
            }
            let connection = ConnectionHandler(shard: shard)
            let gate = InboundGate(connection: connection)
            connection.gate = gate
            // Where the system knows no such bound, its own buffers are the bound.
            try? channel.syncOptions?.setOption(ConnectionSetup.unsentBytes, value: limits.unsentBytes)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(gate)
            try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: decoderLimits)))
            try pipeline.addHandler(connection)
            return Value(channel: channel)
        }
    }

    /// The parser counts the target among the header; what exactly is over a limit is told behind it.
    private var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var decoder = NIOHTTPDecoderLimitConfiguration()
        decoder.maxHeaderFieldSize = max(limits.headerBytes, limits.targetBytes)
        decoder.maxHeaderListSize = limits.headerBytes + limits.targetBytes
        decoder.maxHeaderFieldCount = limits.headerFields
        return decoder
    }

    /// Waits for the end of the connection: nothing of a request passes here.
    func handle(value: Value, logger: Logger) async {
        await withTaskCancellationHandler {
            try? await value.channel.closeFuture.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
    }
}
